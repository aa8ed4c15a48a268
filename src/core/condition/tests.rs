//! What is read, what is refused and where, and what counts as the same.

use super::*;

const GUARDED: &str = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
    (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
    {acdd72a7-3385-48ef-bd42-f606fba81ae7} AND \
    @Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'Group'))";

#[test]
fn documented_conditions_are_read() {
    for text in [
        GUARDED,
        // conditions-format: suboperations, several values, existence, environment
        "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT \
         SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] \
         StringNotLike 'logs*'))",
        "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals 'Cascade'",
        "@Environment[UtcNow] DateTimeGreaterThan '2026-05-01T13:00:00.0Z'",
        "@Environment[isPrivateLink] BoolEquals true",
        "NOT Exists @Request[a:b] || !(Exists @Request[a:b])",
        "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>] \
         ForAllOfAnyValues:StringEquals {'Cascade', 'Baker', 'Skagit'}",
        "{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}",
        "{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}",
        "@Resource[a:b] StringEquals @Principal[c:d]",
        // storage-auth-abac-attributes: keys of tags
        "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&] \
         ForAllOfAnyValues:StringEquals {'Project', 'Program'}",
        // the examples of the PIM API
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:ContainerName] StringEqualsIgnoreCase \
         'foo_storage_container'",
        // the form of before 2022
        "(!(ActionMatches{'a/read'} AND @Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Blob.List'}))",
        // a built-in role: no blank before the set, GUIDs without hyphens
        "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR \
         @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] \
         ForAnyOfAnyValues:GuidEquals{d715fb95a0f04f1c8be65ad2d2767f67, 4d97b98b1d4f4787a291c67834d212e7}",
        // another: operators in lower case
        "@Resource[HasObotoken] boolequals true && \
         (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
         {de754d53-652d-4c75-a67f-1e48d8b49c97})",
        "@Resource[a:b] StringEquals ''",
        "@Resource[a:b] StringEquals 'it''s ) here'",
    ] {
        assert_eq!(Condition::mistakes(text), [], "{text}");
    }
}

#[test]
fn mistakes_say_where_and_what_instead() {
    let cases: &[(&str, usize, &str, &str)] = &[
        ("", 0, "an empty condition", "remove it"),
        (" \n", 0, "an empty condition", "remove it"),
        ("(@Resource[a:b] StringEquals 'x'", 0, "a `(` is never closed", ""),
        ("@Resource[a:b] StringEquals 'x')", 31, "a `)` closes nothing", ""),
        ("@Resource[a:b StringEquals 'x'", 9, "an attribute's `[` is never closed", ""),
        ("@Resource[a:b] StringEquals 'x", 28, "a quotation mark is never closed", ""),
        ("@Resource[a:b] StringEqual 'x'", 15, "`StringEqual` is no operator of Azure conditions", "`StringEquals`"),
        ("@Resource.a StringEquals 'x'", 9, "expected an attribute in `[…]` after `@Resource`, found `.a`", ""),
        ("Resource[a:b] StringEquals 'x'", 0, "`Resource[…]` lacks its `@`", "write `@Resource[…]`"),
        (
            "@Ressource[a:b] StringEquals 'x'",
            0,
            "`@Ressource` is no attribute source of Azure conditions",
            "`@Resource`",
        ),
        (
            "@Resource[a:b] StringEquals x",
            28,
            "expected a value, a set `{…}` or an attribute `@…[…]`, found `x`",
            "'…'",
        ),
        ("@Resource[a:b] = 'x'", 15, "`=` is no operator of Azure conditions", "StringEquals"),
        ("@Resource[a:b] 'x'", 15, "expected an operator such as `StringEquals`, found `'x'`", ""),
        (
            "@Resource[a:b] StringEquals",
            27,
            "the condition ends where a value, a set `{…}` or an attribute `@…[…]` is expected",
            "",
        ),
        ("@Resource[a:b] StringEquals 'x' 'y'", 32, "expected `AND`, `OR` or the end, found `'y'`", ""),
        ("(@Resource[a:b] StringEquals 'x' @Resource[a:b])", 33, "expected `AND`, `OR` or `)`, found `@Resource`", ""),
        ("@Resource[a:b] StringEquals {}", 29, "expected a value, found `}`", ""),
        ("@Resource[a:b] StringEquals {'x'", 28, "a `{` is never closed", ""),
        ("@Resource[a:b] NumericEquals '3'", 29, "`NumericEquals` compares whole numbers, found `3`", ""),
        (
            "@Resource[a:b] NumericEquals 3.5",
            29,
            "expected a value, a set `{…}` or an attribute `@…[…]`, found `3.5`",
            "",
        ),
        ("@Resource[a:b] GuidEquals 'Owner'", 26, "`GuidEquals` compares GUIDs, found `Owner`", "by id"),
        ("@Resource[a:b] BoolEquals 'true'", 26, "`BoolEquals` compares with `true` or `false`, found `true`", ""),
        ("@Environment[UtcNow] DateTimeLessThan 'tomorrow'", 38, "`tomorrow` is no instant", "like"),
        ("ActionMatches('a/read')", 13, "expected `{'…'}` after `ActionMatches`, found `(`", "{'{action}'}"),
        ("ActionMatch{'a/read'}", 0, "`ActionMatch` is no function of Azure conditions", "ActionMatches"),
        ("NotExists @Request[a:b]", 0, "`NotExists` is no function of Azure conditions", "NOT Exists"),
        (
            "@Request[a:b] ForAnyOfAnyValues {'x'}",
            14,
            "`ForAnyOfAnyValues` is followed by no operator",
            "after the colon",
        ),
        (
            "@Request[a:b] ForAnyOfAllValue:StringEquals {'x'}",
            14,
            "`ForAnyOfAllValue` is no cross product of Azure conditions",
            "ForAnyOfAllValues:",
        ),
        ("@Request[] StringEquals 'x'", 8, "`@Request` names no attribute", ""),
        ("StringEquals 'x'", 0, "nothing stands before `StringEquals`", "attribute first"),
        ("AND", 0, "expected an attribute such as `@Request[…]`, a function or `(`, found `AND`", ""),
    ];
    for (text, offset, message, help) in cases {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!((error.offset, error.message.as_str()), (*offset, *message), "{text}");
        assert!(error.help.as_deref().unwrap_or_default().contains(help), "{text}: {:?}", error.help);
    }
}

