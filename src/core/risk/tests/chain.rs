//! People who come to a role through groups: counted before and after, with the checks on the way.

use super::*;

fn platform() -> Tenant {
    let mut tenant = Tenant::new()
        .group("sg-platform-admins")
        .group("sg-team")
        .demands(&member("sg-platform-admins"), |_| {})
        .demands(&directory("Global Administrator"), |_| {});
    for n in 0..14 {
        tenant = tenant.held(&format!("person-{n}"), &member("sg-team"), Mode::Active);
    }
    tenant
}

fn approved(settings: &mut Settings) {
    settings.approval.is_required = true;
}

#[test]
fn fourteen_people_become_able_to_activate_a_role_by_one_line() {
    let tenant = platform().held("sg-platform-admins", &directory("Global Administrator"), Mode::Active).grant(
        "sg-team",
        &member("sg-platform-admins"),
        Mode::Eligible,
        until(),
    );
    let (risk, reasons) = tenant.last();
    assert_eq!(
        reasons[0],
        "through sg-platform-admins 14 people become able to activate Global Administrator without approval"
    );
    assert_eq!(risk, Risk::High);
}

#[test]
fn what_holds_on_the_way_is_told_and_weighed() {
    let global = directory("Global Administrator");
    let group = member("sg-platform-admins");
    for (mode, approval_of_group, approval_of_role, way, want) in [
        (Mode::Active, false, false, "to activate Global Administrator without approval", Risk::High),
        (Mode::Active, true, false, "to activate Global Administrator, with approval", Risk::High),
        (Mode::Eligible, false, false, "to activate Global Administrator without approval", Risk::High),
        (Mode::Eligible, false, true, "to activate Global Administrator, with approval", Risk::Medium),
        (Mode::Eligible, true, false, "to activate Global Administrator, with approval", Risk::Medium),
    ] {
        let mut tenant = platform().held("sg-platform-admins", &global, mode);
        if approval_of_group {
            tenant = tenant.demands(&group, approved);
        }
        if approval_of_role {
            tenant = tenant.demands(&global, approved);
        }
        let (risk, reasons) = tenant.grant("sg-team", &group, Mode::Eligible, until()).last();
        assert!(reasons[0].ends_with(way), "{reasons:?}");
        assert_eq!(risk, want, "{way}: {reasons:?}");
    }
}

#[test]
fn a_member_without_activation_stands() {
    let tenant = Tenant::new().group("ops").held("ops", &directory("Global Administrator"), Mode::Active).grant(
        "alice",
        &member("ops"),
        Mode::Active,
        until(),
    );
    let (risk, reasons) = tenant.last();
    assert_eq!(reasons[0], "through ops 1 person becomes able to use Global Administrator without activating anything");
    assert_eq!(risk, Risk::Critical);
}

#[test]
fn who_reached_the_role_before_as_easily_is_not_counted() {
    let global = directory("Global Administrator");
    let tenant = platform()
        .held("sg-platform-admins", &global, Mode::Active)
        .held("person-0", &global, Mode::Active)
        .held("person-1", &global, Mode::Eligible)
        .demands(&global, approved)
        .grant("sg-team", &member("sg-platform-admins"), Mode::Eligible, until());
    // person-1 could activate it with approval only, and now without
    let (_, reasons) = tenant.last();
    assert!(
        reasons[0].contains(" 13 people become able to activate Global Administrator without approval"),
        "{reasons:?}"
    );
}

#[test]
fn a_second_way_that_is_no_easier_weighs_less() {
    let global = directory("Global Administrator");
    let (risk, reasons) = Tenant::new()
        .group("ops")
        .held("ops", &global, Mode::Active)
        .held("alice", &global, Mode::Active)
        .grant("alice", &member("ops"), Mode::Active, until())
        .last();
    assert_eq!(reasons[0], "ops leads to Global Administrator, which nobody reaches by it more easily");
    assert_eq!(risk, Risk::Medium);
}

#[test]
fn a_person_in_two_groups_is_one_person() {
    let tenant = Tenant::new()
        .group("ops")
        .group("a")
        .group("b")
        .group("both")
        .held("alice", &member("a"), Mode::Active)
        .held("alice", &member("b"), Mode::Active)
        .held("bob", &member("b"), Mode::Active)
        .held("a", &member("both"), Mode::Active)
        .held("b", &member("both"), Mode::Active)
        .grant("both", &azure("Owner", SUBSCRIPTION), Mode::Active, until());
    let (_, reasons) = tenant.last();
    assert_eq!(
        reasons[1],
        format!(
            "through both 2 people become able to use Owner in subscription {} without activating anything",
            &SUBSCRIPTION["/subscriptions/".len()..]
        )
    );
}

