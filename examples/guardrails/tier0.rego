# No eligibility without an end for roles of tier 0, the control plane: who may activate such a role is asked anew from time to time.
# What is there already and is not touched is a warning.
package rolewright.tier0

import data.rolewright.lib

eternal contains assignment if {
	some assignment in input.after.assignments
	assignment.mode == "eligible"
	assignment.permanent
	lib.role_of(assignment).tier == 0
}

deny contains {"msg": message(assignment), "address": assignment.address} if {
	some assignment in eternal
	assignment.address in lib.changed
}

warn contains {"msg": message(assignment), "address": assignment.address} if {
	some assignment in eternal
	not assignment.address in lib.changed
}

message(assignment) := sprintf(
	"%s would be eligible for %s, a role of tier 0, for ever; give it an end, or a duration with renewBefore",
	[assignment.principalName, assignment.roleName],
)
