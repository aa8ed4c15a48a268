//! A list of PIM rows as ARM answers it: `value`, and `nextLink` where a page size is set (arm.md B.6: live lists came in one page).

use std::ops::Range;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::ask::Ask;

/// Returns which of so many rows this page has, and the link to the next one.
fn page(ask: &Ask<'_>, len: usize) -> Result<(Range<usize>, Option<String>), Problem> {
    let skip = match ask.option("$skiptoken") {
        None => 0,
        Some(text) => text.parse::<usize>().map_err(|_| {
            Problem::new(400, "InvalidSkipToken", format!("The skip token '{text}' is not one of this list."))
        })?,
    };
    let end = skip.saturating_add(ask.page_size.unwrap_or(usize::MAX).max(1)).min(len);
    if end == len {
        return Ok((skip.min(end)..end, None));
    }
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut options: Vec<String> = ask
        .call
        .options
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"))
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    options.push(format!("%24skiptoken={end}"));
    Ok((skip..end, Some(format!("{}{}?{}", ask.origin, ask.path, options.join("&")))))
}

/// Answers with rows, a page at a time where the sandbox was told so.
pub(super) fn answer(ask: &Ask<'_>, mut rows: Vec<Value>) -> Answer {
    let (range, next) = page(ask, rows.len())?;
    let mut body = json!({"value": rows.drain(range).collect::<Vec<Value>>()});
    if let Some(next) = next {
        body["nextLink"] = json!(next);
    }
    Ok(Reply::json(200, body))
}

/// Answers with rows that `text` prints as JSON, for lists too large to be built as values first.
pub(super) fn answer_texts<T>(ask: &Ask<'_>, rows: &[T], text: impl Fn(&T) -> String) -> Answer {
    let (range, next) = page(ask, rows.len())?;
    let texts: Vec<String> = rows.get(range).unwrap_or_default().iter().map(text).collect();
    let next = next.map(|link| format!(",\"nextLink\":{}", json!(link))).unwrap_or_default();
    Ok(Reply::raw(200, format!("{{\"value\":[{}]{next}}}", texts.join(","))))
}
