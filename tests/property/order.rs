//! The order of steps, and what holds between any two of them, also when some fail.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use rolewright::core::change::{Action, Change, Subject};
use rolewright::core::direction::Direction;
use rolewright::core::feasibility::{Request, obstacles};
use rolewright::core::id::RoleId;
use rolewright::core::observed::Observed;
use rolewright::core::order::{Phase, StepPart, edges};
use rolewright::core::policy::field::SettingField;
use rolewright::core::policy::rule::{Event, Requirement, RuleId};
use rolewright::core::policy::settings::Settings;
use rolewright::core::role_definition::RoleDefinition;
use rolewright::core::state::ApplyAs;
use rolewright::core::target::Target;

use crate::world::{World, choices, config, now, planned};

const LENGTH: usize = 760;

fn end_user_fields() -> impl Iterator<Item = SettingField> {
    let is_notification = |field: &SettingField| matches!(field, SettingField::Notification(..));
    SettingField::all().into_iter().filter(move |f| f.rule().event() == Event::Activation && !is_notification(f))
}

/// Tells whether `state` asks less of an activation than `than` in the field.
fn is_looser(field: SettingField, state: &Settings, than: &Settings) -> bool {
    field.direction(&field.get(than), &field.get(state)) == Direction::Widens
}

fn write(state: &mut Settings, stage: &Settings, rules: &[RuleId]) {
    for rule in rules {
        assert!(state.set_rule(*rule, stage.rule(*rule)));
    }
}

fn roles_of(observed: &Observed) -> BTreeMap<RoleId, RoleDefinition> {
    observed.roles.values().map(|role| (role.id.clone(), role.clone())).collect()
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn phases_are_walls_and_edges_come_first(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let Some(plan) = planned(&world.desired, &world.observed()) else { return Ok(()) };
        let steps = plan.steps().unwrap();
        prop_assert!(steps.windows(2).all(|pair| pair[0].phase <= pair[1].phase));
        for (at, step) in steps.iter().enumerate() {
            for edge in edges(&plan.changes, step) {
                let late = steps[at..].iter().find(|other| other.change == edge.change && other.phase <= edge.through
                    && other.change != step.change);
                prop_assert!(late.is_none(), "{:?} of {} runs before {late:?}", step.phase, plan.changes[step.change].address);
            }
        }
        let with_steps: BTreeSet<usize> = steps.iter().map(|step| step.change).collect();
        prop_assert_eq!(with_steps.len(), plan.changes.len(), "every change does something");
    }

    #[test]
    fn settings_pass_through_no_looser_stage_and_end_as_reviewed(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let Some(plan) = planned(&world.desired, &world.observed()) else { return Ok(()) };
        let steps = plan.steps().unwrap();
        for (index, change) in plan.changes.iter().enumerate() {
            let Subject::Settings { before, after, .. } = &change.subject else { continue };
            let mut state = (**before).clone();
            for step in steps.iter().filter(|step| step.change == index) {
                let StepPart::WriteRules(stage, rules) = &step.part else { panic!("settings are written") };
                write(&mut state, stage, rules);
                for field in end_user_fields() {
                    let is_wider = is_looser(field, &state, before) && is_looser(field, &state, after);
                    prop_assert!(!is_wider, "{field} in {:?} of {}", step.phase, change.address);
                }
                // the service refuses a write of MFA while a context is on (graph.md 3.6 #6)
                prop_assert!(
                    !(rules.contains(&RuleId::Enablement(Event::Activation))
                        && state.authentication_context.is_enabled
                        && state.activation.require.contains(&Requirement::MultiFactorAuthentication))
                );
            }
            prop_assert_eq!(&state, &**after);
        }
    }

    /// Some steps fail, whoever needs them is skipped, everything else goes on.
    #[test]
    fn no_failure_makes_anything_wider(mut choices in choices(LENGTH)) {
        let world = World::draw(&mut choices);
        let observed = world.observed();
        let Some(plan) = planned(&world.desired, &observed) else { return Ok(()) };
        let mut roles = roles_of(&observed);
        let mut settings: BTreeMap<Target, Settings> = observed.settings.clone();
        let mut unmet: BTreeMap<usize, BTreeSet<Phase>> = BTreeMap::new();
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        for step in plan.steps().unwrap() {
            let change = &plan.changes[step.change];
            let is_blocked = edges(&plan.changes, &step)
                .iter()
                .any(|edge| unmet.get(&edge.change).is_some_and(|phases| phases.iter().any(|p| *p <= edge.through)));
            if is_blocked || choices.chance(1, 4) {
                unmet.entry(step.change).or_default().insert(step.phase);
                continue;
            }
            match (&step.part, &change.subject) {
                (StepPart::CreateRole(role) | StepPart::WriteRole(role), _) => {
                    roles.insert(role.id.clone(), (**role).clone());
                }
                (StepPart::RemoveRole, Subject::Role { before: Some(role), .. }) => {
                    roles.remove(&role.id);
                }
                (StepPart::WriteRules(stage, rules), Subject::Settings { target, before, .. }) => {
                    let state = settings.entry(target.clone()).or_insert_with(|| (**before).clone());
                    write(state, stage, rules);
                }
                (StepPart::Assign, _) => grant(&plan.changes, change, &roles, &settings)?,
                (StepPart::Unassign, _) => {
                    gone.insert(step.change);
                }
                other => panic!("{other:?}"),
            }
            if matches!(step.phase, Phase::LoosenActivation | Phase::WidenRoles) {
                for (index, other) in plan.changes.iter().enumerate() {
                    let is_removal = other.action == Action::Remove && matches!(other.subject, Subject::Assignment { .. });
                    let is_same = other.subject.role() == change.subject.role();
                    prop_assert!(!is_removal || !is_same || gone.contains(&index), "{} is still held", other.address);
                }
            }
        }
    }
}

/// Whoever is granted a role gets no more than its reviewed definition, under no looser settings than the reviewed ones, and
/// the service agrees.
fn grant(
    changes: &[Change],
    change: &Change,
    roles: &BTreeMap<RoleId, RoleDefinition>,
    settings: &BTreeMap<Target, Settings>,
) -> Result<(), TestCaseError> {
    let Subject::Assignment { key, ask: Some(ask), .. } = &change.subject else { panic!("a grant asks") };
    let role = roles.get(key.target.role().unwrap());
    prop_assert!(role.is_some(), "{} is granted before its role exists", change.address);
    for other in changes {
        match &other.subject {
            Subject::Role { after: Some(after), .. } if Some(&after.id) == key.target.role() => {
                let held = &role.unwrap().permissions.actions;
                prop_assert!(
                    held.is_subset(&after.permissions.actions) || change.direction != Direction::Widens,
                    "{} gets more than reviewed",
                    change.address
                );
            }
            Subject::Settings { target, before, after, .. } if *target == key.target.policy_target() => {
                // settings that nobody reads yet are what they were assumed to be
                let state = settings.get(target).unwrap_or(before);
                for field in end_user_fields() {
                    // MFA and a context change places in one request, after the grants
                    let is_swap = matches!(field, SettingField::Require(_))
                        && state.authentication_context.is_enabled
                        && !after.authentication_context.is_enabled;
                    prop_assert!(
                        is_swap || !is_looser(field, state, after),
                        "{}: {field} is too loose",
                        change.address
                    );
                }
                let request = Request {
                    mode: key.mode,
                    ask,
                    has_justification: true,
                    has_ticket: true,
                    apply_as: ApplyAs::Application,
                };
                prop_assert_eq!(obstacles(state, &request, now()), vec![], "{}", change.address);
            }
            _ => {}
        }
    }
    Ok(())
}
