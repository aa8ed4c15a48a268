//! Tokens to a tree: a descent that knows what it expects at every step.
//!
//! Names that nobody knows are noted and passed over, so that one invention hides no other; a broken structure ends the reading.

use crate::core::condition::error::ConditionError;
use crate::core::condition::expression::{Attribute, Comparison, Expression, Operand, Value, ValueKind};
use crate::core::condition::mistake::{clip, invented, invented_source, misfit, no_cross, no_operator};
use crate::core::condition::operator::{self, SOURCES};
use crate::core::condition::token::{Token, TokenKind, Tokens, cut};

/// Deepest nesting of brackets and negations. Real conditions stay below ten.
const DEPTH: usize = 100;

/// What a text says.
pub(super) struct Parsed<'a> {
    /// The tokens, the end included.
    pub(super) tokens: Vec<Token<'a>>,
    /// The tree; as far as it could be read where there are mistakes.
    pub(super) expression: Expression,
    /// Where `AND` and `OR` stand beside each other without brackets: the first operator that differs from those before it.
    pub(super) ambiguous: Vec<(usize, usize)>,
    /// What is wrong, in the order of the text.
    pub(super) mistakes: Vec<ConditionError>,
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let Tokens { list, broken } = cut(text);
    let mut parser = Parser { tokens: &list, at: 0, broken, ambiguous: Vec::new(), mistakes: Vec::new() };
    let expression = match parser.whole() {
        Ok(expression) => expression,
        Err(error) => {
            parser.mistakes.push(error);
            Expression::Unknown
        }
    };
    let Parser { ambiguous, mut mistakes, .. } = parser;
    mistakes.sort_by_key(|mistake| mistake.offset);
    Parsed { tokens: list, expression, ambiguous, mistakes }
}

struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    /// Why the tokens end early.
    broken: Option<ConditionError>,
    ambiguous: Vec<(usize, usize)>,
    mistakes: Vec<ConditionError>,
}

type Result<T> = std::result::Result<T, ConditionError>;

