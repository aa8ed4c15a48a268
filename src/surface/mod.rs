//! The core's language to Microsoft's wire language and back; pure.
//!
//! A surface is a spelling. Each implements [`Surface`]; [`of`] is the single dispatch.

pub mod directory;
pub mod group;
pub mod json;
pub mod name;
mod pim;
pub mod resource;
pub mod rule;
mod validation;

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use crate::core::assignment::AssignmentKey;
use crate::core::change::Subject;
use crate::core::id::{GroupId, RoleId};
use crate::core::observed::Part;
use crate::core::order::StepPart;
use crate::core::reach::Reach;
use crate::core::role_definition::RoleDefinition;
use crate::core::row::Row;
use crate::core::scope::ArmScope;
use crate::core::target::Target;
use crate::wire::{Command, Query};

pub use self::validation::{FailedRules, Ground, Validation, ground};

/// A bulk read of one part of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The part.
    pub part: Part,
    /// How to read it.
    pub query: Query,
    /// Whether the tenant may lack it (404, 501 or a 400 that says so): then it is unknown, not unreadable.
    pub is_optional: bool,
    /// The Azure scope that the list is of; it may show rows of scopes above, which are not asked for. `None` elsewhere.
    pub scope: Option<ArmScope>,
    /// The group that the list is of. `None` elsewhere.
    pub group: Option<GroupId>,
    /// What is read instead when the service refuses this to the caller: the same, narrower.
    pub instead: Vec<Read>,
}

impl Read {
    /// Returns a read of a part of the whole surface, which the tenant must answer.
    pub fn new(part: Part, query: Query) -> Self {
        Self { part, query, is_optional: false, scope: None, group: None, instead: Vec::new() }
    }
}

/// A row that is not what the documents say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why} in {row}", part = part.as_str())]
pub struct DecodeError {
    /// Where it was met.
    pub part: Part,
    /// What is wrong.
    pub why: String,
    /// The row's id, or its beginning.
    pub row: String,
    /// The Azure role that the row is about, where nothing else is affected.
    pub role: Option<RoleId>,
}

/// What is needed to write one step: ids that were looked up right before.
#[derive(Debug, Clone, Default)]
pub struct Locator {
    /// The policy's id (never stored, graph.md 3.6 #2).
    pub policy: Option<String>,
    /// The id a created role really got, when it is another than the plan's.
    pub role: Option<RoleId>,
    /// The name of the request, where the client gives it.
    pub request: Option<Uuid>,
}

/// What the service's answer to a write means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Accepted, not yet in force or not yet visible: read again.
    Pending(String),
    /// It was so already.
    AlreadySo,
    /// The assignment exists: change it in place instead (C9).
    Exists,
    /// The assignment does not exist: make it instead, or, for a removal, done (C9).
    DoesNotExist,
    /// The object was made moments ago and is not known everywhere yet: ask again later.
    NotReplicated(String),
    /// Younger than five minutes: ask again later (C12).
    TooYoung,
    /// Somebody's request for the same assignment waits for a decision.
    PendingRequest,
    /// A request of this very name was made before: an earlier sending of ours arrived (arm.md B.3).
    Arrived,
    /// Refused for good.
    Refused(String),
}

/// What the service granted, as its answer to a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Role and scope.
    pub target: Target,
    /// The holder.
    pub principal: crate::core::id::PrincipalId,
    /// The window's start.
    pub start: Option<jiff::Timestamp>,
    /// The window's end; outer `None` when the answer does not say (a removal, a request that made nothing).
    pub end: Option<Option<jiff::Timestamp>>,
    /// The request's id.
    pub request: Option<String>,
    /// ABAC condition.
    pub condition: Option<String>,
}

/// One of the three places where PIM manages access.
pub trait Surface: Send + Sync {
    /// Returns the bulk reads, in the order in which they must be made: those with the same rank may run side by side.
    fn reads(&self, reach: &Reach) -> Vec<(u8, Read)>;

    /// Tells whether the reads are many and short, so that they travel together in batches.
    fn is_batched(&self) -> bool;

    /// Returns the reads, ordered likewise, that must not explain `suspects` either before they count as access that PIM does
    /// not know (design.md 3).
    fn second_reads(&self, reach: &Reach, suspects: &BTreeSet<AssignmentKey>) -> Vec<(u8, Read)>;

    /// Returns the reads that show one assignment, and nothing else, right now.
    fn assignment_reads(&self, key: &AssignmentKey) -> Vec<Read>;

    /// Returns the reads that show one role definition by either of its ids, and by its name. They may show others too.
    fn role_reads(&self, role: &RoleDefinition) -> Vec<Read>;

    /// Returns the reads of the object that is the target's scope, where there is one that may be too young to be known
    /// everywhere; it is there when any of them shows it.
    fn scope_queries(&self, target: &Target) -> Vec<Query>;

    /// Returns the rows of one page of a read, and what is wrong with the others: a part with a row that cannot be understood
    /// is unreadable, never empty.
    fn decode(&self, of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>);

    /// Returns a role definition from the answer to its creation.
    ///
    /// # Errors
    /// What the answer lacks.
    fn decode_role(&self, body: &Value) -> Result<RoleDefinition, String>;

    /// Returns the read that finds one target's settings and the id of its policy.
    fn policy_query(&self, target: &Target, policy_role: Option<&RoleId>) -> Query;

    /// Returns the policy's id and settings from the answer to [`Surface::policy_query`]; `None` when it shows none of `target` yet.
    ///
    /// # Errors
    /// As [`Surface::decode`].
    fn decode_policy(
        &self,
        target: &Target,
        page: &Value,
    ) -> Result<Option<(String, crate::core::policy::settings::Settings)>, DecodeError>;

    /// Returns the request that carries out a step.
    fn encode(&self, subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator) -> Command;

    /// Returns the request of [`Surface::encode`] in the form in which the service only judges it; `None` where there is none.
    fn validation(&self, subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator)
    -> Option<Validation>;

    /// Tells whether the answer to a validation shows that nothing was carried out.
    fn is_only_judged(&self, body: &Value) -> bool;

    /// Returns how many looks in a row must show a role as it was written before it counts as written. Azure may serve the old
    /// and the new version in turns for a minute (arm.md A.3).
    fn looks_to_settle(&self) -> usize;

    /// Tells whether making a role would silently replace one of the same id, so that it must be looked for first.
    fn replaces_roles(&self) -> bool;

    /// Returns what a refusal means.
    fn refusal(&self, refusal: &crate::wire::Refusal) -> Outcome;

    /// Returns what a successful answer to an assignment request means.
    fn granted(&self, body: &Value) -> Outcome;

    /// Returns what an answer says was granted.
    fn grant(&self, body: &Value) -> Option<Grant>;
}

/// Which action of the request state machine to use (graph.md 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignVerb {
    /// `adminAssign`: nothing is there.
    Assign,
    /// `adminUpdate`: another window.
    Update,
    /// `adminExtend`: a later end, before it runs out.
    Extend,
    /// `adminRenew`: after it ran out.
    Renew,
    /// `adminRemove`.
    Remove,
    /// Cancel the request that made a schedule which has not begun.
    Cancel,
    /// Delete a plain role assignment that PIM does not know.
    DeletePlain,
}

/// Returns the implementation of a surface.
pub fn of(surface: crate::core::target::Surface) -> &'static dyn Surface {
    match surface {
        crate::core::target::Surface::Directory => &directory::Directory,
        crate::core::target::Surface::Group => &group::Group,
        crate::core::target::Surface::Azure => &resource::Resource,
    }
}
