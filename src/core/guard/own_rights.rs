//! Whoever applies keeps what it applies with.

use std::collections::BTreeSet;

use crate::core::assignment::Mode;
use crate::core::change::Subject;
use crate::core::guard::world::{World, hands_out, is_limited, member};
use crate::core::guard::{Case, Findings};
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::ownership::{Authority, Extent};
use crate::core::principal::PrincipalType;
use crate::core::scope::ArmScope;
use crate::core::state::ApplyAs;

pub(super) const NAME: &str = "own-rights";
const FLAG: &str = "--allow-losing-own-rights";
const WHEN_ENDED: &str = ", once what has an end has ended";

/// Refuses a plan that takes from whoever applies it what it writes by: Global Administrator and Privileged Role Administrator,
/// directly or through a group; Owner, User Access Administrator or Role Based Access Control Administrator where the plan
/// writes or the manifests own. An application cannot activate anything, so it must hold them; a person may be eligible. So does an
/// end for the last of it that had none.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let Some(applier) = case.scene.applier else { return };
    let tenant = &case.scene.desired.tenant;
    let name = case.scene.labels.principal(applier);
    if let Some(declared) = tenant.applied_by.as_ref().filter(|declared| declared.value != *applier) {
        let message = format!(
            "`spec.appliedBy` is {}, but {name} applies; what is said about losing rights is about {name}",
            case.scene.labels.principal(&declared.value)
        );
        findings.remark(Notice::warning("another-applier", None, message, Some(declared.at.clone())));
    }
    let kind = case.scene.before.principals.get(applier).and_then(|known| known.kind);
    let must_stand = kind == Some(PrincipalType::ServicePrincipal) || tenant.apply_as == ApplyAs::Application;
    let rights = |world| Rights::of(world, applier, must_stand);
    let (before, after) = (rights(&case.before), rights(&case.after));
    if before.in_directory() && !after.in_directory() {
        let message = format!(
            "{name}, which applies this plan, would hold neither Privileged Role Administrator nor Global Administrator \
             any more"
        );
        findings.refuse(NAME, message, Some(FLAG));
    }
    let (lasted, lasts) = (rights(case.lasting_before()), rights(case.lasting_after()));
    if after.in_directory() && lasted.in_directory() && !lasts.in_directory() {
        let message = format!(
            "{name}, which applies this plan, would hold neither Privileged Role Administrator nor Global Administrator \
             any more{WHEN_ENDED}"
        );
        findings.refuse(NAME, message, Some(FLAG));
    }
    for scope in places(case) {
        let pairs = [(before.at(&scope), after.at(&scope), ""), (lasted.at(&scope), lasts.at(&scope), WHEN_ENDED)];
        if let Some((_, has, when)) = pairs.into_iter().find(|(had, has, _)| has < had) {
            let lost = match has {
                Right::Limited => "could give roles only as far as a condition lets it",
                Right::None | Right::Full => "could give no roles any more",
            };
            let message = format!("{name}, which applies this plan, {lost} at {scope}{when}");
            findings.refuse(NAME, message, Some(FLAG));
        }
    }
}

/// Returns where in Azure the plan writes and what the manifests own.
fn places(case: &Case<'_>) -> BTreeSet<ArmScope> {
    let mut places: BTreeSet<ArmScope> = BTreeSet::new();
    for change in case.scene.changes {
        places.extend(change.subject.target().and_then(|target| target.arm_scope()).cloned());
        if let Subject::Role { before, after } = &change.subject {
            places.extend(before.iter().chain(after).flat_map(|role| role.assignable_scopes.iter().cloned()));
        }
    }
    for entry in &case.scene.desired.tenant.ownership.entries {
        if let (Extent::AzureScopes { scopes, .. }, Authority::Authoritative) =
            (&entry.value.extent, entry.value.assignments)
        {
            places.extend(scopes.iter().cloned());
        }
    }
    places
}

/// How far somebody may give Azure roles at a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Right {
    None,
    Limited,
    Full,
}

/// What one identity holds.
struct Rights<'w, 'a> {
    world: &'w World<'a>,
    /// Itself, and the groups that it acts as.
    selves: BTreeSet<PrincipalId>,
    has_directory: bool,
    must_stand: bool,
}

impl<'w, 'a> Rights<'w, 'a> {
    fn of(world: &'w World<'a>, applier: &PrincipalId, must_stand: bool) -> Self {
        // that it could add itself to a group that it owns is no right to rely on
        let outreach = match must_stand {
            true => world.graph.standing_outreach(applier),
            false => world.graph.outreach_without_ownership(applier),
        };
        let mut selves = BTreeSet::from([applier.clone()]);
        let mut has_directory = false;
        for (target, _) in outreach.iter() {
            has_directory |= hands_out(target);
            if let Some(group) = target.group() {
                let id = PrincipalId::new(group.as_str());
                selves.extend((*target == member(&id)).then_some(id));
            }
        }
        Self { world, selves, has_directory, must_stand }
    }

    fn in_directory(&self) -> bool {
        self.has_directory
    }

