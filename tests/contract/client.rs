//! The client understands each document that the service answers, and writes each that it is sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use rolewright::clock::ManualClock;
use rolewright::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance, Ticket};
use rolewright::core::change::Subject;
use rolewright::core::id::{PrincipalId, RoleId};
use rolewright::core::observed::{Observed, Part};
use rolewright::core::order::StepPart;
use rolewright::core::period::Period;
use rolewright::core::policy::default::factory;
use rolewright::core::policy::rule::{Approver, Event, NotificationLevel, Recipient, Requirement, RuleId};
use rolewright::core::policy::settings::Settings;
use rolewright::core::role_definition::{Permission, Permissions, RoleDefinition};
use rolewright::core::row::{Membership, Row};
use rolewright::core::schedule::{Ask, End, Window};
use rolewright::core::scope::DirectoryScope;
use rolewright::core::target::{Surface as Place, Target};
use rolewright::surface::directory::Directory;
use rolewright::surface::{AssignVerb, Locator, Outcome, Read, Surface};
use rolewright::transport::{AuthSettings, Client, Cloud, ConnectSettings, Origin, TransportError};
use rolewright::wire::{Api, Command, Query, Refusal, Verb};
use serde_json::{Value, json};

use crate::server::{Server, answer};
use crate::shape::shape;

const PERSON: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const ATTRIBUTE_ADMINISTRATOR: &str = "8424c6f0-a189-499e-bbd0-26c1753c96d4";

/// A target, which does not matter to decoding either.
fn anywhere() -> Target {
    Target::Directory { role: RoleId::new("r"), scope: DirectoryScope::Tenant }
}

/// A read of a part, whose address does not matter to decoding.
fn list(part: Part) -> Read {
    Read::new(part, Query::new(Api::Graph, "/"))
}

