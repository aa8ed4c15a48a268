//! Who reaches which role through which groups, walked naively over a tenant's state: what an apply must never lengthen on its way.
//! It shares nothing with the client's own graph.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::access::Controls;
use crate::azure_words::SUBSCRIPTION;
use crate::meddling::Watched;
use crate::stage::Stage;

/// The rules of policies that nobody ever wrote.
pub(crate) struct Factory {
    directory: Vec<Value>,
    group: Vec<Value>,
    azure: Vec<Value>,
}

impl Factory {
    /// Reads them off what no story touches.
    pub(crate) fn new(stage: &Stage) -> Self {
        let untouched = stage.group("untouched", false);
        let rules = |rules: Map<String, Value>| rules.into_iter().map(|(_, rule)| rule).collect();
        Self {
            directory: rules(stage.rules("Teams Administrator")),
            group: rules(stage.group_rules((&untouched, "member"))),
            azure: rules(stage.azure_rules(SUBSCRIPTION, "Owner")),
        }
    }
}

/// One link: somebody, or the members of a group, hold something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    holder: String,
    /// `member:{group}`, `owner:{group}`, `directory:{role}@{scope}` or `azure:{role}@{scope}`.
    held: String,
    start: Timestamp,
    end: Option<Timestamp>,
    /// What an eligible holder must do first; `None` for active ones.
    controls: Option<Controls>,
}

impl Link {
    fn is_role(&self) -> bool {
        self.held.contains('@')
    }

    /// Tells whether `other` allows all that this allows.
    fn is_within(&self, other: &Self) -> bool {
        let controls = match (&self.controls, &other.controls) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => mine.hold(theirs),
        };
        (&self.holder, &self.held) == (&other.holder, &other.held)
            && self.start >= other.start
            && (other.end.is_none() || self.end.is_some_and(|end| other.end.is_some_and(|limit| end <= limit)))
            && controls
    }
}

/// A row of links from a person to a role.
pub(crate) type Chain = Vec<Link>;

/// Returns every link of a state, read at `now`.
pub(crate) fn links(state: &Value, factory: &Factory, now: Timestamp) -> Vec<Link> {
    let instant = |value: &Value| value.as_str().map(|text| text.parse::<Timestamp>().unwrap());
    let mut found = Vec::new();
    let mut add = |schedule: &Value, holder: &Value, side: &Value, held: String, rules: &[Value]| {
        let (start, end) = (instant(&schedule["start"]).unwrap_or(Timestamp::MIN), instant(&schedule["end"]));
        if end.is_none_or(|end| end > now) {
            let controls = (side == "eligible").then(|| Controls::read(rules));
            found.push(Link { holder: holder.as_str().unwrap().to_owned(), held, start, end, controls });
        }
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for schedule in state["schedules"].as_object().unwrap().values() {
        let key = &schedule["key"];
        let (held, policy, usual) = match key["group"].as_str() {
            Some(group) => {
                let access = text(&key["access"]);
                (format!("{access}:{group}"), format!("{group}_{access}"), &factory.group)
            }
            None => {
                let role = text(&key["role"]);
                (format!("directory:{role}@{}", text(&key["scope"])), role, &factory.directory)
            }
        };
        let rules = state["policies"][policy.as_str()]["rules"].as_array().unwrap_or(usual);
        add(schedule, &key["principal"], &key["side"], held, rules);
    }
    for (group, object) in state["objects"].as_object().unwrap() {
        for access in ["member", "owner"] {
            for holder in object[format!("{access}s")].as_array().into_iter().flatten() {
                add(&Value::Null, holder, &Value::Null, format!("{access}:{group}"), &[]);
            }
        }
    }
    for (scope, schedules) in state["azure"]["schedules"].as_object().unwrap() {
        for schedule in schedules.as_object().unwrap().values() {
            let role = text(&schedule["role"]);
            let rules = state["azure"]["policies"][scope][&role]["rules"].as_array().unwrap_or(&factory.azure);
            add(schedule, &schedule["principal"], &schedule["side"], format!("azure:{role}@{scope}"), rules);
        }
    }
    found
}

/// Returns every chain from a person to a role that passes no group twice.
pub(crate) fn chains(state: &Value, factory: &Factory, now: Timestamp) -> Vec<Chain> {
    let links = links(state, factory, now);
    let is_group =
        |id: &str| state["objects"][id]["kind"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
    let people: BTreeSet<&str> = links.iter().map(|link| link.holder.as_str()).filter(|id| !is_group(id)).collect();
    let mut found = Vec::new();
    for person in people {
        extend(&links, person, &mut Vec::new(), &mut found);
    }
    found
}

fn extend(links: &[Link], at: &str, chain: &mut Chain, found: &mut Vec<Chain>) {
    for link in links.iter().filter(|link| link.holder == at) {
        chain.push(link.clone());
        // whoever owns a group can add itself to it
        let group = link.held.strip_prefix("member:").or_else(|| link.held.strip_prefix("owner:"));
        let is_new = |group: &str| chain.iter().all(|passed| passed.holder != group);
        if link.is_role() {
            found.push(chain.clone());
        } else if let Some(group) = group.filter(|group| is_new(group)) {
            extend(links, group, chain, found);
        }
        chain.pop();
    }
}

/// Returns the chains that hold neither before nor after: not all of their links lie within links of the one or of the other.
pub(crate) fn longer<'a>(now: &'a [Chain], before: &[Link], after: &[Link]) -> Vec<&'a Chain> {
    let is_in =
        |chain: &Chain, state: &[Link]| chain.iter().all(|link| state.iter().any(|other| link.is_within(other)));
    now.iter().filter(|chain| !is_in(chain, before) && !is_in(chain, after)).collect()
}

/// A tenant that is watched while something is applied.
pub(crate) struct Play {
    pub(crate) stage: Stage,
    pub(crate) watched: Watched,
    factory: Factory,
    before: Value,
}

impl Play {
    /// Begins to watch: what is there now is the state before.
    pub(crate) fn new(stage: Stage, watched: Watched) -> Self {
        let factory = Factory::new(&stage);
        let before = stage.running().state_json();
        watched.clear();
        Self { stage, watched, factory, before }
    }

    /// Begins anew from what is there now.
    pub(crate) fn restart(&mut self) {
        self.watched.clear();
        self.before = self.stage.running().state_json();
    }

    pub(crate) fn before(&self) -> &Value {
        &self.before
    }

    /// Returns the links of a state, as of now.
    pub(crate) fn links(&self, state: &Value) -> Vec<Link> {
        links(state, &self.factory, rolewright::clock::Clock::now(&self.stage.clock))
    }

    /// Returns the chains of a state, as of now.
    pub(crate) fn chains(&self, state: &Value) -> Vec<Chain> {
        chains(state, &self.factory, rolewright::clock::Clock::now(&self.stage.clock))
    }

    /// Asserts that after no write anybody reached a role on a way that neither the state before nor the state now has.
    #[track_caller]
    pub(crate) fn was_never_longer(&self) {
        let (first, last) = (self.links(&self.before), self.links(&self.stage.running().state_json()));
        for (entry, state) in self.watched.writes() {
            let seen = chains(&state, &self.factory, entry.time.parse().unwrap());
            let long = longer(&seen, &first, &last);
            assert!(long.is_empty(), "after {} {}: {long:#?}", entry.method, entry.path);
        }
    }

    /// Applies without faults and looks back at all of it.
    #[track_caller]
    pub(crate) fn converges(&self) {
        self.stage.faults(serde_json::json!([]));
        self.stage.apply();
        self.was_never_longer();
    }
}
