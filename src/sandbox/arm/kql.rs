//! The query language of Resource Graph, as far as inventories of subscriptions and assignments use it (arm.md D.3):
//! `table | where … | project … | order by … | limit … | count`. Anything else is refused with its place. Running it is in
//! `kql_run`.

use serde_json::Value;

/// A query, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// The table in lower case; `resources` where the query names none.
    pub(crate) table: String,
    pub(crate) steps: Vec<Step>,
}

/// One part between pipes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Where(Test),
    /// New names with the paths they come from.
    Project(Vec<(String, Column)>),
    /// Paths, each with whether it is descending.
    Order(Vec<(Column, bool)>),
    Limit(usize),
    Count,
}

/// A member or a member of a member, with whether it is read in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(super) path: Vec<String>,
    pub(super) is_lowered: bool,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    /// The column compared with any of the values; negated when the flag says so.
    Is(Column, Relation, Vec<Value>, bool),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    EqualIgnoringCase,
    Contains,
    StartsWith,
    EndsWith,
}

/// Where a query cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// From 1.
    pub(crate) line: usize,
    /// From 0, as the service counts.
    pub(crate) position: usize,
    /// What stands there; `<EOF>` at the end.
    pub(crate) token: String,
    /// What would be understood there.
    pub(crate) expected: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 14] = ["=~", "!~", "==", "!=", "!", "~", "|", ",", "(", ")", "[", "]", ".", "="];

/// How deep parentheses may nest.
const DEPTH: usize = 40;

struct Parser<'a> {
    depth: usize,
    text: &'a str,
    tokens: Vec<(usize, Token)>,
    at: usize,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`Failure`] at the first place that is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut parser = Parser { depth: 0, text, tokens: Vec::new(), at: 0 };
        parser.scan()?;
        let mut query = Self { table: "resources".to_owned(), steps: Vec::new() };
        // A query may begin with a step; the table is then `resources` (recorded).
        let is_step = |word: &str| ["project", "where", "order", "sort", "limit", "take", "count"].contains(&word);
        if let Some(Token::Word(word)) = parser.peek()
            && !is_step(&word.to_ascii_lowercase())
        {
            query.table = word.to_ascii_lowercase();
            parser.at += 1;
            if parser.peek().is_none() {
                return Ok(query);
            }
            parser.symbol("|")?;
        }
        loop {
            query.steps.push(parser.step()?);
            if parser.peek().is_none() {
                return Ok(query);
            }
            parser.symbol("|")?;
        }
    }
}

