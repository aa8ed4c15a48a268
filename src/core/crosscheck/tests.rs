//! Each check on the smallest tenant that it remarks on, and on the nearest one that it does not.

use std::collections::BTreeMap;

use super::*;
use crate::core::assignment::Mode::{self, Active, Eligible};
use crate::core::chain::Grant;
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::period::Period;
use crate::core::policy::default::factory;
use crate::core::policy::rule::Requirement;
use crate::core::principal::{Principal, PrincipalType, Principals};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::target::{Access, Surface};

/// A tenant with manifests: the grants and settings of which some are declared.
#[derive(Default)]
struct Tenant {
    grants: Vec<AssignmentKey>,
    declared: BTreeMap<AssignmentKey, Origin>,
    settings: BTreeMap<Target, Settings>,
    governed: BTreeMap<Target, Origin>,
    plain_groups: Vec<&'static str>,
}

fn key(principal: &str, target: &Target, mode: Mode) -> AssignmentKey {
    AssignmentKey { principal: PrincipalId::new(principal), target: target.clone(), mode }
}

fn member(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Member }
}

fn owner(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Owner }
}

fn reader() -> Target {
    Target::Directory { role: RoleId::new("Reader"), scope: DirectoryScope::Tenant }
}

fn azure() -> Target {
    Target::Azure { role: RoleId::new("Owner"), scope: ArmScope::parse("/").unwrap() }
}

fn origin(line: u32) -> Origin {
    Origin { file: "a.yaml".into(), line, column: 1, start: 0, end: 0 }
}

impl Tenant {
    fn live(mut self, principal: &str, target: &Target, mode: Mode) -> Self {
        self.grants.push(key(principal, target, mode));
        self
    }

    /// Adds a declared assignment; its line is the number of grants with it.
    fn manifest(mut self, principal: &str, target: &Target, mode: Mode) -> Self {
        self = self.live(principal, target, mode);
        let line = origin(u32::try_from(self.grants.len()).unwrap());
        self.declared.insert(key(principal, target, mode), line);
        self
    }

    fn with(mut self, target: &Target, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = factory(Surface::Azure);
        change(&mut settings);
        self.settings.insert(target.clone(), settings);
        self
    }

    /// Runs the checks and returns code, severity and message of each remark about `code`.
    fn remarks(&self, code: &str) -> Vec<Notice> {
        let mut principals = Principals::new();
        for group in &self.plain_groups {
            let mut principal = Principal::unknown(PrincipalId::new(group));
            (principal.kind, principal.is_role_assignable) = (Some(PrincipalType::Group), Some(false));
            principals.insert(principal.id.clone(), principal);
        }
        let grants = self.grants.iter().map(|key| Grant { key: key.clone(), kind: None }).collect();
        let graph = Graph::new(grants, &principals);
        let view = View {
            graph: &graph,
            labels: &Labels::default(),
            settings: &|target| self.settings.get(target),
            declared: &|key| self.declared.get(key),
            governed: &|target| self.governed.get(target),
        };
        check(&view).into_iter().filter(|notice| notice.code == code).collect()
    }
}

fn messages(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.message.as_str()).collect()
}

fn weak() -> Tenant {
    Tenant::default()
        .manifest("alice", &member("ops"), Eligible)
        .manifest("ops", &reader(), Active)
        .with(&member("ops"), |_| {})
        .with(&reader(), |settings| {
            settings.activation.require.insert(Requirement::MultiFactorAuthentication);
            settings.activation.expiration.maximum = Some(Period::hours(1));
            settings.approval.is_required = true;
        })
}

#[test]
fn a_group_that_asks_less_than_its_role_is_told_with_both_lines_and_values() {
    let found = weak().remarks("weaker-group");
    assert_eq!(
        messages(&found),
        [
            "`id:alice` is eligible for `id:ops:member` (a.yaml:1:1). Its activation gives `Reader@tenant` without another \
          activation: `id:ops -> Reader@tenant (active, a.yaml:2:1)`. It asks for less than an activation of the role. \
          `activation.maxDuration` is PT8H for the group and PT1H for the role. `activation.require` of the group lacks \
          multiFactorAuthentication, which the role demands. `activation.approval` is none for the group and required for the \
          role. Settings of the group: no manifest declares them. Settings of the role: no manifest declares them."
        ]
    );
    assert_eq!((found[0].severity, found[0].source.clone()), (Severity::Warning, Some(origin(1))));
}

#[test]
fn a_group_that_is_only_eligible_for_the_role_is_no_weaker() {
    let mut tenant = weak();
    tenant.grants[1].mode = Eligible;
    assert_eq!(tenant.remarks("weaker-group"), []);
}

