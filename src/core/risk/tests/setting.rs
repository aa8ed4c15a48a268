//! Settings that ask for less: scaled with what the role, or what lies behind the group, can do.

use super::*;
use crate::core::period::Period;
use crate::core::policy::rule::Approver;

type Loosen = fn(&mut Settings);

fn strict(settings: &mut Settings) {
    settings.activation.require =
        [Requirement::MultiFactorAuthentication, Requirement::Justification, Requirement::Ticket].into();
    settings.approval.is_required = true;
    settings.approval.approvers = [Approver::User(id("carol"))].into();
    settings.activation.expiration.maximum = Some(Period::hours(1));
    settings.active_assignment.expiration.is_required = true;
    settings.active_assignment.require = [Requirement::Justification].into();
}

fn no_approval(settings: &mut Settings) {
    settings.approval.is_required = false;
}

fn no_mfa(settings: &mut Settings) {
    settings.activation.require.remove(&Requirement::MultiFactorAuthentication);
}

/// Source: the columns are the rules of docs page "Configure Microsoft Entra role settings in PIM"; CISA SCuBA MS.AAD.7.1 to 7.9 demand
/// approval and alerts for highly privileged roles; the tiers are those of AzurePrivilegedIAM.
#[test]
fn lost_controls_scale_with_the_tier() {
    use Risk::{Critical, High, Low, Medium};
    let both: Loosen = |settings| {
        no_approval(settings);
        no_mfa(settings);
    };
    let swap: Loosen = |settings| settings.approval.approvers = [Approver::User(id("mallory"))].into();
    let ticket: Loosen = |settings| _ = settings.activation.require.remove(&Requirement::Ticket);
    let justification: Loosen = |settings| _ = settings.activation.require.remove(&Requirement::Justification);
    let longer: Loosen = |settings| settings.activation.expiration.maximum = Some(Period::hours(8));
    let permanent: Loosen = |settings| settings.active_assignment.expiration.is_required = false;
    let (global, exchange, readers) =
        (directory("Global Administrator"), directory("Exchange Administrator"), directory("Directory Readers"));
    let reader = azure("Reader", SUBSCRIPTION);
    for (target, loosen, want, first) in [
        (&global, no_approval as Loosen, High, "activations no longer wait for approval"),
        (&global, no_mfa, High, "activations no longer demand multifactor authentication"),
        (&global, both, Critical, "activations no longer demand multifactor authentication"),
        (&global, swap, High, "others than before may approve activations"),
        (&global, ticket, Medium, "activations no longer demand a ticket"),
        (&global, justification, Medium, "activations no longer demand a justification"),
        (&global, longer, Medium, "activations may last longer"),
        (&global, permanent, Medium, "standing access without an end becomes possible"),
        (&exchange, no_approval, Medium, "activations no longer wait for approval"),
        (&exchange, ticket, Low, "activations no longer demand a ticket"),
        (&exchange, permanent, Low, "standing access without an end becomes possible"),
        (&readers, no_approval, Medium, "activations no longer wait for approval"),
        (&reader, both, Low, "activations no longer demand multifactor authentication"),
    ] {
        let (risk, reasons) = Tenant::new().demands(target, strict).set(target, loosen).last();
        assert_eq!(risk, want, "{target:?}, {first}: {reasons:?}");
        assert!(reasons.iter().any(|reason| reason == first), "{first}: {reasons:?}");
    }
}

/// Source: the tiers are those of AzurePrivilegedIAM, which cannot know a role that Microsoft added yesterday.
#[test]
fn a_check_that_goes_from_a_role_of_no_known_tier_is_no_trifle() {
    let resource = format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/safe");
    let Target::Directory { role, .. } = directory("a role of tomorrow") else { unreachable!() };
    let at_app = Target::Directory { role, scope: DirectoryScope::Object(ObjectId::new("app")) };
    for target in [azure("a role of tomorrow", &resource), at_app] {
        for loosen in [no_mfa as Loosen, no_approval] {
            let (risk, reasons) = Tenant::new().demands(&target, strict).set(&target, loosen).last();
            assert_eq!(risk, Risk::Medium, "{target:?}: {reasons:?}");
        }
    }
    let readers = azure("Reader", &resource);
    assert_eq!(Tenant::new().demands(&readers, strict).set(&readers, no_mfa).last().0, Risk::Low, "this one is known");
}

#[test]
fn those_who_are_eligible_are_counted_once_in_every_scope() {
    let role = directory("User Administrator");
    let tenant = Tenant::new()
        .group("ops")
        .demands(&role, strict)
        .held("alice", &role, Mode::Eligible)
        .held("alice", &in_unit("User Administrator"), Mode::Eligible)
        .held("bob", &in_unit("User Administrator"), Mode::Eligible)
        .held("carol", &role, Mode::Active)
        .held("ops", &role, Mode::Eligible)
        .held("dave", &member("ops"), Mode::Active)
        .set(&role, no_approval);
    let (_, reasons) = tenant.last();
    assert_eq!(reasons[0], "3 people become able to activate User Administrator without approval");
}

#[test]
fn approval_that_goes_from_a_group_is_lost_on_the_way_to_its_roles() {
    let global = directory("Global Administrator");
    let mut tenant = Tenant::new()
        .group("sg-platform-admins")
        .demands(&member("sg-platform-admins"), strict)
        .demands(&global, |_| {})
        .held("sg-platform-admins", &global, Mode::Active);
    for n in 0..14 {
        tenant = tenant.held(&format!("person-{n}"), &member("sg-platform-admins"), Mode::Eligible);
    }
    let (risk, reasons) = tenant.set(&member("sg-platform-admins"), no_approval).last();
    assert_eq!(
        reasons[0],
        "through sg-platform-admins 14 people become able to activate Global Administrator without approval"
    );
    assert_eq!(risk, Risk::High);
    let (risk, reasons) =
        Tenant::new().group("ops").demands(&member("ops"), strict).set(&member("ops"), no_approval).last();
    assert_eq!((risk, reasons[0].as_str()), (Risk::Low, "ops is not known to lead to any role"));
}

#[test]
fn a_swap_beside_a_removal_is_told_with_it() {
    let role = directory("Global Administrator");
    let (_, reasons) = Tenant::new()
        .demands(&role, strict)
        .set(&role, |settings| {
            no_mfa(settings);
            settings.approval.approvers = [Approver::User(id("mallory"))].into();
        })
        .last();
    assert!(reasons.contains(&"others than before may approve activations".to_owned()), "{reasons:?}");
    assert!(reasons.contains(&"activations no longer demand multifactor authentication".to_owned()), "{reasons:?}");
}
