//! Groups that are easier to get into than the roles that they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::chain::Chain;
use crate::core::crosscheck::View;
use crate::core::direction::Direction;
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::period::Period;
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::{Event, Requirement};
use crate::core::policy::settings::Settings;
use crate::core::target::{Access, Target};

pub(super) const CODE: &str = "weaker-group";

/// Remarks on groups that somebody is eligible for and that hold a role actively, when activating the group asks for less than
/// activating the role would: whoever activates the group has the role without the role's settings ever being asked. Where the
/// group is only eligible for the role, the role's own settings apply as well, and nothing is weaker. Settings that were not read
/// are named: nobody may take silence for an answer.
pub(super) fn check(view: &View<'_>) -> Vec<Notice> {
    let mut eligible: BTreeMap<&Target, Vec<&AssignmentKey>> = BTreeMap::new();
    for (index, grant) in view.graph.grants().iter().enumerate() {
        let is_group = grant.key.target.group().is_some();
        if is_group && grant.key.mode == Mode::Eligible && view.graph.is_honoured(index) {
            eligible.entry(&grant.key.target).or_default().push(&grant.key);
        }
    }
    let mut notices = Vec::new();
    let mut unread: BTreeSet<Target> = BTreeSet::new();
    for (access, keys) in eligible {
        let Target::Group { group, access: kind } = access else { continue };
        // an owner adds itself and then has what members have
        let reach = view.graph.standing_outreach(&PrincipalId::new(group.as_str()));
        for (role, _) in reach.iter().filter(|(target, _)| target.role().is_some()) {
            let policies = [access.clone(), role.policy_target()];
            let [Some(settings), Some(asked)] = [0, 1].map(|at| (view.settings)(&policies[at])) else {
                unread.extend(policies.into_iter().filter(|target| (view.settings)(target).is_none()));
                continue;
            };
            let weaknesses = weaknesses(settings, asked);
            if let Some(chain) = reach.chain(role).filter(|_| !weaknesses.is_empty()) {
                notices.push(remark(view, &keys, *kind, &chain, &weaknesses));
            }
        }
    }
    notices.extend(unread.iter().map(|target| not_judged(view, target)));
    notices
}

fn not_judged(view: &View<'_>, target: &Target) -> Notice {
    let message = format!("not judged: the settings of `{}` were not read", view.labels.target(target));
    Notice::new(CODE, Some(view.labels.settings(target)), message, (view.governed)(target).cloned())
}

fn remark(view: &View<'_>, keys: &[&AssignmentKey], kind: Access, chain: &Chain, weaknesses: &[String]) -> Notice {
    // the line that a manifest wrote is the one to change
    let shown = keys.iter().find(|key| (view.declared)(key).is_some()).unwrap_or(&keys[0]);
    let held: Vec<&AssignmentKey> = view.keys(chain).collect();
    let role = held.last().map_or(&shown.target, |key| &key.target);
    let who = format!("`{}`", view.labels.principal(&shown.principal));
    let who = match keys.len() - 1 {
        0 => format!("{who} is"),
        more => format!("{who} and {more} more are"),
    };
    let (group, name) = (view.labels.target(&shown.target), view.labels.target(role));
    let gives = match kind {
        Access::Member => "Its activation gives",
        Access::Owner => "Its activation lets the holder add itself as a member, which gives",
    };
    let settings_at = |target: &Target| match (view.governed)(target) {
        Some(line) => line.to_string(),
        None => "no manifest declares them".to_owned(),
    };
    let message = format!(
        "{who} eligible for `{group}` ({}). {gives} `{name}` without another activation: `{}`. It asks for less than an \
         activation of the role. {} Settings of the group: {}. Settings of the role: {}.",
        view.origin(shown),
        view.words(chain),
        weaknesses.join(" "),
        settings_at(&shown.target),
        settings_at(&role.policy_target()),
    );
    let lines = [*shown].into_iter().chain(held.iter().copied()).map(|key| (view.declared)(key).cloned());
    let governed = [&shown.target, &role.policy_target()].map(|target| (view.governed)(target).cloned());
    view.remark(CODE, shown, message, lines.chain(governed).collect::<Vec<_>>())
}

/// Returns in which fields the settings of a group ask less of an activation than those of a role: a sentence each, with both
/// values.
///
/// A group that demands an authentication context is taken to demand MFA: the two exclude each other (graph.md 3.6 #6), and a
/// context is what replaces MFA by more. Which of two contexts demands more, nobody here knows; that they differ is said.
fn weaknesses(group: &Settings, role: &Settings) -> Vec<String> {
    let mut found = Vec::new();
    let longest = SettingField::MaxDuration(Event::Activation);
    if longest.direction(&longest.get(role), &longest.get(group)) == Direction::Widens {
        let words =
            |maximum: Option<Period>| maximum.map_or_else(|| "unlimited".to_owned(), |period| period.to_string());
        let (group, role) = (group.activation.expiration.maximum, role.activation.expiration.maximum);
        found.push(format!("`{longest}` is {} for the group and {} for the role.", words(group), words(role)));
    }
    let context = |settings: &Settings| {
        let context = &settings.authentication_context;
        context.claim.clone().filter(|_| context.is_enabled)
    };
    let is_excused =
        |demand: &Requirement| *demand == Requirement::MultiFactorAuthentication && context(group).is_some();
    let missing: Vec<&str> = role
        .activation
        .require
        .difference(&group.activation.require)
        .filter(|demand| !is_excused(demand))
        .map(|demand| demand.as_str())
        .collect();
    if !missing.is_empty() {
        let field = SettingField::Require(Event::Activation);
        found.push(format!("`{field}` of the group lacks {}, which the role demands.", missing.join(" and ")));
    }
    if role.approval.is_required && !group.approval.is_required {
        found.push("`activation.approval` is none for the group and required for the role.".to_owned());
    }
    if let Some(demanded) = context(role).filter(|demanded| context(group).as_ref() != Some(demanded)) {
        let there = context(group).unwrap_or_else(|| "none".to_owned());
        let field = SettingField::AuthenticationContext;
        found.push(format!("`{field}` is {there} for the group and {demanded} for the role."));
    }
    found
}
