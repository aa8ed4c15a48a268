//! The tenant that is tampered with, and the plan that was saved before: every kind of change on all three surfaces, in as few roles,
//! groups and scopes as that takes.

use serde_json::{Value, json};

use crate::azure_words::{self, ROOT_GROUP, SUBSCRIPTION, at};
use crate::group_words;
use crate::manifest::{role, settings};
use crate::stage::{Stage, tenant};
use crate::words::{active, eligible, permanent, until};

/// How many hours into the story the plan was saved.
const HOURS: i64 = 2;
/// The resource group that is owned.
pub(super) const SCOPE: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg-app";
pub(super) const CONDITION: &str = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'logs'))";
const READ: &str = "microsoft.directory/applications/standard/read";
const UPDATE: &str = "microsoft.directory/applications/basic/update";
const AUTUMN: &str = "{end: 2026-09-01T00:00:00Z}";

/// A tenant at the instant at which its plan was saved.
pub(super) struct Saved {
    folder: tempfile::TempDir,
    pub(super) plan: Value,
}

impl Saved {
    /// Makes the tenant and saves the plan of the reading application.
    pub(super) fn new() -> Self {
        let stage = Stage::new();
        people(&stage);
        directory(&stage);
        groups(&stage);
        azure(&stage);
        stage.advance(HOURS);
        declare(&stage);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        stage.run(&["plan", "--out", &file.to_string_lossy()]).exits(0);
        let plan = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        std::fs::write(folder.path().join("state.json"), stage.running().state_json().to_string()).unwrap();
        Self { folder, plan }
    }

    /// Returns a stage with the tenant as it was then.
    pub(super) fn stage(&self) -> Stage {
        let stage = Stage::with(|options| {
            options.seed = rolewright::sandbox::Seed::File(self.folder.path().join("state.json"));
        });
        stage.advance(HOURS);
        stage
    }

    /// Returns the file of the plan.
    pub(super) fn file(&self) -> String {
        self.folder.path().join("plan.json").to_string_lossy().into_owned()
    }
}

fn people(stage: &Stage) {
    for name in ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"] {
        stage.user(name);
    }
    stage.unit("EMEA");
    stage.group("sg-ops", true);
    stage.group("sg-approvers", false);
    stage.group("sg-tier", true);
    stage.group("sg-net", false);
    stage.group("sg-other", true);
    for (group, access, name) in [
        ("sg-ops", "member", "bob"),
        ("sg-ops", "member", "erin"),
        ("sg-ops", "owner", "frank"),
        ("sg-approvers", "member", "grace"),
        ("sg-approvers", "member", "heidi"),
        ("sg-net", "member", "bob"),
        ("sg-net", "member", "grace"),
    ] {
        stage.link((&group_id(stage, group), access), &stage.id_of(name));
    }
}

/// Returns the object id of a group.
pub(super) fn group_id(stage: &Stage, name: &str) -> String {
    let found = stage.admin("GET", &format!("/groups?$filter=displayName eq '{name}'"), None);
    found["value"][0]["id"].as_str().unwrap().to_owned()
}

