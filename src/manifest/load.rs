//! A path to texts: the room's only I/O.
//!
//! Whatever the folder holds, every readable manifest is read and everything else is a complaint: a file that nobody read may
//! declare something, so it never vanishes silently.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;

use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::manifest::code;
use crate::manifest::source::SourceFile;

/// The largest file that is read. The largest manifest met in the wild has well under 1 MB.
const FILE_LIMIT: u64 = 64 << 20;
/// The most that all files together may hold.
const TOTAL_LIMIT: u64 = 256 << 20;

/// What a path gave.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The files in the order of their names.
    pub(crate) files: Vec<SourceFile>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads a file, or every `.yaml` and `.yml` file below a folder. Hidden files and folders (`.git`, `.rolewright`) are skipped;
/// what Git ignores is not: a file must not change its meaning with a line in `.gitignore`.
pub(crate) fn load(path: &Path) -> Loaded {
    let mut out = Loaded::default();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let shown = path.display();
            out.diagnostics.push(match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Diagnostic::error(code::PATH_NOT_FOUND, None, format!("`{shown}` does not exist"))
                        .help("give the folder or file of the manifests")
                }
                _ => Diagnostic::error(code::UNREADABLE_FILE, None, format!("`{shown}` cannot be read: {error}")),
            });
            return out;
        }
    };
    let mut paths = Vec::new();
    if metadata.is_dir() {
        find(path, &mut paths, &mut out.diagnostics);
    } else {
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        paths.push((name.into_owned(), path.to_owned()));
    }
    paths.sort();
    if paths.is_empty() && out.diagnostics.is_empty() {
        let message = format!("`{}` holds no `.yaml` or `.yml` file", path.display());
        out.diagnostics.push(
            Diagnostic::error(code::NO_MANIFESTS, None, message)
                .help("an empty folder is never read as `remove everything`; give the folder of the manifests"),
        );
    }
    let mut left = TOTAL_LIMIT;
    for (name, path) in paths {
        let name: Arc<str> = name.into();
        match read(&path, &name, &mut left) {
            Ok(text) => out.files.push(SourceFile { name, text }),
            Err(diagnostic) => out.diagnostics.push(*diagnostic),
        }
    }
    out
}

/// Finds the manifests below a folder.
fn find(root: &Path, paths: &mut Vec<(String, PathBuf)>, diagnostics: &mut Vec<Diagnostic>) {
    let walk = WalkBuilder::new(root).standard_filters(false).hidden(true).follow_links(true).build();
    for entry in walk {
        match entry {
            Ok(entry) => {
                let path = entry.path();
                let is_manifest = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                if is_manifest && !is_folder {
                    paths.push((relative(root, path), path.to_owned()));
                }
            }
            Err(error) => diagnostics.push(walk_error(root, &error)),
        }
    }
}

/// Returns the complaint about a place that could not be walked into.
fn walk_error(root: &Path, error: &ignore::Error) -> Diagnostic {
    let at = |path: &Path| Some(beginning(&relative(root, path).into()));
    match error {
        ignore::Error::WithPath { path, err } => match innermost(err) {
            ignore::Error::Io(io) if fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink()) => {
                match io.kind() {
                    // whatever it is called: it may have led to a folder of manifests
                    std::io::ErrorKind::NotFound => {
                        Diagnostic::error(code::DANGLING_LINK, at(path), "the link leads nowhere")
                    }
                    _ => Diagnostic::error(code::LINK_LOOP, at(path), format!("the link cannot be followed: {io}")),
                }
            }
            ignore::Error::Loop { ancestor, .. } => {
                let message = format!("the link leads back to `{}`", relative(root, ancestor));
                Diagnostic::error(code::LINK_LOOP, at(path), message).help("remove the link")
            }
            ignore::Error::Io(io) => {
                Diagnostic::error(code::UNREADABLE_FILE, at(path), format!("cannot be read: {io}"))
            }
            other => Diagnostic::error(code::UNREADABLE_FILE, at(path), format!("cannot be read: {other}")),
        },
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => walk_error(root, err),
        ignore::Error::Loop { ancestor, child } => {
            let message = format!("the link leads back to `{}`", relative(root, ancestor));
            Diagnostic::error(code::LINK_LOOP, at(child), message).help("remove the link")
        }
        other => Diagnostic::error(code::UNREADABLE_FILE, None, format!("a folder cannot be read: {other}")),
    }
}

fn innermost(error: &ignore::Error) -> &ignore::Error {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => innermost(err),
        other => other,
    }
}

/// Returns the name of a file relative to the folder, with `/` on every system.
fn relative(root: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let name: Vec<_> = rest.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    match name.is_empty() {
        true => ".".to_owned(),
        false => name.join("/"),
    }
}

