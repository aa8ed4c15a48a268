//! Reading manifests from memory: what is accepted, and what is said about the rest.

use super::*;

fn one(text: &str) -> Manifests {
    read_sources(vec![("m.yaml".to_owned(), text.to_owned())])
}

fn shown(manifests: &Manifests) -> Vec<String> {
    let line = |d: &Diagnostic| {
        let at = d.at.as_ref().map_or_else(String::new, |at| format!("{}:{} ", at.line, at.column));
        let help: Vec<String> = d.help.iter().map(|help| format!(" | {help}")).collect();
        format!("{at}{}: {}{}", d.code, d.message, help.concat())
    };
    manifests.diagnostics.iter().map(line).collect()
}

/// One example of every form of every kind.
const LANGUAGE: [(&str, &str); 8] = [
    ("a.yaml", include_str!("../../examples/language/tenant.yaml")),
    ("b.yaml", include_str!("../../examples/language/directory-role-definition.yaml")),
    ("c.yaml", include_str!("../../examples/language/azure-role-definition.yaml")),
    ("d.yaml", include_str!("../../examples/language/scope.yaml")),
    ("e.yaml", include_str!("../../examples/language/settings-profile.yaml")),
    ("f.yaml", include_str!("../../examples/language/role-settings.yaml")),
    ("g.yaml", include_str!("../../examples/language/eligible-assignment.yaml")),
    ("h.yaml", include_str!("../../examples/language/active-assignment.yaml")),
];

