//! Exactly what was reviewed, or nothing: plans that are saved by one identity and applied by another.

use serde_json::{Value, json};

use crate::stage::{Run, Stage, tenant};
use crate::words::{OWN_ALL, eligible, permanent, settings};

/// A tenant in which everything but Global Administrator is owned, and a plan with a change of every kind that a review may meet:
/// new settings, a new assignment, one that is taken away.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let bob = stage.user("bob");
    stage.user("alice");
    stage.request("eligible", "adminAssign", "Reports Reader", &bob, "/", permanent());
    stage.advance(1);
    stage.write("roles.yaml", &manifests("PT4H"));
    stage
}

fn manifests(maximum: &str) -> String {
    let grant = eligible("helpdesk", "Helpdesk Administrator", "[{user: alice@contoso.example}]", "{permanent: true}");
    let rules =
        format!("  activation: {{maxDuration: {maximum}, require: [justification, multiFactorAuthentication]}}\n");
    format!("{grant}{}", settings("helpdesk", "Helpdesk Administrator", &rules))
}

fn file(stage: &Stage) -> String {
    // beside the manifests, where no manifest is looked for
    stage.path().join("plan.json").to_string_lossy().into_owned()
}

fn save(stage: &Stage) -> Value {
    let file = file(stage);
    stage.run(&["plan", "--out", &file]).exits(0);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn apply(stage: &Stage) -> Run {
    stage.run(&["apply!", "--plan", &file(stage), "--yes"])
}

/// Returns how many writes were sent since a mark.
fn writes(stage: &Stage, mark: usize) -> usize {
    let sent = stage.sent_since(mark);
    sent.iter()
        .filter(|entry| entry.method != "GET" && !entry.path.contains("$batch") && !entry.path.contains("token"))
        .count()
}

#[test]
fn the_plan_of_a_reader_is_applied_by_a_writer_without_manifests() {
    let stage = stage();
    let plan = save(&stage);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 3);
    stage.erase("roles.yaml");
    stage.erase("tenant.yaml");
    let mark = stage.mark();
    let digest = plan["digest"].as_str().unwrap();
    let run = stage.run(&["apply!", "--plan", &file(&stage), "--digest", digest, "--yes"]).exits(0);
    run.says("Checked: every change of the plan holds.");
    assert!(writes(&stage, mark) >= 3);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("roles.yaml", &manifests("PT4H"));
    stage.assert_converged();
}

#[test]
fn a_plan_is_applied_once() {
    let stage = stage();
    save(&stage);
    apply(&stage).exits(0);
    let mark = stage.mark();
    apply(&stage).exits(5).says("applied already: all of its 3 change(s) hold");
    assert_eq!(writes(&stage, mark), 0);
}

#[test]
fn every_difference_is_named_and_nothing_is_written() {
    let stage = stage();
    save(&stage);
    let bob = stage.id_of("bob");
    stage.request("eligible", "adminRemove", "Reports Reader", &bob, "/", json!(null));
    stage.write_rule("Helpdesk Administrator", expiration("PT6H"));
    let mark = stage.mark();
    let run = apply(&stage).exits(5).says("not as it was when this plan was made; nothing was written");
    run.says("directory/settings/Helpdesk Administrator: `activation.maxDuration` was PT8H, is PT6H")
        .says("directory/eligible/Reports Reader@tenant/user:bob@contoso.example: is as planned already");
    assert_eq!(writes(&stage, mark), 0);
}

/// Rule 11 with another maximum.
fn expiration(maximum: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
        "id": "Expiration_EndUser_Assignment", "isExpirationRequired": true, "maximumDuration": maximum,
        "target": { "caller": "EndUser", "operations": ["All"], "level": "Assignment", "inheritableSettings": [],
                    "enforcedSettings": [] },
    })
}

#[test]
fn what_a_grant_relies_on_is_bound_too() {
    let stage = stage();
    stage.write(
        "roles.yaml",
        &eligible("h", "Helpdesk Administrator", "[{user: alice@contoso.example}]", "{permanent: true}"),
    );
    let plan = save(&stage);
    assert_eq!(plan["relies"].as_array().unwrap().len(), 3, "the role, its settings, and alice: {plan}");
    stage.write_rule("Helpdesk Administrator", expiration("PT12H"));
    apply(&stage).exits(5).says("directory/settings/Helpdesk Administrator: is not as it was reviewed");
}

