//! `$filter`: a lexer, a descent parser with a depth limit, and its evaluation on a JSON row.

use serde_json::Value;

use super::super::answer::Problem;

/// How deep parentheses and `not` may nest.
const DEPTH: usize = 40;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Term, Op, Value),
    In(Term, Vec<Value>),
    /// `startsWith`, `endsWith` or `contains`.
    Text(Search, Term, String),
    /// `path/any(x:x eq 'literal')` over a list of plain values.
    Any(String, Value),
}

/// The left side: a property path, possibly under `tolower`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) path: String,
    pub(crate) is_lower: bool,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A text function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

fn lex(text: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&letter) = rest.peek() {
        match letter {
            c if c.is_whitespace() => {
                rest.next();
            }
            '(' | ')' | ',' | ':' if !matches!(tokens.last(), Some(Token::Word(w)) if letter == ':' && is_instant_part(w)) =>
            {
                rest.next();
                tokens.push(match letter {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ',' => Token::Comma,
                    _ => Token::Colon,
                });
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
            _ => {
                let mut word = String::new();
                while let Some(&c) = rest.peek() {
                    if c.is_whitespace() || matches!(c, '(' | ')' | ',' | '\'') || (c == ':' && !is_instant_part(&word))
                    {
                        break;
                    }
                    word.push(c);
                    rest.next();
                }
                if word.is_empty() {
                    return Err(invalid(text));
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// Tells whether a colon after `word` belongs to an instant (`2026-11-21T10`) and not to a lambda.
fn is_instant_part(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('T')
}

fn invalid(text: &str) -> Problem {
    Problem::new(400, "BadRequest", format!("Invalid filter clause: {text}"))
}

/// Parses a filter.
pub(crate) fn parse(text: &str) -> Result<Expr, Problem> {
    let mut parser = Parser { tokens: lex(text)?, at: 0, depth: 0, text };
    let expr = parser.or()?;
    if parser.at == parser.tokens.len() { Ok(expr) } else { Err(invalid(text)) }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    text: &'a str,
}

impl Parser<'_> {
    fn fail<T>(&self) -> Result<T, Problem> {
        Err(invalid(self.text))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn eat(&mut self, token: &Token) -> Result<(), Problem> {
        if self.tokens.get(self.at) != Some(token) {
            return self.fail();
        }
        self.at += 1;
        Ok(())
    }

    fn or(&mut self) -> Result<Expr, Problem> {
        let mut left = self.and()?;
        while self.is_word("or") {
            self.at += 1;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Problem> {
        let mut left = self.unary()?;
        while self.is_word("and") {
            self.at += 1;
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Problem> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Problem::query(format!("The filter nests deeper than {DEPTH} levels.")));
        }
        let expr = if self.is_word("not") {
            self.at += 1;
            Expr::Not(Box::new(self.unary()?))
        } else if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let inner = self.or()?;
            self.eat(&Token::Close)?;
            inner
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Problem> {
        let Some(Token::Word(word)) = self.tokens.get(self.at).cloned() else { return self.fail() };
        self.at += 1;
        let search = match word.to_ascii_lowercase().as_str() {
            "startswith" => Some(Search::StartsWith),
            "endswith" => Some(Search::EndsWith),
            "contains" => Some(Search::Contains),
            _ => None,
        };
        if let Some(search) = search {
            self.eat(&Token::Open)?;
            let term = self.term()?;
            self.eat(&Token::Comma)?;
            let Some(Token::Text(part)) = self.tokens.get(self.at).cloned() else { return self.fail() };
            self.at += 1;
            self.eat(&Token::Close)?;
            return Ok(Expr::Text(search, term, part));
        }
        if let Some(path) = word.strip_suffix("/any") {
            return self.any(path.to_owned());
        }
        self.at -= 1;
        let term = self.term()?;
        let Some(Token::Word(op)) = self.tokens.get(self.at).cloned() else { return self.fail() };
        self.at += 1;
        if op.eq_ignore_ascii_case("in") {
            self.eat(&Token::Open)?;
            let mut values = vec![self.literal()?];
            while self.tokens.get(self.at) == Some(&Token::Comma) {
                self.at += 1;
                values.push(self.literal()?);
            }
            self.eat(&Token::Close)?;
            return Ok(Expr::In(term, values));
        }
        let op = match op.to_ascii_lowercase().as_str() {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return self.fail(),
        };
        Ok(Expr::Compare(term, op, self.literal()?))
    }

    /// Reads `(x:x eq 'literal')`.
    fn any(&mut self, path: String) -> Result<Expr, Problem> {
        self.eat(&Token::Open)?;
        let Some(Token::Word(variable)) = self.tokens.get(self.at).cloned() else { return self.fail() };
        self.at += 1;
        self.eat(&Token::Colon)?;
        self.eat(&Token::Word(variable))?;
        if !self.is_word("eq") {
            return self.fail();
        }
        self.at += 1;
        let literal = self.literal()?;
        self.eat(&Token::Close)?;
        Ok(Expr::Any(path, literal))
    }

    fn term(&mut self) -> Result<Term, Problem> {
        let Some(Token::Word(word)) = self.tokens.get(self.at).cloned() else { return self.fail() };
        self.at += 1;
        if word.eq_ignore_ascii_case("tolower") {
            self.eat(&Token::Open)?;
            let inner = self.term()?;
            self.eat(&Token::Close)?;
            return if inner.is_lower { self.fail() } else { Ok(Term { is_lower: true, ..inner }) };
        }
        let is_path = word.split('/').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        if is_path { Ok(Term { path: word, is_lower: false }) } else { self.fail() }
    }

    fn literal(&mut self) -> Result<Value, Problem> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                _ if word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<jiff::Timestamp>().is_ok() => {
                    Ok(Value::String(word))
                }
                _ => match word.parse::<i64>() {
                    Ok(number) => Ok(Value::from(number)),
                    Err(_) => self.fail(),
                },
            },
            _ => self.fail(),
        }
    }
}

/// One use of a property in a filter, for the endpoint's table to allow or refuse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Use {
    pub(crate) path: String,
    /// `eq`, `ne`, `in`, `startsWith`, …
    pub(crate) op: &'static str,
    pub(crate) is_null: bool,
}

impl Expr {
    /// Returns every use of a property.
    pub(crate) fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        self.collect(&mut uses);
        uses
    }

    fn collect(&self, uses: &mut Vec<Use>) {
        let mut add = |path: &str, op, is_null| uses.push(Use { path: path.to_owned(), op, is_null });
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.collect(uses);
                right.collect(uses);
            }
            Self::Not(inner) => {
                add("", "not", false);
                inner.collect(uses);
            }
            Self::Compare(term, op, value) => {
                let op = match op {
                    Op::Eq => "eq",
                    Op::Ne => "ne",
                    Op::Gt | Op::Ge | Op::Lt | Op::Le => "ge",
                };
                add(&term.path, op, value.is_null());
            }
            Self::In(term, _) => add(&term.path, "in", false),
            Self::Text(search, term, _) => {
                let op = match search {
                    Search::StartsWith => "startsWith",
                    Search::EndsWith => "endsWith",
                    Search::Contains => "contains",
                };
                add(&term.path, op, false);
            }
            Self::Any(path, _) => add(path, "any", false),
        }
    }

    /// Returns the text that `path` must equal for the whole filter to hold, where the filter says so.
    pub(crate) fn required(&self, path: &str) -> Option<&str> {
        match self {
            Self::And(left, right) => left.required(path).or_else(|| right.required(path)),
            Self::Compare(term, Op::Eq, Value::String(text)) if term.path.eq_ignore_ascii_case(path) => Some(text),
            _ => None,
        }
    }

    /// Replaces the texts that `path` is compared with, where `by` knows another.
    pub(crate) fn rewrite(&mut self, path: &str, by: &impl Fn(&str) -> Option<String>) {
        let replace = |value: &mut Value| {
            if let Some(other) = value.as_str().and_then(by) {
                *value = Value::String(other);
            }
        };
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.rewrite(path, by);
                right.rewrite(path, by);
            }
            Self::Not(inner) => inner.rewrite(path, by),
            Self::Compare(term, _, value) if term.path == path => replace(value),
            Self::In(term, values) if term.path == path => values.iter_mut().for_each(replace),
            _ => {}
        }
    }

    /// Tells whether `row` passes; texts are compared without case except at the paths in `exact`.
    pub(crate) fn holds(&self, row: &Value, exact: &[&str]) -> bool {
        match self {
            Self::And(left, right) => left.holds(row, exact) && right.holds(row, exact),
            Self::Or(left, right) => left.holds(row, exact) || right.holds(row, exact),
            Self::Not(inner) => !inner.holds(row, exact),
            Self::Compare(term, op, value) => {
                let found = term.value(row);
                match op {
                    Op::Eq => is_equal(&found, value, exact.contains(&term.path.as_str())),
                    Op::Ne => !is_equal(&found, value, exact.contains(&term.path.as_str())),
                    op => order(&found, value).is_some_and(|order| match op {
                        Op::Gt => order.is_gt(),
                        Op::Ge => order.is_ge(),
                        Op::Lt => order.is_lt(),
                        _ => order.is_le(),
                    }),
                }
            }
            Self::In(term, values) => {
                let found = term.value(row);
                values.iter().any(|value| is_equal(&found, value, exact.contains(&term.path.as_str())))
            }
            Self::Text(search, term, part) => term.value(row).as_str().is_some_and(|found| {
                let (found, part) = (found.to_lowercase(), part.to_lowercase());
                match search {
                    Search::StartsWith => found.starts_with(&part),
                    Search::EndsWith => found.ends_with(&part),
                    Search::Contains => found.contains(&part),
                }
            }),
            Self::Any(path, value) => {
                at(row, path).as_array().is_some_and(|list| list.iter().any(|found| is_equal(found, value, false)))
            }
        }
    }
}

