//! Members and owners of a group: those of PIM and those that PIM has no part in (graph.md 4.3).

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::client::{Client, GROUP, days};

struct Group {
    c: Client,
    id: String,
    alice: String,
    dave: String,
}

async fn contoso() -> Group {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, dave) = (c.id("users", "alice@contoso.example").await, c.id("users", "dave@contoso.example").await);
    let id = c.id("groups", "sg-helpdesk-all").await;
    Group { c, id, alice, dave }
}

impl Group {
    async fn list(&self, list: &str) -> Vec<String> {
        self.c.ids(&format!("/v1.0/groups/{}/{list}", self.id)).await
    }

    async fn link(&self, list: &str, id: &str) -> u16 {
        let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")});
        self.c.post(&format!("/v1.0/groups/{}/{list}/$ref", self.id), link).await.status
    }

    async fn unlink(&self, list: &str, id: &str) -> u16 {
        self.c.delete(&format!("/v1.0/groups/{}/{list}/{id}/$ref", self.id)).await.status
    }

    async fn row(&self, collection: &str, principal: &str, access: &str) -> Value {
        let rows = self.c.in_group(collection, &self.id).await;
        rows.into_iter().find(|row| row["principalId"] == principal && row["accessId"] == access).unwrap_or_default()
    }

    async fn assign(&self, action: &str, principal: &str, access: &str, schedule: Value) -> crate::client::Got {
        self.c.group_request("assignment", action, principal, (&self.id, access), schedule).await
    }
}

#[tokio::test]
async fn an_active_assignment_makes_a_member_until_it_ends() {
    let g = contoso().await;
    for (access, list) in [("member", "members"), ("owner", "owners")] {
        let before = g.list(list).await;
        assert_eq!(g.assign("adminAssign", &g.dave, access, days(2)).await.status, 201);
        assert!(g.list(list).await.contains(&g.dave));
        assert_eq!(g.list(list).await.len(), before.len() + 1);
        let row = g.row("assignmentSchedules", &g.dave, access).await;
        assert_eq!((&row["assignmentType"], &row["status"]), (&json!("Assigned"), &json!("Provisioned")));
    }
    assert!(g.list("transitiveMembers").await.contains(&g.dave));
    g.c.advance(2 * 86_400);
    assert!(!g.list("members").await.contains(&g.dave) && !g.list("owners").await.contains(&g.dave));
    assert_eq!(g.row("assignmentSchedules", &g.dave, "member").await, Value::Null);
}

#[tokio::test]
async fn whoever_is_linked_outside_shows_as_permanent_without_a_request() {
    let g = contoso().await;
    let row = g.row("assignmentSchedules", &g.alice, "member").await;
    assert_eq!((&row["createdUsing"], &row["assignmentType"]), (&Value::Null, &json!("Assigned")));
    assert_eq!(row["scheduleInfo"]["expiration"]["type"], "noExpiration");
    assert_eq!(row["scheduleInfo"]["startDateTime"], "2026-11-21T12:00:00Z");
    let instance = g.row("assignmentScheduleInstances", &g.alice, "member").await;
    assert_eq!((&instance["startDateTime"], &instance["endDateTime"]), (&Value::Null, &Value::Null));
    assert_eq!((&instance["id"], &instance["assignmentScheduleId"]), (&row["id"], &row["id"]));
    g.c.advance(600);
    let row = g.row("assignmentSchedules", &g.alice, "member").await;
    assert_eq!(row["scheduleInfo"]["startDateTime"], "2026-11-21T12:10:00Z", "the time of the query");
    // A link made now shows at once.
    assert_eq!(g.link("owners", &g.dave).await, 204);
    assert_eq!(g.row("assignmentSchedules", &g.dave, "owner").await["createdUsing"], Value::Null);
    assert_eq!(g.link("owners", &g.dave).await, 400);
}