#[test]
fn a_principal_that_is_gone_is_a_difference() {
    let stage = stage();
    save(&stage);
    let alice = stage.id_of("alice");
    stage.admin("DELETE", &format!("/users/{alice}"), None);
    apply(&stage).exits(5).says("its principal is not in the directory any more");
}

#[test]
fn an_edited_plan_is_refused() {
    let stage = stage();
    let plan = save(&stage);
    type Spoil = fn(&mut Value);
    let spoil: [(&str, Spoil, &str); 6] = [
        ("a longer activation", |p| p["changes"][0]["reasons"] = json!(["harmless"]), "was edited"),
        ("a later end", |p| p["expiresAt"] = json!("2099-01-01T00:00:00Z"), "was edited"),
        ("an unknown member", |p| p["note"] = json!("x"), "was edited"),
        ("no digest", |p| p["digest"] = json!(""), "was edited"),
        ("a newer format", |p| p["format"] = json!("rolewright.plan/v2"), "is a plan of format `rolewright.plan/v2`"),
        ("another document", |p| p["format"] = json!("other"), "is no plan"),
    ];
    let mark = stage.mark();
    for (what, spoil, says) in spoil {
        let mut bad = plan.clone();
        spoil(&mut bad);
        std::fs::write(file(&stage), bad.to_string()).unwrap();
        let run = apply(&stage).exits(1).says(says);
        assert!(run.stdout.is_empty(), "{what}: {}", run.stdout);
        stage.run(&["show!", &file(&stage)]).exits(1).says(says);
    }
    std::fs::write(file(&stage), "{\"format\": \"rolewr").unwrap();
    apply(&stage).exits(1).says("plan.json:1:").says("no JSON");
    assert_eq!(stage.mark(), mark, "nothing was even asked");
}

#[test]
fn a_plan_with_its_digest_made_anew_is_another_plan() {
    let stage = stage();
    let plan = save(&stage);
    let reviewed = plan["digest"].as_str().unwrap().to_owned();
    stage.write("roles.yaml", &manifests("PT8H"));
    save(&stage);
    let run = stage.run(&["apply!", "--plan", &file(&stage), "--digest", &reviewed, "--yes"]).exits(1);
    run.says("is not the plan that was reviewed");
}

#[test]
fn plans_expire_by_the_time_of_the_service() {
    let stage = stage();
    save(&stage);
    stage.advance(23);
    stage.run(&["show!", &file(&stage)]).exits(0);
    stage.advance(2);
    let mark = stage.mark();
    apply(&stage).exits(5).says("expired at 2026-06-02T09:00:00Z");
    assert_eq!(writes(&stage, mark), 0);
}

#[test]
fn other_manifests_than_those_named_are_refused() {
    let stage = stage();
    save(&stage);
    let file = file(&stage);
    stage.write(
        "more.yaml",
        &eligible("more", "Reports Reader", "[{user: alice@contoso.example}]", "{permanent: true}"),
    );
    stage.run(&["apply", "--plan", &file, "--yes"]).exits(5).says("made from other manifests");
    stage.erase("more.yaml");
    stage.run(&["apply", "--plan", &file, "--yes"]).exits(0);
}

#[test]
fn a_plan_for_another_tenant_is_refused() {
    let stage = stage();
    let mut plan = save(&stage);
    plan["tenantId"] = json!("5a9dbb0c-0000-4000-8000-00000000ffff");
    // whoever can write a plan can make its digest: the tenant is compared all the same
    let mut unsigned = plan.clone();
    unsigned.as_object_mut().unwrap().remove("digest");
    plan["digest"] = json!(rolewright::core::change::digest(&rolewright::core::change::canonical(&unsigned)));
    std::fs::write(file(&stage), plan.to_string()).unwrap();
    apply(&stage).exits(1).says("the token belongs to tenant 5a9dbb0c-0000-4000-8000-000000000001, the plan to");
}

