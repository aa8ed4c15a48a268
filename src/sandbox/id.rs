//! How ids are minted. All are functions of content, so that the same history gives the same tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The tenant of every seed.
pub(crate) const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
/// The first subscription of every seed.
pub(crate) const SUBSCRIPTION: &str = "5a9dbb0c-0000-4000-8000-0000000000b1";

/// Returns the id of the thing named `name` of kind `kind`: UUIDv5 of the tenant and both.
pub(crate) fn minted(kind: &str, name: &str) -> String {
    let tenant = Uuid::parse_str(TENANT).unwrap_or_default();
    Uuid::new_v5(&tenant, format!("{kind}/{name}").as_bytes()).to_string()
}

/// Returns the id of the plain assignment of `role` to `principal` at `scope`, which is also the id of its instance
/// (graph.md 2.5); eligibility instances add `-e`.
pub(crate) fn assignment(role: &str, principal: &str, scope: &str) -> String {
    let (tail, digit) = match scope.strip_prefix("/administrativeUnits/") {
        Some(unit) => (Some(unit), 2),
        None if scope == "/" => (None, 1),
        None => (scope.strip_prefix('/'), 1),
    };
    let mut bytes = Vec::with_capacity(48);
    for part in [Some(role), Some(principal), tail].into_iter().flatten() {
        match Uuid::parse_str(part) {
            Ok(id) => bytes.extend_from_slice(&id.to_bytes_le()),
            Err(_) => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    format!("{}-{digit}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the guid at the end of the id of the policy for the role with `template`.
pub(crate) fn policy(template: &str) -> String {
    minted("policy", template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignment_ids_are_those_of_the_documentation() {
        let ga = "62e90394-69f5-4237-9190-012177145e10";
        let person = "6be4b305-b75e-4efc-bfcc-31bd3b53a5f8";
        assert_eq!(assignment(ga, person, "/"), "lAPpYvVpN0KRkAEhdxReEAWz5Gtet_xOv8wxvTtTpfg-1");
        let unit = "/administrativeUnits/dc626e71-4837-40eb-be4a-bc29d88a1178";
        let (role, group) = ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "fc9a2c2b-1ddc-486d-a211-5fe8ca77fa1f");
        let id = assignment(role, group, unit) + "-e";
        assert_eq!(id, "UafX_Qu2SkSYTAJlL-j6HCssmvzcHW1IohFf6Mp3-h9xbmLcN0jrQL5KvCnYihF4-2-e");
    }
}
