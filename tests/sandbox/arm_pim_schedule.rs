//! Lists of schedules and instances: what a scope shows, filters, versions (arm.md B.0, B.5, B.6).

use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, IVAN, OWNER, READER, SUBSCRIPTION, at, body, lasting, path, role};
use crate::client::{Client, options};

const CONTOSO: &str = "/providers/Microsoft.Management/managementGroups/contoso";

/// Returns the scope of a subscription by its display name.
pub(crate) async fn subscription(c: &Client, name: &str) -> String {
    let rows = c.get("/subscriptions?api-version=2022-12-01").await.rows().clone();
    let row = rows.iter().find(|row| row["displayName"] == name).unwrap();
    row["id"].as_str().unwrap().to_owned()
}

fn of<'a>(rows: &'a [Value], principal: &str, guid: &str) -> &'a Value {
    let is = |row: &&Value| {
        row["properties"]["principalId"] == principal
            && row["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(guid)
    };
    &rows.iter().find(is).unwrap_or_else(|| panic!("{principal} {guid}"))["properties"]
}

#[tokio::test]
async fn a_list_shows_what_is_at_above_and_below() {
    let c = Client::seeded(Seed::Contoso).await;
    let payroll = subscription(&c, "corp-payroll").await;
    let (alice, carol) = (c.id("users", "alice@contoso.example").await, c.id("users", "carol@contoso.example").await);
    let rows = c.get(&path(&payroll, "roleAssignmentSchedules")).await.rows().clone();
    // Assigned outside PIM: no request, no end, one GUID for all three.
    let plain = of(&rows, &carol, OWNER);
    assert_eq!((&plain["memberType"], &plain["assignmentType"]), (&json!("Direct"), &json!("Assigned")));
    assert!(plain.get("roleAssignmentScheduleRequestId").is_none() && plain.get("endDateTime").is_none());
    let instances = c.get(&path(&payroll, "roleAssignmentScheduleInstances")).await.rows().clone();
    let name = |rows: &[Value]| {
        rows.iter().find(|row| row["properties"]["principalId"] == carol.as_str()).unwrap()["name"].clone()
    };
    assert_eq!(name(&rows), name(&instances));
    // Inherited from the management group: the role has the tenant's id, and the first version says Direct.
    let inherited = of(&rows, &alice, READER);
    assert_eq!((&inherited["scope"], &inherited["memberType"]), (&json!(CONTOSO), &json!("Inherited")));
    assert_eq!(inherited["roleDefinitionId"], format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}"));
    assert_eq!(
        inherited["expandedProperties"]["scope"],
        json!({"id": CONTOSO, "displayName": "Contoso", "type": "managementgroup"})
    );
    let old = c.get(&at(&payroll, "roleAssignmentSchedules", "2020-10-01-preview")).await.rows().clone();
    assert_eq!(of(&old, &alice, READER)["memberType"], "Direct");
    // PIM's own principal is there too.
    assert!(rows.iter().any(|row| row["properties"]["expandedProperties"]["principal"]["displayName"] == "MS-PIM"));

    // Below: a resource group's row in the list of its subscription and of a management group above.
    let shop = subscription(&c, "online-shop").await;
    let deployer = c.id("servicePrincipals", "CI Deployer").await;
    for scope in [shop.as_str(), CONTOSO, ""] {
        let rows = c.get(&path(scope, "roleAssignmentSchedules")).await.rows().clone();
        let row = of(&rows, &deployer, CONTRIBUTOR);
        assert_eq!(
            (&row["scope"], &row["memberType"]),
            (&json!(format!("{shop}/resourceGroups/rg-shop-web")), &json!("Direct"))
        );
        assert_eq!(row["principalType"], "ServicePrincipal");
    }
    let rows = c.get(&path(&payroll, "roleAssignmentSchedules")).await.rows().clone();
    assert!(rows.iter().all(|row| row["properties"]["principalId"] != deployer.as_str()));
}

