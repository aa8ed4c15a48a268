//! The client understands each document that ARM answers, and writes each that it is sent.

use rolewright::core::assignment::{AssignmentKey, Mode};
use rolewright::core::change::Subject;
use rolewright::core::id::{PrincipalId, RoleId};
use rolewright::core::observed::{Observed, Part};
use rolewright::core::order::StepPart;
use rolewright::core::period::Period;
use rolewright::core::policy::default::factory;
use rolewright::core::policy::rule::{NotificationLevel, RuleId};
use rolewright::core::principal::PrincipalType;
use rolewright::core::reach::Reach;
use rolewright::core::role_definition::{Permission, Permissions, RoleDefinition};
use rolewright::core::row::{Membership, Row};
use rolewright::core::schedule::{Ask, End};
use rolewright::core::scope::ArmScope;
use rolewright::core::target::{Surface as Place, Target};
use rolewright::surface::resource::Resource;
use rolewright::surface::{AssignVerb, Locator, Outcome, Read, Surface};
use rolewright::wire::{Api, Query, Refusal, Verb};
use serde_json::{Value, json};

const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";
const PERSON: &str = "a3bb8764-cb92-4276-9d2a-ca1e895e55ea";
const ROLE: &str = "c8d4ff99-41c3-41a8-9f60-21dfdad59608";
const REQUEST: &str = "64caffb6-55c0-4deb-a585-68e948ea1ad6";