impl<'a> Parser<'_, 'a> {
    /// Returns the next token; at the end the end, again and again.
    fn peek(&self) -> Token<'a> {
        let last = self.tokens.len() - 1;
        self.tokens[self.at.min(last)]
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn takes(&mut self, kind: TokenKind) -> bool {
        let is_there = self.peek().kind == kind;
        self.at += usize::from(is_there);
        is_there
    }

    /// Returns the complaint that something else than `wanted` comes next.
    fn expected(&self, wanted: &str) -> ConditionError {
        let token = self.peek();
        if token.kind == TokenKind::End {
            if let Some(broken) = &self.broken {
                return broken.clone();
            }
            return ConditionError::new(token.offset, 0, format!("the condition ends where {wanted} is expected"));
        }
        let found = clip(token.text);
        ConditionError::new(token.offset, token.text.len(), format!("expected {wanted}, found `{found}`"))
    }

    fn whole(&mut self) -> Result<Expression> {
        if self.peek().kind == TokenKind::End && self.broken.is_none() {
            let error = ConditionError::new(0, 0, "an empty condition");
            return Err(error.help("remove it, or say when the role may be used"));
        }
        let expression = self.alternatives(0)?;
        let token = self.peek();
        match token.kind {
            TokenKind::End => match self.broken.take() {
                Some(broken) => Err(broken),
                None => Ok(expression),
            },
            TokenKind::Close => Err(ConditionError::new(token.offset, 1, "a `)` closes nothing")),
            TokenKind::SetClose => Err(ConditionError::new(token.offset, 1, "a `}` closes nothing")),
            _ => Err(self.expected("`AND`, `OR` or the end")),
        }
    }

    /// Reads expressions joined by OR, each of which may be several joined by AND.
    fn alternatives(&mut self, depth: usize) -> Result<Expression> {
        let mut alternatives = Vec::new();
        let mut joiner: Option<TokenKind> = None;
        let mut is_mixed = false;
        loop {
            let mut all = vec![self.negation(depth)?];
            let joint = loop {
                let token = self.peek();
                if !matches!(token.kind, TokenKind::And | TokenKind::Or) {
                    break token;
                }
                if joiner.is_some_and(|first| first != token.kind) && !is_mixed {
                    is_mixed = true;
                    self.ambiguous.push((token.offset, token.text.len()));
                }
                joiner = joiner.or(Some(token.kind));
                self.at += 1;
                if token.kind == TokenKind::Or {
                    break token;
                }
                all.push(self.negation(depth)?);
            };
            alternatives.push(one_or(all, Expression::And));
            if joint.kind != TokenKind::Or {
                return Ok(one_or(alternatives, Expression::Or));
            }
        }
    }

    fn negation(&mut self, depth: usize) -> Result<Expression> {
        let token = self.peek();
        if depth >= DEPTH {
            let message = format!("nested deeper than {DEPTH} levels");
            return Err(ConditionError::new(token.offset, token.text.len(), message));
        }
        if self.takes(TokenKind::Not) {
            return Ok(Expression::Not(Box::new(self.negation(depth + 1)?)));
        }
        if self.takes(TokenKind::Open) {
            let inner = self.alternatives(depth + 1)?;
            if self.takes(TokenKind::Close) {
                return Ok(inner);
            }
            if self.peek().kind == TokenKind::End && self.broken.is_none() {
                return Err(ConditionError::new(token.offset, 1, "a `(` is never closed"));
            }
            return Err(self.expected("`AND`, `OR` or `)`"));
        }
        self.term()
    }

    fn term(&mut self) -> Result<Expression> {
        let token = self.peek();
        match token.kind {
            TokenKind::Word => self.word(),
            TokenKind::Source => {
                let known = self.mistakes.len();
                let attribute = self.attribute()?;
                let is_invented = self.mistakes.len() > known;
                if is_invented && !matches!(self.peek().kind, TokenKind::Word) {
                    return Ok(Expression::Unknown);
                }
                self.comparison(Operand::Attribute(attribute))
            }
            TokenKind::Text | TokenKind::Integer | TokenKind::Guid | TokenKind::Bool | TokenKind::SetOpen => {
                let left = self.operand()?;
                self.comparison(left)
            }
            _ => Err(self.expected("an attribute such as `@Request[…]`, a function or `(`")),
        }
    }

    /// Reads a function, or what somebody took for one.
    fn word(&mut self) -> Result<Expression> {
        let token = self.next();
        let is = |name: &str| token.text.eq_ignore_ascii_case(name);
        if is("ActionMatches") || is("SubOperationMatches") {
            if self.peek().kind != TokenKind::SetOpen {
                let example = if is("ActionMatches") { "{'{action}'}" } else { "{'{suboperation}'}" };
                return Err(self
                    .expected(&format!("`{{'…'}}` after `{}`", token.text))
                    .help(format!("write `{}{example}`", token.text)));
            }
            let Operand::Values(values) = self.operand()? else { return Ok(Expression::Unknown) };
            self.mistakes.extend(values.iter().filter(|value| value.kind != ValueKind::Text).map(|value| {
                let message = format!("`{}` takes names in quotes, found `{}`", token.text, clip(&value.content));
                ConditionError::new(value.offset, value.length, message)
            }));
            return Ok(if is("ActionMatches") {
                Expression::ActionMatches(values)
            } else {
                Expression::SubOperationMatches
            });
        }
        if is("Exists") {
            return match self.peek().kind {
                TokenKind::Source => Ok(Expression::Exists(self.attribute()?)),
                _ => Err(self.expected("an attribute after `Exists`").help("write `Exists @Request[…]`")),
            };
        }
        self.mistakes.push(invented(&token, self.peek()));
        self.skip_arguments();
        // `Resource[a:b] StringEquals 'x'`: what follows is read like the rest of a comparison
        match self.peek().kind {
            TokenKind::Word => {
                let nothing = Attribute { source: String::new(), path: String::new(), offset: token.offset, length: 0 };
                self.comparison(Operand::Attribute(nothing))
            }
            _ => Ok(Expression::Unknown),
        }
    }

    /// Passes over what stands in brackets, and one attribute.
    fn skip_arguments(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek().kind {
                TokenKind::Open | TokenKind::SetOpen => open += 1,
                TokenKind::Close | TokenKind::SetClose if open > 0 => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        return;
                    }
                }
                TokenKind::End => return,
                TokenKind::Source | TokenKind::Path if open == 0 => {}
                _ if open == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Reads `@Source[path]`.
    fn attribute(&mut self) -> Result<Attribute> {
        let token = self.next();
        let source = &token.text[1..];
        let is_known = SOURCES.iter().any(|known| known.eq_ignore_ascii_case(source));
        if !is_known {
            self.mistakes.push(invented_source(&token, source));
        }
        let path = self.peek();
        let (text, end) = match path.kind {
            TokenKind::Path => {
                self.at += 1;
                (path.text[1..path.text.len() - 1].to_owned(), path.offset + path.text.len())
            }
            _ if !is_known => {
                self.skip_arguments();
                (String::new(), token.offset + token.text.len())
            }
            _ => return Err(self.expected(&format!("an attribute in `[…]` after `{}`", token.text))),
        };
        if is_known && text.trim().is_empty() {
            let message = format!("`{}` names no attribute", token.text);
            self.mistakes.push(ConditionError::new(path.offset, path.text.len(), message));
        }
        Ok(Attribute { source: source.to_owned(), path: text, offset: token.offset, length: end - token.offset })
    }

    fn comparison(&mut self, left: Operand) -> Result<Expression> {
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.expected("an operator such as `StringEquals`"));
        }
        self.at += 1;
        let (cross, name) = match token.text.split_once(':') {
            Some((cross, name)) => (Some(cross), name),
            None => (None, token.text),
        };
        let found = match cross {
            None => None,
            Some(text) => {
                let found = operator::cross(text);
                if found.is_none() {
                    let (message, help) = no_cross(text);
                    self.note(token.offset, text.len(), message, help);
                }
                found
            }
        };
        let known = operator::operator(name);
        if known.is_none() {
            let (message, help) = no_operator(token.text, name, cross.is_some());
            self.note(token.offset + token.text.len() - name.len(), name.len(), message, help);
        }
        let right = self.operand()?;
        let Some(known) = known else { return Ok(Expression::Unknown) };
        for side in [&left, &right] {
            if let Operand::Values(values) = side {
                self.mistakes.extend(values.iter().filter_map(|value| misfit(known, value)));
            }
        }
        Ok(Expression::Comparison(Box::new(Comparison {
            left,
            cross: found,
            operator: known,
            right,
            offset: token.offset,
            length: token.text.len(),
        })))
    }

    fn note(&mut self, offset: usize, length: usize, message: String, help: Option<String>) {
        self.mistakes.push(ConditionError { offset, length, message, help });
    }

    /// Reads an attribute, a value, or a set of values.
    fn operand(&mut self) -> Result<Operand> {
        match self.peek().kind {
            TokenKind::Source => Ok(Operand::Attribute(self.attribute()?)),
            TokenKind::SetOpen => {
                let open = self.next();
                let mut values = Vec::new();
                loop {
                    values.push(self.value("a value")?);
                    if self.takes(TokenKind::SetClose) {
                        return Ok(Operand::Values(values));
                    }
                    if self.peek().kind == TokenKind::End && self.broken.is_none() {
                        return Err(ConditionError::new(open.offset, 1, "a `{` is never closed"));
                    }
                    if !self.takes(TokenKind::Comma) {
                        return Err(self.expected("`,` or `}`"));
                    }
                }
            }
            _ => Ok(Operand::Values(vec![self.value("a value, a set `{…}` or an attribute `@…[…]`")?])),
        }
    }

    fn value(&mut self, wanted: &str) -> Result<Value> {
        let token = self.peek();
        let (kind, content) = match token.kind {
            TokenKind::Text => (ValueKind::Text, token.text[1..token.text.len() - 1].replace("''", "'")),
            TokenKind::Integer => (ValueKind::Integer, token.text.to_owned()),
            TokenKind::Guid => (ValueKind::Guid, hyphenated(token.text)),
            TokenKind::Bool => (ValueKind::Bool, token.text.to_ascii_lowercase()),
            TokenKind::Word => {
                return Err(self.expected(wanted).help("texts stand in single quotes: `'…'`"));
            }
            _ => return Err(self.expected(wanted)),
        };
        self.at += 1;
        Ok(Value { content, kind, offset: token.offset, length: token.text.len() })
    }
}

fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}

/// Returns the form of a GUID with hyphens, in lower case.
fn hyphenated(text: &str) -> String {
    let folded = text.to_ascii_lowercase();
    match folded.len() {
        32 => [&folded[..8], &folded[8..12], &folded[12..16], &folded[16..20], &folded[20..]].join("-"),
        _ => folded,
    }
}
