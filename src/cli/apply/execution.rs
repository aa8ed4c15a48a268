//! Carrying a plan out, whatever it came from: the journal, progress, Ctrl-C, the report, and the check afterwards.

use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, join, select};

use crate::cli::apply::Args;
use crate::cli::connection::Connection;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::preflight;
use crate::core::change::Change;
use crate::core::order::Phase;
use crate::core::outcome::{Report, State};
use crate::core::plan::Plan;
use crate::manifest::Manifests;
use crate::reconcile::apply::{Applier, Progress};
use crate::reconcile::journal::{Entry, Journal, NoJournal};
use crate::render;

/// Asks the service about it first where that is wanted, carries `plan` out, says what became of each change, and has the tenant checked.
pub(super) async fn execute(
    context: &Context,
    args: &Args,
    connection: &Connection,
    plan: &Plan,
    manifests: Option<&Manifests>,
    recheck: impl AsyncFn() -> Result<Exit, Fault>,
    verify: impl AsyncFn(&Report, &AtomicBool) -> Result<Exit, Fault>,
) -> Result<Exit, Fault> {
    let options = crate::cli::plan::options(context, render::plan::Wording::Apply);
    let mut journal: Box<dyn Journal> = match &args.journal {
        Some(path) => Box::new(JournalFile::open(path)?),
        None => Box::new(NoJournal),
    };
    if args.preflight {
        let exit = preflight::run(context, manifests, connection, plan, &mut *journal).await?;
        if exit != Exit::Success {
            return Ok(exit);
        }
        // asking took its time
        let exit = recheck().await?;
        if exit != Exit::Success {
            context.complain("the tenant changed during the preflight; nothing was written", Some("plan again"));
            return Ok(exit);
        }
    }
    let mut progress = Bar::new(context, plan);
    let interrupt = Interrupt::listen();
    let stop = interrupt.stop.clone();
    let work = async {
        let report = Applier {
            client: &connection.client,
            writer: connection.client.writer(),
            clock: connection.clock.clone(),
            journal: &mut *journal,
            progress: &mut progress,
            stop: &stop,
        }
        .apply(plan)
        .await;
        progress.finish();
        context.print(&render::report::text(plan, &report, &options))?;
        if report.was_wider {
            context.complain("the service granted more than was asked for; see above", None);
        }
        let mut exit = if report.is_complete() { Exit::Success } else { Exit::Partial };
        if !stop.load(Ordering::SeqCst) {
            exit = exit.and(verify(&report, &stop).await?);
        }
        Ok(exit)
    };
    match select(pin!(work), pin!(interrupt.again())).await {
        Either::Left((exit, _)) => exit,
        Either::Right(((), _)) => {
            context.complain(
                "ended at once by a second Ctrl-C: the request under way may have happened, and settings loosened for \
                 assignments may still be loose",
                Some("run `rolewright apply` again; it does only what is still missing"),
            );
            Ok(Exit::Partial)
        }
    }
}

/// Ctrl-C. After the first no further step begins but those that tighten what was loosened; the one under way is finished
/// and noted. The second ends the run at once.
struct Interrupt {
    stop: Arc<AtomicBool>,
    second: tokio::sync::oneshot::Receiver<()>,
}

impl Interrupt {
    fn listen() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, second) = tokio::sync::oneshot::channel();
        let flag = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            flag.store(true, Ordering::SeqCst);
            // listens before it speaks: whoever reads the line may press at once
            let (pressed, ()) = join(tokio::signal::ctrl_c(), async {
                let text = "Stopping after the step under way; Ctrl-C again ends at once.";
                let _ = writeln!(std::io::stderr().lock(), "{text}");
            })
            .await;
            if pressed.is_ok() {
                let _ = tell.send(());
            }
        });
        Self { stop, second }
    }

    /// Ends at the second Ctrl-C.
    async fn again(self) {
        if self.second.await.is_err() {
            // nobody listens any more
            std::future::pending::<()>().await;
        }
    }
}

/// The journal as a file: opened for appending, one line per entry, flushed to the disk before the next write is sent.
struct JournalFile {
    file: std::fs::File,
}

impl JournalFile {
    fn open(path: &std::path::Path) -> Result<Self, Fault> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let file =
            file.map_err(|error| Fault::error(format!("cannot write the journal {}: {error}", path.display())))?;
        Ok(Self { file })
    }
}

impl Journal for JournalFile {
    fn record(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}

/// Progress on stderr.
struct Bar(render::progress::Bar);

impl Bar {
    fn new(context: &Context, plan: &Plan) -> Self {
        let steps = plan.steps().map(|steps| steps.len()).unwrap_or_default();
        Self(render::progress::Bar::new(steps, context.progress))
    }

    fn finish(self) {
        self.0.finish();
    }
}

impl Progress for Bar {
    fn begin(&mut self, change: &Change, phase: Phase) {
        self.0.say(&format!("{}: {}", phase.as_str(), change.address));
    }

    fn end(&mut self, _: &Change, _: Phase, _: &State) {
        self.0.advance();
    }
}
