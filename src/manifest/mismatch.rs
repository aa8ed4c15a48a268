//! What a schema error means, said in our words and at the exact place.
//!
//! A union that nothing fits is never dumped as it is: the form that the author most likely meant is found by its keys, or by
//! the type of the value, and its mistakes are reported.

use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::core::period::{Period, PeriodError};
use crate::manifest::code;
use crate::manifest::place::{clip, origin};
use crate::manifest::source::SourceFile;
use crate::manifest::suggestion::{closest, join, list};
use crate::manifest::tree::{Content, Node, Place, escape};
use crate::manifest::wording::{
    BOOLEAN, LIST, TEXT, WHOLE, describe, first_sentence, fits_type, foreign, lower_first, phrases, plain, property,
    subject, types,
};

/// How many mistakes of one document are reported. Whoever makes more has another kind of file, or a script.
pub(crate) const LIMIT: usize = 100;

/// A mistake and what must be left out so that the rest can be read.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// The complaint.
    pub(crate) diagnostic: Diagnostic,
    /// The route of what to leave out.
    pub(crate) drop: String,
}

/// Explains the schema errors of one document.
pub(crate) struct Explainer<'a> {
    /// The file.
    pub(crate) file: &'a SourceFile,
    /// The document.
    pub(crate) tree: &'a Node,
    /// The schema of its kind.
    pub(crate) schema: &'a Value,
}

/// One form of a union, with what speaks against it.
struct Branch<'a, 'e> {
    schema: &'a Value,
    errors: Vec<&'e ValidationError<'e>>,
}

