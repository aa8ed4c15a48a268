//! Plans over a small tenant, and what the guards say of them.

use super::fixture::*;
use super::*;
use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance};
use crate::core::change::{Action, Subject};
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::observed::{Part, Unreadable};
use crate::core::order::{Phase, edges};
use crate::core::ownership::{Authority, Extent, OwnershipEntry, Pattern};
use crate::core::plan::Plan;
use crate::core::policy::field::{DeclaredSettings, SettingField, SettingValue, Want};
use crate::core::policy::rule::Event;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::schedule::{Schedule, Window};
use crate::core::scope::DirectoryScope;
use crate::core::target::{Access, RoleKey, Surface};

use Mode::{Active, Eligible};

#[test]
fn every_guard_has_a_plan_that_it_refuses_and_one_that_it_lets_pass() {
    for guard in GUARDS {
        let refused = (guard.fixture.refused)();
        assert!(!refused.refusals(guard.name).is_empty(), "{} refuses nothing", guard.name);
        let passed = (guard.fixture.passed)();
        assert!(!passed.plan().is_empty(), "{}: a plan without a change is no trial", guard.name);
        assert_eq!(passed.refusals(guard.name), [], "{}", guard.name);
    }
    let names: std::collections::BTreeSet<&str> = names().collect();
    assert_eq!(names.len(), GUARDS.len(), "each has a name of its own");
}

#[test]
fn what_a_gap_hides_is_not_touched() {
    let mut observed = tenant(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Active)]);
    observed.unreadable = vec![gap(Part::ActiveInstances)];
    let mut desired = manifests(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Active)]);
    assert!(planned(&desired, &observed, &[]).verdicts.is_empty());
    // any other role may be narrowed
    declare(&mut desired, key(HELPDESK, "cy", Active), until_autumn());
    assert!(planned(&desired, &observed, &[]).verdicts.is_empty());
    // unless its holder is a break-glass account
    desired.tenant.break_glass = vec![at(PrincipalId::new("cy"))];
    let plan = planned(&desired, &observed, &[]);
    assert_eq!(refusing(&plan), ["incomplete-read"]);
    assert_eq!(plan.verdicts[0].overridden_by, None);
    let mut desired = manifests(&[(GA, "ada", Active), (GA, "bea", Active)]);
    declare(&mut desired, key(GA, "bea", Active), until_autumn());
    assert_eq!(refusing(&planned(&desired, &observed, &[])), ["incomplete-read"]);
    // an eligibility that is taken away may be the last way back
    let mut observed = tenant(&[(GA, "ada", Eligible), (GA, "bea", Eligible)]);
    observed.unreadable = vec![gap(Part::ActiveSchedules)];
    let desired = manifests(&[(GA, "ada", Eligible)]);
    assert_eq!(refusing(&planned(&desired, &observed, &[])), ["incomplete-read"]);
}

#[test]
fn a_role_that_is_not_understood_matters_where_something_is_declared_of_it() {
    let mut observed = tenant(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Active)]);
    let gap = |role: &str| Unreadable { role: Some(RoleId::new(role)), ..gap(Part::Settings) };
    observed.unreadable = vec![gap("11111111-0000-4000-8000-000000000000")];
    let desired = manifests(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Active)]);
    let plan = planned(&desired, &observed, &[]);
    assert!(plan.complete && plan.unreadable.is_empty());
    assert!(plan.notices.iter().any(|notice| notice.code == "not-understood"));
    observed.unreadable.push(gap(HELPDESK));
    let plan = planned(&desired, &observed, &[]);
    assert!(!plan.complete && plan.unreadable == [gap(HELPDESK)]);
}

#[test]
fn the_last_known_rescuer_stays_though_eligibilities_could_not_be_read() {
    let mut observed = tenant(&[(GA, "ada", Active), (HELPDESK, "bea", Active)]);
    observed.unreadable = vec![gap(Part::EligibleSchedules)];
    let mut desired = manifests(&[(HELPDESK, "bea", Active)]);
    desired.tenant.limits.min_global_administrators = 0;
    assert_eq!(refusing(&planned(&desired, &observed, &[])), ["lockout"]);
}

