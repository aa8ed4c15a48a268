//! Each field of role settings: a value, another value, nothing declared, the service's default, the empty list. Whatever a
//! manifest does not declare stays as it is, to the byte.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::manifest::settings;
use crate::stage::Stage;

/// One field: its path, the YAML of a value, the rule that holds it, where, and what the service holds by default and for the
/// two values.
struct Row {
    path: String,
    yaml: fn(&str, &str) -> String,
    values: [&'static str; 2],
    rule: String,
    pointer: &'static str,
    held: [Value; 3],
}

/// Events and recipients as manifests and as rules spell them.
const EVENTS: [(&str, &str); 3] = [
    ("eligibleAssignment", "Admin_Eligibility"),
    ("activeAssignment", "Admin_Assignment"),
    ("activation", "EndUser_Assignment"),
];
const RECIPIENTS: [(&str, &str); 3] = [("admin", "Admin"), ("assignee", "Requestor"), ("approver", "Approver")];

/// Wraps a value in the blocks of its path, e.g. `activation: {maxDuration: PT4H}`.
fn nested(path: &str, value: &str) -> String {
    let mut keys = path.split('.').collect::<Vec<_>>().into_iter();
    let first = keys.next().unwrap_or_default();
    let (open, close): (String, String) = keys.map(|key| (format!("{{{key}: "), "}")).unzip();
    format!("{first}: {open}{value}{close}")
}

fn table() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |path: String, rule: String, pointer, values, held: [Value; 3]| {
        rows.push(Row { path, yaml: nested, values, rule, pointer, held });
    };
    let enabled = "/enabledRules";
    for (event, rule, longest, require) in [
        (
            "eligibleAssignment",
            "Admin_Eligibility",
            "P365D",
            [json!([]), json!(["Justification"]), json!(["Ticketing"])],
        ),
        (
            "activeAssignment",
            "Admin_Assignment",
            "P180D",
            [
                json!(["Justification"]),
                json!(["MultiFactorAuthentication", "Justification"]),
                json!(["MultiFactorAuthentication"]),
            ],
        ),
    ] {
        let demands = match event {
            "eligibleAssignment" => ["[justification]", "[ticket]"],
            _ => ["[justification, multiFactorAuthentication]", "[multiFactorAuthentication]"],
        };
        let ends = [json!(false), json!(true), json!(false)];
        add(
            format!("{event}.permanent"),
            format!("Expiration_{rule}"),
            "/isExpirationRequired",
            ["forbidden", "allowed"],
            ends,
        );
        let longest = [json!(longest), json!("P90D"), json!("P15D")];
        add(
            format!("{event}.maxDuration"),
            format!("Expiration_{rule}"),
            "/maximumDuration",
            ["P90D", "P15D"],
            longest,
        );
        add(format!("{event}.require"), format!("Enablement_{rule}"), enabled, demands, require);
    }
    let longest = [json!("PT8H"), json!("PT4H"), json!("PT30M")];
    let rule = "Expiration_EndUser_Assignment".to_owned();
    add("activation.maxDuration".into(), rule, "/maximumDuration", ["PT4H", "PT30M"], longest);
    let require = [
        json!(["MultiFactorAuthentication", "Justification"]),
        json!(["Justification"]),
        json!(["MultiFactorAuthentication", "Ticketing"]),
    ];
    let rule = "Enablement_EndUser_Assignment".to_owned();
    let demands = ["[justification]", "[ticket, multiFactorAuthentication]"];
    add("activation.require".into(), rule, enabled, demands, require);
    for (event, rule) in EVENTS {
        for (recipient, word) in RECIPIENTS {
            let (path, rule) = (format!("notifications.{event}.{recipient}"), format!("Notification_{word}_{rule}"));
            let level = [json!("All"), json!("Critical"), json!("None")];
            add(format!("{path}.level"), rule.clone(), "/notificationLevel", ["critical", "none"], level);
            let usual = [json!(true), json!(false), json!(true)];
            let pointer = "/isDefaultRecipientsEnabled";
            add(format!("{path}.defaultRecipients"), rule.clone(), pointer, ["false", "true"], usual);
            if recipient != "approver" {
                let values = ["[soc@contoso.example]", "[Ops@contoso.example, soc@contoso.example]"];
                let held =
                    [json!([]), json!(["soc@contoso.example"]), json!(["ops@contoso.example", "soc@contoso.example"])];
                add(format!("{path}.recipients"), rule, "/notificationRecipients", values, held);
            }
        }
    }
    rows
}