impl Term {
    fn value(&self, row: &Value) -> Value {
        let found = at(row, &self.path);
        match found {
            Value::String(text) if self.is_lower => Value::String(text.to_lowercase()),
            other => other.clone(),
        }
    }
}

/// Returns the value at a path; absent is null.
pub(crate) fn at<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(row, |value, part| &value[part])
}

fn is_equal(found: &Value, wanted: &Value, is_exact: bool) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) if !is_exact => {
            found == wanted
                || found.to_lowercase() == wanted.to_lowercase()
                || instants(found, wanted).is_some_and(|o| o.is_eq())
        }
        _ => found == wanted,
    }
}

fn instants(left: &str, right: &str) -> Option<std::cmp::Ordering> {
    Some(left.parse::<jiff::Timestamp>().ok()?.cmp(&right.parse::<jiff::Timestamp>().ok()?))
}

fn order(found: &Value, wanted: &Value) -> Option<std::cmp::Ordering> {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            Some(instants(found, wanted).unwrap_or_else(|| found.cmp(wanted)))
        }
        (Value::Number(found), Value::Number(wanted)) => found.as_i64()?.partial_cmp(&wanted.as_i64()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_hold_where_they_should() {
        let row = json!({"id": "A1", "displayName": "O'Neil", "n": 3, "at": "2026-01-01T00:00:00Z", "gone": null,
            "tags": ["Unified"], "principal": {"id": "p"}});
        for (text, expected) in [
            ("displayName eq 'O''Neil'", true),
            ("id eq 'a1' and not (n eq 4)", true),
            ("displayName eq 'o''neil'", false),
            ("gone eq null or n eq 9", true),
            ("startsWith(displayName,'O') and n ge 3", true),
            ("id in ('x', 'a1')", true),
            ("tolower(principal/id) eq 'p'", true),
            ("at lt 2026-01-01T00:00:01Z", true),
            ("tags/any(t:t eq 'unified')", true),
            ("gone ne null", false),
        ] {
            assert_eq!(parse(text).unwrap().holds(&row, &["displayName"]), expected, "{text}");
        }
        for text in
            ["", "id", "id eq", "id eq 'x", "(id eq 'x'", "id eq 'x')", "id like 'x'", "eq eq eq eq", "a/any(b:c eq 1)"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = "(".repeat(5000) + "id eq 'x'" + &")".repeat(5000);
        assert!(parse(&deep).is_err());
        assert_eq!(parse("a eq 'b' and c eq 'd'").unwrap().required("c"), Some("d"));
        assert_eq!(parse("a eq 'b' or c eq 'd'").unwrap().required("c"), None);
    }
}