fn language() -> Vec<(String, String)> {
    LANGUAGE.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn the_whole_language_is_read() {
    let manifests = read_sources(language());
    assert_eq!(shown(&manifests), [""; 0]);
    assert!(manifests.is_complete);
    for kind in Kind::ALL {
        assert!(manifests.of_kind(*kind).count() > 0, "{kind:?}");
    }
    assert!(manifests.documents.iter().all(|d| d.is_whole && d.metadata.is_some() && d.spec.is_some()));
    let head = manifests.tenant().unwrap();
    assert_eq!(head.tenant_id.as_str(), "5a9dbb0c-0000-4000-8000-000000000001");
    assert_eq!(head.at.to_string(), "a.yaml:6:13");
}

const HEAD: &str = "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {name: x}\nspec:\n";

#[test]
fn each_mistake_is_said_once_at_its_place() {
    let role = "  role: {directoryRole: Reader}\n";
    let principals = "  principals: [{user: a@b.example}]\n";
    let schedule = "  schedule: {permanent: true}\n";
    let cases: Vec<(String, Vec<&str>)> = vec![
        (
            format!("{HEAD}{role}{principals}"),
            vec!["4:1 missing-key: `schedule` is missing in `spec` | `schedule`: From when until when"],
        ),
        (
            format!("{HEAD}{role}{principals}{schedule}  justificaton: x\n"),
            vec!["8:3 unknown-key: the key `justificaton` is not known in `spec` | did you mean `justification`?"],
        ),
        (
            format!("{HEAD}{role}{principals}  schedule: {{permanent: \"true\"}}\n"),
            vec![
                "7:25 wrong-type: `permanent` must be `true` or `false`, found the text `true` | remove the quotes: nothing is converted",
            ],
        ),
        (
            format!("{HEAD}{role}{principals}  schedule: {{permanent: true, end: 2027-01-01T00:00:00Z}}\n"),
            vec!["7:31 conflicting-keys: `end` cannot stand beside `permanent` | keep one of the two in `schedule`"],
        ),
        (
            format!("{HEAD}{role}{principals}  schedule: {{duration: P6M}}\n"),
            vec![
                "7:24 invalid-duration: `P6M` is no length of time for `duration`: years, months and weeks are not known to the service | count in days: `P30D` for a month, `P365D` for a year",
            ],
        ),
        (
            format!("{HEAD}{role}{principals}  schedule: {{end: 2027-01-01}}\n"),
            vec![
                "7:19 invalid-instant: `2027-01-01` is no date and time with an offset | write date, time and offset: `2027-06-30T00:00:00Z`",
            ],
        ),
        (
            format!(
                "{HEAD}{role}  principals: [{{usr: a}}, {{user: 3}}, {{id: 6f0e5a00-0000-4000-8000-00000000000a}}]\n{schedule}"
            ),
            vec![
                "6:17 unknown-key: the key `usr` is not known in an item of `principals` | did you mean `user`?",
                "6:33 wrong-type: `user` must be a text, found the number `3` | quote it: `\"3\"`",
                "6:38 missing-key: `type` is missing in an item of `principals` | `type`: What kind of principal it is",
            ],
        ),
        (
            format!("{HEAD}  role: {{group: g, access: memebr}}\n{principals}{schedule}"),
            vec![
                "5:28 invalid-value: `access` must be `member` or `owner`, found the text `memebr` | did you mean `member`?",
            ],
        ),
        (
            format!("{HEAD}{role}  principals: a@b.example\n  schedule:\n"),
            vec![
                "6:15 wrong-type: `principals` must be a list, found the text `a@b.example` | a list is written `[…]`, or with `- ` before each item",
                "7:3 wrong-type: `schedule` has no value | write a mapping, or remove the key",
            ],
        ),
        (
            format!("{HEAD}{role}  principals: []\n{schedule}  canDelegate: true\n"),
            vec![
                "6:15 empty-list: `principals` needs at least 1 item | add one, or remove the key with its list",
                "8:3 unknown-key: the key `canDelegate` is not known in `spec` | `canDelegate` is gone from the API since 2020-08-01-preview; leave it out",
            ],
        ),
        (
            "apiVersion: rolewright/v2\nkind: Scope\nmetadata: {name: X}\nspec: {administrativeUnit: {id: x}}\n"
                .to_owned(),
            vec![
                "1:13 unknown-api-version: the text `rolewright/v2` is not an apiVersion that is known here | write `rolewright/v1`",
                "3:18 invalid-text: `name` cannot be the text `X`: expected lower-case letters, digits and hyphens (at most 63), beginning and ending with a letter or digit",
                "4:33 invalid-id: `x` is no GUID, as `id` must be | a GUID has the form `5a9dbb0c-0000-4000-8000-000000000001`",
            ],
        ),
        ("kind: Scop\n".to_owned(), vec!["1:7 unknown-kind: `Scop` is no kind of manifest | did you mean `Scope`?"]),
        (
            "- a\n".to_owned(),
            vec![
                "1:1 not-a-document: a document is a mapping with `apiVersion`, `kind`, `metadata` and `spec` | it begins with `apiVersion: rolewright/v1`",
            ],
        ),
    ];
    for (text, want) in cases {
        assert_eq!(shown(&one(&text)), want, "{text}");
    }
}

#[test]
fn settings_are_explained_by_the_form_that_was_meant() {
    let head = "apiVersion: rolewright/v1\nkind: SettingsProfile\nmetadata: {name: x}\nspec:\n";
    for (text, want) in [
        (
            "  activation: {maxDuration: defualt}\n",
            "5:29 invalid-duration: `defualt` is no length of time for `maxDuration`: not an ISO 8601 duration such as `P180D` or `PT8H` | write days, hours and minutes: `P180D`, `PT8H`, `PT30M` | `default` is possible too",
        ),
        (
            "  activation: {maxDuration: 8}\n",
            "5:29 wrong-type: `maxDuration` must be a text or `default`, found the number `8` | quote it: `\"8\"`",
        ),
        (
            "  activation: {require: [mfa]}\n",
            "5:26 invalid-value: an item of `require` must be `multiFactorAuthentication`, `justification` or `ticket`, found the text `mfa`",
        ),
        (
            "  activation: {approval: noen}\n",
            "5:26 invalid-value: `approval` must be `none` or `default`, found the text `noen` | did you mean `none`?",
        ),
        (
            "  activation: {approval: {approvers: fallbak}}\n",
            "5:38 invalid-value: `approvers` must be `fallback`, found the text `fallbak` | did you mean `fallback`?",
        ),
        (
            "  activation: {approval: {approver: [{group: a}]}}\n",
            "5:27 unknown-key: the key `approver` is not known in `approval` | did you mean `approvers`?",
        ),
        (
            "  activation: {approval: {approvers: [{servicePrincpal: a}]}}\n",
            "5:40 unknown-key: the key `servicePrincpal` is not known in an item of `approvers` | did you mean `servicePrincipal`?",
        ),
        (
            "  activation: {authenticationContext: c0}\n",
            "5:39 invalid-text: `authenticationContext` cannot be the text `c0`: expected an authentication context c1 to c99, or none | `default` is possible too",
        ),
        (
            "  eligibleAssignment: {permanent: false}\n",
            "5:35 wrong-type: `permanent` must be `allowed`, `forbidden` or `default`, found the boolean `false`",
        ),
        (
            "  notifications: {activation: {admin: {recipients: [nobody]}}}\n",
            "5:53 invalid-text: an item of `recipients` cannot be the text `nobody`: expected a mail address",
        ),
    ] {
        assert_eq!(shown(&one(&format!("{head}{text}"))), [want], "{text}");
    }
}

#[test]
fn what_could_be_read_is_kept_and_places_stay_right() {
    let manifests = one(&format!(
        "{HEAD}  role: {{directoryRole: Reader}}\n  principals:\n    - {{usr: a}}\n    - {{user: b@b.example}}\n  schedule: {{permanent: true}}\n  x: 1\n"
    ));
    assert_eq!(manifests.diagnostics.len(), 2);
    let document = &manifests.documents[0];
    assert!(!document.is_whole);
    let assignment = document.spec.as_ref().unwrap().assignment().unwrap();
    assert_eq!(assignment.principals.len(), 1);
    assert_eq!(document.at("/spec/principals/0/user").to_string(), "m.yaml:8:14");
    assert_eq!(document.key_at("/spec/schedule").to_string(), "m.yaml:9:3");
}

#[test]
fn yaml_mistakes_cost_their_own_document_only() {
    let scope = |name: &str| {
        format!(
            "---\napiVersion: rolewright/v1\nkind: Scope\nmetadata: {{name: {name}}}\nspec: {{managementGroup: m}}\n"
        )
    };
    let manifests = one(&format!("{}---\na: [1\n{}---\nb: {{\n{}", scope("a"), scope("b"), scope("c")));
    assert!(!manifests.is_complete);
    let names: Vec<_> = manifests.documents.iter().filter_map(Document::name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(
        manifests.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(),
        ["yaml-syntax"; 2],
        "{:?}",
        shown(&manifests)
    );
}

#[test]
fn yaml_that_means_two_things_is_refused() {
    let scope = "apiVersion: rolewright/v1\nkind: Scope\nmetadata: {name: a}\n";
    for (spec, want) in [
        (
            "spec: {managementGroup: a, managementGroup: b}\n",
            "4:28 duplicate-key: the key `managementGroup` is there twice",
        ),
        (
            "spec: {<<: {a: b}, managementGroup: a}\n",
            "4:8 merge-key: merge keys are not supported | write the keys out, or move what is shared to a SettingsProfile",
        ),
        (
            "spec: {managementGroup: !secret a}\n",
            "4:33 unknown-tag: the tag `!secret` is not known here | leave the tag out: values mean what YAML 1.2 says",
        ),
        (
            "spec: {managementGroup: 012}\n",
            "4:25 number-out-of-range: `012` is another number in YAML 1.1 than in YAML 1.2 | write it without the leading zero, or quote it when a text is meant",
        ),
        (
            "spec: {managementGroup: .nan}\n",
            "4:25 number-out-of-range: `.nan` is not a number that can be used | quote it when a text is meant",
        ),
        (
            "spec: {1: a, managementGroup: b}\n",
            "4:8 key-not-text: a key must be a text, found a number | quote it: `\"1\"`",
        ),
        ("spec: &a {managementGroup: *a}\n", "4:28 alias-loop: the alias stands inside of what it refers to"),
        (
            "spec: {managementGroup: a\u{85}b}\n",
            "4:26 line-separator: U+0085 is a line break for some YAML readers and not for others | remove it, or write it as an escape in double quotes",
        ),
    ] {
        assert_eq!(shown(&one(&format!("{scope}{spec}"))), [want], "{spec}");
    }
    assert_eq!(shown(&one(&format!("{scope}spec: {{managementGroup: \"a\u{85}b\"}}\n"))), [""; 0]);
    assert_eq!(
        shown(&one("%YAML 1.2\n---\na: 1\n")),
        ["1:1 yaml-directive: YAML directives are not supported | leave the line out"]
    );
}

#[test]
fn aliases_are_expanded_within_limits() {
    let text = format!(
        "{HEAD}  role: {{directoryRole: Reader}}\n  principals: [&a {{user: b@b.example}}, *a]\n  schedule: {{permanent: true}}\n"
    );
    let manifests = one(&text);
    assert_eq!(shown(&manifests), [""; 0]);
    assert_eq!(manifests.documents[0].spec.as_ref().unwrap().assignment().unwrap().principals.len(), 2);
    let mut bomb = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb.push_str(&format!("b{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
    }
    let manifests = one(&bomb);
    assert_eq!(manifests.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["alias-limit"]);
    assert!(!manifests.is_complete);
}

#[test]
fn deep_nesting_and_nothing_are_errors() {
    for text in ["[".repeat(10_000), "- ".repeat(10_000), "{a: ".repeat(10_000)] {
        let codes: Vec<_> = one(&text).diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["nesting-limit"], "{}", &text[..4]);
    }
    for text in ["", "# nothing\n", "---\n---\n"] {
        assert_eq!(one(text).diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["no-manifests"], "{text:?}");
    }
}

#[test]
fn the_digest_is_of_what_is_said_not_of_how() {
    let files = language();
    let digest = read_sources(files.clone()).digest();
    let shuffle = |(name, text): &(String, String)| {
        let documents: Vec<&str> = text.split("---\n").collect();
        (
            format!("z-{name}"),
            format!("# said otherwise\n{}", documents.into_iter().rev().collect::<Vec<_>>().join("\n---\n")),
        )
    };
    let shuffled: Vec<_> = files.iter().rev().map(shuffle).collect();
    assert_eq!(read_sources(shuffled).digest(), digest);
    let changed: Vec<_> = files.into_iter().map(|(name, text)| (name, text.replace("PT4H", "PT5H"))).collect();
    assert_ne!(read_sources(changed).digest(), digest);
}

#[test]
fn a_flood_of_mistakes_is_cut() {
    let keys: String = (0..5_000).map(|n| format!("  k{n}: 1\n")).collect();
    let manifests = one(&format!("{HEAD}{keys}"));
    assert_eq!(manifests.diagnostics.len(), 101);
    assert_eq!(manifests.diagnostics.iter().filter(|d| d.code == "too-many-mistakes").count(), 1);
    let same: String = (0..5_000).map(|_| "  k: 1\n").collect();
    assert_eq!(one(&format!("{HEAD}{same}")).diagnostics.len(), 100);
    let items: String = (0..5_000).map(|_| "    - {usr: 1}\n").collect();
    assert_eq!(one(&format!("{HEAD}  principals:\n{items}")).diagnostics.len(), 101);
    let documents = "--- 1\n".repeat(30_000);
    let manifests = one(&documents);
    assert!(manifests.diagnostics.len() < 10_010 && !manifests.is_complete, "{}", manifests.diagnostics.len());
    let long = format!("{HEAD}  role: {{directoryRole: {}}}\n", "x".repeat(3_000_000));
    assert_eq!(one(&long).diagnostics.len(), 2, "a long text is no mistake; two keys are missing");
}

mod property {
    use super::*;
    use proptest::prelude::*;

    /// A random edit: at a place (in thousandths of the text), remove some characters and put a text there.
    fn edit() -> impl Strategy<Value = (usize, usize, String)> {
        let pieces = [
            "",
            "\n",
            "  ",
            "- ",
            ": ",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "'",
            "#",
            "&a ",
            "*a",
            "!x ",
            "|\n",
            ">\n",
            "---\n",
            "...\n",
            "<<: ",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "é",
            "😀",
            "\t",
            "\r\n",
            "null",
            "true",
            "1e999",
            "012",
            "? ",
            "%YAML 1.2\n",
            "default",
            "kind: Scope\n",
            "permanent: true",
            "~0~1/",
        ];
        (0_usize..1000, 0_usize..12, proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn edited_files_never_panic_and_places_lie_in_the_text(
            file in 0_usize..LANGUAGE.len(),
            edits in proptest::collection::vec(edit(), 1..6),
        ) {
            let mut letters: Vec<char> = LANGUAGE[file].1.chars().collect();
            for (at, length, piece) in edits {
                let at = letters.len() * at / 1000;
                let end = (at + length).min(letters.len());
                letters.splice(at..end, piece.chars());
            }
            let text: String = letters.into_iter().collect();
            let manifests = one(&text);
            let check = |at: &Origin| {
                assert!(text.get(at.start..at.end).is_some(), "{at:?} in {text:?}");
                assert!(at.line >= 1 && at.column >= 1);
                assert!(at.line as usize <= text.split(['\n', '\r']).count(), "{at:?} in {text:?}");
            };
            for diagnostic in &manifests.diagnostics {
                check(diagnostic.at.as_ref().expect("a text has places"));
                diagnostic.labels.iter().for_each(|label| check(&label.at));
            }
            for document in &manifests.documents {
                check(&document.origin());
                check(&document.at("/spec/principals/0"));
                // what is not whole was complained about
                assert!(document.is_whole || manifests.has_errors(), "{text:?}");
                assert!(document.spec.is_some() && document.metadata.is_some() || manifests.has_errors(), "{text:?}");
            }
            let disagreement = manifests.diagnostics.iter().find(|d| d.message.starts_with("`spec` cannot be read"));
            assert_eq!(disagreement, None, "the schema and the types disagree about {text:?}");
            manifests.references();
            manifests.digest();
        }
    }
}

#[test]
fn a_mistake_in_a_schedule_hides_no_other_mistake() {
    let text = "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {name: a}\nspec:\n  \
                role: {directoryRole: Helpdesk Administrater}\n  scopes: [emae]\n  \
                principals: [{servicePrincipal: Payroll App}]\n  schedule: {duration: P6M}\n---\n\
                apiVersion: rolewright/v1\nkind: ActiveAssignment\nmetadata: {name: b}\nspec:\n  \
                role: {directoryRole: Nobody Knows}\n  principals: [{user: a@b.example}]\n";
    let manifests = super::validate_sources(vec![("a.yaml".to_owned(), text.to_owned())]);
    let codes: Vec<&str> = manifests.diagnostics.iter().map(|d| d.code).collect();
    for code in ["unknown-role", "unknown-scope", "eligible-service-principal", "invalid-duration", "missing-key"] {
        assert!(codes.contains(&code), "{code} is missing: {codes:?}");
    }
    assert_eq!(codes.iter().filter(|code| **code == "unknown-role").count(), 2, "{codes:?}");
}
