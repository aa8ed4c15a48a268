//! Assignments: one manifest times its scopes times its principals.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::core::assignment::{AssignmentKey, DeclaredAssignment, Ticket};
use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::schedule::Schedule;
use crate::core::target::Target;
use crate::manifest::code;
use crate::manifest::document::Document;
use crate::manifest::kind::Kind;
use crate::manifest::kind::assignment::AssignmentView;
use crate::manifest::kind::role::RoleReference;
use crate::manifest::kind::scope::TENANT_SCOPE;
use crate::manifest::lower::{Run, repeated};

type Assignments = BTreeMap<AssignmentKey, Declared<DeclaredAssignment>>;

impl Run<'_> {
    /// Returns every declared assignment.
    pub(super) fn assignments(&mut self, now: Timestamp) -> Assignments {
        let mut out = BTreeMap::new();
        for kind in [Kind::EligibleAssignment, Kind::ActiveAssignment] {
            for (document, spec) in self.specs(kind) {
                if let Some(view) = spec.assignment() {
                    self.assignment(document, view, now, &mut out);
                }
            }
        }
        out
    }

    fn assignment(&mut self, document: &Document, view: AssignmentView<'_>, now: Timestamp, out: &mut Assignments) {
        let schedule = view.schedule.lower();
        if let Schedule::Window { end, .. } = schedule
            && end <= now
        {
            let at = document.at("/spec/schedule/end");
            self.diagnostics.push(
                Diagnostic::warning(code::EXPIRED, Some(at), format!("the assignment ended at {end}"))
                    .note("expired")
                    .help("remove this entry"),
            );
        }
        if view.condition.is_some() && !view.role.surface().capability().has_conditions {
            // leaving it out would grant more than is written
            let at = document.key_at("/spec/condition");
            self.error(code::WRONG_CONDITION, at, "only assignments of Azure roles can have a condition");
        }
        for (target, scope) in self.targets(document, &view) {
            for (at, principal) in view.principals.iter().enumerate() {
                let Some(id) = self.principal(&principal.reference()) else { continue };
                let declared = DeclaredAssignment {
                    principal_type: principal.kind(),
                    schedule,
                    condition: view.condition.map(str::to_owned),
                    justification: view.justification.map(str::to_owned),
                    ticket: view
                        .ticket
                        .map(|ticket| Ticket { number: ticket.number.clone(), system: ticket.system.clone() }),
                    purpose: view.purpose.map(Into::into),
                };
                let key = AssignmentKey { target: target.clone(), principal: id, mode: view.mode };
                let here = document.at(&format!("/spec/principals/{at}"));
                match out.get(&key) {
                    None => {
                        out.insert(key, Declared::new(declared, here));
                    }
                    Some(first) => {
                        let role = view.role.name();
                        let scope = scope.map(|scope| format!(" at `{scope}`")).unwrap_or_default();
                        let what = format!(
                            "the {} assignment of `{role}`{scope} to the {}",
                            view.mode.as_str(),
                            principal.reference()
                        );
                        let complaint = repeated(&what, &first.at, &here, first.value == declared);
                        self.diagnostics.push(complaint);
                    }
                }
            }
        }
    }

    /// Returns the role at every scope, with the scope as written.
    fn targets<'v>(&mut self, document: &Document, view: &AssignmentView<'v>) -> Vec<(Target, Option<&'v str>)> {
        let at = |index: usize| document.at(&format!("/spec/scopes/{index}"));
        let mut targets = Vec::new();
        let id = view.role.reference();
        match view.role {
            RoleReference::Directory { .. } => {
                let written: Vec<&str> = match view.scopes {
                    None => vec![TENANT_SCOPE],
                    Some(scopes) => scopes.iter().map(String::as_str).collect(),
                };
                for (index, written) in written.into_iter().enumerate() {
                    let scope = self.directory_place(written, &at(index));
                    if let (Some(scope), Some(role)) = (scope, self.role(&id)) {
                        targets.push((Target::Directory { role, scope }, Some(written)));
                    }
                }
            }
            RoleReference::Azure { .. } => {
                let Some(scopes) = view.scopes else {
                    let message = "an assignment of an Azure role needs `scopes`";
                    self.error(code::MISSING_SCOPES, document.key_at("/spec"), message);
                    return targets;
                };
                for (index, written) in scopes.iter().enumerate() {
                    let scope = self.azure_place(written, &at(index));
                    if let (Some(scope), Some(role)) = (scope, self.role(&id)) {
                        targets.push((Target::Azure { role, scope }, Some(written.as_str())));
                    }
                }
            }
            RoleReference::Group { access, .. } => {
                if view.scopes.is_some() {
                    let message = "an assignment to a group has no `scopes`: the group is the scope";
                    self.error(code::WRONG_SCOPE, document.key_at("/spec/scopes"), message);
                }
                if let Some(group) = self.group(&id) {
                    targets.push((Target::Group { group, access: (*access).into() }, None));
                }
            }
        }
        targets
    }
}
