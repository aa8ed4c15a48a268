//! An activation that needs approval has somebody to approve it, who is not the requester.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Change, Subject};
use crate::core::guard::world::World;
use crate::core::guard::{Case, Findings};
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::policy::field::{SettingField, SettingValue, Want};
use crate::core::policy::rule::Approver;
use crate::core::state::Desired;
use crate::core::target::Target;

pub(super) const NAME: &str = "unreachable-approvers";
const FLAG: &str = "--allow-unreachable-approvers";

/// Refuses a plan that makes, or touches and leaves, role settings that ask for an approval which nobody can give: no approver is
/// there any more, or the only one is a requester, and approvers cannot approve their own requests (arm.md B.7). Approvers of
/// whom not enough is known are remarked on.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let touched = touched(case.scene.changes);
    let [before, after] = [&case.before, &case.after].map(requesters);
    let nobody = Vec::new();
    for (target, settings) in &case.scene.after.settings {
        if !settings.approval.is_required {
            continue;
        }
        let keys = after.get(target).unwrap_or(&nobody);
        let is_touched = touched.contains(target);
        // what nobody can ask for, and nobody touches, hurts nobody
        if keys.is_empty() && !is_touched {
            continue;
        }
        let address = || Some(case.scene.labels.settings(target));
        let name = case.scene.labels.target(target);
        let people = case.after.approvers(target.surface(), settings);
        let Some(trouble) = trouble(&case.after, target, keys) else {
            if is_touched && people.known.is_empty() {
                let message = format!(
                    "an activation of {name} needs an approval, and who could give it is not known: its approvers, or the \
                     members of their groups, were not read"
                );
                findings.remark(Notice::warning("approvers-not-readable", address(), message, None));
            } else if let Some(message) =
                is_touched.then(|| among_themselves(&case.after, &people.known, keys)).flatten()
            {
                findings.remark(Notice::warning(
                    "approvers-among-requesters",
                    address(),
                    format!("{name}: {message}"),
                    None,
                ));
            }
            continue;
        };
        let message = match &trouble {
            Trouble::Nobody => {
                format!("an activation of {name} needs an approval that nobody can give: no approver is left")
            }
            Trouble::Only(person) => format!(
                "an activation of {name} by {0} needs an approval that only {0} could give, and nobody approves an own \
                 request",
                case.scene.labels.principal(person)
            ),
        };
        let was_so = trouble_before(case, target, before.get(target).unwrap_or(&nobody)) == Some(trouble);
        if is_touched || !was_so {
            findings.refuse(NAME, message, Some(FLAG));
        } else {
            findings.remark(Notice::warning(NAME, address(), message, None));
        }
    }
}

/// What is wrong with an approval.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// Nobody can give it.
    Nobody,
    /// A requester is the only one who could.
    Only(PrincipalId),
}

fn trouble(world: &World<'_>, target: &Target, keys: &[&AssignmentKey]) -> Option<Trouble> {
    let settings = world.state.settings_of(target).filter(|settings| settings.approval.is_required)?;
    let approvers = world.approvers(target.surface(), settings);
    if approvers.is_nobody_but(None) {
        return Some(Trouble::Nobody);
    }
    let only = approvers.known.first().filter(|only| approvers.is_nobody_but(Some(only)))?;
    let asks = |key: &&AssignmentKey| match world.is_group(&key.principal) {
        true => world.members(&key.principal).known.contains(only),
        false => key.principal == *only,
    };
    keys.iter().any(asks).then(|| Trouble::Only(only.clone()))
}

fn trouble_before(case: &Case<'_>, target: &Target, keys: &[&AssignmentKey]) -> Option<Trouble> {
    trouble(&case.before, target, keys)
}

/// Tells that all approvers ask themselves: they approve each other's requests.
fn among_themselves(world: &World<'_>, approvers: &BTreeSet<PrincipalId>, keys: &[&AssignmentKey]) -> Option<String> {
    let mut asking: BTreeSet<PrincipalId> = BTreeSet::new();
    for key in keys {
        match world.is_group(&key.principal) {
            true => asking.extend(world.members(&key.principal).known),
            false => drop(asking.insert(key.principal.clone())),
        }
    }
    let is_closed = !approvers.is_empty() && approvers.is_subset(&asking);
    is_closed.then(|| format!("all {} approvers are eligible themselves and approve each other", approvers.len()))
}

