//! The risk of settings that ask for less: nobody is granted anything, and whoever could activate a role can do so more easily.

use std::collections::BTreeSet;

use crate::catalog::tier::Tier;
use crate::core::direction::Direction;
use crate::core::id::PrincipalId;
use crate::core::policy::field::{SettingField, SettingValue};
use crate::core::policy::rule::{Event, Requirement};
use crate::core::policy::settings::Settings;
use crate::core::risk::people::{group_name, not_known};
use crate::core::risk::{Checks, Judge, Sum, weight};
use crate::core::target::Target;

/// What a change of settings takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// A check of activations.
    Check,
    /// A limit that kept standing access away.
    Limit,
    /// A text, or a shorter time.
    Trace,
}

impl Judge<'_> {
    pub(super) fn setting(&mut self, target: &Target, before: &Settings, after: &Settings) -> Sum {
        let losses = losses(before, after);
        let checks = Checks::of(after);
        // the heaviest role behind the settings, with what stands on the way to it
        let (base, tier, on_the_way, role) = match target {
            Target::Group { group, .. } => {
                let leads = self.leads(group);
                let Some(lead) = leads.heaviest.first() else {
                    let name = group_name(self.labels, &PrincipalId::new(group.as_str()));
                    let mut reasons = vec![format!("{name} is not known to lead to any role")];
                    reasons.extend(losses.into_iter().map(|(_, text)| text));
                    return Sum { points: weight::TIER_2, reasons };
                };
                let tier = lead.role.role_key().and_then(|role| self.power(&role).tier);
                (lead.base, tier, lead.checks, lead.role.clone())
            }
            Target::Directory { .. } | Target::Azure { .. } => {
                let tier = target.role_key().and_then(|role| self.power(&role).tier);
                (self.base(target), tier, None, target.clone())
            }
        };
        let behind = on_the_way.into_iter().chain([checks]).reduce(Checks::and).unwrap_or_default();
        let points = losses.iter().map(|(loss, _)| match loss {
            Loss::Check => {
                let points = base + behind.points() + weight::LOST_CHECK;
                match tier {
                    Some(Tier::UserAccess) => points,
                    // what nobody has classified may be any of these
                    Some(Tier::ControlPlane | Tier::ManagementPlane) | None => points.max(weight::CHECK_OF_TIER_1),
                }
            }
            Loss::Limit => base + weight::LOST_LIMIT,
            Loss::Trace => base + weight::LOST_TRACE,
        });
        let points = points.max().unwrap_or(weight::TIER_2);
        let loses_check = losses.iter().any(|(loss, _)| *loss == Loss::Check);
        let mut reasons = Vec::new();
        if loses_check {
            reasons.extend(self.who(target, &role, before, after));
        }
        let key = role.role_key();
        let name = key.as_ref().map(|key| self.labels.role(key)).unwrap_or_default();
        if let Some(key) = &key {
            let power = self.power(key);
            reasons.extend(self.why(&name, Some(key), &power));
        }
        let at = reasons.len().min(1);
        losses.into_iter().rev().for_each(|(_, text)| reasons.insert(at, text));
        Sum { points, reasons }
    }

    /// Returns who can activate the role more easily, with the groups that nobody knows the members of.
    fn who(&mut self, target: &Target, role: &Target, before: &Settings, after: &Settings) -> Vec<String> {
        let loses_approval = before.approval.is_required && !after.approval.is_required;
        // those who have it now without approval; else all who can activate it
        let mut among: BTreeSet<PrincipalId> = BTreeSet::new();
        let mut behind = BTreeSet::new();
        let reached = match target {
            Target::Group { .. } => BTreeSet::from([role.clone()]),
            Target::Directory { .. } | Target::Azure { .. } => self.people.governed(target),
        };
        for role in &reached {
            let reach = self.people.reach(role);
            among.extend(if loses_approval { &reach.new[1] } else { &reach.now[2].people }.iter().cloned());
            behind.extend(reach.now[2].groups.iter().cloned());
        }
        let (people, groups) = match target {
            Target::Group { .. } => {
                let holders = self.people.holders(target);
                (&among & &holders.people, holders.groups)
            }
            Target::Directory { .. } | Target::Azure { .. } => (among, behind),
        };
        let people: BTreeSet<&PrincipalId> = people.iter().collect();
        let crowd = crate::core::chain::Crowd { people: BTreeSet::new(), groups };
        let unknown = self.people.unknown(&crowd);
        let mut reasons = Vec::new();
        if !people.is_empty() {
            let count = self.people.count(&people, !unknown.is_empty());
            let through = match target {
                Target::Group { group, .. } => {
                    format!("through {} ", group_name(self.labels, &PrincipalId::new(group.as_str())))
                }
                Target::Directory { .. } | Target::Azure { .. } => String::new(),
            };
            let name = self.role_name(role);
            reasons.push(match (loses_approval, people.len()) {
                (true, 1) => format!("{through}{count} becomes able to activate {name} without approval"),
                (true, _) => format!("{through}{count} become able to activate {name} without approval"),
                (false, _) => format!("{through}{count} can use or activate {name}"),
            });
        }
        reasons.extend(not_known(self.labels, &unknown));
        reasons
    }
}

