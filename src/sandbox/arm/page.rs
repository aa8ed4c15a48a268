//! Lists and their pages. Recorded lists come in one page (arm.md A.2, B.6); a sandbox with a page size splits them, and so does
//! `$top` where an endpoint has it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::ask::Ask;

/// Returns one page of rows as `{"value": […], "nextLink": …}`; `most` is what `$top` may ask for at most, 0 where there is none.
///
/// # Errors
/// 400 for a `$top` or `$skiptoken` that is none.
pub(crate) fn page(ask: &Ask<'_>, rows: Vec<Value>, most: usize) -> Answer {
    built(ask, rows, most, |row| row)
}

/// Returns the same of rows that `document` prints, for lists whose documents take time to build: only those of the page are.
///
/// # Errors
/// 400 for a `$top` or `$skiptoken` that is none.
pub(crate) fn built<T>(ask: &Ask<'_>, rows: Vec<T>, most: usize, document: impl Fn(T) -> Value) -> Answer {
    let (rows, next) = split(ask, rows, most)?;
    let mut body = json!({"value": rows.into_iter().map(document).collect::<Vec<_>>()});
    if let Some(next) = next {
        body["nextLink"] = Value::from(next);
    }
    Ok(Reply::json(200, body))
}

/// Returns one page of rows that `text` prints as JSON, for lists too large to be built as values first.
///
/// # Errors
/// 400 for a `$skiptoken` that is none.
pub(crate) fn texts<T>(ask: &Ask<'_>, rows: Vec<T>, text: impl Fn(T) -> String) -> Answer {
    let (rows, next) = split(ask, rows, 0)?;
    let rows: Vec<String> = rows.into_iter().map(text).collect();
    let next = next.map(|link| format!(",\"nextLink\":{}", json!(link))).unwrap_or_default();
    Ok(Reply::raw(200, format!("{{\"value\":[{}]{next}}}", rows.join(","))))
}

/// Returns the rows of this page and the link to the next.
///
/// # Errors
/// 400 for a `$top` or `$skiptoken` that is none.
pub(crate) fn split<T>(ask: &Ask<'_>, mut rows: Vec<T>, most: usize) -> Result<(Vec<T>, Option<String>), Problem> {
    let number = |name: &str| -> Result<Option<usize>, Problem> {
        let Some(text) = ask.option(name) else { return Ok(None) };
        let bad = || Problem::new(400, "BadRequest", format!("The value '{text}' of '{name}' is invalid."));
        text.parse().map(Some).map_err(|_| bad())
    };
    let top = if most == 0 { None } else { number("$top")?.map(|top| top.clamp(1, most)) };
    let size = [top, ask.page_size].into_iter().flatten().min();
    let token = ask.option("$skiptoken");
    let start = match token {
        None => 0,
        Some(_) => number("$skiptoken")?.unwrap_or(0),
    };
    // A page without rows may come first; whoever stops there loses everything.
    if ask.has_empty_pages && token.is_none() && !rows.is_empty() {
        return Ok((Vec::new(), Some(link(ask, 0))));
    }
    rows.drain(..start.min(rows.len()));
    match size {
        Some(size) if rows.len() > size => {
            rows.truncate(size);
            Ok((rows, Some(link(ask, start + size))))
        }
        _ => Ok((rows, None)),
    }
}

fn link(ask: &Ask<'_>, start: usize) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut query: Vec<String> = ask
        .call
        .options
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"))
        .map(|(name, value)| format!("{}={}", name.replace('$', "%24"), encode(value)))
        .collect();
    query.push(format!("%24skiptoken={start}"));
    format!("{}{}?{}", ask.origin, ask.path, query.join("&"))
}
