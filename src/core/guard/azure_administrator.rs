//! Somebody can still give Azure roles on every owned subscription.

use std::collections::BTreeSet;

use crate::core::assignment::Mode;
use crate::core::authority;
use crate::core::guard::world::{Held, World, is_limited, member};
use crate::core::guard::{Case, Findings};
use crate::core::hierarchy::Hierarchy;
use crate::core::id::RoleId;
use crate::core::notice::Notice;
use crate::core::observed::Unreadable;
use crate::core::ownership::{Authority, Extent};
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::state::Tenant;
use crate::core::target::Target;

pub(super) const NAME: &str = "azure-administrator";
const FLAG: &str = "--allow-no-azure-administrator";

/// Refuses a plan after which nobody holds, or may activate, Owner, User Access Administrator or Role Based Access Control
/// Administrator on a subscription that the manifests own and that had somebody: made there or inherited, through groups too,
/// without a condition that limits it. What could not be read does not count. Likewise when somebody had it for good, and all that
/// is left has an end.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for scope in owned_subscriptions(&case.scene.desired.tenant, &case.scene.before.hierarchy) {
        let [before, after] = [&case.before, &case.after].map(|world| left(world, &scope));
        let gap = gap(case, &scope);
        let name = case.scene.before.hierarchy.name(&scope).unwrap_or(scope.name()).to_owned();
        let what = format!(
            "who could give roles on subscription {name} ({scope}): no usable Owner, User Access Administrator or \
             Role Based Access Control Administrator without a limiting condition"
        );
        let known = |after: &Left| match (after.possible, gap) {
            (false, None) => "",
            _ => "known to be ",
        };
        if before.is_lost_in(&after) {
            let known = known(&after);
            findings.refuse(NAME, format!("nobody would be {known}left {what}"), Some(FLAG));
        } else if !after.possible {
            let message = match gap {
                None => format!("there is nobody {what}"),
                Some(gap) => format!("{} could not be read: nobody is known {what}", gap.what()),
            };
            findings.remark(Notice::warning(NAME, None, message, Some(case.scene.desired.tenant.at.clone())));
        } else {
            let [before, after] = [case.lasting_before(), case.lasting_after()].map(|world| left(world, &scope));
            if before.is_lost_in(&after) {
                let message = format!("once what has an end has ended, nobody would be {}left {what}", known(&after));
                findings.refuse(NAME, message, Some(FLAG));
            }
        }
    }
}

/// Returns the subscriptions that are owned with authority, themselves or with something above them.
fn owned_subscriptions(tenant: &Tenant, hierarchy: &Hierarchy) -> BTreeSet<ArmScope> {
    let mut candidates: BTreeSet<ArmScope> = BTreeSet::new();
    for entry in &tenant.ownership.entries {
        let Extent::AzureScopes { scopes, exact } = &entry.value.extent else { continue };
        for scope in scopes {
            match scope.kind() {
                ArmScopeKind::Subscription => drop(candidates.insert(scope.clone())),
                ArmScopeKind::Root | ArmScopeKind::ManagementGroup if !exact => {
                    candidates.extend(hierarchy.below(scope, &[ArmScopeKind::Subscription]));
                }
                _ => {}
            }
        }
    }
    let is_owned = |scope: &ArmScope| {
        let mut entries = tenant.ownership.entries.iter();
        let first = entries.find(|entry| match &entry.value.extent {
            Extent::AzureScopes { scopes, exact } => authority::lies_in(scopes, *exact, hierarchy, scope),
            Extent::DirectoryRoles(_) | Extent::Groups(_) => false,
        });
        first.is_some_and(|entry| entry.value.assignments == Authority::Authoritative)
    };
    candidates.retain(is_owned);
    candidates
}

/// Whether somebody is left.
#[derive(Default)]
struct Left {
    /// Somebody who is known, or a group that no plan over these surfaces changes.
    certain: bool,
    /// Or a group whose members were to be read and could not all be.
    possible: bool,
}

impl Left {
    /// Tells whether there was somebody and is nobody afterwards.
    fn is_lost_in(&self, after: &Self) -> bool {
        self.possible && !after.possible || self.certain && !after.certain
    }
}

fn left(world: &World<'_>, scope: &ArmScope) -> Left {
    let mut left = Left::default();
    for held in world.azure_administrators(scope).into_iter().filter(|(_, found)| !is_limited(found)) {
        let (is_certain, is_possible) = usable(world, held);
        left.certain |= is_certain;
        left.possible |= is_possible;
        if left.certain {
            break;
        }
    }
    left
}

/// Tells whether somebody certainly, and possibly, can use an assignment.
fn usable(world: &World<'_>, (key, _): Held<'_>) -> (bool, bool) {
    let holder = &key.principal;
    let may = |requester| key.mode == Mode::Active || !world.is_barred(&key.target, requester);
    if world.is_gone(holder) {
        return (false, false);
    }
    if !world.is_group(holder) {
        let can = may(Some(holder));
        return (can, can);
    }
    let people = world.members(holder);
    let membership = member(holder);
    let holders = world.graph.holders(&membership);
    let can_act =
        |person| !world.is_looked_at(holder) || world.can_get_to(person, &membership, holders.chain(person).as_ref());
    if people.known.iter().any(|person| may(Some(person)) && can_act(person)) {
        return (true, true);
    }
    // of a group that was not looked at nothing changes
    (!world.is_looked_at(holder) && !people.is_whole && may(None), !people.is_whole && may(None))
}

