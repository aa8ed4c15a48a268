//! The client asks the service to judge the very request that it would send, in the form that the documents give.

use rolewright::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance, Ticket};
use rolewright::core::change::Subject;
use rolewright::core::id::{GroupId, PrincipalId, RoleId};
use rolewright::core::order::StepPart;
use rolewright::core::period::Period;
use rolewright::core::schedule::{Ask, End, Window};
use rolewright::core::scope::{ArmScope, DirectoryScope};
use rolewright::core::target::{Access, Surface as Place, Target};
use rolewright::surface::{self, AssignVerb, Locator};
use rolewright::wire::{Api, Verb};
use serde_json::{Value, json};

const PERSON: &str = "a3bb8764-cb92-4276-9d2a-ca1e895e55ea";
const ROLE: &str = "c8d4ff99-41c3-41a8-9f60-21dfdad59608";
const GROUP: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";
const REQUEST: &str = "64caffb6-55c0-4deb-a585-68e948ea1ad6";

fn target(place: Place) -> Target {
    match place {
        Place::Directory => Target::Directory { role: RoleId::new(ROLE), scope: DirectoryScope::Tenant },
        Place::Group => Target::Group { group: GroupId::new(GROUP), access: Access::Member },
        Place::Azure => Target::Azure { role: RoleId::new(ROLE), scope: ArmScope::parse(SUBSCRIPTION).unwrap() },
    }
}

fn subject(place: Place, mode: Mode, ask: Option<Ask>, before: Option<Provenance>) -> Subject {
    let window = Window { start: None, end: None };
    Subject::Assignment {
        key: AssignmentKey { target: target(place), principal: PrincipalId::new(PERSON), mode },
        principal_type: None,
        before: before.map(|provenance| ObservedAssignment { window, condition: None, provenance }),
        ask,
        condition: None,
        justification: Some("Night shift".to_owned()),
        ticket: Some(Ticket { number: "CHG-1".to_owned(), system: Some("ServiceNow".to_owned()) }),
        assumed: false,
    }
}

fn locator() -> Locator {
    Locator { request: Some(REQUEST.parse().unwrap()), ..Locator::default() }
}

const ALL: [(AssignVerb, &str); 5] = [
    (AssignVerb::Assign, "adminAssign"),
    (AssignVerb::Update, "adminUpdate"),
    (AssignVerb::Extend, "adminExtend"),
    (AssignVerb::Renew, "adminRenew"),
    (AssignVerb::Remove, "adminRemove"),
];

fn of(verb: AssignVerb) -> (Option<Ask>, StepPart) {
    match verb {
        AssignVerb::Remove | AssignVerb::Cancel | AssignVerb::DeletePlain => (None, StepPart::Unassign),
        _ => (Some(Ask { start: None, end: End::After(Period::days(180)) }), StepPart::Assign),
    }
}

/// Each verb on each list, written out.
#[test]
fn graph_judges_a_request_that_is_marked() {
    let directory = "/roleManagement/directory";
    let groups = "/identityGovernance/privilegedAccess/group";
    for (verb, action) in ALL {
        for (place, mode, path) in [
            (Place::Directory, Mode::Eligible, format!("{directory}/roleEligibilityScheduleRequests")),
            (Place::Directory, Mode::Active, format!("{directory}/roleAssignmentScheduleRequests")),
            (Place::Group, Mode::Eligible, format!("{groups}/eligibilityScheduleRequests")),
            (Place::Group, Mode::Active, format!("{groups}/assignmentScheduleRequests")),
        ] {
            let (ask, part) = of(verb);
            let subject = subject(place, mode, ask, None);
            let validation = surface::of(place).validation(&subject, &part, verb, &locator()).unwrap();
            let command = validation.command();
            assert_eq!((command.api, command.verb, &command.path), (Api::Graph, Verb::Post, &path));
            let mut wanted = json!({ "action": action, "principalId": PERSON, "isValidationOnly": true });
            let more = match place {
                Place::Group => json!({ "groupId": GROUP, "accessId": "member" }),
                _ => json!({ "roleDefinitionId": ROLE, "directoryScopeId": "/" }),
            };
            let said = json!({
                "justification": "Night shift", "ticketInfo": { "ticketNumber": "CHG-1", "ticketSystem": "ServiceNow" },
                "scheduleInfo": { "expiration": { "type": "afterDuration", "duration": "P180D" } },
            });
            let parts = if verb == AssignVerb::Remove { vec![more] } else { vec![more, said] };
            for part in parts {
                wanted.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
            }
            assert_eq!(command.body.as_ref(), Some(&wanted), "{path} {action}");
            // nothing but the mark tells it from the request itself
            let mut real = surface::of(place).encode(&subject, &part, verb, &locator());
            real.body.as_mut().unwrap()["isValidationOnly"] = json!(true);
            assert_eq!(command, &real);
        }
    }
}

