//! What schedule requests are called and may say (arm.md B.2).

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Assign,
    Update,
    Extend,
    Renew,
    Remove,
    Activate,
    Deactivate,
    /// `SelfExtend`, `SelfRenew`: an administrator decides.
    Ask,
}

/// The names of the actions (arm.md B.2), and whether they exist for eligibility.
pub(super) const ACTIONS: [(&str, Action, bool); 9] = [
    ("AdminAssign", Action::Assign, true),
    ("AdminUpdate", Action::Update, true),
    ("AdminExtend", Action::Extend, true),
    ("AdminRenew", Action::Renew, true),
    ("AdminRemove", Action::Remove, true),
    ("SelfActivate", Action::Activate, false),
    ("SelfDeactivate", Action::Deactivate, false),
    ("SelfExtend", Action::Ask, true),
    ("SelfRenew", Action::Ask, true),
];

/// The members of `properties`; the last seven are read-only and ignored (arm.md B.2).
pub(super) const KNOWN: [&str; 20] = [
    "principalId",
    "roleDefinitionId",
    "requestType",
    "justification",
    "ticketInfo",
    "scheduleInfo",
    "condition",
    "conditionVersion",
    "targetRoleEligibilityScheduleId",
    "targetRoleEligibilityScheduleInstanceId",
    "targetRoleAssignmentScheduleId",
    "targetRoleAssignmentScheduleInstanceId",
    "linkedRoleEligibilityScheduleId",
    "scope",
    "principalType",
    "status",
    "approvalId",
    "requestorId",
    "createdOn",
    "expandedProperties",
];
