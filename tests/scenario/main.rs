//! Stories: a tenant, manifests, commands, and what must follow. Every apply is followed by a plan that must be empty.

mod green_field;
mod stage;