#[test]
fn a_role_given_to_a_group_weighs_what_its_members_must_do() {
    let global = directory("Global Administrator");
    for (mode, approval, want) in
        [(Mode::Active, false, Risk::Critical), (Mode::Eligible, false, Risk::High), (Mode::Eligible, true, Risk::High)]
    {
        let tenant = Tenant::new()
            .group("ops")
            .held("alice", &member("ops"), mode)
            .demands(&member("ops"), |settings| settings.approval.is_required = approval)
            .grant("ops", &global, Mode::Active, until());
        let (risk, reasons) = tenant.last();
        assert!(reasons[1].starts_with("through ops 1 person becomes able to"), "{reasons:?}");
        assert_eq!(risk, want, "{mode:?} {approval}: {reasons:?}");
    }
}

#[test]
fn members_that_were_not_read_are_named_and_never_fewer() {
    let global = directory("Global Administrator");
    let unread = Tenant::new().principal("ops", PrincipalType::Group).grant("ops", &global, Mode::Active, until());
    let (risk, reasons) = unread.last();
    assert_eq!(risk, Risk::Critical);
    assert!(reasons.contains(&"who else is in ops is not known, and whoever is gains too".to_owned()), "{reasons:?}");
    let mut partly = Tenant::new().group("ops").held("alice", &member("ops"), Mode::Eligible);
    partly.observed.principals.get_mut(&id("ops")).unwrap().is_dynamic = Some(true);
    let (risk, reasons) = partly.grant("ops", &global, Mode::Active, until()).last();
    assert_eq!(risk, Risk::Critical, "whom nobody knows may be active");
    assert!(reasons[1].contains("at least 1 person becomes able"), "{reasons:?}");
    let empty = Tenant::new().group("ops").grant("ops", &global, Mode::Active, until());
    assert_eq!(empty.last().0, Risk::Critical);
    assert!(empty.last().1.contains(&"nobody is in ops yet; whoever comes to be gets Global Administrator".to_owned()));
}

#[test]
fn an_owner_comes_to_what_members_have() {
    let tenant = Tenant::new().group("ops").held("ops", &directory("Global Administrator"), Mode::Active).grant(
        "alice",
        &owner("ops"),
        Mode::Active,
        until(),
    );
    let (risk, reasons) = tenant.last();
    assert_eq!(reasons[0], "through ops 1 person becomes able to activate Global Administrator without approval");
    assert_eq!(reasons[1], "an owner of ops can add itself and others to it, which no settings hold up");
    assert_eq!(risk, Risk::Critical);
}

#[test]
fn a_group_that_leads_nowhere_is_low() {
    let (risk, reasons) = Tenant::new().group("ops").grant("alice", &member("ops"), Mode::Active, endless()).last();
    assert_eq!((risk, reasons[0].as_str()), (Risk::Low, "ops is not known to lead to any role"));
    let reads = Tenant::new().group("ops").held("ops", &azure("Reader", SUBSCRIPTION), Mode::Active);
    assert_eq!(reads.grant("alice", &member("ops"), Mode::Active, endless()).last().0, Risk::Low);
}

#[test]
fn service_principals_are_no_people() {
    let tenant = Tenant::new()
        .group("ops")
        .principal("app", PrincipalType::ServicePrincipal)
        .held("app", &member("ops"), Mode::Active)
        .held("alice", &member("ops"), Mode::Active)
        .grant("ops", &directory("Global Administrator"), Mode::Active, until());
    assert!(
        tenant.last().1[1].starts_with("through ops 1 person and 1 service principal become able"),
        "{:?}",
        tenant.last()
    );
}

#[test]
fn many_changes_of_one_group_are_judged_in_one_go() {
    let mut tenant = Tenant::new().group("ops");
    for n in 0..40 {
        tenant = tenant.held("ops", &azure("Owner", &format!("{SUBSCRIPTION}/resourceGroups/rg-{n}")), Mode::Active);
    }
    for n in 0..5_000 {
        tenant = tenant.grant(&format!("person-{n}"), &member("ops"), Mode::Eligible, until());
    }
    let judged = tenant.judged();
    assert!(
        judged
            .iter()
            .all(|(risk, reasons)| *risk == Risk::Medium && reasons.contains(&"ops leads to 39 more roles".to_owned())),
        "{:?}",
        judged[0]
    );
}
