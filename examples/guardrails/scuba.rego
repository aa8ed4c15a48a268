# CISA's Secure Cloud Business Applications baseline for Microsoft Entra ID, section 7, Highly Privileged User Access:
# MS.AAD.7.1v1 to MS.AAD.7.9v1 (in newer editions MS.ME-ID.7.1v1 to MS.ME-ID.7.9v1).
# https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md#7-highly-privileged-user-access
#
# A rule refuses when the plan gives or changes something of the role, an assignment or its settings. A plan that only takes away makes
# nothing worse, but for the number of Global Administrators, of whom there can be too few. What is there already is a warning, and so
# is what the baseline says SHOULD be (7.9).
package rolewright.scuba

import data.rolewright.lib

global_administrator := "62e90394-69f5-4237-9190-012177145e10"

# The roles that the baseline calls highly privileged, by the ids of their templates.
highly_privileged := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
	"fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
	"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
	"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
	"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
}

deny contains finding.message if {
	some finding in findings
	not finding.advice
	by_the_plan(finding)
}

warn contains finding.message if {
	some finding in findings
	not by_the_plan(finding)
}

warn contains finding.message if {
	some finding in findings
	finding.advice
}

by_the_plan(finding) if finding.role in lib.touched

by_the_plan(finding) if {
	finding.shortage
	finding.role in lib.taken
}

# Users who hold, or may activate, a role, be it through groups.
users(role) := {holder.principal |
	some holder in input.after.holders
	holder.principalType == "user"
	holder.role == role
}

administrators := users(global_administrator)

findings contains object.union(found(global_administrator, text), {"shortage": true}) if {
	count(administrators) < 2
	text := sprintf("MS.AAD.7.1: %d user(s) would have Global Administrator; at least two should", [count(administrators)])
}

findings contains found(global_administrator, text) if {
	count(administrators) > 8
	text := sprintf("MS.AAD.7.1: %d users would have Global Administrator; at most eight should", [count(administrators)])
}

# A user who has both counts as a Global Administrator.
others := {user |
	some role, _ in highly_privileged
	some user in users(role)
} - administrators

findings contains found(global_administrator, text) if {
	count(administrators) > count(others)
	text := sprintf(
		"MS.AAD.7.2: %d users would have Global Administrator and %d other highly privileged roles; finer roles should be the rule",
		[count(administrators), count(others)],
	)
}

people[principal.id] := principal if some principal in input.principals

findings contains found(role, text) if {
	some role, name in highly_privileged
	some user in users(role)
	people[user].isSynchronized
	text := sprintf("MS.AAD.7.3: %s would have %s and comes from an on-premises directory", [people[user].name, name])
}

findings contains found_at(assignment.role, text, assignment.address) if {
	some assignment in input.after.assignments
	assignment.surface == "directory"
	assignment.mode == "active"
	assignment.permanent
	name := highly_privileged[assignment.role]
	assignment.principalType != "servicePrincipal"
	not excepted(assignment)
	text := sprintf("MS.AAD.7.4: %s would hold %s permanently", [assignment.principalName, name])
}

# Emergency accounts, accounts that scuba.json names, and groups all of whose members and owners PIM for Groups activates, or ends.
excepted(assignment) if {
	some account in input.plan.basis.tenant.breakGlass
	account.value == assignment.principal
}

excepted(assignment) if assignment.principalName in data.scuba.exceptions

excepted(assignment) if {
	some settings in input.after.settings
	settings.surface == "group"
	settings.group == assignment.principal
	not stands_in(assignment.principal)
}

# Whether somebody is in a group, or owns it, for ever and without activation: then its role is held so too.
stands_in(group) if {
	some assignment in input.after.assignments
	assignment.surface == "group"
	assignment.group == group
	assignment.mode == "active"
	assignment.permanent
}

findings contains found_at(assignment.role, text, assignment.address) if {
	some assignment in input.after.assignments
	assignment.surface == "directory"
	assignment.outsidePim
	name := highly_privileged[assignment.role]
	text := sprintf("MS.AAD.7.5: %s holds %s outside PIM", [assignment.principalName, name])
}

settings_of[settings.role] := settings if {
	some settings in input.after.settings
	settings.surface == "directory"
}

findings contains found_at(global_administrator, text, settings.address) if {
	settings := settings_of[global_administrator]
	not settings.settings.approval.isRequired
	text := "MS.AAD.7.6: Global Administrator would be activated without approval"
}

findings contains found_at(role, text, settings.address) if {
	some role, name in highly_privileged
	settings := settings_of[role]
	some event, what in {"eligibleAssignment": "eligible", "activeAssignment": "active"}
	count(settings.settings[event].notifications.admin.recipients) == 0
	text := sprintf("MS.AAD.7.7: nobody but the default recipients is told of a new %s assignment of %s", [what, name])
}

findings contains found_at(global_administrator, text, settings.address) if {
	settings := settings_of[global_administrator]
	count(settings.settings.activation.notifications.admin.recipients) == 0
	text := "MS.AAD.7.8: nobody but the default recipients is told of activations of Global Administrator"
}

findings contains object.union(found_at(role, text, settings.address), {"advice": true}) if {
	some role, name in highly_privileged
	role != global_administrator
	settings := settings_of[role]
	count(settings.settings.activation.notifications.admin.recipients) == 0
	text := sprintf("MS.AAD.7.9: nobody but the default recipients is told of activations of %s", [name])
}

found(role, text) := {"role": role, "advice": false, "shortage": false, "message": {"msg": text}}

found_at(role, text, address) := object.union(found(role, text), {"message": {"msg": text, "address": address}})
