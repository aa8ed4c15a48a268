//! Users, groups, units, applications: lookups, set-up, and what lists allow (E15 too).

use rolewright::sandbox::Seed;
use serde_json::json;

use crate::client::{Client, DIRECTORY};

#[tokio::test]
async fn names_are_looked_up_as_documented() {
    let c = Client::seeded(Seed::Contoso).await;
    let alice = c.get("/v1.0/users/alice@contoso.example").await.body;
    assert_eq!((alice["displayName"].as_str(), alice.get("accountEnabled")), (Some("Alice Adams"), None));
    let id = alice["id"].as_str().unwrap();
    assert_eq!(c.get(&format!("/v1.0/users/{id}?$select=id,accountEnabled")).await.body["accountEnabled"], true);
    assert_eq!(c.id("users", "ivan_fabrikam.example#EXT#@contoso.example").await.len(), 36);
    let got = c.get("/v1.0/users/nobody@contoso.example").await;
    assert_eq!((got.status, got.code().as_str()), (404, "Request_ResourceNotFound"));
    assert_eq!(c.get("/v1.0/groups?$filter=displayName eq 'SG-Project-X'").await.rows().len(), 2);
    assert!(
        c.get("/v1.0/roleManagement/directory/roleDefinitions?$filter=displayName eq 'reports reader'")
            .await
            .rows()
            .is_empty()
    );
    let app = c.get("/v1.0/applications?$filter=displayName eq 'Payroll App'").await.rows()[0]["appId"]
        .as_str()
        .unwrap()
        .to_owned();
    let principal = c.get(&format!("/v1.0/servicePrincipals(appId='{app}')")).await.body;
    assert_eq!(principal["appId"], app.as_str());
    // Microsoft's command line looks assignees up by this.
    let named = c.get(&format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{app}')")).await;
    assert_eq!((named.rows().len(), &named.rows()[0]["id"]), (1, &principal["id"]));
    let bob = c.id("users", "bob@contoso.example").await;
    let some = c.get(&format!("/v1.0/users?$filter=id in ('{id}','{bob}')&$select=id,userType")).await;
    assert_eq!(some.rows().len(), 2);
    let ids = c
        .post(
            "/v1.0/directoryObjects/getByIds",
            json!({"ids": [id, principal["id"], "00000000-0000-0000-0000-000000000000"]}),
        )
        .await;
    let kinds: Vec<_> = ids.rows().iter().map(|row| row["@odata.type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["#microsoft.graph.user", "#microsoft.graph.servicePrincipal"]);
}

#[tokio::test]
async fn undocumented_queries_are_refused() {
    let c = Client::seeded(Seed::Contoso).await;
    for path in [
        "/v1.0/users?$filter=jobTitle eq 'x'",
        "/v1.0/users?$filter=displayName ne 'x'",
        "/v1.0/users?$search=\"displayName:a\"",
        "/v1.0/users?$skip=1",
        "/v1.0/users?$select=shoeSize",
        "/v1.0/users?$expand=manager",
        "/v1.0/users?$filter=displayName eq",
        "/v1.0/groups?$top=0",
        "/v1.0/groups?api-version=1",
        "/v1.0/roleManagement/directory/roleDefinitions?$filter=startsWith(displayName,'a')",
        "/v1.0/roleManagement/directory/roleDefinitions?$select=isPrivileged",
        "/v1.0/roleManagement/directory/roleEligibilitySchedules?$top=5",
        "/v1.0/roleManagement/directory/roleEligibilitySchedules?$filter=createdDateTime ge 2026-01-01T00:00:00Z",
        "/v1.0/roleManagement/directory/roleEligibilitySchedules?$expand=activatedUsing",
    ] {
        assert_eq!(c.get(path).await.status, 400, "{path}");
    }
    assert_eq!(c.advanced("/v1.0/users?$filter=displayName ne 'x'&$count=true&$top=1").await.body["@odata.count"], 13);
    assert_eq!(c.advanced("/v1.0/users?$search=\"displayName:Alice\"&$count=true").await.rows().len(), 1);
    let beta = c.get("/beta/roleManagement/directory/roleDefinitions?$filter=startsWith(displayName,'Global')&$select=displayName,isPrivileged").await;
    assert!(beta.rows().iter().all(|row| row["isPrivileged"].is_boolean()));
}

#[tokio::test]
async fn a_tenant_is_set_up_through_the_api() {
    let c = Client::seeded(Seed::Empty).await;
    let user = json!({"displayName": "Zoë 🦊 O'Neil", "userPrincipalName": "zoe@contoso.example", "accountEnabled": true,
        "mailNickname": "zoe", "passwordProfile": {"password": "x"}});
    let got = c.post("/v1.0/users", user.clone()).await;
    assert_eq!((got.status, got.body.get("passwordProfile")), (201, None), "{}", got.body);
    let id = got.body["id"].as_str().unwrap().to_owned();
    assert_eq!(c.post("/v1.0/users", user).await.status, 400);
    assert_eq!(c.get("/v1.0/users?$filter=displayName eq 'Zoë 🦊 O''Neil'").await.rows().len(), 1);
    assert_eq!(c.patch(&format!("/v1.0/users/{id}"), json!({"displayName": "Zoë"})).await.status, 204);
    assert_eq!(c.patch(&format!("/v1.0/users/{id}"), json!({"shoeSize": 3})).await.status, 400);
    let group = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true, "isAssignableToRole": true,
        "owners@odata.bind": [format!("{}/v1.0/users/{id}", c.origin())]});
    let group = c.post("/v1.0/groups", group).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(c.get(&format!("/v1.0/groups/{group}/owners")).await.rows()[0]["id"], id.as_str());
    assert_eq!(c.patch(&format!("/v1.0/groups/{group}"), json!({"isAssignableToRole": false})).await.status, 400);
    let link = json!({"@odata.id": format!("{}/v1.0/directoryObjects/{id}", c.origin())});
    assert_eq!(c.post(&format!("/v1.0/groups/{group}/members/$ref"), link.clone()).await.status, 204);
    assert_eq!(c.post(&format!("/v1.0/groups/{group}/members/$ref"), link.clone()).await.status, 400);
    let unit = c.post("/v1.0/directory/administrativeUnits", json!({"displayName": "U"})).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(c.post(&format!("/v1.0/directory/administrativeUnits/{unit}/members/$ref"), link).await.status, 204);
    assert_eq!(
        c.get(&format!("/v1.0/directory/administrativeUnits/{unit}/members?$select=id")).await.rows()[0]["id"],
        id.as_str()
    );
    assert_eq!(c.delete(&format!("/v1.0/groups/{group}/members/{id}/$ref")).await.status, 204);
    assert_eq!(c.delete(&format!("/v1.0/groups/{group}/members/{id}/$ref")).await.status, 404);
    let app = c.post("/v1.0/applications", json!({"displayName": "A"})).await.body;
    let principal = c.post("/v1.0/servicePrincipals", json!({"appId": app["appId"]})).await;
    assert_eq!((principal.status, &principal.body["displayName"]), (201, &json!("A")));
    assert_eq!(c.delete(&format!("/v1.0/users/{id}")).await.status, 204);
    assert_eq!(c.get(&format!("/v1.0/users/{id}")).await.status, 404);
    assert!(c.get(&format!("/v1.0/directory/administrativeUnits/{unit}/members")).await.rows().is_empty());
}

#[tokio::test]
async fn what_a_deleted_principal_held_can_be_removed() {
    let c = Client::seeded(Seed::Contoso).await;
    let (erin, role) = (c.id("users", "erin@contoso.example").await, c.role("Intune Administrator").await);
    c.delete(&format!("/v1.0/users/{erin}")).await;
    let path = format!("{DIRECTORY}/roleEligibilitySchedules?$filter=principalId eq '{erin}'&$expand=principal");
    assert_eq!(c.get(&path).await.rows()[0]["principal"], json!(null));
    assert_eq!(c.request("Eligibility", "adminRemove", &erin, &role, "/", json!(null)).await.status, 201);
}

#[tokio::test]
async fn expansions_and_selections_nest() {
    let c = Client::seeded(Seed::Contoso).await;
    let bob = c.id("users", "bob@contoso.example").await;
    let path = format!(
        "{DIRECTORY}/roleEligibilitySchedules?$filter=principalId eq '{bob}'&$select=id,principalId&$expand=principal($select=id,userPrincipalName),roleDefinition"
    );
    let row = c.get(&path).await.rows()[0].clone();
    let names: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "principal", "principalId", "roleDefinition"]);
    assert_eq!(
        row["principal"],
        json!({"@odata.type": "#microsoft.graph.user", "id": bob, "userPrincipalName": "bob@contoso.example"})
    );
    assert_eq!(
        (&row["roleDefinition"]["rolePermissions"], &row["roleDefinition"]["description"]),
        (&json!([]), &json!(""))
    );
    let path = format!(
        "{DIRECTORY}/roleEligibilitySchedules?$filter=tolower(roleDefinition/displayName) eq 'security administrator'&$expand=roleDefinition"
    );
    assert_eq!(c.get(&path).await.rows().len(), 1);
    let scopes = c.get(&format!("{DIRECTORY}/roleEligibilitySchedules?$filter=directoryScopeId ne '/'")).await;
    assert_eq!(scopes.rows().len(), 2);
}
