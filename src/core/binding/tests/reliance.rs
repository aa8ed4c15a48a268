//! What a plan relies on: bound, told when it is another, and nothing more than that.

use super::*;
use crate::core::policy::rule::Approver;

/// Returns a plan over the tenant with everything that it relies on, judged.
fn bound(mut changes: Vec<Change>) -> Plan {
    let observed = tenant();
    bound_over(&mut changes, &observed)
}

fn bound_over(changes: &mut Vec<Change>, observed: &Observed) -> Plan {
    let labels = Labels::new(observed, []);
    let judged = risk::judge(changes, observed, &project(observed, changes), &labels);
    for (change, judged) in changes.iter_mut().zip(judged) {
        (change.risk, change.reasons) = judged;
    }
    let relies = rely(changes, observed, &labels);
    Plan { relies, ..plan_of(std::mem::take(changes)) }
}

fn addresses(plan: &Plan) -> Vec<&str> {
    plan.relies.iter().map(|one| one.address.as_str()).collect()
}

#[test]
fn a_grant_relies_on_the_role_its_settings_and_who_gets_it() {
    let plan = bound(vec![grant(key(of_role("desk"), "bob", Mode::Eligible), PrincipalType::User, autumn())]);
    assert_eq!(addresses(&plan), ["directory/role-definition/DESK", "directory/settings/DESK", "user:bob"]);
    let table: &[(Meddle, &str)] = &[
        (|_| {}, "same"),
        (
            |o| o.roles.get_mut(&role("desk").key()).unwrap().description = "x".into(),
            "directory/role-definition/DESK: is not",
        ),
        (|o| without(o, "desk"), "directory/role-definition/DESK: is gone or cannot be read"),
        (|o| drop(o.settings.insert(of_role("desk"), shorter())), "directory/settings/DESK: is not"),
        (
            |o| o.principals.get_mut(&PrincipalId::new("bob")).unwrap().is_enabled = Some(false),
            "user:bob: can sign in or not",
        ),
        (|o| o.principals.get_mut(&PrincipalId::new("bob")).unwrap().name = Some("robert".into()), "same"),
        (|o| o.roles.get_mut(&role("app").key()).unwrap().description = "x".into(), "same"),
        (|o| drop(o.settings.insert(of_role("app"), shorter())), "same"),
        (|o| drop(o.assignments.insert(key(of_role("desk"), "erin", Mode::Active), held(None))), "same"),
        (|o| drop(o.assignments.insert(key(member_of("ops"), "erin", Mode::Active), held(None))), "same"),
    ];
    for (at, (meddle, expected)) in table.iter().enumerate() {
        let mut observed = tenant();
        meddle(&mut observed);
        let found = fit(&plan, &observed);
        assert!(found.starts_with(expected), "{at}: {found}, not {expected}");
    }
}

#[test]
fn what_the_plan_changes_itself_is_not_relied_on() {
    let give = || grant(key(of_role("app"), "bob", Mode::Eligible), PrincipalType::User, autumn());
    let plan = bound(vec![give(), of_settings(false), of_definition(Some(role("app")), Some(disabled()))]);
    assert_eq!(addresses(&plan), ["user:bob"]);
    assert!(addresses(&bound(vec![of_alice(None)])).is_empty(), "what only takes relies on nothing");
}

#[test]
fn a_member_that_is_swapped_for_another_is_noticed_although_the_count_is_the_same() {
    let plan = bound(vec![grant(key(of_role("desk"), "ops", Mode::Eligible), PrincipalType::Group, autumn())]);
    assert!(addresses(&plan).contains(&"group/members/ops"), "{:?}", addresses(&plan));
    assert!(addresses(&plan).contains(&"group/settings/ops:member"), "carol activates it: {:?}", addresses(&plan));
    let swap: Meddle = |o| {
        o.assignments.remove(&key(member_of("ops"), "bob", Mode::Active));
        o.assignments.insert(key(member_of("ops"), "erin", Mode::Active), held(None));
    };
    let mut observed = tenant();
    swap(&mut observed);
    assert_eq!(rejudge(&plan, &observed), [], "the reasons count people and name nobody");
    let table: &[Meddle] = &[
        swap,
        |o| drop(o.assignments.insert(key(member_of("ops"), "erin", Mode::Eligible), held(None))),
        |o| drop(o.assignments.remove(&key(member_of("ops"), "carol", Mode::Eligible))),
        |o| drop(o.assignments.insert(key(member_of("ops"), "carol", Mode::Active), held(None))),
        |o| {
            o.assignments.get_mut(&key(member_of("ops"), "carol", Mode::Eligible)).unwrap().window.end =
                Some(at("2027-01-01T00:00:00Z"))
        },
        |o| drop(o.assignments.insert(key(member_of("ops"), "tier", Mode::Active), held(None))),
        |o| {
            let owner = Target::Group { group: GroupId::new("ops"), access: Access::Owner };
            o.assignments.insert(key(owner, "erin", Mode::Active), held(None));
        },
        |o| o.principals.get_mut(&PrincipalId::new("ops")).unwrap().is_dynamic = Some(true),
        |o| o.unreadable.push(Unreadable { surface: Surface::Group, ..gap(Part::ActiveSchedules) }),
        |o| o.groups.retain(|group, _| group.as_str() != "ops"),
    ];
    for (at, meddle) in table.iter().enumerate() {
        let mut observed = tenant();
        meddle(&mut observed);
        let found = fit(&plan, &observed);
        assert!(found.contains("group/members/ops: "), "{at}: {found}");
    }
    let mut weaker = tenant();
    weaker.settings.get_mut(&member_of("ops")).unwrap().event_mut(Event::Activation).require.clear();
    assert!(fit(&plan, &weaker).starts_with("group/settings/ops:member: is not"), "{}", fit(&plan, &weaker));
}

