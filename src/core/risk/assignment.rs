//! The risk of a grant: of a role to a person or to a group, and of a group that leads to roles.

use std::collections::BTreeSet;

use crate::catalog::escalation;
use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::condition::{ASSIGN, Condition, Delegable, Effect, UNASSIGN};
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::risk::people::{Way, easiest, group_name, not_known};
use crate::core::risk::power::{self, Power};
use crate::core::risk::{Checks, Judge, Sum, takes_over_everybody, weight};
use crate::core::role_definition::{Permission, Permissions};
use crate::core::scope::{ArmScopeKind, DirectoryScope};
use crate::core::target::{Access, RoleKey, Surface, Target};

/// What is granted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant<'a> {
    pub(super) key: &'a AssignmentKey,
    /// The manifest says that its holder is a group.
    pub(super) is_group: bool,
    /// It was there before, for less or shorter: judged as what is granted.
    pub(super) is_renewal: bool,
    pub(super) is_endless: bool,
    pub(super) condition: Option<&'a str>,
}

impl Judge<'_> {
    pub(super) fn assignment(&mut self, grant: &Grant<'_>) -> Sum {
        match &grant.key.target {
            Target::Group { group, access } => self.membership(grant, group, *access),
            Target::Directory { .. } | Target::Azure { .. } => self.of_role(grant),
        }
    }

    /// Judges a role that is given to somebody.
    fn of_role(&mut self, grant: &Grant<'_>) -> Sum {
        let target = &grant.key.target;
        let role = target.role_key();
        let mut power = role.as_ref().map_or_else(|| Power::unknown().into(), |role| self.power(role));
        let name = role.as_ref().map(|role| self.labels.role(role)).unwrap_or_default();
        let mut reasons = Vec::new();
        let proven = role.as_ref().and_then(|role| self.proven(role, grant.condition));
        if let Some((less, roles)) = proven.filter(|(less, _)| less.points < power.points) {
            reasons.push(format!("its condition lets {name} assign {roles} only"));
            power = less.into();
        }
        reasons.extend(self.why(&name, role.as_ref(), &power));
        let checks = self.checks(target);
        let is_group = grant.is_group || self.people.is_group(&grant.key.principal);
        let own = match grant.key.mode {
            Mode::Active if grant.is_endless => weight::ENDLESS,
            Mode::Active => 0,
            Mode::Eligible => checks.unwrap_or_default().points(),
        };
        let mut how = own;
        if is_group {
            let (people, weight) = self.through_holder(grant, &power, own);
            let at = reasons.len().min(1);
            // who gains comes first where the role counts
            people.into_iter().enumerate().for_each(|(n, reason)| reasons.insert(at + n, reason));
            how = weight;
        }
        reasons.extend(self.place(target));
        reasons.extend(permanence(grant));
        if grant.key.mode == Mode::Eligible {
            reasons.extend(missing(checks, target.held()));
        }
        reasons.extend(role.as_ref().and_then(|role| self.takes_over(role)));
        Sum { points: power.points + self.breadth(target) + how, reasons }
    }

    /// Returns who gains when a group gets a role, and the weight of how they do. A group into which everybody must activate itself
    /// first is no standing access; one of which nobody is known to be a member weighs like a person: it may be filled tomorrow.
    fn through_holder(&mut self, grant: &Grant<'_>, power: &Power, own: i32) -> (Vec<String>, i32) {
        let (principal, target) = (&grant.key.principal, &grant.key.target);
        let members = self.people.members(principal);
        let unknown: Vec<PrincipalId> = self.people.unknown(&members).into_iter().cloned().collect();
        let unknown: Vec<&PrincipalId> = unknown.iter().collect();
        let group = group_name(self.labels, principal);
        let mut reasons = Vec::new();
        let mut weight = own;
        if power.points < weight::TIER_1 {
            // who gains little is counted without looking at the ways
            let people: BTreeSet<&PrincipalId> = members.people.iter().collect();
            let count = self.people.count(&people, !unknown.is_empty());
            if !people.is_empty() {
                let verb = if people.len() == 1 { "comes" } else { "come" };
                reasons.push(format!("through {group} {count} {verb} to it"));
            }
        } else {
            let reach = self.people.reach(target);
            let found = easiest(&members, &reach, !grant.is_renewal);
            let role = self.role_name(target);
            match &found {
                Some((way, people)) => {
                    let count = self.people.count(people, !unknown.is_empty());
                    reasons.push(gains(&group, &count, people.len(), *way, &role, grant.is_renewal));
                    if unknown.is_empty() && *way != Way::Standing && grant.key.mode == Mode::Active {
                        let id = GroupId::new(principal.as_str());
                        let entry = self.checks(&Target::Group { group: id, access: Access::Member });
                        let checks = Checks { approval: *way == Way::Approved, ..entry.unwrap_or_default() };
                        weight = checks.points();
                    }
                }
                None if members.people.is_empty() && unknown.is_empty() => {
                    reasons.push(format!("nobody is in {group} yet; whoever comes to be gets {role}"));
                }
                None => {}
            }
        }
        reasons.extend(not_known(self.labels, &unknown));
        (reasons, weight)
    }

    /// Judges membership or ownership of a group by what it leads to.
    fn membership(&mut self, grant: &Grant<'_>, group: &GroupId, access: Access) -> Sum {
        let leads = self.leads(group);
        let name = group_name(self.labels, &PrincipalId::new(group.as_str()));
        let members = self.people.members(&grant.key.principal);
        let unknown: Vec<PrincipalId> = self.people.unknown(&members).into_iter().cloned().collect();
        let unknown: Vec<&PrincipalId> = unknown.iter().collect();
        let entry = self.checks(&grant.key.target);
        // an owner acts as a member by adding itself, which no settings hold up
        let own = match (grant.key.mode, access) {
            (Mode::Active, _) => None,
            (Mode::Eligible, _) => Some(entry.unwrap_or_default()),
        };
        // the most that a way through this grant can weigh
        let most = own.map_or(weight::ENDLESS, |own| Checks { approval: false, ..own }.points());
        let mut worst: Option<(i32, String, &Target)> = None;
        for lead in &leads.heaviest {
            if worst.as_ref().is_some_and(|(known, ..)| *known >= lead.base + most) {
                break;
            }
            let reach = self.people.reach(&lead.role);
            let checks = own.into_iter().chain(lead.checks).reduce(Checks::and);
            let by_mode = match checks {
                None if grant.is_endless => weight::ENDLESS,
                None => 0,
                Some(checks) => checks.points(),
            };
            let role = self.role_name(&lead.role);
            let (points, reason) = match easiest(&members, &reach, !grant.is_renewal) {
                Some((way, people)) => {
                    let count = self.people.count(&people, !unknown.is_empty());
                    let weight = match (way, checks) {
                        // approval on the way that was looked at does not help against another way without
                        (Way::Unapproved, Some(checks)) => Checks { approval: false, ..checks }.points(),
                        (Way::Approved, Some(checks)) => Checks { approval: true, ..checks }.points(),
                        _ => by_mode,
                    };
                    (lead.base + weight, gains(&name, &count, people.len(), way, &role, grant.is_renewal))
                }
                None if !unknown.is_empty() => {
                    (lead.base + by_mode, format!("through {name} whoever is in its holder comes to {role}"))
                }
                None if members.people.is_empty() => {
                    (lead.base + by_mode, format!("{name} leads to {role}; nobody is in its holder yet"))
                }
                None => (
                    lead.base + weight::UNHELD,
                    format!("{name} leads to {role}, which nobody reaches by it more easily"),
                ),
            };
            if worst.as_ref().is_none_or(|(known, ..)| points > *known) {
                worst = Some((points, reason, &lead.role));
            }
        }
        let Some((points, reason, role)) = worst else {
            let mut reasons = vec![format!("{name} is not known to lead to any role")];
            reasons.extend(not_known(self.labels, &unknown));
            return Sum { points: weight::TIER_2, reasons };
        };
        let mut reasons = vec![reason];
        if access == Access::Owner {
            reasons.push(format!("an owner of {name} can add itself and others to it, which no settings hold up"));
        }
        let key = role.role_key();
        let power = key.as_ref().map_or_else(|| Power::unknown().into(), |key| self.power(key));
        let role_name = key.as_ref().map(|key| self.labels.role(key)).unwrap_or_default();
        reasons.extend(self.why(&role_name, key.as_ref(), &power));
        match leads.count - 1 {
            0 => {}
            1 => reasons.push(format!("{name} leads to 1 more role")),
            more => reasons.push(format!("{name} leads to {more} more roles")),
        }
        reasons.extend(permanence(grant));
        if grant.key.mode == Mode::Eligible {
            reasons.extend(missing(entry, grant.key.target.held()));
        }
        reasons.extend(not_known(self.labels, &unknown));
        Sum { points, reasons }
    }

    /// Returns the power that a condition leaves a role, and the roles that it lets its holder assign, where it proves that there are
    /// only these. A condition that cannot be read, or that lets through all but some, proves nothing.
    fn proven(&mut self, role: &RoleKey, condition: Option<&str>) -> Option<(Power, String)> {
        let condition = Condition::parse(condition?).ok()?;
        let delegation = condition.delegation()?;
        let roles: BTreeSet<RoleId> = match (delegation.assign, delegation.roles) {
            (Effect::Allows, _) => return None,
            (Effect::Refuses, _) => BTreeSet::new(),
            (Effect::Limits, Delegable::Only(roles)) => roles,
            (Effect::Limits, Delegable::AllBut(_)) => return None,
        };
        let mut rest = self.permissions(role)?;
        rest.not_actions.insert(Permission::new(ASSIGN));
        if delegation.unassign != Effect::Allows {
            rest.not_actions.insert(Permission::new(UNASSIGN));
        }
        let mut power = Power::of_permissions(role.surface, &rest);
        let mut names = Vec::new();
        for one in &roles {
            let key = RoleKey::new(Surface::Azure, one);
            // whoever assigns a role can assign it to itself
            power.points = power.points.max(self.power(&key).points);
            names.push(self.labels.role(&key));
        }
        names.sort();
        let more = names.len().saturating_sub(3);
        names.truncate(3);
        let mut text = if names.is_empty() { "no role".to_owned() } else { names.join(", ") };
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        Some((power, text))
    }

    /// Returns all that a role allows, where one list can say it.
    fn permissions(&self, role: &RoleKey) -> Option<Permissions> {
        if let Some(custom) = self.after.roles.get(role).filter(|role| !role.is_built_in) {
            return Some(custom.permissions.clone());
        }
        match crate::catalog::azure_role::find(role.id.as_str())?.blocks.as_slice() {
            [block] => Some(power::as_permissions(block)),
            _ => None,
        }
    }

    /// Returns where a role holds, where that is wide.
    fn place(&self, target: &Target) -> Option<String> {
        match target {
            Target::Directory { scope: DirectoryScope::Tenant, .. } => Some("it holds in the whole tenant".to_owned()),
            Target::Directory { .. } | Target::Group { .. } => None,
            Target::Azure { scope, .. } => match scope.kind() {
                ArmScopeKind::Root => Some("it holds in every subscription".to_owned()),
                ArmScopeKind::ManagementGroup | ArmScopeKind::Subscription => {
                    let place = self.labels.place(target).unwrap_or_else(|| scope.to_string());
                    Some(format!("it holds in all of {place}"))
                }
                ArmScopeKind::ResourceGroup | ArmScopeKind::Resource => None,
            },
        }
    }

    /// Returns whose account the holder of a directory role can take over.
    fn takes_over(&self, role: &RoleKey) -> Option<String> {
        if role.surface != Surface::Directory || crate::core::guard::hands_out_roles(role) {
            return None;
        }
        let id = role.id.as_str();
        if takes_over_everybody(id) {
            return Some("its holder can reset the password of everybody, Global Administrators included".to_owned());
        }
        let is_other = |target: &str| target != id && !target.starts_with('(');
        let over = |table: &'static [escalation::Protection]| -> Vec<&'static str> {
            let rows = table.iter().filter(|row| row.by.contains(&id) && is_other(row.target));
            rows.map(|row| row.target).collect()
        };
        let (what, targets) = match over(escalation::resets()) {
            none if none.is_empty() => ("change the accounts", over(escalation::sensitive_actions())),
            some => ("reset the passwords", some),
        };
        let mut names: Vec<String> =
            targets.iter().map(|id| self.labels.role(&RoleKey::new(Surface::Directory, &RoleId::new(id)))).collect();
        // a role that this tenant does not list has no name to show
        names.retain(|name| !crate::core::id::is_guid(name));
        let first = names.first()?;
        Some(match names.len() - 1 {
            0 => format!("its holder can {what} of users without a role and of holders of {first}"),
            more => {
                format!("its holder can {what} of users without a role and of holders of {first} and {more} more roles")
            }
        })
    }
}

