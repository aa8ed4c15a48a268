//! One rule of role settings with another value, whatever its kind, in the spelling of Graph and of ARM.

use fastrand::Rng;
use serde_json::{Value, json};

/// Returns the rule with another meaning than it has; `approver` is a user who may approve.
pub(super) fn twisted(rule: &Value, approver: &str, random: &mut Rng) -> Value {
    let mut rule = rule.clone();
    let is_arm = rule.get("ruleType").is_some();
    let id = rule["id"].as_str().unwrap().to_owned();
    if rule.get("isExpirationRequired").is_some() {
        expiration(&mut rule, &id, is_arm, random);
    } else if rule.get("enabledRules").is_some() {
        toggle(&mut rule["enabledRules"], &id, random);
    } else if rule.get("setting").is_some() {
        approval(&mut rule["setting"], is_arm, approver, random);
    } else if rule.get("notificationLevel").is_some() {
        notification(&mut rule, random);
    } else {
        let is_enabled = rule["isEnabled"] == true;
        rule["isEnabled"] = json!(!is_enabled);
        rule["claimValue"] = json!(if is_enabled { "" } else { "c1" });
    }
    rule
}

fn expiration(rule: &mut Value, id: &str, is_arm: bool, random: &mut Rng) {
    let is_activation = id == "Expiration_EndUser_Assignment";
    let is_required = rule["isExpirationRequired"] == true;
    if is_required && !is_activation && random.bool() {
        rule["isExpirationRequired"] = json!(false);
        if is_arm {
            rule.as_object_mut().unwrap().remove("maximumDuration");
        }
        return;
    }
    let lengths = if is_activation { ["PT1H", "PT3H", "PT12H"] } else { ["P200D", "P250D", "P300D"] };
    rule["isExpirationRequired"] = json!(true);
    rule["maximumDuration"] = json!(random.choice(lengths));
}

fn toggle(list: &mut Value, id: &str, random: &mut Rng) {
    let known: &[&str] = match id {
        "Enablement_Admin_Assignment" => &["MultiFactorAuthentication", "Justification"],
        _ => &["MultiFactorAuthentication", "Justification", "Ticketing"],
    };
    let one = random.choice(known).unwrap();
    let entries = list.as_array_mut().unwrap();
    let before = entries.len();
    entries.retain(|entry| entry != one);
    if entries.len() == before {
        entries.push(json!(one));
    }
}

fn approval(setting: &mut Value, is_arm: bool, approver: &str, random: &mut Rng) {
    let by = match is_arm {
        true => json!({ "id": approver, "userType": "User", "isBackup": false, "description": "x" }),
        false => json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": approver, "description": "x" }),
    };
    let is_required = setting["isApprovalRequired"] == true;
    match (is_required, random.u8(..3)) {
        (true, 0) => setting["isApprovalRequired"] = json!(false),
        (true, 1) => {
            let asks = setting["isRequestorJustificationRequired"] == true;
            setting["isRequestorJustificationRequired"] = json!(!asks);
        }
        _ => {
            setting["isApprovalRequired"] = json!(true);
            setting["approvalStages"][0]["primaryApprovers"] = json!([by]);
        }
    }
}

fn notification(rule: &mut Value, random: &mut Rng) {
    let is_approver = rule["recipientType"] == "Approver";
    match random.u8(..3) {
        0 => {
            let is_on = rule["isDefaultRecipientsEnabled"] == true;
            rule["isDefaultRecipientsEnabled"] = json!(!is_on);
        }
        1 if !is_approver => rule["notificationRecipients"] = json!(["mallory@contoso.example"]),
        _ => {
            let now = rule["notificationLevel"].as_str().unwrap().to_owned();
            let others: Vec<&str> = ["None", "Critical", "All"].into_iter().filter(|level| *level != now).collect();
            rule["notificationLevel"] = json!(random.choice(others));
        }
    }
}
