//! What a change under review does to the Tenant document itself, and so to what judges the change: an allowance that is raised in
//! the commit that needs it shows in no change of the plan.

use std::cmp::Ordering;

use crate::core::address::Labels;
use crate::core::declared::Declared;
use crate::core::direction::Direction;
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::origin::Origin;
use crate::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use crate::core::state::{ApplyAs, Limits, Tenant};

/// The code of the notices: a warning about what loosens the Tenant or may, a notice about what only tightens it.
pub const CODE: &str = "judge-changed";

/// A Tenant document and the folders of guardrails that it names, relative to the manifests' root.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The document.
    pub tenant: &'a Tenant,
    /// The folders.
    pub guardrails: &'a [Declared<String>],
    /// What things are called in the tenant as it was read for it.
    pub labels: &'a Labels,
}

/// One difference.
struct Difference {
    direction: Direction,
    what: String,
    at: Origin,
}

/// Returns one notice for each difference between the Tenant of the base and the one under review, at the line of the latter.
pub fn compare(base: Judge<'_>, head: Judge<'_>) -> Vec<Notice> {
    let mut all = Differences { at: &head.tenant.at, found: Vec::new() };
    // every field is named, so that a new one cannot be forgotten here; the id is the same, or there is nothing to compare
    let Tenant { name: _, id: _, apply_as, ownership, break_glass, applied_by, limits, at: _ } = head.tenant;
    let old = base.tenant;
    // whoever only the base names was looked up for the base only
    let principal = |id: &PrincipalId| match head.labels.principal(id) {
        label if label.starts_with("id:") => base.labels.principal(id),
        label => label,
    };
    bounds(&mut all, &old.limits, limits);
    match (old.apply_as, *apply_as) {
        (ApplyAs::Application, ApplyAs::User) => all.add(Direction::Widens, "applyAs application to user"),
        (ApplyAs::User, ApplyAs::Application) => all.add(Direction::Narrows, "applyAs user to application"),
        (ApplyAs::Application, ApplyAs::Application) | (ApplyAs::User, ApplyAs::User) => {}
    }
    let applier = |one: &Option<Declared<PrincipalId>>| one.as_ref().map(|one| principal(&one.value));
    match (applier(&old.applied_by), applier(applied_by)) {
        (Some(was), None) => all.add(Direction::Widens, format!("no longer says appliedBy {was}")),
        (None, Some(is)) => all.add(Direction::Narrows, format!("now says appliedBy {is}")),
        (Some(was), Some(is)) if was != is => all.add(Direction::Neutral, format!("appliedBy {was} to {is}")),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let Ownership { entries, ignore: Ignore { principals, roles } } = ownership;
    owned(&mut all, &old.ownership.entries, entries);
    let ignored = [Direction::Widens, Direction::Narrows];
    all.members(&old.ownership.ignore.principals, principals, ignored, ["ignores", "no longer ignores"], principal);
    all.members(
        &old.ownership.ignore.roles,
        roles,
        ignored,
        ["ignores the role", "no longer ignores the role"],
        |key| head.labels.role(key),
    );
    let words = ["now counts as breakGlass", "no longer counts as breakGlass"];
    all.members(&old.break_glass, break_glass, [Direction::Neutral, Direction::Widens], words, principal);
    let words = ["now names guardrails in", "no longer names guardrails in"];
    all.members(base.guardrails, head.guardrails, [Direction::Narrows, Direction::Widens], words, String::clone);
    all.found.into_iter().map(notice).collect()
}

fn notice(difference: Difference) -> Notice {
    let Difference { direction, what, at } = difference;
    let verb = match direction {
        Direction::Widens => "loosens",
        Direction::Narrows => "tightens",
        Direction::Neutral => "alters",
    };
    let message = format!("this change {verb} the Tenant: {what}");
    match direction {
        Direction::Widens | Direction::Neutral => Notice::warning(CODE, None, message, Some(at)),
        Direction::Narrows => Notice::new(CODE, None, message, Some(at)),
    }
}

/// What was found so far.
struct Differences<'a> {
    at: &'a Origin,
    found: Vec<Difference>,
}

