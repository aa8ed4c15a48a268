//! The graph itself: grants become edges between what a holder can be.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment};
use crate::core::chain::{Chain, Link, Manner};
use crate::core::id::{GroupId, PrincipalId};
use crate::core::observed::Observed;
use crate::core::principal::{PrincipalType, Principals};
use crate::core::target::{Access, Target};

/// An eligible or active assignment as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is, of what, and how. It leads back to the assignment and to its manifest line.
    pub key: AssignmentKey,
    /// What kind of principal holds it, where that is known.
    pub kind: Option<PrincipalType>,
}

/// What somebody can be. A group has three of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A user, a service principal, or something of unknown kind that nothing shows to be a group.
    Person(PrincipalId),
    /// A direct member of a group: what directory roles ask for.
    Direct(GroupId),
    /// A member, directly or through nested groups.
    Member(GroupId),
    /// An owner.
    Owner(GroupId),
    /// The holder of a role.
    Role(Target),
}

/// What leads from one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// A grant.
    Grant(usize),
    /// An owner adds itself.
    AddsItself,
    /// A direct member is a member: no link at all.
    IsMember,
}

/// One edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) via: Via,
    pub(super) manner: Manner,
}

/// Where the nodes of a group begin, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupNodes {
    pub(super) direct: usize,
    pub(super) member: usize,
    pub(super) owner: usize,
}

/// Everybody's grants as one graph. Nodes and edges are numbered in the order of the grants, so equal input gives equal answers.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    grants: Vec<Grant>,
    /// Groups known not to be role-assignable.
    pub(super) plain_groups: BTreeSet<PrincipalId>,
    pub(super) groups: BTreeMap<PrincipalId, GroupNodes>,
    pub(super) persons: BTreeMap<PrincipalId, usize>,
    pub(super) roles: BTreeMap<Target, usize>,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// The edge of each grant, the same for what is given twice; `None` for what the service does not honour.
    pub(super) edge_of: Vec<Option<usize>>,
    /// Edges by the node that they leave.
    pub(super) out: Vec<Vec<usize>>,
    /// Edges by the node that they lead to.
    pub(super) into: Vec<Vec<usize>>,
}

/// Returns the id of a group as a principal.
pub(super) fn as_principal(group: &GroupId) -> PrincipalId {
    PrincipalId::new(group.as_str())
}

impl Graph {
    /// Returns the graph of some grants. `principals` tells which are groups and which groups are role-assignable; whatever has
    /// members or owners is a group in any case.
    pub fn new(grants: Vec<Grant>, principals: &Principals) -> Self {
        let of_kind =
            (principals.values()).filter(|known| known.kind == Some(PrincipalType::Group)).map(|known| &known.id);
        let is_plain = |id: &&PrincipalId| principals[*id].is_role_assignable == Some(false);
        let plain: BTreeSet<PrincipalId> = of_kind.clone().filter(is_plain).cloned().collect();
        let groups = of_kind.cloned().collect();
        Self::build(grants, groups, plain)
    }

    /// Returns the graph of an observed, or projected, state. Running activations are left out: each has its eligibility.
    pub fn of(observed: &Observed) -> Self {
        let grants = observed.assignments.keys().map(|key| Grant { key: key.clone(), kind: None });
        Self::new(grants.collect(), &observed.principals)
    }

    /// Returns the graph of those assignments of a state that `is_meant` picks.
    pub(crate) fn of_those(observed: &Observed, is_meant: impl Fn(&ObservedAssignment) -> bool) -> Self {
        let picked = observed.assignments.iter().filter(|(_, found)| is_meant(found));
        Self::new(picked.map(|(key, _)| Grant { key: key.clone(), kind: None }).collect(), &observed.principals)
    }

