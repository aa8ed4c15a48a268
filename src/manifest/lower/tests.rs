//! Lowering with names given as data.

use super::*;
use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{ObjectId, PrincipalId, TenantId, managed_role_id};
use crate::core::name::{Handle, NameKind};
use crate::core::policy::field::{SettingField, SettingValue, Want};
use crate::core::policy::rule::Event;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;
use crate::manifest::read_sources;

const NOW: &str = "2026-11-21T00:00:00Z";

const TENANT: &str = "apiVersion: rolewright/v1
kind: Tenant
metadata: {name: contoso}
spec:
  tenantId: 5a9dbb0c-0000-4000-8000-000000000001
  ownership: [{directoryRoles: ['*'], assignments: authoritative}]
  ignore: {principals: [{servicePrincipal: Vendor Backup}], roles: [{directoryRole: Directory Readers}]}
  breakGlass: [{user: bg@c.example}]
  limits: {maxRemovals: 3}
";

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: rolewright/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}")
}

fn manifests(documents: &[String]) -> Manifests {
    let mut files = vec![("tenant.yaml".to_owned(), TENANT.to_owned())];
    files.extend(documents.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), text.clone())));
    let manifests = read_sources(files);
    assert_eq!(manifests.diagnostics, []);
    manifests
}

/// Answers every reference with an object whose id is its name.
fn answered(manifests: &Manifests) -> Names {
    let mut names = Names::new();
    for declared in manifests.references() {
        let reference = declared.value;
        let text = match &reference.handle {
            Handle::Id(text) | Handle::AppId(text) | Handle::Name(text) => text.clone(),
        };
        let meaning = match reference.kind {
            NameKind::Principal(kind) => {
                Meaning::Principal(Principal { kind: Some(kind), ..Principal::unknown(PrincipalId::new(&text)) })
            }
            NameKind::DirectoryRole | NameKind::AzureRole => Meaning::Role { id: RoleId::new(&text), name: text },
            NameKind::ManagementGroup | NameKind::Subscription => Meaning::Azure {
                scope: ArmScope::parse("/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1").unwrap(),
                name: text,
            },
            NameKind::AuthenticationContext => Meaning::Exists,
            _ => Meaning::Object { id: ObjectId::new(&text), name: text },
        };
        names.insert(reference, Lookup::One(meaning));
    }
    names
}

fn lower(manifests: &Manifests, names: &Names) -> Lowered {
    manifests.lower(names, &Hierarchy::default(), &RoleIds::new(), NOW.parse().unwrap())
}

fn shown(lowered: &Lowered) -> Vec<String> {
    let line = |d: &Diagnostic| {
        let at = d.at.as_ref().map_or_else(String::new, |at| format!("{at} "));
        format!("{at}{}: {}", d.code, d.message)
    };
    lowered.diagnostics.iter().map(line).collect()
}

fn wanted(documents: &[String]) -> Desired {
    let manifests = manifests(documents);
    let lowered = lower(&manifests, &answered(&manifests));
    assert_eq!(shown(&lowered), [""; 0]);
    lowered.desired.unwrap()
}

fn eligible(name: &str, rest: &str) -> String {
    document("EligibleAssignment", name, &format!("  role: {{directoryRole: Reader}}\n{rest}"))
}

#[test]
fn an_assignment_is_scopes_times_principals() {
    let scope = document("Scope", "emea", "  administrativeUnit: EMEA Users\n");
    let assignment = eligible(
        "a",
        "  scopes: [tenant, emea]\n  principals: [{user: u@c.example}, {group: g}]\n  schedule: {permanent: true}\n",
    );
    let desired = wanted(&[scope, assignment]);
    let keys: Vec<&AssignmentKey> = desired.assignments.keys().collect();
    assert_eq!(keys.len(), 4);
    let unit = DirectoryScope::AdministrativeUnit(ObjectId::new("EMEA Users"));
    assert!(keys.iter().all(|key| key.mode == Mode::Eligible));
    assert_eq!(
        keys.iter()
            .filter(|key| key.target == Target::Directory { role: RoleId::new("Reader"), scope: unit.clone() })
            .count(),
        2
    );
    let at = &desired.assignments.values().next().unwrap().at;
    assert_eq!((at.file.as_ref(), at.line), ("1.yaml", 7));
    assert_eq!(desired.tenant.limits.max_removals, 3);
    assert_eq!(desired.tenant.limits.max_removal_percent, 30);
    assert_eq!(desired.tenant.break_glass[0].value, PrincipalId::new("bg@c.example"));
    assert_eq!(desired.tenant.ownership.ignore.roles[0].value.id, RoleId::new("Directory Readers"));
}

