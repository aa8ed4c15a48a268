//! Reads a Rust source as text: which of our paths it names, comments and literals aside.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file: as it is, and with comments and literals blanked.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) code: String,
}

impl Source {
    /// Returns the room: the first name below `src/`. The two files at the door belong to none.
    pub(super) fn room(&self) -> Option<String> {
        let inner = self.name.strip_prefix("src/")?;
        let first = inner.split('/').next()?.trim_end_matches(".rs");
        (!matches!(first, "lib" | "main")).then(|| first.to_owned())
    }

    /// Returns the module path of the file, e.g. `core`, `guard`, `lockout`.
    fn module(&self) -> Vec<&str> {
        let inner = self.name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        inner.split('/').collect()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Returns every path of ours that the code names, from the root of the crate, with its line.
    pub(super) fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            let rest = &self.code[at..];
            let is_start = !self.code[..at].ends_with(|c: char| is_word(c) || c == ':');
            if !is_start || !(rest.starts_with("crate::") || rest.starts_with("super::")) {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let mut base: Vec<String> = Vec::new();
            if rest.starts_with("super::") {
                base = self.module().into_iter().map(str::to_owned).collect();
                base.extend(inline_modules(&self.code[..at]));
            }
            let mut tree = rest;
            while let Some(inner) = tree.strip_prefix("super::") {
                base.pop();
                tree = inner;
            }
            tree = tree.strip_prefix("crate::").unwrap_or(tree);
            let line = self.code[..at].matches('\n').count() + 1;
            let mut paths = Vec::new();
            let length = expand(tree, &base.join("::"), &mut paths);
            found.extend(paths.into_iter().map(|path| (line, path)));
            at += rest.len() - tree.len() + length;
        }
        found
    }
}

/// Returns the names of the inline modules that are open at the end of `code`, judged by indentation (the code is formatted).
fn inline_modules(code: &str) -> Vec<String> {
    let mut open: Vec<(usize, String)> = Vec::new();
    for line in code.lines() {
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if trimmed.starts_with('}') {
            open.retain(|(outer, _)| *outer < indent);
        }
        let words: Vec<&str> = trimmed.split_whitespace().collect();
        if let [.., "mod", name, "{"] = words.as_slice() {
            open.push((indent, (*name).to_owned()));
        }
    }
    open.into_iter().map(|(_, name)| name).collect()
}

/// Expands the use tree at the start of `tree` below `base` into whole paths; returns how many bytes it took.
fn expand(tree: &str, base: &str, found: &mut Vec<String>) -> usize {
    let join = |name: &str| if base.is_empty() { name.to_owned() } else { format!("{base}::{name}") };
    if let Some(mut inner) = tree.strip_prefix('{') {
        loop {
            let skipped = inner.len() - inner.trim_start_matches([' ', '\n', ',']).len();
            inner = &inner[skipped..];
            match inner.chars().next() {
                None => return tree.len(),
                Some('}') => return tree.len() - inner.len() + 1,
                Some(_) => inner = &inner[expand(inner, base, found).max(1)..],
            }
        }
    }
    let name: String = tree.chars().take_while(|c| is_word(*c)).collect();
    let rest = &tree[name.len()..];
    match rest.strip_prefix("::") {
        Some(inner) if inner.starts_with(|c: char| is_word(c) || c == '{') => {
            name.len() + 2 + expand(inner, &join(&name), found)
        }
        _ => {
            found.push(if name.is_empty() || name == "self" { base.to_owned() } else { join(&name) });
            let alias = rest.strip_prefix(" as ").map_or(0, |a| 4 + a.chars().take_while(|c| is_word(*c)).count());
            name.len() + alias
        }
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Tells whether a line of code begins a path with the crate's name.
pub(super) fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].trim_end_matches("r#");
        let after = &line[at + name.len()..];
        let begins = !before.ends_with(|c: char| is_word(c) || c == ':' || c == '.');
        let is_used = before.trim_end().ends_with("use") && !after.starts_with(is_word);
        begins && (after.starts_with("::") || is_used)
    })
}

/// Returns the text with comments and literals replaced by blanks; lines stay where they are.
pub(super) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let prefix_ends = out.ends_with(is_word);
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            literal(rest, '"')
        } else if c == 'r' && !prefix_ends && rest[1..].trim_start_matches('#').starts_with('"') {
            let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len())
        } else if c == '\'' && is_character(rest) {
            literal(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

/// Returns the length of the literal at the start of `text`, with both quotes.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Tells a character from a lifetime.
fn is_character(text: &str) -> bool {
    let mut inner = text.chars().skip(1);
    inner.next() == Some('\\') || inner.next() == Some('\'')
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
    path.trim_start_matches("./").to_owned()
}

/// Returns the files below a path, sorted, without what is built or checked out around them.
pub(super) fn files(path: &str) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![root().join(path)];
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if ["target", ".git", ".rolewright"].contains(&name.as_str()) {
            continue;
        } else if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            found.insert(path);
        }
    }
    found.into_iter().collect()
}

/// Returns the Rust sources below a folder.
pub(super) fn sources(folder: &str) -> Vec<Source> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        Source { name: relative(&path), code: blank(&text), text }
    })
    .collect()
}
