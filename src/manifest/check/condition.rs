//! Checks: Azure ABAC conditions, as far as their words and brackets go.
//!
//! A light look, not the language's parser: it knows the attribute sources, the operators and the brackets (arm.md F).

use crate::catalog::similar::{closest, did_you_mean};
use crate::core::diagnostic::Diagnostic;
use crate::core::target::Surface;
use crate::manifest::check::run::Run;
use crate::manifest::kind::Spec;

/// Longest condition in bytes (limits.json `azure.roleAssignment.condition.maxLength`).
const LONGEST: usize = 8192;
/// Attribute sources, without the `@`.
const SOURCES: &[&str] = &["Request", "Resource", "Principal", "Environment"];
/// Words outside of brackets that are no comparison.
const WORDS: &[&str] =
    &["ActionMatches", "SubOperationMatches", "AND", "OR", "NOT", "Exists", "NotExists", "true", "false"];
/// Cross products, which precede a comparison.
const CROSS: &[&str] = &["ForAnyOfAnyValues", "ForAllOfAnyValues", "ForAnyOfAllValues", "ForAllOfAllValues"];
/// Comparisons; each also with `Not` after its family, and text comparisons with `IgnoreCase`.
const FAMILIES: &[(&str, &[&str])] = &[
    ("String", &["Equals", "StartsWith", "Like"]),
    ("Numeric", &["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]),
    ("DateTime", &["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]),
    ("Bool", &["Equals"]),
    ("Guid", &["Equals"]),
];

/// Only Azure roles have conditions.
pub(super) fn wrong_surface(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.condition.is_some()) {
        if assigned.view.role.surface() != Surface::Azure {
            let text = format!("`{}` cannot have a condition: only Azure roles can", assigned.view.role.name());
            found.push(
                Diagnostic::error("condition-on-wrong-surface", assigned.entry.key("/condition"), text)
                    .help("remove it"),
            );
        }
    }
}

/// A condition is at most 8 KB long (limits.json `azure.roleAssignment.condition.maxLength`).
pub(super) fn too_long(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if let Some(length) = assigned.view.condition.map(str::len).filter(|length| *length > LONGEST) {
            let text = format!("a condition of {length} bytes; the service takes {LONGEST}");
            found.push(Diagnostic::error("condition-too-long", assigned.entry.key("/condition"), text));
        }
    }
}

/// `condition` and `conditionVersion` go together: both or neither (arm.md F). The version may be left out, because there is only
/// one; without a condition it means nothing.
pub(super) fn version_alone(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for entry in run.entries {
        let (condition, version) = match entry.spec {
            Some(Spec::EligibleAssignment(one)) => (&one.condition, one.condition_version),
            Some(Spec::ActiveAssignment(one)) => (&one.condition, one.condition_version),
            _ => continue,
        };
        if condition.is_none() && version.is_some() && entry.is_whole() {
            let diagnostic = Diagnostic::error(
                "version-without-condition",
                entry.key("/conditionVersion"),
                "there is no `condition`",
            );
            found.push(diagnostic.help("add `condition`, or remove `conditionVersion`"));
        }
    }
}

/// A condition consists of attributes, comparisons and brackets that ABAC knows (arm.md F). What belongs into role settings,
/// such as the invented `@pimApprovalRequired(true)`, is pointed there.
pub(super) fn invalid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.role.surface() == Surface::Azure) {
        let Some(text) = assigned.view.condition.filter(|text| text.len() <= LONGEST) else { continue };
        for complaint in examine(text) {
            let diagnostic = Diagnostic::error("invalid-condition", assigned.entry.at("/condition"), complaint.message);
            found.push(match complaint.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
    }
}

/// What is wrong with a condition.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    message: String,
    help: Option<String>,
}

impl Complaint {
    fn new(message: impl Into<String>, help: Option<String>) -> Self {
        Self { message: message.into(), help }
    }
}

fn examine(text: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    if text.trim().is_empty() {
        return vec![Complaint::new("an empty condition", Some("remove it".to_owned()))];
    }
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '\'' => match rest[1..].find('\'') {
                Some(end) => end + 2,
                None => {
                    found.push(Complaint::new("a quotation mark in the condition is never closed", None));
                    return found;
                }
            },
            '[' => match rest.find(']') {
                Some(end) => end + 1,
                None => {
                    found.push(Complaint::new("an attribute's `[` in the condition is never closed", None));
                    return found;
                }
            },
            '(' | '{' => {
                open.push(letter);
                1
            }
            ')' | '}' => {
                if open.pop() != Some(if letter == ')' { '(' } else { '{' }) {
                    found.push(Complaint::new(format!("a `{letter}` in the condition closes nothing"), None));
                    return found;
                }
                1
            }
            '@' => {
                let name = word(&rest[1..]);
                source(name, rest[1 + name.len()..].trim_start(), &mut found);
                1 + name.len()
            }
            // numbers, and ids in sets
            letter if letter.is_ascii_digit() => word(rest).len(),
            letter if letter.is_ascii_alphabetic() => {
                let name = word(rest);
                if open.last() != Some(&'{') {
                    operator(name, &mut found);
                }
                name.len()
            }
            letter => letter.len_utf8(),
        };
        rest = &rest[length..];
    }
    if let Some(letter) = open.pop() {
        found.push(Complaint::new(format!("a `{letter}` in the condition is never closed"), None));
    }
    found
}