fn document(name: &str) -> Value {
    let path = format!("{}/tests/contract/graph/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Decodes a list; every row must be understood.
fn rows(part: Part, name: &str) -> Vec<Row> {
    let (rows, mistakes) = Directory.decode(&list(part), &document(name));
    assert_eq!(mistakes, [], "{name}");
    rows
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn tenant_wide(role: &str) -> Target {
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

fn assignment(role: &str, mode: Mode, ask: Option<Ask>, before: Option<Provenance>) -> Subject {
    let key = AssignmentKey { target: tenant_wide(role), principal: PrincipalId::new(PERSON), mode };
    let window = Window { start: None, end: None };
    Subject::Assignment {
        key,
        principal_type: None,
        before: before.map(|provenance| ObservedAssignment { window, condition: None, provenance }),
        ask,
        condition: None,
        justification: None,
        ticket: None,
        assumed: false,
    }
}

fn send(subject: &Subject, verb: AssignVerb) -> (String, Value) {
    let part = match subject {
        Subject::Assignment { ask: None, .. } => StepPart::Unassign,
        _ => StepPart::Assign,
    };
    let command = Directory.encode(subject, &part, verb, &Locator::default());
    (format!("{} {}", command.verb.as_str(), command.path), command.body.unwrap_or(Value::Null))
}

/// Says how members and types of what is written differ from a document, enums without regard to case.
fn same_shape(name: &str, document: &Value, body: &Value, more: &[&str]) {
    let (mut wanted, given) = (shape(document), shape(body));
    for path in more {
        wanted.remove(*path);
    }
    let paths = |shape: &std::collections::BTreeMap<String, BTreeSet<&'static str>>| {
        shape.iter().map(|(path, kinds)| format!("{path}: {kinds:?}")).collect::<Vec<_>>()
    };
    assert_eq!(paths(&given), paths(&wanted), "{name}");
}

#[test]
fn requests_have_the_shape_of_the_documents() {
    let why = "Assign Groups Admin to IT Helpdesk group";
    for (name, role, mode, ask) in [
        (
            "dir-assignment-adminassign.request",
            GROUPS_ADMINISTRATOR,
            Mode::Active,
            Some(Ask { start: Some(at("2022-04-10T00:00:00Z")), end: End::Never }),
        ),
        (
            "dir-eligibility-adminassign.request",
            ATTRIBUTE_ADMINISTRATOR,
            Mode::Eligible,
            Some(Ask { start: Some(at("2022-04-10T00:00:00Z")), end: End::At(at("2024-04-10T00:00:00Z")) }),
        ),
        ("dir-eligibility-adminremove.request", ATTRIBUTE_ADMINISTRATOR, Mode::Eligible, None),
    ] {
        let verb = if ask.is_some() { AssignVerb::Assign } else { AssignVerb::Remove };
        let mut subject = assignment(role, mode, ask, Some(Provenance::OutsidePim));
        if let Subject::Assignment { justification, .. } = &mut subject {
            *justification = Some(why.to_owned());
        }
        let (_, body) = send(&subject, verb);
        let document = document(name);
        same_shape(name, &document, &body, &[]);
        let folded = |value: &Value, member: &str| value.pointer(member).map(|v| v.to_string().to_lowercase());
        for member in ["/action", "/roleDefinitionId", "/directoryScopeId", "/principalId", "/scheduleInfo"] {
            assert_eq!(folded(&body, member), folded(&document, member), "{name} {member}");
        }
    }
}

/// Every verb with every end, with and without what a policy may demand.
#[test]
fn every_request_is_written_out() {
    let end = at("2027-01-01T00:00:00Z");
    let asks = [
        Ask { start: None, end: End::Never },
        Ask { start: None, end: End::At(end) },
        Ask { start: None, end: End::After(Period::days(180)) },
        Ask { start: None, end: End::After(Period::minutes(90)) },
        Ask { start: Some(at("2026-12-01T08:00:00Z")), end: End::At(end) },
    ];
    let infos = [
        json!({"expiration": {"type": "noExpiration"}}),
        json!({"expiration": {"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"}}),
        json!({"expiration": {"type": "afterDuration", "duration": "P180D"}}),
        json!({"expiration": {"type": "afterDuration", "duration": "PT1H30M"}}),
        json!({
            "startDateTime": "2026-12-01T08:00:00Z",
            "expiration": {"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"},
        }),
    ];
    for (verb, action) in [
        (AssignVerb::Assign, "adminAssign"),
        (AssignVerb::Update, "adminUpdate"),
        (AssignVerb::Extend, "adminExtend"),
        (AssignVerb::Renew, "adminRenew"),
    ] {
        for (ask, info) in asks.iter().zip(&infos) {
            for bits in 0..4_u8 {
                let mode = if bits == 0 { Mode::Eligible } else { Mode::Active };
                let mut subject = assignment(GROUPS_ADMINISTRATOR, mode, Some(*ask), None);
                let mut wanted = json!({
                    "action": action,
                    "principalId": PERSON,
                    "roleDefinitionId": GROUPS_ADMINISTRATOR,
                    "directoryScopeId": "/",
                    "scheduleInfo": info,
                });
                if let Subject::Assignment { justification, ticket, .. } = &mut subject {
                    if bits & 1 != 0 {
                        *justification = Some("because".into());
                        wanted["justification"] = json!("because");
                    }
                    if bits & 2 != 0 {
                        *ticket = Some(Ticket { number: "CHG-1".into(), system: Some("ServiceNow".into()) });
                        wanted["ticketInfo"] = json!({"ticketNumber": "CHG-1", "ticketSystem": "ServiceNow"});
                    }
                }
                let path = match mode {
                    Mode::Eligible => "POST /roleManagement/directory/roleEligibilityScheduleRequests",
                    Mode::Active => "POST /roleManagement/directory/roleAssignmentScheduleRequests",
                };
                assert_eq!(send(&subject, verb), (path.to_owned(), wanted));
            }
        }
    }
}

#[test]
fn every_removal_is_written_out() {
    let request = "95c690fb-3eb3-4942-a03f-4524aed6f31e";
    let pim = |request: &str| Provenance::Pim { request: request.to_owned() };
    let removal = json!({
        "action": "adminRemove",
        "principalId": PERSON,
        "roleDefinitionId": GROUPS_ADMINISTRATOR,
        "directoryScopeId": "/",
    });
    let requests = "POST /roleManagement/directory/roleAssignmentScheduleRequests";
    for (verb, provenance, call, body) in [
        (AssignVerb::Remove, pim(request), requests.to_owned(), removal.clone()),
        (AssignVerb::Remove, Provenance::OutsidePim, requests.to_owned(), removal.clone()),
        (AssignVerb::Cancel, pim(request), format!("{requests}/{request}/cancel"), Value::Null),
        // what is no request id never becomes part of a path
        (AssignVerb::Cancel, pim("../x?y"), requests.to_owned(), removal.clone()),
        (
            AssignVerb::DeletePlain,
            Provenance::Plain { assignment: "lAPpYvVpN0KRkAEhdxReEAWz5Gtet_xOv8wxvTtTpfg-1".into() },
            "DELETE /roleManagement/directory/roleAssignments/lAPpYvVpN0KRkAEhdxReEAWz5Gtet_xOv8wxvTtTpfg-1".into(),
            Value::Null,
        ),
    ] {
        let subject = assignment(GROUPS_ADMINISTRATOR, Mode::Active, None, Some(provenance));
        assert_eq!(send(&subject, verb), (call, body), "{verb:?}");
    }
}

#[test]
fn role_definitions_have_the_shape_of_the_documents() {
    let action = Permission::new("microsoft.directory/applications/basic/read");
    let role = RoleDefinition {
        surface: Place::Directory,
        id: RoleId::new("d5eec5e0-6992-4c6b-b430-0f833f1a815a"),
        template_id: RoleId::new("d5eec5e0-6992-4c6b-b430-0f833f1a815a"),
        display_name: "Application Registration Support Administrator".into(),
        description: "Update basic properties of application registrations".into(),
        is_enabled: true,
        is_built_in: false,
        permissions: Permissions { actions: [action].into(), ..Permissions::default() },
        assignable_scopes: BTreeSet::new(),
    };
    let subject = Subject::Role { before: None, after: Some(Box::new(role.clone())) };
    let create = StepPart::CreateRole(Box::new(role.clone()));
    let made = Directory.encode(&subject, &create, AssignVerb::Assign, &Locator::default());
    let mut wanted = document("roledefinition-create.request");
    wanted["templateId"] = json!("d5eec5e0-6992-4c6b-b430-0f833f1a815a");
    assert_eq!((made.verb, made.path.as_str()), (Verb::Post, "/roleManagement/directory/roleDefinitions"));
    assert_eq!(made.body, Some(wanted));
    let subject = Subject::Role { before: Some(Box::new(role.clone())), after: Some(Box::new(role.clone())) };
    let write = StepPart::WriteRole(Box::new(role));
    let changed = Directory.encode(&subject, &write, AssignVerb::Update, &Locator::default());
    let mut wanted = document("roledefinition-update.request");
    wanted["isEnabled"] = json!(true);
    assert_eq!(changed.verb, Verb::Patch);
    assert_eq!(changed.body, Some(wanted), "the template id is never changed: the role's id would change with it");
}

fn written(settings: &Settings, rules: &[RuleId]) -> Value {
    let subject = Subject::Settings {
        target: tenant_wide(GROUPS_ADMINISTRATOR),
        policy_role: None,
        before: Box::new(factory(Place::Directory)),
        after: Box::new(settings.clone()),
        assumed: false,
    };
    let part = StepPart::WriteRules(Box::new(settings.clone()), rules.to_vec());
    let locator = Locator { policy: Some("DirectoryRole_t_p".into()), role: None, request: None };
    let command = Directory.encode(&subject, &part, AssignVerb::Update, &locator);
    let call = (command.verb, command.path.as_str());
    assert_eq!(call, (Verb::Patch, "/policies/roleManagementPolicies/DirectoryRole_t_p"));
    command.body.unwrap()["rules"].clone()
}

/// Takes away what the documents' authors left in: annotations of nested types, and the case of enum members.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        Value::Object(members) => {
            let is_annotation = |name: &str, value: &Value| {
                name == "@odata.type" && value.as_str().is_some_and(|tag| !tag.starts_with('#'))
            };
            let kept = members.iter().filter(|(name, value)| !is_annotation(name, value));
            kept.map(|(name, value)| {
                let value = match name.as_str() {
                    "operations" => json!(["all"]),
                    "claimValue" if *value == json!("") => Value::Null,
                    _ => plain(value),
                };
                (name.clone(), value)
            })
            .collect()
        }
        other => other.clone(),
    }
}