#[test]
fn the_default_scope_of_a_directory_role_is_the_tenant() {
    let desired = wanted(&[eligible("a", "  principals: [{user: u@c.example}]\n  schedule: {permanent: true}\n")]);
    let key = desired.assignments.keys().next().unwrap();
    assert_eq!(key.target, Target::Directory { role: RoleId::new("Reader"), scope: DirectoryScope::Tenant });
}

#[test]
fn names_that_mean_nothing_or_too_much_are_errors_at_every_place() {
    let manifests = manifests(&[eligible(
        "a",
        "  principals: [{user: u@c.example}, {group: g}, {user: v@c.example}, {user: w@c.example}, {id: 6f0e5a00-0000-4000-8000-00000000000a, type: user}]\n  schedule: {permanent: true}\n",
    )]);
    let mut names = answered(&manifests);
    let user = |name: &str| Reference::new(NameKind::Principal(PrincipalType::User), Handle::Name(name.to_owned()));
    names.insert(user("u@c.example"), Lookup::None { similar: vec!["ú@c.example".to_owned()] });
    names.insert(
        Reference::new(NameKind::Principal(PrincipalType::Group), Handle::Name("g".to_owned())),
        Lookup::Several { candidates: vec!["g (1)".to_owned(), "g (2)".to_owned()] },
    );
    names.insert(user("v@c.example"), Lookup::Unreadable { why: "403".to_owned() });
    names.remove(&user("w@c.example"));
    let id = Reference::new(
        NameKind::Principal(PrincipalType::User),
        Handle::Id("6f0e5a00-0000-4000-8000-00000000000a".to_owned()),
    );
    let group = Principal { kind: Some(PrincipalType::Group), ..Principal::unknown(PrincipalId::new("x")) };
    names.insert(id, Lookup::One(Meaning::Principal(group)));
    let lowered = lower(&manifests, &names);
    assert_eq!(lowered.desired, None);
    assert_eq!(
        shown(&lowered),
        [
            "0.yaml:6:23 unknown-user: there is no user `u@c.example`",
            "0.yaml:6:45 ambiguous-name: the group `g` is not unique: 2 objects have that name",
            "0.yaml:6:56 unreadable-name: the user `v@c.example` could not be looked up: 403",
            "0.yaml:6:77 unreadable-name: the user `w@c.example` could not be looked up: it was not looked up",
            "0.yaml:6:96 wrong-principal-type: the user `id 6f0e5a00-0000-4000-8000-00000000000a` is a group",
        ]
    );
    assert_eq!(lowered.diagnostics[1].help.len(), 3, "candidates and the way out");
}

#[test]
fn two_names_of_one_object_are_one_declaration() {
    let first = eligible("a", "  principals: [{user: u@c.example}]\n  schedule: {permanent: true}\n");
    let id = "{id: 6f0e5a00-0000-4000-8000-00000000000a, type: user}";
    for (schedule, want) in [
        ("{permanent: true}", "1.yaml:6:16 duplicate-declaration"),
        ("{duration: P1D}", "1.yaml:6:16 conflicting-declaration"),
    ] {
        let second = eligible("b", &format!("  principals: [{id}]\n  schedule: {schedule}\n"));
        let manifests = manifests(&[first.clone(), second]);
        let mut names = answered(&manifests);
        for lookup in names.values_mut() {
            if let Lookup::One(Meaning::Principal(principal)) = lookup
                && principal.id != PrincipalId::new("bg@c.example")
                && principal.kind == Some(PrincipalType::User)
            {
                principal.id = PrincipalId::new("same");
            }
        }
        let lowered = lower(&manifests, &names);
        assert_eq!(shown(&lowered).len(), 1);
        assert!(shown(&lowered)[0].starts_with(want), "{:?}", shown(&lowered));
        assert_eq!(lowered.diagnostics[0].labels[0].at.file.as_ref(), "0.yaml");
        assert_eq!(lowered.desired.is_some(), schedule == "{permanent: true}");
    }
}

