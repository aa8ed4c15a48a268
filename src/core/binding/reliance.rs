//! What a plan relies on without changing it, each as one hash: planning keeps it, applying compares it.
//!
//! A grant means what its role allows, behind which settings, to whom, and where. Whoever adds a member to a group between the review
//! and the apply, or swaps one for another, changes what the grant to that group means as surely as whoever rewrites the role.
//! Only what planning reads can be bound: who is in an administrative unit, say, it does not read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::core::address::Labels;
use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment};
use crate::core::change::{Change, Subject, fingerprint};
use crate::core::direction::Direction;
use crate::core::id::{GroupId, PrincipalId};
use crate::core::observed::Observed;
use crate::core::policy::rule::Approver;
use crate::core::policy::settings::Settings;
use crate::core::principal::PrincipalType;
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::{Access, RoleKey, Target};

/// What a plan relies on without changing it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reliance {
    /// Its address.
    pub address: String,
    /// What it is.
    pub on: Relied,
    /// Hash of the object as read.
    pub observed: String,
}

/// What is relied on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Relied {
    /// A role definition.
    Role(RoleKey),
    /// Role settings.
    Settings(Target),
    /// Whether somebody who is granted something can sign in, is a guest, is a group whose members follow a rule.
    Principal(PrincipalId),
    /// Who is in a group or can come to be, owners and nested groups included: who gets what the group gets, or approves for it.
    Members(GroupId),
    /// What the members of a group come to: what whoever joins it gets.
    Leads(GroupId),
    /// Who holds what some settings govern: who gets what they let go.
    Holders(Target),
    /// Who holds a role anywhere: who gets what it gains.
    HoldersOfRole(RoleKey),
    /// The management groups and subscriptions below a scope: where a grant there reaches.
    Below(ArmScope),
}

impl Relied {
    /// Returns its address.
    fn address(&self, labels: &Labels) -> String {
        let group = |group: &GroupId| labels.known_group(group).unwrap_or_else(|| format!("id:{group}"));
        match self {
            Self::Role(key) => labels.role_definition(key),
            Self::Settings(target) => labels.settings(target),
            Self::Principal(id) => labels.principal(id),
            Self::Members(id) => format!("group/members/{}", group(id)),
            Self::Leads(id) => format!("group/leads/{}", group(id)),
            Self::Holders(target) => labels.settings(target).replacen("/settings/", "/holders/", 1),
            Self::HoldersOfRole(key) => labels.role_definition(key).replacen("/role-definition/", "/holders/", 1),
            Self::Below(scope) => format!("azure/below@{scope}"),
        }
    }

    /// Returns what to say of it when it is not as reviewed; `is_known` when it can be read at all.
    pub(super) fn differs(&self, is_known: bool) -> &'static str {
        match (self, is_known) {
            (Self::Role(_) | Self::Settings(_), true) => {
                "is not as it was reviewed, and this plan grants what it governs"
            }
            (Self::Principal(_), true) => {
                "can sign in or not, is a guest or not, or has members by a rule or not: not as it was reviewed"
            }
            (Self::Members(_), true) => {
                "who is in it, or can come to be, is not who was when this plan was reviewed, and it relies on them"
            }
            (Self::Leads(_), true) => "what its members come to is not what it was, and this plan lets somebody in",
            (Self::Holders(_) | Self::HoldersOfRole(_), true) => {
                "who holds it is not who did when this plan was reviewed, and they gain by it"
            }
            (Self::Below(_), true) => "what lies below it is not what did, and this plan grants what reaches there",
            (_, false) => "is gone or cannot be read, and this plan relies on it",
        }
    }
}

