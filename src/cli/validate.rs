//! `rolewright validate`: everything that can be known offline.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::guardrails;
use crate::guardrail::folder;
use crate::manifest;
use crate::render::diagnostic;

/// Flags of `validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder or file of manifests.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The form of the result. `text` goes to stderr; the others are data and go to stdout.
    #[arg(long, value_name = "FORM", default_value = "text", env = "ROLEWRIGHT_VALIDATE_FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Like a compiler, with snippets.
    Text,
    /// One JSON document, versioned.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub workflow annotations.
    Github,
}

/// Checks the manifests.
pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let manifests = manifest::validate(&args.path);
    let (bundles, mistakes) = guardrails::check(context, &args.path, &manifests);
    let mut diagnostics = manifests.diagnostics.clone();
    diagnostics.extend(mistakes);
    crate::core::diagnostic::sort(&mut diagnostics);
    let diagnostics = &diagnostics;
    let source = |name: &str| guardrails::source(&manifests, &bundles, name);
    let prefix = prefix(&args.path);
    let text = match args.format {
        Format::Text => {
            let text = match diagnostics.is_empty() {
                true => {
                    let count = manifests.documents.len();
                    format!("ok: {count} document{} without a mistake\n", if count == 1 { "" } else { "s" })
                }
                false => diagnostic::text(diagnostics, &source, context.color),
            };
            context.print(&text)?;
            String::new()
        }
        Format::Json => diagnostic::json(diagnostics, &source),
        Format::Sarif => {
            let mut codes = manifest::check::codes();
            codes.extend(folder::CODES);
            codes.sort_by_key(|known| known.code);
            diagnostic::sarif(diagnostics, &source, &codes, &prefix)
        }
        Format::Github => diagnostic::github(diagnostics, &source, &prefix),
    };
    context.print(&text)?;
    Ok(match diagnostics.iter().any(|d| d.is_error()) {
        true => Exit::Error,
        false => Exit::Success,
    })
}

/// Returns what leads from the working folder to the file names in complaints, with `/` at its end.
pub(crate) fn prefix(path: &Path) -> String {
    let folder = if path.is_file() { path.parent().unwrap_or(Path::new("")) } else { path };
    let text = folder.to_string_lossy().replace('\\', "/");
    let text = text.trim_start_matches("./").trim_end_matches('/');
    if text.is_empty() || text == "." { String::new() } else { format!("{text}/") }
}