#[test]
fn a_group_that_is_emptied_rescues_nobody() {
    let operators = GroupId::new("operators");
    let member = AssignmentKey {
        target: Target::Group { group: operators.clone(), access: Access::Member },
        principal: PrincipalId::new("ada"),
        mode: Eligible,
    };
    let mut observed = tenant(&[(PRIVILEGED_ROLE_ADMINISTRATOR, "operators", Active)]);
    let mut group = Principal::unknown(PrincipalId::new("operators"));
    (group.kind, group.name, group.is_role_assignable) =
        (Some(PrincipalType::Group), Some("operators".into()), Some(true));
    observed.learn(group);
    observed.surfaces.insert(Surface::Group);
    let found = observed.assignments.values().next().unwrap().clone();
    observed.assignments.insert(member, found);
    let mut desired = manifests(&[(PRIVILEGED_ROLE_ADMINISTRATOR, "operators", Active)]);
    let extent = Extent::Groups(vec![Pattern::new("op*").unwrap()]);
    let entry = OwnershipEntry { extent, assignments: Authority::Authoritative, role_definitions: Authority::Additive };
    desired.tenant.ownership.entries.push(at(entry));
    desired.tenant.limits.min_global_administrators = 0;
    // of a group that was not read nobody can say that it is empty
    assert_eq!(refusing(&planned(&desired, &observed, &[])), [""; 0]);
    observed.groups.insert(operators, Some(true));
    let plan = planned(&desired, &observed, &[]);
    assert_eq!((plan.changes.len(), refusing(&plan)), (1, vec!["lockout"]));
}

#[test]
fn a_group_that_could_not_be_read_may_have_rescuers_and_is_none_that_is_known() {
    const PRA: &str = PRIVILEGED_ROLE_ADMINISTRATOR;
    let held = [(PRA, "operators", Active), (GA, "ada", Eligible)];
    let mut observed = tenant(&held);
    let operators = group(&mut observed, "operators");
    for part in [Part::EligibleSchedules, Part::ActiveSchedules] {
        let gap = Unreadable { surface: Surface::Group, group: Some(operators.clone()), ..gap(part) };
        observed.unreadable = vec![gap];
        let plan_of = |observed: &Observed, wanted: &[(&str, &str, Mode)]| {
            let mut desired = manifests(wanted);
            desired.tenant.limits.min_global_administrators = 0;
            planned(&desired, observed, &[])
        };
        assert!(plan_of(&observed, &held).verdicts.is_empty(), "nothing is taken");
        assert!(plan_of(&observed, &held[1..]).verdicts.is_empty(), "ada is left");
        let plan = plan_of(&observed, &held[..1]);
        assert_eq!(
            (plan.changes.len(), refusing(&plan)),
            (1, vec!["lockout"]),
            "whether somebody is left is not known"
        );
        let mut alone = observed.clone();
        alone.assignments.remove(&key(GA, "ada", Eligible));
        let plan = plan_of(&alone, &[]);
        assert_eq!((plan.changes.len(), refusing(&plan)), (1, vec!["lockout"]), "somebody may be in the group");
    }
}

#[test]
fn the_keys_are_kept_until_the_group_that_has_them_lets_somebody_in() {
    const PRA: &str = PRIVILEGED_ROLE_ADMINISTRATOR;
    let mut observed = tenant(&[(PRA, "operators", Active), (PRA, "ada", Eligible), (HELPDESK, "ada", Eligible)]);
    group(&mut observed, "operators");
    group(&mut observed, "inner");
    let mut desired = manifests(&[(PRA, "operators", Active)]);
    let own = "directory/eligible/Privileged Role Administrator@tenant/user:ada";
    for (key, is_there) in [(member("inner", "ada", Eligible), false), (member("operators", "inner", Eligible), true)] {
        if is_there {
            let found = observed.assignments.values().next().unwrap().clone();
            observed.assignments.insert(key.clone(), found);
        }
        declare(&mut desired, key, Schedule::Permanent);
    }
    let plan = planned(&desired, &observed, &[]);
    let granted = vec![("group/eligible/inner:member/user:ada".to_owned(), Phase::Assign)];
    assert_eq!(awaited(&plan, own), granted);
    assert_eq!(awaited(&plan, "directory/eligible/Helpdesk Administrator@tenant/user:ada"), []);
    let targeted = planned(&desired, &observed, &[own]);
    assert_eq!(targeted.changes.len(), 2, "a targeted removal brings the membership that the guards counted");
}