impl Differences<'_> {
    fn add(&mut self, direction: Direction, what: impl Into<String>) {
        self.found.push(Difference { direction, what: what.into(), at: self.at.clone() });
    }

    /// Adds what comes, at its own line, and what goes.
    fn members<T: PartialEq>(
        &mut self,
        old: &[Declared<T>],
        new: &[Declared<T>],
        [comes, goes]: [Direction; 2],
        words: [&str; 2],
        name: impl Fn(&T) -> String,
    ) {
        let lacks = |all: &[Declared<T>], one: &Declared<T>| all.iter().all(|other| other.value != one.value);
        for one in new.iter().filter(|one| lacks(old, one)) {
            let what = format!("{} {}", words[0], name(&one.value));
            self.found.push(Difference { direction: comes, what, at: one.at.clone() });
        }
        for one in old.iter().filter(|one| lacks(new, one)) {
            self.add(goes, format!("{} {}", words[1], name(&one.value)));
        }
    }

    /// Adds a number that differs; `more` is what a greater one means.
    fn number(&mut self, name: &str, [old, new]: [u32; 2], more: Direction) {
        let direction = match (old.cmp(&new), more) {
            (Ordering::Equal, _) => return,
            (Ordering::Less, more) => more,
            (Ordering::Greater, Direction::Widens) => Direction::Narrows,
            (Ordering::Greater, Direction::Narrows) => Direction::Widens,
            (Ordering::Greater, Direction::Neutral) => Direction::Neutral,
        };
        self.add(direction, format!("limits.{name} {old} to {new}"));
    }
}

fn bounds(all: &mut Differences<'_>, old: &Limits, new: &Limits) {
    let Limits { max_removals, max_removal_percent, min_global_administrators } = *new;
    for (name, was, is, more) in [
        ("maxRemovals", old.max_removals, max_removals, Direction::Widens),
        ("maxRemovalPercent", old.max_removal_percent, max_removal_percent, Direction::Widens),
        ("minGlobalAdministrators", old.min_global_administrators, min_global_administrators, Direction::Narrows),
    ] {
        all.number(name, [was, is], more);
    }
}

/// Adds what is owned in another way. An additive entry that comes may stand before an authoritative one and take from it.
fn owned(all: &mut Differences<'_>, old: &[Declared<OwnershipEntry>], new: &[Declared<OwnershipEntry>]) {
    let is_additive = |entry: &OwnershipEntry| {
        let OwnershipEntry { extent: _, assignments, role_definitions } = entry;
        matches!((assignments, role_definitions), (Authority::Additive, Authority::Additive))
    };
    let (additive, other): (Vec<_>, Vec<_>) = new.iter().cloned().partition(|one| is_additive(&one.value));
    let (was_additive, was_other): (Vec<_>, Vec<_>) = old.iter().cloned().partition(|one| is_additive(&one.value));
    all.members(&was_other, &other, [Direction::Neutral, Direction::Widens], ["now owns", "no longer owns"], entry);
    let words = ["now only adds to", "no longer only adds to"];
    all.members(&was_additive, &additive, [Direction::Widens, Direction::Neutral], words, entry);
    let common = |one: &[Declared<OwnershipEntry>], other: &[Declared<OwnershipEntry>]| -> Vec<OwnershipEntry> {
        let is_there = |entry: &OwnershipEntry| other.iter().any(|one| one.value == *entry);
        one.iter().map(|one| one.value.clone()).filter(is_there).collect()
    };
    if common(old, new) != common(new, old) {
        all.add(
            Direction::Neutral,
            "its ownership entries, of which the first that matches decides, stand in another order",
        );
    }
}

/// Returns an ownership entry in words.
fn entry(entry: &OwnershipEntry) -> String {
    let OwnershipEntry { extent, assignments, role_definitions } = entry;
    let names = |all: &[Pattern]| all.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ");
    let extent = match extent {
        Extent::DirectoryRoles(all) => format!("the directory roles {}", names(all)),
        Extent::Groups(all) => format!("the groups {}", names(all)),
        Extent::AzureScopes { scopes, exact } => {
            let scopes = scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let exact = if *exact { " exactly" } else { "" };
            format!("the Azure scopes {scopes}{exact}")
        }
    };
    match (assignments, role_definitions) {
        (Authority::Additive, Authority::Additive) => extent,
        (Authority::Authoritative, Authority::Additive) => format!("{extent} (assignments)"),
        (Authority::Additive, Authority::Authoritative) => format!("{extent} (role definitions)"),
        (Authority::Authoritative, Authority::Authoritative) => format!("{extent} (assignments and role definitions)"),
    }
}
