//! Who may do what, until when and under which controls, read off a tenant's state: what an apply must never widen on its way.

use jiff::{Span, Timestamp};
use serde_json::{Map, Value};

/// One thing that somebody may do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    principal: String,
    scope: String,
    action: String,
    start: Timestamp,
    end: Option<Timestamp>,
    /// What an eligible holder must do first; `None` for active ones.
    controls: Option<Controls>,
}

/// What somebody eligible must do first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Controls {
    hours: i64,
    demands: Vec<String>,
    context: Option<String>,
    /// Who must approve; `None` when nobody must.
    approvers: Option<Vec<String>>,
}

impl Controls {
    /// Reads the rules of a policy.
    pub(crate) fn read(rules: &[Value]) -> Self {
        let rule = |id: &str| rules.iter().find(|rule| rule["id"] == id).cloned().unwrap_or_default();
        let texts =
            |list: &Value| list.as_array().into_iter().flatten().map(|v| v.as_str().unwrap().to_owned()).collect();
        let longest: Span = rule("Expiration_EndUser_Assignment")["maximumDuration"].as_str().unwrap().parse().unwrap();
        let context = rule("AuthenticationContext_EndUser_Assignment");
        let approval = rule("Approval_EndUser_Assignment")["setting"].clone();
        let ids = || {
            let approvers = approval["approvalStages"][0]["primaryApprovers"].as_array().unwrap();
            // Graph's two spellings, and Azure's
            let id = |a: &Value| ["userId", "groupId", "id"].iter().find_map(|key| a.get(*key)).map(Value::to_string);
            approvers.iter().map(|a| id(a).unwrap()).collect()
        };
        Self {
            hours: i64::from(longest.get_days()) * 24 + i64::from(longest.get_hours()),
            demands: texts(&rule("Enablement_EndUser_Assignment")["enabledRules"]),
            context: (context["isEnabled"] == true).then(|| context["claimValue"].to_string()),
            approvers: (approval["isApprovalRequired"] == true).then(ids),
        }
    }

    /// Tells whether these controls stop whoever `other` stops.
    pub(crate) fn hold(&self, other: &Self) -> bool {
        let approval = match (&self.approvers, &other.approvers) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => {
                mine.iter().all(|id| theirs.contains(id)) && mine.is_empty() == theirs.is_empty()
            }
        };
        self.hours <= other.hours
            && other.demands.iter().all(|demand| self.demands.contains(demand))
            && (other.context.is_none() || self.context == other.context)
            && approval
    }
}

impl Fact {
    /// Tells whether `other` allows all that this allows.
    fn is_within(&self, other: &Self) -> bool {
        let controls = match (&self.controls, &other.controls) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => mine.hold(theirs),
        };
        (&self.principal, &self.scope, &self.action) == (&other.principal, &other.scope, &other.action)
            && self.start >= other.start
            && (other.end.is_none() || self.end.is_some_and(|end| other.end.is_some_and(|limit| end <= limit)))
            && controls
    }
}

/// Returns everything that anybody may do; `factory` are the rules of policies that nobody ever wrote.
pub(crate) fn facts(state: &Value, factory: &Map<String, Value>) -> Vec<Fact> {
    let usual: Vec<Value> = factory.values().cloned().collect();
    let instant = |value: &Value| value.as_str().map(|text| text.parse::<Timestamp>().unwrap());
    let mut found = Vec::new();
    for schedule in state["schedules"].as_object().unwrap().values() {
        let key = &schedule["key"];
        let role = key["role"].as_str().unwrap();
        let custom = &state["customRoles"][role];
        let template = custom["templateId"].as_str().unwrap_or(role);
        let actions: Vec<String> = match custom["permissions"].as_array() {
            Some(blocks) => blocks
                .iter()
                .flat_map(|b| b["allowedResourceActions"].as_array().unwrap())
                .map(Value::to_string)
                .collect(),
            None => vec![format!("all of {role}")],
        };
        let rules = state["policies"][template]["rules"].as_array().unwrap_or(&usual);
        for action in actions {
            found.push(Fact {
                principal: key["principal"].as_str().unwrap().to_owned(),
                scope: key["scope"].as_str().unwrap().to_owned(),
                action,
                start: instant(&schedule["start"]).unwrap(),
                end: instant(&schedule["end"]),
                controls: (key["side"] == "eligible").then(|| Controls::read(rules)),
            });
        }
    }
    found
}

/// Returns everything that anybody may do through PIM for Azure, of these operations; `factory` are the rules of policies that
/// nobody ever wrote. An Azure role has a policy of its own at every scope.
pub(crate) fn azure_facts(state: &Value, factory: &Map<String, Value>, operations: &[&str]) -> Vec<Fact> {
    let usual: Vec<Value> = factory.values().cloned().collect();
    let instant = |value: &Value| value.as_str().map(|text| text.parse::<Timestamp>().unwrap());
    let azure = &state["azure"];
    let mut found = Vec::new();
    for (scope, schedules) in azure["schedules"].as_object().unwrap() {
        for schedule in schedules.as_object().unwrap().values() {
            let role = schedule["role"].as_str().unwrap();
            let blocks = azure["roles"][role]["permissions"].as_array().expect("a custom role");
            let actions = blocks.iter().flat_map(|block| block["actions"].as_array().unwrap());
            let actions: Vec<&str> = actions.map(|action| action.as_str().unwrap()).collect();
            let rules = azure["policies"][scope][role]["rules"].as_array().unwrap_or(&usual);
            for operation in operations.iter().filter(|o| actions.iter().any(|action| is_admitted(action, o))) {
                found.push(Fact {
                    principal: schedule["principal"].as_str().unwrap().to_owned(),
                    scope: scope.clone(),
                    action: (*operation).to_owned(),
                    start: instant(&schedule["start"]).unwrap(),
                    end: instant(&schedule["end"]),
                    controls: (schedule["side"] == "eligible").then(|| Controls::read(rules)),
                });
            }
        }
    }
    found
}

/// Tells whether an action with at most one wildcard admits an operation.
fn is_admitted(action: &str, operation: &str) -> bool {
    let (action, operation) = (action.to_lowercase(), operation.to_lowercase());
    match action.split_once('*') {
        None => action == operation,
        Some((head, tail)) => {
            operation.len() >= head.len() + tail.len() && operation.starts_with(head) && operation.ends_with(tail)
        }
    }
}

/// Returns the facts that are neither within those before nor within those after.
pub(crate) fn wider<'a>(now: &'a [Fact], before: &[Fact], after: &[Fact]) -> Vec<&'a Fact> {
    now.iter().filter(|fact| !before.iter().chain(after).any(|other| fact.is_within(other))).collect()
}
