//! How much harm a change could do, with the reasons: for somebody who reviews access.
//!
//! What only takes away has no risk; whether it may be taken away is the business of guards. What widens gets a sum of weights:
//! how much the role can do, and what is taken off or added for where, how and with which checks. The sum is the risk:
//! 8 and more critical, 6 and 7 high, 4 and 5 medium, less low.
//!
//! | what | weight | for |
//! |---|---|---|
//! | the role opens a known attack path (by its id, or by a permission) | 8, 6, 4 | its severity: critical, high, medium |
//! | tier 0 that Microsoft labels as privileged, or with a permission known for escalation | 6 | control plane, told by two sources |
//! | tier 0 otherwise; tier 0 that only reads | 5; 4 | the classification draws tier 0 wide |
//! | a permission known for escalation in any tier | 5 | a heuristic of its source |
//! | tier 1; tier 1 that only reads; tier 2 | 4; 2; 1 | services; readers |
//! | nothing is known of the role | 6 | silence is no answer |
//! | administrative unit; application or other object | -5 (-2 for who takes over every administrator); -3 | what lies outside is safe |
//! | subscription; resource group; resource | -1; -2; -4 | likewise; nothing for what lies above |
//! | active without an end | +1 | it is there for whoever steals the account later |
//! | eligible | -1 | a trace, a limit in time, mail |
//! | its activation demands MFA or an authentication context | -1 | a stolen password is not enough |
//! | its activation waits for approval | -1 | two people |
//! | a check of activations goes (approval, approvers, MFA, context) | +1, and no less than medium in tier 0 and 1, or where the tier is not known | nobody is granted anything, so nobody notices |
//! | standing access becomes possible; longer times, fewer texts | -3; -4 | somebody must still use it |
//! | a role widens that nobody holds; a way that nobody new takes | -3 | it may be held tomorrow |
//!
//! Groups: membership and ownership weigh what they lead to, over the graph of chains (`src/core/chain/`) before and after the plan,
//! with the checks that will hold on the way. People are counted once, when they reach a role that they did not reach before, or reach
//! it with fewer checks; whom an incomplete read hides is said and never taken for nobody. Conditions of Azure take weight away only
//! where they prove which roles may be assigned.
//!
//! Data: `src/catalog/escalation.rs`.

mod assignment;
mod people;
mod power;
pub(crate) mod rank;
mod role;
mod setting;
mod weight;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::catalog::escalation;
use crate::core::address::Labels;
use crate::core::assignment::AssignmentKey;
use crate::core::change::{Change, Risk, Subject};
use crate::core::direction::Direction;
use crate::core::guard;
use crate::core::id::GroupId;
use crate::core::observed::Observed;
use crate::core::policy::default::factory;
use crate::core::policy::rule::Requirement;
use crate::core::policy::settings::Settings;
use crate::core::risk::people::People;
use crate::core::risk::power::Power;
use crate::core::target::{RoleKey, Surface, Target};

/// The most reasons of one change: the first are the most important.
const MOST: usize = 6;

/// The most roles behind a group that are looked at person by person: the heaviest.
const MOST_LEADS: usize = 8;

/// Returns the risk of each change and the reasons for it, in the order of the changes.
///
/// `after` is `before` with the changes carried out ([`crate::core::project::project`]). The same changes over a fresh observation are
/// judged again in the same way.
pub fn judge(changes: &[Change], before: &Observed, after: &Observed, labels: &Labels) -> Vec<(Risk, Vec<String>)> {
    let mut judge = Judge::new(changes, before, after, labels);
    changes.iter().map(|change| judge.change(change)).collect()
}

/// What one round of judging needs, and what it has found out so far.
struct Judge<'a> {
    after: &'a Observed,
    labels: &'a Labels,
    /// Settings that no list shows yet: the service's defaults are taken to hold.
    assumed: BTreeMap<Target, Settings>,
    people: People<'a>,
    powers: BTreeMap<RoleKey, Rc<Power>>,
    /// The assignments of each role in the end.
    held: BTreeMap<RoleKey, Vec<&'a AssignmentKey>>,
    /// What membership of each group leads to.
    leads: BTreeMap<GroupId, Rc<Leads>>,
}

