//! What PIM can and cannot do with a group, and what it means that it begins to.

use std::collections::BTreeSet;

use crate::core::assignment::{AssignmentKey, DeclaredAssignment, Mode};
use crate::core::chain::{Grant, Graph};
use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::{Context, Difference};
use crate::core::id::{GroupId, PrincipalId};
use crate::core::notice::Notice;
use crate::core::observed::{Part, Unreadable};
use crate::core::origin::Origin;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::target::{Access, Surface, Target};

fn known<'a>(context: &Context<'a>, group: &GroupId) -> Option<&'a Principal> {
    context.observed.principals.get(&PrincipalId::new(group.as_str()))
}

/// Returns why PIM cannot manage a group, as the code of the mistake and its sentence: groups whose members follow a rule and
/// groups that are synchronised from on-premises are refused (graph.md 4.4).
pub(super) fn unmanageable(context: &Context<'_>, target: &Target) -> Option<(&'static str, String)> {
    let group = target.group()?;
    let facts = known(context, group)?;
    let label = facts.name.clone().unwrap_or_else(|| group.to_string());
    if facts.is_dynamic == Some(true) {
        return Some(("dynamic-group", format!("the members of `{label}` follow a rule: PIM cannot manage the group")));
    }
    let why = format!("`{label}` is synchronised from on-premises: PIM cannot manage the group");
    (facts.is_synchronized == Some(true)).then_some(("synchronized-group", why))
}

/// As [`unmanageable`], as a mistake of the manifest at `at`.
pub(super) fn refuse(context: &Context<'_>, target: &Target, at: &Origin) -> Option<Diagnostic> {
    let (code, message) = unmanageable(context, target)?;
    let help = "use a group of the cloud whose members are assigned one by one";
    Some(Diagnostic::error(code, Some(at.clone()), message).help(help))
}

/// Returns what the service refuses about an assignment to a group: a group that is managed by a rule or from elsewhere, a group
/// as owner, and a group that is active in a role-assignable group; that one may be eligible (graph.md 4.4).
pub(super) fn preconditions(
    context: &Context<'_>,
    key: &AssignmentKey,
    declared: &Declared<DeclaredAssignment>,
) -> Vec<Diagnostic> {
    let Target::Group { group, access } = &key.target else { return Vec::new() };
    let mut mistakes: Vec<Diagnostic> = refuse(context, &key.target, &declared.at).into_iter().collect();
    if declared.value.principal_type != PrincipalType::Group {
        return mistakes;
    }
    let holder = context.labels.principal(&key.principal);
    let name = context.labels.target(&key.target);
    if *access == Access::Owner {
        // the manifests are refused for it before anything is read; this is the last look before something is written
        let message = format!("`{holder}` is a group and cannot be an owner (`{name}`)");
        let mistake = Diagnostic::error("group-as-owner", Some(declared.at.clone()), message);
        mistakes.push(mistake.help("name users, or use `access: member`"));
    } else if key.mode == Mode::Active && known(context, group).is_some_and(|g| g.is_role_assignable == Some(true)) {
        let message =
            format!("`{holder}` is a group and cannot be an active member of a role-assignable group (`{name}`)");
        let mistake = Diagnostic::error("active-group-in-role-assignable-group", Some(declared.at.clone()), message);
        mistakes.push(mistake.help("make it eligible: its members activate for themselves; or name the users"));
    }
    mistakes
}

/// Who comes to act as which group, where not all of it could be read.
pub(super) struct Entrances {
    /// What is held and declared; `None` where all of every group was read.
    graph: Option<Graph>,
}

impl Entrances {
    /// Looks at who is in which group, where there is a gap.
    pub(super) fn new(context: &Context<'_>) -> Self {
        let has_gap = context.observed.unreadable.iter().any(|gap| gap.surface == Surface::Group);
        let declared = || {
            let declared = context.desired.assignments.iter();
            declared
                .map(|(key, declared)| Grant { key: key.clone(), kind: Some(declared.value.principal_type) })
                .collect()
        };
        let join = || Graph::of(context.observed).join(&Graph::new(declared(), &context.observed.principals));
        Self { graph: has_gap.then(join) }
    }

    /// Returns why nobody can tell who acts as a principal, or under which settings they come to: a gap in the members, owners
    /// or settings of it or of a group that leads to it. Only groups that the run was to read are asked about.
    pub(super) fn gap<'a>(&self, context: &Context<'a>, principal: &PrincipalId) -> Option<&'a Unreadable> {
        let observed = context.observed;
        self.graph.as_ref()?.upstream_of_principal(principal).iter().find_map(|access| {
            let group = access.group()?;
            let settings = observed.gap_at(access, Part::Settings).filter(|_| observed.settings_of(access).is_none());
            let lists = [Mode::Eligible, Mode::Active].map(|mode| observed.missing(access, mode));
            let mut gaps = settings.into_iter().chain(lists.into_iter().flatten());
            gaps.find(|gap| observed.groups.contains_key(group) || gap.group.as_ref() == Some(group))
        })
    }
}

/// Marks what brings a group under PIM: the first request or the first write of its settings does, and there is no way back
/// (graph.md 4.4). Where the tenant does not tell which groups are onboarded, that is said once for each.
pub(super) fn mark_onboarding(context: &Context<'_>, difference: &mut Difference) {
    let mut unsure: BTreeSet<&GroupId> = BTreeSet::new();
    for change in &mut difference.changes {
        let Some(group) = change.subject.target().and_then(Target::group).cloned() else { continue };
        match context.observed.groups.get_key_value(&group) {
            Some((_, Some(false))) => change.onboards = true,
            Some((group, None)) => _ = unsure.insert(group),
            Some((_, Some(true))) | None => {}
        }
    }
    for group in unsure {
        let label = known(context, group).and_then(|group| group.name.clone()).unwrap_or_else(|| group.to_string());
        let message = format!(
            "the tenant does not tell whether PIM manages `{label}` already; if not, it will from this apply on, and nothing undoes that"
        );
        difference.notices.push(Notice::new("may-onboard", None, message, None));
    }
    if let Some(why) = &context.observed.undiscovered {
        let message = format!(
            "which groups are onboarded to PIM is not shown, so only groups that the manifests name are looked at: {why}"
        );
        difference.notices.push(Notice::warning("groups-not-discovered", None, message, None));
    }
}
