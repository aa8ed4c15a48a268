# Contoso's own rules: `deny` refuses the plan. See docs/guardrails.md for what `input` holds, examples/guardrails for more.
package contoso.house

tier[id] := role.tier if {
	some role in input.roles
	role.surface == "directory"
	id := role.id
}

# Who may become an administrator of tier 0 is asked anew from time to time.
deny contains {"msg": message, "address": assignment.address} if {
	some assignment in input.after.assignments
	assignment.surface == "directory"
	assignment.mode == "eligible"
	assignment.permanent
	tier[assignment.role] == 0
	assignment.address in {change.address | some change in input.plan.changes}
	message := sprintf("%s would be eligible for %s for ever", [assignment.principalName, assignment.roleName])
}

# Somebody approves before anybody becomes a Global Administrator.
deny contains {"msg": "Global Administrator would be activated without approval", "address": settings.address} if {
	some settings in input.after.settings
	settings.roleName == "Global Administrator"
	not settings.settings.approval.isRequired
}