/// Returns the settings that the plan changes, and those of what it lets somebody activate.
fn touched(changes: &[Change]) -> BTreeSet<Target> {
    let target = |change: &Change| match &change.subject {
        Subject::Settings { target, .. } => Some(target.clone()),
        Subject::Assignment { key, ask: Some(_), .. } if key.mode == Mode::Eligible => Some(key.target.policy_target()),
        Subject::Assignment { .. } | Subject::Role { .. } => None,
    };
    changes.iter().filter_map(target).collect()
}

/// Returns who is eligible, by the settings that govern the activation.
fn requesters<'a>(world: &World<'a>) -> BTreeMap<Target, Vec<&'a AssignmentKey>> {
    let mut found: BTreeMap<Target, Vec<&AssignmentKey>> = BTreeMap::new();
    for key in world.state.assignments.keys().filter(|key| key.mode == Mode::Eligible) {
        found.entry(key.target.policy_target()).or_default().push(key);
    }
    found
}

/// Returns the approvers that a plan is about: those that are declared, and those that settings have which are declared otherwise
/// or govern a declared eligibility. Who they are must be known for the plan to be judged.
pub fn concerned(desired: &Desired, observed: &Observed) -> BTreeSet<Approver> {
    let mut found: BTreeSet<Approver> = BTreeSet::new();
    for settings in desired.settings.values() {
        let declared = settings.value.fields.get(&SettingField::Approvers);
        if let Some(Want::Value(SettingValue::Approvers(approvers))) = declared.map(|declared| &declared.value) {
            found.extend(approvers.iter().cloned());
        }
    }
    let eligible = desired.assignments.keys().filter(|key| key.mode == Mode::Eligible);
    let targets = desired.settings.keys().cloned().chain(eligible.map(|key| key.target.policy_target()));
    found.extend(targets.flat_map(|target| required(observed, &target)));
    found
}

/// As [`concerned`], of a saved plan.
pub fn concerned_by(changes: &[Change], observed: &Observed) -> BTreeSet<Approver> {
    let mut found: BTreeSet<Approver> = BTreeSet::new();
    for change in changes {
        if let Subject::Settings { after, .. } = &change.subject {
            found.extend(after.approval.approvers.iter().cloned());
        }
    }
    found.extend(touched(changes).iter().flat_map(|target| required(observed, target)));
    found
}

