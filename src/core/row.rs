//! One row of one of the tenant's lists, before anything is concluded from it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::assignment::Mode;
use crate::core::id::{PrincipalId, RoleId};
use crate::core::policy::settings::Settings;
use crate::core::principal::Principal;
use crate::core::role_definition::RoleDefinition;
use crate::core::scope::ArmScope;
use crate::core::target::Target;

/// Whether a row belongs to its principal or reaches it from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Membership {
    /// The row is the principal's own.
    Direct,
    /// Through a group, from a broader scope, or something newer than this program: never managed.
    Indirect,
}

/// A row of a schedule list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Role and scope.
    pub target: Target,
    /// The holder.
    pub principal: PrincipalId,
    /// Eligible or active.
    pub mode: Mode,
    /// Own or not.
    pub membership: Membership,
    /// Active rows only: whether the holder activated it.
    pub is_activated: bool,
    /// The start as printed.
    pub start: Option<Timestamp>,
    /// The end, computed from the duration where only that is printed (graph.md 2.9).
    pub end: Option<Timestamp>,
    /// The request that made it; `None` outside PIM.
    pub request: Option<String>,
    /// The plain role assignment that it stands for, where one was made outside PIM and has the schedule's name (Azure,
    /// arm.md B.0).
    pub assignment: Option<String>,
    /// ABAC condition.
    pub condition: Option<String>,
}

impl ScheduleRow {
    /// Tells whether the row yields an assignment or a running activation that is in force at `now`: what opens later, is over
    /// or reaches its holder from elsewhere does not explain what is in force now.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        let is_over = self.end.is_some_and(|end| end <= now);
        let is_later = self.start.is_some_and(|start| match (self.is_activated, &self.request) {
            // outside PIM the printed start is the time of the query (graph.md 2.8)
            (false, None) => false,
            // the service rewrites a start to a few seconds after the request (arm.md B.3), and our time has whole seconds
            _ => start.duration_since(now) > crate::core::schedule::TOLERANCE,
        });
        self.membership == Membership::Direct && !is_over && !is_later
    }
}

/// A row of an instance list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRow {
    /// Role and scope.
    pub target: Target,
    /// The holder.
    pub principal: PrincipalId,
    /// Own or not.
    pub membership: Membership,
    /// Whether the holder activated it.
    pub is_activated: bool,
    /// The end.
    pub end: Option<Timestamp>,
    /// The plain role assignment behind it.
    pub origin: Option<String>,
}

/// A row of the plain list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRow {
    /// The id of the role assignment.
    pub id: String,
    /// Role and scope.
    pub target: Target,
    /// The holder.
    pub principal: PrincipalId,
    /// ABAC condition.
    pub condition: Option<String>,
}

/// A role definition that was deleted but not yet for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRole {
    /// Its id.
    pub id: RoleId,
    /// The id that its settings were keyed by; taken like the other for as long as it can be restored.
    pub template_id: RoleId,
    /// Its name.
    pub display_name: String,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
}

/// One decoded row of any list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A role definition.
    Role(Box<RoleDefinition>),
    /// A soft-deleted role definition.
    DeletedRole(DeletedRole),
    /// The settings of a target (role given by what policies are keyed by, see [`RoleDefinition::template_id`]).
    Settings(Target, Box<Settings>),
    /// Roles whose settings at an Azure scope are the service's defaults. Azure has settings for every role at every scope
    /// (arm.md C.1), far too many to hold each, or even a text for each.
    Untouched(ArmScope, Vec<Uuid>),
    /// A plain role assignment.
    Plain(PlainRow),
    /// A schedule.
    Schedule(ScheduleRow),
    /// A schedule of a scope above the one whose list shows it: it holds there too, and is nothing that could be changed there.
    Inherited(ArmScope, Box<ScheduleRow>),
    /// An active instance.
    Instance(InstanceRow),
    /// A principal that came along.
    Principal(Principal),
}
