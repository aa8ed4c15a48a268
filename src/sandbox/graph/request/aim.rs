//! What a request is about, and whom: read from its body, refused where PIM does not let the principal have the place.

use jiff::Timestamp;

use super::super::super::answer::Problem;
use super::super::super::instant::plus;
use super::super::super::place::{Access, Key, Place, Surface};
use super::super::super::tenant::{Kind, Object, Role, Side, Tenant};
use super::{Action, Asked, malformed};

fn not_found(code: &str, what: &str) -> Problem {
    Problem::new(404, code, format!("The {what} is not found."))
}

impl Asked<'_> {
    fn is_young(&self, created: Timestamp, now: Timestamp) -> bool {
        now < plus(created, self.options.lag)
    }

    /// Returns the key, or the refusal of its place or principal.
    pub(super) fn key(&self, tenant: &Tenant, now: Timestamp) -> Result<Key, Problem> {
        let place = match self.of.surface {
            Surface::Directory => self.role(tenant, now)?,
            Surface::Group => self.group(tenant, now)?,
        };
        let (principal, object) = self.principal(tenant, now)?;
        let key = Key { side: self.of.side, principal, place };
        if !matches!(self.action, Action::Assign | Action::Update | Action::Extend | Action::Renew) {
            return Ok(key);
        }
        match &key.place {
            Place::Directory { role, scope } => is_assignable(tenant, tenant.role(role).ok_or_else(malformed)?, scope)?,
            Place::Group { group, access } => {
                if key.principal == *group {
                    // unconfirmed; the directory has no group in itself either
                    let text = "A group cannot be a member or the owner of itself.";
                    return Err(Problem::new(400, "InvalidRoleAssignmentRequest", text));
                }
                if let (Some((_, group)), Some(object)) = (tenant.object(group), object) {
                    may_belong(group, *access, object, key.side)?;
                }
            }
        }
        if key.side == Side::Eligible && object.is_some_and(|object| object.kind == Kind::ServicePrincipal) {
            let code = &self.options.switches.eligible_service_principal_code;
            return Err(Problem::new(400, code, "Service principals cannot be eligible."));
        }
        Ok(key)
    }

    fn role(&self, tenant: &Tenant, now: Timestamp) -> Result<Place, Problem> {
        let role = tenant.role(self.text("roleDefinitionId")).filter(|role| match role {
            Role::BuiltIn(_) => true,
            Role::Custom(_, role) => !self.is_young(role.created, now),
        });
        let role = role.ok_or_else(|| not_found("RoleNotFound", "role"))?;
        Ok(Place::Directory { role: role.id().to_owned(), scope: self.text("directoryScopeId").to_owned() })
    }

    /// A group is unknown for the first half of the time that PIM needs to learn of new objects; see `is_settling` for the second.
    fn group(&self, tenant: &Tenant, now: Timestamp) -> Result<Place, Problem> {
        let access = Access::read(self.text("accessId")).ok_or_else(malformed)?;
        if self.text("groupId").is_empty() {
            return Err(malformed());
        }
        let found = tenant.object_of(Kind::Group, self.text("groupId"));
        let found = found.filter(|(_, group)| now >= plus(group.created, self.options.lag / 2));
        let (id, group) = found.ok_or_else(|| not_found("ResourceNotFound", "resource"))?;
        if let Some(why) = group.unmanageable() {
            return Err(Problem::new(400, &self.options.switches.unmanageable_group_code, why));
        }
        Ok(Place::Group { group: id.to_owned(), access })
    }

    fn principal<'t>(&self, tenant: &'t Tenant, now: Timestamp) -> Result<(String, Option<&'t Object>), Problem> {
        let asked = self.text("principalId");
        let known = tenant
            .object(asked)
            .filter(|(_, o)| matches!(o.kind, Kind::User | Kind::Group | Kind::ServicePrincipal))
            .filter(|(_, o)| !self.is_young(o.created, now));
        if let Some((id, object)) = known {
            return Ok((id.to_owned(), Some(object)));
        }
        // What a deleted principal held can still be removed.
        let left = tenant.schedules.values().find(|s| s.key.principal.eq_ignore_ascii_case(asked));
        let left = left.filter(|_| self.action == Action::Remove);
        left.map(|s| (s.key.principal.clone(), None)).ok_or_else(|| not_found("SubjectNotFound", "subject"))
    }

    /// Tells whether a new group is known to PIM but not ready: requests are taken and fail (graph.md 4.4, measured).
    pub(super) fn is_settling(&self, tenant: &Tenant, place: &Place, now: Timestamp) -> bool {
        let group = place.group().and_then(|(group, _)| tenant.object(group));
        group.is_some_and(|(_, group)| self.is_young(group.created, now))
    }
}

/// Refuses a principal that cannot belong to the group so (graph.md 4.4). The documentation names no code; this is PIM's for
/// requests that make no sense.
fn may_belong(group: &Object, access: Access, principal: &Object, side: Side) -> Result<(), Problem> {
    let refused = |text: &str| Err(Problem::new(400, "InvalidRoleAssignmentRequest", text));
    if principal.kind != Kind::Group {
        return Ok(());
    }
    if access == Access::Owner {
        return refused("A group cannot be the owner of a group.");
    }
    if side == Side::Active && group.is_role_assignable() {
        return refused("A group cannot be an active member of a role-assignable group.");
    }
    Ok(())
}

/// Refuses a role that cannot be assigned at the scope (graph.md 2.4).
pub(in super::super) fn is_assignable(tenant: &Tenant, role: Role<'_>, scope: &str) -> Result<(), Problem> {
    let refused = |text: &str| Err(Problem::new(400, "Request_BadRequest", text));
    let is_open = match role {
        Role::BuiltIn(role) => !role.implicit,
        Role::Custom(_, role) => role.is_enabled,
    };
    if !is_open {
        return refused("The given role definition cannot be assigned.");
    }
    let narrow = "The given built-in role is not supported to be assigned to a single resource scope.";
    if scope == "/" {
        return Ok(());
    }
    if let Some(unit) = scope.strip_prefix("/administrativeUnits/") {
        if tenant.object_of(Kind::AdministrativeUnit, unit).is_none() {
            return Err(Problem::new(404, "ResourceNotFound", "The administrative unit is not found."));
        }
        let fits = match role {
            Role::BuiltIn(role) => role.unit_assignable,
            Role::Custom(..) => role.touches(&["users", "groups", "devices"]),
        };
        return if fits { Ok(()) } else { refused(narrow) };
    }
    let object = scope.strip_prefix('/').filter(|id| !id.contains('/')).and_then(|id| tenant.object(id));
    match object {
        Some((_, o)) if matches!(o.kind, Kind::Application | Kind::ServicePrincipal) => {
            if role.touches(&["applications", "servicePrincipals"]) { Ok(()) } else { refused(narrow) }
        }
        Some(_) => Err(malformed()),
        None if scope.starts_with('/') => {
            Err(Problem::new(404, "ResourceNotFound", "The directory scope is not found."))
        }
        None => Err(malformed()),
    }
}