#[test]
fn later_profiles_win_and_own_fields_win_over_all() {
    let profile = |name: &str, spec: &str| document("SettingsProfile", name, spec);
    let one = profile(
        "one",
        "  activation:\n    maxDuration: PT1H\n    require: [ticket]\n    approval: {approvers: [{group: g}], timeoutDays: 3}\n",
    );
    let two = profile("two", "  activation:\n    maxDuration: PT2H\n    approval: {timeoutDays: default}\n");
    let settings = document(
        "RoleSettings",
        "s",
        "  appliesTo: [{directoryRole: Reader}, {group: t, access: owner}]\n  extends: [one, two]\n  activation: {require: []}\n  eligibleAssignment: {permanent: forbidden}\n  undeclared: serviceDefault\n",
    );
    let desired = wanted(&[one.clone(), two, settings]);
    assert_eq!(desired.settings.len(), 2);
    let settings = &desired.settings.values().next().unwrap().value;
    assert!(settings.undeclared_is_factory);
    let get = |field: SettingField| settings.fields.get(&field).map(|d| (d.at.file.as_ref(), d.at.line, &d.value));
    let hours = Want::Value(SettingValue::Period(Some("PT2H".parse().unwrap())));
    assert_eq!(get(SettingField::MaxDuration(Event::Activation)), Some(("1.yaml", 6, &hours)));
    let nothing = Want::Value(SettingValue::Requirements([].into()));
    assert_eq!(get(SettingField::Require(Event::Activation)), Some(("2.yaml", 7, &nothing)));
    assert_eq!(get(SettingField::ApprovalTimeout), Some(("1.yaml", 7, &Want::Factory)));
    assert_eq!(get(SettingField::Approvers).map(|found| found.1), Some(8));
    let forbidden = Want::Value(SettingValue::Flag(false));
    assert_eq!(get(SettingField::Permanent(Event::EligibleAssignment)), Some(("2.yaml", 8, &forbidden)));
    assert_eq!(get(SettingField::AuthenticationContext), None, "absent is not managed");

    let none = document(
        "RoleSettings",
        "n",
        "  appliesTo: [{directoryRole: Reader}]\n  extends: [one]\n  activation: {approval: none}\n",
    );
    let desired = wanted(&[one, none]);
    let fields = &desired.settings.values().next().unwrap().value.fields;
    assert_eq!(fields[&SettingField::ApprovalRequired].value, Want::Value(SettingValue::Flag(false)));
    assert!(!fields.contains_key(&SettingField::Approvers), "`none` replaces all of approval");
}

#[test]
fn settings_declared_twice_name_both_lines_and_the_field() {
    let settings = |name: &str, hours: u32| {
        let spec = format!("  appliesTo: [{{directoryRole: Reader}}]\n  activation: {{maxDuration: PT{hours}H}}\n");
        document("RoleSettings", name, &spec)
    };
    let files = manifests(&[settings("a", 1), settings("b", 2)]);
    let lowered = lower(&files, &answered(&files));
    assert_eq!(
        shown(&lowered),
        ["1.yaml:5:15 conflicting-declaration: two different declarations of the role settings of `Reader`"]
    );
    assert_eq!(lowered.diagnostics[0].labels.len(), 3);
    let files = manifests(&[settings("a", 1), settings("b", 1)]);
    assert_eq!(lower(&files, &answered(&files)).diagnostics[0].code, "duplicate-declaration");
}

#[test]
fn all_three_surfaces_lower() {
    let net = document("Scope", "net", "  subscription: prod\n  resourceGroup: RG-Net\n");
    let azure = document(
        "ActiveAssignment",
        "z",
        "  role: {azureRole: Owner}\n  scopes: [net]\n  principals: [{servicePrincipal: ci}]\n  schedule: {permanent: true}\n  purpose: serviceIdentity\n  condition: x\n",
    );
    let group = document(
        "EligibleAssignment",
        "g",
        "  role: {group: t0, access: member}\n  principals: [{group: ops}]\n  schedule: {duration: P1D, renewBefore: PT1H}\n",
    );
    let desired = wanted(&[net, azure, group]);
    let scope = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourcegroups/rg-net";
    let targets: Vec<&Target> = desired.assignments.keys().map(|key| &key.target).collect();
    assert!(targets.iter().any(|t| matches!(t, Target::Group { group, .. } if group.as_str() == "t0")));
    assert!(targets.iter().any(|t| matches!(t, Target::Azure { scope: s, .. } if s.as_str() == scope)));
}