fn required(observed: &Observed, target: &Target) -> BTreeSet<Approver> {
    let settings = observed.settings_of(target).filter(|settings| settings.approval.is_required);
    settings.map(|settings| settings.approval.approvers.clone()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::guard::fixture::member;
    use crate::core::guard::fixture::*;
    use crate::core::id::GroupId;
    use crate::core::policy::field::DeclaredSettings;
    use crate::core::schedule::Schedule;
    use Mode::{Active, Eligible};

    fn users(ids: &[&str]) -> BTreeSet<Approver> {
        ids.iter().map(|id| Approver::User(PrincipalId::new(id))).collect()
    }

    /// Whoever is eligible for a role needs the approval of these, live or declared.
    fn staged(approvers: BTreeSet<Approver>, eligible: &[&str], is_declared: bool) -> Staged {
        let held: Vec<(&str, &str, Mode)> = eligible.iter().map(|who| (HELPDESK, *who, Eligible)).collect();
        let mut staged = Staged::new(manifests(&held), tenant(&held));
        let target = key(HELPDESK, "", Eligible).target;
        if is_declared {
            let mut settings = DeclaredSettings::default();
            let mut declare = |field, value| drop(settings.fields.insert(field, at(Want::Value(value))));
            declare(SettingField::ApprovalRequired, SettingValue::Flag(true));
            declare(SettingField::Approvers, SettingValue::Approvers(approvers));
            staged.desired.settings.insert(target, at(settings));
        } else {
            let approval = &mut staged.observed.settings.get_mut(&target).unwrap().approval;
            (approval.is_required, approval.approvers) = (true, approvers);
        }
        staged
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture {
        refused: || staged(users(&["ada"]), &["ada", "bea"], true),
        passed: || staged(users(&["ada", "cy"]), &["ada", "bea"], true),
    };

    #[test]
    fn what_the_plan_makes_so_is_refused_and_what_was_so_is_remarked_on() {
        let gone = |is_declared| {
            let mut staged = staged(users(&["cy"]), &["ada"], is_declared);
            staged.observed.principals.get_mut(&PrincipalId::new("cy")).unwrap().is_enabled = Some(false);
            staged
        };
        let refusals = gone(true).refusals(NAME);
        assert_eq!(refusals[0].overridden_by.as_deref(), Some(FLAG));
        assert!(refusals[0].message.contains("no approver is left"), "{}", refusals[0].message);
        let mut before = gone(false);
        assert_eq!((before.refusals(NAME).len(), before.notices(NAME).len()), (0, 1));
        // somebody more who could never activate
        declare(&mut before.desired, key(HELPDESK, "bea", Eligible), Schedule::Permanent);
        assert_eq!(before.refusals(NAME).len(), 1);
        // nobody is eligible, nobody is hurt
        let mut idle = gone(false);
        (idle.desired, idle.observed.assignments) = (manifests(&[]), Default::default());
        assert_eq!(idle.notices(NAME), [""; 0]);
    }

    #[test]
    fn a_deleted_approver_lingers_as_any_text() {
        for id in ["former approver", "5a9dbb0c-0000-4000-8000-00000000000e"] {
            let mut staged = staged(users(&[id]), &["ada"], true);
            staged.observed.deleted_principals.insert(PrincipalId::new("5a9dbb0c-0000-4000-8000-00000000000e"));
            assert_eq!(staged.refusals(NAME).len(), 1, "{id}");
        }
        let unknown = staged(users(&["5a9dbb0c-0000-4000-8000-00000000000e"]), &["ada"], true);
        assert_eq!((unknown.refusals(NAME).len(), unknown.notices("approvers-not-readable").len()), (0, 1));
    }

    #[test]
    fn a_group_approves_by_its_members() {
        let by_group = || staged([Approver::Group(PrincipalId::new("approvers"))].into(), &["ada"], true);
        let unknown = by_group();
        assert_eq!((unknown.refusals(NAME).len(), unknown.notices("approvers-not-readable").len()), (0, 1));
        let read = |members: &[&str]| {
            let mut staged = by_group();
            let members = members.iter().map(|id| PrincipalId::new(id)).collect();
            staged.observed.members.insert(GroupId::new("approvers"), members);
            staged
        };
        assert!(read(&[]).refusals(NAME)[0].message.contains("no approver is left"));
        assert!(read(&["ada"]).refusals(NAME)[0].message.contains("only user:ada could give"));
        assert_eq!(read(&["ada", "bea"]).refusals(NAME), []);
        // one whose members are managed here, and which the plan empties
        let mut emptied = staged([Approver::Group(PrincipalId::new("approvers"))].into(), &["ada"], false);
        group(&mut emptied.observed, "approvers");
        hold(&mut emptied.observed, member("approvers", "cy", Active));
        assert_eq!(emptied.refusals(NAME), []);
        let extent =
            crate::core::ownership::Extent::Groups(vec![crate::core::ownership::Pattern::new("approvers").unwrap()]);
        emptied.desired.tenant.ownership.entries[0].value.extent = extent;
        assert_eq!(emptied.refusals(NAME).len(), 1, "nobody touches the settings, and nobody is left to approve");
    }

    #[test]
    fn administrators_approve_where_a_directory_role_names_nobody() {
        let mut staged = staged(users(&[]), &["ada"], true);
        assert_eq!(staged.refusals(NAME).len(), 1, "there is none");
        let administrator = key(GA, "bea", Active);
        hold(&mut staged.observed, administrator.clone());
        declare(&mut staged.desired, administrator, Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn approvers_who_only_approve_each_other_are_remarked_on() {
        let staged = staged(users(&["ada", "bea"]), &["ada", "bea"], true);
        assert_eq!((staged.refusals(NAME).len(), staged.notices("approvers-among-requesters").len()), (0, 1));
    }

    #[test]
    fn the_approvers_to_look_up_are_those_that_the_plan_is_about() {
        let live = staged(users(&["cy"]), &["ada"], false);
        assert_eq!(concerned(&live.desired, &live.observed), users(&["cy"]));
        let declared = staged(users(&["cy"]), &["ada"], true);
        assert_eq!(concerned(&declared.desired, &declared.observed), users(&["cy"]));
        assert_eq!(concerned_by(&declared.plan().changes, &declared.observed), users(&["cy"]));
        let mut other = live;
        other.desired = manifests(&[(GA, "ada", Eligible)]);
        assert_eq!(concerned(&other.desired, &other.observed), BTreeSet::new());
    }
}