#[test]
fn one_invention_hides_no_other() {
    let found = Condition::mistakes("@pimApprovalRequired(true) && @pimActivationDuration(12h)");
    let messages: Vec<&str> = found.iter().map(|mistake| mistake.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`@pimApprovalRequired` is no attribute source of Azure conditions",
            "`@pimActivationDuration` is no attribute source of Azure conditions"
        ]
    );
    assert!(found[0].help.as_ref().unwrap().contains("activation.approval"));
    assert!(found[1].help.as_ref().unwrap().contains("activation.maxDuration"));
    let found = Condition::mistakes("HasTag{'x'} AND (@Resource[a:b] StringEqual 'x'");
    let messages: Vec<&str> = found.iter().map(|mistake| mistake.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`HasTag` is no function of Azure conditions",
            "a `(` is never closed",
            "`StringEqual` is no operator of Azure conditions"
        ]
    );
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("@Resource[a:b] StringEquals '{}é'", "x".repeat(LONGEST - 31));
    let error = Condition::parse(&long).unwrap_err();
    assert!(error.message.starts_with("a condition of 8193 bytes"), "{}", error.message);
    assert!(long.is_char_boundary(error.offset));
    for text in ["(".repeat(5_000), "!".repeat(5_000), "NOT ".repeat(2_000), "!(".repeat(4_000)] {
        assert_eq!(Condition::parse(&text).unwrap_err().message, "nested deeper than 100 levels");
    }
    let nested = format!("{}{GUARDED}{}", "(".repeat(90), ")".repeat(90));
    assert!(Condition::parse(&nested).is_ok());
}

#[test]
fn white_space_and_spelling_do_not_matter_but_content_does() {
    let spread = GUARDED
        .replace(" OR ", "\n  OR\r\n\t")
        .replace("{acdd", "{ ACDD")
        .replace(" AND ", " && ")
        .replace("!(", "! (");
    assert!(same(GUARDED, &spread), "{}", Condition::parse(&spread).unwrap().canonical());
    assert_eq!(Condition::parse(&spread).unwrap().as_written(), spread);
    for (a, b) in [
        ("@Resource[a:b] StringEquals 'x y'", "@Resource[a:b] StringEquals 'x  y'"),
        ("@Resource[a:b] StringEquals 'x'", "@Resource[a:b] StringEquals 'X'"),
        ("Exists @Resource[a:b]", "exists @Resource[a:b]"),
        ("@Resource[a:b] StringEquals 'x'", "@Resource[a: b] StringEquals 'x'"),
        ("@Resource[a:b] StringEquals 'x'", "(@Resource[a:b] StringEquals 'x')"),
        ("@Resource[a:b] StringEquals {'x','y'}", "@Resource[a:b] StringEquals {'y','x'}"),
        // unreadable both: only white space outside of quotes is ignored
        ("@Strange(1,  'a b')", "@Strange(1, 'a  b')"),
        ("@Strange(1,2)", "@Strange(1, 2)"),
        ("@Resource[a:b] StringEquals 'x'", ""),
    ] {
        assert!(!same(a, b) && !same(b, a), "{a} / {b}");
    }
    assert!(same("@Resource[a:b] boolequals true", "@Resource[a:b] BoolEquals true"));
    for (written, live) in [
        (
            "@Resource[a:b] StringEquals 'x' or @Resource[a:b] StringEquals 'or'",
            "@Resource[a:b] StringEquals 'x' OR @Resource[a:b] StringEquals 'or'",
        ),
        (
            "@Resource[a:b] BoolEquals true And @Resource[a:c] BoolEquals true",
            "@Resource[a:b] BoolEquals true && @Resource[a:c] BoolEquals true",
        ),
        ("not (@Resource[a:b] BoolEquals true)", "NOT (@Resource[a:b] BoolEquals true)"),
        ("Not Exists @Resource[a:b]", "NOT\tExists @Resource[a:b]"),
    ] {
        assert!(same(written, live) && same(live, written), "{written} / {live}");
    }
    assert!(!same("@Resource[a:b] StringEquals 'or'", "@Resource[a:b] StringEquals 'OR'"), "a text is no operator");
    assert!(same("@Strange(1,\n  'a b')", " @Strange(1, 'a b')"));
    assert!(same("@Resource[a:b] StringEquals {'x','y'}", "@Resource[a:b]StringEquals{ 'x' , 'y' }"));
}