#[test]
fn a_group_that_asks_as_much_or_more_is_no_weaker() {
    let strict = |settings: &mut Settings| {
        settings.activation.require.extend([Requirement::MultiFactorAuthentication, Requirement::Ticket]);
        settings.activation.expiration.maximum = Some(Period::minutes(30));
        settings.approval.is_required = true;
    };
    assert_eq!(weak().with(&member("ops"), strict).remarks("weaker-group"), []);
}

#[test]
fn a_context_stands_for_mfa_and_is_missed_where_the_role_demands_it() {
    let context = |claim: &'static str| {
        move |settings: &mut Settings| {
            settings.authentication_context.is_enabled = true;
            settings.authentication_context.claim = Some(claim.to_owned());
        }
    };
    let mfa = |settings: &mut Settings| {
        settings.activation.require.insert(Requirement::MultiFactorAuthentication);
    };
    assert_eq!(weak().with(&member("ops"), context("c1")).with(&reader(), mfa).remarks("weaker-group"), []);
    assert_eq!(weak().with(&member("ops"), context("c1")).with(&reader(), context("c1")).remarks("weaker-group"), []);
    for (group, there) in [(None, "none"), (Some("c2"), "c2")] {
        let tenant = weak().with(&reader(), context("c1")).with(&member("ops"), |settings| {
            if let Some(claim) = group {
                context(claim)(settings);
            }
        });
        let found = tenant.remarks("weaker-group");
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .message
                .contains(&format!("`activation.authenticationContext` is {there} for the group and c1 for the role.")),
            "{found:?}"
        );
    }
}

#[test]
fn settings_that_were_not_read_are_named_once_and_not_compared() {
    let mut tenant = weak().live("bob", &owner("ops"), Eligible).live("ops", &azure(), Active);
    tenant.settings.remove(&reader());
    tenant.governed.insert(reader(), origin(9));
    let found = tenant.remarks("weaker-group");
    assert_eq!(
        messages(&found),
        [
            "not judged: the settings of `Owner@/` were not read",
            "not judged: the settings of `Reader@tenant` were not read",
            "not judged: the settings of `id:ops:owner` were not read",
        ]
    );
    assert!(found.iter().all(|notice| notice.severity == Severity::Notice));
    assert_eq!(found[1].address.as_deref(), Some("directory/settings/Reader"));
    assert_eq!(found[1].source, Some(origin(9)));
    tenant.grants.retain(|key| key.target.role().is_none());
    assert_eq!(tenant.remarks("weaker-group"), [], "a group that leads to no role is not judged at all");
}

#[test]
fn a_weaker_group_is_found_through_nesting_and_ownership_and_named_once() {
    let tenant = weak()
        .live("bob", &member("ops"), Eligible)
        .live("carol", &owner("ops"), Eligible)
        .with(&owner("ops"), |_| {})
        .live("dave", &member("inner"), Eligible)
        .live("inner", &member("ops"), Active)
        .live("ops", &azure(), Active)
        .with(&member("inner"), |_| {})
        .with(&azure(), |settings| settings.approval.is_required = true);
    let found = tenant.remarks("weaker-group");
    let about = |start: &str, role: &str| {
        let count = found
            .iter()
            .filter(|n| n.message.starts_with(start) && n.message.contains(&format!("gives `{role}` without")));
        count.count()
    };
    assert_eq!(about("`id:alice` and 1 more are eligible for `id:ops:member` (a.yaml:1:1)", "Reader@tenant"), 1);
    assert_eq!(about("`id:alice` and 1 more are eligible for `id:ops:member` (a.yaml:1:1)", "Owner@/"), 1);
    assert_eq!(about("`id:carol` is eligible for `id:ops:owner` (in no manifest)", "Reader@tenant"), 1);
    assert_eq!(about("`id:dave` is eligible for `id:inner:member` (in no manifest)", "Owner@/"), 1);
    assert_eq!(about("`id:dave`", "Reader@tenant"), 0, "a nested member has no directory role");
    let dave = found.iter().find(|notice| notice.message.starts_with("`id:dave`")).unwrap();
    assert_eq!(dave.severity, Severity::Notice, "nothing of it is in a manifest");
}