fn document(name: &str) -> Value {
    let path = format!("{}/tests/contract/arm/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn answer(name: &str) -> Value {
    let document = document(name);
    let answers = document["responses"].as_object().unwrap().values();
    answers.map(|answer| answer["body"].clone()).find(|body| !body.is_null()).unwrap()
}

fn scope(text: &str) -> ArmScope {
    ArmScope::parse(text).unwrap()
}

fn list(part: Part, at: &str) -> Read {
    Read { scope: Some(scope(at)), ..Read::new(part, Query::new(Api::Arm, "/")) }
}

/// Decodes a list; every row must be understood.
fn rows(part: Part, at: &str, name: &str) -> Vec<Row> {
    let (rows, mistakes) = Resource.decode(&list(part, at), &answer(name));
    assert_eq!(mistakes, [], "{name}");
    rows
}

fn target(role: &str) -> Target {
    Target::Azure { role: RoleId::new(role), scope: scope(SUBSCRIPTION) }
}

#[test]
fn schedules_say_who_holds_what_where_until_when() {
    let rows = rows(Part::EligibleSchedules, SUBSCRIPTION, "GetRoleEligibilitySchedulesByScope");
    let [Row::Schedule(row), Row::Principal(person)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row.target, target("b24988ac-6180-42a0-ab88-20f7382dd24c"));
    assert_eq!((row.mode, row.membership, row.is_activated), (Mode::Eligible, Membership::Direct, false));
    assert_eq!(row.request.as_deref(), Some(REQUEST));
    assert_eq!(row.end, Some("2021-09-09T21:32:28.49Z".parse().unwrap()));
    assert!(row.condition.as_deref().unwrap().contains("ContainerName"));
    assert_eq!((person.kind, person.name.as_deref()), (Some(PrincipalType::User), Some("user@my-tenant.com")));
}

#[test]
fn what_is_linked_to_an_eligibility_is_an_activation_whatever_it_is_called() {
    let now = "2020-09-09T22:00:00Z".parse().unwrap();
    for (part, name) in [
        (Part::ActiveSchedules, "GetRoleAssignmentSchedulesByScope"),
        (Part::ActiveInstances, "GetRoleAssignmentScheduleInstancesByScope"),
    ] {
        let observed = Observed::assemble(now, rows(part, SUBSCRIPTION, name));
        assert!(observed.assignments.is_empty(), "{name}");
        assert_eq!(observed.activations.len(), 1, "{name}");
    }
}

#[test]
fn a_list_of_a_scope_below_shows_the_row_and_one_of_another_does_not() {
    let name = "RoleAssignments_ListForScope";
    let own = "/subscriptions/a925f2f7-5c63-4b7b-8799-25a5f97bc3b2";
    let found = rows(Part::PlainAssignments, own, name);
    let [Row::Plain(row)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(row.target.role(), Some(&RoleId::new("0b5fe924-9a61-425c-96af-cfe6e287ca2d")), "a tenant-level id");
    assert_eq!(row.condition, None);
    for at in [SUBSCRIPTION, "/providers/Microsoft.Management/managementGroups/corp", "/"] {
        assert_eq!(rows(Part::PlainAssignments, at, name), [], "{at}: the row is that of another scope");
    }
}

#[test]
fn a_classic_row_is_known_by_the_name_it_shares() {
    let mut body = answer("GetRoleAssignmentSchedulesByScope");
    let row = &mut body["value"][0];
    row["name"] = json!("B0F43C54-E787-4862-89B1-A653FA9CF747");
    for member in ["linkedRoleEligibilityScheduleId", "roleAssignmentScheduleRequestId", "endDateTime"] {
        row["properties"].as_object_mut().unwrap().remove(member);
    }
    let (rows, mistakes) = Resource.decode(&list(Part::ActiveSchedules, SUBSCRIPTION), &body);
    assert_eq!(mistakes, []);
    let Row::Schedule(row) = &rows[0] else { panic!("{rows:?}") };
    assert_eq!((row.request.as_deref(), row.end), (None, None));
    let id = format!(
        "{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/B0F43C54-E787-4862-89B1-A653FA9CF747"
    );
    assert_eq!(row.assignment.as_deref(), Some(id.as_str()));
}

fn subject(mode: Mode, ask: Option<Ask>, condition: Option<&str>) -> Subject {
    Subject::Assignment {
        key: AssignmentKey { target: target(ROLE), principal: PrincipalId::new(PERSON), mode },
        principal_type: Some(PrincipalType::User),
        before: None,
        ask,
        condition: condition.map(str::to_owned),
        justification: None,
        ticket: None,
        assumed: false,
    }
}

#[test]
fn a_grant_is_the_documented_request_without_its_nulls() {
    let example = document("PutRoleEligibilityScheduleRequest");
    let mut wanted = example["parameters"]["parameters"].clone();
    let expiration = &mut wanted["properties"]["scheduleInfo"]["expiration"];
    expiration.as_object_mut().unwrap().remove("endDateTime");
    // 1.0 is no longer accepted (arm.md F)
    wanted["properties"]["conditionVersion"] = json!("2.0");
    let condition = wanted["properties"]["condition"].as_str().unwrap().to_owned();
    let start = "2020-09-09T21:31:27.91Z".parse().unwrap();
    let ask = Ask { start: Some(start), end: End::After(Period::days(365)) };
    let locator = Locator { request: Some(REQUEST.parse().unwrap()), ..Locator::default() };
    let subject = subject(Mode::Eligible, Some(ask), Some(&condition));
    let command = Resource.encode(&subject, &StepPart::Assign, AssignVerb::Assign, &locator);
    let path = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{REQUEST}");
    assert_eq!((command.verb, command.path.as_str()), (Verb::Put, path.as_str()));
    assert_eq!(command.options, [("api-version".to_owned(), "2020-10-01".to_owned())]);
    assert_eq!(command.body, Some(wanted));
}

#[test]
fn the_answer_says_what_was_granted() {
    let body = answer("PutRoleEligibilityScheduleRequest");
    let grant = Resource.grant(&body).unwrap();
    assert_eq!((grant.target, grant.principal), (target(ROLE), PrincipalId::new(PERSON)));
    assert_eq!(grant.end, Some(Some("2021-09-09T21:31:27.91Z".parse().unwrap())));
    assert!(grant.condition.unwrap().contains("foo_storage_container"));
    assert_eq!(Resource.granted(&body), Outcome::Done);
    for (status, is_refused) in [("Granted", false), ("PendingApproval", false), ("Denied", true), ("TimedOut", true)] {
        let outcome = Resource.granted(&json!({"properties": {"status": status}}));
        assert_eq!(matches!(outcome, Outcome::Refused(_)), is_refused, "{status}");
        assert_eq!(matches!(outcome, Outcome::Pending(_)), !is_refused, "{status}");
    }
}

#[test]
fn a_removal_names_its_reason_and_no_schedule() {
    let locator = Locator { request: Some(REQUEST.parse().unwrap()), ..Locator::default() };
    let command =
        Resource.encode(&subject(Mode::Active, None, None), &StepPart::Unassign, AssignVerb::Remove, &locator);
    let properties = command.body.unwrap()["properties"].clone();
    assert_eq!(properties["requestType"], "AdminRemove");
    assert!(properties["justification"].is_string(), "rules that demand one may apply to removals (arm.md B.7)");
    assert!(properties.get("scheduleInfo").is_none() && properties.get("principalType").is_none());
    assert!(command.path.contains("/roleAssignmentScheduleRequests/"));
}

#[test]
fn changed_rules_are_the_documented_patch_without_what_does_not_count() {
    let example = document("PatchPartialRoleManagementPolicy");
    let mut wanted = example["parameters"]["parameters"].clone();
    for rule in wanted["properties"]["rules"].as_array_mut().unwrap() {
        let rule = rule.as_object_mut().unwrap();
        rule.remove("exceptionMembers");
        rule["target"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    // refused since 2026 where no end is demanded (arm.md C.5)
    wanted["properties"]["rules"][0].as_object_mut().unwrap().remove("maximumDuration");
    let before = factory(Place::Azure);
    let mut after = before.clone();
    after.eligible_assignment.expiration.is_required = false;
    let mail = &mut after.eligible_assignment.notifications.admin;
    (mail.level, mail.default_recipients) = (NotificationLevel::Critical, false);
    mail.recipients = ["admin_admin_eligible@test.com".to_owned()].into();
    let after = after.canonical(Place::Azure);
    let rules: Vec<RuleId> = after.differing_rules(&before);
    let subject = Subject::Settings {
        target: target(ROLE),
        policy_role: None,
        before: Box::new(before),
        after: Box::new(after.clone()),
        assumed: false,
    };
    let part = StepPart::WriteRules(Box::new(after), rules);
    let policy = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleManagementPolicies/{ROLE}");
    let locator = Locator { policy: Some(policy.clone()), ..Locator::default() };
    let command = Resource.encode(&subject, &part, AssignVerb::Update, &locator);
    assert_eq!((command.verb, command.path), (Verb::Patch, policy));
    assert_eq!(command.body, Some(wanted));
}

#[test]
fn every_rule_reads_back_as_it_was_written() {
    let settings = factory(Place::Azure);
    let part = StepPart::WriteRules(Box::new(settings.clone()), RuleId::ALL.to_vec());
    let subject = Subject::Settings {
        target: target(ROLE),
        policy_role: None,
        before: Box::new(settings.clone()),
        after: Box::new(settings.clone()),
        assumed: false,
    };
    let body = Resource.encode(&subject, &part, AssignVerb::Update, &Locator::default()).body.unwrap();
    let row = |rules: Value| {
        json!({"value": [{"name": "x", "properties": {"scope": SUBSCRIPTION,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"),
            "policyId": "/p", "effectiveRules": rules}}]})
    };
    let whole = row(body["properties"]["rules"].clone());
    assert_eq!(Resource.decode_policy(&target(ROLE), &whole).unwrap(), Some(("/p".to_owned(), settings)));
    assert_eq!(Resource.decode_policy(&target(PERSON), &whole).unwrap(), None, "another role's policy is not written");
    let (rows, mistakes) = Resource.decode(&list(Part::Settings, SUBSCRIPTION), &whole);
    assert_eq!(
        (rows, mistakes),
        (vec![Row::Untouched(scope(SUBSCRIPTION), vec![ROLE.parse().unwrap()])], vec![]),
        "the defaults are held as a key"
    );
    let mut rules = body["properties"]["rules"].as_array().unwrap().clone();
    rules.pop();
    let (rows, mistakes) = Resource.decode(&list(Part::Settings, SUBSCRIPTION), &row(Value::from(rules)));
    assert_eq!(rows, [], "a policy that lacks a rule is not understood");
    assert_eq!(mistakes[0].role, Some(RoleId::new(ROLE)), "the other roles of the list are");
}

#[test]
fn a_custom_role_is_written_whole_at_its_broadest_scope() {
    let body = json!({"name": "E21D5927-EA73-520D-868E-7057550440E7", "properties": {
        "roleName": "VM Operator", "type": "CustomRole", "description": "x",
        "assignableScopes": [format!("{SUBSCRIPTION}/resourceGroups/Rg"), SUBSCRIPTION.to_uppercase()],
        "permissions": [{"actions": ["b", "a"], "notActions": [], "dataActions": [], "notDataActions": []}]}});
    let role = Resource.decode_role(&body).unwrap();
    assert_eq!(
        role,
        RoleDefinition {
            surface: Place::Azure,
            id: RoleId::new("e21d5927-ea73-520d-868e-7057550440e7"),
            template_id: RoleId::new("e21d5927-ea73-520d-868e-7057550440e7"),
            display_name: "VM Operator".into(),
            description: "x".into(),
            is_enabled: true,
            is_built_in: false,
            permissions: Permissions { actions: ["a", "b"].map(Permission::new).into(), ..Permissions::default() },
            assignable_scopes: [scope(SUBSCRIPTION), scope(&format!("{SUBSCRIPTION}/resourceGroups/rg"))].into(),
        }
    );
    let part = StepPart::CreateRole(Box::new(role.clone()));
    let subject = Subject::Role { before: None, after: Some(Box::new(role)) };
    let command = Resource.encode(&subject, &part, AssignVerb::Assign, &Locator::default());
    let path = format!(
        "{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/e21d5927-ea73-520d-868e-7057550440e7"
    );
    assert_eq!((command.verb, command.path), (Verb::Put, path));
    let permissions = &command.body.unwrap()["properties"]["permissions"];
    assert_eq!(
        *permissions,
        json!([{"actions": ["a", "b"], "notActions": [], "dataActions": [], "notDataActions": []}])
    );
}

#[test]
fn refusals_mean_what_the_codes_say() {
    let refusal = |code: &str| {
        let refusal =
            Refusal { status: 400, code: code.to_owned(), message: String::new(), request_id: None, retry_after: None };
        Resource.refusal(&refusal)
    };
    assert_eq!(refusal("RoleAssignmentExists"), Outcome::Exists);
    assert_eq!(refusal("RoleAssignmentDoesNotExist"), Outcome::DoesNotExist);
    assert_eq!(refusal("ActiveDurationTooShort"), Outcome::TooYoung);
    assert_eq!(refusal("PendingRoleAssignmentRequest"), Outcome::PendingRequest);
    assert_eq!(refusal("RoleAssignmentRequestExists"), Outcome::Arrived);
    assert!(matches!(refusal("SubjectNotFound"), Outcome::NotReplicated(_)));
    assert!(matches!(refusal("RoleAssignmentRequestPolicyValidationFailed"), Outcome::Refused(_)));
    assert!(matches!(refusal("AuthorizationFailed"), Outcome::Refused(_)));
}

#[test]
fn a_scope_costs_four_lists_and_a_request_log_is_never_read() {
    let mut reach = Reach::default();
    let at = rolewright::core::origin::Origin { file: "a.yaml".into(), line: 1, column: 1, start: 0, end: 0 };
    reach.assign(&scope(SUBSCRIPTION), &at);
    reach.assign(&scope("/providers/Microsoft.Management/managementGroups/corp"), &at);
    let reads = Resource.reads(&reach);
    assert_eq!(reads.len(), 8);
    assert!(reads.iter().all(|(_, read)| !read.query.path.contains("Requests")));
    let plain = reads.iter().filter(|(_, read)| read.part == Part::PlainAssignments);
    assert!(plain.clone().count() == 2 && plain.clone().all(|(rank, _)| *rank == 0), "before the schedules");
}
