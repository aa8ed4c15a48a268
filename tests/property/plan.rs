//! What a plan may contain, and what is left to do after it.

use std::collections::BTreeSet;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rolewright::core::assignment::{Mode, ObservedAssignment, Provenance};
use rolewright::core::change::{Action, Subject};
use rolewright::core::observed::{Observed, Part};
use rolewright::core::ownership::{Authority, Extent};
use rolewright::core::plan::Plan;
use rolewright::core::principal::Principal;
use rolewright::core::project::project;
use rolewright::core::schedule::Verdict;
use rolewright::core::state::Desired;
use rolewright::core::target::{RoleKey, Surface};

use crate::world::{World, checked, choices, config, now, planned};

const LENGTH: usize = 700;

/// The generator is worth something: many worlds can be planned, and each kind of change comes up.
#[test]
fn generated_worlds_are_worth_planning() {
    let mut runner = TestRunner::deterministic();
    let mut plans = 0;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..400 {
        let mut choices = choices(LENGTH).new_tree(&mut runner).unwrap().current();
        let world = World::draw(&mut choices);
        let Some(plan) = planned(&world.desired, &world.observed()) else { continue };
        plans += 1;
        for change in &plan.changes {
            seen.insert(change.action.as_str());
            seen.insert(match change.subject {
                Subject::Role { .. } => "role",
                Subject::Settings { .. } => "settings",
                Subject::Assignment { .. } => "assignment",
            });
        }
    }
    assert!(plans >= 80, "only {plans} of 400 worlds can be planned");
    let wanted = ["assignment", "create", "extend", "regrant", "remove", "role", "settings", "update"];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), wanted);
}

/// Says why a removal is wrong, judging by the manifest alone.
fn objection(desired: &Desired, observed: &Observed, plan: &Plan, subject: &Subject) -> Option<String> {
    let tenant = &desired.tenant;
    let owner = |name: &str, id: &str, is_reserved: bool| {
        tenant.ownership.entries.iter().map(|entry| &entry.value).find(|entry| match &entry.extent {
            Extent::DirectoryRoles(patterns) => patterns.iter().any(|pattern| {
                let is_glob = pattern.as_str().contains(['*', '?']);
                pattern.matches(name) && !(is_glob && is_reserved) || pattern.as_str() == id
            }),
            _ => false,
        })
    };
    let gap = |part: Part| plan.unreadable.iter().any(|gap| gap.part == part);
    let active = [Part::ActiveSchedules, Part::ActiveInstances, Part::PlainAssignments];
    match subject {
        Subject::Assignment { key, .. } => {
            let declared = desired.assignments.get(key);
            if declared.is_some_and(|d| d.value.schedule.judge(None, now()) != Verdict::Expired) {
                return Some("it is declared".into());
            }
            if tenant.break_glass.iter().any(|p| p.value == key.principal) {
                return Some("its holder is break-glass".into());
            }
            if observed.principals.get(&key.principal).is_some_and(Principal::is_pim_itself) {
                return Some("it is PIM's own".into());
            }
            let ignore = &tenant.ownership.ignore;
            let role = key.target.role().unwrap();
            if ignore.principals.iter().any(|p| p.value == key.principal)
                || ignore.roles.iter().any(|r| r.value.id == *role)
            {
                return Some("it is ignored".into());
            }
            let live = observed.roles[&RoleKey::new(Surface::Directory, role)].display_name.as_str();
            let name = desired
                .roles
                .get(&RoleKey::new(Surface::Directory, role))
                .map_or(live, |declared| declared.value.display_name.as_str());
            let owned = owner(name, role.as_str(), live.starts_with("Directory Sync"));
            if owned.is_none_or(|entry| entry.assignments != Authority::Authoritative) {
                return Some("nobody owns it".into());
            }
            let parts: &[Part] = match key.mode {
                Mode::Active => &active,
                Mode::Eligible => &[Part::EligibleSchedules],
            };
            parts.iter().any(|part| gap(*part)).then(|| "its part is incomplete".into())
        }
        Subject::Role { before, .. } => {
            let role = before.as_ref().unwrap();
            if role.is_built_in || desired.roles.contains_key(&role.key()) {
                return Some("it is built in or declared".into());
            }
            if owner(&role.display_name, role.id.as_str(), false)
                .is_none_or(|entry| entry.role_definitions != Authority::Authoritative)
            {
                return Some("nobody owns it".into());
            }
            let is_held =
                project(observed, &plan.changes).assignments.keys().any(|k| k.target.role() == Some(&role.id));
            if is_held || observed.activations.iter().any(|a| a.target.role() == Some(&role.id)) {
                return Some("somebody still holds it".into());
            }
            let parts = active.iter().chain([&Part::EligibleSchedules, &Part::Roles]);
            parts.copied().any(gap).then(|| "its holders are not completely known".into())
        }
        Subject::Settings { .. } => Some("settings cannot be removed".into()),
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_second_plan_is_empty(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let observed = world.observed();
        if let Some(plan) = planned(&world.desired, &observed) {
            let after = project(&observed, &plan.changes);
            let second = checked(&world.desired, &after);
            prop_assert!(second.is_ok(), "the second plan has mistakes: {second:?}");
            prop_assert_eq!(&second.unwrap().changes, &[]);
        }
    }

    #[test]
    fn what_is_as_declared_needs_nothing(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let mut observed = Observed { unreadable: Vec::new(), ..world.observed() };
        if let Some(plan) = planned(&world.desired, &observed) {
            // only what is declared is left, as it is declared
            observed = project(&observed, &plan.changes);
            observed.assignments.clear();
            for (key, declared) in &world.desired.assignments {
                if let Some(ask) = declared.value.schedule.widest(now()) {
                    let provenance = Provenance::Pim { request: String::new() };
                    let window = ask.window(now());
                    observed.assignments.insert(key.clone(), ObservedAssignment { window, condition: None, provenance });
                }
            }
            let roles = &world.desired.roles;
            observed.roles.retain(|id, role| role.is_built_in || roles.contains_key(id));
            prop_assert_eq!(&planned(&world.desired, &observed).unwrap().changes, &[]);
        }
    }

    #[test]
    fn nothing_is_removed_that_must_stay(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let observed = world.observed();
        if let Some(plan) = planned(&world.desired, &observed) {
            for change in plan.changes.iter().filter(|change| change.action == Action::Remove) {
                let wrong = objection(&world.desired, &observed, &plan, &change.subject);
                prop_assert!(wrong.is_none(), "{} is removed, but {}", change.address, wrong.unwrap_or_default());
            }
        }
    }

    #[test]
    fn equal_input_in_any_order_gives_equal_bytes(mut choices in choices(LENGTH + 100)) {
        let world = World::draw(&mut choices);
        let observed = world.observed();
        let shuffled = world.observe(choices.shuffled(world.rows.clone()));
        prop_assert_eq!(&observed, &shuffled);
        let bytes = |observed: &Observed| planned(&world.desired, observed).map(|p| serde_json::to_string(&p).unwrap());
        let first = bytes(&observed);
        for _ in 0..10 {
            prop_assert_eq!(&bytes(&shuffled), &first);
        }
        if let Some(text) = first {
            let plan: Plan = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&plan.compute_digest(), &plan.digest, "a saved plan reads back");
            prop_assert_eq!(serde_json::to_string(&plan).unwrap(), text);
        }
    }

    #[test]
    fn request_ids_are_never_met_again(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        if let Some(plan) = planned(&world.desired, &world.observed()) {
            let ids: Vec<_> = plan.changes.iter().flat_map(|change| &change.request_ids).collect();
            let distinct: BTreeSet<_> = ids.iter().collect();
            prop_assert_eq!(distinct.len(), ids.len());
            prop_assert_eq!(ids.len(), plan.steps().unwrap().len());
        }
    }
}