#[test]
fn owners_who_could_add_themselves_are_named() {
    let tenant = Tenant::default()
        .live("bob", &owner("ops"), Active)
        .live("carol", &owner("ops"), Active)
        .live("carol", &member("ops"), Active)
        .live("dave", &owner("ops"), Active)
        .manifest("dave", &member("ops"), Eligible)
        .live("erin", &owner("ops"), Eligible)
        .live("erin", &member("ops"), Eligible)
        .manifest("ops", &reader(), Eligible);
    let found = tenant.remarks("owners-add-themselves");
    assert_eq!(
        messages(&found),
        [
            "owners of `id:ops` can add themselves to it and reach `Reader@tenant` (eligible, a.yaml:8:1): `id:bob` (active, in \
          no manifest, no member), `id:dave` (active, in no manifest, no member without activation)"
        ]
    );
    assert_eq!((found[0].severity, found[0].source.clone()), (Severity::Warning, Some(origin(8))));
}

#[test]
fn owners_of_a_group_without_roles_are_left_in_peace() {
    let tenant = Tenant::default().manifest("bob", &owner("ops"), Active).live("alice", &member("ops"), Active);
    assert_eq!(tenant.remarks("owners-add-themselves"), []);
    let mut tenant = tenant.live("ops", &reader(), Active);
    assert_eq!(tenant.remarks("owners-add-themselves").len(), 1);
    tenant.plain_groups.push("ops");
    assert_eq!(tenant.remarks("owners-add-themselves"), [], "the role is never provisioned");
}

#[test]
fn circles_are_told_with_every_line() {
    let row = Tenant::default().manifest("a", &member("b"), Eligible).live("b", &member("c"), Active);
    assert_eq!(row.remarks("circular-eligibility"), []);
    let found = row.live("c", &member("a"), Eligible).live("c", &member("b"), Eligible).remarks("circular-eligibility");
    assert_eq!(
        messages(&found),
        [
            "groups are members of each other in a circle: `id:a` -> `id:b` (eligible, a.yaml:1:1) -> `id:c` (active, in no manifest) -> \
          `id:a` (eligible, in no manifest)"
        ]
    );
    assert_eq!(found[0].source, Some(origin(1)));
    let live = Tenant::default()
        .live("a", &member("b"), Eligible)
        .live("b", &member("a"), Eligible)
        .live("b", &member("c"), Eligible)
        .live("c", &member("b"), Eligible);
    let found = live.remarks("circular-eligibility");
    assert_eq!((found.len(), found[0].severity), (1, Severity::Notice));
    assert!(found[0].message.ends_with("; on circles with them: `id:c`"), "{found:?}");
}

#[test]
fn two_paths_to_one_role_are_both_named_where_a_manifest_has_a_part() {
    let live = || Tenant::default().live("alice", &azure(), Eligible).live("ops", &azure(), Active);
    let found = live().manifest("alice", &member("ops"), Eligible).remarks("reached-twice");
    assert_eq!(
        messages(&found),
        [
            "`id:alice` reaches `Owner@/` by two paths: `id:alice -> Owner@/ (eligible, in no manifest)`, and `id:alice -> id:ops:member \
          (eligible, a.yaml:3:1) -> Owner@/ (active, in no manifest)`"
        ]
    );
    assert_eq!((found[0].severity, found[0].source.clone()), (Severity::Warning, Some(origin(3))));
    assert_eq!(
        live().live("alice", &member("ops"), Eligible).remarks("reached-twice"),
        [],
        "no manifest has a part in it"
    );
}

#[test]
fn one_path_in_two_modes_an_ownership_and_another_scope_are_no_second_path() {
    let scope = ArmScope::parse("/subscriptions/00000000-0000-4000-8000-000000000001").unwrap();
    let elsewhere = Target::Azure { role: RoleId::new("Owner"), scope };
    let tenant = Tenant::default()
        .manifest("alice", &member("ops"), Eligible)
        .manifest("alice", &member("ops"), Active)
        .manifest("alice", &owner("ops"), Active)
        .manifest("alice", &elsewhere, Active)
        .manifest("ops", &azure(), Active);
    assert_eq!(tenant.remarks("reached-twice"), []);
}

#[test]
fn many_remarks_of_one_kind_are_counted_and_those_of_manifests_come_first() {
    let mut tenant = Tenant::default();
    for number in 0..30 {
        let group = format!("group-{number:02}");
        tenant = tenant.live("bob", &owner(&group), Active);
        tenant = match number {
            29 => tenant.manifest(&group, &azure(), Active),
            _ => tenant.live(&group, &azure(), Active),
        };
    }
    let found = tenant.remarks("owners-add-themselves");
    assert_eq!(found.len(), 21);
    assert!(found.iter().any(|notice| notice.severity == Severity::Warning));
    assert!(found.iter().any(|notice| notice.message == "and 10 more of this kind"));
}
