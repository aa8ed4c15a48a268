//! What an address says, in parts: who holds which role where. An address is made of names, and a name may hold anything: where
//! it could be taken apart in two ways it is left whole.

use std::collections::BTreeMap;

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Action, Change, Subject};
use crate::core::plan::Plan;
use crate::core::target::{Access, Target};
use crate::render::plan::line::cut;
use crate::render::plan::value::{Shown, shown};

/// The beginnings of a principal in an address.
const HOLDERS: [&str; 4] = ["/user:", "/group:", "/servicePrincipal:", "/id:"];

/// What one principal gets in one mode while it goes in the other: no gain and no loss alone.
#[derive(Debug)]
pub(super) struct Conversions<'a>(BTreeMap<&'a AssignmentKey, &'a Change>);

impl<'a> Conversions<'a> {
    /// Returns those of a plan.
    pub(super) fn of(plan: &'a Plan) -> Self {
        let held = plan.changes.iter().filter_map(|change| match &change.subject {
            Subject::Assignment { key, .. } => Some((key, change)),
            _ => None,
        });
        Self(held.collect())
    }

    /// Returns what a change comes instead of, or what comes instead of it, as raw text: `instead of active, permanent, which is
    /// removed`.
    pub(super) fn said(&self, change: &Change) -> Option<String> {
        let Subject::Assignment { key, .. } = &change.subject else { return None };
        let mode = match key.mode {
            Mode::Active => Mode::Eligible,
            Mode::Eligible => Mode::Active,
        };
        let other = self.0.get(&AssignmentKey { mode, ..key.clone() })?;
        let is_grant = |change: &Change| matches!(change.action, Action::Create | Action::Regrant);
        match (is_grant(change), change.action, is_grant(other), other.action) {
            (true, _, _, Action::Remove) => {
                let schedule = other.fields.iter().find(|field| field.path == "schedule")?;
                let Shown::Scalars(Some(window), _) = shown(schedule) else { return None };
                Some(format!("instead of {}, {}, which is removed", mode.as_str(), cut(&window)))
            }
            (_, Action::Remove, true, _) => Some(format!("becomes {} instead", mode.as_str())),
            _ => None,
        }
    }
}

/// Who holds which role where, as raw text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The principal, e.g. `user:alice@contoso.example`; the whole address where it cannot be told apart.
    pub(super) holder: String,
    /// The role or the group's access; empty where it cannot be told apart.
    pub(super) role: String,
    /// Where it holds, in a few words that follow the role: `at EMEA Users`; empty for groups.
    pub(super) place: String,
}

/// Returns the parts of an assignment's address; nothing for other changes.
pub(super) fn assignment(change: &Change) -> Option<Named> {
    let Subject::Assignment { key, .. } = &change.subject else { return None };
    let whole = || Named { holder: change.address.clone(), role: String::new(), place: String::new() };
    let prefix = format!("{}/{}/", change.surface, key.mode.as_str());
    let Some(rest) = change.address.strip_prefix(&prefix) else { return Some(whole()) };
    let mut found = HOLDERS.iter().flat_map(|holder| rest.match_indices(holder));
    let (Some((at, _)), None) = (found.next(), found.next()) else { return Some(whole()) };
    let (role, place) = target(&rest[..at], &key.target, change.place.as_deref());
    Some(Named { holder: rest[at + 1..].to_owned(), role, place })
}

/// Returns what role settings or a role definition are called, e.g. `Owner at subscription prod-core`, `members of sg-ops`.
pub(super) fn object(change: &Change) -> String {
    let (name, place) = located(change);
    format!("{name} {place}").trim_end().to_owned()
}

/// Returns the same, with the place apart.
pub(super) fn located(change: &Change) -> (String, String) {
    let whole = || (change.address.clone(), String::new());
    let name = |word: &str| change.address.strip_prefix(&format!("{}/{word}/", change.surface));
    match &change.subject {
        Subject::Assignment { .. } => whole(),
        Subject::Role { .. } => {
            name("role-definition").map_or_else(whole, |name| (format!("custom role {name}"), String::new()))
        }
        Subject::Settings { target: of, .. } => match (name("settings"), of) {
            (None, _) => whole(),
            (Some(name), Target::Directory { .. }) => (name.to_owned(), String::new()),
            (Some(name), Target::Group { access, .. }) => match group(name, *access) {
                Some(group) => (format!("{}s of {group}", access.as_str()), String::new()),
                None => (name.to_owned(), String::new()),
            },
            (Some(name), Target::Azure { .. }) => target(name, of, change.place.as_deref()),
        },
    }
}

/// Returns the name of the group that a change is about.
pub(super) fn group_of(change: &Change) -> Option<String> {
    let Some(Target::Group { access, .. }) = change.subject.target() else { return None };
    match &change.subject {
        Subject::Assignment { .. } => {
            let named = assignment(change)?;
            named.role.strip_prefix(&format!("{} of ", access.as_str())).map(str::to_owned)
        }
        _ => group(change.address.strip_prefix("group/settings/")?, *access).map(str::to_owned),
    }
}

