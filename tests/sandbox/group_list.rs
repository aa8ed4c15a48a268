//! The lists of PIM for Groups (graph.md 4.1, 4.2).

use std::collections::BTreeSet;

use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::client::{Client, GROUP, days, options};

async fn granted(options: SandboxOptions) -> (Client, String, String, String) {
    let c = Client::start(options).await;
    let (dave, erin) = (c.id("users", "dave@contoso.example").await, c.id("users", "erin@contoso.example").await);
    let group = c.id("groups", "sg-helpdesk-all").await;
    for (principal, access, length) in [(&dave, "member", 9), (&erin, "member", 10), (&erin, "owner", 11)] {
        let got = c.group_request("eligibility", "adminAssign", principal, (&group, access), days(length)).await;
        assert_eq!(got.status, 201, "{}", got.body);
        c.advance(60);
    }
    (c, group, dave, erin)
}

#[tokio::test]
async fn a_filter_on_group_or_principal_is_mandatory() {
    let (c, group, _, erin) = granted(options(Seed::Contoso)).await;
    for side in ["eligibility", "assignment"] {
        for layer in ["Schedules", "ScheduleInstances", "ScheduleRequests"] {
            let list = format!("{GROUP}/{side}{layer}");
            for path in [
                list.clone(),
                format!("{list}?$filter=accessId eq 'member'"),
                format!("{list}?$filter=groupId eq '{group}' or principalId eq '{erin}'"),
            ] {
                assert_eq!(c.get(&path).await.status, 400, "{path}");
            }
            assert_eq!(c.get(&format!("{list}?$filter=groupId eq '{group}'")).await.status, 200);
            assert_eq!(c.get(&format!("{list}?$filter=principalId eq '{erin}'")).await.status, 200);
            let nowhere = "00000000-0000-4000-8000-00000000dead";
            let got = c.get(&format!("{list}?$filter=groupId eq '{nowhere}'")).await;
            assert_eq!((got.status, got.code().as_str()), (404, "ResourceNotFound"));
        }
    }
}

#[tokio::test]
async fn filters_narrow() {
    let (c, group, dave, erin) = granted(options(Seed::Contoso)).await;
    let count = async |list: &str, filter: &str| {
        c.get(&format!("{GROUP}/{list}?$filter=groupId eq '{}' and {filter}", group.to_uppercase())).await.rows().len()
    };
    assert_eq!(count("eligibilitySchedules", "accessId eq 'member'").await, 2);
    assert_eq!(count("eligibilitySchedules", "accessId eq 'Owner'").await, 1);
    assert_eq!(count("eligibilitySchedules", &format!("principalId eq '{erin}'")).await, 2);
    assert_eq!(count("eligibilitySchedules", &format!("principalId eq '{dave}' and status eq 'Provisioned'")).await, 1);
    assert_eq!(count("eligibilitySchedules", "memberType eq 'direct'").await, 3);
    assert_eq!(count("assignmentSchedules", "assignmentType eq 'activated'").await, 0);
    assert_eq!(count("assignmentSchedules", "assignmentType eq 'assigned'").await, 3);
    let rows = c.in_group("eligibilitySchedules", &group).await;
    let id = rows[0]["id"].as_str().unwrap();
    assert_eq!(count("eligibilityScheduleInstances", &format!("eligibilityScheduleId eq '{id}'")).await, 1);
    assert_eq!(count("eligibilityScheduleRequests", &format!("targetScheduleId eq '{id}'")).await, 1);
    let unknown = format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}' and createdUsing eq 'x'");
    assert_eq!(c.get(&unknown).await.code(), "Request_UnsupportedQuery");
}