impl<'a> Explainer<'a> {
    /// Explains the errors; stops when there are more than [`LIMIT`] mistakes.
    pub(crate) fn explain<'e>(&self, errors: impl IntoIterator<Item = &'e ValidationError<'e>>) -> Vec<Mismatch> {
        let mut out = Vec::new();
        let errors: Vec<_> = errors.into_iter().collect();
        self.all(&errors, &mut out);
        out
    }

    fn all(&self, errors: &[&ValidationError<'_>], out: &mut Vec<Mismatch>) {
        // one mistake in a value is enough: the type says more than the value, the format more than the pattern
        let is_strong = |error: &ValidationError<'_>| {
            matches!(error.kind(), Kind::Type { .. } | Kind::Format { .. } | Kind::MinLength { .. })
        };
        let is_weak =
            |error: &ValidationError<'_>| matches!(error.kind(), Kind::Pattern { .. } | Kind::Constant { .. });
        let strong: HashSet<String> =
            errors.iter().filter(|error| is_strong(error)).map(|error| error.instance_path().to_string()).collect();
        for error in errors {
            if out.len() > LIMIT {
                return;
            }
            if !(is_weak(error) && strong.contains(&error.instance_path().to_string())) {
                self.one(error, out);
            }
        }
    }

    fn one(&self, error: &ValidationError<'_>, out: &mut Vec<Mismatch>) {
        let route = error.instance_path().to_string();
        // what could not be read was complained about already
        let Some(place) = self.tree.find(&route) else { return };
        if place.node.content == Content::Broken {
            return;
        }
        let at = self.at(place);
        let subject = subject(&route);
        let mut push = |diagnostic: Diagnostic| out.push(Mismatch { diagnostic, drop: route.clone() });
        let complain = |code, message: String| Diagnostic::error(code, Some(at.clone()), message);
        let found = describe(place.node);
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                let known = self.properties(error);
                for key in unexpected.iter().take(LIMIT + 1) {
                    out.extend(self.unknown_key(&route, place, key, &known));
                }
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let at = self.at_key(place);
                let message = match route.is_empty() {
                    true => format!("the document has no `{name}`"),
                    false => format!("`{name}` is missing in {subject}"),
                };
                let mut diagnostic = Diagnostic::error(code::MISSING_KEY, Some(at), message);
                let about =
                    self.parent_schema(error).and_then(|s| s.pointer(&format!("/properties/{name}/description")));
                if let Some(about) = about.and_then(Value::as_str) {
                    diagnostic = diagnostic.help(format!("`{name}`: {}", first_sentence(about)));
                }
                push(diagnostic);
            }
            Kind::Type { .. } => {
                let wanted = self.schema.pointer(&error.schema_path().to_string()).map(types).unwrap_or_default();
                push(self.wrong_type(place, &at, &subject, &wanted));
            }
            Kind::Constant { expected_value } if route == "/apiVersion" => {
                let wanted = expected_value.as_str().unwrap_or_default();
                push(
                    complain(code::UNKNOWN_API_VERSION, format!("{found} is not an apiVersion that is known here"))
                        .help(format!("write `{wanted}`")),
                );
            }
            Kind::Constant { expected_value } => push(complain(
                code::INVALID_VALUE,
                format!("{subject} must be `{}`, found {found}", plain(expected_value)),
            )),
            Kind::Enum { options } => {
                let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                push(self.none_of(place, &at, &subject, &options));
            }
            Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } => {
                self.union(error, &route, place, out);
            }
            Kind::Format { format } => push(self.bad_format(place, &at, &subject, format)),
            Kind::Pattern { .. } => {
                let message = self.parent_schema(error).and_then(|schema| schema.get("patternErrorMessage"));
                let message = message.and_then(Value::as_str).unwrap_or("Expected another form");
                push(complain(code::INVALID_TEXT, format!("{subject} cannot be {found}: {}", lower_first(message))));
            }
            Kind::MinLength { .. } => push(complain(code::INVALID_TEXT, format!("{subject} must not be empty"))),
            Kind::MinItems { limit } => {
                let items = if *limit == 1 { "item" } else { "items" };
                push(
                    complain(code::EMPTY_LIST, format!("{subject} needs at least {limit} {items}"))
                        .help("add one, or remove the key with its list"),
                );
            }
            Kind::Minimum { limit } => {
                push(complain(code::OUT_OF_RANGE, format!("{subject} must be at least {limit}, found {found}")));
            }
            Kind::Maximum { limit } => {
                push(complain(code::OUT_OF_RANGE, format!("{subject} must be at most {limit}, found {found}")));
            }
            // our schemas use no other keyword; said plainly if they ever do
            _ => push(complain(code::INVALID_VALUE, format!("{subject}: {}", error.masked()))),
        }
    }

    /// Explains a union that nothing fits.
    fn union(&self, error: &ValidationError<'_>, route: &str, place: Place<'_>, out: &mut Vec<Mismatch>) {
        let branches = self.branches(error);
        match &place.node.content {
            Content::Map(entries) if branches.iter().any(|b| b.schema.get("properties").is_some()) => {
                let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
                self.mapping(&branches, &keys, route, place, out);
            }
            _ => self.scalar(&branches, route, place, out),
        }
    }

    /// Finds the form with the most of the keys that are there.
    fn mapping(
        &self,
        branches: &[Branch<'a, '_>],
        keys: &[&str],
        route: &str,
        place: Place<'_>,
        out: &mut Vec<Mismatch>,
    ) {
        let score = |branch: &Branch<'_, '_>| keys.iter().filter(|key| property(branch.schema, key).is_some()).count();
        let best = branches.iter().map(score).max().unwrap_or_default();
        let chosen = branches.iter().filter(|branch| score(branch) == best).min_by_key(|branch| branch.errors.len());
        let mut all: Vec<&str> = Vec::new();
        for branch in branches {
            for key in branch.schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|p| p.keys()) {
                if !all.contains(&key.as_str()) {
                    all.push(key);
                }
            }
        }
        let subject = subject(route);
        if best == 0 {
            // the key that decides the form is the required one
            let deciding: Vec<&str> =
                branches.iter().filter_map(|b| b.schema.pointer("/required/0")?.as_str()).collect();
            match keys {
                [] => out.push(Mismatch {
                    diagnostic: Diagnostic::error(
                        code::MISSING_KEY,
                        Some(self.at_key(place)),
                        format!("{subject} needs {}", list(&deciding)),
                    ),
                    drop: route.to_owned(),
                }),
                keys => {
                    for key in keys.iter().take(LIMIT + 1) {
                        let found = self.unknown_key(route, place, key, &all);
                        out.extend(found.map(|found| Mismatch { drop: route.to_owned(), ..found }));
                    }
                }
            }
            return;
        }
        let Some(chosen) = chosen else { return };
        let mut rest = Vec::new();
        for error in &chosen.errors {
            let Kind::AdditionalProperties { unexpected } = error.kind() else {
                rest.push(*error);
                continue;
            };
            if error.instance_path().to_string() != route {
                rest.push(*error);
                continue;
            }
            for key in unexpected.iter().take(LIMIT + 1) {
                if !all.contains(&key.as_str()) {
                    out.extend(self.unknown_key(route, place, key, &all));
                    continue;
                }
                let known =
                    keys.iter().copied().find(|other| property(chosen.schema, other).is_some()).unwrap_or_default();
                let here = place.node.entry(key).map(|entry| origin(self.file, entry.span));
                let mut diagnostic =
                    Diagnostic::error(code::CONFLICTING_KEYS, here, format!("`{key}` cannot stand beside `{known}`"))
                        .help(format!("keep one of the two in {subject}"));
                if let Some(first) = place.node.entry(known) {
                    diagnostic = diagnostic.label(origin(self.file, first.span), "excludes it");
                }
                out.push(Mismatch { diagnostic, drop: route.to_owned() });
            }
        }
        let has_conflict = out.last().is_some_and(|last| last.diagnostic.code == code::CONFLICTING_KEYS);
        if has_conflict {
            // which of the two is meant decides what else is missing
            rest.retain(|error| error.instance_path().to_string() != route);
        }
        self.all(&rest, out);
    }

    /// Finds the forms of the value's type.
    fn scalar(&self, branches: &[Branch<'a, '_>], route: &str, place: Place<'_>, out: &mut Vec<Mismatch>) {
        let at = self.at(place);
        let subject = subject(route);
        let fitting: Vec<&Branch<'_, '_>> =
            branches.iter().filter(|branch| fits_type(branch.schema, place.node)).collect();
        let consts = |branches: &[&Branch<'a, '_>]| -> Vec<&'a str> {
            branches.iter().filter_map(|branch| branch.schema.get("const")?.as_str()).collect()
        };
        let diagnostic = match fitting.iter().find(|branch| branch.schema.get("const").is_none()) {
            _ if fitting.is_empty() => {
                let mut wanted: Vec<String> = Vec::new();
                for branch in branches {
                    for phrase in phrases(branch.schema) {
                        if !wanted.contains(&phrase) {
                            wanted.push(phrase);
                        }
                    }
                }
                self.wrong_type(place, &at, &subject, &wanted)
            }
            None => self.none_of(place, &at, &subject, &consts(&fitting)),
            Some(meant) => {
                let before = out.len();
                self.all(&meant.errors, out);
                let others = consts(&branches.iter().collect::<Vec<_>>());
                // a text of the wrong form may be one of the words, mistyped
                for mismatch in &mut out[before..] {
                    if mismatch.drop == route && !others.is_empty() {
                        mismatch.diagnostic.help.push(format!("{} is possible too", list(&others)));
                    }
                }
                return;
            }
        };
        out.push(Mismatch { diagnostic, drop: route.to_owned() });
    }

    /// Returns the forms of a union, with those of unions in it.
    fn branches<'e>(&self, error: &'e ValidationError<'_>) -> Vec<Branch<'a, 'e>> {
        let (Kind::AnyOf { context } | Kind::OneOfNotValid { context } | Kind::OneOfMultipleValid { context }) =
            error.kind()
        else {
            return Vec::new();
        };
        let mut branches = Vec::new();
        for (at, errors) in context.iter().enumerate() {
            if let [inner] = errors.as_slice() {
                let is_union = matches!(inner.kind(), Kind::AnyOf { .. } | Kind::OneOfNotValid { .. });
                if is_union && inner.instance_path() == error.instance_path() {
                    branches.extend(self.branches(inner));
                    continue;
                }
            }
            let schema = self.schema.pointer(&format!("{}/{at}", error.schema_path()));
            let schema = self.resolve(schema.unwrap_or(&Value::Null));
            branches.push(Branch { schema, errors: errors.iter().collect() });
        }
        branches
    }

    /// Follows `$ref`.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        while let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            match target.strip_prefix('#').and_then(|route| self.schema.pointer(route)) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Returns the schema that holds the keyword that failed.
    fn parent_schema(&self, error: &ValidationError<'_>) -> Option<&'a Value> {
        let path = error.schema_path().to_string();
        self.schema.pointer(path.rsplit_once('/')?.0)
    }

    fn properties(&self, error: &ValidationError<'_>) -> Vec<&'a str> {
        let properties = self.parent_schema(error).and_then(|schema| schema.get("properties"));
        properties.and_then(Value::as_object).into_iter().flat_map(|p| p.keys()).map(String::as_str).collect()
    }

    fn unknown_key(&self, route: &str, place: Place<'_>, key: &str, known: &[&str]) -> Option<Mismatch> {
        let entry = place.node.entry(key)?;
        if entry.node.content == Content::Broken {
            return None;
        }
        let here = match route.is_empty() {
            true => "a document".to_owned(),
            false => subject(route),
        };
        let at = Some(origin(self.file, entry.span));
        let message = format!("the key `{}` is not known in {here}", clip(key));
        let missing = known.iter().copied().filter(|other| place.node.entry(other).is_none());
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_KEY, at, message);
        diagnostic = match (foreign(key), closest(key, missing)) {
            (Some(hint), _) => diagnostic.help(hint),
            (None, Some(meant)) => diagnostic.help(format!("did you mean `{meant}`?")),
            (None, None) if known.contains(&key) => diagnostic,
            (None, None) => diagnostic.help(format!("possible are {}", list(known))),
        };
        Some(Mismatch { diagnostic, drop: format!("{route}/{}", escape(key)) })
    }

    fn wrong_type(&self, place: Place<'_>, at: &Origin, subject: &str, wanted: &[String]) -> Diagnostic {
        let node = place.node;
        if node.content == Content::Null {
            return Diagnostic::error(code::WRONG_TYPE, Some(self.at_key(place)), format!("{subject} has no value"))
                .help(format!("write {}, or remove the key", join(wanted)));
        }
        let message = format!("{subject} must be {}, found {}", join(wanted), describe(node));
        let diagnostic = Diagnostic::error(code::WRONG_TYPE, Some(at.clone()), message);
        let wants = |phrase: &str| wanted.iter().any(|wanted| wanted == phrase);
        match &node.content {
            Content::Text(text) if wants(BOOLEAN) && matches!(text.as_str(), "true" | "false") => {
                diagnostic.help("remove the quotes: nothing is converted")
            }
            Content::Text(text)
                if wants(BOOLEAN) && ["yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str()) =>
            {
                diagnostic.help("YAML 1.2 has only `true` and `false`")
            }
            Content::Text(text) if wants(WHOLE) && text.parse::<i64>().is_ok() => {
                diagnostic.help("remove the quotes: nothing is converted")
            }
            Content::Bool(_) | Content::Number(_) if wants(TEXT) => {
                let written = self.file.text.get(at.start..at.end).unwrap_or_default();
                diagnostic.help(format!("quote it: `\"{}\"`", clip(written)))
            }
            Content::Text(_) | Content::Map(_) if wants(LIST) && !wants(TEXT) => {
                diagnostic.help("a list is written `[…]`, or with `- ` before each item")
            }
            _ => diagnostic,
        }
    }

    fn none_of(&self, place: Place<'_>, at: &Origin, subject: &str, options: &[&str]) -> Diagnostic {
        if place.node.content == Content::Null {
            return Diagnostic::error(code::WRONG_TYPE, Some(self.at_key(place)), format!("{subject} has no value"))
                .help(format!("write {}, or remove the key", list(options)));
        }
        let message = format!("{subject} must be {}, found {}", list(options), describe(place.node));
        let diagnostic = Diagnostic::error(code::INVALID_VALUE, Some(at.clone()), message);
        let Content::Text(text) = &place.node.content else { return diagnostic };
        match closest(text, options.iter().copied()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic,
        }
    }

    fn bad_format(&self, place: Place<'_>, at: &Origin, subject: &str, format: &str) -> Diagnostic {
        let Content::Text(text) = &place.node.content else {
            return Diagnostic::error(code::INVALID_TEXT, Some(at.clone()), format!("{subject} has another form"));
        };
        let shown = clip(text);
        let complain = |code, message: String| Diagnostic::error(code, Some(at.clone()), message);
        match format {
            "duration" => {
                let why = text.parse::<Period>().err();
                let help = match why {
                    Some(PeriodError::Calendar) => "count in days: `P30D` for a month, `P365D` for a year",
                    _ => "write days, hours and minutes: `P180D`, `PT8H`, `PT30M`",
                };
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                complain(code::INVALID_DURATION, format!("`{shown}` is no length of time for {subject}{why}"))
                    .help(help)
            }
            "date-time" => {
                let help = match text.starts_with("9999-") {
                    true => "write `permanent: true` for access without end",
                    false => "write date, time and offset: `2027-06-30T00:00:00Z`",
                };
                complain(code::INVALID_INSTANT, format!("`{shown}` is no date and time with an offset")).help(help)
            }
            "uuid" => complain(code::INVALID_ID, format!("`{shown}` is no GUID, as {subject} must be"))
                .help("a GUID has the form `5a9dbb0c-0000-4000-8000-000000000001`"),
            "arm-scope" => complain(code::INVALID_SCOPE, format!("`{shown}` is no id of an Azure scope"))
                .help("write the full id: `/subscriptions/{guid}/resourceGroups/{name}/providers/…`"),
            _ => complain(code::INVALID_TEXT, format!("{subject} has another form")),
        }
    }

    /// Returns the place of a value; of its key when it is empty.
    fn at(&self, place: Place<'_>) -> Origin {
        match place.key {
            Some(key) if place.node.span.start == place.node.span.end => origin(self.file, key),
            _ => origin(self.file, place.node.span),
        }
    }

    /// Returns the place of a key; of the value when it has none.
    fn at_key(&self, place: Place<'_>) -> Origin {
        match (place.key, &place.node.content) {
            (Some(key), _) => origin(self.file, key),
            (None, Content::Map(entries)) if !entries.is_empty() => origin(self.file, entries[0].span),
            _ => origin(self.file, place.node.span),
        }
    }
}
