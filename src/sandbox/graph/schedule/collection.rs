//! The twelve collections of PIM: what each is called, what its page allows, which permission reads it.

use super::super::super::odata::Allowed;
use super::super::super::place::Surface;
use super::super::super::tenant::Side;

/// One of the three layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Schedule,
    Instance,
    Request,
}

/// One collection of PIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collection {
    pub(crate) surface: Surface,
    pub(crate) side: Side,
    pub(crate) layer: Layer,
}

macro_rules! directory {
    ($($more:expr),*) => {
        &[
            ("id", "eq"), ("principalId", "eq ne"), ("roleDefinitionId", "eq ne"), ("directoryScopeId", "eq ne"),
            ("appScopeId", "eq ne"), ("principal/", "eq ne startsWith"), ("roleDefinition/", "eq ne startsWith"),
            $($more),*
        ]
    };
}

macro_rules! group {
    ($($more:expr),*) => {
        &[("groupId", "eq"), ("principalId", "eq ne"), ("accessId", "eq ne"), $($more),*]
    };
}

impl Collection {
    /// Returns the collection of a segment below `roleManagement/directory` or `identityGovernance/privilegedAccess/group`.
    pub(crate) fn named(surface: Surface, segment: &str) -> Option<Self> {
        let layers = [Layer::Schedule, Layer::Instance, Layer::Request];
        let all = [Side::Eligible, Side::Active].into_iter().flat_map(|side| layers.map(|layer| (side, layer)));
        let mut all = all.map(|(side, layer)| Self { surface, side, layer });
        all.find(|collection| collection.context().rsplit('/').next() == Some(segment))
    }