/// What the members of a group come to.
struct Leads {
    /// The heaviest roles.
    heaviest: Vec<Lead>,
    /// How many roles there are.
    count: usize,
}

/// A role that the members of a group come to.
struct Lead {
    role: Target,
    /// Its power and the breadth of its scope.
    base: i32,
    /// The checks on the way from the membership on; `None` where nothing is activated.
    checks: Option<Checks>,
}

/// A sum of weights and its reasons, the most important first.
struct Sum {
    points: i32,
    reasons: Vec<String>,
}

/// The checks that stand between a holder and the use of what it is eligible for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Checks {
    /// Somebody else must approve.
    approval: bool,
    /// MFA or an authentication context.
    strong_sign_in: bool,
}

impl Checks {
    fn of(settings: &Settings) -> Self {
        let demands_mfa = settings.activation.require.contains(&Requirement::MultiFactorAuthentication);
        Self {
            approval: settings.approval.is_required,
            strong_sign_in: demands_mfa || settings.authentication_context.is_enabled,
        }
    }

    /// Returns the checks of two activations, one after the other.
    fn and(self, other: Self) -> Self {
        Self { approval: self.approval || other.approval, strong_sign_in: self.strong_sign_in || other.strong_sign_in }
    }

    fn points(self) -> i32 {
        let strong = if self.strong_sign_in { weight::STRONG_SIGN_IN } else { 0 };
        let approved = if self.approval { weight::APPROVED } else { 0 };
        weight::ELIGIBLE + strong + approved
    }
}

impl<'a> Judge<'a> {
    fn new(changes: &[Change], before: &'a Observed, after: &'a Observed, labels: &'a Labels) -> Self {
        let assumed = changes.iter().filter_map(|change| match &change.subject {
            Subject::Assignment { key, assumed: true, .. } => Some(key.target.policy_target()),
            _ => None,
        });
        let assumed: BTreeMap<Target, Settings> =
            assumed.map(|target| (target.clone(), factory(target.surface()).canonical(target.surface()))).collect();
        let mut held: BTreeMap<RoleKey, Vec<&AssignmentKey>> = BTreeMap::new();
        let roles = changes.iter().filter(|change| matches!(change.subject, Subject::Role { .. }));
        let widened: BTreeSet<RoleKey> = roles.filter_map(|change| change.subject.role_key()).collect();
        for key in after.assignments.keys() {
            if let Some(role) = key.target.role_key().filter(|role| widened.contains(role)) {
                held.entry(role).or_default().push(key);
            }
        }
        let people = People::new(before, after, &assumed);
        Self { after, labels, assumed, people, powers: BTreeMap::new(), held, leads: BTreeMap::new() }
    }

    fn change(&mut self, change: &Change) -> (Risk, Vec<String>) {
        if change.direction != Direction::Widens {
            return (Risk::None, Vec::new());
        }
        let mut sum = match &change.subject {
            Subject::Assignment { key, principal_type, before, ask, condition, .. } => {
                let window = ask.map(|ask| ask.window(self.after.now));
                let grant = assignment::Grant {
                    key,
                    is_group: *principal_type == Some(crate::core::principal::PrincipalType::Group),
                    is_renewal: before.is_some(),
                    is_endless: window.is_some_and(|window| window.end.is_none()),
                    condition: condition.as_deref(),
                };
                self.assignment(&grant)
            }
            Subject::Settings { target, before, after, .. } => self.setting(target, before, after),
            Subject::Role { before: Some(before), after: Some(after) } => self.role(before, after),
            // whoever makes a role gives nobody anything: its direction is neutral
            Subject::Role { .. } => return (Risk::None, Vec::new()),
        };
        sum.reasons.truncate(MOST);
        (weight::risk(sum.points), sum.reasons)
    }

    /// Returns the checks of an activation of `target`, by the settings that will hold; `None` when nobody knows them.
    fn checks(&self, target: &Target) -> Option<Checks> {
        let target = target.policy_target();
        self.after.settings_of(&target).or_else(|| self.assumed.get(&target)).map(Checks::of)
    }

