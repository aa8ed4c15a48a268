//! `$select`, `$expand`, `$search` and page tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::answer::Problem;
use super::super::route::Call;

/// One expanded navigation property with its own options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expand {
    pub(crate) path: String,
    pub(crate) select: Vec<String>,
    pub(crate) inner: Vec<Expand>,
}

impl Expand {
    /// Returns an expansion without options.
    pub(crate) fn plain(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Returns it as `@odata.context` prints it.
    pub(crate) fn context(&self) -> String {
        let mut parts = self.select.clone();
        parts.extend(self.inner.iter().map(Self::context));
        format!("{}({})", self.path, parts.join(","))
    }

    /// Applies the nested `$select` to the expanded value.
    pub(crate) fn trim(&self, value: &mut Value) {
        let rows: Vec<&mut Value> = match value {
            Value::Array(rows) => rows.iter_mut().collect(),
            other => vec![other],
        };
        for row in rows {
            if let Value::Object(members) = row
                && !self.select.is_empty()
            {
                members.retain(|name, _| {
                    name.starts_with('@')
                        || name == "id"
                        || self.select.iter().any(|s| s.eq_ignore_ascii_case(name))
                        || self.inner.iter().any(|e| e.path == *name)
                });
            }
        }
    }
}

/// Reads a list of property names.
pub(super) fn names(text: &str) -> Result<Vec<String>, Problem> {
    text.split(',')
        .map(|name| {
            let name = name.trim();
            if name == "*"
                || (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_@./".contains(c)))
            {
                Ok(name.to_owned())
            } else {
                Err(Problem::bad(format!("Parsing OData Select and Expand failed: '{text}'.")))
            }
        })
        .collect()
}

/// Splits at the separator outside parentheses and quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut is_quoted, mut from, mut parts) = (0_i32, false, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            c if c == separator && depth == 0 && !is_quoted => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Reads `$expand`: a list of names, each with `($select=…;$expand=…)` or nothing.
pub(super) fn parse(text: &str, allowed: &[&str]) -> Result<Vec<Expand>, Problem> {
    read(text, allowed, 0)
}

fn read(text: &str, allowed: &[&str], depth: usize) -> Result<Vec<Expand>, Problem> {
    let fail = || Problem::bad(format!("Parsing OData Select and Expand failed: '{text}'."));
    if depth > 4 {
        return Err(fail());
    }
    let mut found = Vec::new();
    for part in split(text, ',') {
        let part = part.trim();
        let (name, inside) = match part.split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')').ok_or_else(fail)?)),
            None => (part, None),
        };
        if name == "*" && !allowed.is_empty() && inside.is_none() {
            found.extend(allowed.iter().map(|name| Expand::plain(name)));
            continue;
        }
        if depth == 0 && !allowed.contains(&name) {
            return Err(Problem::query(format!("Could not find a property named '{name}' to expand.")));
        }
        let mut expand = Expand::plain(name);
        for option in inside.into_iter().flat_map(|inside| split(inside, ';')) {
            match option.trim().split_once('=') {
                Some(("$select", value)) => expand.select = names(value)?,
                // Only policies nest one: policy($expand=rules), policy($expand=effectiveRules).
                Some(("$expand", value)) if name == "policy" => {
                    expand.inner = read(value, &["rules", "effectiveRules"], depth + 1)?;
                    if expand.inner.iter().any(|e| e.path != "rules" && e.path != "effectiveRules") {
                        return Err(fail());
                    }
                }
                Some((option, _)) => {
                    return Err(Problem::query(format!("The option '{option}' is not supported inside $expand.")));
                }
                None => return Err(fail()),
            }
        }
        found.push(expand);
    }
    Ok(found)
}

/// Keeps the selected members of a row; an unknown name is refused, as the service does.
pub(crate) fn select(row: &mut Value, names: &[String], expanded: &[Expand]) -> Result<(), Problem> {
    if names.is_empty() || names.iter().any(|name| name == "*") {
        return Ok(());
    }
    let Value::Object(members) = row else { return Ok(()) };
    if let Some(unknown) = names.iter().find(|name| !members.keys().any(|key| key.eq_ignore_ascii_case(name))) {
        return Err(Problem::bad(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{unknown}'."
        )));
    }
    members.retain(|name, _| {
        name.starts_with('@')
            || names.iter().any(|selected| selected.eq_ignore_ascii_case(name))
            || expanded.iter().any(|e| e.path == *name)
    });
    Ok(())
}

/// Reads `$search`: `"displayName:text"`, several joined by `AND`.
pub(super) fn search(text: &str) -> Result<Vec<(String, String)>, Problem> {
    text.split(" AND ")
        .map(|part| {
            let inside = part.trim().strip_prefix('"').and_then(|p| p.strip_suffix('"'));
            match inside.and_then(|inside| inside.split_once(':')) {
                Some((property, wanted)) => Ok((property.to_owned(), wanted.to_lowercase())),
                None => Err(Problem::query(format!("Invalid $search clause: {text}"))),
            }
        })
        .collect()
}

/// Returns the link to the page that begins after `skip` rows.
pub(super) fn next_link(call: &Call, skip: usize, page: usize) -> String {
    let token = URL_SAFE_NO_PAD.encode(format!("{skip}:{page}:{}", call.path));
    let mut link = format!("{}{}?", call.origin, call.path);
    for (name, value) in call.options.iter().filter(|(name, _)| name != "$skiptoken") {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        link.push_str(&format!("{name}={value}&"));
    }
    link + "$skiptoken=" + &token
}

/// Reads a page token back: rows to skip and number of the page.
pub(super) fn read_token(token: &str, path: &str) -> Option<(usize, usize)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, ':');
    let numbers = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (parts.next()? == path).then_some(numbers)
}
