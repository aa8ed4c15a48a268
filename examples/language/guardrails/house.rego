# The rules of the house. A rule named `deny` refuses the plan, one named `warn` shows a warning; docs/guardrails.md says what
# `input` holds.
package language.house

deny contains {"msg": message, "address": change.address} if {
	some change in input.plan.changes
	change.risk == "critical"
	change.subject.kind == "assignment"
	not change.subject.ticket
	message := "a change of critical risk needs a ticket"
}
