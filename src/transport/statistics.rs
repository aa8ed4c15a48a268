//! What was sent in a run, counted by endpoint, for `plan -v`.

use std::collections::BTreeMap;

use jiff::SignedDuration;

/// Counts of a run. Endpoints read like `GET /roleManagement/directory/roleDefinitions/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// By endpoint, sorted.
    pub endpoints: BTreeMap<String, EndpointCount>,
    /// Bytes of request bodies.
    pub bytes_sent: u64,
    /// Bytes of answers' bodies after decompression.
    pub bytes_received: u64,
    /// Time spent waiting before repetitions, summed over requests.
    pub waited: SignedDuration,
}

/// Counts of one endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointCount {
    /// Requests over the wire, repetitions included.
    pub requests: u64,
    /// Requests that travelled inside a batch, repetitions included.
    pub batched: u64,
    /// How many of both were repetitions.
    pub repeated: u64,
}

impl Statistics {
    /// Returns the number of requests over the wire.
    pub fn requests(&self) -> u64 {
        self.endpoints.values().map(|count| count.requests).sum()
    }

    pub(super) fn count(&mut self, endpoint: &str, is_batched: bool, is_repeated: bool) {
        let count = self.endpoints.entry(endpoint.to_owned()).or_default();
        if is_batched {
            count.batched += 1;
        } else {
            count.requests += 1;
        }
        count.repeated += u64::from(is_repeated);
    }
}

/// Returns `path` with what names one object replaced, so that requests of one kind count as one endpoint.
pub(super) fn endpoint(method: &str, path: &str) -> String {
    let mut out = format!("{method} ");
    let mut before = "";
    for segment in path.trim_matches('/').split('/') {
        out.push('/');
        let is_name = before.eq_ignore_ascii_case("resourceGroups") || before.eq_ignore_ascii_case("managementGroups");
        out.push_str(if is_name || is_id(segment) { "{id}" } else { segment });
        before = segment;
    }
    out
}

/// Ids are GUIDs, user names, or long runs with digits in them (`lAPpYvVpN0KRkAEhdxReEJ…-1-e`).
fn is_id(segment: &str) -> bool {
    let has_digit = segment.bytes().any(|b| b.is_ascii_digit());
    (segment.len() >= 16 && has_digit) || segment.contains('@') || segment.contains("%40")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_replaced_and_words_stay() {
        for (path, want) in [
            ("/roleManagement/directory/roleDefinitions", "GET /roleManagement/directory/roleDefinitions"),
            (
                "/policies/roleManagementPolicies/Directory_5a9dbb0c-0000-4000-8000-000000000001_x/rules/Expiration_EndUser_Assignment",
                "GET /policies/roleManagementPolicies/{id}/rules/Expiration_EndUser_Assignment",
            ),
            ("/users/alice@contoso.example", "GET /users/{id}"),
            (
                "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg-net/providers/Microsoft.Authorization/roleAssignments",
                "GET /subscriptions/{id}/resourceGroups/{id}/providers/Microsoft.Authorization/roleAssignments",
            ),
            ("/$batch", "GET /$batch"),
        ] {
            assert_eq!(endpoint("GET", path), want);
        }
    }
}
