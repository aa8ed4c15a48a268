//! The sandbox serves each document in its shape, and accepts each that is sent. What it serves beyond a document is listed
//! with the reason.

use jiff::SignedDuration;
use reqwest::Method;
use rolewright::sandbox::Switches;
use serde_json::{Value, json};

use crate::tenant::{DIRECTORY_ROLE, GLOBAL, PERSON, Tenant, document, same};

const DIRECTORY: &str = "/v1.0/roleManagement/directory";
const POLICIES: &str = "/v1.0/policies/roleManagementPolicies";

#[tokio::test]
async fn role_definitions() {
    let t = Tenant::start(Switches::default()).await;
    let roles = format!("{DIRECTORY}/roleDefinitions");
    let created = t.post(&roles, document("roledefinition-create.request")).await;
    // The samples leave these out; the pages of the resource list them.
    let rest = [".resourceScopes", ".inheritsPermissionsFrom"];
    same("roledefinition-create.response", &created, &rest);
    let one = format!("{roles}/{}", created["id"].as_str().unwrap());
    assert_eq!(t.send(Method::PATCH, &one, Some(document("roledefinition-update.request"))).await.0, 204);
    same("roledefinition-get-custom", &t.get(&one).await, &rest);
    let groups = format!("{roles}/fdd7a751-b60b-444a-984c-02652fe8fa1c?$expand=inheritsPermissionsFrom");
    same("roledefinition-get-builtin-expanded", &t.get(&groups).await, &[]);
    same(
        "roledefinitions-list",
        &t.get(&roles).await,
        &[".@odata.nextLink", ".value[].inheritsPermissionsFrom", ".value[].resourceScopes"],
    );
}

#[tokio::test]
async fn plain_assignments() {
    let t = Tenant::start(Switches::default()).await;
    let body = json!({"principalId": PERSON, "roleDefinitionId": GLOBAL, "directoryScopeId": "/"});
    let more = [".appScopeId", ".condition", ".principalOrganizationId", ".resourceScope"];
    same("roleassignment-create-tenant.response", &t.post(&format!("{DIRECTORY}/roleAssignments"), body).await, &more);
    let app = t.get("/v1.0/applications?$filter=displayName eq 'Payroll App'").await["value"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"principalId": PERSON, "roleDefinitionId": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "directoryScopeId": format!("/{app}")});
    let served = t.post("/beta/roleManagement/directory/roleAssignments", body).await;
    same("roleassignment-create-app.response", &served, &[".appScopeId", ".condition", ".@odata.id"]);
    let path = format!(
        "/beta/roleManagement/directory/roleAssignments?$filter=roleDefinitionId eq '{GLOBAL}'&$expand=principal"
    );
    let open = [
        ".value[].appScopeId",
        ".value[].condition",
        ".value[].principalOrganizationId",
        // The sample prints another choice of a user's properties than the service does today.
        ".value[].principal",
    ];
    same("roleassignments-list-by-role-expanded", &t.get(&path).await, &open);
}

#[tokio::test]
async fn active_assignments_through_request_schedule_and_instance() {
    let t = Tenant::start(Switches::default()).await;
    let requests = format!("{DIRECTORY}/roleAssignmentScheduleRequests");
    let made = t.post(&requests, document("dir-assignment-adminassign.request")).await;
    // The caller is an application here and a person there: the two swap places.
    let by = [".createdBy.application", ".createdBy.user"];
    same("dir-assignment-adminassign.response", &made, &by);
    for name in ["status", "action", "justification", "scheduleInfo.expiration.type"] {
        let pointer = format!("/{}", name.replace('.', "/"));
        assert_eq!(made.pointer(&pointer), document("dir-assignment-adminassign.response").pointer(&pointer), "{name}");
    }
    let outside = json!({"principalId": PERSON, "roleDefinitionId": GLOBAL, "directoryScopeId": "/"});
    t.post(&format!("{DIRECTORY}/roleAssignments"), outside).await;
    let row_by = [".value[].createdBy.application", ".value[].createdBy.user"];
    same("dir-assignmentschedulerequests-list", &t.get(&requests).await, &row_by);
    same("dir-assignmentschedules-list", &t.get(&format!("{DIRECTORY}/roleAssignmentSchedules")).await, &[]);
    same(
        "dir-assignmentscheduleinstances-list",
        &t.get(&format!("{DIRECTORY}/roleAssignmentScheduleInstances")).await,
        &[],
    );
    let expanded = format!(
        "{requests}?$select=principalId,action,roleDefinitionId&$expand=roleDefinition,activatedUsing,principal,targetSchedule"
    );
    let served = t.get(&expanded).await;
    same("dir-assignmentschedulerequests-list-expanded", &served, &[]);
    assert_eq!(
        served["value"][0]["roleDefinition"],
        document("dir-assignmentschedulerequests-list-expanded")["value"][0]["roleDefinition"]
    );
}

