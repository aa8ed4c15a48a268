//! The client writes each document that the service is sent about directory roles.

use std::collections::{BTreeMap, BTreeSet};

use rolewright::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance, Ticket};
use rolewright::core::change::Subject;
use rolewright::core::id::{PrincipalId, RoleId};
use rolewright::core::order::StepPart;
use rolewright::core::period::Period;
use rolewright::core::policy::default::factory;
use rolewright::core::policy::rule::{Approver, Event, NotificationLevel, Recipient, Requirement, RuleId};
use rolewright::core::policy::settings::Settings;
use rolewright::core::role_definition::{Permission, Permissions, RoleDefinition};
use rolewright::core::schedule::{Ask, End, Window};
use rolewright::core::target::Surface as Place;
use rolewright::surface::directory::Directory;
use rolewright::surface::{AssignVerb, Locator, Surface};
use rolewright::wire::Verb;
use serde_json::{Value, json};

use crate::client::{ATTRIBUTE_ADMINISTRATOR, GROUPS_ADMINISTRATOR, PERSON, anywhere, at, document, tenant_wide};
use crate::shape::shape;

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
    let paths = |shape: &BTreeMap<String, BTreeSet<&'static str>>| {
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
