//! Showing complaints about manifests.

use crate::cli::context::Context;
use crate::core::diagnostic::Diagnostic;
use crate::manifest::Manifests;
use crate::render::diagnostic;

/// Shows complaints on stderr, with snippets of the manifests.
pub(crate) fn show(context: &Context, manifests: &Manifests, diagnostics: &[Diagnostic]) {
    show_with(context, &|name| manifests.sources.text(name), diagnostics);
}

/// Shows complaints on stderr, with snippets of what `source` gives for a file's name.
pub(crate) fn show_with(context: &Context, source: &diagnostic::Source<'_>, diagnostics: &[Diagnostic]) {
    let shown: Vec<Diagnostic> = diagnostics.iter().filter(|d| d.is_error() || !context.flags.quiet).cloned().collect();
    if !shown.is_empty() {
        let text = diagnostic::text(&shown, source, context.color_stderr);
        context.warn(&text);
    }
}
