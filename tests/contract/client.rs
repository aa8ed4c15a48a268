//! The client understands each document that the service answers about directory roles.

use std::sync::Arc;

use jiff::Timestamp;
use rolewright::clock::ManualClock;
use rolewright::core::assignment::{Mode, Provenance};
use rolewright::core::id::RoleId;
use rolewright::core::observed::{Observed, Part};
use rolewright::core::policy::default::factory;
use rolewright::core::row::{Membership, Row};
use rolewright::core::scope::DirectoryScope;
use rolewright::core::target::{Surface as Place, Target};
use rolewright::surface::directory::Directory;
use rolewright::surface::{Outcome, Read, Surface};
use rolewright::transport::{AuthSettings, Client, Cloud, ConnectSettings, Origin, TransportError};
use rolewright::wire::{Api, Command, Query, Refusal, Verb};
use serde_json::{Value, json};

use crate::server::{Server, answer};

pub(crate) const PERSON: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
pub(crate) const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
pub(crate) const ATTRIBUTE_ADMINISTRATOR: &str = "8424c6f0-a189-499e-bbd0-26c1753c96d4";

/// A target, which does not matter to decoding either.
pub(crate) fn anywhere() -> Target {
    Target::Directory { role: RoleId::new("r"), scope: DirectoryScope::Tenant }
}

/// A read of a part, whose address does not matter to decoding.
fn list(part: Part) -> Read {
    Read::new(part, Query::new(Api::Graph, "/"))
}

