# Roles that Microsoft marks as privileged are activated with approval only. Asked of a role as soon as the plan changes its settings or
# makes somebody eligible for it.
package rolewright.approval

import data.rolewright.lib

deny contains {"msg": message, "address": settings.address} if {
	some settings in input.after.settings
	settings.surface == "directory"
	lib.role_of(settings).isPrivileged
	not settings.settings.approval.isRequired
	settings.address in lib.changed
	message := sprintf("%s is a privileged role, and its activation needs no approval", [settings.roleName])
}

deny contains {"msg": message, "address": assignment.address} if {
	some assignment in input.after.assignments
	assignment.surface == "directory"
	assignment.mode == "eligible"
	assignment.address in lib.changed
	lib.role_of(assignment).isPrivileged
	open_roles[assignment.role]
	message := sprintf(
		"%s would be able to activate %s, a privileged role, without approval",
		[assignment.principalName, assignment.roleName],
	)
}

open_roles[settings.role] if {
	some settings in input.after.settings
	settings.surface == "directory"
	not settings.settings.approval.isRequired
}
