//! Which api-versions each type knows (arm.md 0.3).

use super::super::answer::Problem;

/// Types of `Microsoft.Authorization` as they are spelled, and their versions, newest last.
const TYPES: &[(&str, &[&str])] = &[
    ("roleDefinitions", &["2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview"]),
    (
        "roleAssignments",
        &[
            "2015-07-01",
            "2018-01-01-preview",
            "2018-09-01-preview",
            "2020-03-01-preview",
            "2020-04-01-preview",
            "2020-08-01-preview",
            "2020-10-01-preview",
            "2022-04-01",
        ],
    ),
    ("roleEligibilitySchedules", PIM),
    ("roleEligibilityScheduleInstances", PIM),
    ("roleEligibilityScheduleRequests", PIM_REQUESTS),
    ("roleAssignmentSchedules", PIM),
    ("roleAssignmentScheduleInstances", PIM),
    ("roleAssignmentScheduleRequests", PIM_REQUESTS),
    ("eligibleChildResources", PIM),
    ("roleManagementPolicies", POLICIES),
    ("roleManagementPolicyAssignments", POLICIES),
    ("roleAssignmentApprovals", &["2021-01-01-preview"]),
    ("roleManagementAlerts", &["2022-08-01-preview"]),
    ("roleManagementAlertDefinitions", &["2022-08-01-preview"]),
    ("roleManagementAlertConfigurations", &["2022-08-01-preview"]),
    ("roleManagementAlertOperations", &["2022-08-01-preview"]),
    ("denyAssignments", &["2018-07-01-preview", "2022-04-01", "2024-07-01-preview"]),
    ("permissions", &["2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview"]),
    ("providerOperations", &["2015-07-01", "2018-01-01-preview", "2022-04-01"]),
    ("classicAdministrators", &["2015-07-01"]),
    ("elevateAccess", &["2015-07-01", "2016-07-01"]),
];
const PIM: &[&str] = &["2020-10-01-preview", "2020-10-01", "2024-09-01-preview"];
const PIM_REQUESTS: &[&str] = &["2020-10-01-preview", "2020-10-01", "2022-04-01-preview", "2024-09-01-preview"];
const POLICIES: &[&str] = &["2020-10-01-preview", "2020-10-01", "2024-02-01-preview", "2024-09-01-preview"];

/// Returns a type as it is spelled, whatever the case of `name`. The live service answers to the singular
/// `roleManagementPolicyAssignment` too, since ids carry it (arm.md C.2).
pub(super) fn spelled(name: &str) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("roleManagementPolicyAssignment") {
        return Some("roleManagementPolicyAssignments");
    }
    TYPES.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the versions of a type of `Microsoft.Authorization`, newest last.
pub(super) fn known(kind: &str) -> Option<&'static [&'static str]> {
    TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, versions)| *versions)
}

/// Returns 400 `InvalidResourceType` unless the type of `Microsoft.Authorization` knows the version.
pub(super) fn check(kind: &str, version: &str) -> Result<(), Problem> {
    let known = known(kind).unwrap_or_default();
    if known.iter().any(|one| one.eq_ignore_ascii_case(version)) {
        return Ok(());
    }
    Err(Problem::new(
        400,
        "InvalidResourceType",
        format!(
            "The resource type '{kind}' could not be found in the namespace 'Microsoft.Authorization' for api version \
             '{version}'. The supported api-versions are '{}'.",
            known.join(",")
        ),
    ))
}

/// Returns 400 unless the version has the form of one, for types whose versions the sandbox does not list.
pub(super) fn check_form(version: &str) -> Result<(), Problem> {
    let date = version.strip_suffix("-preview").unwrap_or(version);
    if date.parse::<jiff::civil::Date>().is_ok() && date.len() == 10 {
        return Ok(());
    }
    Err(Problem::new(400, "InvalidApiVersionParameter", format!("The api-version '{version}' is invalid.")))
}

/// Tells whether ARM hands the type to PIM, whose answers carry `mspimslice` (arm.md 0.1).
pub(super) fn is_pim(kind: &str) -> bool {
    kind.contains("Schedule")
        || kind.contains("roleManagement")
        || kind == "eligibleChildResources"
        || kind.contains("Approval")
}
