//! Enough usable Global Administrators remain.

use std::collections::BTreeMap;

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment};
use crate::core::guard::world::{World, hands_out};
use crate::core::guard::{Case, Findings, is_global_administrator};
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::principal::PrincipalType;

pub(super) const NAME: &str = "lockout";
const FLAG: &str = "--allow-few-global-administrators";

/// Refuses a plan that lowers the number of users who hold Global Administrator permanently and actively (direct, enabled,
/// cloud-only, no guests) below `limits.minGlobalAdministrators`. Of whom a fact is not known does not count as left. Also refuses
/// to take away the last one who can get to one of the two roles that can give roles back, active or eligible: an eligibility
/// that waits for an approval which nobody can give does not count. An end for the last one who had none may be allowed:
/// there is time to mend it.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let scene = &case.scene;
    let [before, after] = [&case.before, &case.after].map(rescuers);
    let what = "who holds, or may activate, Global Administrator or Privileged Role Administrator";
    if let Some((known, why)) = before.lost_in(&after) {
        findings.refuse(NAME, format!("nobody would be {known}left {what}{why}"), None);
    } else {
        let [before, after] = [case.lasting_before(), case.lasting_after()].map(rescuers);
        if let Some((known, why)) = before.lost_in(&after) {
            let message = format!("once what has an end has ended, nobody would be {known}left {what}{why}");
            findings.refuse(NAME, message, Some(FLAG));
        }
    }
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
        let message = message(after.certain, before.possible) + &unknown;
        findings.refuse(NAME, message, Some(FLAG));
    } else if after.possible < minimum {
        let message = message(after.possible, before.possible);
        findings.remark(Notice::warning(NAME, None, message, Some(scene.desired.tenant.at.clone())));
    }
    for key in permanent(scene.after).filter(|key| usability(scene.after, key).is_none()) {
        let message = "whether its holder is an enabled, cloud-only user and no guest could not be read; it does not count \
                       as a Global Administrator who remains";
        findings.remark(Notice::warning("holder-not-readable", Some(scene.labels.assignment(key)), message, None));
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
    /// Returns how it is to be said that there were some and are none afterwards, when that is so. Whoever is known to be left counts;
    /// those that an incomplete read hides do not.
    fn lost_in(&self, after: &Self) -> Option<(&'static str, &'static str)> {
        if self.possible > 0 && after.possible == 0 {
            return Some(("", ""));
        }
        let is_lost = self.certain > 0 && after.certain == 0;
        is_lost.then_some(("known to be ", ": the members of a group could not be read"))
    }
}