/// Returns why not everybody is known who holds something at a scope.
fn gap<'a>(case: &Case<'a>, scope: &ArmScope) -> Option<&'a Unreadable> {
    let target = Target::Azure { role: RoleId::new(""), scope: scope.clone() };
    [Mode::Active, Mode::Eligible].into_iter().find_map(|mode| case.scene.before.missing(&target, mode))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::assignment::{AssignmentKey, ObservedAssignment, Provenance};
    use crate::core::guard::fixture::*;
    use crate::core::guard::fixture::{gap, member};
    use crate::core::id::{GroupId, PrincipalId};
    use crate::core::observed::Part;
    use crate::core::policy::rule::Approver;
    use crate::core::role_definition::{Permissions, RoleDefinition};
    use crate::core::schedule::{Schedule, Window};
    use crate::core::state::Desired;
    use crate::core::target::Surface;
    use Mode::{Active, Eligible};

    const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const TO_READERS: &str = "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
        (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] GuidEquals acdd72a7-3385-48ef-bd42-f606fba81ae7)";

    fn scope() -> ArmScope {
        ArmScope::parse("/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1").unwrap()
    }

    fn corp() -> ArmScope {
        ArmScope::management_group("corp").unwrap()
    }

    fn owner(scope: &ArmScope, who: &str, mode: Mode) -> AssignmentKey {
        let target = Target::Azure { role: RoleId::new(OWNER), scope: scope.clone() };
        AssignmentKey { target, principal: PrincipalId::new(who), mode }
    }

    /// Returns ownership of the subscription.
    pub(in crate::core::guard) fn azure(who: &str, mode: Mode) -> AssignmentKey {
        owner(&scope(), who, mode)
    }

    /// A subscription below `corp` with these owners, of whom these are declared; it is owned.
    pub(in crate::core::guard) fn own_subscription(held: &[(&str, Mode)], kept: &[(&str, Mode)]) -> Staged {
        let mut observed = tenant(&[]);
        observed.surfaces = [Surface::Azure].into();
        let role = RoleDefinition {
            surface: Surface::Azure,
            id: RoleId::new(OWNER),
            template_id: RoleId::new(OWNER),
            display_name: "Owner".into(),
            description: String::new(),
            is_enabled: true,
            is_built_in: true,
            permissions: Permissions::default(),
            assignable_scopes: Default::default(),
        };
        observed.roles.insert(role.key(), role);
        observed.hierarchy.insert(corp(), Some("Corp".into()), None);
        observed.hierarchy.insert(scope(), Some("prod".into()), Some(corp()));
        observed.listed.insert(scope());
        let settings = observed.settings.values().next().unwrap().clone().canonical(Surface::Azure);
        observed.settings.insert(azure("", Active).target, settings);
        held.iter().for_each(|(who, mode)| hold(&mut observed, azure(who, *mode)));
        let mut desired: Desired = manifests(&[]);
        own(&mut desired, scope(), true);
        kept.iter().for_each(|(who, mode)| declare(&mut desired, azure(who, *mode), Schedule::Permanent));
        Staged::new(desired, observed)
    }

    fn own(desired: &mut Desired, scope: ArmScope, exact: bool) {
        desired.tenant.ownership.entries[0].value.extent = Extent::AzureScopes { scopes: vec![scope], exact };
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture {
        refused: || own_subscription(&[("ada", Active)], &[]),
        passed: || own_subscription(&[("ada", Active), ("bea", Active)], &[("bea", Active)]),
    };

    #[test]
    fn it_says_which_subscription_and_which_flag() {
        let refusals = own_subscription(&[("ada", Active)], &[]).refusals(NAME);
        assert_eq!(refusals[0].overridden_by.as_deref(), Some(FLAG));
        assert!(refusals[0].message.contains("subscription prod (/subscriptions/"), "{}", refusals[0].message);
    }

    #[test]
    fn a_subscription_that_had_nobody_is_remarked_on() {
        let mut staged = own_subscription(&[], &[]);
        assert_eq!((staged.refusals(NAME).len(), staged.notices(NAME).len()), (0, 1));
        // nothing is said of what is not owned
        own(&mut staged.desired, corp(), true);
        assert_eq!(staged.notices(NAME), [""; 0]);
        own(&mut staged.desired, corp(), false);
        assert_eq!(staged.notices(NAME).len(), 1, "what is below an owned management group is owned");
        own(&mut staged.desired, ArmScope::parse("/").unwrap(), false);
        assert_eq!(staged.notices(NAME).len(), 1);
        staged.desired.tenant.ownership.entries[0].value.assignments = Authority::Additive;
        assert_eq!(staged.notices(NAME), [""; 0]);
    }

    fn inherited(staged: &mut Staged, condition: Option<&str>) {
        let found = ObservedAssignment {
            window: Window { start: None, end: None },
            condition: condition.map(str::to_owned),
            provenance: Provenance::Pim { request: "r".into() },
        };
        staged.observed.inherited.entry(scope()).or_default().insert(owner(&corp(), "bea", Active), found);
    }

    #[test]
    fn what_is_inherited_counts_and_what_a_condition_limits_does_not() {
        let mut staged = own_subscription(&[("ada", Active)], &[]);
        inherited(&mut staged, Some(TO_READERS));
        assert_eq!(staged.refusals(NAME).len(), 1);
        inherited(&mut staged, Some("no condition at all"));
        assert_eq!(staged.refusals(NAME).len(), 1, "what cannot be read limits");
        inherited(&mut staged, None);
        assert_eq!(staged.refusals(NAME), []);
        // a list of the scope itself tells better
        staged.observed.listed.insert(corp());
        assert_eq!(staged.refusals(NAME).len(), 1);
        hold(&mut staged.observed, owner(&corp(), "cy", Active));
        assert_eq!(staged.refusals(NAME), []);
        staged.observed.principals.get_mut(&PrincipalId::new("cy")).unwrap().is_enabled = Some(false);
        assert_eq!(staged.refusals(NAME).len(), 1, "who cannot sign in is nobody");
    }

    #[test]
    fn an_eligibility_counts_when_somebody_can_approve_it() {
        let mut staged = own_subscription(&[("ada", Active), ("bea", Eligible)], &[("bea", Eligible)]);
        assert_eq!(staged.refusals(NAME), []);
        let approval = &mut staged.observed.settings.get_mut(&azure("", Active).target).unwrap().approval;
        approval.is_required = true;
        approval.approvers = [Approver::User(PrincipalId::new("bea"))].into();
        assert_eq!(staged.refusals(NAME).len(), 1);
    }

    #[test]
    fn a_group_is_its_members_where_they_were_read() {
        let mut staged = own_subscription(&[("ada", Active), ("operators", Active)], &[("operators", Active)]);
        group(&mut staged.observed, "operators");
        assert_eq!(staged.refusals(NAME).len(), 1, "nobody is in it");
        hold(&mut staged.observed, member("operators", "cy", Eligible));
        assert_eq!(staged.refusals(NAME), []);
        staged.observed.assignments.remove(&member("operators", "cy", Eligible));
        let hidden = gap(Part::EligibleSchedules);
        staged.observed.unreadable = vec![crate::core::observed::Unreadable {
            surface: Surface::Group,
            group: Some(GroupId::new("operators")),
            ..hidden
        }];
        assert!(staged.refusals(NAME)[0].message.contains("known to be left"), "somebody may be in it");
        staged.observed.unreadable.clear();
        staged.observed.groups.clear();
        assert_eq!(staged.refusals(NAME), [], "of a group that was not looked at nothing changes");
    }

    #[test]
    fn an_end_for_the_last_one_is_a_loss() {
        let mut staged = own_subscription(&[("ada", Active)], &[]);
        declare(&mut staged.desired, azure("ada", Active), until_autumn());
        let refusals = staged.refusals(NAME);
        assert!(refusals[0].message.starts_with("once what has an end has ended, nobody"), "{}", refusals[0].message);
        assert_eq!((refusals.len(), refusals[0].overridden_by.as_deref()), (1, Some(FLAG)));
        // an eligibility for good, or what is inherited, stays
        declare(&mut staged.desired, azure("bea", Eligible), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
        staged.desired.assignments.remove(&azure("bea", Eligible));
        inherited(&mut staged, None);
        assert_eq!(staged.refusals(NAME), []);
        let end = "2026-09-01T00:00:00Z".parse().unwrap();
        staged
            .observed
            .inherited
            .get_mut(&scope())
            .unwrap()
            .values_mut()
            .for_each(|found| found.window.end = Some(end));
        assert_eq!(staged.refusals(NAME).len(), 1, "what is inherited ends too");
        // all of it ended before
        staged.observed.assignments.values_mut().for_each(|found| found.window.end = Some(end));
        declare(&mut staged.desired, azure("cy", Active), until_autumn());
        assert_eq!(staged.refusals(NAME), []);
    }

    #[test]
    fn what_opens_later_is_nobody() {
        let mut staged = own_subscription(&[("ada", Active)], &[]);
        let later = Schedule::Window {
            start: Some("2026-07-01T00:00:00Z".parse().unwrap()),
            end: "2026-09-01T00:00:00Z".parse().unwrap(),
        };
        declare(&mut staged.desired, azure("bea", Active), later);
        assert_eq!(staged.refusals(NAME).len(), 1);
    }

    #[test]
    fn what_could_not_be_read_is_said_and_never_counted() {
        let mut staged = own_subscription(&[], &[]);
        let part = gap(Part::ActiveSchedules);
        staged.observed.unreadable =
            vec![crate::core::observed::Unreadable { surface: Surface::Azure, scope: Some(scope()), ..part }];
        let notices = staged.notices(NAME);
        assert!(notices[0].contains("could not be read: nobody is known"), "{notices:?}");
    }
}
