//! The excerpt that comes with the repository: one pair of each sort, without anybody's ids, names and words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::json::Json;
use crate::pair::Pair;
use crate::{shape, verdict};

/// Members whose text somebody wrote.
const WRITTEN: &[&str] = &["description", "displayName", "justification", "email", "$skipToken", "SkipToken"];
/// Headers whose value the replay reads.
const READ: &[&str] = &["date", "content-type", "retry-after", "allow"];
/// The most rows of a list that are kept, each of another form.
const ROWS: usize = 6;
/// The most items of any other list.
const ITEMS: usize = 3;

/// The GUIDs of built-in roles, which are the same everywhere.
pub(crate) static BUILT_IN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let roles: Value = serde_json::from_str(include_str!("../../src/sandbox/data/azure_roles.json")).unwrap();
    roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
});

/// The names of built-in roles.
static ROLE_NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let roles: Value = serde_json::from_str(include_str!("../../src/sandbox/data/azure_roles.json")).unwrap();
    roles.as_array().unwrap().iter().map(|role| role["roleName"].as_str().unwrap().to_owned()).collect()
});

/// Returns where the excerpt is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay/recordings")
}

/// Reads the excerpt.
pub(crate) fn read() -> Vec<Pair> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.iter().flat_map(|file| serde_json::from_slice::<Vec<Pair>>(&std::fs::read(file).unwrap()).unwrap()).collect()
}

/// Writes the excerpt of these pairs, a file for each project, a line for each pair.
pub(crate) fn write(pairs: &[Pair]) {
    let mut projects = BTreeMap::<&str, Vec<String>>::new();
    let (mut seen, mut names) = (BTreeSet::new(), Names::default());
    for pair in pairs {
        if verdict::other(pair).is_none() && (is_whole(pair) || seen.insert(sort(pair))) {
            let project = pair.recording.split('/').next().unwrap();
            projects.entry(project).or_default().push(serde_json::to_string(&names.neutral(pair)).unwrap());
        }
    }
    for (project, lines) in projects {
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        std::fs::write(folder().join(format!("{project}.json")), text).unwrap();
    }
}

/// Tells whether every pair of the recording is needed: requests that build on each other.
fn is_whole(pair: &Pair) -> bool {
    pair.recording.starts_with("azure-powershell/") || pair.recording.contains("basic_update")
}

/// Returns what pairs have in common of which one is enough.
fn sort(pair: &Pair) -> String {
    let filter = pair.option("$filter").unwrap_or_default();
    let segments = shape::neutral(&pair.scope()).split('/').filter(|part| part.chars().any(char::is_uppercase)).count();
    format!(
        "{} {} {} {} {} {} {segments} {}",
        pair.recording.split('/').next().unwrap_or_default(),
        pair.method,
        pair.kind(),
        pair.status,
        pair.option("api-version").unwrap_or_default(),
        filter.split(['\'', '(']).next().unwrap_or_default(),
        if pair.kind().is_empty() { pair.target.as_str() } else { "" }
    )
}

/// Other GUIDs and other names of resource groups in place of those that were recorded, the same for the same.
#[derive(Debug, Default)]
struct Names {
    ids: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    /// The `$filter` of the pair.
    filter: String,
}

impl Names {
    fn neutral(&mut self, pair: &Pair) -> Pair {
        self.filter = pair.option("$filter").unwrap_or_default();
        self.learn(&pair.target);
        for json in [&pair.body, &pair.sent].into_iter().flatten() {
            json.texts(&mut |text| self.learn(text));
        }
        let header = |(name, value): (&String, &String)| {
            let kept = if READ.contains(&name.as_str()) { value.clone() } else { "-".to_owned() };
            (name.clone(), kept)
        };
        let part = |part: &str| if part.len() > 200 { job(part) } else { self.text(part) };
        Pair {
            target: pair.target.split('/').map(part).collect::<Vec<_>>().join("/"),
            sent: pair.sent.as_ref().map(|json| self.json("", json, &pair.kind())),
            headers: pair.headers.iter().filter(|(name, _)| verdict::is_compared(name)).map(header).collect(),
            body: pair.body.as_ref().map(|json| self.json("", json, &pair.kind())),
            ..pair.clone()
        }
    }