#[test]
fn guards_are_asked_again() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant(""));
    let carol = stage.user("carol");
    stage.request("active", "adminAssign", "Global Administrator", &carol, "/", permanent());
    stage.advance(1);
    let dave = stage.user("dave");
    stage.request("active", "adminAssign", "Global Administrator", &dave, "/", permanent());
    stage.advance(1);
    // carol's role gets an end: three others remain
    let end = "{end: 2026-12-01T00:00:00Z}";
    stage.write(
        "roles.yaml",
        &crate::words::active("carol", "Global Administrator", "[{user: carol@contoso.example}]", end),
    );
    save(&stage);
    // somebody else takes the others meanwhile: none of them is part of the plan
    for row in stage.rows("roleAssignmentSchedules") {
        let holder = row["principalId"].as_str().unwrap();
        if row["roleDefinitionId"] == json!(stage.role("Global Administrator")) && holder != carol && holder != dave {
            stage.request("active", "adminRemove", "Global Administrator", holder, "/", json!(null));
        }
    }
    let mark = stage.mark();
    apply(&stage).exits(3).says("refused by a guard now; nothing was written").says("lockout");
    assert_eq!(writes(&stage, mark), 0);
}

#[test]
fn a_refused_plan_stays_refused_and_an_override_is_on_record() {
    let stage = stage();
    stage.write("tenant.yaml", &tenant(&OWN_ALL.replace("maxRemovalPercent: 100", "maxRemovals: 0")));
    let file = file(&stage);
    stage.run(&["plan", "--out", &file]).exits(3);
    apply(&stage).exits(3).says("the plan does not stand as it is");
    stage.run(&["apply!", "--plan", &file, "--yes", "--allow-mass-removal"]).exits(64);
    let run = stage.run(&["plan", "--out", &file, "--allow-mass-removal"]).exits(0);
    run.says("allowed by --allow-mass-removal");
    assert!(std::fs::read_to_string(&file).unwrap().contains("--allow-mass-removal"));
    apply(&stage).exits(0);
}

#[test]
fn time_alone_makes_no_plan_stale() {
    let stage = stage();
    let info = json!({ "startDateTime": "2026-06-01T12:00:00Z", "expiration": { "type": "noExpiration" } });
    let bob = stage.id_of("bob");
    stage.request("eligible", "adminAssign", "Security Reader", &bob, "/", info);
    save(&stage);
    // the assignment that is to be removed was to begin, and has begun
    stage.advance(10);
    apply(&stage).exits(0);
}

#[test]
fn the_question_is_asked_before_and_the_tenant_read_again_after() {
    let stage = stage();
    save(&stage);
    let mark = stage.mark();
    stage.run(&["apply!", "--plan", &file(&stage)]).exits(64).says("nobody can be asked");
    assert_eq!(writes(&stage, mark), 0);
}

#[test]
fn show_prints_the_digest_and_every_form() {
    let stage = stage();
    let plan = save(&stage);
    let file = file(&stage);
    let run = stage.run(&["show!", &file, "--digest"]).exits(0);
    assert_eq!(run.stdout, format!("{}\n", plan["digest"].as_str().unwrap()));
    let run = stage.run(&["show!", &file, "--format", "json"]).exits(0);
    assert_eq!(run.json(), plan);
    stage.run(&["show!", &file]).exits(0).says("1 to create, 1 to update, 1 to remove");
}

#[test]
fn a_plan_without_what_its_changes_wait_for_is_refused() {
    let stage = stage();
    let mut plan = save(&stage);
    let awaited = json!([{ "address": "directory/settings/Elsewhere", "reason": "safeguards first" }]);
    plan["changes"][0]["requires"] = awaited;
    sign(&mut plan);
    std::fs::write(file(&stage), plan.to_string()).unwrap();
    apply(&stage).exits(1).says("is to wait for `directory/settings/Elsewhere`, which is not in it");
}

/// Makes the digest anew, as whoever can write the file can.
fn sign(plan: &mut Value) {
    plan.as_object_mut().unwrap().remove("digest");
    plan["digest"] = json!(rolewright::core::change::digest(&rolewright::core::change::canonical(plan)));
}

#[test]
fn an_empty_plan_expires_too() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant(""));
    save(&stage);
    apply(&stage).exits(0).says("No changes");
    stage.advance(25);
    apply(&stage).exits(5).says("expired at");
}