/// Returns what goes, the heaviest first, each with its sentence.
fn losses(before: &Settings, after: &Settings) -> Vec<(Loss, String)> {
    let mut found: Vec<(Loss, String)> = Vec::new();
    let pairs = SettingField::of(before).into_iter().zip(SettingField::of(after));
    let details = |field: SettingField| {
        matches!(
            field,
            SettingField::Approvers
                | SettingField::RequestorJustification
                | SettingField::ApproverJustification
                | SettingField::ApprovalTimeout
        )
    };
    // details of an approval that is not asked for before or after have no effect
    let is_idle = |field: SettingField| details(field) && !(before.approval.is_required && after.approval.is_required);
    for ((field, old), (_, new)) in pairs {
        if is_idle(field) || field.direction(&old, &new) != Direction::Widens {
            continue;
        }
        found.extend(loss(field, &old, &new));
    }
    found.sort_by_key(|(loss, _)| *loss);
    found
}

/// Returns what the widening of one field takes away. Mail never widens.
fn loss(field: SettingField, old: &SettingValue, new: &SettingValue) -> Option<(Loss, String)> {
    Some(match field {
        SettingField::ApprovalRequired => (Loss::Check, "activations no longer wait for approval".to_owned()),
        SettingField::Approvers => (Loss::Check, "others than before may approve activations".to_owned()),
        SettingField::AuthenticationContext => match new {
            SettingValue::Context(Some(context)) => {
                (Loss::Check, format!("activations demand another authentication context, {context}"))
            }
            _ => (Loss::Check, "activations no longer demand an authentication context".to_owned()),
        },
        SettingField::Require(event) => {
            let (SettingValue::Requirements(old), SettingValue::Requirements(new)) = (old, new) else { return None };
            let gone: Vec<Requirement> = old.difference(new).copied().collect();
            let words: Vec<&str> = gone.iter().map(|one| word(*one)).collect();
            let what = match event {
                Event::Activation => "activations",
                Event::ActiveAssignment => "active assignments",
                Event::EligibleAssignment => "eligible assignments",
            };
            let loss = match (event, gone.contains(&Requirement::MultiFactorAuthentication)) {
                (Event::Activation, true) => Loss::Check,
                (Event::ActiveAssignment | Event::EligibleAssignment, true) => Loss::Limit,
                (Event::Activation | Event::ActiveAssignment | Event::EligibleAssignment, false) => Loss::Trace,
            };
            (loss, format!("{what} no longer demand {}", words.join(" and ")))
        }
        SettingField::Permanent(Event::ActiveAssignment) => {
            (Loss::Limit, "standing access without an end becomes possible".to_owned())
        }
        SettingField::Permanent(_) => (Loss::Trace, "eligibility without an end becomes possible".to_owned()),
        SettingField::MaxDuration(event) => {
            let what = match event {
                Event::Activation => "activations",
                Event::ActiveAssignment => "active assignments",
                Event::EligibleAssignment => "eligible assignments",
            };
            (Loss::Trace, format!("{what} may last longer"))
        }
        SettingField::RequestorJustification => (Loss::Trace, "who asks for approval need not say why".to_owned()),
        SettingField::ApproverJustification => (Loss::Trace, "who approves need not say why".to_owned()),
        SettingField::ApprovalTimeout => (Loss::Trace, "requests wait longer for approval".to_owned()),
        SettingField::Notification(..) => return None,
    })
}

fn word(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::MultiFactorAuthentication => "multifactor authentication",
        Requirement::Justification => "a justification",
        Requirement::Ticket => "a ticket",
    }
}