/// Returns the sentence about who gains what through a group.
fn gains(group: &str, count: &str, people: usize, way: Way, role: &str, is_renewal: bool) -> String {
    let one = people == 1;
    let verb = match (is_renewal, one) {
        (false, true) => "becomes able",
        (false, false) => "become able",
        (true, true) => "stays able",
        (true, false) => "stay able",
    };
    match way {
        Way::Standing => format!("through {group} {count} {verb} to use {role} without activating anything"),
        Way::Unapproved => format!("through {group} {count} {verb} to activate {role} without approval"),
        Way::Approved => format!("through {group} {count} {verb} to activate {role}, with approval"),
    }
}

fn permanence(grant: &Grant<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if grant.key.mode == Mode::Active {
        reasons.push("standing access: it is in force without activation".to_owned());
    }
    if grant.is_endless {
        reasons.push("it has no end".to_owned());
    }
    reasons
}

/// Returns the checks that an activation lacks.
fn missing(checks: Option<Checks>, held: &str) -> Option<String> {
    Some(match checks {
        None => format!("the settings of {held} are not known: no check is counted on"),
        Some(Checks { approval: true, strong_sign_in: true }) => return None,
        Some(Checks { approval: false, strong_sign_in: true }) => "it is activated without approval".to_owned(),
        Some(Checks { approval: true, strong_sign_in: false }) => {
            "it is activated without multifactor authentication or an authentication context".to_owned()
        }
        Some(Checks { approval: false, strong_sign_in: false }) => {
            "it is activated without approval, multifactor authentication or an authentication context".to_owned()
        }
    })
}
