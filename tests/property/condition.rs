//! Conditions: whatever the text, the reader answers, and what it says about places is true.

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use rolewright::core::condition::{Condition, same};

use crate::world::config;

/// Pieces of conditions, good and bad, from which texts are strung together.
const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    ",",
    "!",
    "NOT ",
    " AND ",
    " OR ",
    "&&",
    "||",
    "&",
    "=",
    "'x'",
    "''",
    "'",
    "it''s",
    "[a:b]",
    "[",
    "]",
    "@Request",
    "@Resource[a:b]",
    "@Principal[é]",
    "@",
    "@pim(",
    " StringEquals ",
    " ForAnyOfAnyValues:GuidEquals ",
    " NumericEquals ",
    "12",
    "-",
    "true",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "8E3AF657A8FF443CA75C2FE8C4BCB635",
    "ActionMatches",
    "SubOperationMatches",
    "Exists ",
    "NotExists",
    "é",
    "\u{a0}",
    "\u{2019}",
    "\n",
    "\t",
    " ",
    "Owner",
];

/// A whole condition drawn from numbers: it can always be read.
fn condition(numbers: &mut impl Iterator<Item = u8>, depth: usize) -> String {
    let blank = |number: u8| ["", " ", "\n  ", "\t"][usize::from(number % 4)];
    let (kind, one, two) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (a, b) = (blank(one), blank(two));
    match kind % if depth > 6 { 4 } else { 8 } {
        0 => format!("@Request[a:b{one}]{a} StringEquals{b}'x{two} y'"),
        1 => format!(
            "@Resource{a}[a:b] ForAnyOfAllValues:GuidNotEquals{b}{{8E3AF657-a8ff-443c-a75c-2fe8c4bcb635{a},{b}8e3af657a8ff443ca75c2fe8c4bcb635}}"
        ),
        2 => format!("ActionMatches{a}{{{b}'a/{one}/*'}}"),
        3 => format!("NOT Exists @Resource[a:b]{a}"),
        4 => format!("!{a}({}{b})", condition(numbers, depth + 1)),
        5 => format!("({}){a} && {b}({})", condition(numbers, depth + 1), condition(numbers, depth + 1)),
        6 => format!("({a}{}) OR {b}({})", condition(numbers, depth + 1), condition(numbers, depth + 1)),
        _ => format!("({}{a}||{b} {})", condition(numbers, depth + 1), condition(numbers, depth + 1)),
    }
}

/// Asks everything that can be asked of a text.
fn examine(text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    let mistakes = Condition::mistakes(text);
    let parsed = Condition::parse(text);
    prop_assert_eq!(parsed.is_ok(), mistakes.is_empty());
    for mistake in &mistakes {
        prop_assert!(
            text.get(mistake.offset..mistake.offset + mistake.length).is_some(),
            "{:?} in {:?}",
            mistake,
            text
        );
        prop_assert!(!mistake.message.is_empty());
    }
    prop_assert!(mistakes.windows(2).all(|pair| pair[0].offset <= pair[1].offset));
    let spread = format!(" {text}\n");
    prop_assert!(same(text, text) && same(text, &spread));
    let Ok(parsed) = parsed else {
        prop_assert_eq!(Condition::parse(text).err(), mistakes.into_iter().next());
        return Ok(());
    };
    prop_assert_eq!(parsed.as_written(), text);
    for doubt in parsed.doubts() {
        prop_assert!(text.get(doubt.offset..doubt.offset + doubt.length).is_some(), "{:?} in {:?}", doubt, text);
    }
    for (offset, length, action) in parsed.actions() {
        prop_assert_eq!(text[offset + 1..offset + length - 1].replace("''", "'"), action);
    }
    let canonical = parsed.canonical().to_owned();
    let again = Condition::parse(&canonical);
    prop_assert!(again.is_ok(), "{:?} became {:?}", text, canonical);
    let again = again.unwrap();
    prop_assert_eq!(again.canonical(), canonical.as_str(), "of {:?}", text);
    prop_assert_eq!(again.delegation(), parsed.delegation());
    prop_assert_eq!(again.effect_on_others(), parsed.effect_on_others());
    prop_assert!(same(text, &canonical));
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn no_text_upsets_the_reader(text in any::<String>()) {
        examine(&text)?;
    }

    #[test]
    fn no_string_of_pieces_upsets_the_reader(picks in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        examine(&text)?;
    }

    #[test]
    fn whole_conditions_are_read_and_damaged_ones_survived(
        numbers in proptest::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), piece in 0..PIECES.len(),
    ) {
        let text = condition(&mut numbers.into_iter(), 0);
        prop_assert!(Condition::parse(&text).is_ok(), "{:?}: {:?}", text, Condition::mistakes(&text));
        examine(&text)?;
        let mut cut = at.index(text.len() + 1);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        examine(&text[..cut])?;
        examine(&format!("{}{}{}", &text[..cut], PIECES[piece], &text[cut..]))?;
    }
}
