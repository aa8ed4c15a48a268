//! Chains that are worth reading, and sizes that must not hurt. What holds for all graphs is tested in `tests/property/chain.rs`.

use super::*;
use crate::core::address::Labels;
use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::id::RoleId;
use crate::core::observed::Observed;
use crate::core::principal::{Principal, PrincipalType, Principals};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::target::{Access, Target};

fn id(text: &str) -> PrincipalId {
    PrincipalId::new(text)
}

fn member(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Member }
}

fn owner(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Owner }
}

fn azure(role: &str) -> Target {
    Target::Azure { role: RoleId::new(role), scope: ArmScope::parse("/").unwrap() }
}

fn directory(role: &str) -> Target {
    Target::Directory { role: RoleId::new(role), scope: DirectoryScope::Tenant }
}

fn grant(principal: &str, target: Target, mode: Mode) -> Grant {
    Grant { key: AssignmentKey { principal: id(principal), target, mode }, kind: None }
}

fn graph(grants: impl IntoIterator<Item = Grant>) -> Graph {
    Graph::new(grants.into_iter().collect(), &Principals::new())
}

fn manner(additions: u32, activations: u32) -> Manner {
    Manner { additions, activations }
}

use Mode::{Active, Eligible};

#[test]
fn the_easiest_chain_is_told_link_by_link() {
    let graph = graph([
        grant("alice", member("ops"), Eligible),
        grant("ops", member("net"), Eligible),
        grant("net", azure("owner"), Active),
        grant("bob", owner("net"), Active),
    ]);
    let outreach = graph.outreach(&id("alice"));
    assert_eq!(outreach.manner(&azure("owner")), Some(manner(0, 2)));
    let chain = outreach.chain(&azure("owner")).unwrap();
    let labels = Labels::default();
    assert_eq!(
        graph.words(&chain, &labels),
        "id:alice -> id:ops:member (eligible) -> id:net:member (eligible) -> owner@/ (active)"
    );
    let chain = graph.holders(&azure("owner")).chain(&id("bob")).unwrap();
    assert_eq!(
        graph.words(&chain, &labels),
        "id:bob -> id:net:owner (active) -> adds itself as a member -> owner@/ (active)"
    );
    assert_eq!(chain.manner.to_string(), "by adding itself to a group that it owns");
    assert!(graph.outreach_without_ownership(&id("bob")).manner(&azure("owner")).is_none());
}

#[test]
fn standing_beats_activations_and_activations_beat_ownership() {
    let mut grants = vec![
        grant("alice", owner("ops"), Active),
        grant("ops", azure("owner"), Active),
        grant("alice", member("a"), Eligible),
        grant("a", member("b"), Eligible),
        grant("b", member("ops"), Eligible),
    ];
    let easiest = |grants: &[Grant]| graph(grants.iter().cloned()).outreach(&id("alice")).manner(&azure("owner"));
    assert_eq!(easiest(&grants), Some(manner(0, 3)), "three activations before one addition");
    grants.push(grant("alice", azure("owner"), Active));
    assert_eq!(easiest(&grants), Some(manner(0, 0)));
}

#[test]
fn a_directory_role_reaches_direct_members_of_a_role_assignable_group_only() {
    let grants = [
        grant("alice", member("ops"), Active),
        grant("bob", member("inner"), Active),
        grant("inner", member("ops"), Active),
        grant("ops", directory("reader"), Active),
        grant("ops", azure("reader"), Active),
    ];
    let known = |is_role_assignable| {
        let mut group = Principal::unknown(id("ops"));
        (group.kind, group.is_role_assignable) = (Some(PrincipalType::Group), is_role_assignable);
        Graph::new(grants.to_vec(), &Principals::from([(id("ops"), group)]))
    };
    for fact in [None, Some(true)] {
        let graph = known(fact);
        let holders: Vec<String> = graph.holders(&directory("reader")).iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(holders, ["alice", "ops"]);
        let holders: Vec<String> = graph.holders(&azure("reader")).iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(holders, ["alice", "bob", "inner", "ops"]);
    }
    let graph = known(Some(false));
    assert_eq!(graph.holders(&directory("reader")).iter().count(), 0, "the service never provisions it");
    assert!(!graph.is_honoured(3) && graph.is_honoured(4));
}

#[test]
fn a_group_whose_members_are_unknown_stays_visible() {
    let graph = graph([grant("ops", azure("owner"), Active), grant("alice", member("net"), Active)]);
    assert!(!graph.is_group(&id("ops")), "nothing says that it is one");
    assert_eq!(graph.holders(&azure("owner")).iter().count(), 1);
    let mut principal = Principal::unknown(id("ops"));
    principal.kind = Some(PrincipalType::Group);
    let graph = Graph::new(graph.grants().to_vec(), &Principals::from([(id("ops"), principal)]));
    assert!(graph.is_group(&id("ops")) && !graph.has_known_members(&id("ops")));
    assert!(graph.has_known_members(&id("net")));
    assert_eq!(graph.holders(&azure("owner")).iter().count(), 1);
}