#[test]
fn a_removal_does_not_wait_for_what_waits_for_it() {
    const PRA: &str = PRIVILEGED_ROLE_ADMINISTRATOR;
    // the inner group loses the role and its members come to it by the outer one: until it has lost it, it gets no member
    let mut observed = tenant(&[(PRA, "inner", Eligible), (PRA, "outer", Eligible), (GA, "bea", Active)]);
    group(&mut observed, "inner");
    group(&mut observed, "outer");
    let found = observed.assignments.values().next().unwrap().clone();
    observed.assignments.insert(member("outer", "inner", Eligible), found);
    let mut desired = manifests(&[(PRA, "outer", Eligible), (GA, "bea", Active)]);
    declare(&mut desired, member("outer", "inner", Eligible), Schedule::Permanent);
    declare(&mut desired, member("inner", "ada", Eligible), Schedule::Permanent);
    let plan = planned(&desired, &observed, &[]);
    let (removal, grant) =
        ("directory/eligible/Privileged Role Administrator@tenant/group:inner", "group/eligible/inner:member/user:ada");
    assert_eq!(awaited(&plan, removal), []);
    assert_eq!(awaited(&plan, grant).iter().map(|(address, _)| address.as_str()).collect::<Vec<_>>(), [removal]);
    let way = "it must be gone first, or `user:ada -> inner:member -> Privileged Role Administrator@tenant` would hold for an instant";
    let change = plan.changes.iter().find(|change| change.address == grant).unwrap();
    assert_eq!(change.follows[0].reason, way);
}

#[test]
fn changes_that_wait_for_each_other_are_refused_with_a_way_out() {
    let at_day = |text: &str| -> jiff::Timestamp { format!("2026-{text}T00:00:00Z").parse().unwrap() };
    let schedule = |start: Option<&str>, end| Schedule::Window { start: start.map(at_day), end: at_day(end) };
    let (first, last) = (schedule(None, "08-01"), schedule(Some("07-01"), "09-01"));
    let both = schedule(Some("07-01"), "08-01");
    let (role, member) = (key(HELPDESK, "operators", Active), member("operators", "ada", Active));
    let tenant_of = |windows: [(&AssignmentKey, Schedule); 2]| {
        let mut observed = tenant(&[]);
        group(&mut observed, "operators");
        for (key, schedule) in windows {
            let Schedule::Window { start, end } = schedule else { panic!("{schedule:?}") };
            let window = Window { start, end: Some(end) };
            let provenance = Provenance::Pim { request: "r".into() };
            observed.assignments.insert(key.clone(), ObservedAssignment { window, condition: None, provenance });
        }
        observed
    };
    let manifests_of = |windows: [(&AssignmentKey, Schedule); 2]| {
        let mut desired = manifests(&[]);
        windows.into_iter().for_each(|(key, schedule)| declare(&mut desired, key.clone(), schedule));
        desired
    };
    // ada is to be let in later and the group to hold its role earlier: each must lose something before the other gains
    let (before, after) = ([(&role, last), (&member, first)], [(&role, first), (&member, last)]);
    let target = "group/active/operators:member/user:ada";
    for targets in [&[][..], &[target]] {
        let mistakes = tried(&manifests_of(after), &tenant_of(before), targets).unwrap_err();
        assert_eq!(mistakes.iter().map(|mistake| mistake.code).collect::<Vec<_>>(), ["circular-requirement"]);
        assert!(mistakes[0].help.iter().any(|help| help.contains("apply them in two")), "{:?}", mistakes[0].help);
    }
    // what the help says can be done
    let narrow = [(&role, both), (&member, both)];
    for (from, to) in [(before, narrow), (narrow, after)] {
        assert_eq!(planned(&manifests_of(to), &tenant_of(from), &[]).changes.len(), 2);
    }
}