#[test]
fn what_does_not_fit_the_surface_is_refused() {
    let scope = document("Scope", "sub", "  subscription: prod\n");
    let tail = "  principals: [{user: u@c.example}]\n  schedule: {permanent: true}\n";
    for (role, rest, want) in [
        ("{directoryRole: R}", "  scopes: [sub]\n", "1.yaml:6:12 wrong-scope"),
        ("{directoryRole: R}", "  scopes: [subb]\n", "1.yaml:6:12 unknown-scope"),
        ("{directoryRole: R}", "  scopes: [/nonsense]\n", "1.yaml:6:12 invalid-scope"),
        ("{directoryRole: R}", "  condition: x\n", "1.yaml:6:3 condition-on-wrong-surface"),
        ("{azureRole: R}", "", "1.yaml:4:1 missing-scopes"),
        ("{azureRole: R}", "  scopes: [tenant]\n", "1.yaml:6:12 wrong-scope"),
        ("{group: G, access: owner}", "  scopes: [tenant]\n", "1.yaml:6:3 wrong-scope"),
    ] {
        let manifests =
            manifests(&[scope.clone(), document("EligibleAssignment", "a", &format!("  role: {role}\n{rest}{tail}"))]);
        let lowered = lower(&manifests, &answered(&manifests));
        assert_eq!(shown(&lowered).len(), 1, "{:?}", shown(&lowered));
        assert!(shown(&lowered)[0].starts_with(want), "{:?}", shown(&lowered));
        assert_eq!(lowered.desired, None);
    }
}

#[test]
fn an_end_in_the_past_is_a_warning() {
    let schedule = "  principals: [{user: u@c.example}]\n  schedule: {end: 2026-11-20T00:00:00Z}\n";
    let manifests = manifests(&[eligible("a", schedule)]);
    let lowered = lower(&manifests, &answered(&manifests));
    assert_eq!(shown(&lowered), ["0.yaml:7:19 expired: the assignment ended at 2026-11-20T00:00:00Z"]);
    assert_eq!(lowered.desired.unwrap().assignments.len(), 1);
}

#[test]
fn custom_roles_have_the_id_they_have_or_will_ask_for() {
    let role = |name: &str, id: &str| {
        let spec =
            format!("{id}  displayName: Operator {name}\n  permissions: [microsoft.directory/users/basic/update]\n");
        document("DirectoryRoleDefinition", name, &spec)
    };
    let fixed = "6f0e5a00-0000-4000-8000-00000000000a";
    let documents = [role("a", ""), role("b", &format!("  id: {fixed}\n")), role("c", "")];
    let files = manifests(&documents);
    let names = answered(&files);
    let (roles, complaints) = files.declared_roles(&names, &Hierarchy::default());
    assert_eq!((roles.len(), complaints), (3, vec![]));
    let tenant = TenantId::new("5a9dbb0c-0000-4000-8000-000000000001");
    let live = RoleIds::from([((Surface::Directory, "c".to_owned()), RoleId::new("live"))]);
    let lowered = files.lower(&names, &Hierarchy::default(), &live, NOW.parse().unwrap());
    let mut want = [managed_role_id(&tenant, "DirectoryRoleDefinition", "a"), RoleId::new(fixed), RoleId::new("live")];
    want.sort();
    assert!(lowered.desired.unwrap().roles.keys().map(|key| &key.id).eq(want.iter()));
    let same = RoleIds::from([((Surface::Directory, "c".to_owned()), RoleId::new(fixed))]);
    let lowered = files.lower(&names, &Hierarchy::default(), &same, NOW.parse().unwrap());
    assert_eq!(lowered.diagnostics[0].code, "conflicting-declaration");
}

#[test]
fn nothing_is_wanted_when_something_could_not_be_read() {
    let text = format!("{TENANT}---\n{}  nonsense: 1\n", document("Scope", "x", "  managementGroup: m\n"));
    let manifests = read_sources(vec![("m.yaml".to_owned(), text)]);
    let lowered = lower(&manifests, &answered(&manifests));
    assert_eq!(lowered.desired, None);
    assert_eq!(lowered.diagnostics, manifests.diagnostics);
    let without = read_sources(vec![("m.yaml".to_owned(), document("Scope", "x", "  managementGroup: m\n"))]);
    assert_eq!(
        shown(&lower(&without, &answered(&without))),
        ["no-tenant: no Tenant manifest says which tenant is meant"]
    );
    let twice = read_sources(vec![("m.yaml".to_owned(), TENANT.to_owned()), ("n.yaml".to_owned(), TENANT.to_owned())]);
    let codes: Vec<_> = lower(&twice, &answered(&twice)).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["duplicate-name", "several-tenants"]);
}