#[tokio::test]
async fn rows_have_the_documented_fields_and_no_others() {
    let (c, group, ..) = granted(options(Seed::Contoso)).await;
    let common = ["accessId", "groupId", "id", "memberType", "principalId"];
    let schedule = ["createdDateTime", "createdUsing", "modifiedDateTime", "scheduleInfo", "status"];
    let instance = ["endDateTime", "startDateTime"];
    let request: &[&str] = &[
        "accessId",
        "action",
        "approvalId",
        "completedDateTime",
        "createdBy",
        "createdDateTime",
        "customData",
        "groupId",
        "id",
        "isValidationOnly",
        "justification",
        "principalId",
        "scheduleInfo",
        "status",
        "targetScheduleId",
        "ticketInfo",
    ];
    let dave = c.id("users", "dave@contoso.example").await;
    c.group_request("assignment", "adminAssign", &dave, (&group, "member"), days(3)).await;
    let of = |parts: &[&[&'static str]]| parts.concat();
    for (list, fields) in [
        ("eligibilitySchedules", of(&[&common, &schedule])),
        ("assignmentSchedules", of(&[&common, &schedule, &["assignmentType"]])),
        ("eligibilityScheduleInstances", of(&[&common, &instance, &["eligibilityScheduleId"]])),
        ("assignmentScheduleInstances", of(&[&common, &instance, &["assignmentType", "assignmentScheduleId"]])),
        ("eligibilityScheduleRequests", request.to_vec()),
        ("assignmentScheduleRequests", request.to_vec()),
    ] {
        let rows = c.in_group(list, &group).await;
        assert!(!rows.is_empty(), "{list}");
        for row in rows {
            let given: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(given, fields.iter().copied().collect::<BTreeSet<_>>(), "{list}");
        }
    }
}

#[tokio::test]
async fn options_select_expand_and_order() {
    let (c, group, dave, erin) = granted(options(Seed::Contoso)).await;
    let list = format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}' and principalId eq '{dave}'");
    let got = c.get(&format!("{list}&$select=id,principalId&$expand=principal($select=displayName),group")).await;
    let row = &got.rows()[0];
    assert_eq!(row["principal"]["displayName"], "Dave Diaz");
    assert_eq!(row["principal"]["@odata.type"], "#microsoft.graph.user");
    // The type of the other is its static one.
    assert_eq!((&row["group"]["id"], row["group"].get("@odata.type")), (&json!(group), None));
    assert_eq!(row.get("accessId"), None);
    let requests = format!("{GROUP}/eligibilityScheduleRequests?$filter=groupId eq '{group}'");
    let got = c.get(&format!("{requests}&$orderby=createdDateTime desc&$expand=targetSchedule")).await;
    let whom: Vec<&Value> = got.rows().iter().map(|row| &row["principalId"]).collect();
    assert_eq!(whom, [&json!(erin), &json!(erin), &json!(dave)]);
    assert_eq!(got.rows()[0]["targetSchedule"]["accessId"], "owner");
    let refused = format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}'&$orderby=createdDateTime desc");
    assert_eq!(c.get(&refused).await.status, 400);
    assert_eq!(c.get(&format!("{list}&$top=1")).await.status, 400);
}

#[tokio::test]
async fn lists_are_paged() {
    let (c, group, ..) = granted(SandboxOptions { page_size: Some(2), ..options(Seed::Contoso) }).await;
    let mut path = format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}'");
    let (mut pages, mut seen) = (0, BTreeSet::new());
    loop {
        let got = c.get(&path).await;
        seen.extend(got.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match got.body["@odata.nextLink"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (2, 3));
}

#[tokio::test]
async fn single_rows_are_found_by_id() {
    let (c, group, ..) = granted(options(Seed::Contoso)).await;
    for list in [
        "eligibilitySchedules",
        "eligibilityScheduleInstances",
        "eligibilityScheduleRequests",
        "assignmentSchedules",
        "assignmentScheduleInstances",
    ] {
        let row = c.in_group(list, &group).await[0].clone();
        let mut got = c.get(&format!("{GROUP}/{list}/{}", row["id"].as_str().unwrap())).await.body;
        got.as_object_mut().unwrap().remove("@odata.context");
        assert_eq!(got, row, "{list}");
        let other = format!("{GROUP}/{list}/{group}_member_00000000-0000-4000-8000-00000000dead");
        assert_eq!(c.get(&other).await.code(), "ResourceNotFound");
    }
}

#[tokio::test]
async fn people_list_what_is_theirs() {
    let (mut c, group, dave, erin) = granted(options(Seed::Contoso)).await;
    let body = json!({"displayName": "sg-nested", "mailNickname": "nested", "mailEnabled": false, "securityEnabled": true,
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{erin}")]});
    let nested = c.post("/v1.0/groups", body).await.body["id"].as_str().unwrap().to_owned();
    let got = c.group_request("eligibility", "adminAssign", &nested, (&group, "member"), days(5)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let mine = format!("{GROUP}/eligibilitySchedules/filterByCurrentUser(on='principal')");
    assert_eq!(c.get(&mine).await.status, 400, "an application has no current user");
    c.act_as(json!({"user": "erin@contoso.example"})).await;
    let got = c.get(&mine).await;
    assert_eq!(
        got.body["@odata.context"].as_str().unwrap().rsplit('#').next().unwrap(),
        "Collection(privilegedAccessGroupEligibilitySchedule)"
    );
    let kinds: Vec<(&Value, &Value)> = got.rows().iter().map(|row| (&row["principalId"], &row["memberType"])).collect();
    assert_eq!(kinds.len(), 4, "one of the seed, two granted, one through the group");
    assert!(kinds.iter().all(|(principal, _)| **principal == json!(erin)));
    assert_eq!(kinds.iter().filter(|(_, kind)| **kind == json!("Group")).count(), 1);
    assert!(
        got.rows().iter().all(|row| row["@odata.type"] == "#microsoft.graph.privilegedAccessGroupEligibilitySchedule")
    );
    // By principal one may ask for oneself only.
    let list = |id: &str| format!("{GROUP}/eligibilitySchedules?$filter=principalId eq '{id}'");
    assert_eq!(c.get(&list(&erin)).await.rows().len(), 3);
    assert_eq!(c.get(&list(&dave)).await.status, 403);
}
