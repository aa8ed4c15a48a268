//! The order by example: stages of settings, forms of roles.

use super::*;
use crate::core::direction::Direction;
use crate::core::id::RoleId;
use crate::core::period::Period;
use crate::core::policy::default::factory;
use crate::core::role_definition::{Permission, Permissions};

fn stages(before: &Settings, after: &Settings) -> Vec<(Phase, Settings, Vec<RuleId>)> {
    stages_of(before, after, Surface::Directory)
}

fn stages_of(before: &Settings, after: &Settings, surface: Surface) -> Vec<(Phase, Settings, Vec<RuleId>)> {
    settings(before, after, surface)
        .into_iter()
        .map(|(phase, part)| match part {
            StepPart::WriteRules(settings, rules) => (phase, *settings, rules),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn settings_tighten_before_grants_and_loosen_after_removals() {
    let before = factory(Surface::Directory);
    let mut after = before.clone();
    after.activation.expiration.maximum = Some(Period::hours(4));
    after.activation.require = [Requirement::Ticket].into();
    after.eligible_assignment.expiration.is_required = true;
    after.active_assignment.expiration.maximum = Some(Period::days(365));
    let stages = stages(&before, &after);
    let phases: Vec<Phase> = stages.iter().map(|s| s.0).collect();
    assert_eq!(
        phases,
        [Phase::TightenActivation, Phase::LoosenAssignment, Phase::TightenAssignment, Phase::LoosenActivation]
    );
    assert_eq!(stages[0].1.activation.require.len(), 3, "old and new demands together");
    assert_eq!(stages.last().unwrap().1, after);
    for (phase, stage, _) in &stages {
        for field in SettingField::all().into_iter().filter(|f| f.rule().event() == Event::Activation) {
            let wider = |than: &Settings| field.direction(&field.get(than), &field.get(stage)) == Direction::Widens;
            assert!(!(wider(&before) && wider(&after)), "{field} is wider than both in {phase:?}");
        }
    }
}

#[test]
fn to_a_context_and_back_to_mfa() {
    let mfa = factory(Surface::Directory);
    let mut context = mfa.clone();
    context.authentication_context.is_enabled = true;
    context.authentication_context.claim = Some("c1".into());
    context.activation.require = [Requirement::Justification].into();
    let there = stages(&mfa, &context);
    assert_eq!(there.len(), 2);
    assert_eq!((there[0].0, there[0].2.as_slice()), (Phase::TightenActivation, &[RuleId::AuthenticationContext][..]));
    assert_eq!(
        (there[1].0, there[1].2.as_slice()),
        (Phase::LoosenActivation, &[RuleId::Enablement(Event::Activation)][..])
    );
    let back = stages(&context, &mfa);
    assert_eq!(back.len(), 1, "one bulk PATCH: {back:?}");
    assert_eq!(back[0].0, Phase::TightenActivation, "the reviewed demand holds before anybody is granted the role");
    assert_eq!(back[0].2, [RuleId::Enablement(Event::Activation), RuleId::AuthenticationContext]);
}

/// Says whether the service takes the stage: a PATCH that writes a demand for MFA while a context is on afterwards is
/// refused (graph.md 3.6 #6).
fn is_taken(stage: &(Phase, Settings, Vec<RuleId>)) -> bool {
    let (_, settings, rules) = stage;
    !rules.contains(&RuleId::Enablement(Event::Activation))
        || !settings.authentication_context.is_enabled
        || !settings.activation.require.contains(&Requirement::MultiFactorAuthentication)
}

#[test]
fn no_stage_writes_mfa_beside_a_context() {
    let sets: Vec<std::collections::BTreeSet<Requirement>> = (0..8_u8)
        .map(|bits| {
            let all = Requirement::ALL.into_iter().enumerate();
            all.filter(|(at, _)| bits & (1 << at) != 0).map(|(_, requirement)| requirement).collect()
        })
        .collect();
    let mfa = Requirement::MultiFactorAuthentication;
    for (from, to) in sets.iter().flat_map(|from| sets.iter().map(move |to| (from, to))) {
        for (had, has) in [(false, false), (false, true), (true, false), (true, true)] {
            if has && to.contains(&mfa) {
                continue; // the plan refuses it
            }
            let with = |require: &std::collections::BTreeSet<Requirement>, is_enabled| {
                let mut settings = factory(Surface::Directory);
                settings.activation.require = require.clone();
                settings.authentication_context.is_enabled = is_enabled;
                settings.authentication_context.claim = is_enabled.then(|| "c1".to_owned());
                settings
            };
            let (before, after) = (with(from, had), with(to, has));
            if !had || !from.contains(&mfa) {
                // Azure judges a policy as a whole
                for (_, stage, _) in stages_of(&before, &after, Surface::Azure) {
                    let is_mfa = stage.activation.require.contains(&mfa);
                    assert!(!(is_mfa && stage.authentication_context.is_enabled), "{from:?} {had} to {to:?} {has}");
                }
            }
            for (surface, stage) in [Surface::Directory, Surface::Azure]
                .into_iter()
                .flat_map(|surface| stages_of(&before, &after, surface).into_iter().map(move |stage| (surface, stage)))
            {
                let stage = &stage;
                assert!(is_taken(stage), "{surface}: {from:?} {had} to {to:?} {has}: {stage:?}");
                let looser = |than: &Settings| {
                    !than.activation.require.is_subset(&stage.1.activation.require)
                        || than.authentication_context.is_enabled && !stage.1.authentication_context.is_enabled
                };
                assert!(!(looser(&before) && looser(&after)), "{from:?} {had} to {to:?} {has}: {stage:?}");
            }
            let stages = stages(&before, &after);
            let end = stages.last().map_or(&before, |stage| &stage.1);
            assert_eq!(end.activation.require, after.activation.require);
            assert_eq!(end.authentication_context.is_enabled, has);
        }
    }
}

fn role(actions: &[&str], data_actions: &[&str], scopes: &[&str]) -> RoleDefinition {
    let set = |texts: &[&str]| texts.iter().map(|text| Permission::new(text)).collect();
    RoleDefinition {
        surface: Surface::Azure,
        id: RoleId::new("1"),
        template_id: RoleId::new("1"),
        display_name: "VM Operator".to_owned(),
        description: String::new(),
        is_enabled: true,
        is_built_in: false,
        permissions: Permissions { actions: set(actions), data_actions: set(data_actions), ..Permissions::default() },
        assignable_scopes: scopes.iter().map(|text| ArmScope::parse(text).unwrap()).collect(),
    }
}

#[test]
fn a_role_passes_through_what_both_forms_allow() {
    const ONE: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
    const TWO: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b2";
    const CORP: &str = "/providers/Microsoft.Management/managementGroups/corp";
    const SHOP: &str = "/providers/Microsoft.Management/managementGroups/shop";
    const GROUP: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg";
    for (before, after, is_swap, what) in [
        (role(&["a/*"], &[], &[ONE]), role(&["a/read"], &[], &[ONE]), false, "a wildcard covers what stays"),
        (role(&["a/read"], &["d/read"], &[ONE]), role(&["b/read"], &["d/*"], &[ONE]), false, "a data action stays"),
        (role(&["a/read"], &["d/read"], &[ONE]), role(&["b/read"], &["e/read"], &[ONE]), true, "nothing stays"),
        (role(&["a/read"], &[], &[ONE]), role(&["a/read"], &[], &[TWO]), false, "both scopes for a while"),
        (role(&["a/read"], &[], &[CORP]), role(&["a/read"], &[], &[SHOP]), true, "one management group at a time"),
        (role(&["a/read"], &[], &[ONE]), role(&["a/read"], &[], &[GROUP]), false, "the group lies in the subscription"),
        (role(&[], &["d/read"], &[ONE]), role(&[], &["d/read"], &[ONE]), false, "nothing changes"),
    ] {
        assert_eq!(is_replaced(&before, &after), is_swap, "{what}");
        let subject = Subject::Role { before: Some(Box::new(before.clone())), after: Some(Box::new(after.clone())) };
        let mut reached = before;
        let mut phases = Vec::new();
        for (phase, part) in parts(&change(subject)) {
            let StepPart::WriteRole(written) = part else { panic!("{part:?}") };
            assert!(!written.permissions.is_empty() && !written.assignable_scopes.is_empty(), "{what}");
            reached = *written;
            phases.push(phase);
        }
        assert_eq!(reached, after, "{what}");
        assert!(!is_swap || phases == [Phase::WidenRoles], "{what}: {phases:?}");
    }
}

fn change(subject: Subject) -> Change {
    Change {
        address: "azure/role-definition/VM Operator".to_owned(),
        action: crate::core::change::Action::Update,
        surface: Surface::Azure,
        subject,
        fields: Vec::new(),
        direction: Direction::Neutral,
        risk: crate::core::change::Risk::None,
        reasons: Vec::new(),
        source: None,
        observed: None,
        requires: Vec::new(),
        follows: Vec::new(),
        place: None,
        onboards: false,
        since: None,
        request_ids: Vec::new(),
    }
}