#[test]
fn a_kind_in_the_grant_is_enough_to_be_a_group() {
    let known = Grant { kind: Some(PrincipalType::Group), ..grant("ops", member("net"), Eligible) };
    let graph = graph([known, grant("net", azure("owner"), Active)]);
    assert!(graph.is_group(&id("ops")));
    assert_eq!(graph.upstream(&azure("owner")), [member("net"), owner("net"), member("ops"), owner("ops")].into());
}

#[test]
fn the_observed_state_becomes_a_graph() {
    let mut observed = Observed::empty("2026-01-01T00:00:00Z".parse().unwrap());
    let row = crate::core::assignment::ObservedAssignment {
        window: crate::core::schedule::Window { start: None, end: None },
        condition: None,
        provenance: crate::core::assignment::Provenance::OutsidePim,
    };
    let keys = [grant("alice", member("ops"), Eligible).key, grant("ops", azure("owner"), Active).key];
    observed.assignments.extend(keys.map(|key| (key, row.clone())));
    assert_eq!(Graph::of(&observed).outreach(&id("alice")).manner(&azure("owner")), Some(manner(0, 1)));
}

#[test]
fn what_is_given_twice_is_one_link() {
    let graph = graph([
        grant("alice", member("ops"), Active),
        grant("alice", member("ops"), Active),
        grant("ops", azure("owner"), Active),
    ]);
    assert_eq!(graph.chains(&id("alice"), &azure("owner"), 9).chains.len(), 1);
    assert!(graph.is_honoured(1));
}

#[test]
fn grants_on_one_chain_are_a_pair_in_the_order_of_their_use() {
    let graph = graph([
        grant("alice", member("ops"), Active),
        grant("ops", azure("owner"), Active),
        grant("bob", member("other"), Active),
    ]);
    let pair = |one, other, is_one_first| Pair { one, other, is_one_first };
    assert_eq!(graph.pairs(&[0, 2], &[1]), [pair(0, 1, true)].into());
    assert_eq!(graph.pairs(&[1], &[0, 2]), [pair(1, 0, false)].into());
}

#[test]
fn two_chains_are_the_fork_of_whoever_stands_where_they_part() {
    let graph = graph([
        grant("alice", member("team"), Active),
        grant("team", member("a"), Eligible),
        grant("team", member("b"), Eligible),
        grant("a", azure("owner"), Active),
        grant("b", azure("owner"), Active),
        grant("bob", member("a"), Eligible),
        grant("bob", member("a"), Active),
        grant("bob", owner("b"), Active),
    ]);
    let forks = graph.forks(&azure("owner"));
    assert_eq!(forks.len(), 1, "alice has one membership, bob one group, and owns the other: {forks:?}");
    assert_eq!(forks[0].chains[0].holder, id("team"));
    assert_eq!(forks[0].more, 0);
    assert_ne!(forks[0].chains[0].links[0], forks[0].chains[1].links[0]);
}

#[test]
fn a_hundred_thousand_grants_are_no_trouble() {
    // 1,000 groups of 95 people, nested in a row that closes to a circle, each with four roles
    let mut grants = Vec::new();
    for group in 0..1_000 {
        let name = format!("group-{group}");
        grants.extend(
            (0..95).map(|n| grant(&format!("person-{}", (group * 61 + n * 7) % 20_000), member(&name), Eligible)),
        );
        grants.extend((0..4).map(|n| grant(&name, azure(&format!("role-{}", group * 4 + n)), Active)));
        grants.push(grant(&name, member(&format!("group-{}", (group + 1) % 1_000)), Eligible));
    }
    let before = graph(grants.iter().skip(1_000).cloned());
    let after = graph(grants.iter().take(99_000).cloned());
    assert_eq!(graph(grants.clone()).circles().len(), 1);
    assert!(after.circles().is_empty(), "the row is open");
    assert_eq!(after.outreach(&id("person-0")).iter().filter(|(target, _)| target.role().is_some()).count(), 3_960);
    let found = after.holders(&azure("role-0"));
    assert_eq!(found.iter().filter(|(id, _)| after.is_group(id)).count(), 1);
    let chains = after.chains(&id("person-0"), &azure("role-3000"), 3);
    assert_eq!((chains.chains.len(), chains.has_more), (3, true));
    let all: Vec<usize> = (0..before.grants().len()).collect();
    assert!(!before.pairs(&all[..50], &all[98_000..]).is_empty());
}

#[test]
fn groups_may_be_nested_as_deep_as_there_are_groups() {
    let grants = (0..20_000).map(|n| grant(&format!("group-{n}"), member(&format!("group-{}", n + 1)), Active));
    let graph = graph(grants.chain([grant("group-20000", azure("owner"), Active)]));
    assert_eq!(graph.outreach(&id("group-0")).chain(&azure("owner")).unwrap().links.len(), 20_001);
    assert!(graph.circles().is_empty());
    assert_eq!(graph.pairs(&[0], &[19_999]).len(), 1);
}
