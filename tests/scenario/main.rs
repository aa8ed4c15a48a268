//! Stories: a tenant, manifests, commands, and what must follow. Every apply is followed by a plan that must be empty.
#![allow(clippy::unwrap_used, reason = "a story that cannot read its answer has failed")]

mod access;
mod approval;
mod authentication_context;
mod azure_condition;
mod azure_custom_role;
mod azure_outside;
mod azure_setting;
mod azure_window;
mod azure_words;
mod confirmation;
mod custom_role;
mod doubt;
mod green_field;
mod guard;
mod incomplete;
mod manifest;
mod meddling;
mod mode;
mod order;
mod outside;
mod principal;
mod refusal;
mod role_identity;
mod scope;
mod service;
mod setting_fields;
mod setting_profile;
mod setting_write;
mod stage;
mod window;
mod words;