#[tokio::test]
async fn eligibility_and_its_removal() {
    let t = Tenant::start(Switches::default()).await;
    let requests = format!("{DIRECTORY}/roleEligibilityScheduleRequests");
    let by = [".createdBy.application", ".createdBy.user"];
    let made = t.post(&requests, document("dir-eligibility-adminassign.request")).await;
    same("dir-eligibility-adminassign.response", &made, &by);
    same("dir-eligibilityschedules-list", &t.get(&format!("{DIRECTORY}/roleEligibilitySchedules")).await, &[]);
    same(
        "dir-eligibilityscheduleinstances-list",
        &t.get(&format!("{DIRECTORY}/roleEligibilityScheduleInstances")).await,
        &[],
    );
    t.running.advance(SignedDuration::from_mins(6));
    let removed = t.post(&requests, document("dir-eligibility-adminremove.request")).await;
    same("dir-eligibility-adminremove.response", &removed, &by);
    assert_eq!((&removed["status"], &removed["targetScheduleId"]), (&json!("Revoked"), &Value::Null));
    same(
        "dir-eligibilityschedulerequests-list",
        &t.get(&requests).await,
        &[".value[].createdBy.application", ".value[].createdBy.user"],
    );
}

#[tokio::test]
async fn eligibility_in_a_unit_has_the_documented_id() {
    let t = Tenant::start(Switches::default()).await;
    let known = document("dir-eligibilityscheduleinstances-list-au");
    let body = json!({"action": "adminAssign", "justification": "x", "principalId": known["value"][0]["principalId"],
        "roleDefinitionId": known["value"][0]["roleDefinitionId"], "directoryScopeId": known["value"][0]["directoryScopeId"],
        "scheduleInfo": {"expiration": {"type": "noExpiration"}}});
    t.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), body).await;
    let served = t.get("/beta/roleManagement/directory/roleEligibilityScheduleInstances").await;
    same("dir-eligibilityscheduleinstances-list-au", &served, &[]);
    assert_eq!(served["value"][0]["id"], known["value"][0]["id"]);
}

#[tokio::test]
async fn an_activation() {
    let mut t = Tenant::start(Switches::default()).await;
    t.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), document("dir-eligibility-adminassign.request"))
        .await;
    t.as_person().await;
    let served = t
        .post(&format!("{DIRECTORY}/roleAssignmentScheduleRequests"), document("dir-assignment-selfactivate.request"))
        .await;
    same("dir-assignment-selfactivate.response", &served, &[]);
    let known = document("dir-assignment-selfactivate.response");
    for name in ["status", "completedDateTime", "scheduleInfo", "ticketInfo", "action", "createdBy"] {
        assert_eq!(served[name], known[name], "{name}");
    }
    let mine = "/beta/roleManagement/directory/roleEligibilityScheduleInstances/filterByCurrentUser(on='principal')";
    same("dir-eligibilityscheduleinstances-filterbycurrentuser-group", &t.get(mine).await, &[]);
    t.as_admin().await;
    t.running.advance(SignedDuration::from_hours(24 * 3 - 11));
    let served = t.get(&format!("{DIRECTORY}/roleAssignmentScheduleInstances?$expand=activatedUsing")).await;
    same("dir-assignmentscheduleinstances-activated", &served, &[]);
    let known = document("dir-assignmentscheduleinstances-activated");
    for name in ["id", "assignmentType", "startDateTime", "endDateTime"] {
        assert_eq!(served["value"][0][name], known["value"][0][name], "{name}");
    }
    assert_eq!(served["value"][0]["activatedUsing"]["id"], known["value"][0]["activatedUsing"]["id"]);
}

