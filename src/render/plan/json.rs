//! For programs: the plan itself, `rolewright.plan/v1`. [`crate::core::plan::Plan`] is the versioned form.

use crate::core::plan::Plan;
use crate::render::escape::json_literal;

/// Returns the plan as one JSON document, indented, with a newline at the end.
///
/// Characters that a terminal or a build log would interpret are written as `\u` escapes, which mean the same to a program:
/// the digest is over the values and does not change.
pub fn json(plan: &Plan) -> String {
    let text = serde_json::to_string_pretty(plan).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    json_literal(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_unsafe;
    use crate::render::plan::sample;

    #[test]
    fn reads_back_as_the_same_plan() {
        for plan in sample::all() {
            let back: Plan = serde_json::from_str(&json(&plan)).unwrap();
            assert_eq!(back.compute_digest(), plan.digest, "{}", plan.tenant_name);
            assert_eq!(json(&back), json(&plan));
        }
    }

    #[test]
    fn gives_nothing_to_interpret() {
        let text = json(&sample::hostile());
        assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
        assert!(!text.contains("##["));
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")));
        assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc01"));
    }
}