    /// Returns the graph of the grants of two graphs; those of `other` that this one has too are left out.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let known: BTreeSet<&AssignmentKey> = self.grants.iter().map(|grant| &grant.key).collect();
        let more = other.grants.iter().filter(|grant| !known.contains(&grant.key));
        let grants = self.grants.iter().chain(more).cloned().collect();
        let groups = self.groups.keys().chain(other.groups.keys()).cloned().collect();
        Self::build(grants, groups, &self.plain_groups | &other.plain_groups)
    }

    fn build(grants: Vec<Grant>, known_groups: BTreeSet<PrincipalId>, plain_groups: BTreeSet<PrincipalId>) -> Self {
        let mut graph = Self { plain_groups, ..Self::default() };
        for grant in &grants {
            if let Target::Group { group, .. } = &grant.key.target {
                graph.add_group(&as_principal(group));
            }
            if grant.kind == Some(PrincipalType::Group) || known_groups.contains(&grant.key.principal) {
                graph.add_group(&grant.key.principal);
            }
        }
        let mut seen: BTreeMap<&AssignmentKey, Option<usize>> = BTreeMap::new();
        for (index, grant) in grants.iter().enumerate() {
            let edge = seen.entry(&grant.key).or_insert_with(|| {
                let (from, to) = graph.ends(&grant.key)?;
                let activations = u32::from(grant.key.mode == Mode::Eligible);
                let manner = Manner { additions: 0, activations };
                Some(graph.add_edge(Edge { from, to, via: Via::Grant(index), manner }))
            });
            graph.edge_of.push(*edge);
        }
        graph.grants = grants;
        graph
    }

    fn add_node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.out.push(Vec::new());
        self.into.push(Vec::new());
        self.nodes.len() - 1
    }

    fn add_edge(&mut self, edge: Edge) -> usize {
        let index = self.edges.len();
        self.out[edge.from].push(index);
        self.into[edge.to].push(index);
        self.edges.push(edge);
        index
    }

    fn add_group(&mut self, id: &PrincipalId) {
        if self.groups.contains_key(id) {
            return;
        }
        let group = GroupId::new(id.as_str());
        let direct = self.add_node(Node::Direct(group.clone()));
        let member = self.add_node(Node::Member(group.clone()));
        let owner = self.add_node(Node::Owner(group));
        self.groups.insert(id.clone(), GroupNodes { direct, member, owner });
        self.add_edge(Edge { from: direct, to: member, via: Via::IsMember, manner: Manner::default() });
        let manner = Manner { additions: 1, activations: 0 };
        self.add_edge(Edge { from: owner, to: direct, via: Via::AddsItself, manner });
    }

    fn person(&mut self, id: &PrincipalId) -> usize {
        if let Some(node) = self.persons.get(id) {
            return *node;
        }
        let node = self.add_node(Node::Person(id.clone()));
        self.persons.insert(id.clone(), node);
        node
    }

    fn role(&mut self, target: &Target) -> usize {
        if let Some(node) = self.roles.get(target) {
            return *node;
        }
        let node = self.add_node(Node::Role(target.clone()));
        self.roles.insert(target.clone(), node);
        node
    }

    /// Returns the two nodes that a grant joins; `None` when the service does not honour it.
    fn ends(&mut self, key: &AssignmentKey) -> Option<(usize, usize)> {
        let holder = self.groups.get(&key.principal).copied();
        let from = match (holder, &key.target) {
            (None, _) => self.person(&key.principal),
            (Some(_), Target::Directory { .. }) if self.plain_groups.contains(&key.principal) => return None,
            (Some(_), Target::Group { access: Access::Owner, .. }) if key.mode == Mode::Active => return None,
            (Some(group), Target::Directory { .. }) => group.direct,
            (Some(group), Target::Azure { .. } | Target::Group { .. }) => group.member,
        };
        let to = match &key.target {
            Target::Group { group, access } => {
                let group = self.groups[&as_principal(group)];
                match access {
                    Access::Owner => group.owner,
                    // members of a nested group are members, but not direct ones; an activation is personal
                    Access::Member if holder.is_some() && key.mode == Mode::Active => group.member,
                    Access::Member => group.direct,
                }
            }
            role => self.role(role),
        };
        Some((from, to))
    }

    /// Returns all grants, in the order in which they were given.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Tells whether a grant gives anybody anything: a directory role on a group that is not role-assignable does not.
    pub fn is_honoured(&self, grant: usize) -> bool {
        self.edge_of[grant].is_some()
    }

    /// Tells whether `strong` makes of its holder all that `weak` does. An active membership of a nested group makes no direct
    /// member, an activated one does: that matters where a directory role asks for one.
    pub(crate) fn leads_as_far(&self, strong: usize, weak: usize) -> bool {
        let edge = |grant: usize| self.edge_of[grant].map(|edge| self.edges[edge]);
        let (Some(strong), Some(weak)) = (edge(strong), edge(weak)) else { return false };
        let only_as_member = || {
            let mut next = self.out[weak.to].iter().map(|edge| self.edges[*edge]);
            next.all(|edge| edge.via == Via::IsMember && edge.to == strong.to)
        };
        let is_direct = matches!(self.nodes[weak.to], Node::Direct(_));
        strong.from == weak.from && (strong.to == weak.to || is_direct && only_as_member())
    }

    /// Tells whether a principal is a group.
    pub fn is_group(&self, principal: &PrincipalId) -> bool {
        self.groups.contains_key(principal)
    }

    /// Tells whether any member of a group is known. If not, its membership was not read or it is empty, and the group itself is
    /// all that can be named as a holder.
    pub fn has_known_members(&self, group: &PrincipalId) -> bool {
        let is_grant = |edge: &usize| matches!(self.edges[*edge].via, Via::Grant(_));
        let nodes = self.groups.get(group);
        nodes.is_some_and(|nodes| [nodes.direct, nodes.member].iter().any(|node| self.into[*node].iter().any(is_grant)))
    }

    /// Returns everybody who holds a grant, sorted: people, service principals and groups.
    pub fn principals(&self) -> BTreeSet<&PrincipalId> {
        self.grants.iter().map(|grant| &grant.key.principal).collect()
    }

    /// Returns every target of a grant, sorted.
    pub fn targets(&self) -> BTreeSet<&Target> {
        self.grants.iter().map(|grant| &grant.key.target).collect()
    }

    /// Returns the node at which a principal begins: the members of a group are taken to be direct ones.
    pub(super) fn start(&self, principal: &PrincipalId) -> Option<usize> {
        self.groups.get(principal).map(|group| group.direct).or_else(|| self.persons.get(principal).copied())
    }

    /// Returns the node at which a target is reached.
    pub(super) fn end(&self, target: &Target) -> Option<usize> {
        match target {
            Target::Group { group, access } => {
                let group = self.groups.get(&as_principal(group))?;
                Some(match access {
                    Access::Member => group.member,
                    Access::Owner => group.owner,
                })
            }
            role => self.roles.get(role).copied(),
        }
    }

    /// Returns the target that is reached at a node, if one is.
    pub(super) fn target_at(&self, node: usize) -> Option<Target> {
        match &self.nodes[node] {
            Node::Person(_) | Node::Direct(_) => None,
            Node::Member(group) => Some(Target::Group { group: group.clone(), access: Access::Member }),
            Node::Owner(group) => Some(Target::Group { group: group.clone(), access: Access::Owner }),
            Node::Role(target) => Some(target.clone()),
        }
    }

    /// Returns the chain of a row of edges.
    pub(super) fn chain(&self, holder: &PrincipalId, edges: &[usize]) -> Chain {
        let mut chain = Chain { holder: holder.clone(), links: Vec::new(), manner: Manner::default() };
        for edge in edges.iter().map(|edge| &self.edges[*edge]) {
            chain.manner = chain.manner.then(edge.manner);
            match (edge.via, &self.nodes[edge.to]) {
                (Via::Grant(index), _) => chain.links.push(Link::Grant(index)),
                (Via::AddsItself, Node::Direct(group)) => chain.links.push(Link::AddsItself(group.clone())),
                (Via::AddsItself | Via::IsMember, _) => {}
            }
        }
        chain
    }
}