#[test]
fn a_break_glass_account_that_is_touched_must_be_whole_afterwards() {
    let observed = tenant(&[(GA, "ada", Active), (GA, "bea", Active)]);
    let mut desired = manifests(&[(GA, "ada", Active), (GA, "bea", Active)]);
    desired.tenant.break_glass = vec![at(PrincipalId::new("cy"))];
    let plan = planned(&desired, &observed, &[]);
    assert!(plan.verdicts.is_empty());
    let notice = plan.notices.iter().find(|notice| notice.code == "break-glass").unwrap();
    assert_eq!(notice.address.as_deref(), Some("directory/active/Global Administrator@tenant/user:cy"));
    declare(&mut desired, key(HELPDESK, "cy", Active), Schedule::Permanent);
    assert_eq!(refusing(&planned(&desired, &observed, &[])), ["break-glass"]);
    declare(&mut desired, key(GA, "cy", Active), Schedule::Permanent);
    assert!(planned(&desired, &observed, &[]).verdicts.is_empty());
}

#[test]
fn whom_nobody_knows_does_not_count_as_left() {
    let held = [(GA, "ada", Active), (GA, "bea", Active), (GA, "cy", Active)];
    let mut observed = tenant(&held);
    assert!(planned(&manifests(&held[..2]), &observed, &[]).verdicts.is_empty());
    observed.principals.get_mut(&PrincipalId::new("bea")).unwrap().is_enabled = None;
    let plan = planned(&manifests(&held[..2]), &observed, &[]);
    assert_eq!(refusing(&plan), ["lockout"]);
    assert!(plan.verdicts[0].message.contains("1 more could not be judged"), "{}", plan.verdicts[0].message);
    // nothing is refused that the plan does not make worse, and it is said who could not be judged
    let plan = planned(&manifests(&held), &observed, &[]);
    assert!(plan.verdicts.is_empty());
    let notice = plan.notices.iter().find(|notice| notice.code == "holder-not-readable").unwrap();
    assert_eq!(notice.address.as_deref(), Some("directory/active/Global Administrator@tenant/user:bea"));
    // one whose facts speak against it never counted
    observed.principals.get_mut(&PrincipalId::new("bea")).unwrap().is_guest = Some(true);
    assert!(planned(&manifests(&[held[0], held[2]]), &observed, &[]).verdicts.is_empty());
}

/// Returns what the step that takes `address` away waits for, with the phase through which it waits.
fn awaited(plan: &Plan, address: &str) -> Vec<(String, Phase)> {
    let steps = plan.steps().unwrap();
    let step = steps.iter().find(|step| plan.changes[step.change].address == address).unwrap();
    let edges = edges(&plan.changes, step);
    edges.into_iter().map(|edge| (plan.changes[edge.change].address.clone(), edge.through)).collect()
}