/// Returns the letters and digits that `text` begins with.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}

fn source(name: &str, rest: &str, found: &mut Vec<Complaint>) {
    if SOURCES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        if !rest.starts_with('[') {
            found.push(Complaint::new(format!("`@{name}` is not followed by an attribute in `[…]`"), None));
        }
        return;
    }
    let folded = name.to_ascii_lowercase();
    let setting = [
        ("approv", "activation.approval"),
        ("duration", "activation.maxDuration"),
        ("mfa", "activation.require: [multiFactorAuthentication]"),
        ("multifactor", "activation.require: [multiFactorAuthentication]"),
        ("justification", "activation.require: [justification]"),
        ("ticket", "activation.require: [ticket]"),
        ("context", "activation.authenticationContext"),
    ];
    let help = match setting.iter().find(|(part, _)| folded.contains(part)) {
        Some((_, field)) => format!("conditions know nothing of PIM; set `{field}` in a RoleSettings document"),
        None if folded.starts_with("pim") => "conditions know nothing of PIM; use a RoleSettings document".to_owned(),
        None => match closest(name, SOURCES.iter().copied()) {
            Some(known) => did_you_mean(&format!("@{known}")),
            None => {
                "attributes come from `@Request[…]`, `@Resource[…]`, `@Principal[…]` or `@Environment[…]`".to_owned()
            }
        },
    };
    found.push(Complaint::new(format!("`@{name}` is no attribute source of Azure conditions"), Some(help)));
}

fn operator(name: &str, found: &mut Vec<Complaint>) {
    let is_word = WORDS.iter().chain(CROSS).any(|known| known.eq_ignore_ascii_case(name));
    if is_word || comparisons().iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return;
    }
    let names = comparisons();
    let known = names.iter().map(String::as_str).chain(WORDS.iter().copied()).chain(CROSS.iter().copied());
    let help = closest(name, known).map(did_you_mean);
    found.push(Complaint::new(format!("`{name}` is no operator or function of Azure conditions"), help));
}

fn comparisons() -> Vec<String> {
    let mut names = Vec::new();
    for (family, operations) in FAMILIES {
        for operation in *operations {
            for negation in ["", "Not"] {
                names.push(format!("{family}{negation}{operation}"));
                if *family == "String" {
                    names.push(format!("{family}{negation}{operation}IgnoreCase"));
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_conditions_pass() {
        for text in [
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
             (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
             {acdd72a7-3385-48ef-bd42-f606fba81ae7} AND \
             @Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'Group'))",
            "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT \
             SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] \
             StringNotLike 'logs*'))",
            "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals 'Cascade'",
            "@Environment[UtcNow] DateTimeGreaterThan '2026-05-01T13:00:00.0Z'",
            "Exists @Resource[a:b] && !(Exists @Request[a:b])",
        ] {
            assert_eq!(examine(text), [], "{text}");
        }
    }

    #[test]
    fn inventions_are_pointed_to_role_settings() {
        let found = examine("@pimApprovalRequired(true) && @pimActivationDuration(12h)");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].message, "`@pimApprovalRequired` is no attribute source of Azure conditions");
        assert!(found[0].help.as_ref().unwrap().contains("activation.approval"));
        assert!(found[1].help.as_ref().unwrap().contains("activation.maxDuration"));
    }

    #[test]
    fn brackets_and_words() {
        for (text, want) in [
            ("(@Resource[a:b] StringEquals 'x'", "a `(` in the condition is never closed"),
            ("@Resource[a:b] StringEquals 'x')", "a `)` in the condition closes nothing"),
            ("@Resource[a:b StringEquals 'x'", "an attribute's `[` in the condition is never closed"),
            ("@Resource[a:b] StringEquals 'x", "a quotation mark in the condition is never closed"),
            ("@Resource[a:b] StringEqual 'x'", "`StringEqual` is no operator or function of Azure conditions"),
            ("@Resource.a StringEquals 'x'", "`@Resource` is not followed by an attribute in `[…]`"),
            (" ", "an empty condition"),
        ] {
            assert_eq!(examine(text)[0].message, want, "{text}");
        }
        examine("é@é[é]é'é'");
    }
}
