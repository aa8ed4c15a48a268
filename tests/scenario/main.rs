//! Stories: a tenant, manifests, commands, and what must follow. Every apply is followed by a plan that must be empty.

mod green_field;
mod guard;
mod mode;
mod outside;
mod principal;
mod refusal;
mod scope;
mod service;
mod stage;
mod window;
mod words;
