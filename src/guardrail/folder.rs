//! A path to a bundle: every `.rego` and `.json` file below a folder.
//!
//! `*_test.rego` is left out, and so is what is hidden. Whatever else ends in the two names is read or is a complaint: a policy that
//! nobody read refuses nothing. Links are not followed, on the way to the folder neither: what judges a plan is what was reviewed at
//! its place.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::core::change::{canonical, digest};
use crate::core::diagnostic::{Code, Diagnostic, Severity};
use crate::core::origin::Origin;
use crate::guardrail::{Bundle, File};

/// A folder of policies cannot be used.
pub const FOLDER: &str = "guardrail-folder";
/// A policy cannot be used.
pub const POLICY: &str = "guardrail-policy";

/// The codes of this room's complaints.
pub const CODES: [Code; 2] = [
    Code {
        code: FOLDER,
        severity: Severity::Error,
        about: "A folder of guardrails is missing, empty or cannot be read, so nobody knows what it refuses",
    },
    Code {
        code: POLICY,
        severity: Severity::Error,
        about: "A guardrail cannot be read or evaluated; it refuses until it can",
    },
];

/// The largest file; the interpreter takes no larger policy.
const FILE_LIMIT: u64 = 1 << 20;
/// The most that a folder may hold.
const TOTAL_LIMIT: u64 = 16 << 20;
/// The most files of a folder.
const COUNT_LIMIT: usize = 1_000;
/// The deepest folder.
const DEPTH_LIMIT: usize = 16;

/// Reads a folder. `root` is where the path begins, however that is reached; no part of the `path` below it may be a link. `shown` is how
/// the folder was named and `at` where.
///
/// # Errors
/// Everything that is wrong with the folder or its files.
pub fn read(root: &Path, path: &Path, shown: &str, at: Option<&Origin>) -> Result<Bundle, Vec<Diagnostic>> {
    let error = |message: String| Diagnostic::error(FOLDER, at.cloned(), message);
    let mut walk = Walk { found: Vec::new(), mistakes: Vec::new(), error: &error };
    if let Some(link) = link(root, path) {
        let link = link.display();
        let message = format!("the folder of guardrails `{shown}`: `{link}` is a link; links are not followed");
        return Err(vec![error(message)]);
    }
    let path = &root.join(path);
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => walk.folder(path, "", 0),
        Ok(_) => walk.mistakes.push(error(format!("`{shown}` is no folder; guardrails are named by their folder"))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let mistake = error(format!("the folder of guardrails `{shown}` does not exist"));
            walk.mistakes.push(mistake.help("folders are relative to the manifest that names them"));
        }
        Err(e) => walk.mistakes.push(error(format!("the folder of guardrails `{shown}` cannot be read: {e}"))),
    }
    let Walk { mut found, mut mistakes, .. } = walk;
    found.sort();
    if mistakes.is_empty() && !found.iter().any(|(name, _)| name.ends_with(".rego")) {
        let mistake = error(format!("the folder of guardrails `{shown}` holds no `.rego` file"));
        mistakes.push(mistake.help("an empty folder would judge nothing; remove the entry, or put policies there"));
    }
    let mut files = Vec::new();
    let mut total = 0;
    let prefix = shown.trim_end_matches(['/', '\\']).replace('\\', "/");
    for (relative, path) in found {
        let name = format!("{prefix}/{relative}");
        match text(&path, &mut total) {
            Ok(text) => files.push((relative, File { name, text })),
            Err(why) => mistakes.push(error(format!("`{name}` {why}"))),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let digests = files.iter().map(|(relative, file)| serde_json::json!([relative, digest(&file.text)])).collect();
    Ok(Bundle {
        path: shown.to_owned(),
        digest: digest(&canonical(&serde_json::Value::Array(digests))),
        files: files.into_iter().map(|(_, file)| file).collect(),
    })
}

/// Returns the first part of a path that is a link. It is asked name by name: with a separator at its end, or a part after it, the system
/// follows a link itself.
fn link(root: &Path, path: &Path) -> Option<PathBuf> {
    let (mut whole, mut named) = (root.to_owned(), PathBuf::new());
    for part in path.components().filter(|part| *part != Component::CurDir) {
        whole.push(part);
        named.push(part);
        if fs::symlink_metadata(&whole).is_ok_and(|metadata| metadata.is_symlink()) {
            return Some(named);
        }
    }
    None
}

/// The files of a folder, as they are found.
struct Walk<'a> {
    found: Vec<(String, PathBuf)>,
    mistakes: Vec<Diagnostic>,
    error: &'a dyn Fn(String) -> Diagnostic,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, relative: &str, depth: usize) {
        let shown = if relative.is_empty() { "the folder of guardrails" } else { relative };
        if depth > DEPTH_LIMIT || self.found.len() > COUNT_LIMIT {
            let limits = format!("more than {COUNT_LIMIT} files, or folders more than {DEPTH_LIMIT} deep");
            return self.mistakes.push((self.error)(format!("the folder of guardrails has {limits}")));
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => return self.mistakes.push((self.error)(format!("`{shown}` cannot be read: {e}"))),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) => self.entry(&entry.path(), kind, relative, depth),
                Err(e) => self.mistakes.push((self.error)(format!("`{shown}` cannot be read: {e}"))),
            }
        }
    }

    fn entry(&mut self, path: &Path, kind: fs::FileType, folder: &str, depth: usize) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return self.mistakes.push((self.error)(format!("`{}` is no name in UTF-8", path.display())));
        };
        if name.starts_with('.') {
            return;
        }
        let relative = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let lower = name.to_ascii_lowercase();
        let is_ours = lower.ends_with(".rego") || lower.ends_with(".json");
        if kind.is_symlink() {
            // it may lead to a folder of policies
            self.mistakes.push((self.error)(format!("`{relative}` is a link; links are not followed")));
        } else if kind.is_dir() {
            self.folder(path, &relative, depth + 1);
        } else if is_ours && lower != name {
            self.mistakes.push((self.error)(format!("`{relative}`: write the ending of its name in small letters")));
        } else if is_ours && !kind.is_file() {
            self.mistakes.push((self.error)(format!("`{relative}` is no regular file")));
        } else if is_ours && !name.ends_with("_test.rego") {
            self.found.push((relative, path.to_owned()));
        }
    }
}

/// Reads one file.
fn text(path: &Path, total: &mut u64) -> Result<String, String> {
    let unreadable = |e: std::io::Error| format!("cannot be read: {e}");
    let size = fs::metadata(path).map_err(unreadable)?.len();
    *total += size;
    if size > FILE_LIMIT {
        return Err(format!("has {size} bytes, more than {FILE_LIMIT}"));
    }
    if *total > TOTAL_LIMIT {
        return Err(format!("is too much: the folder has more than {TOTAL_LIMIT} bytes"));
    }
    fs::read_to_string(path).map_err(unreadable)
}