#[tokio::test]
async fn pim_takes_over_and_takes_away_what_was_linked_outside() {
    let g = contoso().await;
    assert_eq!(g.assign("adminAssign", &g.alice, "member", days(5)).await.code(), "RoleAssignmentExists");
    let got = g.assign("adminUpdate", &g.alice, "member", days(5)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let row = g.row("assignmentSchedules", &g.alice, "member").await;
    assert_eq!((&row["createdUsing"], &row["id"]), (&got.body["id"], &got.body["targetScheduleId"]));
    assert_eq!(row["createdDateTime"], "2026-11-21T12:00:00Z");
    assert_eq!(g.list("members").await.iter().filter(|id| **id == g.alice).count(), 1);
    let bob = g.c.id("users", "bob@contoso.example").await;
    assert_eq!(g.assign("adminRemove", &bob, "member", Value::Null).await.body["status"], "Revoked");
    assert!(!g.list("members").await.contains(&bob));
    g.c.advance(6 * 86_400);
    assert!(!g.list("members").await.contains(&g.alice), "what PIM took over ends");
}

#[tokio::test]
async fn a_link_taken_away_takes_the_schedule_with_it() {
    let g = contoso().await;
    g.assign("adminAssign", &g.dave, "member", days(5)).await;
    assert_eq!(g.link("members", &g.dave).await, 400, "an ordinary member already");
    assert_eq!(g.unlink("members", &g.dave).await, 204);
    assert!(!g.list("members").await.contains(&g.dave));
    assert_eq!(g.row("assignmentSchedules", &g.dave, "member").await, Value::Null);
    assert_eq!(g.assign("adminRemove", &g.dave, "member", Value::Null).await.code(), "RoleAssignmentDoesNotExist");
    assert_eq!(g.unlink("members", &g.dave).await, 404);
}

#[tokio::test]
async fn a_deleted_principal_leaves_its_eligibility_behind() {
    let g = contoso().await;
    g.assign("adminAssign", &g.dave, "member", days(5)).await;
    let at = (g.id.as_str(), "member");
    g.c.group_request("eligibility", "adminAssign", &g.dave, at, days(5)).await;
    assert_eq!(g.c.delete(&format!("/v1.0/users/{}", g.dave)).await.status, 204);
    assert_eq!(g.row("assignmentSchedules", &g.dave, "member").await, Value::Null);
    assert_ne!(g.row("eligibilitySchedules", &g.dave, "member").await, Value::Null);
    g.c.advance(301);
    let got = g.c.group_request("eligibility", "adminRemove", &g.dave, at, Value::Null).await;
    assert_eq!(got.body["status"], "Revoked", "{}", got.body);
    assert_eq!(g.c.group_request("eligibility", "adminAssign", &g.dave, at, days(5)).await.code(), "SubjectNotFound");
}

#[tokio::test]
async fn a_deleted_group_takes_everything_with_it() {
    let g = contoso().await;
    let got = g.c.group_request("eligibility", "adminAssign", &g.dave, (&g.id, "member"), days(5)).await;
    assert_eq!(g.c.onboarded().await, *std::slice::from_ref(&g.id));
    assert_eq!(g.c.delete(&format!("/v1.0/groups/{}", g.id)).await.status, 204);
    assert!(g.c.onboarded().await.is_empty());
    let mine = g.c.get(&format!("{GROUP}/eligibilitySchedules?$filter=principalId eq '{}'", g.dave)).await;
    assert!(mine.rows().iter().all(|row| row["groupId"] != g.id.as_str()));
    for one in [
        format!("{GROUP}/eligibilityScheduleRequests/{}", got.body["id"].as_str().unwrap()),
        format!("{GROUP}/eligibilitySchedules/{}", got.body["targetScheduleId"].as_str().unwrap()),
        format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{}'", g.id),
    ] {
        assert_eq!(g.c.get(&one).await.status, 404, "{one}");
    }
    let again = g.c.group_request("eligibility", "adminAssign", &g.dave, (&g.id, "member"), days(5)).await;
    assert_eq!((again.status, again.code().as_str()), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn groups_are_listed_with_what_decides_about_pim() {
    let g = contoso().await;
    let properties =
        "id,displayName,isAssignableToRole,groupTypes,membershipRule,securityEnabled,mailEnabled,onPremisesSyncEnabled";
    let got = g.c.get(&format!("/v1.0/groups?$filter=startswith(displayName,'sg-')&$select={properties}")).await;
    let of = |name: &str| got.rows().iter().find(|row| row["displayName"] == name).unwrap().clone();
    assert_eq!(of("sg-helpdesk-emea")["isAssignableToRole"], true);
    assert_eq!(of("sg-helpdesk-all")["isAssignableToRole"], Value::Null, "null, not false, where nobody set it");
    assert_eq!(of("sg-all-employees")["groupTypes"], json!(["DynamicMembership"]));
    assert!(of("sg-all-employees")["membershipRule"].is_string());
    assert_eq!(of("sg-onprem-admins")["onPremisesSyncEnabled"], true);
    assert_eq!(
        (&of("sg-helpdesk-all")["securityEnabled"], &of("sg-helpdesk-all")["mailEnabled"]),
        (&json!(true), &json!(false))
    );
    let approvers = g.c.id("groups", "sg-pim-approvers").await;
    let some = g.c.get(&format!("/v1.0/groups?$filter=id in ('{}','{approvers}')&$select=id", g.id)).await;
    assert_eq!(some.rows().len(), 2);
    let twice = g.c.get("/v1.0/groups?$filter=displayName eq 'SG-Project-X'").await;
    assert_eq!(twice.rows().len(), 2, "names are neither unique nor compared with case");
}

#[tokio::test]
async fn a_saved_tenant_goes_on_where_it_was() {
    let g = contoso().await;
    g.assign("adminAssign", &g.dave, "member", days(5)).await;
    g.c.group_rule(&g.id, "member", "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT1H"})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    std::fs::write(&file, serde_json::to_vec(&g.c.running.state_json()).unwrap()).unwrap();
    let again = Client::seeded(Seed::File(file)).await;
    assert_eq!(again.running.state_json(), g.c.running.state_json());
    assert_eq!(again.in_group("assignmentSchedules", &g.id).await, g.c.in_group("assignmentSchedules", &g.id).await);
    assert_eq!(again.group_policy(&g.id, "member").await, g.c.group_policy(&g.id, "member").await);
    assert!(again.ids(&format!("/v1.0/groups/{}/members", g.id)).await.contains(&g.dave));
}