proptest! {
    // a plan has a thousand members, and each is altered: a few plans are enough
    #![proptest_config(config(1))]

    #[test]
    fn the_digest_changes_with_every_member(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let Some(plan) = planned(&world.desired, &world.observed()) else { return Ok(()) };
        let value = serde_json::to_value(&plan).unwrap();
        let mut altered = 0;
        for other in alterations(&value, true) {
            // what does not read back as a plan is refused for that
            let read = serde_json::from_value::<Plan>(other).ok().filter(|other| *other != plan);
            if let Some(other) = read {
                prop_assert!(other.compute_digest() != plan.digest);
                altered += 1;
            }
        }
        prop_assert!(altered >= 8);
    }
}

/// Returns the document with one scalar changed at a time, at any depth.
fn alterations(value: &serde_json::Value, is_top: bool) -> Vec<serde_json::Value> {
    use serde_json::Value;
    match value {
        Value::Null => Vec::new(),
        Value::Bool(yes) => vec![Value::from(!yes)],
        Value::Number(_) => vec![Value::from(7_654)],
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(_) => vec![Value::from("2020-01-01T00:00:00Z")],
            Err(_) => vec![Value::from(format!("{text}x")), Value::from("remove")],
        },
        Value::Array(items) => {
            let mut found: Vec<Value> = Vec::new();
            for (at, item) in items.iter().enumerate().take(6) {
                found.extend(alterations(item, false).into_iter().map(|other| {
                    let mut items = items.clone();
                    items[at] = other;
                    Value::from(items)
                }));
            }
            if !items.is_empty() {
                found.push(Value::from(items[1..].to_vec()));
            }
            found
        }
        Value::Object(members) => {
            let mut found = Vec::new();
            for (name, member) in members.iter().filter(|(name, _)| !is_top || *name != "digest") {
                found.extend(alterations(member, false).into_iter().map(|other| {
                    let mut members = members.clone();
                    members.insert(name.clone(), other);
                    Value::from(members)
                }));
            }
            found
        }
    }
}
