//! `$filter` of the PIM collections: function calls and equations that must all hold (arm.md B.6). Anything else is a 400 that says so.

use super::super::answer::Problem;
use super::filter::Filter as Term;
use super::refusal;

/// A filter, all of whose parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// `atScope()`: rows at or above the scope.
    pub(super) at_scope: bool,
    /// `atScopeAndBelow()`.
    pub(super) at_scope_and_below: bool,
    /// `asTarget()`: the caller's own, through groups too.
    pub(super) as_target: bool,
    /// `asRequestor()`.
    pub(super) as_requestor: bool,
    /// `asApprover()`.
    pub(super) as_approver: bool,
    /// `assignedTo('…')`: that principal, through groups too.
    pub(super) assigned_to: Option<String>,
    /// Equations, e.g. `principalId eq '…'`.
    pub(super) equal: Vec<(String, String)>,
}

impl Filter {
    /// Reads a filter; `fields` are the properties that may be compared.
    ///
    /// # Errors
    /// 400 `BadRequest` for what is not documented.
    pub(super) fn parse(text: &str, fields: &[&str]) -> Result<Self, Problem> {
        let mut filter = Self::default();
        for term in Term::terms(text)? {
            filter.take(term, fields).ok_or_else(|| refusal::bad_filter(text))?;
        }
        Ok(filter)
    }

    fn take(&mut self, term: Term, fields: &[&str]) -> Option<()> {
        match term {
            Term::Is(name, value) => {
                let field = fields.iter().find(|field| field.eq_ignore_ascii_case(&name))?;
                self.equal.push(((*field).to_owned(), value));
            }
            Term::Call(name, Some(id)) if name.eq_ignore_ascii_case("assignedTo") => self.assigned_to = Some(id),
            Term::Call(name, None) => {
                let flag = match name.to_ascii_lowercase().as_str() {
                    "atscope" => &mut self.at_scope,
                    "atscopeandbelow" => &mut self.at_scope_and_below,
                    "astarget" => &mut self.as_target,
                    "asrequestor" => &mut self.as_requestor,
                    "asapprover" => &mut self.as_approver,
                    _ => return None,
                };
                *flag = true;
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_conjunctions() {
        let fields = ["principalId", "roleDefinitionId"];
        let filter = Filter::parse("(principalId eq 'a') and atScope()", &fields).unwrap();
        assert!(filter.at_scope && filter.equal == [("principalId".to_owned(), "a".to_owned())]);
        assert_eq!(Filter::parse("assignedTo('x')", &fields).unwrap().assigned_to.as_deref(), Some("x"));
        for bad in
            ["atScope() or asTarget()", "status eq 'x'", "principalId ne 'a'", "atScope(", "x()", "asTarget('x')"]
        {
            assert!(Filter::parse(bad, &fields).is_err(), "{bad}");
        }
    }
}
