//! `$filter` as the types of `Microsoft.Authorization` know it: functions such as `atScope()` and `assignedTo('…')`, comparisons
//! with `eq`, joined by `and` or `or` (arm.md A.2, B.1, B.6).

use super::super::answer::Problem;
use super::refusal;

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// `name eq 'value'`.
    Is(String, String),
    /// `name()` or `name('value')`.
    Call(String, Option<String>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
}

/// How deep parentheses may nest.
const DEPTH: usize = 40;

struct Reader<'a> {
    all: &'a str,
    rest: &'a str,
    depth: usize,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// 400 `BadRequest` for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut reader = Reader { all: text, rest: text, depth: 0 };
        let filter = reader.any()?;
        if reader.rest.trim().is_empty() { Ok(filter) } else { Err(refusal::bad_filter(text)) }
    }

    /// Returns the terms that must all hold; nothing for a filter with `or` on top.
    ///
    /// # Errors
    /// 400 `BadRequest` for an `or` anywhere.
    pub(crate) fn terms(text: &str) -> Result<Vec<Self>, Problem> {
        fn flat(filter: Filter, into: &mut Vec<Filter>) -> bool {
            match filter {
                Filter::Or(_) => false,
                Filter::And(parts) => parts.into_iter().all(|part| flat(part, into)),
                term => {
                    into.push(term);
                    true
                }
            }
        }
        let mut terms = Vec::new();
        if flat(Self::parse(text)?, &mut terms) { Ok(terms) } else { Err(refusal::bad_filter(text)) }
    }
}

impl Reader<'_> {
    fn bad(&self) -> Problem {
        refusal::bad_filter(self.all)
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let is_here = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(|next: char| next.is_alphanumeric());
        if is_here {
            self.rest = &rest[word.len()..];
        }
        is_here
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn any(&mut self) -> Result<Filter, Problem> {
        let mut parts = vec![self.all_of()?];
        while self.word("or") {
            parts.push(self.all_of()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    fn all_of(&mut self) -> Result<Filter, Problem> {
        let mut parts = vec![self.term()?];
        while self.word("and") {
            parts.push(self.term()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
    }

    fn term(&mut self) -> Result<Filter, Problem> {
        if self.symbol('(') {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(self.bad());
            }
            let inner = self.any()?;
            self.depth -= 1;
            return if self.symbol(')') { Ok(inner) } else { Err(self.bad()) };
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '/' || letter == '.'));
        let end = end.unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.rest = &rest[end..];
        if name.is_empty() {
            return Err(self.bad());
        }
        if self.symbol('(') {
            let value = if self.rest.trim_start().starts_with('\'') { Some(self.text()?) } else { None };
            return if self.symbol(')') { Ok(Filter::Call(name, value)) } else { Err(self.bad()) };
        }
        if self.word("eq") { Ok(Filter::Is(name, self.text()?)) } else { Err(self.bad()) }
    }

    /// Reads a quoted text; a doubled quote is one.
    fn text(&mut self) -> Result<String, Problem> {
        if !self.symbol('\'') {
            return Err(self.bad());
        }
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                text.push(letter);
            } else if self.rest[at + 1..].starts_with('\'') {
                text.push('\'');
                letters.next();
            } else {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
        }
        Err(self.bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read() {
        let is = |name: &str, value: &str| Filter::Is(name.to_owned(), value.to_owned());
        let call = |name: &str, value: Option<&str>| Filter::Call(name.to_owned(), value.map(str::to_owned));
        assert_eq!(
            Filter::terms("(principalId eq 'a') and atScope()").unwrap(),
            [is("principalId", "a"), call("atScope", None)]
        );
        assert_eq!(Filter::terms("assignedTo('x')").unwrap(), [call("assignedTo", Some("x"))]);
        assert_eq!(Filter::parse("roleName eq 'it''s'").unwrap(), is("roleName", "it's"));
        assert_eq!(Filter::parse("a eq 'b' or a eq 'c'").unwrap(), Filter::Or(vec![is("a", "b"), is("a", "c")]));
        for bad in ["", "atScope", "a ne 'b'", "a eq b", "a eq 'b", "atScope() and", "atScope() x", "(atScope()"] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
        assert!(Filter::terms("a eq 'b' or a eq 'c'").is_err());
        assert!(Filter::parse(&("(".repeat(50_000) + "a()" + &")".repeat(50_000))).is_err());
    }
}