fn document(name: &str) -> Value {
    let path = format!("{}/tests/contract/arm/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn azure_judges_the_same_body_at_the_documented_address() {
    let example = document("ValidateRoleEligibilityScheduleRequestByName");
    let mut wanted = example["parameters"]["parameters"].clone();
    let properties = wanted["properties"].as_object_mut().unwrap();
    properties["scheduleInfo"]["expiration"].as_object_mut().unwrap().remove("endDateTime");
    // 1.0 is no longer accepted (arm.md F)
    properties["conditionVersion"] = json!("2.0");
    let start = "2020-09-09T21:31:27.91Z".parse().unwrap();
    let ask = Ask { start: Some(start), end: End::After(Period::days(365)) };
    let mut subject = subject(Place::Azure, Mode::Eligible, Some(ask), None);
    if let Subject::Assignment { condition, justification, ticket, .. } = &mut subject {
        *condition = properties["condition"].as_str().map(str::to_owned);
        (*justification, *ticket) = (None, None);
    }
    let azure = surface::of(Place::Azure);
    let validation = azure.validation(&subject, &StepPart::Assign, AssignVerb::Assign, &locator()).unwrap();
    let name = example["parameters"]["roleEligibilityScheduleRequestName"].as_str().unwrap();
    let scope = example["parameters"]["scope"].as_str().unwrap();
    let path = format!("/{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{name}/validate");
    let command = validation.command();
    assert_eq!((command.api, command.verb, command.path.as_str()), (Api::Arm, Verb::Post, path.as_str()));
    assert_eq!(command.options, [("api-version".to_owned(), "2020-10-01".to_owned())]);
    assert_eq!(command.body, Some(wanted));
    assert!(azure.is_only_judged(&example["responses"]["200"]["body"]));
    assert_eq!(azure.granted(&example["responses"]["200"]["body"]), surface::Outcome::Done);
    for (verb, _) in ALL {
        for (mode, list) in
            [(Mode::Eligible, "roleEligibilityScheduleRequests"), (Mode::Active, "roleAssignmentScheduleRequests")]
        {
            let (ask, part) = of(verb);
            let subject = self::subject(Place::Azure, mode, ask, None);
            let validation = azure.validation(&subject, &part, verb, &locator()).unwrap();
            let path = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/{list}/{REQUEST}/validate");
            assert_eq!(validation.command().path, path);
            let real = azure.encode(&subject, &part, verb, &locator());
            assert_eq!((real.verb, &real.body), (Verb::Put, &validation.command().body));
        }
    }
}

#[test]
fn what_is_cancelled_or_deleted_has_no_such_form() {
    let request = Some(Provenance::Pim { request: REQUEST.to_owned() });
    let plain = Some(Provenance::Plain { assignment: "x".to_owned() });
    for place in Place::ALL {
        let cancelled = subject(place, Mode::Active, None, request.clone());
        let cancel = AssignVerb::Cancel;
        assert_eq!(surface::of(place).validation(&cancelled, &StepPart::Unassign, cancel, &locator()), None);
        if place != Place::Group {
            let deleted = subject(place, Mode::Active, None, plain.clone());
            let delete = AssignVerb::DeletePlain;
            assert_eq!(surface::of(place).validation(&deleted, &StepPart::Unassign, delete, &locator()), None);
        }
    }
}

#[test]
fn the_documented_answers_of_requests_in_earnest_are_not_taken_for_judgements() {
    for name in ["dir-eligibility-adminassign.response", "group-assignment-adminassign.response"] {
        let mut body = crate::client::document(name);
        let place = if name.starts_with("dir") { Place::Directory } else { Place::Group };
        assert!(!surface::of(place).is_only_judged(&body), "{name}");
        body["isValidationOnly"] = json!(true);
        assert!(surface::of(place).is_only_judged(&body), "{name}");
    }
}
