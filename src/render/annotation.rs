//! Workflow commands of GitHub Actions that become annotations beside lines of files.

use std::fmt::Write;

use crate::render::escape::{terminal, workflow_data, workflow_property};

/// Where an annotation stands: file, line, column, and where it ends.
pub(super) struct Spot<'a> {
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end: Option<(u32, u32)>,
}

/// Returns one command, `::error file=…,line=…,col=…,title=…::…`, with a newline at the end. Line feeds in `message` are line
/// breaks of the annotation: what is foreign in it must have gone through [`terminal`].
pub(super) fn command(kind: &str, spot: Option<&Spot<'_>>, title: &str, message: &str) -> String {
    let mut properties = String::new();
    if let Some(at) = spot {
        // writing to a string cannot fail
        let _ =
            write!(properties, "file={},line={},col={},", workflow_property(&terminal(at.file)), at.line, at.column);
        if let Some((line, column)) = at.end {
            let _ = write!(properties, "endLine={line},endColumn={column},");
        }
    }
    format!("::{kind} {properties}title={}::{}\n", workflow_property(&terminal(title)), workflow_data(message))
}

/// Returns `file` under `prefix`, with one `/` between them.
pub(super) fn join(prefix: &str, file: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" | "." => file.to_owned(),
        folder => format!("{}/{file}", folder.strip_prefix("./").unwrap_or(folder)),
    }
}
