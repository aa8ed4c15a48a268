//! From multifactor authentication to an authentication context and back: the service takes both together in one direction only.

use serde_json::json;

use crate::access::{facts, wider};
use crate::manifest::{assignment, settings};
use crate::meddling::{Watched, watched};
use crate::stage::Stage;

const ROLE: &str = "Helpdesk Administrator";
const MFA: &str = "MultiFactorAuthentication";

fn declare(stage: &Stage, activation: &str) {
    stage.write("settings.yaml", &settings(ROLE, &format!("activation: {activation}")));
}

/// Returns the demands on activations that hold now: the context in front, when one does.
fn demands(stage: &Stage) -> Vec<String> {
    let rules = stage.rules(ROLE);
    let context = &rules["AuthenticationContext_EndUser_Assignment"];
    let context = (context["isEnabled"] == true).then(|| context["claimValue"].as_str().unwrap().to_owned());
    let others = rules["Enablement_EndUser_Assignment"]["enabledRules"].as_array().unwrap().clone();
    context.into_iter().chain(others.iter().map(|rule| rule.as_str().unwrap().to_owned())).collect()
}

/// Applies, and returns what the policy demanded after each write.
fn steps(stage: &Stage, watched: &Watched) -> Vec<Vec<String>> {
    watched.clear();
    stage.apply();
    let role = stage.role(ROLE);
    let mut found = Vec::new();
    for (entry, state) in watched.writes() {
        assert_eq!(entry.method, "PATCH");
        assert!(!entry.path.contains("/rules/"), "one rule at a time: {}", entry.path);
        let rules = state["policies"][&role]["rules"].as_array().unwrap().clone();
        let rule = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap().clone();
        let context = rule("AuthenticationContext_EndUser_Assignment");
        let enabled = rule("Enablement_EndUser_Assignment")["enabledRules"].as_array().unwrap().clone();
        let context = (context["isEnabled"] == true).then(|| context["claimValue"].as_str().unwrap().to_owned());
        let mut demands: Vec<String> = enabled.iter().map(|rule| rule.as_str().unwrap().to_owned()).collect();
        demands.extend(context);
        demands.sort();
        found.push(demands);
    }
    found
}

#[test]
fn to_a_context_and_back() {
    let (stage, watched) = watched(|_| {});
    declare(&stage, "{authenticationContext: c1, require: [justification]}");
    let there = steps(&stage, &watched);
    assert_eq!(
        there,
        [vec!["Justification", MFA, "c1"], vec!["Justification", "c1"]],
        "enabled first, then MFA is dropped"
    );
    assert_eq!(demands(&stage), ["c1", "Justification"]);

    declare(&stage, "{authenticationContext: none, require: [multiFactorAuthentication, justification]}");
    let back = steps(&stage, &watched);
    assert_eq!(back, [vec!["Justification", MFA]], "one PATCH changes both rules");

    // and there again while a ticket is demanded anew: what is demanded more comes first, and never beside MFA in one write
    declare(&stage, "{authenticationContext: c2, require: [ticket]}");
    let there = steps(&stage, &watched);
    assert_eq!(
        there,
        [
            vec!["Justification", MFA, "Ticketing"],
            vec!["Justification", MFA, "Ticketing", "c2"],
            vec!["Ticketing", "c2"]
        ]
    );

    declare(&stage, "{authenticationContext: c1}");
    assert_eq!(steps(&stage, &watched), [vec!["Ticketing", "c1"]], "one context takes the other's place");

    declare(&stage, "{authenticationContext: default, require: default}");
    assert_eq!(steps(&stage, &watched), [vec!["Justification", MFA, "Ticketing"], vec!["Justification", MFA]]);
    assert_eq!(demands(&stage), [MFA, "Justification"]);
}

#[test]
fn a_context_that_does_not_exist_is_refused_since_the_service_does_not_check() {
    let stage = Stage::new();
    let factory = stage.rules(ROLE);
    declare(&stage, "{authenticationContext: c9, require: [justification]}");
    stage.run(&["apply", "--yes"]).exits(1).says("unknown-authentication-context").says("settings.yaml:7");
    assert_eq!(stage.rules(ROLE), factory);
}

#[test]
fn mfa_beside_a_context_that_nobody_declares_is_refused_before_the_service_does() {
    let stage = Stage::new();
    let mut rule = stage.rules(ROLE)["AuthenticationContext_EndUser_Assignment"].clone();
    (rule["isEnabled"], rule["claimValue"]) = (json!(true), json!("c1"));
    stage.write_rule(ROLE, rule);
    declare(&stage, "{require: [multiFactorAuthentication]}");
    stage.run(&["plan"]).exits(1).says("mfa-with-authentication-context").says("`activation.authenticationContext`");
    // both in one manifest are a mistake without any tenant
    declare(&stage, "{require: [multiFactorAuthentication], authenticationContext: c1}");
    stage.run(&["plan"]).exits(1).says("mfa-with-authentication-context");
    declare(&stage, "{require: [multiFactorAuthentication], authenticationContext: none}");
    stage.apply();
    assert_eq!(demands(&stage), [MFA]);
}

#[test]
fn whoever_is_granted_the_role_meets_the_reviewed_demand() {
    let (stage, watched) = watched(|_| {});
    let factory = stage.rules(ROLE);
    stage.user("alice");
    stage.user("bob");
    let eligible = |user| assignment("EligibleAssignment", ROLE, user, "{permanent: true}");
    declare(&stage, "{authenticationContext: c1, require: [justification]}");
    stage.write("alice.yaml", &eligible("alice"));
    stage.apply();
    let before = facts(&stage.running().state_json(), &factory);

    // from the context to MFA while somebody else becomes eligible
    declare(&stage, "{authenticationContext: none, require: [multiFactorAuthentication, ticket]}");
    stage.write("bob.yaml", &eligible("bob"));
    stage.faults(json!([{"match": {"method": "PATCH"}, "effect":
        {"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}}}]));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("Not today.").says("whoever gets the role must meet the reviewed settings");
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 1);
    stage.faults(json!([]));
    watched.clear();
    stage.apply();
    let after = facts(&stage.running().state_json(), &factory);
    for (entry, state) in watched.writes() {
        let now = facts(&state, &factory);
        assert!(wider(&now, &before, &after).is_empty(), "after {} {}", entry.method, entry.path);
    }
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 2);
}