#[tokio::test]
async fn policies_as_they_are_read() {
    let t = Tenant::start(Switches::default()).await;
    let next = ".@odata.nextLink";
    same("policies-list-directoryrole", &t.get(&format!("{POLICIES}?{DIRECTORY_ROLE}")).await, &[next]);
    let assignments = "/v1.0/policies/roleManagementPolicyAssignments";
    let plain = t.get(&format!("{assignments}?$filter=scopeId eq '/' and scopeType eq 'Directory'")).await;
    same("policyassignments-list-directory", &plain, &[next]);
    let expanded = t
        .get(&format!(
            "{assignments}?{DIRECTORY_ROLE} and roleDefinitionId eq '{GLOBAL}'&$expand=policy($expand=rules)"
        ))
        .await;
    same("policyassignment-directoryrole-expanded", &expanded, &[]);
    // An untouched policy is the documented one, value by value.
    assert_eq!(
        expanded["value"][0]["policy"]["rules"],
        document("policyassignment-directoryrole-expanded")["value"][0]["policy"]["rules"]
    );
    let policy = t.policy(GLOBAL).await;
    same(
        "policy-directoryrole-get-expanded",
        &t.get(&format!("{POLICIES}/{policy}?$expand=effectiveRules,rules")).await,
        &[],
    );
    same("policy-directoryrole-rules-list", &t.get(&format!("{POLICIES}/{policy}/rules")).await, &[]);
    same("policyrule-get", &t.get(&format!("{POLICIES}/{policy}/rules/Expiration_Admin_Eligibility")).await, &[]);
}

#[tokio::test]
async fn policies_as_they_are_written() {
    let t = Tenant::start(Switches::default()).await;
    let policy = t.policy(GLOBAL).await;
    let one = document("policyrule-update.request");
    let path = format!("{POLICIES}/{policy}/rules/{}", one["id"].as_str().unwrap());
    assert_eq!(t.send(Method::PATCH, &path, Some(one)).await, (204, Value::Null));
    assert_eq!(t.get(&path).await["maximumDuration"], "PT1H45M");
    let (status, served) = t
        .send(Method::PATCH, &format!("{POLICIES}/{policy}"), Some(document("policy-directoryrole-update.request")))
        .await;
    assert_eq!(status, 200, "{served}");
    same("policy-directoryrole-update.response", &served, &[]);
    // Each on a policy of its own, since MFA and an authentication context exclude each other.
    let roles = t.get(&format!("{DIRECTORY}/roleDefinitions")).await;
    let rules = document("policyrule-updates.requests");
    for (n, (id, rule)) in rules.as_object().unwrap().iter().enumerate() {
        let policy = t.policy(roles["value"][n]["id"].as_str().unwrap()).await;
        let (status, answer) =
            t.send(Method::PATCH, &format!("{POLICIES}/{policy}/rules/{id}"), Some(rule.clone())).await;
        assert_eq!(status, 204, "{id}: {answer}");
        let served = t.get(&format!("{POLICIES}/{policy}/rules/{id}")).await;
        for (name, value) in
            rule.as_object().unwrap().iter().filter(|(name, _)| !["target", "setting"].contains(&name.as_str()))
        {
            assert_eq!(&served[name], value, "{id}.{name}");
        }
        if id.starts_with("Approval") {
            let approvers = |rule: &Value| rule["setting"]["approvalStages"][0]["primaryApprovers"].clone();
            let (sent, kept) = (approvers(rule), approvers(&served));
            assert_eq!((&sent[0]["userId"], &sent[1]["groupId"]), (&kept[0]["userId"], &kept[1]["groupId"]));
        }
    }
}