/// Returns what `changes` rely on, but for what they themselves are about. What nobody has seen is not bound: settings that come with
/// a new role are waited for and compared when the grant is made, and of members that nobody reads the reasons for the risk say so.
pub fn rely(changes: &[Change], observed: &Observed, labels: &Labels) -> Vec<Reliance> {
    let roles: BTreeSet<RoleKey> = (changes.iter())
        .filter(|change| matches!(change.subject, Subject::Role { .. }))
        .filter_map(|change| change.subject.role_key())
        .collect();
    let governed: BTreeSet<&Target> = (changes.iter())
        .filter_map(|change| match &change.subject {
            Subject::Settings { target, .. } => Some(target),
            _ => None,
        })
        .collect();
    let ways = Ways::new(observed);
    let mut wanted = BTreeSet::new();
    for change in changes {
        match &change.subject {
            Subject::Assignment { key, ask: Some(_), .. } => ways.of_grant(key, &mut wanted),
            Subject::Settings { target, after, .. } => {
                ways.of_approvers(after, &mut wanted);
                if change.direction == Direction::Widens {
                    wanted.insert(Relied::Holders(target.clone()));
                    ways.of_holders(|key| key.target.policy_target() == *target, &mut wanted);
                }
            }
            Subject::Role { before: Some(_), after: Some(after) } if change.direction == Direction::Widens => {
                let role = after.key();
                ways.of_holders(|key| key.target.role_key().as_ref() == Some(&role), &mut wanted);
                wanted.insert(Relied::HoldersOfRole(role));
            }
            _ => {}
        }
    }
    wanted.retain(|one| match one {
        Relied::Role(key) => !roles.contains(key),
        Relied::Settings(target) => !governed.contains(target),
        _ => true,
    });
    let bound = wanted.into_iter().filter_map(|on| {
        let observed = ways.fingerprint(&on)?;
        Some(Reliance { address: on.address(labels), on, observed })
    });
    let mut relied: Vec<Reliance> = bound.collect();
    relied.sort();
    relied
}

type Row<'a> = (&'a AssignmentKey, &'a ObservedAssignment);

