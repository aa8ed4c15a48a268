//! What somebody has through a group shows as a row of its own in some answers: it is the group's, and never removed.

use crate::group_words::{active, eligible};
use crate::stage::{Stage, tenant};
use crate::words;

const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ROLE: &str = "Helpdesk Administrator";

#[test]
fn rows_through_a_group_are_left_alone_where_everything_is_owned() {
    let stage = Stage::with(|options| options.switches.lists_group_rows = true);
    let mallory = stage.user("mallory");
    let (inner, ops) = (stage.group("team", false), stage.group("sg-ops", false));
    let lead = stage.group("sg-lead", true);
    stage.link((&inner, "member"), &mallory);
    stage.link((&lead, "member"), &mallory);
    let own = "  ownership:\n    - {directoryRoles: [Global Administrator], assignments: additive}\n    \
               - {directoryRoles: ['*'], assignments: authoritative}\n    \
               - {groups: [sg-ops], assignments: authoritative}\n  limits: {maxRemovalPercent: 100}\n";
    stage.write("tenant.yaml", &tenant(own));
    let manifests = [
        active("a", "sg-ops:member", "[{group: team}]", END),
        eligible("b", "sg-ops:member", "[{group: sg-lead}]", END),
        words::active("c", "Reports Reader", "[{group: sg-lead}]", END),
        words::eligible("d", ROLE, "[{group: sg-lead}]", END),
    ];
    stage.write("a.yaml", &manifests.concat());
    stage.apply();
    stage.advance(1);
    let is_through = |row: &serde_json::Value| row["principalId"] == mallory.as_str() && row["memberType"] == "Group";
    for rows in [
        stage.rows_of_group(&ops, "assignmentSchedules"),
        stage.rows_of_group(&ops, "eligibilitySchedules"),
        stage.rows("roleAssignmentSchedules"),
        stage.rows("roleAssignmentScheduleInstances"),
        stage.rows("roleEligibilitySchedules"),
    ] {
        assert!(rows.iter().any(is_through), "{rows:?}");
    }
    stage.assert_converged();
    assert!(!stage.unmanaged().iter().any(|line| line.contains("mallory")), "nor is it anybody's own");
    // a row of mallory's own beside them is seen
    stage.in_group("active", "adminAssign", (&ops, "member"), &mallory, words::until("2026-07-01T00:00:00Z"));
    stage.advance(1);
    assert_eq!(stage.changes(), ["remove group/active/sg-ops:member/user:mallory@contoso.example"]);
    stage.apply();
    assert_eq!(stage.linked((&ops, "member")), [inner]);
}