fn group(name: &str, access: Access) -> Option<&str> {
    name.strip_suffix(access.as_str())?.strip_suffix(':')
}

/// Returns the role and its place of `Role@scope` or `group:access`. A place in Azure is told in names where they are known.
fn target(text: &str, of: &Target, known: Option<&str>) -> (String, String) {
    match of {
        Target::Group { access, .. } => match group(text, *access) {
            Some(group) => (format!("{} of {group}", access.as_str()), String::new()),
            None => (text.to_owned(), String::new()),
        },
        Target::Directory { .. } => match parts(text, "@") {
            Some((role, "tenant")) => (role.to_owned(), "in the whole tenant".to_owned()),
            Some((role, scope)) => (role.to_owned(), format!("at {scope}")),
            None => (text.to_owned(), String::new()),
        },
        Target::Azure { scope, .. } => {
            match text.strip_suffix(scope.as_str()).and_then(|rest| rest.strip_suffix('@')) {
                Some(role) => (role.to_owned(), format!("at {}", known.unwrap_or(scope.as_str()))),
                None => (text.to_owned(), String::new()),
            }
        }
    }
}

/// Splits where there is one way to.
fn parts<'a>(text: &'a str, at: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(at).filter(|(_, rest)| !rest.contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::{Options, sample};

    #[test]
    fn an_address_is_taken_apart() {
        let said = |plan: crate::core::plan::Plan| -> Vec<String> {
            let named =
                |change: &Change| assignment(change).map(|n| format!("{} | {} | {}", n.holder, n.role, n.place));
            plan.changes.iter().map(|change| named(change).unwrap_or_else(|| object(change))).collect()
        };
        insta::assert_snapshot!(said(sample::every_action()).join("\n"), @r"
        user:eve@contoso.example | Global Administrator | in the whole tenant
        user:alice@contoso.example | App Assignment Operator | in the whole tenant
        group:sg-helpdesk-emea | Helpdesk Administrator | at EMEA Users
        user:bob@contoso.example | Helpdesk Administrator | in the whole tenant
        custom role App Assignment Operator
        custom role Old Operator
        Helpdesk Administrator
        ");
        insta::assert_snapshot!(said(sample::other_surfaces()).join("\n"), @r"
        servicePrincipal:deploy | VM Operator | at subscription prod-core, in management group Corp
        id:0b00b2f4-0000-4000-8000-000000000021 | VM Operator | at subscription prod-core, in management group Corp
        custom role VM Operator
        id:0b00b2f4-0000-4000-8000-000000000031 | owner of sg-tier0-operators | 
        ");
    }

    #[test]
    fn what_goes_in_one_mode_and_comes_in_the_other_is_told() {
        let mut plan = sample::every_action();
        let is_grant = |change: &&Change| change.action == Action::Create && assignment(change).is_some();
        let mut old = plan.changes.iter().find(is_grant).unwrap().clone();
        assert_eq!(Conversions::of(&plan).said(&old), None);
        let Subject::Assignment { key, .. } = &mut old.subject else { panic!("no assignment") };
        let (is, was) = (key.mode, if key.mode == Mode::Active { Mode::Eligible } else { Mode::Active });
        key.mode = was;
        old.action = Action::Remove;
        old.fields[0].before = serde_json::json!("permanent");
        old.fields[0].after = serde_json::Value::Null;
        plan.changes.push(old);
        let conversions = Conversions::of(&plan);
        let new = plan.changes.iter().find(is_grant).unwrap();
        let want = format!("instead of {}, permanent, which is removed", was.as_str());
        assert_eq!(conversions.said(new).as_deref(), Some(want.as_str()));
        let old = plan.changes.last().unwrap();
        assert_eq!(conversions.said(old), Some(format!("becomes {} instead", is.as_str())));
        for text in [
            crate::render::plan::text(&plan, &Options::default()),
            crate::render::plan::markdown(&plan, &Options::default()),
        ] {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(&want) && text.contains(&format!("becomes {} instead", is.as_str())), "{text}");
        }
    }

    #[test]
    fn names_that_look_like_more_are_left_whole() {
        let mut change = sample::every_action().changes.remove(2);
        for (address, holder, role) in [
            (
                "directory/eligible/Reader@a/group:x/group:sg-safe",
                "directory/eligible/Reader@a/group:x/group:sg-safe",
                "",
            ),
            ("directory/eligible/Reader@tenant@b/group:x", "group:x", "Reader@tenant@b"),
            ("elsewhere", "elsewhere", ""),
        ] {
            change.address = address.to_owned();
            let named = assignment(&change).unwrap();
            assert_eq!((named.holder.as_str(), named.role.as_str()), (holder, role));
        }
    }
}
