# Separation of duties: nobody holds, or may activate, both roles of a pair of separation.json, be it through groups. Who decides what
# holds for accounts should not be who works on them.
package rolewright.separation

import data.rolewright.lib

both contains {"principal": holder.principalName, "pair": pair} if {
	some pair in data.separation.pairs
	some holder in input.after.holders
	holder.principalType != "group"
	holder.roleName == pair[0]
	pair[1] in held[holder.principal]
}

held[principal] contains holder.roleName if {
	some holder in input.after.holders
	principal := holder.principal
}

deny contains message(found) if {
	some found in both
	gives(found.pair)
}

warn contains message(found) if {
	some found in both
	not gives(found.pair)
}

# Whether the plan gives one of the two roles to anybody, or a place in a group, which may lead to one.
gives(pair) if {
	some assignment in input.after.assignments
	assignment.address in lib.changed
	assignment.surface == "directory"
	assignment.roleName in pair
}

gives(_) if {
	some assignment in input.after.assignments
	assignment.address in lib.changed
	assignment.surface == "group"
}

message(found) := sprintf("%s would have both %s and %s", [found.principal, found.pair[0], found.pair[1]])
