//! The published form of a plan. Kept by hand: the core knows nothing of schemas; the tests here tie the two together.

/// The JSON Schema (draft 2020-12) of `rolewright.plan/v1`, as committed in `schemas/plan.schema.json`.
pub const SCHEMA: &str = include_str!("../../../schemas/plan.schema.json");

/// The JSON Schema (draft 2020-12) of `rolewright.plans/v1`, as committed in `schemas/plans.schema.json`: several plans in one
/// document. It refers to the other by its file name.
pub const SET_SCHEMA: &str = include_str!("../../../schemas/plans.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::change::{Action, Risk};
    use crate::core::plan::{FORMAT, Plan};
    use crate::core::policy::rule::Requirement;
    use crate::render::plan::{json, sample};
    use serde_json::{Value, json};

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    fn mistakes(instance: &Value) -> Vec<String> {
        let schema = schema();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        validator.iter_errors(instance).map(|e| format!("{} {e}", e.instance_path())).collect()
    }

    #[test]
    fn a_set_of_plans_conforms_and_a_spoilt_one_does_not() {
        let schema: Value = serde_json::from_str(SET_SCHEMA).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        assert_eq!(schema["properties"]["format"]["const"], crate::render::plan::several::FORMAT);
        // the reference resolved, as an editor does from the file beside it
        let mut whole = schema.clone();
        whole["properties"]["plans"]["items"] = json!({"$ref": "#/$defs/plan"});
        assert_eq!(schema["properties"]["plans"]["items"]["$ref"], "plan.schema.json");
        let mut plan: Value = serde_json::from_str(SCHEMA).unwrap();
        let inner = plan.as_object_mut().unwrap().remove("$defs").unwrap();
        whole["$defs"] = inner;
        whole["$defs"]["plan"] = plan;
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let plans = sample::all();
        let entries: Vec<_> =
            plans.iter().map(|plan| crate::render::plan::several::Entry { plan, folder: "a/" }).collect();
        let mut set: Value = serde_json::from_str(&crate::render::plan::several::json(&entries)).unwrap();
        let mistakes: Vec<String> = validator.iter_errors(&set).map(|e| e.to_string()).collect();
        assert_eq!(mistakes, [""; 0]);
        set["plans"][1]["complete"] = json!("yes");
        assert!(!validator.is_valid(&set));
    }

    fn instance(plan: &Plan) -> Value {
        serde_json::from_str(&json(plan)).unwrap()
    }

    #[test]
    fn is_a_schema_of_the_current_draft() {
        assert!(jsonschema::meta::is_valid(&schema()));
        assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema()["properties"]["format"]["const"], FORMAT);
    }

    #[test]
    fn every_plan_conforms() {
        for plan in sample::all() {
            assert_eq!(mistakes(&instance(&plan)), Vec::<String>::new());
        }
    }

    #[test]
    fn what_is_not_a_plan_does_not_conform() {
        let plan = instance(&sample::every_action());
        type Spoil = fn(&mut Value);
        let spoil: [(&str, Spoil); 7] = [
            ("another version", |plan| plan["format"] = json!("rolewright.plan/v2")),
            ("an unknown member", |plan| plan["extra"] = json!(1)),
            ("an unknown action", |plan| plan["changes"][0]["action"] = json!("destroy")),
            ("an unknown kind", |plan| plan["changes"][0]["subject"]["kind"] = json!("group")),
            ("no digest", |plan| {
                plan.as_object_mut().unwrap().remove("digest");
            }),
            ("a time that is none", |plan| plan["createdAt"] = json!("yesterday")),
            ("an unknown member of a rule", |plan| {
                plan["changes"][6]["subject"]["after"]["approval"]["stages"] = json!([]);
            }),
        ];
        for (what, spoil) in spoil {
            let mut bad = plan.clone();
            spoil(&mut bad);
            assert!(!mistakes(&bad).is_empty(), "{what}");
        }
    }

    /// Every object of the schema is closed, so a new member of a struct that a sample holds fails [`every_plan_conforms`]; here
    /// every member and word of the schema must occur in a sample, so that samples hold every struct.
    #[test]
    fn samples_hold_every_member_and_word() {
        let mut seen = BTreeSet::new();
        for plan in sample::all() {
            collect(&instance(&plan), &mut seen);
        }
        let mut known = BTreeSet::new();
        properties(&schema(), &mut known);
        let missing: Vec<&String> = known.difference(&seen).collect();
        assert!(missing.is_empty(), "no sample holds {missing:?}");
    }

    /// Words that come from enums whose every value would need a sample of its own are compared with the enums instead.
    #[test]
    fn words_are_those_of_the_core() {
        let words = |pointer: &str| -> Vec<String> {
            let schema = schema();
            let list = schema.pointer(pointer).and_then(Value::as_array).unwrap().clone();
            list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        let serialized =
            |list: Vec<Value>| -> Vec<String> { list.iter().map(|word| word.as_str().unwrap().to_owned()).collect() };
        assert_eq!(words("/$defs/action/enum"), serialized(Action::ALL.iter().map(|a| json!(a)).collect()));
        assert_eq!(
            words("/$defs/eventSettings/properties/require/items/enum"),
            serialized(Requirement::ALL.iter().map(|r| json!(r)).collect())
        );
        let risks = [Risk::None, Risk::Low, Risk::Medium, Risk::High, Risk::Critical];
        assert_eq!(words("/$defs/risk/enum"), serialized(risks.iter().map(|r| json!(r)).collect()));
        use crate::core::observed::Part;
        let parts = words("/$defs/unreadable/properties/part/enum");
        for word in &parts {
            // a new part does not compile until it is here and in the schema
            match serde_json::from_value::<Part>(json!(word)).unwrap() {
                Part::Roles | Part::DeletedRoles | Part::Settings | Part::PlainAssignments => {}
                Part::ActiveSchedules | Part::ActiveInstances | Part::EligibleSchedules | Part::Hierarchy => {}
                Part::Onboarded => {}
            }
        }
        assert_eq!(parts.len(), 9);
    }

    fn collect(value: &Value, seen: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                seen.insert(name.clone());
                collect(value, seen);
            }),
            Value::Array(items) => items.iter().for_each(|item| collect(item, seen)),
            Value::String(text) => {
                seen.insert(format!("`{text}`"));
            }
            _ => {}
        }
    }

    fn properties(schema: &Value, known: &mut BTreeSet<String>) {
        match schema {
            Value::Object(members) => {
                for (keyword, value) in members {
                    match (keyword.as_str(), value) {
                        ("properties", Value::Object(properties)) => known.extend(properties.keys().cloned()),
                        ("const", Value::String(word)) => {
                            known.insert(format!("`{word}`"));
                        }
                        _ => {}
                    }
                    properties(value, known);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| properties(item, known)),
            _ => {}
        }
    }
}
