//! The `EligibleAssignment` and `ActiveAssignment` documents.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::assignment;
use crate::core::period::Period;
use crate::core::schedule;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role::RoleReference;
use crate::manifest::kind::text;

/// Principals who may activate a role. Every principal gets it at every scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Eligible assignment")]
pub struct EligibleAssignment {
    /// The role.
    pub role: RoleReference,
    /// Where it holds: names of Scope manifests or full ids of Azure scopes. Directory roles: `[tenant]` when absent. Azure roles:
    /// required, and everything below inherits it. Groups: must be absent.
    #[schemars(with = "Option<Vec<text::ScopeName>>", length(min = 1))]
    pub scopes: Option<Vec<String>>,
    /// Who may activate it.
    #[schemars(length(min = 1))]
    pub principals: Vec<Principal>,
    /// From when until when.
    pub schedule: Schedule,
    /// The reason that is sent with the request.
    #[schemars(example = &"Regional helpdesk")]
    pub justification: Option<String>,
    /// The ticket that is sent with the request.
    pub ticket: Option<Ticket>,
    /// An Azure ABAC condition; Azure roles only. Parsed offline; white space makes no difference when it is compared.
    pub condition: Option<String>,
    /// The version of the condition's language; only `2.0` exists.
    pub condition_version: Option<ConditionVersion>,
}

/// Principals who hold a role without activating it: standing access.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Active assignment")]
pub struct ActiveAssignment {
    /// The role.
    pub role: RoleReference,
    /// Where it holds: names of Scope manifests or full ids of Azure scopes. Directory roles: `[tenant]` when absent. Azure roles:
    /// required, and everything below inherits it. Groups: must be absent.
    #[schemars(with = "Option<Vec<text::ScopeName>>", length(min = 1))]
    pub scopes: Option<Vec<String>>,
    /// Who holds it.
    #[schemars(length(min = 1))]
    pub principals: Vec<Principal>,
    /// From when until when.
    pub schedule: Schedule,
    /// The reason that is sent with the request.
    #[schemars(example = &"Emergency access")]
    pub justification: Option<String>,
    /// The ticket that is sent with the request.
    pub ticket: Option<Ticket>,
    /// An Azure ABAC condition; Azure roles only. Parsed offline; white space makes no difference when it is compared.
    pub condition: Option<String>,
    /// The version of the condition's language; only `2.0` exists.
    pub condition_version: Option<ConditionVersion>,
    /// Why the access stands. Must be given; `other` needs a justification.
    pub purpose: Option<Purpose>,
}

/// Why standing access stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Purpose")]
pub enum Purpose {
    /// An emergency account.
    BreakGlass,
    /// A workload that cannot activate anything.
    ServiceIdentity,
    /// Infrastructure that must work when PIM does not.
    CriticalInfrastructure,
    /// Something else, explained in the justification.
    Other,
}

impl From<Purpose> for assignment::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::BreakGlass => Self::BreakGlass,
            Purpose::ServiceIdentity => Self::ServiceIdentity,
            Purpose::CriticalInfrastructure => Self::CriticalInfrastructure,
            Purpose::Other => Self::Other,
        }
    }
}

/// When an assignment holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Schedule")]
pub enum Schedule {
    /// Without end.
    #[schemars(title = "permanent", example = serde_json::json!({"permanent": true}))]
    Permanent {
        /// Without end.
        permanent: text::True,
    },
    /// Until an instant.
    #[schemars(
        title = "until an instant",
        example = serde_json::json!({"start": "2026-12-01T08:00:00Z", "end": "2027-06-30T00:00:00Z"})
    )]
    Window {
        /// Not before this instant. In the past, or absent, it means now.
        #[schemars(with = "Option<text::Instant>")]
        start: Option<Timestamp>,
        /// The end. In the past the entry is expired and should be removed.
        #[schemars(with = "text::Instant")]
        end: Timestamp,
    },
    /// For a length of time, renewed before it runs out.
    #[schemars(
        title = "for a length of time",
        example = serde_json::json!({"duration": "P180D", "renewBefore": "P14D"})
    )]
    Renewal {
        /// How long each grant lasts.
        #[schemars(with = "text::Duration")]
        duration: Period,
        /// How long before its end a grant is extended in place. Absent: it runs out and is then granted anew.
        #[schemars(with = "Option<text::Duration>")]
        renew_before: Option<Period>,
    },
}

impl Schedule {
    /// Returns the schedule in the core's terms.
    pub fn lower(&self) -> schedule::Schedule {
        match *self {
            Self::Permanent { .. } => schedule::Schedule::Permanent,
            Self::Window { start, end } => schedule::Schedule::Window { start, end },
            Self::Renewal { duration, renew_before } => schedule::Schedule::Renewal { duration, renew_before },
        }
    }
}

/// A ticket that justifies a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Ticket", example = serde_json::json!({"number": "CHG-1234", "system": "ServiceNow"}))]
pub struct Ticket {
    /// The ticket's number. A text: quote it when it is all digits.
    #[schemars(with = "text::Name", example = "CHG-1234")]
    pub number: String,
    /// The ticket system's name.
    #[schemars(example = &"ServiceNow")]
    pub system: Option<String>,
}

/// The version of the language of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(title = "Condition version")]
pub enum ConditionVersion {
    /// Version 2.0.
    #[serde(rename = "2.0")]
    V2,
}

/// What both kinds of assignment have in common.
#[derive(Debug, Clone, Copy)]
pub struct AssignmentView<'a> {
    /// Eligible or active.
    pub mode: assignment::Mode,
    /// `role`.
    pub role: &'a RoleReference,
    /// `scopes`, as written.
    pub scopes: Option<&'a [String]>,
    /// `principals`.
    pub principals: &'a [Principal],
    /// `schedule`.
    pub schedule: &'a Schedule,
    /// `justification`.
    pub justification: Option<&'a str>,
    /// `ticket`.
    pub ticket: Option<&'a Ticket>,
    /// `condition`.
    pub condition: Option<&'a str>,
    /// `purpose`; active assignments only.
    pub purpose: Option<Purpose>,
}

impl EligibleAssignment {
    /// Returns what both kinds have in common.
    pub fn view(&self) -> AssignmentView<'_> {
        AssignmentView {
            mode: assignment::Mode::Eligible,
            role: &self.role,
            scopes: self.scopes.as_deref(),
            principals: &self.principals,
            schedule: &self.schedule,
            justification: self.justification.as_deref(),
            ticket: self.ticket.as_ref(),
            condition: self.condition.as_deref(),
            purpose: None,
        }
    }
}

impl ActiveAssignment {
    /// Returns what both kinds have in common.
    pub fn view(&self) -> AssignmentView<'_> {
        AssignmentView {
            mode: assignment::Mode::Active,
            role: &self.role,
            scopes: self.scopes.as_deref(),
            principals: &self.principals,
            schedule: &self.schedule,
            justification: self.justification.as_deref(),
            ticket: self.ticket.as_ref(),
            condition: self.condition.as_deref(),
            purpose: self.purpose,
        }
    }
}