    /// Returns the power of a role as it will be.
    fn power(&mut self, role: &RoleKey) -> Rc<Power> {
        if let Some(power) = self.powers.get(role) {
            return Rc::clone(power);
        }
        let power = match self.after.roles.get(role) {
            Some(known) => Power::of(known),
            None => Power::of_built_in(role.surface, role.id.as_str()).unwrap_or_else(Power::unknown),
        };
        let power = Rc::new(power);
        self.powers.insert(role.clone(), Rc::clone(&power));
        power
    }

    /// Returns the weight of a role where it holds: its power and the breadth of its scope. Nothing for groups, which have none of
    /// their own.
    fn base(&mut self, target: &Target) -> i32 {
        let Some(role) = target.role_key() else { return 0 };
        self.power(&role).points + self.breadth(target)
    }

    /// Returns what membership of a group leads to, the heaviest roles first.
    fn leads(&mut self, group: &GroupId) -> Rc<Leads> {
        if let Some(known) = self.leads.get(group) {
            return Rc::clone(known);
        }
        let roles = self.people.roles_of(group);
        let count = roles.len();
        let mut weighed: Vec<(i32, Target)> = roles.into_iter().map(|role| (self.base(&role), role)).collect();
        weighed.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.cmp(y)));
        weighed.truncate(MOST_LEADS);
        let (bases, roles): (Vec<i32>, Vec<Target>) = weighed.into_iter().unzip();
        let checks = self.people.checks_to(group, &roles);
        let leads = roles.into_iter().zip(bases).zip(checks);
        let heaviest = leads.map(|((role, base), checks)| Lead { role, base, checks }).collect();
        let leads = Rc::new(Leads { heaviest, count });
        self.leads.insert(group.clone(), Rc::clone(&leads));
        leads
    }

    fn breadth(&self, target: &Target) -> i32 {
        match target {
            Target::Directory { role, scope } => {
                let key = RoleKey::new(Surface::Directory, role);
                let is_built_in = self.after.roles.get(&key).is_none_or(|role| role.is_built_in);
                weight::of_directory_scope(scope, takes_over_everybody(role.as_str()), is_built_in)
            }
            Target::Azure { scope, .. } => weight::of_arm_scope(scope.kind()),
            Target::Group { .. } => 0,
        }
    }

    /// Returns the name of a role, with its place where that is not the whole tenant: `Owner in subscription prod-core`.
    fn role_name(&self, target: &Target) -> String {
        match target {
            Target::Directory { role, scope } => {
                let name = self.labels.role(&RoleKey::new(Surface::Directory, role));
                match target.is_tenant_wide() {
                    true => name,
                    false => format!("{name} in {}", self.labels.scope(scope)),
                }
            }
            Target::Azure { role, scope } => {
                let name = self.labels.role(&RoleKey::new(Surface::Azure, role));
                let place = self.labels.place(target).unwrap_or_else(|| scope.to_string());
                format!("{name} in {place}")
            }
            Target::Group { .. } => self.labels.target(target),
        }
    }

    /// Returns why a role weighs what it does, the most important first.
    fn why(&self, name: &str, role: Option<&RoleKey>, power: &Power) -> Vec<String> {
        let mut reasons = Vec::new();
        if role.is_some_and(guard::hands_out_roles) {
            reasons.push(format!("{name} can hand out every other role"));
        } else if let Some((id, severity, title, by)) = power.paths.first() {
            let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
            let more = match power.paths.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let severity = severity.as_str();
            reasons.push(format!("{name} opens a known attack path of {severity} severity{by}: {title} ({id}){more}"));
        } else if power.is_unknown {
            reasons.push(format!("what {name} allows is not known; it is taken for privileged"));
        } else if let Some(permission) = power.escalating.as_ref() {
            reasons.push(format!("{name} holds {permission}, which is known for escalation"));
        } else if let Some(tier) = power.tier {
            reasons.push(format!("{name} is in {}", tier.as_str()));
        }
        reasons
    }
}

/// Tells whether a directory role can reset the password of a Global Administrator, and so of everybody.
fn takes_over_everybody(role: &str) -> bool {
    let protected = escalation::resets().iter().find(|row| row.target == guard::GLOBAL_ADMINISTRATOR);
    protected.is_some_and(|row| row.by.contains(&role))
}

#[cfg(test)]
mod tests;
