//! Custom role definitions (E22) and the catalogue.

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::client::{Client, DIRECTORY, days, options};

fn role(name: &str, actions: &[&str]) -> Value {
    json!({"displayName": name, "isEnabled": true, "description": "d", "templateId": "",
        "rolePermissions": [{"allowedResourceActions": actions}]})
}

const READ: &str = "microsoft.directory/users/standard/read";

#[tokio::test]
async fn a_role_lives_and_is_deleted_softly() {
    let c = Client::seeded(Seed::Empty).await;
    let roles = format!("{DIRECTORY}/roleDefinitions");
    let got = c.post(&roles, role("R", &[READ])).await;
    assert_eq!((got.status, &got.body["id"]), (201, &got.body["templateId"]), "{}", got.body);
    let id = got.body["id"].as_str().unwrap();
    let one = format!("{roles}/{id}");
    assert_eq!(c.patch(&one, json!({"description": "e", "isEnabled": false, "version": "2"})).await.status, 204);
    let row = c.get(&one).await.body;
    assert_eq!((&row["description"], &row["isEnabled"], &row["version"]), (&json!("e"), &json!(false), &json!("2")));
    let user = c.id("users", "breakglass1@contoso.example").await;
    assert_eq!(c.request("Eligibility", "adminAssign", &user, id, "/", days(9)).await.status, 400, "disabled");
    c.patch(&one, json!({"isEnabled": true})).await;
    assert_eq!(c.request("Eligibility", "adminAssign", &user, id, "/", days(9)).await.status, 201);
    assert_eq!(c.delete(&one).await.status, 400, "assigned");
    c.advance(400);
    c.request("Eligibility", "adminRemove", &user, id, "/", Value::Null).await;
    assert_eq!(c.delete(&one).await.status, 204);
    assert_eq!(c.get(&one).await.status, 404);
    let gone = format!("{DIRECTORY}/deletedItems/roleDefinitions");
    assert_eq!(c.get(&gone).await.rows()[0]["deletedDateTime"], "2026-11-21T12:06:40Z");
    assert_eq!(c.post(&format!("{gone}/{id}/restore"), json!({})).await.status, 200);
    assert_eq!(c.get(&one).await.status, 200);
    c.delete(&one).await;
    assert_eq!(c.delete(&format!("{gone}/{id}")).await.status, 204);
    assert!(c.get(&gone).await.rows().is_empty());
}

#[tokio::test]
async fn refusals_are_those_of_the_service() {
    let c = Client::seeded(Seed::Empty).await;
    let roles = format!("{DIRECTORY}/roleDefinitions");
    let owner = json!({"displayName": "R", "isEnabled": true, "rolePermissions": [{"allowedResourceActions": [READ], "condition": "x"}]});
    for (body, text) in [
        (
            role("R", &["microsoft.directory/users/fly"]),
            "Action 'microsoft.directory/users/fly' is not supported for Custom Role creation",
        ),
        (
            role("R", &["Microsoft.Compute/virtualMachines/read"]),
            "Resource category 'Microsoft.Compute' is not supported.",
        ),
        (role("", &[READ]), "displayName"),
        (role("R", &[]), "allowedResourceActions"),
        (owner, "condition"),
        (json!({"displayName": "R", "rolePermissions": []}), "isEnabled"),
    ] {
        let got = c.post(&roles, body).await;
        assert_eq!((got.status, got.code().as_str()), (400, "Request_BadRequest"));
        assert!(got.body["error"]["message"].as_str().unwrap().contains(text), "{}", got.body);
    }
    let built_in = format!("{roles}/{}", c.role("Reports Reader").await);
    assert_eq!(c.patch(&built_in, json!({"description": "x"})).await.status, 400);
    assert_eq!(c.delete(&built_in).await.status, 400);
}

#[tokio::test]
async fn a_template_id_may_be_asked_for_and_may_differ() {
    let template = "11111111-2222-4333-8444-555555555555";
    for differs in [false, true] {
        let switches = Switches { distinct_template_ids: differs, soft_delete: !differs, ..Switches::default() };
        let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
        let mut body = role("R", &[READ]);
        body["templateId"] = json!(template);
        let got = c.post(&format!("{DIRECTORY}/roleDefinitions"), body.clone()).await.body;
        assert_eq!(got["templateId"], template);
        assert_eq!(got["id"] != template, differs);
        body["displayName"] = json!("S");
        assert_eq!(c.post(&format!("{DIRECTORY}/roleDefinitions"), body).await.status, 400);
        let gone = c.get(&format!("{DIRECTORY}/deletedItems/roleDefinitions")).await.status;
        assert_eq!(gone, if differs { 501 } else { 200 });
    }
}

#[tokio::test]
async fn built_in_roles_and_actions_are_all_there() {
    let c = Client::seeded(Seed::Empty).await;
    let first = c.get(&format!("{DIRECTORY}/roleDefinitions?$filter=isBuiltIn eq true")).await;
    let rest = c.get(first.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(first.rows().len() + rest.rows().len(), 145);
    let id = c.role("Groups Administrator").await;
    let row = c.get(&format!("{DIRECTORY}/roleDefinitions/{id}?$expand=inheritsPermissionsFrom")).await.body;
    assert_eq!(row["inheritsPermissionsFrom"][0]["displayName"], "Directory Readers");
    let actions = c
        .get(&format!("{DIRECTORY}/resourceNamespaces/microsoft.directory/resourceActions?$filter=name eq '{READ}'"))
        .await;
    assert_eq!(actions.rows()[0]["name"], READ);
}