impl Parser<'_> {
    fn scan(&mut self) -> Result<(), Failure> {
        let mut at = 0;
        while let Some(letter) = self.text[at..].chars().next() {
            let rest = &self.text[at..];
            let start = at;
            let token = if letter.is_whitespace() {
                at += letter.len_utf8();
                continue;
            } else if rest.starts_with("//") {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            } else if letter == '\'' || letter == '"' {
                let Some(end) = rest[1..].find(letter) else { return Err(self.failure(start, "a closed text")) };
                at += end + 2;
                Token::Text(rest[1..=end].to_owned())
            } else if letter.is_alphabetic() || letter == '_' {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                at += end;
                Token::Word(rest[..end].to_owned())
            } else if letter.is_ascii_digit() {
                let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
                at += end;
                let number = rest[..end].parse().map_err(|_| self.failure(start, "a number"))?;
                Token::Number(number)
            } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                at += symbol.len();
                Token::Symbol(symbol)
            } else {
                return Err(self.failure(start, "a name, a text, a number or an operator"));
            };
            self.tokens.push((start, token));
        }
        Ok(())
    }

    fn failure(&self, at: usize, expected: &'static str) -> Failure {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = &self.text[at..];
        let end = rest.find(|c: char| c.is_whitespace() || c == '|').unwrap_or(rest.len());
        let token = if rest.is_empty() { "<EOF>".to_owned() } else { rest[..end.max(1).min(rest.len())].to_owned() };
        Failure {
            line: before.matches('\n').count() + 1,
            position: before[line_start..].chars().count(),
            token,
            expected,
        }
    }

    fn bad(&self, expected: &'static str) -> Failure {
        let at = self.tokens.get(self.at).map_or(self.text.trim_end().len(), |(at, _)| *at);
        self.failure(at, expected)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn is_symbol(&mut self, symbol: &str) -> bool {
        let is_here = matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol);
        self.at += usize::from(is_here);
        is_here
    }

    fn symbol(&mut self, symbol: &'static str) -> Result<(), Failure> {
        if self.is_symbol(symbol) { Ok(()) } else { Err(self.bad(symbol)) }
    }

    fn is_word(&mut self, word: &str) -> bool {
        let is_here = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(is_here);
        is_here
    }

    fn word(&mut self, expected: &'static str) -> Result<String, Failure> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.bad(expected)),
        }
    }

    fn step(&mut self) -> Result<Step, Failure> {
        const STEPS: &str = "where, project, order by, limit or count (the sandbox knows no other)";
        let begin = self.at;
        match self.word(STEPS)?.to_ascii_lowercase().as_str() {
            "where" => Ok(Step::Where(self.any()?)),
            "project" => {
                let mut columns = Vec::new();
                loop {
                    let first = self.column()?;
                    let mut name = first.path.last().cloned().unwrap_or_default();
                    let mut from = first;
                    if self.is_symbol("=") {
                        name.clone_from(&from.path[0]);
                        from = self.column()?;
                    } else if from.path.len() > 1 {
                        // The service joins the parts of an unnamed path.
                        name = from.path.join("_");
                    }
                    columns.push((name, from));
                    if !self.is_symbol(",") {
                        return Ok(Step::Project(columns));
                    }
                }
            }
            "order" | "sort" => {
                if !self.is_word("by") {
                    return Err(self.bad("by"));
                }
                let mut keys = Vec::new();
                loop {
                    let column = self.column()?;
                    let is_ascending = self.is_word("asc");
                    // The language sorts downwards unless told otherwise.
                    let is_descending = !is_ascending;
                    let _ = self.is_word("desc");
                    keys.push((column, is_descending));
                    if !self.is_symbol(",") {
                        return Ok(Step::Order(keys));
                    }
                }
            }
            "limit" | "take" => match self.peek() {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                Some(Token::Number(number)) => {
                    let most = *number as usize;
                    self.at += 1;
                    Ok(Step::Limit(most))
                }
                _ => Err(self.bad("a number")),
            },
            "count" => Ok(Step::Count),
            _ => {
                self.at = begin;
                Err(self.bad(STEPS))
            }
        }
    }

    fn column(&mut self) -> Result<Column, Failure> {
        const NAME: &str = "a column";
        let first = self.word(NAME)?;
        let function = first.to_ascii_lowercase();
        if ["tolower", "tostring"].contains(&function.as_str()) && self.is_symbol("(") {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(self.bad("fewer parentheses"));
            }
            let inner = self.column()?;
            self.depth -= 1;
            self.symbol(")")?;
            return Ok(Column { is_lowered: inner.is_lowered || function == "tolower", ..inner });
        }
        let mut path = vec![first];
        loop {
            if self.is_symbol(".") {
                path.push(self.word(NAME)?);
            } else if self.is_symbol("[") {
                match self.peek() {
                    Some(Token::Text(text)) => path.push(text.clone()),
                    _ => return Err(self.bad("a text")),
                }
                self.at += 1;
                self.symbol("]")?;
            } else {
                return Ok(Column { path, is_lowered: false });
            }
        }
    }

    fn any(&mut self) -> Result<Test, Failure> {
        let mut parts = vec![self.all()?];
        while self.is_word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Test::Or(parts) })
    }

    fn all(&mut self) -> Result<Test, Failure> {
        let mut parts = vec![self.test()?];
        while self.is_word("and") {
            parts.push(self.test()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Test::And(parts) })
    }

    fn test(&mut self) -> Result<Test, Failure> {
        if self.is_symbol("(") {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(self.bad("fewer parentheses"));
            }
            let inner = self.any()?;
            self.depth -= 1;
            self.symbol(")")?;
            return Ok(inner);
        }
        let column = self.column()?;
        for (symbol, relation, is_negated) in [
            ("=~", Relation::EqualIgnoringCase, false),
            ("!~", Relation::EqualIgnoringCase, true),
            ("==", Relation::Equal, false),
            ("!=", Relation::Equal, true),
        ] {
            if self.is_symbol(symbol) {
                return Ok(Test::Is(column, relation, vec![self.value()?], is_negated));
            }
        }
        let is_negated = self.is_symbol("!");
        if self.is_word("in") {
            let relation = if self.is_symbol("~") { Relation::EqualIgnoringCase } else { Relation::Equal };
            self.symbol("(")?;
            let mut values = vec![self.value()?];
            while self.is_symbol(",") {
                values.push(self.value()?);
            }
            self.symbol(")")?;
            return Ok(Test::Is(column, relation, values, is_negated));
        }
        for (word, relation) in [
            ("contains", Relation::Contains),
            ("has", Relation::Contains),
            ("startswith", Relation::StartsWith),
            ("endswith", Relation::EndsWith),
        ] {
            if self.is_word(word) {
                return Ok(Test::Is(column, relation, vec![self.value()?], is_negated));
            }
        }
        Err(self.bad("=~, ==, in, contains, startswith or endswith"))
    }

    fn value(&mut self) -> Result<Value, Failure> {
        let value = match self.peek() {
            Some(Token::Text(text)) => Value::from(text.as_str()),
            #[allow(clippy::cast_possible_truncation)]
            Some(Token::Number(number)) if number.fract() == 0.0 => Value::from(*number as i64),
            Some(Token::Number(number)) => Value::from(*number),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Value::from(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Value::from(false),
            _ => return Err(self.bad("a value")),
        };
        self.at += 1;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_places() {
        let failure = Query::parse("project id, location | where where").unwrap_err();
        assert_eq!((failure.line, failure.position, failure.token.as_str()), (1, 34, "<EOF>"));
        let failure = Query::parse("Resources\n| extend x = 1").unwrap_err();
        assert_eq!((failure.line, failure.position, failure.token.as_str()), (2, 2, "extend"));
        for bad in ["resources |", "where type", "limit x", "where type =~ 'a", "project", "§"] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
        assert!(Query::parse(&("where ".to_owned() + &"(".repeat(50_000))).is_err());
        assert!(Query::parse(&("where ".to_owned() + &"tolower(".repeat(50_000))).is_err());
    }
}