    /// Returns the name of the collection, for contexts.
    pub(crate) const fn context(self) -> &'static str {
        self.allowed().context
    }

    /// Returns what the page of the collection allows (graph.md 2.6, 4.1). `$top` and `$count` are not documented for any, an order
    /// for the requests of groups alone.
    pub(crate) const fn allowed(self) -> Allowed {
        match self.surface {
            Surface::Directory => self.of_directory(),
            Surface::Group => self.of_group(),
        }
    }

    const fn of_directory(self) -> Allowed {
        match (self.side, self.layer) {
            (Side::Eligible, Layer::Schedule) => Allowed {
                filter: directory!(("status", "eq ne"), ("memberType", "eq ne"), ("createdUsing", "eq ne")),
                expand: &["principal", "roleDefinition", "directoryScope", "appScope"],
                ..Allowed::new("roleManagement/directory/roleEligibilitySchedules")
            },
            (Side::Active, Layer::Schedule) => Allowed {
                filter: directory!(
                    ("status", "eq ne"),
                    ("memberType", "eq ne"),
                    ("assignmentType", "eq ne"),
                    ("createdUsing", "eq ne")
                ),
                expand: &["principal", "roleDefinition", "directoryScope", "appScope", "activatedUsing"],
                ..Allowed::new("roleManagement/directory/roleAssignmentSchedules")
            },
            (Side::Eligible, Layer::Instance) => Allowed {
                filter: directory!(("memberType", "eq ne"), ("roleEligibilityScheduleId", "eq ne")),
                expand: &["principal", "roleDefinition", "directoryScope", "appScope"],
                ..Allowed::new("roleManagement/directory/roleEligibilityScheduleInstances")
            },
            (Side::Active, Layer::Instance) => Allowed {
                filter: directory!(
                    ("memberType", "eq ne"),
                    ("assignmentType", "eq ne"),
                    ("roleAssignmentScheduleId", "eq ne"),
                    ("roleAssignmentOriginId", "eq ne")
                ),
                expand: &["principal", "roleDefinition", "directoryScope", "appScope", "activatedUsing"],
                ..Allowed::new("roleManagement/directory/roleAssignmentScheduleInstances")
            },
            (Side::Eligible, Layer::Request) => Allowed {
                filter: directory!(("targetScheduleId", "eq ne"), ("status", "eq ne"), ("action", "eq ne")),
                expand: &["principal", "roleDefinition", "directoryScope", "appScope", "targetSchedule"],
                ..Allowed::new("roleManagement/directory/roleEligibilityScheduleRequests")
            },
            (Side::Active, Layer::Request) => Allowed {
                filter: directory!(("targetScheduleId", "eq ne"), ("status", "eq ne"), ("action", "eq ne")),
                expand: &[
                    "principal",
                    "roleDefinition",
                    "directoryScope",
                    "appScope",
                    "targetSchedule",
                    "activatedUsing",
                ],
                ..Allowed::new("roleManagement/directory/roleAssignmentScheduleRequests")
            },
        }
    }

    /// The metadata types `targetSchedule` of an assignment request wrongly (graph.md 4.2), so that only eligibility expands it.
    const fn of_group(self) -> Allowed {
        match (self.side, self.layer) {
            (Side::Eligible, Layer::Schedule) => Allowed {
                filter: group!(("memberType", "eq ne"), ("status", "eq ne")),
                expand: &["principal", "group"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/eligibilitySchedules")
            },
            (Side::Active, Layer::Schedule) => Allowed {
                filter: group!(("memberType", "eq ne"), ("assignmentType", "eq ne"), ("status", "eq ne")),
                expand: &["principal", "group", "activatedUsing"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/assignmentSchedules")
            },
            (Side::Eligible, Layer::Instance) => Allowed {
                filter: group!(("memberType", "eq ne"), ("eligibilityScheduleId", "eq ne")),
                expand: &["principal", "group"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/eligibilityScheduleInstances")
            },
            (Side::Active, Layer::Instance) => Allowed {
                filter: group!(("memberType", "eq ne"), ("assignmentType", "eq ne"), ("assignmentScheduleId", "eq ne")),
                expand: &["principal", "group", "activatedUsing"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/assignmentScheduleInstances")
            },
            (Side::Eligible, Layer::Request) => Allowed {
                filter: group!(("status", "eq ne"), ("targetScheduleId", "eq ne")),
                expand: &["principal", "group", "targetSchedule"],
                order: &["createdDateTime"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/eligibilityScheduleRequests")
            },
            (Side::Active, Layer::Request) => Allowed {
                filter: group!(("status", "eq ne"), ("targetScheduleId", "eq ne")),
                expand: &["principal", "group", "activatedUsing"],
                order: &["createdDateTime"],
                ..Allowed::new("identityGovernance/privilegedAccess/group/assignmentScheduleRequests")
            },
        }
    }

    /// Returns the permissions that read it (graph.md 8.1). Listing requests of directory roles demands the right to write; those of
    /// groups can be read.
    pub(super) fn reading(self) -> &'static [&'static str] {
        match (self.surface, self.side, self.layer) {
            (Surface::Directory, Side::Active, Layer::Request) => &["RoleAssignmentSchedule.ReadWrite.Directory"],
            (Surface::Directory, Side::Active, _) => {
                &["RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory"]
            }
            (Surface::Directory, Side::Eligible, Layer::Request) => &["RoleEligibilitySchedule.ReadWrite.Directory"],
            (Surface::Directory, Side::Eligible, _) => {
                &["RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"]
            }
            (Surface::Group, Side::Active, _) => &[
                "PrivilegedAssignmentSchedule.Read.AzureADGroup",
                "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
            ],
            (Surface::Group, Side::Eligible, _) => &[
                "PrivilegedEligibilitySchedule.Read.AzureADGroup",
                "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
            ],
        }
    }

    /// Returns the permissions that create and cancel requests, and the one that may only remove.
    pub(crate) fn writing(self) -> (&'static str, &'static str) {
        match (self.surface, self.side) {
            (Surface::Directory, Side::Active) => {
                ("RoleAssignmentSchedule.ReadWrite.Directory", "RoleAssignmentSchedule.Remove.Directory")
            }
            (Surface::Directory, Side::Eligible) => {
                ("RoleEligibilitySchedule.ReadWrite.Directory", "RoleEligibilitySchedule.Remove.Directory")
            }
            (Surface::Group, Side::Active) => (
                "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
                "PrivilegedAssignmentSchedule.Remove.AzureADGroup",
            ),
            (Surface::Group, Side::Eligible) => (
                "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
                "PrivilegedEligibilitySchedule.Remove.AzureADGroup",
            ),
        }
    }

    /// Returns the type of a function's rows, which they name since the static type is not theirs (graph.md 1).
    pub(super) fn row_type(self) -> String {
        let surface = match self.surface {
            Surface::Directory => "unifiedRole",
            Surface::Group => "privilegedAccessGroup",
        };
        let side = if self.side == Side::Active { "Assignment" } else { "Eligibility" };
        let layer = match self.layer {
            Layer::Schedule => "",
            Layer::Instance => "Instance",
            Layer::Request => "Request",
        };
        format!("{surface}{side}Schedule{layer}")
    }
}