/// Returns the beginning of a file, for complaints about the whole of it.
fn beginning(name: &Arc<str>) -> Origin {
    Origin { file: Arc::clone(name), line: 1, column: 1, start: 0, end: 0 }
}

/// Reads one file as text.
fn read(path: &Path, name: &Arc<str>, left: &mut u64) -> Result<Arc<str>, Box<Diagnostic>> {
    let at = || Some(beginning(name));
    let unreadable =
        |error: &std::io::Error| Diagnostic::error(code::UNREADABLE_FILE, at(), format!("cannot be read: {error}"));
    // before opening: opening a pipe would wait for its other end
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(Diagnostic::error(code::NOT_A_FILE, at(), "this is no regular file").into());
    }
    let limit = FILE_LIMIT.min(*left);
    let too_large = |size: u64| {
        let message = match size > FILE_LIMIT {
            true => format!("the file has {size} bytes, more than {} MiB", FILE_LIMIT >> 20),
            false => format!("all files together have more than {} MiB", TOTAL_LIMIT >> 20),
        };
        Diagnostic::error(code::FILE_TOO_LARGE, at(), message).help("split it, or move it out of the manifests' folder")
    };
    if metadata.len() > limit {
        return Err(too_large(metadata.len()).into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    let size = bytes.len() as u64;
    if size > limit {
        return Err(too_large(size).into());
    }
    *left -= size;
    decode(bytes, name)
}

/// Decodes the content of a file.
pub(crate) fn decode(bytes: Vec<u8>, name: &Arc<str>) -> Result<Arc<str>, Box<Diagnostic>> {
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        let message = format!("a NUL byte at offset {offset}: this is no text in UTF-8");
        return Err(Diagnostic::error(code::BINARY_FILE, Some(beginning(name)), message)
            .help("store manifests as UTF-8 text; UTF-16 is not read")
            .into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let valid = String::from_utf8_lossy(&error.as_bytes()[..offset]);
            let line = u32::try_from(valid.matches('\n').count() + 1).unwrap_or(u32::MAX);
            let start = valid.rfind('\n').map_or(0, |at| at + 1);
            let column = u32::try_from(valid[start..].chars().count() + 1).unwrap_or(u32::MAX);
            let at = Origin { line, column, ..beginning(name) };
            let message = format!("the byte at offset {offset} is not valid UTF-8");
            Err(Diagnostic::error(code::INVALID_UTF8, Some(at), message).help("store manifests as UTF-8 text").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(loaded: &Loaded) -> Vec<&str> {
        loaded.files.iter().map(|file| file.name.as_ref()).collect()
    }

    fn codes(loaded: &Loaded) -> Vec<&str> {
        loaded.diagnostics.iter().map(|d| d.code).collect()
    }

    #[test]
    fn every_manifest_is_found_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in
            ["b/z.yaml", "b/a.yml", "a.yaml", "ignored.yaml", ".git/x.yaml", ".rolewright/y.yaml", "guardrails/p.rego"]
        {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "a: 1\n").unwrap();
        }
        fs::write(root.join(".gitignore"), "ignored.yaml\n").unwrap();
        let loaded = load(root);
        assert_eq!(names(&loaded), ["a.yaml", "b/a.yml", "b/z.yaml", "ignored.yaml"]);
        assert_eq!(codes(&loaded), [""; 0]);
        assert_eq!(names(&load(&root.join("b/a.yml"))), ["a.yml"]);
    }

    #[test]
    fn what_cannot_be_read_is_a_complaint_and_the_rest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("good.yaml"), "a: 1\n").unwrap();
        fs::write(root.join("binary.yaml"), b"a\0b").unwrap();
        fs::write(root.join("latin.yaml"), b"a: 1\nb: \xe4\n").unwrap();
        fs::create_dir(root.join("folder.yaml")).unwrap();
        fs::File::create(root.join("huge.yaml")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere.yaml", root.join("dangling.yaml")).unwrap();
            std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
        }
        let loaded = load(root);
        assert_eq!(names(&loaded), ["good.yaml"]);
        let mut found = codes(&loaded);
        found.sort_unstable();
        let mut want = vec!["binary-file", "file-too-large", "invalid-utf8"];
        if cfg!(unix) {
            want = vec!["binary-file", "dangling-link", "file-too-large", "invalid-utf8", "link-loop"];
        }
        assert_eq!(found, want);
        let latin = loaded.diagnostics.iter().find(|d| d.code == "invalid-utf8").unwrap();
        let at = latin.at.as_ref().unwrap();
        assert_eq!((at.line, at.column), (2, 4));
        assert!(latin.message.contains("offset 8"), "{}", latin.message);
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(codes(&load(folder.path())), ["no-manifests"]);
        assert_eq!(codes(&load(&folder.path().join("none"))), ["path-not-found"]);
    }
}