#[test]
fn members_that_nobody_reads_are_not_bound() {
    let mut observed = tenant();
    observed.groups.clear();
    observed.assignments.retain(|key, _| key.target.group().is_none());
    let mut changes = vec![grant(key(of_role("desk"), "ops", Mode::Eligible), PrincipalType::Group, autumn())];
    let plan = bound_over(&mut changes, &observed);
    assert!(!addresses(&plan).iter().any(|address| address.contains("members")), "{:?}", addresses(&plan));
    assert_eq!(fit(&plan, &observed), "same");
}

#[test]
fn whoever_is_let_into_a_group_is_let_into_what_it_leads_to() {
    let plan = bound(vec![grant(key(member_of("tier"), "erin", Mode::Eligible), PrincipalType::User, autumn())]);
    let relied = [
        "directory/role-definition/DESK",
        "directory/settings/DESK",
        "group/leads/tier",
        "group/settings/tier:member",
        "user:erin",
    ];
    assert_eq!(addresses(&plan), relied);
    let mut more = tenant();
    more.assignments.insert(key(of_role("app"), "tier", Mode::Active), held(None));
    assert!(fit(&plan, &more).starts_with("group/leads/tier: what its members come to"), "{}", fit(&plan, &more));
    let mut other = tenant();
    other
        .roles
        .get_mut(&role("desk").key())
        .unwrap()
        .permissions
        .actions
        .insert(Permission::new("microsoft.directory/groups/delete"));
    assert!(fit(&plan, &other).starts_with("directory/role-definition/DESK"), "{}", fit(&plan, &other));
}

#[test]
fn what_is_loosened_relies_on_who_holds_it() {
    let mut loosened = of_settings(false);
    loosened.direction = Direction::Widens;
    let plan = bound(vec![loosened]);
    assert_eq!(addresses(&plan), ["directory/holders/APP"]);
    let mut wider = of_definition(Some(role("app")), Some(RoleDefinition { description: "x".into(), ..role("app") }));
    wider.direction = Direction::Widens;
    let of_role_definition = bound(vec![wider]);
    assert_eq!(addresses(&of_role_definition), ["directory/holders/APP"]);
    let mut observed = tenant();
    observed.assignments.insert(key(of_role("app"), "erin", Mode::Eligible), held(None));
    for plan in [&plan, &of_role_definition] {
        assert!(fit(plan, &observed).starts_with("directory/holders/APP: who holds it"), "{}", fit(plan, &observed));
    }
    assert!(addresses(&bound(vec![of_settings(false)])).is_empty(), "what narrows relies on nobody");
}

#[test]
fn an_approval_relies_on_who_is_in_the_group_that_gives_it() {
    let approved = |settings: &mut Settings| {
        settings.approval.is_required = true;
        settings.approval.approvers = [Approver::Group(PrincipalId::new("approvers"))].into();
    };
    let mut change = of_settings(false);
    let Subject::Settings { after, .. } = &mut change.subject else { unreachable!() };
    approved(after);
    let plan = bound(vec![change]);
    assert_eq!(addresses(&plan), ["group/members/approvers"]);
    let mut observed = tenant();
    observed.assignments.insert(key(member_of("approvers"), "erin", Mode::Active), held(None));
    assert!(fit(&plan, &observed).starts_with("group/members/approvers: who is in it"), "{}", fit(&plan, &observed));

    // one whose members were read in one list only, and which governs what is granted
    let mut observed = tenant();
    let approvers = GroupId::new("approvers");
    observed.groups.remove(&approvers);
    observed.members.insert(approvers.clone(), [PrincipalId::new("dave")].into());
    approved(observed.settings.get_mut(&of_role("desk")).unwrap());
    let mut changes = vec![grant(key(of_role("desk"), "bob", Mode::Eligible), PrincipalType::User, autumn())];
    let plan = bound_over(&mut changes, &observed);
    assert_eq!(fit(&plan, &observed), "same");
    observed.members.insert(approvers, [PrincipalId::new("erin")].into());
    assert!(fit(&plan, &observed).starts_with("group/members/approvers: who is in it"), "{}", fit(&plan, &observed));
}

#[test]
fn a_grant_at_a_management_group_relies_on_what_lies_below() {
    let corp = ArmScope::parse(CORP).unwrap();
    let target = Target::Azure { role: RoleId::new("reader"), scope: corp.clone() };
    let plan = bound(vec![grant(key(target, "bob", Mode::Eligible), PrincipalType::User, autumn())]);
    let below = format!("azure/below@{corp}");
    assert!(addresses(&plan).contains(&below.as_str()), "{:?}", addresses(&plan));
    let mut observed = tenant();
    observed.hierarchy.insert(subscription(2), Some("elsewhere".into()), None);
    assert_eq!(fit(&plan, &observed), "same");
    observed.hierarchy.insert(subscription(2), Some("elsewhere".into()), Some(corp));
    assert!(fit(&plan, &observed).starts_with(&format!("{below}: what lies below")), "{}", fit(&plan, &observed));
    let target = Target::Azure { role: RoleId::new("reader"), scope: subscription(1) };
    let narrow = bound(vec![grant(key(target, "bob", Mode::Eligible), PrincipalType::User, autumn())]);
    assert!(!addresses(&narrow).iter().any(|address| address.starts_with("azure/below")));
}