#[tokio::test]
async fn filters_say_which() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let connectivity = subscription(&c, "prod-connectivity").await;
    let (bob, dave) = (c.id("users", "bob@contoso.example").await, c.id("users", "dave@contoso.example").await);
    let list = async |c: &Client, scope: &str, rest: &str| c.get(&path(scope, rest)).await.rows().clone();
    let all = list(&c, &connectivity, "roleEligibilitySchedules").await;
    assert_eq!(all.len(), 2);
    let here = list(&c, &connectivity, "roleEligibilitySchedules?$filter=atScope()").await;
    assert_eq!(here.iter().map(|row| &row["properties"]["principalId"]).collect::<Vec<_>>(), [&json!(bob)]);
    let by = format!("roleEligibilitySchedules?$filter=(principalId eq '{dave}') and atScope()");
    assert!(list(&c, &connectivity, &by).await.is_empty());
    let by = format!("roleEligibilitySchedules?$filter=principalId eq '{}'", dave.to_uppercase());
    assert_eq!(list(&c, &connectivity, &by).await.len(), 1);
    let other = role(CONTRIBUTOR).to_uppercase();
    let by = format!("roleEligibilitySchedules?$filter=principalId eq '{bob}' and roleDefinitionId eq '{other}'");
    assert_eq!(list(&c, &connectivity, &by).await.len(), 1);
    for bad in ["status ne 'Granted'", "createdOn eq 'x'", "atScope() or asTarget()"] {
        assert_eq!(
            c.get(&path(&connectivity, &format!("roleEligibilitySchedules?$filter={bad}"))).await.status,
            400,
            "{bad}"
        );
    }
    // Through a group a row is the member's.
    let shop = subscription(&c, "online-shop").await;
    let ivan = c.id("users", IVAN).await;
    let to = list(&c, &shop, &format!("roleEligibilityScheduleInstances?$filter=assignedTo('{ivan}')")).await;
    let p = &to[0]["properties"];
    assert_eq!(
        (to.len(), &p["principalId"], &p["memberType"], &p["principalType"]),
        (1, &json!(ivan), &json!("Group"), &json!("User"))
    );
    // One's own rows need no rights, all others do.
    c.act_as(json!({"user": IVAN})).await;
    let denied = c.get(&path(&shop, "roleEligibilitySchedules")).await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "InsufficientPermissions"));
    assert_eq!(
        denied.body["error"]["message"],
        format!(
            "The requestor {ivan} does not have permissions for this request. Please use $filter=asTarget() to filter on the requestor's assignments."
        )
    );
    assert_eq!(list(&c, &shop, "roleEligibilitySchedules?$filter=asTarget()").await.len(), 1);
    assert_eq!(list(&c, "", "roleEligibilityScheduleInstances?$filter=asTarget()").await.len(), 1);
}

#[tokio::test]
async fn lists_follow_the_hierarchy_when_it_changes() {
    let c = Client::seeded(Seed::Contoso).await;
    let payroll = subscription(&c, "corp-payroll").await;
    let (grace, alice) = (c.id("users", "grace@contoso.example").await, c.id("users", "alice@contoso.example").await);
    let corp = "/providers/Microsoft.Management/managementGroups/corp";
    let root = "/providers/Microsoft.Management/managementGroups/5a9dbb0c-0000-4000-8000-000000000001";
    let has = async |scope: &str, principal: &str| {
        let eligible = c.get(&path(scope, "roleEligibilitySchedules")).await.rows().clone();
        let active = c.get(&path(scope, "roleAssignmentSchedules")).await.rows().clone();
        eligible.iter().chain(&active).any(|row| row["properties"]["principalId"] == principal)
    };
    assert!(has(corp, &grace).await && has(&payroll, &alice).await);
    let moved =
        c.arm_put(&format!("{root}/subscriptions/{}?api-version=2023-04-01", &payroll[15..]), Value::Null).await;
    assert!([200, 204].contains(&moved.status), "{}", moved.body);
    assert!(!has(corp, &grace).await && !has(&payroll, &alice).await);
}

