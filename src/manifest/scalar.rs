//! What a plain scalar means: the core schema of YAML 1.2, nothing converted.

use serde_json::Number;

use crate::manifest::tree::Content;

/// Why a plain scalar is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// `.inf`, `.nan`, or beyond what 64 bits hold.
    Range,
    /// `012`: 12 for YAML 1.2, 10 for YAML 1.1.
    LeadingZero,
}

/// Returns the meaning of a plain scalar.
pub(crate) fn resolve(text: &str) -> Result<Content, Refused> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ if !looks_numeric(text) => Content::Text(text.to_owned()),
        _ => return number(text).unwrap_or_else(|| Ok(Content::Text(text.to_owned()))),
    })
}

/// Tells cheaply whether a text might be a number.
fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
}

fn number(text: &str) -> Option<Result<Content, Refused>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(Refused::Range));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
                return None;
            }
            let value = u64::from_str_radix(digits, radix);
            return Some(value.map(|value| Content::Number(value.into())).map_err(|_| Refused::Range));
        }
    }
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits(unsigned) {
        if unsigned.is_empty() {
            return None;
        }
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Some(Err(Refused::LeadingZero));
        }
        let plain = text.strip_prefix('+').unwrap_or(text);
        let value = plain.parse::<i64>().map(Number::from).or_else(|_| plain.parse::<u64>().map(Number::from));
        return Some(value.map(Content::Number).map_err(|_| Refused::Range));
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        !text.is_empty() && digits(text)
    });
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) || !exponent_fits {
        return None;
    }
    let value = text.parse::<f64>().ok().and_then(Number::from_f64);
    Some(value.map(Content::Number).ok_or(Refused::Range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn plain_scalars_mean_what_yaml_1_2_says() {
        let value = |text: &str| match resolve(text).unwrap() {
            Content::Null => Value::Null,
            Content::Bool(value) => json!(value),
            Content::Number(value) => Value::Number(value),
            Content::Text(text) => json!(text),
            other => panic!("{other:?}"),
        };
        for (text, want) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("True", json!(true)),
            ("no", json!("no")),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0", json!(0)),
            ("1.5e3", json!(1500.0)),
            (".5", json!(0.5)),
            ("1_000", json!("1_000")),
            ("1:30", json!("1:30")),
            ("2026-01-01", json!("2026-01-01")),
            ("-", json!("-")),
            (".", json!(".")),
            ("+", json!("+")),
            ("1e", json!("1e")),
            ("0x", json!("0x")),
            ("1.2.3", json!("1.2.3")),
            ("P180D", json!("P180D")),
        ] {
            assert_eq!(value(text), want, "{text}");
        }
    }

    #[test]
    fn what_json_cannot_hold_or_versions_disagree_on_is_refused() {
        for (text, want) in [
            (".inf", Refused::Range),
            ("-.INF", Refused::Range),
            (".nan", Refused::Range),
            ("1e999", Refused::Range),
            ("99999999999999999999", Refused::Range),
            ("012", Refused::LeadingZero),
            ("-00", Refused::LeadingZero),
        ] {
            assert_eq!(resolve(text), Err(want), "{text}");
        }
    }
}