/// The assignments by the groups that they lead into and out of.
pub(super) struct Ways<'a> {
    observed: &'a Observed,
    into: BTreeMap<&'a GroupId, Vec<Row<'a>>>,
    by: BTreeMap<&'a PrincipalId, Vec<Row<'a>>>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(observed: &'a Observed) -> Self {
        let (mut into, mut by): (BTreeMap<_, Vec<Row<'a>>>, BTreeMap<_, Vec<Row<'a>>>) = Default::default();
        for row in &observed.assignments {
            by.entry(&row.0.principal).or_default().push(row);
            if let Some(group) = row.0.target.group() {
                into.entry(group).or_default().push(row);
            }
        }
        Self { observed, into, by }
    }

    /// Returns the group that a principal is, if it is one.
    fn group(&self, principal: &PrincipalId) -> Option<GroupId> {
        let group = GroupId::new(principal.as_str());
        let kind = self.observed.principals.get(principal).and_then(|known| known.kind);
        let is_group = kind == Some(PrincipalType::Group)
            || self.into.contains_key(&group)
            || self.observed.groups.contains_key(&group);
        is_group.then_some(group)
    }

    /// Returns what a grant relies on: the role and the settings by which it is used, who gets it, and through groups from whom to
    /// where.
    fn of_grant(&self, key: &AssignmentKey, wanted: &mut BTreeSet<Relied>) {
        self.of_use(key, wanted);
        // an active assignment is granted behind the settings too
        wanted.insert(Relied::Settings(key.target.policy_target()));
        wanted.insert(Relied::Principal(key.principal.clone()));
        if let Some(group) = self.group(&key.principal) {
            self.of_members(&group, wanted);
        }
        if let Some(group) = key.target.group() {
            self.leading_on(group).into_iter().for_each(|(next, _)| self.of_use(next, wanted));
            wanted.insert(Relied::Leads(group.clone()));
        }
        let wide = [ArmScopeKind::Root, ArmScopeKind::ManagementGroup];
        if let Some(scope) = key.target.arm_scope().filter(|scope| wide.contains(&scope.kind())) {
            wanted.insert(Relied::Below(scope.clone()));
        }
    }

    /// Returns what the use of an assignment rests on: the role, and what its activation demands of whom.
    fn of_use(&self, key: &AssignmentKey, wanted: &mut BTreeSet<Relied>) {
        let policy = key.target.policy_target();
        wanted.extend(policy.role_key().map(Relied::Role));
        if key.mode == Mode::Eligible {
            if let Some(settings) = self.observed.settings_of(&policy) {
                self.of_approvers(settings, wanted);
            }
            wanted.insert(Relied::Settings(policy));
        }
    }

    fn of_approvers(&self, settings: &Settings, wanted: &mut BTreeSet<Relied>) {
        for approver in settings.approval.approvers.iter().filter(|_| settings.approval.is_required) {
            if let Approver::Group(id) = approver {
                wanted.insert(Relied::Members(GroupId::new(id.as_str())));
            }
        }
    }

    fn of_members(&self, group: &GroupId, wanted: &mut BTreeSet<Relied>) {
        wanted.insert(Relied::Members(group.clone()));
        for (key, _) in self.leading_in(group).1 {
            self.of_use(key, wanted);
        }
    }

    fn of_holders(&self, is_meant: impl Fn(&AssignmentKey) -> bool, wanted: &mut BTreeSet<Relied>) {
        let holders = self.observed.assignments.keys().filter(|key| is_meant(key));
        let groups: BTreeSet<GroupId> = holders.filter_map(|key| self.group(&key.principal)).collect();
        groups.iter().for_each(|group| self.of_members(group, wanted));
    }

    /// Returns the groups from which one comes into a group, itself included, and the assignments that make it so.
    fn leading_in(&self, group: &GroupId) -> (BTreeSet<GroupId>, BTreeMap<&'a AssignmentKey, &'a ObservedAssignment>) {
        let (mut groups, mut rows) = (BTreeSet::from([group.clone()]), BTreeMap::new());
        let mut open = vec![group.clone()];
        while let Some(group) = open.pop() {
            for (key, found) in self.into.get(&group).into_iter().flatten() {
                rows.insert(*key, *found);
                let next = self.group(&key.principal).filter(|next| groups.insert(next.clone()));
                open.extend(next);
            }
        }
        (groups, rows)
    }

    /// Returns the assignments that members of a group come to, one after the other.
    fn leading_on(&self, group: &GroupId) -> BTreeMap<&'a AssignmentKey, &'a ObservedAssignment> {
        let (mut seen, mut rows) = (BTreeSet::from([group.clone()]), BTreeMap::new());
        let mut open = vec![group.clone()];
        while let Some(group) = open.pop() {
            for (key, found) in self.by.get(&PrincipalId::new(group.as_str())).into_iter().flatten() {
                rows.insert(*key, *found);
                let next = key.target.group().filter(|next| seen.insert((*next).clone()));
                open.extend(next.cloned());
            }
        }
        rows
    }

    /// Returns the hash of what is relied on; `None` when nobody knows it.
    pub(super) fn fingerprint(&self, on: &Relied) -> Option<String> {
        let observed = self.observed;
        match on {
            Relied::Role(key) => observed.roles.get(key).map(fingerprint),
            Relied::Settings(target) => observed.settings_of(target).map(fingerprint),
            Relied::Principal(id) => {
                let known = observed.principals.get(id)?;
                // what it is called changes nothing: it is meant by its id
                Some(fingerprint(&(known.is_enabled, known.is_guest, known.is_role_assignable, known.is_dynamic)))
            }
            Relied::Members(group) => match observed.members.get(group) {
                Some(members) if !observed.groups.contains_key(group) => Some(fingerprint(members)),
                _ if !observed.groups.contains_key(group) => None,
                _ => {
                    let (groups, rows) = self.leading_in(group);
                    let doubts: Vec<_> = groups.iter().map(|group| (group, self.doubt(group))).collect();
                    Some(fingerprint(&(doubts, described(rows))))
                }
            },
            Relied::Leads(group) => Some(fingerprint(&described(self.leading_on(group)))),
            Relied::Holders(target) => {
                let is_meant = |(key, _): &Row<'_>| key.target.policy_target() == *target;
                Some(fingerprint(&described(observed.assignments.iter().filter(is_meant))))
            }
            Relied::HoldersOfRole(role) => {
                let is_meant = |(key, _): &Row<'_>| key.target.role_key().as_ref() == Some(role);
                Some(fingerprint(&described(observed.assignments.iter().filter(is_meant))))
            }
            Relied::Below(scope) => {
                let kinds = [ArmScopeKind::ManagementGroup, ArmScopeKind::Subscription];
                Some(fingerprint(&observed.hierarchy.below(scope, &kinds)))
            }
        }
    }

    /// Returns what of the members of a group is not known: who is eligible, who is active, who comes by a rule.
    fn doubt(&self, group: &GroupId) -> (bool, bool, Option<bool>) {
        let target = Target::Group { group: group.clone(), access: Access::Member };
        let is_missing = |mode| self.observed.missing(&target, mode).is_some();
        let known = self.observed.principals.get(&PrincipalId::new(group.as_str()));
        (is_missing(Mode::Eligible), is_missing(Mode::Active), known.and_then(|known| known.is_dynamic))
    }
}

/// Returns assignments as they are compared: whose, of what, until when, under which condition. When one begins is left out, since
/// what is outside PIM shows the time of the query.
fn described<'a>(
    rows: impl IntoIterator<Item = (&'a AssignmentKey, &'a ObservedAssignment)>,
) -> Vec<(&'a AssignmentKey, Option<jiff::Timestamp>, Option<&'a str>)> {
    rows.into_iter().map(|(key, found)| (key, found.window.end, found.condition.as_deref())).collect()
}