#[tokio::test]
async fn directory_objects() {
    let t = Tenant::start(Switches::default()).await;
    // Newer than the sample: restricted management.
    same(
        "administrativeunits-list",
        &t.get("/v1.0/directory/administrativeUnits").await,
        &[".value[].isMemberManagementRestricted"],
    );
    same("groups-list", &t.get("/v1.0/groups").await, &[]);
    let mut body = document("directoryobjects-getbyids.request");
    body["ids"] = json!([PERSON]);
    let (status, served) = t.send(Method::POST, "/v1.0/directoryObjects/getByIds", Some(body)).await;
    assert_eq!(status, 200);
    // The sample shows some of a user's properties only.
    assert_eq!(
        served["value"][0]["@odata.type"],
        document("directoryobjects-getbyids.response")["value"][0]["@odata.type"]
    );
    assert_eq!(served["value"][0]["id"], PERSON);
    let (status, served) = t.send(Method::POST, "/v1.0/$batch", Some(document("batch.request"))).await;
    assert_eq!(status, 200);
    let status: Vec<_> = served["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["id"].as_str().unwrap(), r["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(status, [("1", 404), ("2", 200), ("3", 200)]);
}

#[tokio::test]
async fn a_batch_in_trouble() {
    let t = Tenant::start(Switches::default()).await;
    let faults = json!([{"match": {"path": "/groups"}, "effect": {"answer": {"status": 429, "retryAfter": 10}}}]);
    assert_eq!(t.send(Method::POST, "/sandbox/faults", Some(faults)).await.0, 204);
    let person = format!("/users/{PERSON}?$select=id");
    let requests = json!([{"id": "1", "method": "GET", "url": person}, {"id": "2", "method": "GET", "url": "/groups"},
        {"id": "3", "method": "GET", "url": person, "dependsOn": ["2"]}]);
    let (_, served) = t.send(Method::POST, "/v1.0/$batch", Some(json!({"requests": requests}))).await;
    let known = document("error-batch-throttled.response");
    for (row, sample) in served["responses"].as_array().unwrap().iter().zip(known["responses"].as_array().unwrap()) {
        assert_eq!(
            (&row["id"], &row["status"], &row["body"]["error"]["code"]),
            (&sample["id"], &sample["status"], &sample["body"]["error"]["code"])
        );
        assert_eq!(row["headers"].get("Retry-After"), sample["headers"].get("Retry-After"));
    }
}

#[tokio::test]
async fn tokens_and_discovery() {
    let t = Tenant::start(Switches::default()).await;
    let (status, served) = t.form("sandbox").await;
    assert_eq!(status, 200);
    same("token-clientcredentials.response", &served, &[]);
    let (status, served) = t.form("wrong").await;
    assert_eq!((status, &served["error_codes"]), (401, &document("token-error.response")["error_codes"]));
    same("token-error.response", &served, &[]);
    same("arm-metadata-endpoints-2022-09-01.response", &t.get("/metadata/endpoints?api-version=2022-09-01").await, &[]);
}

/// Returns code, message and status of a documented error, unwrapped.
fn known(case: &str) -> (u16, Value, Value) {
    let rows = document("errors");
    let row = rows.as_array().unwrap().iter().find(|row| row["case"] == case).unwrap();
    let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
    (status, row["body"]["error"]["code"].clone(), row["body"]["error"]["message"].clone())
}

/// Asserts that an answer is the documented error; a message that was not recorded is not compared.
fn is_error(case: &str, (status, body): &(u16, Value)) {
    let (wanted, code, message) = known(case);
    assert_eq!((*status, &body["error"]["code"]), (wanted, &code), "{case}: {body}");
    if message != "(message not recorded)" {
        assert_eq!(body["error"]["message"], message, "{case}");
    }
    for name in ["date", "request-id", "client-request-id"] {
        assert!(body["error"]["innerError"][name].is_string(), "{case}: {name}");
    }
}

#[tokio::test]
async fn errors_of_requests() {
    for newer in [false, true] {
        let t = Tenant::start(Switches { newer_policy_message: newer, ..Switches::default() }).await;
        let requests = format!("{DIRECTORY}/roleEligibilityScheduleRequests");
        let active = format!("{DIRECTORY}/roleAssignmentScheduleRequests");
        let (assign, remove) =
            (document("dir-eligibility-adminassign.request"), document("dir-eligibility-adminremove.request"));
        is_error("roleassignmentdoesnotexist", &t.send(Method::POST, &requests, Some(remove.clone())).await);
        t.post(&requests, assign.clone()).await;
        is_error("roleassignmentexists", &t.send(Method::POST, &requests, Some(assign.clone())).await);
        is_error("activedurationtooshort", &t.send(Method::POST, &requests, Some(remove)).await);
        let with = |name: &str, value: Value| {
            let mut body = assign.clone();
            body[name] = value;
            body
        };
        let ghost = json!("00000000-0000-0000-0000-00000000000a");
        is_error("rolenotfound", &t.send(Method::POST, &requests, Some(with("roleDefinitionId", ghost.clone()))).await);
        is_error("subjectnotfound", &t.send(Method::POST, &requests, Some(with("principalId", ghost))).await);
        let half = json!({"expiration": {"type": "afterDuration", "duration": "P6M"}});
        is_error("invalidrequest", &t.send(Method::POST, &requests, Some(with("scheduleInfo", half))).await);
        let policy = t.policy(GLOBAL).await;
        let rule = |id: &str, more: Value| {
            let rules = document("policyassignment-directoryrole-expanded")["value"][0]["policy"]["rules"].clone();
            let mut rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().clone();
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            (format!("{POLICIES}/{policy}/rules/{id}"), Some(rule))
        };
        let (path, body) = rule("Expiration_Admin_Assignment", json!({"isExpirationRequired": true}));
        assert_eq!(t.send(Method::PATCH, &path, body).await.0, 204);
        let mut body = document("dir-assignment-adminassign.request");
        body["roleDefinitionId"] = json!(GLOBAL);
        if newer {
            let (path, rule) =
                rule("Enablement_Admin_Assignment", json!({"enabledRules": ["MultiFactorAuthentication"]}));
            assert_eq!(t.send(Method::PATCH, &path, rule).await.0, 204);
            body["scheduleInfo"] = json!({"expiration": {"type": "afterDuration", "duration": "P9D"}});
            is_error("policyvalidation-newer", &t.send(Method::POST, &active, Some(body)).await);
        } else {
            is_error("policyvalidation-classic", &t.send(Method::POST, &active, Some(body.clone())).await);
            body["justification"] = Value::Null;
            is_error("policyvalidation-two-rules", &t.send(Method::POST, &active, Some(body)).await);
        }
    }
}

#[tokio::test]
async fn errors_of_policies_and_roles() {
    let t = Tenant::start(Switches::default()).await;
    is_error("missingprovider", &t.send(Method::GET, "/v1.0/policies/roleManagementPolicyAssignments", None).await);
    is_error("resourcenotfound", &t.send(Method::GET, &format!("{POLICIES}/DirectoryRole_x_y"), None).await);
    let policy = t.policy(GLOBAL).await;
    let rules = document("policyassignment-directoryrole-expanded")["value"][0]["policy"]["rules"].clone();
    let patch = async |id: &str, more: Value| {
        let mut rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().clone();
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if more.get("maximumDuration") == Some(&Value::Null) {
            rule.as_object_mut().unwrap().remove("maximumDuration");
        }
        t.send(Method::PATCH, &format!("{POLICIES}/{policy}/rules/{id}"), Some(rule)).await
    };
    is_error("invalidpolicy", &patch("Expiration_EndUser_Assignment", json!({"maximumDuration": null})).await);
    let other = json!({"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule"});
    is_error("wrong-rule-type", &patch("Enablement_EndUser_Assignment", other).await);
    assert_eq!(
        patch("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true, "claimValue": "c1"})).await.0,
        204
    );
    is_error("mfaandacrsconflict", &patch("Enablement_EndUser_Assignment", json!({})).await);
    let recipients = json!({"notificationRecipients": ["a@contoso.example"]});
    assert_eq!(patch("Notification_Approver_EndUser_Assignment", recipients).await.0, 204);
    is_error("approvers-writelock", &patch("Expiration_EndUser_Assignment", json!({})).await);
    let mut role = document("roledefinition-create.request");
    role["rolePermissions"][0]["allowedResourceActions"] = json!(["microsoft.directory/users/password/update"]);
    is_error("custom-role-action", &t.send(Method::POST, &format!("{DIRECTORY}/roleDefinitions"), Some(role)).await);
    let ghost = "/v1.0/users/00000000-0000-0000-0000-00000000000a";
    is_error("not-found-directory", &t.send(Method::GET, ghost, None).await);
}

#[tokio::test]
async fn errors_of_callers() {
    let t = Tenant::start(Switches { is_licensed: false, ..Switches::default() }).await;
    let path = format!("{DIRECTORY}/roleEligibilitySchedules");
    is_error("aadpremiumlicenserequired", &t.send(Method::GET, &path, None).await);
    let mut t = Tenant::start(Switches::default()).await;
    let faults = json!([{"match": {"path": "/users", "to": 1}, "effect": "invalidToken"},
        {"match": {"path": "/users", "from": 2}, "effect": {"answer": {"status": 429, "retryAfter": 10}}}]);
    t.send(Method::POST, "/sandbox/faults", Some(faults)).await;
    is_error("token-expired", &t.send(Method::GET, "/v1.0/users", None).await);
    is_error("throttled", &t.send(Method::GET, "/v1.0/users", None).await);
    let narrow = json!({"user": PERSON, "scopes": ["User.Read.All"]});
    let (_, got) = t.send(Method::POST, "/sandbox/token", Some(narrow)).await;
    t.token = got["access_token"].as_str().unwrap().to_owned();
    is_error(
        "permissionscopenotgranted",
        &t.send(Method::GET, &format!("{DIRECTORY}/roleAssignmentScheduleRequests"), None).await,
    );
    is_error("forbidden-directory", &t.send(Method::POST, "/v1.0/groups", Some(json!({}))).await);
}
