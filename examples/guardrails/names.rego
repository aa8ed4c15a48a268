# Names follow the patterns of names.json: of custom roles that are made or changed, and of groups that get a role or a place in another
# group.
package rolewright.names

import data.rolewright.lib

deny contains {"msg": message, "address": change.address} if {
	some change in input.plan.changes
	change.subject.kind == "role"
	name := change.subject.after.displayName
	not regex.match(data.names.customRole, name)
	message := sprintf("the custom role `%s` should be named like %s", [name, data.names.customRole])
}

deny contains {"msg": message, "address": assignment.address} if {
	some assignment in input.after.assignments
	assignment.address in lib.changed
	assignment.principalType == "group"
	name := trim_prefix(assignment.principalName, "group:")
	not regex.match(data.names.group, name)
	message := sprintf("the group `%s` should be named like %s before it gets access", [name, data.names.group])
}
