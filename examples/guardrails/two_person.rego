# Changes below the folders of two_person.json need approvals by people other than the author.
#
# Who approved is known to the pipeline, not to the tenant: --guardrail-data gives it as {"author": …, "approvers": […], "files": […]}.
# Nothing given is nothing approved. `files`, the files that the pull request changes, catches what leaves no line behind: of a removal the
# plan knows only the ownership entry that causes it.
package rolewright.two_person

deny contains {"msg": message, "file": file} if {
	some file in {change.source.file | some change in input.plan.changes}
	guarded(file)
	missing
	message := sprintf("%s is changed: %s", [file, missing])
}

deny contains message if {
	some file in input.context.files
	guarded(file)
	missing
	message := sprintf("%s is changed: %s", [file, missing])
}

guarded(file) if {
	some folder in data.two_person.folders
	startswith(file, folder)
}

others := {approver | some approver in input.context.approvers} - {input.context.author}

missing := sprintf(
	"%d approvals by people other than the author are needed, %d are given",
	[data.two_person.approvals, count(others)],
) if {
	input.context.author
	count(others) < data.two_person.approvals
}

missing := "who wrote and who approved it is not known; give --guardrail-data" if {
	not input.context.author
}
