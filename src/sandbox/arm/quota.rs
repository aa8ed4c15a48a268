//! ARM's token buckets (arm.md D.5): per subscription or tenant, per caller, per reads, writes and deletes, with a global bucket
//! fifteen times as large. The headers are always there; the refusals only when the sandbox throttles ARM.

use std::sync::PoisonError;

use super::super::answer::Problem;
use super::super::route::Call;
use super::super::world::World;
use super::scope::Scope;

/// How much larger the bucket of all callers together is.
const GLOBAL: f64 = 15.0;

/// Reads, writes and deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Read,
    Write,
    Delete,
}

impl Operation {
    /// Returns the size of the bucket and how much flows in per second.
    fn bucket(self) -> (f64, f64) {
        match self {
            Self::Read => (250.0, 25.0),
            Self::Write | Self::Delete => (200.0, 10.0),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Delete => "deletes",
        }
    }

    /// Returns the names of the header for the caller's bucket and, in a subscription, of the one for all.
    fn headers(self, is_subscription: bool) -> (&'static str, Option<&'static str>) {
        match (self, is_subscription) {
            (Self::Read, true) => (
                "x-ms-ratelimit-remaining-subscription-reads",
                Some("x-ms-ratelimit-remaining-subscription-global-reads"),
            ),
            (Self::Write, true) => (
                "x-ms-ratelimit-remaining-subscription-writes",
                Some("x-ms-ratelimit-remaining-subscription-global-writes"),
            ),
            (Self::Delete, true) => (
                "x-ms-ratelimit-remaining-subscription-deletes",
                Some("x-ms-ratelimit-remaining-subscription-global-deletes"),
            ),
            (Self::Read, false) => ("x-ms-ratelimit-remaining-tenant-reads", None),
            (Self::Write, false) => ("x-ms-ratelimit-remaining-tenant-writes", None),
            (Self::Delete, false) => ("x-ms-ratelimit-remaining-tenant-deletes", None),
        }
    }
}

type Headers = Vec<(&'static str, String)>;

/// Takes a call out of its buckets and returns the headers that say what is left.
///
/// # Errors
/// 429 with `Retry-After`, when the sandbox throttles ARM and a bucket is empty.
pub(crate) fn take(world: &World, call: &Call) -> Result<Headers, Problem> {
    let is_query = call.segments.get(1).is_some_and(|part| part.eq_ignore_ascii_case("Microsoft.ResourceGraph"));
    let operation = match call.method.as_str() {
        // A query is a read, though it is posted (recorded in 2024).
        "POST" if is_query => Operation::Read,
        "GET" | "HEAD" | "OPTIONS" => Operation::Read,
        "DELETE" => Operation::Delete,
        // A POST counts as a write, cancel and validate included (recorded).
        _ => Operation::Write,
    };
    let scope = Scope::new(&call.segments.join("/"));
    let subscription = scope.subscription();
    let (size, rate) = operation.bucket();
    let (own, global) = operation.headers(subscription.is_some());
    let mut headers: Headers = Vec::new();
    let place = subscription.unwrap_or("tenant");
    let mut draw = |name: &'static str, who: &str, size: f64, rate: f64| -> Result<(), Problem> {
        let key = format!("arm/{place}/{who}/{}", operation.word());
        let left = if world.options.throttle_arm {
            let mut buckets = world.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            buckets.draw(&key, size, rate, call.now).map_err(|seconds| refusal(subscription, operation, seconds))?
        } else {
            size - 1.0
        };
        headers.push((name, format!("{left:.0}")));
        Ok(())
    };
    draw(own, call.caller.label(), size, rate)?;
    if let Some(global) = global {
        draw(global, "*", size * GLOBAL, rate * GLOBAL)?;
    }
    Ok(headers)
}

fn refusal(subscription: Option<&str>, operation: Operation, seconds: u64) -> Problem {
    let (code, place) = match subscription {
        Some(id) => ("SubscriptionRequestsThrottled", format!("subscription '{id}'")),
        None => ("TooManyRequests", "the tenant".to_owned()),
    };
    let text = format!(
        "Number of '{}' requests for {place} exceeded the limit. Please try again after '{seconds}' seconds.",
        operation.word()
    );
    let mut problem = Problem::new(429, code, text);
    problem.headers.push(("retry-after", seconds.to_string()));
    problem
}
