//! `apply --preflight`: what the service says to the requests of a plan before the first of them is sent in earnest.

use crate::cli::connection::Connection;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::core::change::Change;
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::Plan;
use crate::manifest::Manifests;
use crate::reconcile::journal::Journal;
use crate::reconcile::preflight::{Judgement, Preflight, PreflightError};
use crate::render::{diagnostic, escape};

/// Asks the service about each assignment of a plan and says what came of it. [`Exit::Success`] when the plan may be carried out,
/// [`Exit::Partial`] when the service may have carried out what it was to judge, else [`Exit::Error`].
///
/// `manifests` are those that the plan was made from, where they are at hand: refusals show their lines.
///
/// # Errors
/// When the service could not be asked. Nothing was written then.
pub(crate) async fn run(
    context: &Context,
    manifests: Option<&Manifests>,
    connection: &Connection,
    plan: &Plan,
    journal: &mut dyn Journal,
) -> Result<Exit, Fault> {
    let preflight = Preflight::new(&connection.client, connection.clock.clone(), journal);
    let checks = preflight.check(plan).await.map_err(|error| match error {
        PreflightError::Transport(error) => Fault::from(error),
        error => Fault::error(format!("{error}; nothing was written")),
    })?;
    let (mut fine, mut refused, mut unchecked, mut unanswered) = (0, Vec::new(), Vec::new(), Vec::new());
    let mut carried_out = Vec::new();
    for check in &checks {
        let change = &plan.changes[check.change];
        match &check.judgement {
            Judgement::Fine => fine += 1,
            Judgement::Refused(why) => refused.push(refusal(change, why)),
            Judgement::NotChecked(why) => unchecked.push(line(change, why)),
            Judgement::Unanswered(why) => unanswered.push(line(change, why)),
            Judgement::CarriedOut => carried_out.push(change.address.clone()),
        }
    }
    let checked = fine + refused.len();
    let text = format!("Preflight: {checked} of {} assignment change(s) checked", checks.len());
    context.say(&match unchecked.len() {
        0 => format!("{text}.\n"),
        count => format!("{text}, {count} could not be:\n{}", unchecked.concat()),
    });
    if !refused.is_empty() {
        let source = |name: &str| manifests.and_then(|manifests| manifests.sources.text(name));
        context.warn(&diagnostic::text(&refused, &source, context.color_stderr));
    }
    if !unanswered.is_empty() {
        context.warn(&format!("Not answered:\n{}", unanswered.concat()));
    }
    if !carried_out.is_empty() {
        context.complain_of(
            &format!(
                "the service does not say that it only judged {} request(s): it may have carried them out; nothing was \
                 sent after that was seen",
                carried_out.len()
            ),
            &carried_out,
            Some("run `rolewright plan` to see whether it did, and do not use --preflight with this service"),
        );
        return Ok(Exit::Partial);
    }
    if !refused.is_empty() {
        context.complain(
            &format!("the service would refuse {} of {checked} request(s); nothing was written", refused.len()),
            Some("change the assignments, or the settings that refuse them, and run `rolewright apply` again"),
        );
    }
    if !unanswered.is_empty() {
        context.complain(
            &format!("the service did not judge {} request(s); nothing was written", unanswered.len()),
            Some("run `rolewright apply` again later, or without --preflight"),
        );
    }
    Ok(if refused.is_empty() && unanswered.is_empty() { Exit::Success } else { Exit::Error })
}

fn refusal(change: &Change, why: &str) -> Diagnostic {
    let message = format!("the service would refuse `{}`: {why}", change.address);
    Diagnostic::error("preflight-refused", change.source.clone(), message)
}

fn line(change: &Change, why: &str) -> String {
    let at = change.source.as_ref().map(|at| format!(" ({})", escape::terminal(&at.to_string()))).unwrap_or_default();
    format!("  {}{at}:\n    {}\n", escape::terminal(&change.address), escape::terminal(why))
}
