//! What every document begins with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::kind::text;

/// The value of `apiVersion` that this version reads.
pub const API_VERSION: &str = "rolewright/v1";

/// What the document is called, and what people want to know about it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Metadata", example = serde_json::json!({"name": "helpdesk-emea", "labels": {"owner": "service-desk"}}))]
pub struct Metadata {
    /// The document's name, unique per kind. Other documents refer to it by this name.
    #[schemars(with = "text::Label")]
    pub name: String,
    /// Free texts to group documents by, e.g. `owner: service-desk`.
    pub labels: Option<BTreeMap<String, String>>,
    /// Free texts for people and tools, e.g. `runbook: https://wiki.contoso.example/rb/17`.
    pub annotations: Option<BTreeMap<String, String>>,
}
