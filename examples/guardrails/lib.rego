# What the policies of this folder share. It has no `deny` and no `warn` of its own.
package rolewright.lib

# Roles by surface and id. Looking a role up by its key is quick however many there are.
roles[key] := role if {
	some role in input.roles
	key := concat("/", [role.surface, role.id])
}

# The role of an assignment, of a holder or of settings; undefined for groups.
role_of(thing) := roles[concat("/", [thing.surface, thing.role])]

# The addresses that the plan gives or changes. What it only takes away breaks no rule.
changed contains change.address if {
	some change in input.plan.changes
	change.direction != "narrows"
}

# The ids of the directory roles that the plan touches, by an assignment or by their settings, other than to take away.
touched contains role_of_change(change) if {
	some change in input.plan.changes
	change.direction != "narrows"
}

# The ids of the directory roles that somebody loses.
taken contains role_of_change(change) if {
	some change in input.plan.changes
	change.direction == "narrows"
	change.subject.kind == "assignment"
}

role_of_change(change) := change.subject.key.target.role if {
	change.surface == "directory"
	change.subject.kind == "assignment"
}

role_of_change(change) := change.subject.target.role if {
	change.surface == "directory"
	change.subject.kind == "settings"
}
