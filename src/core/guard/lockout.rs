//! Enough usable Global Administrators remain.

use std::collections::BTreeMap;

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment};
use crate::core::chain::Graph;
use crate::core::guard::{PRIVILEGED_ROLE_ADMINISTRATOR, Scene, Verdict, is_at_tenant, is_global_administrator};
use crate::core::id::{GroupId, PrincipalId};
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::principal::PrincipalType;
use crate::core::target::{Access, Target};

/// Refuses a plan that lowers the number of users who hold Global Administrator permanently and actively (direct, enabled,
/// cloud-only, no guests) below `limits.minGlobalAdministrators`. Of whom a fact is not known does not count as left. Also refuses to take away the last holder, active or eligible, of the two
/// roles that can give roles back.
pub(super) fn judge(scene: &Scene<'_>, verdicts: &mut Vec<Verdict>, notices: &mut Vec<Notice>) {
    let [before, after] = [scene.before, scene.after].map(rescuers);
    let what = "who holds, or may activate, Global Administrator or Privileged Role Administrator";
    let message =
        match (before.is_lost_in(&after, |them| them.possible), before.is_lost_in(&after, |them| them.certain)) {
            (true, _) => Some(format!("nobody would be left {what}")),
            // whoever is known to be left counts; those that an incomplete read hides do not
            (false, true) => {
                Some(format!("nobody would be known to be left {what}: the members of a group could not be read"))
            }
            (false, false) => None,
        };
    verdicts.extend(message.map(|message| Verdict {
        guard: "lockout".into(),
        message,
        overridden_by: None,
        ..Verdict::default()
    }));
    // with a gap, the guard of incomplete reads judges
    if scene.before.missing_directory(Mode::Active).is_some() {
        return;
    }
    let minimum = scene.desired.tenant.limits.min_global_administrators as usize;
    let (before, after) = (count(scene.before), count(scene.after));
    let is_lowered = after.certain < before.certain || after.possible < before.possible;
    let message = |left: usize, there: usize| {
        format!(
            "{left} usable permanent Global Administrator(s) remain (there are {there}); at least {minimum} are demanded"
        )
    };
    if is_lowered && after.certain < minimum {
        let unknown = match after.possible - after.certain {
            0 => String::new(),
            count => format!("; {count} more could not be judged"),
        };
        verdicts.push(Verdict {
            guard: "lockout".into(),
            message: message(after.certain, before.possible) + &unknown,
            overridden_by: Some("--allow-few-global-administrators".into()),
            ..Verdict::default()
        });
    } else if after.possible < minimum {
        let message = message(after.possible, before.possible);
        notices.push(Notice::warning("lockout", None, message, Some(scene.desired.tenant.at.clone())));
    }
    for key in permanent(scene.after).filter(|key| usability(scene.after, key).is_none()) {
        let message = "whether its holder is an enabled, cloud-only user and no guest could not be read; it does not count \
                       as a Global Administrator who remains";
        notices.push(Notice::warning("holder-not-readable", Some(scene.labels.assignment(key)), message, None));
    }
}

/// How many Global Administrators remain whatever else breaks.
struct Count {
    /// Those of whom every fact is known and right.
    certain: usize,
    /// These and those of whom no known fact is wrong.
    possible: usize,
}

fn count(state: &Observed) -> Count {
    let judged: Vec<Option<bool>> = permanent(state).map(|key| usability(state, key)).collect();
    Count {
        certain: judged.iter().filter(|is_usable| **is_usable == Some(true)).count(),
        possible: judged.iter().filter(|is_usable| **is_usable != Some(false)).count(),
    }
}

/// Returns who holds Global Administrator permanently, actively and directly.
fn permanent(state: &Observed) -> impl Iterator<Item = &AssignmentKey> {
    let is_permanent = |found: &ObservedAssignment| found.window.end.is_none() && !found.window.is_pending();
    let held = state.assignments.iter().filter(move |(key, found)| {
        key.mode == Mode::Active && is_global_administrator(&key.target) && is_permanent(found)
    });
    held.map(|(key, _)| key)
}

/// Tells whether a holder can use the role whatever else breaks: an enabled, cloud-only user, no guest. `None` when nothing known
/// speaks against it and not everything is known.
fn usability(state: &Observed, key: &AssignmentKey) -> Option<bool> {
    if state.deleted_principals.contains(&key.principal) {
        return Some(false);
    }
    let holder = state.principals.get(&key.principal)?;
    let facts = [
        // a kind that is newer than this program is no user
        holder.kind.map(|kind| kind == PrincipalType::User).or(holder.name.as_ref().map(|_| false)),
        holder.is_enabled,
        holder.is_guest.map(|is_guest| !is_guest),
        holder.is_synchronized.map(|is_synchronized| !is_synchronized),
    ];
    if facts.contains(&Some(false)) {
        return Some(false);
    }
    facts.iter().all(Option::is_some).then_some(true)
}

/// How many can give roles back.
struct Rescuers {
    /// Those who are known to be there, and groups that were not looked at.
    certain: usize,
    /// These and groups whose members were to be read and could not all be: one of them may be among those.
    possible: usize,
}

impl Rescuers {
    /// Tells whether there were some and are none afterwards.
    fn is_lost_in(&self, after: &Self, count: fn(&Self) -> usize) -> bool {
        count(self) > 0 && count(after) == 0
    }
}

/// Counts those who can give roles back, through groups too. A group whose members were read is its members: one that is emptied
/// rescues nobody.
fn rescuers(state: &Observed) -> Rescuers {
    let graph = Graph::of(state);
    let can = |target: &&Target| is_global_administrator(target) || is_at_tenant(target, PRIVILEGED_ROLE_ADMINISTRATOR);
    let mut found: BTreeMap<PrincipalId, bool> = BTreeMap::new();
    for target in graph.targets().into_iter().filter(can) {
        for (id, _) in graph.holders(target).iter().filter(|(id, _)| !state.deleted_principals.contains(id)) {
            let group = GroupId::new(id.as_str());
            let is_looked_at = graph.is_group(id) && state.groups.contains_key(&group);
            let members = Target::Group { group, access: Access::Member };
            let is_hidden =
                || [Mode::Active, Mode::Eligible].iter().any(|mode| state.missing(&members, *mode).is_some());
            if !is_looked_at || is_hidden() {
                found.insert(id.clone(), !is_looked_at);
            }
        }
    }
    Rescuers { certain: found.values().filter(|is_certain| **is_certain).count(), possible: found.len() }
}
