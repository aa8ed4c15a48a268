//! Permissions with wildcards, held against every operation of a small catalog.

use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};
use rolewright::core::permission_set::{excess, uncovered};
use rolewright::core::role_definition::{Permission, Permissions};

use crate::world::config;

/// Every operation there is: three letters of two kinds between slashes, so that patterns often touch.
fn operations() -> impl Iterator<Item = String> {
    let words = ["a", "b", "ab", "ba"];
    words.into_iter().flat_map(move |x| {
        words
            .into_iter()
            .flat_map(move |y| ["read", "write"].map(move |z| format!("{x}/{y}/{z}")))
            .chain([format!("{x}/read")])
    })
}

/// Tells whether a pattern stands for an operation, found out letter by letter.
fn stands_for(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => stands_for(rest, text),
        (Some((b'*', rest)), Some((_, more))) => stands_for(rest, text) || stands_for(pattern, more),
        (Some((x, rest)), Some((y, more))) => x.eq_ignore_ascii_case(y) && stands_for(rest, more),
        _ => false,
    }
}

fn lists<'a>(mut patterns: impl Iterator<Item = &'a Permission>, operation: &str) -> bool {
    patterns.any(|one| stands_for(one.as_str().as_bytes(), operation.as_bytes()))
}

fn allows(role: &Permissions, operation: &str, is_data: bool) -> bool {
    let (allowed, excluded) = match is_data {
        false => (&role.actions, &role.not_actions),
        true => (&role.data_actions, &role.not_data_actions),
    };
    lists(allowed.iter(), operation) && !lists(excluded.iter(), operation)
}

fn permission() -> impl Strategy<Value = Permission> {
    let pieces = ["a", "b", "A", "/", "/", "*", "*", "read", "write", "/read", "/write", "a/", "b/"];
    prop::collection::vec(0..pieces.len(), 1..5)
        .prop_map(move |picks| Permission::new(&picks.into_iter().map(|pick| pieces[pick]).collect::<String>()))
}

fn role() -> impl Strategy<Value = Permissions> {
    let some = |most| prop::collection::btree_set(permission(), 0..most);
    (some(5), some(3), some(3), some(2)).prop_map(|(actions, not_actions, data_actions, not_data_actions)| {
        Permissions { actions, not_actions, data_actions, not_data_actions }
    })
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_narrowest_is_no_wider_than_either(a in role(), b in role()) {
        let both = a.narrowest(&b);
        for operation in operations() {
            for is_data in [false, true] {
                if allows(&both, &operation, is_data) {
                    prop_assert!(allows(&a, &operation, is_data) && allows(&b, &operation, is_data), "{operation}: {both:?}");
                }
            }
        }
        prop_assert!(excess(&both, &a).is_empty() && excess(&both, &b).is_empty());
        prop_assert!(a.narrowest(&a) == a && both == b.narrowest(&a));
    }

    #[test]
    fn what_has_no_excess_is_a_subset(a in role(), b in role(), is_meant in any::<bool>()) {
        // two random roles are seldom subsets
        let inner = if is_meant { a.narrowest(&b) } else { a };
        let found = excess(&inner, &b);
        for operation in operations() {
            for (is_data, listed) in [(false, &inner.actions), (true, &inner.data_actions)] {
                if allows(&inner, &operation, is_data) && !allows(&b, &operation, is_data) {
                    let is_named = listed.iter().any(|one| {
                        stands_for(one.as_str().as_bytes(), operation.as_bytes())
                            && found.iter().any(|excess| excess.is_data == is_data && excess.permission == *one)
                    });
                    prop_assert!(is_named, "{operation} is not named in {found:?}");
                }
            }
        }
        if uncovered(&inner.actions, &b.actions).is_empty() {
            for operation in operations() {
                prop_assert!(!lists(inner.actions.iter(), &operation) || lists(b.actions.iter(), &operation));
            }
        }
    }
}