#[test]
fn an_override_allows_what_its_review_showed_and_nothing_else() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant("  limits: {minGlobalAdministrators: 4}\n"));
    let carol = stage.user("carol");
    stage.request("active", "adminAssign", "Global Administrator", &carol, "/", permanent());
    stage.advance(1);
    let end = "{end: 2026-12-01T00:00:00Z}";
    let grant = crate::words::active("carol", "Global Administrator", "[{user: carol@contoso.example}]", end);
    stage.write("roles.yaml", &grant);
    let file = file(&stage);
    let run = stage.run(&["plan", "--out", &file, "--allow-few-global-administrators"]).exits(0);
    run.says("2 usable permanent Global Administrator(s) remain (there are 3)");
    // fewer are left now than the review showed
    stage.admin("PATCH", "/users/breakglass1@contoso.example", Some(json!({ "accountEnabled": false })));
    apply(&stage).exits(3).says("1 usable permanent Global Administrator(s) remain");
}

#[test]
fn an_activation_that_began_since_makes_a_plan_wait() {
    let stage = Stage::new();
    stage.write(
        "tenant.yaml",
        &tenant("  ownership: [{groups: [sg-ops], assignments: authoritative}]\n  limits: {maxRemovalPercent: 100}\n"),
    );
    let group = stage.group("sg-ops", true);
    let mallory = stage.user("mallory");
    let eligibility = json!({
        "accessId": "member", "principalId": mallory, "groupId": group, "action": "adminAssign",
        "justification": "story", "scheduleInfo": until_soon(),
    });
    let requests = "/identityGovernance/privilegedAccess/group";
    stage.admin("POST", &format!("{requests}/eligibilityScheduleRequests"), Some(eligibility));
    stage.advance(1);
    stage.write("roles.yaml", &eligible("ops", "Security Administrator", "[{group: sg-ops}]", "{permanent: true}"));
    let plan = save(&stage);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "{plan}");
    let activation = json!({
        "accessId": "member", "principalId": mallory, "groupId": group, "action": "selfActivate",
        "justification": "story",
        "scheduleInfo": { "expiration": { "type": "afterDuration", "duration": "PT8H" } },
    });
    let (status, body) = stage.graph_as(
        "mallory@contoso.example",
        "POST",
        &format!("{requests}/assignmentScheduleRequests"),
        Some(activation),
    );
    assert_eq!(status, 201, "{body}");
    let mark = stage.mark();
    apply(&stage).exits(5).says("has `sg-ops:member` activated until");
    assert_eq!(writes(&stage, mark), 0);
}

fn until_soon() -> Value {
    json!({ "expiration": { "type": "afterDateTime", "endDateTime": "2026-09-01T00:00:00Z" } })
}

#[test]
fn a_row_that_nobody_needs_to_understand_stops_no_plan_and_a_new_gap_does() {
    let stage = stage();
    stage.faults(refuse("deletedItems"));
    save(&stage);
    stage.faults(refuse("roleEligibilitySchedules"));
    let mark = stage.mark();
    apply(&stage).exits(5).says("cannot be compared");
    stage.faults(refuse("roleAssignmentScheduleInstances"));
    apply(&stage).exits(1).says("could not be read as far as when the plan was made");
    assert_eq!(writes(&stage, mark), 0);
    stage.faults(json!([]));
    apply(&stage).exits(0);
}

/// Faults by which a list cannot be read.
fn refuse(list: &str) -> Value {
    let path = format!("/{list}");
    json!([{ "match": { "path": path }, "effect": { "answer": { "status": 403, "code": "Refused" } } }])
}

#[test]
fn approvers_of_what_a_group_leads_to_are_read_again() {
    let stage = Stage::new();
    stage.group("sg-ops", true);
    let (approvers, carol) = (stage.group("sg-approvers", false), stage.user("carol"));
    stage.user("alice");
    let member = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{carol}") });
    stage.admin("POST", &format!("/groups/{approvers}/members/$ref"), Some(member));
    let ops = eligible("ops", "Security Administrator", "[{group: sg-ops}]", "{permanent: true}");
    let approval =
        settings("s", "Security Administrator", "  activation: {approval: {approvers: [{group: sg-approvers}]}}\n");
    stage.write("roles.yaml", &format!("{ops}{approval}"));
    stage.apply();
    // from now on nobody declares the settings, and the grant leads to the role through the group
    let alice =
        crate::group_words::eligible("alice", "sg-ops:member", "[{user: alice@contoso.example}]", "{duration: P30D}");
    stage.write("roles.yaml", &format!("{ops}{alice}"));
    let plan = save(&stage);
    assert!(plan["relies"].to_string().contains("group/members/sg-approvers"), "{}", plan["relies"]);
    apply(&stage).exits(0);
}