#[tokio::test]
async fn pages_follow_their_links() {
    let c = Client::start(SandboxOptions { page_size: Some(2), ..options(Seed::Contoso) }).await;
    let mut url = path("", "roleAssignmentSchedules?$filter=atScopeAndBelow()");
    let mut names = Vec::new();
    loop {
        let got = c.get(&url).await;
        assert!(got.rows().len() <= 2);
        names.extend(got.rows().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        let Some(next) = got.body["nextLink"].as_str() else { break };
        url = next.to_owned();
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert!(count > 6 && names.len() == count);
    let policies = c.get(&path(SUBSCRIPTION, "roleManagementPolicyAssignments")).await;
    assert_eq!(policies.rows().len(), 2);
    let next = c.get(policies.body["nextLink"].as_str().unwrap()).await;
    assert_ne!(next.rows()[0]["name"], policies.rows()[0]["name"]);
}

#[tokio::test]
async fn rows_are_read_by_name_where_they_are_in_sight() {
    let c = Client::seeded(Seed::Contoso).await;
    let rows = c.get(&path(SUBSCRIPTION, "roleEligibilitySchedules")).await.rows().clone();
    let one = &rows[0];
    let name = one["name"].as_str().unwrap();
    let upper = name.to_uppercase();
    assert_eq!(
        &c.get(&path(&SUBSCRIPTION.to_uppercase(), &format!("ROLEELIGIBILITYSCHEDULES/{upper}"))).await.body["name"],
        &one["name"]
    );
    let shop = subscription(&c, "online-shop").await;
    assert_eq!(c.get(&path(&shop, &format!("roleEligibilitySchedules/{name}"))).await.status, 404);
    // Frank's begins in 20 days: wanted, not in force.
    let frank = c.id("users", "frank@contoso.example").await;
    assert_eq!(of(&rows, &frank, READER)["status"], "Granted");
    let instances = c.get(&path(SUBSCRIPTION, "roleEligibilityScheduleInstances")).await.rows().clone();
    assert!(instances.iter().all(|row| row["properties"]["principalId"] != frank.as_str()));
    // They are read only.
    let url = path(SUBSCRIPTION, &format!("roleEligibilitySchedules/{name}"));
    assert_eq!(c.delete(&url).await.status, 501);
}

#[tokio::test]
async fn plain_and_pim_know_each_other() {
    let c = Client::seeded(Seed::Contoso).await;
    let erin = c.id("users", "erin@contoso.example").await;
    let name = crate::arm_pim::guid(77);
    let plain = json!({"properties": {"principalId": erin, "roleDefinitionId": role(READER), "principalType": "User"}});
    let url = at(SUBSCRIPTION, &format!("roleAssignments/{name}"), "2022-04-01");
    let sent = |kind: &str, schedule: Value| body(kind, &erin, READER, schedule);
    assert_eq!(c.put_request("Assignment", SUBSCRIPTION, 1, sent("AdminAssign", lasting("P9D"))).await.status, 201);
    let twice = c.arm_put(&url, plain.clone()).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "RoleAssignmentExists"));
    c.advance(301);
    assert_eq!(c.put_request("Assignment", SUBSCRIPTION, 2, sent("AdminRemove", Value::Null)).await.status, 201);
    // The other way round: what was assigned outside PIM is held, can be changed by PIM, and removed.
    assert_eq!(c.arm_put(&url, plain).await.status, 201);
    let held = c.put_request("Assignment", SUBSCRIPTION, 3, sent("AdminAssign", lasting("P9D"))).await;
    assert_eq!(held.code(), "RoleAssignmentExists");
    let early = c.put_request("Assignment", SUBSCRIPTION, 4, sent("AdminRemove", Value::Null)).await;
    assert_eq!(early.code(), "ActiveDurationTooShort");
    assert_eq!(c.put_request("Assignment", SUBSCRIPTION, 5, sent("AdminUpdate", lasting("P9D"))).await.status, 201);
    let rows = c.held("roleAssignmentScheduleInstances", SUBSCRIPTION, &erin, READER).await;
    assert_eq!((rows.len(), &rows[0]["name"]), (1, &json!(name)));
    assert!(rows[0]["properties"]["endDateTime"].is_string());
    assert_eq!(c.get(&url).await.status, 200);
    c.advance(301);
    assert_eq!(c.put_request("Assignment", SUBSCRIPTION, 6, sent("AdminRemove", Value::Null)).await.status, 201);
    assert_eq!(c.get(&url).await.status, 404);
}
