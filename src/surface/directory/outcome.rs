//! What an answer says was granted (graph.md 2.7).

use serde_json::Value;

use crate::core::id::{PrincipalId, RoleId};
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;
use crate::surface::json::text;
use crate::surface::{Grant, pim};

/// Reads what was granted; `None` when the answer is not about a grant.
pub(super) fn grant(body: &Value) -> Option<Grant> {
    let scope = DirectoryScope::parse(text(body, "directoryScopeId")?)?;
    let role = RoleId::new(text(body, "roleDefinitionId")?);
    let info = body.get("scheduleInfo").filter(|info| !info.is_null());
    let window = info.and_then(|info| pim::window(info).ok());
    Some(Grant {
        target: Target::Directory { role, scope },
        principal: PrincipalId::new(text(body, "principalId")?),
        start: window.and_then(|(start, _)| start),
        end: window.map(|(_, end)| end),
        request: text(body, "id").map(str::to_owned),
        condition: None,
    })
}
