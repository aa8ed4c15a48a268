//! The check after an apply: the tenant is looked at until what was carried out can be seen.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;

use crate::cli::connection::Connection;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::core::change::Change;
use crate::core::outcome::{Report, State};
use crate::render::escape;

/// The waits before the tenant is compared again after an apply; recent writes may not be visible at once (graph.md 6.4).
const LOOKS: [i64; 6] = [0, 2, 4, 8, 16, 30];

/// Looks again, after longer and longer waits, until a look is the last one that is needed; returns the last. `None` when somebody
/// stopped the run before the first.
pub(super) async fn look<T>(
    context: &Context,
    connection: &Connection,
    stop: &AtomicBool,
    look: impl AsyncFn() -> Result<T, Fault>,
    is_over: impl Fn(&T) -> bool,
) -> Result<Option<T>, Fault> {
    let mut last = None;
    for seconds in LOOKS {
        connection.clock.sleep(SignedDuration::from_secs(seconds)).await;
        if stop.load(Ordering::SeqCst) {
            context.say("Stopped before the check of the tenant was over.\n");
            break;
        }
        let found = look().await?;
        let is_last = is_over(&found);
        last = Some(found);
        if is_last {
            break;
        }
    }
    Ok(last)
}

/// Returns the changes that were carried out, whether they can be seen already or not.
pub(super) fn done(report: &Report) -> impl Iterator<Item = usize> {
    let is_done = |state: &State| state.is_success() || matches!(state, State::Pending(_));
    report.outcomes.iter().filter(move |outcome| is_done(&outcome.state)).map(|outcome| outcome.change)
}

/// Says that nobody knows whether the tenant matches.
pub(super) fn incomplete(context: &Context) -> Exit {
    context
        .complain("the tenant could not be read completely after the apply, so nobody knows whether it matches", None);
    Exit::Error
}

/// Says what is left to do.
pub(super) fn leftovers<'a>(
    context: &Context,
    what: &str,
    changes: impl IntoIterator<Item = &'a Change>,
    advice: &str,
) -> Result<Exit, Fault> {
    let mut text = format!("\n{what} Left to do:\n");
    for change in changes {
        text.push_str(&format!("  {} {}\n", change.action.as_str(), escape::terminal(&change.address)));
    }
    text.push_str(&format!("Run `rolewright plan` later: {advice}\n"));
    context.print(&text)?;
    Ok(Exit::Partial)
}