/// A tenant in which each field has a role of its own.
struct Play {
    stage: Stage,
    rows: Vec<(Row, String, String)>,
    factory: Map<String, Value>,
}

impl Play {
    fn new() -> Self {
        let stage = Stage::with(|options| options.page_size = Some(500));
        let factory = stage.rules("Helpdesk Administrator");
        let names: Vec<(String, String)> = (stage.rows("roleDefinitions").iter())
            .map(|role| (role["displayName"].as_str().unwrap().to_owned(), role["id"].as_str().unwrap().to_owned()))
            .filter(|(name, _)| name.ends_with("Administrator"))
            .collect();
        let table = table();
        assert!(names.len() >= table.len(), "{} roles for {} fields", names.len(), table.len());
        let rows = table.into_iter().zip(names).map(|(row, (name, id))| (row, name, id)).collect();
        Self { stage, rows, factory }
    }

    /// Declares this for every role; `None` leaves a role out.
    fn declare(&self, body: impl Fn(&Row) -> Option<String>) {
        let text: String = self.rows.iter().filter_map(|(row, name, _)| Some(settings(name, &body(row)?))).collect();
        self.stage.write("settings.yaml", &text);
    }

    /// Asserts that every role's policy is the factory's but for its one field.
    #[track_caller]
    fn holds(&self, held: impl Fn(&Row) -> Value) {
        let state = self.stage.running().state_json();
        for (row, name, id) in &self.rows {
            let rules = state["policies"][id]["rules"].as_array();
            let live: Map<String, Value> = match rules {
                Some(rules) => rules.iter().map(|r| (r["id"].as_str().unwrap().to_owned(), r.clone())).collect(),
                None => self.factory.clone(),
            };
            let mut want = self.factory.clone();
            *want[&row.rule].pointer_mut(row.pointer).unwrap() = held(row);
            for (id, rule) in &want {
                assert_eq!(&live[id], rule, "{} on {name}: rule {id}", row.path);
            }
        }
    }

    /// Returns the paths of all fields that the plan changes, by role; each change must be one of settings.
    #[track_caller]
    fn planned(&self) -> BTreeMap<String, Vec<String>> {
        let plan = self.stage.plan();
        let fields = |change: &Value| {
            change["fields"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect()
        };
        let name =
            |change: &Value| change["address"].as_str().unwrap().trim_start_matches("directory/settings/").to_owned();
        plan["changes"].as_array().unwrap().iter().map(|change| (name(change), fields(change))).collect()
    }

    #[track_caller]
    fn plans_each_field(&self, is_planned: impl Fn(&Row) -> bool) {
        let want = (self.rows.iter().filter(|(row, ..)| is_planned(row)))
            .map(|(row, name, _)| (name.clone(), vec![row.path.clone()]))
            .collect::<BTreeMap<_, _>>();
        assert_eq!(self.planned(), want);
    }
}

#[test]
fn each_field_is_changed_and_changed_back() {
    let play = Play::new();
    let value = |row: &Row, value: &str| Some((row.yaml)(&row.path, value));
    play.declare(|row| value(row, row.values[0]));
    play.plans_each_field(|_| true);
    play.stage.apply();
    play.holds(|row| row.held[1].clone());

    play.declare(|row| value(row, row.values[1]));
    play.stage.apply();
    play.holds(|row| row.held[2].clone());

    // absent is untouched, whether the role is declared for something else or not at all
    play.declare(|row| match row.path.as_str() {
        "activation.maxDuration" => None,
        _ => Some(nested("activation.maxDuration", "default")),
    });
    play.stage.assert_converged();
    play.holds(|row| row.held[2].clone());

    play.declare(|row| value(row, "default"));
    play.plans_each_field(|row| row.held[0] != row.held[2]);
    play.stage.apply();
    play.holds(|row| row.held[0].clone());
}

#[test]
fn the_empty_list_clears_and_service_default_resets_what_nobody_declares() {
    let play = Play::new();
    let is_list = |row: &Row| row.held[0].is_array();
    play.declare(|row| Some((row.yaml)(&row.path, row.values[0])));
    play.stage.apply();
    play.declare(|row| is_list(row).then(|| (row.yaml)(&row.path, "[]")));
    play.stage.apply();
    play.holds(|row| if is_list(row) { json!([]) } else { row.held[1].clone() });

    play.declare(|_| Some("undeclared: serviceDefault".to_owned()));
    play.stage.apply();
    play.holds(|row| row.held[0].clone());
}
