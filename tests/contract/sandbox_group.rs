//! The sandbox serves each document of PIM for Groups in its shape, and accepts each that is sent.

use jiff::SignedDuration;
use reqwest::Method;
use rolewright::sandbox::Switches;
use serde_json::{Value, json};

use crate::tenant::{Tenant, document, same};

const GROUP: &str = "/v1.0/identityGovernance/privilegedAccess/group";
/// The person and the groups of the documents.
const ANN: &str = "3cce9d87-3986-4f19-8335-7ed075408ca2";
const TEAM: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
const OTHERS: [&str; 3] = [
    "68e55cce-cf7e-4a2d-9046-3e4e75c4bfa7",
    "60bba733-f09d-49b7-8445-32369aa066b3",
    "7e526275-97a8-4dc6-932a-4db521cccf96",
];
/// From the start of the tenant until the documented requests were sent.
const UNTIL: SignedDuration = SignedDuration::from_hours(24 * 301 + 19);
/// What the samples of groups leave out of a request: identities that are null, and for eligibility also what is null beside it.
const BY: [&str; 4] = [".createdBy.application", ".createdBy.device", ".createdBy.user.displayName", ".createdBy.user"];

async fn start() -> Tenant {
    let t = Tenant::start(Switches::default()).await;
    t.running.advance(UNTIL);
    t
}

/// Returns the list of a collection about the documents' group.
async fn list(t: &Tenant, collection: &str) -> Value {
    t.get(&format!("{GROUP}/{collection}?$filter=groupId eq '{TEAM}'")).await
}

/// Asserts that some members are the documented ones.
fn alike(name: &str, served: &Value, members: &[&str]) {
    let known = document(name);
    for member in members {
        let pointer = format!("/{}", member.replace('.', "/"));
        assert_eq!(served.pointer(&pointer), known.pointer(&pointer), "{name}: {member}");
    }
}

#[tokio::test]
async fn eligibility() {
    let t = start().await;
    let requests = format!("{GROUP}/eligibilityScheduleRequests");
    let made = t.post(&requests, document("group-eligibility-adminassign.request")).await;
    let open = [&BY[..], &[".approvalId", ".customData", ".ticketInfo"]].concat();
    same("group-eligibility-adminassign.response", &made, &open);
    let members =
        ["status", "action", "accessId", "groupId", "principalId", "justification", "scheduleInfo.expiration"];
    alike("group-eligibility-adminassign.response", &made, &members);
    let mut longer = document("group-eligibility-adminassign.request");
    longer["action"] = json!("adminExtend");
    longer["justification"] = json!("Extend eligible request.");
    longer["scheduleInfo"]["expiration"]["endDateTime"] = json!("2023-02-07T20:56:00.000Z");
    let made = t.post(&requests, longer).await;
    let open = [&open[..], &[".scheduleInfo.recurrence"]].concat();
    same("group-eligibility-adminextend.response", &made, &open);
    alike("group-eligibility-adminextend.response", &made, &members);
    assert_eq!(made["targetScheduleId"], format!("{TEAM}_member_{}", made["id"].as_str().unwrap()));
    same("group-eligibilityschedules-list", &list(&t, "eligibilitySchedules").await, &[]);
    // The sample of instances leaves their schedule out.
    let instances = list(&t, "eligibilityScheduleInstances").await;
    same("group-eligibilityscheduleinstances-list", &instances, &[".value[].eligibilityScheduleId"]);
}

#[tokio::test]
async fn active_membership() {
    let t = start().await;
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{ANN}")});
    assert_eq!(t.send(Method::POST, &format!("/v1.0/groups/{TEAM}/members/$ref"), Some(link)).await.0, 204);
    let outside = list(&t, "assignmentSchedules").await;
    same("group-assignmentschedules-list", &outside, &[]);
    for member in ["createdUsing", "modifiedDateTime", "status", "memberType", "assignmentType", "accessId"] {
        assert_eq!(
            outside["value"][0][member],
            document("group-assignmentschedules-list")["value"][0][member],
            "{member}"
        );
    }
    let made =
        t.post(&format!("{GROUP}/assignmentScheduleRequests"), document("group-assignment-adminassign.request")).await;
    let open = [&BY[..], &[".scheduleInfo.recurrence", ".scheduleInfo.expiration.endDateTime"]].concat();
    same("group-assignment-adminassign.response", &made, &open);
    let members =
        ["status", "action", "scheduleInfo.expiration.type", "scheduleInfo.expiration.duration", "approvalId"];
    alike("group-assignment-adminassign.response", &made, &members);
    let other = json!({"accessId": "owner", "principalId": ANN, "groupId": TEAM, "action": "adminAssign",
        "justification": "Retrieve requests", "scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": "2023-02-07T19:56:00Z"}}});
    t.post(&format!("{GROUP}/assignmentScheduleRequests"), other).await;
    let rows: Vec<String> = BY.iter().map(|path| format!(".value[]{path}")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).chain([".@odata.context"]).collect();
    same("group-assignmentschedulerequests-list", &list(&t, "assignmentScheduleRequests").await, &rows);
    same("group-assignmentscheduleinstances-list", &list(&t, "assignmentScheduleInstances").await, &[]);
}