/// Counts those who can give roles back, through groups too. A group whose members were read is its members: one that is emptied
/// rescues nobody.
fn rescuers(world: &World<'_>) -> Rescuers {
    let mut found: BTreeMap<PrincipalId, bool> = BTreeMap::new();
    for target in world.graph.targets().into_iter().filter(|target| hands_out(target)) {
        let holders = world.graph.holders(target);
        for (id, manner) in holders.iter().filter(|(id, _)| !world.is_gone(id)) {
            let is_looked_at = world.is_group(id) && world.is_looked_at(id);
            let is_barred = || !manner.is_standing() && !world.can_get_to(id, target, holders.chain(id).as_ref());
            if (!is_looked_at || world.is_hidden(id)) && !is_barred() {
                let is_certain = found.entry(id.clone()).or_default();
                *is_certain |= !is_looked_at;
            }
        }
    }
    Rescuers { certain: found.values().filter(|is_certain| **is_certain).count(), possible: found.len() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::guard::PRIVILEGED_ROLE_ADMINISTRATOR as PRA;
    use crate::core::guard::fixture::*;
    use crate::core::policy::rule::Approver;
    use Mode::{Active, Eligible};

    const HELD: [(&str, &str, Mode); 3] = [(GA, "ada", Active), (GA, "bea", Active), (GA, "cy", Active)];

    /// Three hold Global Administrator, and this many are to keep it.
    fn staged(kept: usize) -> Staged {
        Staged::new(manifests(&HELD[..kept]), tenant(&HELD))
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture { refused: || staged(1), passed: || staged(2) };

    #[test]
    fn too_few_may_be_allowed_and_nobody_may_not() {
        let few = staged(1).refusals(NAME);
        assert_eq!(few[0].overridden_by.as_deref(), Some("--allow-few-global-administrators"));
        let mut nobody = staged(0);
        declare(&mut nobody.desired, key(HELPDESK, "ada", Active), crate::core::schedule::Schedule::Permanent);
        assert!(nobody.refusals(NAME).iter().any(|verdict| verdict.overridden_by.is_none()));
    }

    #[test]
    fn few_that_stay_are_remarked_on() {
        let few = Staged::new(manifests(&HELD[..1]), tenant(&HELD[..1]));
        assert_eq!((few.refusals(NAME).len(), few.notices(NAME).len()), (0, 1));
    }

    /// The last active administrator goes; `ada` is eligible, and `approvers` approve.
    fn eligible(approvers: &[&str]) -> Staged {
        let mut observed = tenant(&[(PRA, "ada", Eligible), (PRA, "bea", Active)]);
        let approval = &mut observed.settings.get_mut(&key(PRA, "ada", Eligible).target).unwrap().approval;
        approval.is_required = true;
        approval.approvers = approvers.iter().map(|id| Approver::User(PrincipalId::new(id))).collect();
        let mut staged = Staged::new(manifests(&[(PRA, "ada", Eligible)]), observed);
        staged.desired.tenant.limits.min_global_administrators = 0;
        staged
    }

    #[test]
    fn an_eligibility_that_nobody_could_approve_rescues_nobody() {
        assert_eq!(eligible(&["cy"]).refusals(NAME), []);
        assert_eq!(eligible(&["ada", "cy"]).refusals(NAME), []);
        for approvers in [&["ada"][..], &[]] {
            let refusals = eligible(approvers).refusals(NAME);
            assert_eq!(refusals.len(), 1, "{approvers:?}: the administrators that approve by default are gone too");
            assert_eq!(refusals[0].overridden_by, None);
        }
        let mut disabled = eligible(&["cy"]);
        disabled.observed.principals.get_mut(&PrincipalId::new("cy")).unwrap().is_enabled = Some(false);
        assert_eq!(disabled.refusals(NAME).len(), 1);
        // of whom nothing is known may approve
        let mut unknown = eligible(&["5a9dbb0c-0000-4000-8000-00000000000e"]);
        assert_eq!(unknown.refusals(NAME), []);
        unknown.observed.deleted_principals.insert(PrincipalId::new("5a9dbb0c-0000-4000-8000-00000000000e"));
        assert_eq!(unknown.refusals(NAME).len(), 1);
    }

    #[test]
    fn an_end_for_the_last_one_is_a_loss_that_may_be_allowed() {
        let mut staged = Staged::new(manifests(&[]), tenant(&[(PRA, "ada", Active)]));
        staged.desired.tenant.limits.min_global_administrators = 0;
        declare(&mut staged.desired, key(PRA, "ada", Active), until_autumn());
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.starts_with("once what has an end has ended, nobody"), "{}", refusals[0].message);
        assert_eq!((refusals.len(), refusals[0].overridden_by.as_deref()), (1, Some(FLAG)));
        // an eligibility for good is enough, and a membership of a group that holds it is none when that ends
        declare(&mut staged.desired, key(GA, "bea", Eligible), crate::core::schedule::Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
        staged.desired.assignments.remove(&key(GA, "bea", Eligible));
        group(&mut staged.observed, "operators");
        hold(&mut staged.observed, key(GA, "operators", Active));
        hold(&mut staged.observed, member("operators", "cy", Eligible));
        declare(&mut staged.desired, key(GA, "operators", Active), crate::core::schedule::Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
        let extent = crate::core::ownership::Extent::Groups(vec![crate::core::ownership::Pattern::new("*").unwrap()]);
        let mut entry = staged.desired.tenant.ownership.entries[0].value.clone();
        entry.extent = extent;
        staged.desired.tenant.ownership.entries.push(at(entry));
        declare(&mut staged.desired, member("operators", "cy", Eligible), until_autumn());
        assert_eq!(staged.refusals(NAME).len(), 1);
        // everything ended before
        let end = Some("2026-08-01T00:00:00Z".parse().unwrap());
        staged.observed.assignments.values_mut().for_each(|found| found.window.end = end);
        staged.desired.assignments.remove(&key(GA, "operators", Active));
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn who_cannot_sign_in_rescues_nobody() {
        let mut staged =
            Staged::new(manifests(&[(PRA, "ada", Active)]), tenant(&[(PRA, "ada", Active), (GA, "bea", Active)]));
        staged.desired.tenant.limits.min_global_administrators = 0;
        assert_eq!(staged.refusals(NAME), []);
        staged.observed.principals.get_mut(&PrincipalId::new("ada")).unwrap().is_enabled = Some(false);
        assert_eq!(staged.refusals(NAME).len(), 1);
    }
}
