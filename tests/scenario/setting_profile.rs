//! Profiles: later ones win over earlier ones, own fields over all; and what two manifests may say of one role.

use serde_json::{Value, json};

use crate::manifest::settings;
use crate::stage::Stage;

const PROFILES: &str = "
apiVersion: rolewright/v1
kind: SettingsProfile
metadata: {name: base}
spec:
  activation: {maxDuration: PT8H, require: [multiFactorAuthentication, justification, ticket], approval: {approvers: fallback}}
  eligibleAssignment: {permanent: forbidden, maxDuration: P180D}
  notifications: {activation: {admin: {recipients: [soc@contoso.example], level: critical}}}
---
apiVersion: rolewright/v1
kind: SettingsProfile
metadata: {name: strict}
spec:
  activation: {maxDuration: PT2H, require: [justification]}
  eligibleAssignment: {maxDuration: P90D}
  notifications: {activation: {admin: {level: all}}}
";

/// Returns what the service holds: activation, demands, approval, eligible assignment, and two parts of one mail.
fn live(stage: &Stage, role: &str) -> Value {
    let rules = stage.rules(role);
    let mail = &rules["Notification_Admin_EndUser_Assignment"];
    let eligible = &rules["Expiration_Admin_Eligibility"];
    json!([
        rules["Expiration_EndUser_Assignment"]["maximumDuration"],
        rules["Enablement_EndUser_Assignment"]["enabledRules"],
        rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"],
        eligible["isExpirationRequired"],
        eligible["maximumDuration"],
        mail["notificationLevel"],
        mail["notificationRecipients"],
    ])
}

#[test]
fn later_profiles_win_and_own_fields_win_over_all() {
    let stage = Stage::new();
    stage.write("profiles.yaml", PROFILES);
    let one = settings("Helpdesk Administrator", "extends: [base, strict]");
    let other = settings("User Administrator", "extends: [strict, base]");
    let own = "extends: [base, strict]\nactivation: {maxDuration: PT1H, require: [], approval: none}\neligibleAssignment: {permanent: default}";
    let third = settings("Groups Administrator", own);
    stage.write("settings.yaml", &(one + &other + &third));
    stage.apply();
    let soc = json!(["soc@contoso.example"]);
    let all = json!(["MultiFactorAuthentication", "Justification", "Ticketing"]);
    assert_eq!(
        live(&stage, "Helpdesk Administrator"),
        json!(["PT2H", ["Justification"], true, true, "P90D", "All", soc]),
        "lists are replaced whole, parts of a mail one by one"
    );
    assert_eq!(live(&stage, "User Administrator"), json!(["PT8H", all, true, true, "P180D", "Critical", soc]));
    assert_eq!(live(&stage, "Groups Administrator"), json!(["PT1H", [], false, false, "P90D", "All", soc]));

    // and back
    let reset = |role| settings(role, "undeclared: serviceDefault");
    let roles = ["Helpdesk Administrator", "User Administrator", "Groups Administrator"];
    stage.write("settings.yaml", &roles.map(reset).concat());
    stage.apply();
    let factory = stage.rules("Teams Administrator");
    for role in roles {
        assert_eq!(stage.rules(role), factory);
    }
}

#[test]
fn service_default_keeps_what_is_declared() {
    let stage = Stage::new();
    stage.write("profiles.yaml", PROFILES);
    stage.write("settings.yaml", &settings("Helpdesk Administrator", "extends: [base]"));
    stage.apply();
    stage.write("settings.yaml", &settings("Helpdesk Administrator", "extends: [strict]\nundeclared: serviceDefault"));
    stage.apply();
    let want = json!(["PT2H", ["Justification"], false, false, "P90D", "All", []]);
    assert_eq!(live(&stage, "Helpdesk Administrator"), want);
}

#[test]
fn one_role_has_one_declaration() {
    let stage = Stage::new();
    let one = settings("Helpdesk Administrator", "activation: {maxDuration: PT1H}");
    let other = one.replace("PT1H", "PT2H").replace("name: helpdesk-administrator", "name: other");
    stage.write("settings.yaml", &(one.clone() + &other));
    stage.run(&["plan"]).exits(1).says("settings.yaml:6").says("settings.yaml:13").says("conflicting-declaration");
    stage.write("settings.yaml", &(one.clone() + &one.replace("name: helpdesk-administrator", "name: other")));
    stage.apply();
    stage.write("settings.yaml", &settings("Helpdesk Administrator", "extends: [strct]"));
    stage.write("profiles.yaml", PROFILES);
    stage.run(&["plan"]).exits(1).says("strct").says("did you mean `strict`");
}

#[test]
fn a_target_takes_one_and_leaves_the_others() {
    let stage = Stage::new();
    let roles = ["Helpdesk Administrator", "User Administrator"];
    stage.write("settings.yaml", &roles.map(|role| settings(role, "activation: {maxDuration: PT1H}")).concat());
    stage.run(&["apply", "--yes", "--target", "directory/settings/User Administrator"]).exits(0);
    assert_eq!(stage.changes(), ["update directory/settings/Helpdesk Administrator"]);
    assert_eq!(stage.rules("User Administrator")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT1H");
    stage.run(&["plan", "--target", "directory/settings/Usr Administrator"]).exits(1).says("unknown-target");
    stage.apply();
}