#[test]
fn removals_wait_for_the_grants_they_rely_on() {
    let observed =
        tenant(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Active), (HELPDESK, "dan", Active)]);
    let mut desired = manifests(&[(GA, "cy", Active), (HELPDESK, "cy", Eligible), (HELPDESK, "ada", Active)]);
    declare(&mut desired, key(GA, "bea", Active), until_autumn());
    let plan = planned(&desired, &observed, &[]);
    let granted = vec![("directory/active/Global Administrator@tenant/user:cy".to_owned(), Phase::Assign)];
    assert_eq!(awaited(&plan, "directory/active/Global Administrator@tenant/user:ada"), granted);
    assert_eq!(awaited(&plan, "directory/active/Global Administrator@tenant/user:bea"), granted, "narrowed after it");
    let swapped = vec![("directory/eligible/Helpdesk Administrator@tenant/user:cy".to_owned(), Phase::Assign)];
    assert_eq!(awaited(&plan, "directory/active/Helpdesk Administrator@tenant/user:cy"), swapped);
    assert_eq!(awaited(&plan, "directory/active/Helpdesk Administrator@tenant/user:dan"), []);
    // the grant comes before the narrowing of the same phase
    let steps = plan.steps().unwrap();
    let at = |name: &str| steps.iter().position(|step| plan.changes[step.change].address.ends_with(name)).unwrap();
    assert!(at("Global Administrator@tenant/user:cy") < at("Global Administrator@tenant/user:bea"));
    // a targeted removal brings the grants that the guards counted
    let plan = planned(&desired, &observed, &["directory/active/Global Administrator@tenant/user:ada"]);
    let kept: Vec<(Action, &str)> = plan.changes.iter().map(|c| (c.action, c.address.as_str())).collect();
    assert_eq!(
        kept,
        [
            (Action::Remove, "directory/active/Global Administrator@tenant/user:ada"),
            (Action::Create, "directory/active/Global Administrator@tenant/user:cy"),
        ]
    );
    assert!(plan.changes.iter().all(|change| matches!(change.subject, Subject::Assignment { .. })));
}

#[test]
fn a_built_in_role_that_nobody_knows_is_named_and_left_alone() {
    let mut observed = tenant(&[(GA, "ada", Active), (HELPDESK, "cy", Active), (HELPDESK, "dan", Active)]);
    let id = RoleId::new("0f0e5a00-0000-4000-8000-00000000000a");
    let mut role = observed.roles.remove(&RoleKey::new(Surface::Directory, &RoleId::new(HELPDESK))).unwrap();
    (role.id, role.template_id, role.display_name) = (id.clone(), id.clone(), "Quantum Administrator".into());
    observed.roles.insert(role.key(), role);
    for name in ["cy", "dan"] {
        let found = observed.assignments.remove(&key(HELPDESK, name, Active)).unwrap();
        observed.assignments.insert(key(id.as_str(), name, Active), found);
    }
    let mut desired = manifests(&[(GA, "ada", Active)]);
    let plan = planned(&desired, &observed, &[]);
    assert!(plan.is_empty());
    let notices: Vec<_> = plan.notices.iter().filter(|notice| notice.code == "role-unknown-to-globs").collect();
    assert_eq!(notices.len(), 1, "once for the role");
    assert_eq!(notices[0].address.as_deref(), Some("directory/role-definition/Quantum Administrator"));
    let named = Extent::DirectoryRoles(vec![Pattern::new("Quantum Administrator").unwrap()]);
    desired.tenant.ownership.entries[0].value.extent = named;
    let plan = planned(&desired, &observed, &[]);
    assert_eq!(plan.changes.len(), 2);
    assert!(plan.notices.iter().all(|notice| notice.code != "role-unknown-to-globs"));
}

#[test]
fn a_targeted_widening_brings_the_removals_that_it_follows() {
    let observed =
        tenant(&[(GA, "ada", Active), (GA, "bea", Active), (HELPDESK, "cy", Eligible), (HELPDESK, "dan", Eligible)]);
    let mut desired = manifests(&[(GA, "ada", Active), (HELPDESK, "dan", Eligible)]);
    let target = Target::Directory { role: RoleId::new(HELPDESK), scope: DirectoryScope::Tenant };
    let mut settings = DeclaredSettings::default();
    let field = SettingField::Require(Event::Activation);
    let value = SettingValue::Requirements(Default::default());
    settings.fields.insert(field, at(Want::Value(value)));
    desired.settings.insert(target, at(settings));
    let plan = planned(&desired, &observed, &["directory/settings/Helpdesk Administrator"]);
    let kept: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
    assert_eq!(
        kept,
        ["directory/eligible/Helpdesk Administrator@tenant/user:cy", "directory/settings/Helpdesk Administrator"]
    );
}
