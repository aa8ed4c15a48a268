//! Follows next links.

use std::collections::HashSet;

use reqwest::Url;
use serde_json::Value;

use crate::wire::{Answer, Query};

use super::client::Shared;
use super::error::TransportError;
use super::send::Ask;
use super::web;

/// More pages than any tenant has: at 100 rows a page, two million rows.
const MOST_PAGES: usize = 20_000;

/// Reads all pages of `query`, handing each to `take`.
pub(super) async fn each(shared: &Shared, query: &Query, mut take: impl FnMut(Answer)) -> Result<(), TransportError> {
    let first = Ask::read(shared, query)?;
    let mut trail = Trail::default();
    trail.seen.insert(first.url.to_string());
    let mut answer = shared.exchange(&first).await?;
    loop {
        let next = trail.next(shared, query, &answer.body)?;
        take(answer);
        let Some(url) = next else { return Ok(()) };
        answer = shared.exchange(&Ask::get(query, url)?).await?;
    }
}

/// Reads the pages that follow `body`, appending their rows to its `value` and taking its next link away.
pub(super) async fn complete(shared: &Shared, query: &Query, body: &mut Value) -> Result<(), TransportError> {
    let mut trail = Trail::default();
    let mut next = trail.next(shared, query, body)?;
    while let Some(url) = next {
        let mut answer = shared.exchange(&Ask::get(query, url)?).await?;
        next = trail.next(shared, query, &answer.body)?;
        if let (Some(rows), Some(more)) = (
            body.get_mut("value").and_then(Value::as_array_mut),
            answer.body.get_mut("value").and_then(Value::as_array_mut),
        ) {
            rows.append(more);
        }
    }
    if let Some(object) = body.as_object_mut() {
        object.retain(|key, _| !is_next(key));
    }
    Ok(())
}

/// Where we have been.
#[derive(Default)]
struct Trail {
    seen: HashSet<String>,
}

impl Trail {
    /// Returns the address of the page after `body`, vetted: the same scheme, host and port as the service, and not seen
    /// before.
    fn next(&mut self, shared: &Shared, query: &Query, body: &Value) -> Result<Option<Url>, TransportError> {
        let Some(link) = next_link(body) else { return Ok(None) };
        let origin = shared.cloud.origin(query.api);
        let url = Url::parse(link).ok().filter(|url| origin.owns(url)).ok_or_else(|| TransportError::ForeignLink {
            path: query.path.clone(),
            found: web::origin_of(link),
            expected: origin.to_string(),
        })?;
        let paging = |reason| TransportError::Paging { path: query.path.clone(), reason };
        if !self.seen.insert(url.to_string()) {
            return Err(paging("a next link leads back to a page that was read already"));
        }
        if self.seen.len() > MOST_PAGES {
            return Err(paging("there are more than 20,000 pages"));
        }
        Ok(Some(url))
    }
}

fn is_next(key: &str) -> bool {
    matches!(key, "@odata.nextLink" | "nextLink" | "@nextLink")
}

/// Returns the next link of Graph or ARM (management groups have a spelling of their own, arm.md D.2); ARM writes an empty text or null for none now and then.
fn next_link(body: &Value) -> Option<&str> {
    let mut links =
        ["@odata.nextLink", "nextLink", "@nextLink"].iter().filter_map(|member| body.get(*member)?.as_str());
    links.find(|link| !link.is_empty())
}