    /// Finds the names of resource groups in a path; short ones are words.
    fn learn(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        let Some(at) = lower.find("/resourcegroups/") else { return };
        let name = text[at + 16..].split(['/', '?']).next().unwrap_or_default();
        if name.len() > 6 {
            let next = self.groups.len() + 1;
            self.groups.entry(name.to_owned()).or_insert_with(|| format!("group{next:03}"));
        }
    }

    fn json(&mut self, name: &str, json: &Json, kind: &str) -> Json {
        match json {
            Json::Text(_) if WRITTEN.contains(&name) => Json::Text("words".to_owned()),
            Json::Text(text) if name == "roleName" && !ROLE_NAMES.contains(text) && !self.filter.contains(text) => {
                Json::Text("Words".to_owned())
            }
            Json::Text(text) => Json::Text(self.text(text)),
            Json::List(items) => {
                let kept = rows(name, items, kind);
                Json::List(kept.into_iter().map(|item| self.json(name, item, kind)).collect())
            }
            Json::Object(members) => {
                Json::Object(members.iter().map(|(name, value)| (name.clone(), self.json(name, value, kind))).collect())
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let text = self.groups.iter().fold(text.to_owned(), |text, (name, other)| text.replace(name, other));
        let text = text.as_str();
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            // A percent sign two letters back begins an encoded character, not a word.
            let is_encoded = out.len() > 2 && out[out.len() - 3..].starts_with('%');
            let is_inside = !is_encoded && out.ends_with(|letter: char| letter.is_ascii_alphanumeric());
            let length = [36, 32].into_iter().find(|length| {
                let is_end = !rest[(*length).min(rest.len())..].starts_with(|c: char| c.is_ascii_alphanumeric());
                let head = rest.get(..*length).filter(|_| !is_inside && is_end);
                head.is_some_and(|head| uuid::Uuid::parse_str(head).is_ok())
            });
            match length {
                Some(length) => {
                    out.push_str(&self.guid(&rest[..length]));
                    at += length;
                }
                None => {
                    let letter = rest.chars().next().unwrap_or_default();
                    out.push(letter);
                    at += letter.len_utf8();
                }
            }
        }
        out
    }

    fn guid(&mut self, recorded: &str) -> String {
        let key = uuid::Uuid::parse_str(recorded).unwrap().to_string();
        if BUILT_IN.contains(&key) {
            return recorded.to_owned();
        }
        let next = self.ids.len() + 1;
        let other = self.ids.entry(key).or_insert_with(|| format!("0a4d3ef7-0000-4000-8000-{next:012x}")).clone();
        let other = if recorded.len() == 32 { other.replace('-', "") } else { other };
        if recorded.contains(|letter: char| letter.is_ascii_uppercase()) { other.to_ascii_uppercase() } else { other }
    }
}

/// Shortens the name of a job, which says what it does in base 64.
fn job(part: &str) -> String {
    format!("job?{}", part.split_once('?').map_or("", |(_, query)| query))
}

/// Returns the items of a list that are kept: of rows one of each form, of rules all, of all else the first.
fn rows<'a>(name: &str, items: &'a [Json], kind: &str) -> Vec<&'a Json> {
    match name {
        "value" | "data" => {
            let mut seen = BTreeSet::new();
            let form = |row: &Json| {
                let words =
                    ["principalType", "type"].map(|word| row.at(&format!("properties.{word}")).text().to_owned());
                let scope = shape::neutral(row.at("properties.scope").text());
                let depth = scope.matches('/').count();
                let is_known = kind != "roledefinitions" || BUILT_IN.contains(row.get("name").text());
                (words, depth, is_known)
            };
            items.iter().filter(|row| kind.is_empty() || seen.insert(form(row))).take(ROWS).collect()
        }
        "rows" => items.iter().take(ROWS).collect(),
        "rules" | "effectiveRules" | "columns" => items.iter().collect(),
        _ => items.iter().take(ITEMS).collect(),
    }
}