/// Makes a custom role of the directory at the portal.
pub(super) fn directory_role(stage: &Stage, name: &str) {
    let body = json!({ "displayName": name, "description": "By hand", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": [READ] }] });
    stage.admin("POST", "/roleManagement/directory/roleDefinitions", Some(body));
}

/// Makes a custom role of Azure at the portal.
pub(super) fn azure_role(stage: &Stage, name: &str) {
    let body = json!({ "properties": { "roleName": name, "description": "By hand", "type": "CustomRole",
        "assignableScopes": [SUBSCRIPTION],
        "permissions": [{ "actions": ["Microsoft.Compute/virtualMachines/read"] }] } });
    let path = at(SUBSCRIPTION, &format!("roleDefinitions/{}", uuid::Uuid::new_v4()), "2022-04-01");
    stage.arm_admin("PUT", &path, Some(body));
}

fn directory(stage: &Stage) {
    for name in ["App Operator", "Watch Operator", "Old Operator", "Other Operator", "Spare Operator"] {
        directory_role(stage, name);
    }
    let grant = |mode: &str, role: &str, name: &str, info: Value| {
        stage.request(mode, "adminAssign", role, &stage.id_of(name), "/", info);
    };
    grant("eligible", "App Operator", "carol", permanent());
    grant("eligible", "Groups Administrator", "dave", permanent());
    grant("eligible", "Security Reader", "carol", until("2026-08-01T00:00:00Z"));
    grant("eligible", "Security Reader", "dave", until("2026-06-11T00:00:00Z"));
    grant("eligible", "Reports Reader", "bob", permanent());
    grant("eligible", "Other Operator", "heidi", permanent());
    grant("eligible", "Spare Operator", "ivan", permanent());
    let later = json!({ "startDateTime": "2026-06-01T22:00:00Z",
        "expiration": { "type": "afterDateTime", "endDateTime": "2026-07-01T00:00:00Z" } });
    grant("eligible", "Reports Reader", "heidi", later);
    stage.assign_plainly("Reports Reader", &stage.id_of("carol"), "/");
    let demand = |role: &str, rules: Value| {
        let mut rule = stage.rules(role)["Enablement_EndUser_Assignment"].clone();
        rule["enabledRules"] = rules;
        stage.write_rule(role, rule);
    };
    demand("Groups Administrator", json!(["Justification", "MultiFactorAuthentication"]));
}

fn groups(stage: &Stage) {
    let tier = group_id(stage, "sg-tier");
    let give = |mode: &str, name: &str, end: &str| {
        stage.in_group(mode, "adminAssign", (&tier, "member"), &stage.id_of(name), until(end));
    };
    give("active", "erin", "2026-07-01T00:00:00Z");
    give("eligible", "heidi", "2026-07-01T00:00:00Z");
    give("eligible", "frank", "2026-07-01T00:00:00Z");
    let other = group_id(stage, "sg-other");
    stage.in_group("eligible", "adminAssign", (&other, "member"), &stage.id_of("ivan"), until("2026-07-01T00:00:00Z"));
    stage.request("active", "adminAssign", "Printer Administrator", &tier, "/", until("2026-08-01T00:00:00Z"));
    stage.request("eligible", "adminAssign", "Other Operator", &tier, "/", until("2026-08-01T00:00:00Z"));
}

fn azure(stage: &Stage) {
    stage.management_group("corp", "Corp", ROOT_GROUP);
    let corp = "/providers/Microsoft.Management/managementGroups/corp";
    stage.subscription("inside", "inside", corp);
    stage.subscription("outside", "outside", ROOT_GROUP);
    stage.resource_group(SUBSCRIPTION, "rg-app");
    stage.resource_group(SUBSCRIPTION, "rg-misc");
    for name in ["VM Operator", "VM Watcher", "VM Other"] {
        azure_role(stage, name);
    }
    let give = |role: &str, name: &str, end: &str| {
        let info = azure_words::until(end);
        stage.azure_request("eligible", "AdminAssign", role, &stage.id_of(name), SCOPE, info);
    };
    give("Contributor", "bob", "2026-07-01T00:00:00Z");
    give("VM Operator", "dave", "2026-06-11T00:00:00Z");
    let body = json!({ "properties": {
        "requestType": "AdminAssign", "principalId": stage.id_of("carol"), "justification": "story",
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", stage.azure_role("Storage Blob Data Reader")),
        "scheduleInfo": azure_words::until("2026-09-01T00:00:00Z"),
        "condition": CONDITION, "conditionVersion": "2.0" } });
    let path = azure_words::pim(SCOPE, &format!("roleEligibilityScheduleRequests/{}", uuid::Uuid::new_v4()));
    stage.arm_admin("PUT", &path, Some(body));
    stage.azure_assign_plainly("Reader", &stage.id_of("heidi"), SCOPE, None);
}

/// Writes the manifests of the plan.
pub(super) fn declare(stage: &Stage) {
    stage.write(
        "tenant.yaml",
        &tenant(
            "  ownership:
    - {directoryRoles: [Security Reader, Reports Reader, Old Operator], assignments: authoritative, roleDefinitions: authoritative}
    - {groups: [sg-tier], assignments: authoritative}
    - {azureScopes: [app], assignments: authoritative}
  limits: {maxRemovalPercent: 100}
",
        ),
    );
    let user = |name: &str| format!("[{{user: {name}@contoso.example}}]");
    let unit = azure_words::scope("emea", "administrativeUnit: EMEA")
        + &eligible("unit", "Authentication Administrator", &user("alice"), AUTUMN)
        + "  scopes: [emea]\n";
    let approval = "activation:\n  maxDuration: PT4H\n  approval: {approvers: [{group: sg-approvers}]}";
    let directory = [
        role("app-operator", "App Operator", &[READ, UPDATE], ""),
        role("desk-operator", "Desk Operator", &[UPDATE], "description: Desk"),
        settings("Helpdesk Administrator", approval),
        settings("Groups Administrator", "activation: {require: [justification]}"),
        eligible("users", "User Administrator", &user("alice"), AUTUMN),
        eligible("help", "Helpdesk Administrator", &user("carol"), AUTUMN),
        eligible("ops", "Groups Administrator", "[{group: sg-ops}]", AUTUMN),
        unit,
        eligible("longer", "Security Reader", &user("carol"), "{end: 2026-10-01T00:00:00Z}"),
        eligible("renewed", "Security Reader", &user("dave"), "{duration: P90D, renewBefore: P14D}"),
        active("standing", "Directory Readers", &user("erin"), AUTUMN),
        eligible("watch", "Watch Operator", &user("erin"), AUTUMN),
    ];
    stage.write("directory.yaml", &directory.concat());
    let groups = [
        group_words::settings("tier", "sg-tier:member", "activation: {maxDuration: PT2H}"),
        group_words::eligible("tier-alice", "sg-tier:member", &user("alice"), AUTUMN),
        group_words::active("tier-erin", "sg-tier:member", &user("erin"), "{end: 2026-08-01T00:00:00Z}"),
        group_words::eligible("tier-frank", "sg-tier:member", &user("frank"), "{end: 2026-07-01T00:00:00Z}"),
    ];
    stage.write("groups.yaml", &groups.concat());
    let condition = |text: &str| format!("  condition: {}\n", json!(text));
    let blobs = "Storage Blob Data Reader";
    let actions = "{actions: [Microsoft.Compute/virtualMachines/read, Microsoft.Compute/virtualMachines/start/action]}";
    let azure = [
        azure_words::scope("app", "subscription: prod-core, resourceGroup: rg-app"),
        azure_words::scope("corp", "managementGroup: corp"),
        azure_words::role("vm-operator", "VM Operator", actions, &format!("[{SUBSCRIPTION}]"), ""),
        azure_words::settings("reader", "Contributor", "[app]", "activation: {maxDuration: PT4H}"),
        azure_words::eligible("blobs-alice", blobs, "[app]", &user("alice"), AUTUMN),
        condition(CONDITION),
        azure_words::eligible("blobs-carol", blobs, "[app]", &user("carol"), AUTUMN),
        condition(&CONDITION.replace("'logs'", "'reports'")),
        azure_words::eligible("vms", "VM Operator", "[app]", &user("dave"), "{duration: P90D, renewBefore: P14D}"),
        azure_words::active("net", "VM Watcher", "[app]", "[{group: sg-net}]", AUTUMN),
        azure_words::eligible("corp-reader", "Reader", "[corp]", &user("frank"), AUTUMN),
    ];
    stage.write("azure.yaml", &azure.concat());
}

/// Returns the scope of a subscription by its name.
pub(super) fn subscription(stage: &Stage, name: &str) -> String {
    let all = stage.arm_admin("GET", "/subscriptions?api-version=2022-12-01", None);
    let rows = all["value"].as_array().unwrap();
    rows.iter().find(|row| row["displayName"] == name).unwrap()["id"].as_str().unwrap().to_owned()
}
