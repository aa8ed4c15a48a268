//! The manifest language: files to documents, documents to complaints, documents to what is wanted.
//!
//! Knows YAML and file positions; never knows the tenant.

pub mod kind;