    fn at(&self, scope: &ArmScope) -> Right {
        let held = self.world.azure_administrators(scope).into_iter();
        let own = held.filter(|(key, _)| self.selves.contains(&key.principal));
        let usable = own.filter(|(key, _)| key.mode == Mode::Active || !self.must_stand);
        usable
            .map(|(_, found)| if is_limited(found) { Right::Limited } else { Right::Full })
            .max()
            .unwrap_or(Right::None)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::guard::PRIVILEGED_ROLE_ADMINISTRATOR as PRA;
    use crate::core::guard::azure_administrator::tests::{azure, own_subscription};
    use crate::core::guard::fixture::member;
    use crate::core::guard::fixture::*;
    use crate::core::schedule::Schedule;
    use Mode::{Active, Eligible};

    /// Ada applies and bea goes, or the other way round.
    fn staged(applier: &str) -> Staged {
        let mut staged =
            Staged::new(manifests(&[(PRA, "bea", Active)]), tenant(&[(PRA, "ada", Active), (PRA, "bea", Active)]));
        staged.applier = Some(PrincipalId::new(applier));
        staged.desired.tenant.limits.min_global_administrators = 0;
        staged
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture { refused: || staged("ada"), passed: || staged("bea") };

    #[test]
    fn another_role_that_gives_roles_is_enough() {
        let mut staged = staged("ada");
        assert_eq!(staged.refusals(NAME)[0].overridden_by.as_deref(), Some(FLAG));
        declare(&mut staged.desired, key(GA, "ada", Active), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
        // who applies is not known
        let mut unknown = super::tests::staged("ada");
        unknown.applier = None;
        assert_eq!(unknown.refusals(NAME), []);
        // as declared, where the token is not of whoever applies
        unknown.desired.tenant.applied_by = Some(at(PrincipalId::new("ada")));
        assert_eq!(unknown.refusals(NAME).len(), 1);
        unknown.applier = Some(PrincipalId::new("bea"));
        assert_eq!((unknown.refusals(NAME).len(), unknown.notices("another-applier").len()), (0, 1));
    }

    #[test]
    fn an_application_needs_it_standing_and_a_person_may_activate() {
        let mut staged = staged("ada");
        declare(&mut staged.desired, key(PRA, "ada", Eligible), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME).len(), 1);
        staged.desired.tenant.apply_as = ApplyAs::User;
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn an_end_for_what_it_applies_with_is_a_loss() {
        let mut staged = staged("ada");
        declare(&mut staged.desired, key(PRA, "ada", Active), until_autumn());
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.ends_with(WHEN_ENDED), "{}", refusals[0].message);
        assert_eq!((refusals.len(), refusals[0].overridden_by.as_deref()), (1, Some(FLAG)));
        // another role without an end is enough
        declare(&mut staged.desired, key(GA, "ada", Active), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
        // and so is that it had an end before
        staged.desired.assignments.remove(&key(GA, "ada", Active));
        let found = staged.observed.assignments.get_mut(&key(PRA, "ada", Active)).unwrap();
        found.window.end = Some("2026-07-01T00:00:00Z".parse().unwrap());
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn an_end_in_azure_is_a_loss_where_the_manifests_own_something() {
        let mut staged = own_subscription(&[("ada", Active), ("bea", Active)], &[("bea", Active)]);
        staged.applier = Some(PrincipalId::new("ada"));
        declare(&mut staged.desired, azure("ada", Active), until_autumn());
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.ends_with(WHEN_ENDED), "{}", refusals[0].message);
        staged.applier = Some(PrincipalId::new("bea"));
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn a_membership_by_which_it_holds_the_role_counts() {
        let mut staged = staged("ada");
        group(&mut staged.observed, "operators");
        staged.observed.assignments.clear();
        hold(&mut staged.observed, key(PRA, "operators", Active));
        hold(&mut staged.observed, member("operators", "ada", Active));
        let extent = Extent::Groups(vec![crate::core::ownership::Pattern::new("operators").unwrap()]);
        staged.desired.tenant.ownership.entries[0].value.extent = extent;
        assert_eq!(staged.refusals(NAME).len(), 1);
        declare(&mut staged.desired, member("operators", "ada", Active), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn azure_roles_count_where_the_manifests_own_something() {
        let mut staged = own_subscription(&[("ada", Active), ("bea", Active)], &[("bea", Active)]);
        staged.applier = Some(PrincipalId::new("ada"));
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.contains("could give no roles any more"), "{}", refusals[0].message);
        // limited by a condition
        declare(&mut staged.desired, azure("ada", Active), Schedule::Permanent);
        let to_readers = "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
            (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] GuidEquals acdd72a7-3385-48ef-bd42-f606fba81ae7)";
        staged.desired.assignments.get_mut(&azure("ada", Active)).unwrap().value.condition = Some(to_readers.into());
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.contains("only as far as a condition"), "{}", refusals[0].message);
        staged.desired.assignments.get_mut(&azure("ada", Active)).unwrap().value.condition = None;
        assert_eq!(staged.refusals(NAME), []);
    }
}
