//! `$filter` of the PIM collections: function calls and equations joined by `and` (arm.md B.6). Anything else is a 400 that says so.

use super::super::answer::Problem;

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

fn invalid(text: &str) -> Problem {
    Problem::new(400, "InvalidFilter", format!("The filter '{text}' is not supported here."))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
}

fn lex(text: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&letter) = rest.peek() {
        match letter {
            c if c.is_whitespace() => {
                rest.next();
            }
            '(' | ')' => {
                rest.next();
                tokens.push(if letter == '(' { Token::Open } else { Token::Close });
            }
            '\'' => {
                rest.next();
                let mut literal = String::new();
                loop {
                    match rest.next() {
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => literal.push(other),
                        None => return Err(invalid(text)),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            c if c.is_ascii_alphanumeric() => {
                let mut word = String::new();
                while let Some(&c) = rest.peek().filter(|c| c.is_ascii_alphanumeric()) {
                    word.push(c);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
            _ => return Err(invalid(text)),
        }
    }
    Ok(tokens)
}

impl Filter {
    /// Reads a filter; `fields` are the properties that may be compared.
    pub(super) fn parse(text: &str, fields: &[&str]) -> Result<Self, Problem> {
        let tokens = lex(text)?;
        let mut filter = Self::default();
        let mut at = 0;
        filter.all(&tokens, &mut at, fields, 0).ok_or_else(|| invalid(text))?;
        if at == tokens.len() { Ok(filter) } else { Err(invalid(text)) }
    }

    /// Reads parts joined by `and`; parentheses around them mean nothing.
    fn all(&mut self, tokens: &[Token], at: &mut usize, fields: &[&str], depth: usize) -> Option<()> {
        loop {
            if tokens.get(*at) == Some(&Token::Open) && depth < 20 {
                *at += 1;
                self.all(tokens, at, fields, depth + 1)?;
                (tokens.get(*at) == Some(&Token::Close)).then_some(())?;
                *at += 1;
            } else {
                self.one(tokens, at, fields)?;
            }
            match tokens.get(*at) {
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => *at += 1,
                _ => return Some(()),
            }
        }
    }

    fn one(&mut self, tokens: &[Token], at: &mut usize, fields: &[&str]) -> Option<()> {
        match tokens.get(*at..)? {
            [Token::Word(name), Token::Open, Token::Close, ..] => {
                let flag = match name.to_ascii_lowercase().as_str() {
                    "atscope" => &mut self.at_scope,
                    "atscopeandbelow" => &mut self.at_scope_and_below,
                    "astarget" => &mut self.as_target,
                    "asrequestor" => &mut self.as_requestor,
                    "asapprover" => &mut self.as_approver,
                    _ => return None,
                };
                *flag = true;
                *at += 3;
            }
            [Token::Word(name), Token::Open, Token::Text(id), Token::Close, ..]
                if name.eq_ignore_ascii_case("assignedTo") =>
            {
                self.assigned_to = Some(id.clone());
                *at += 4;
            }
            [Token::Word(name), Token::Word(eq), Token::Text(value), ..] if eq.eq_ignore_ascii_case("eq") => {
                let field = fields.iter().find(|field| field.eq_ignore_ascii_case(name))?;
                self.equal.push(((*field).to_owned(), value.clone()));
                *at += 3;
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
        let role = "PRINCIPALID eq 'a' and roleDefinitionId eq '/providers/x''y'";
        assert_eq!(Filter::parse(role, &fields).unwrap().equal[1].1, "/providers/x'y");
        for bad in
            ["", "atScope() or asTarget()", "status eq 'x'", "principalId ne 'a'", "atScope(", "(asTarget()", "x()"]
        {
            assert!(Filter::parse(bad, &fields).is_err(), "{bad}");
        }
    }
}
