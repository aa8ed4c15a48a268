//! What must raise nothing: the examples, and manifests that go exactly as far as a limit.

use std::path::Path;

use rolewright::manifest::{Manifests, validate, validate_sources};
use rolewright::render::diagnostic;

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";

fn show(manifests: &Manifests) -> String {
    diagnostic::text(&manifests.diagnostics, &|file: &str| manifests.sources.text(file), false)
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("---\napiVersion: rolewright/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

fn tenant(more: &str) -> String {
    document("Tenant", "contoso", &format!("{{tenantId: 5a9dbb0c-0000-4000-8000-000000000001{more}}}"))
}

fn settings(name: &str, spec: &str) -> String {
    document("RoleSettings", name, &format!("{{appliesTo: [{{directoryRole: User Administrator}}], {spec}}}"))
}

fn assignment(name: &str, spec: &str) -> String {
    document(
        "EligibleAssignment",
        name,
        &format!("{{role: {{directoryRole: User Administrator}}, principals: [{{group: sg-{name}}}], {spec}}}"),
    )
}

fn azure_role(name: &str, display: &str, more: &str, permissions: &str, scopes: &str) -> String {
    document(
        "AzureRoleDefinition",
        name,
        &format!("{{displayName: {display}, {more} permissions: {{{permissions}}}, assignableScopes: [{scopes}]}}"),
    )
}

#[test]
fn limits_may_be_reached() {
    let start = "actions: [Microsoft.Compute/virtualMachines/start/action]";
    let many_scopes: Vec<String> = (0..2_000).map(|i| format!("{SUBSCRIPTION}/resourceGroups/rg{i}")).collect();
    let recipients: Vec<String> = (0..1_000).map(|i| format!("u{i}@contoso.example")).collect();
    let roles: String = (0..100)
        .map(|i| {
            let spec = format!(
                "{{displayName: App Operator {i}, permissions: [microsoft.directory/applications/basic/update]}}"
            );
            document("DirectoryRoleDefinition", &format!("r{i}"), &spec)
        })
        .collect();
    let admins: Vec<String> = (0..4).map(|i| format!("{{user: admin{i}@contoso.example}}")).collect();
    let guard = "!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}) OR ";
    let condition = format!("{guard}@Resource[a:b] StringEquals '{}'", "x".repeat(8192 - 30 - guard.len()));
    assert_eq!(condition.len(), 8192);
    for (what, text) in [
        ("a name of 512 characters", azure_role("a", &"é".repeat(512), "", start, SUBSCRIPTION)),
        (
            "a description of 2048",
            azure_role("a", "A", &format!("description: {},", "y".repeat(2048)), start, SUBSCRIPTION),
        ),
        ("2,000 scopes", azure_role("a", "A", "", start, &many_scopes.join(", "))),
        ("one wildcard", azure_role("a", "A", "", "actions: [Microsoft.Compute/*/read]", SUBSCRIPTION)),
        (
            "one management group",
            azure_role("a", "A", "", start, "/providers/Microsoft.Management/managementGroups/corp"),
        ),
        ("a true subset", azure_role("a", "A", "basedOn: Virtual Machine Contributor,", start, SUBSCRIPTION)),
        ("100 directory roles", roles),
        ("24 hours", settings("a", "activation: {maxDuration: PT24H}")),
        ("a day is 24 hours", settings("a", "activation: {maxDuration: P1D}")),
        ("half an hour", settings("a", "activation: {maxDuration: PT30M}")),
        ("90 minutes", settings("a", "activation: {maxDuration: PT90M}")),
        ("a year", settings("a", "eligibleAssignment: {permanent: forbidden, maxDuration: P365D}")),
        (
            "1,000 recipients",
            settings(
                "a",
                &format!("notifications: {{activation: {{admin: {{recipients: [{}]}}}}}}", recipients.join(", ")),
            ),
        ),
        ("clearing approver mail", settings("a", "notifications: {activation: {approver: {recipients: []}}}")),
        ("clearing demands", settings("a", "eligibleAssignment: {require: []}")),
        ("a context without MFA", settings("a", "activation: {authenticationContext: c1, require: [justification]}")),
        (
            "no context with MFA",
            settings("a", "activation: {authenticationContext: none, require: [multiFactorAuthentication]}"),
        ),
        ("fallback on a directory role", settings("a", "activation: {approval: {approvers: fallback}}")),
        ("no approval", settings("a", "activation: {approval: none}")),
        ("one day to approve", settings("a", "activation: {approval: {approvers: [{group: sg-a}], timeoutDays: 1}}")),
        ("five minutes", assignment("a", "schedule: {start: 2027-06-30T00:00:00Z, end: 2027-06-30T00:05:00Z}")),
        ("renewal", assignment("a", "schedule: {duration: P30D, renewBefore: P29D}")),
        (
            "as long as the settings allow",
            settings("a", "eligibleAssignment: {permanent: forbidden, maxDuration: P180D}")
                + &assignment("b", "schedule: {duration: P180D, renewBefore: P14D}"),
        ),
        (
            "permanent where nobody forbids it",
            settings("a", "eligibleAssignment: {permanent: default}") + &assignment("b", "schedule: {permanent: true}"),
        ),
        (
            "four Global Administrators",
            document(
                "EligibleAssignment",
                "a",
                &format!(
                    "{{role: {{directoryRole: Global Administrator}}, principals: [{}], schedule: {{permanent: true}}}}",
                    admins.join(", ")
                ),
            ),
        ),
        (
            "a condition of 8 KB",
            document(
                "EligibleAssignment",
                "a",
                &format!(
                    "{{role: {{azureRole: Reader}}, scopes: [{SUBSCRIPTION}], principals: [{{group: sg-a}}], schedule: {{permanent: true}}, condition: \"{condition}\", conditionVersion: \"2.0\"}}"
                ),
            ) + &document(
                "RoleSettings",
                "a",
                &format!(
                    "{{appliesTo: [{{azureRole: Reader, scopes: [{SUBSCRIPTION}]}}], activation: {{maxDuration: PT1H}}}}"
                ),
            ),
        ),
        (
            "the same role for two people, and at two scopes",
            document("Scope", "emea", "{administrativeUnit: EMEA Users}")
                + &assignment("a", "schedule: {permanent: true}")
                + &assignment("b", "scopes: [tenant, emea], schedule: {permanent: true}"),
        ),
        (
            "one role eligible and active",
            assignment("a", "schedule: {permanent: true}")
                + &document(
                    "ActiveAssignment",
                    "a",
                    "{role: {directoryRole: User Administrator}, principals: [{group: sg-a}], schedule: {permanent: true}, purpose: criticalInfrastructure}",
                ),
        ),
        (
            "member and owner settings of one group",
            document(
                "RoleSettings",
                "a",
                "{appliesTo: [{group: sg-a, access: member}], activation: {maxDuration: PT1H}}",
            ) + &document(
                "RoleSettings",
                "b",
                "{appliesTo: [{group: sg-a, access: owner}], activation: {maxDuration: PT2H}}",
            ),
        ),
    ] {
        let manifests = validate_sources(vec![("a.yaml".to_owned(), text), ("tenant.yaml".to_owned(), tenant(""))]);
        assert!(manifests.diagnostics.is_empty(), "{what}:\n{}", show(&manifests));
    }
}

#[test]
fn ownership_and_break_glass() {
    for (what, more, text) in [
        (
            "narrow before broad",
            ", ownership: [{directoryRoles: [User Administrator]}, {directoryRoles: [\"*\"]}]",
            String::new(),
        ),
        // globs never match what only names may own
        (
            "a reserved role after a glob",
            ", ownership: [{directoryRoles: [\"*\"]}, {directoryRoles: [Directory Synchronization Accounts]}]",
            String::new(),
        ),
        (
            "surfaces do not shadow each other",
            ", ownership: [{directoryRoles: [\"*\"]}, {groups: [\"*\"]}]",
            String::new(),
        ),
        ("break-glass where nothing is owned", ", breakGlass: [{user: bg@contoso.example}]", String::new()),
        (
            "break-glass by id and by name may be the same",
            ", ownership: [{directoryRoles: [\"*\"], assignments: authoritative}], breakGlass: [{user: bg@contoso.example}]",
            document(
                "ActiveAssignment",
                "bg",
                "{role: {directoryRole: Global Administrator}, principals: [{id: 6f0e5a00-0000-4000-8000-00000000000a, type: user}], schedule: {permanent: true}, purpose: breakGlass}",
            ),
        ),
    ] {
        let sources = vec![("a.yaml".to_owned(), text), ("tenant.yaml".to_owned(), tenant(more))];
        let manifests = validate_sources(sources);
        assert!(manifests.diagnostics.is_empty(), "{what}:\n{}", show(&manifests));
    }
}

#[test]
fn the_examples_are_without_fault() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["contoso", "language"] {
        let manifests = validate(&examples.join(name));
        assert!(manifests.diagnostics.is_empty(), "{name}:\n{}", show(&manifests));
    }
}