pub(crate) fn document(name: &str) -> Value {
    let path = format!("{}/tests/contract/graph/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Decodes a list; every row must be understood.
fn rows(part: Part, name: &str) -> Vec<Row> {
    let (rows, mistakes) = Directory.decode(&list(part), &document(name));
    assert_eq!(mistakes, [], "{name}");
    rows
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn tenant_wide(role: &str) -> Target {
    Target::Directory { role: RoleId::new(role), scope: DirectoryScope::Tenant }
}

#[test]
fn schedules_and_instances_are_read() {
    let mut all = rows(Part::ActiveSchedules, "dir-assignmentschedules-list");
    all.extend(rows(Part::EligibleSchedules, "dir-eligibilityschedules-list"));
    all.extend(rows(Part::ActiveInstances, "dir-assignmentscheduleinstances-activated"));
    let observed = Observed::assemble(at("2022-04-14T01:00:00Z"), all);
    let found: Vec<(String, Mode, String, bool)> = observed
        .assignments
        .iter()
        .map(|(key, found)| {
            let is_outside = found.provenance == Provenance::OutsidePim;
            (key.target.role().unwrap().to_string(), key.mode, found.window.to_string(), is_outside)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("62e90394-69f5-4237-9190-012177145e10".to_owned(), Mode::Active, "permanent".to_owned(), true),
            (ATTRIBUTE_ADMINISTRATOR.to_owned(), Mode::Eligible, "until 2024-04-10T00:00:00Z".to_owned(), false),
            (GROUPS_ADMINISTRATOR.to_owned(), Mode::Active, "permanent".to_owned(), false),
        ]
    );
    assert_eq!(observed.activations.len(), 1);
    assert_eq!(observed.activations[0].end, Some(at("2022-04-14T05:00:00Z")));
}

#[test]
fn plain_assignments_are_read_with_their_holders() {
    let found = rows(Part::PlainAssignments, "roleassignments-list-by-role-expanded");
    let guests = found.iter().filter(|row| matches!(row, Row::Principal(p) if p.is_guest == Some(true))).count();
    assert_eq!((found.iter().filter(|row| matches!(row, Row::Plain(_))).count(), guests), (3, 2));
    for name in ["roleassignment-create-app.response", "roleassignment-create-tenant.response"] {
        let (found, mistakes) = Directory.decode(&list(Part::PlainAssignments), &json!({ "value": [document(name)] }));
        assert_eq!(mistakes, [], "{name}");
        let [Row::Plain(row)] = found.as_slice() else { panic!("{name}: {found:?}") };
        let Target::Directory { scope, .. } = &row.target else { panic!("{:?}", row.target) };
        assert_eq!(matches!(scope, DirectoryScope::Object(_)), name.contains("app"), "{name}");
    }
}

#[test]
fn an_instance_without_a_schedule_is_standing_access() {
    let instances = rows(Part::ActiveInstances, "dir-assignmentscheduleinstances-list");
    for row in &instances {
        let Row::Instance(row) = row else { panic!("{row:?}") };
        assert_eq!((row.membership, row.is_activated, row.end), (Membership::Direct, false, None));
        assert!(row.origin.is_some());
    }
    // of the two holders in Microsoft's samples the list of schedules shows one only
    let schedules = rows(Part::ActiveSchedules, "dir-assignmentschedules-list");
    let observed = Observed::assemble(at("2022-04-14T01:00:00Z"), [instances, schedules].concat());
    let suspects: Vec<String> = observed.unexplained().iter().map(|key| key.principal.to_string()).collect();
    assert_eq!(suspects, ["56f2d212-e49c-42e3-8298-0188e5bef094"]);
}

#[test]
fn role_definitions_are_read() {
    let found = rows(Part::Roles, "roledefinitions-list");
    assert_eq!(found.len(), 3);
    for name in ["roledefinition-get-builtin-expanded", "roledefinition-get-custom", "roledefinition-create.response"] {
        let role = Directory.decode_role(&document(name)).unwrap();
        assert_eq!(role.is_built_in, name.contains("builtin"), "{name}");
        assert!(!role.permissions.actions.is_empty() && role.is_enabled, "{name}");
    }
}

#[test]
fn role_settings_are_read() {
    let page = document("policyassignment-directoryrole-expanded");
    let (policy, settings) = Directory.decode_policy(&anywhere(), &page).unwrap().unwrap();
    assert!(policy.starts_with("DirectoryRole_cab01047"));
    let [Row::Settings(target, listed)] = &rows(Part::Settings, "policyassignment-directoryrole-expanded")[..] else {
        panic!("one row")
    };
    assert_eq!((target, &**listed), (&tenant_wide("62e90394-69f5-4237-9190-012177145e10"), &settings));
    assert_eq!(settings, factory(Place::Directory), "the sample is an untouched policy");
    // without the policy expanded there is nothing to compare, which is not the same as wrong
    assert_eq!(rows(Part::Settings, "policyassignments-list-directory"), []);
    let [row] = &page["value"].as_array().unwrap()[..] else { panic!("one row") };
    for name in ["policy-directoryrole-get-expanded", "policy-directoryrole-rules-list"] {
        let policy = document(name);
        let rules = policy.get("rules").or_else(|| policy.get("value")).unwrap().clone();
        let mut page = json!({ "value": [row] });
        page["value"][0]["policy"]["rules"] = rules;
        assert!(Directory.decode_policy(&anywhere(), &page).unwrap().is_some(), "{name}");
    }
}

/// What each refusal means to whoever sent the request.
#[tokio::test]
async fn refusals_are_understood() {
    for row in document("errors").as_array().unwrap() {
        let case = row["case"].as_str().unwrap();
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let body = row["body"].clone();
        let error = refused(status, body).await;
        let Some(refusal) = error.refusal().cloned() else {
            assert!(matches!(case, "throttled" | "token-expired" | "wrong-rule-type"), "{case}: {error}");
            continue;
        };
        let code = match case {
            "missingprovider" => "MissingProvider",
            "permissionscopenotgranted" => "PermissionScopeNotGranted",
            _ => row["body"]["error"]["code"].as_str().unwrap(),
        };
        assert_eq!((refusal.status, refusal.code.as_str()), (status, code), "{case}");
        let got = Directory.refusal(&refusal);
        let is_right = match case {
            "roleassignmentexists" => got == Outcome::Exists,
            "roleassignmentdoesnotexist" | "not-found-directory" => got == Outcome::DoesNotExist,
            "activedurationtooshort" => got == Outcome::TooYoung,
            "pending-request" => got == Outcome::PendingRequest,
            "resourcenotfound" | "rolenotfound" | "subjectnotfound" => matches!(got, Outcome::NotReplicated(_)),
            _ => matches!(&got, Outcome::Refused(why) if why.contains(code)),
        };
        assert!(is_right, "{case}: {got:?}");
    }
}

/// Sends a request to a service that refuses it.
async fn refused(status: u16, body: Value) -> TransportError {
    let server = Server::start(move |_, _| answer(status, body.clone())).await;
    let origin = Origin::parse(&server.origin).unwrap();
    let cloud = Cloud::at("test", origin.clone(), origin.clone(), origin);
    let auth = AuthSettings::client_secret("5a9dbb0c-0000-4000-8000-000000000001", "an-app", "secret");
    let clock = Arc::new(ManualClock::new(at("2026-01-01T00:00:00Z")));
    let client = Client::connect(ConnectSettings::new(cloud, auth), clock).await.unwrap();
    let command = Command::new(Api::Graph, Verb::Post, "/x").body(json!({}));
    client.writer().send(&command).await.unwrap_err()
}

#[test]
fn codes_decide_and_not_their_case() {
    let refusal = |status, code: &str| Refusal {
        status,
        code: code.into(),
        message: String::new(),
        request_id: None,
        retry_after: None,
    };
    assert_eq!(Directory.refusal(&refusal(400, "roleassignmentexists")), Outcome::Exists);
    // the retired API answered 400 where the current one says 404
    assert!(matches!(Directory.refusal(&refusal(400, "RoleNotFound")), Outcome::NotReplicated(_)));
    for status in [401, 403, 429, 500, 503] {
        let got = Directory.refusal(&refusal(status, "Request_ResourceNotFound"));
        assert!(matches!(got, Outcome::Refused(_)), "{status} is never absence");
    }
}

#[test]
fn answers_to_requests_are_understood() {
    for (name, outcome) in [
        ("dir-assignment-adminassign.response", Outcome::Done),
        ("dir-eligibility-adminassign.response", Outcome::Done),
        ("dir-eligibility-adminremove.response", Outcome::Done),
    ] {
        assert_eq!(Directory.granted(&document(name)), outcome, "{name}");
    }
    assert!(matches!(Directory.granted(&document("dir-assignment-selfactivate.response")), Outcome::Pending(_)));
    let grant = Directory.grant(&document("dir-assignment-adminassign.response")).unwrap();
    assert_eq!(grant.target, tenant_wide(GROUPS_ADMINISTRATOR));
    assert_eq!((grant.principal.as_str(), grant.end), (PERSON, Some(None)));
    let removal = Directory.grant(&document("dir-eligibility-adminremove.response")).unwrap();
    assert_eq!(removal.end, None, "a removal says nothing of a window");
    let window = Directory.grant(&document("dir-assignment-selfactivate.response")).unwrap();
    assert_eq!(window.end, Some(Some(at("2022-04-14T05:00:00Z"))), "a duration counts from the start");
}