#[test]
fn rules_are_written_as_the_documents_show() {
    let mut settings = factory(Place::Directory);
    settings.approval.is_required = true;
    settings.approval.approvers = [
        Approver::User(PrincipalId::new("10a08e2e-3ea2-4ce0-80cb-d5fdd4b05ea6")),
        Approver::Group(PrincipalId::new("14f2746d-7d6f-4ac6-acd8-8cac318b041b")),
    ]
    .into();
    settings.authentication_context.is_enabled = true;
    settings.authentication_context.claim = Some("c1".into());
    let mail = settings.eligible_assignment.notifications.to_mut(Recipient::Admin);
    (mail.level, mail.default_recipients) = (NotificationLevel::Critical, false);
    mail.recipients = ["test@test.com".to_owned()].into();
    settings.activation.expiration.maximum = Some(Period::minutes(105));
    let documents = document("policyrule-updates.requests");
    for id in [
        RuleId::Approval,
        RuleId::AuthenticationContext,
        RuleId::Notification(Event::EligibleAssignment, Recipient::Admin),
    ] {
        assert_eq!(written(&settings, &[id])[0], plain(&documents[id.to_string()]), "{id}");
    }
    let expiration = RuleId::Expiration(Event::Activation);
    assert_eq!(written(&settings, &[expiration])[0], plain(&document("policyrule-update.request")));
    let enablement = RuleId::Enablement(Event::Activation);
    let wanted = plain(&documents[enablement.to_string()]);
    let words = wanted["enabledRules"].as_array().unwrap();
    let is_named = |demand: &Requirement| words.contains(&json!(demand.wire()));
    settings.activation.require = Requirement::ALL.into_iter().filter(is_named).collect();
    let mut given = written(&settings, &[enablement])[0].clone();
    let sorted = |value: &Value| value.as_array().unwrap().iter().map(|v| v.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&given["enabledRules"]), sorted(&wanted["enabledRules"]));
    given["enabledRules"] = wanted["enabledRules"].clone();
    assert_eq!(given, wanted);
}

#[test]
fn a_bulk_write_is_the_document_for_the_same_values() {
    let document = document("policy-directoryrole-update.request");
    let rules = document["rules"].as_array().unwrap();
    // the document's values over a whole policy give settings, which write the same rules again
    let base = factory(Place::Directory);
    let mut whole: Vec<Value> = written(&base, &RuleId::ALL).as_array().unwrap().clone();
    for rule in rules {
        let known = whole.iter_mut().find(|known| known["id"] == rule["id"]).unwrap();
        *known = rule.clone();
    }
    let page = json!({ "value": [{ "policy": { "id": "p", "rules": whole } }] });
    let (_, settings) = Directory.decode_policy(&anywhere(), &page).unwrap().unwrap();
    let ids: Vec<RuleId> = rules.iter().map(|rule| RuleId::parse(rule["id"].as_str().unwrap()).unwrap()).collect();
    let given = written(&settings, &ids);
    for (given, wanted) in given.as_array().unwrap().iter().zip(rules) {
        assert_eq!(given, &plain(wanted), "{}", wanted["id"]);
    }
}