#[tokio::test]
async fn an_activation_and_its_approval() {
    let mut t = start().await;
    // The documented activation begins after the documented eligibility ends.
    let mut eligible = document("group-eligibility-adminassign.request");
    eligible["scheduleInfo"]["expiration"]["endDateTime"] = json!("2023-03-07T19:56:00.000Z");
    t.post(&format!("{GROUP}/eligibilityScheduleRequests"), eligible.clone()).await;
    t.as_user(ANN).await;
    let requests = format!("{GROUP}/assignmentScheduleRequests");
    let made = t.post(&requests, document("group-assignment-selfactivate.request")).await;
    // The documented start lies a day ahead of the answer; what is not in force yet is Granted.
    assert_eq!(made["status"], "Granted");
    let open = [&BY[..3], &[".scheduleInfo.recurrence", ".scheduleInfo.expiration.endDateTime"]].concat();
    same("group-assignment-selfactivate.response", &made, &open);
    alike(
        "group-assignment-selfactivate.response",
        &made,
        &["action", "groupId", "accessId", "principalId", "createdBy.user.id"],
    );
    t.as_admin().await;
    let filter = format!("scopeId eq '{TEAM}' and scopeType eq 'Group' and roleDefinitionId eq 'owner'");
    let found = t.get(&format!("/v1.0/policies/roleManagementPolicyAssignments?$filter={filter}")).await;
    let policy = found["value"][0]["policyId"].as_str().unwrap();
    let rule = json!({"rules": [{"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
        "id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true, "approvalStages": [{"primaryApprovers": []}]},
        "target": {"caller": "EndUser", "operations": ["All"], "level": "Assignment"}}]});
    let path = format!("/v1.0/policies/roleManagementPolicies/{policy}");
    assert_eq!(t.send(Method::PATCH, &path, Some(rule)).await.0, 200);
    eligible["accessId"] = json!("owner");
    t.post(&format!("{GROUP}/eligibilityScheduleRequests"), eligible).await;
    t.as_user(ANN).await;
    let mut owner = document("group-assignment-selfactivate.request");
    owner["accessId"] = json!("owner");
    owner["scheduleInfo"]["startDateTime"] = Value::Null;
    let asked = t.post(&requests, owner).await;
    assert_eq!(asked["status"], "PendingApproval");
    let approval = format!("{GROUP}/assignmentApprovals/{}?$expand=stages", asked["approvalId"].as_str().unwrap());
    let served = t.get(&approval).await;
    same("group-approval-get", &served, &[]);
    alike("group-approval-get", &served, &["stages.0.reviewResult", "stages.0.status", "stages.0.justification"]);
}

#[tokio::test]
async fn policies() {
    let t = start().await;
    let assignments = "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeType eq 'Group' and scopeId";
    same("policyassignments-list-group", &t.get(&format!("{assignments} eq '{}'", OTHERS[1])).await, &[]);
    let owner =
        format!("{assignments} eq '{}' and roleDefinitionId eq 'owner'&$expand=policy($expand=rules)", OTHERS[2]);
    let served = t.get(&owner).await;
    same("policyassignment-group-owner-expanded", &served, &[]);
    // An untouched policy is the documented one, value by value.
    let known = document("policyassignment-group-owner-expanded");
    assert_eq!(served["value"][0]["policy"]["rules"], known["value"][0]["policy"]["rules"]);
    let id = async || {
        let rows = t.get(&format!("{assignments} eq '{}' and roleDefinitionId eq 'member'", OTHERS[1])).await;
        rows["value"][0]["policyId"].as_str().unwrap().to_owned()
    };
    let asked = id().await;
    let path = format!("/v1.0/policies/roleManagementPolicies/{asked}");
    let (status, served) = t.send(Method::PATCH, &path, Some(document("policy-group-update.request"))).await;
    assert_eq!(status, 200, "{served}");
    same("policy-group-update.response", &served, &[]);
    assert_eq!(served["id"], asked);
    // One written rule, and the list is the documented one, in its order.
    let rules = document("policy-group-rules-list");
    let path = format!("/v1.0/policies/roleManagementPolicies/{}", id().await);
    let (status, _) = t.send(Method::PATCH, &path, Some(json!({"rules": rules["value"]}))).await;
    assert_eq!(status, 200);
    let served = t.get(&format!("/v1.0/policies/roleManagementPolicies/{}/rules", id().await)).await;
    assert_eq!(served["value"], rules["value"]);
}

#[tokio::test]
async fn onboarded_groups() {
    let t = start().await;
    for group in [TEAM, OTHERS[0]] {
        let mut body = document("group-eligibility-adminassign.request");
        body["groupId"] = json!(group);
        t.post(&format!("{GROUP}/eligibilityScheduleRequests"), body).await;
    }
    same("group-resources-list", &t.get(&GROUP.replace("v1.0", "beta").replace("group", "group/resources")).await, &[]);
}
