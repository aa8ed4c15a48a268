//! The expressions of GitHub workflows, as far as ours use them: paths, strings, `==`, `!=`, `&&`, `||`, `!`, status functions.

use serde_json::Value;

/// Replaces each `${{ … }}` in `text` by its value over `contexts`, an object of contexts by name.
pub(super) fn interpolate(text: &str, contexts: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let end = rest[at..].find("}}").expect("an expression ends") + at;
        out.push_str(&rest[..at]);
        out.push_str(&plain(&evaluate(&rest[at + 3..end], contexts)));
        rest = &rest[end + 2..];
    }
    out + rest
}

/// Tells whether a step or job runs: without a status function in its condition, only after success.
pub(super) fn holds(condition: Option<&Value>, contexts: &Value, failed: bool) -> bool {
    let Some(condition) = condition else { return !failed };
    let condition = condition.as_str().expect("a condition is text");
    let names_status = ["always()", "failure()", "success()", "cancelled()"].iter().any(|f| condition.contains(f));
    let text = condition.trim().trim_start_matches("${{").trim_end_matches("}}");
    let mut contexts = contexts.clone();
    contexts["(failed)"] = Value::Bool(failed);
    (names_status || !failed) && is_true(&evaluate(text, &contexts))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && !plain(value).is_empty() && plain(value) != "0"
}

fn evaluate(text: &str, contexts: &Value) -> Value {
    let mut reader = Reader { rest: text, contexts };
    let value = reader.or();
    assert_eq!(reader.rest.trim(), "", "all of the expression is understood: {text}");
    value
}

/// Reads an expression from left to right.
struct Reader<'a> {
    rest: &'a str,
    contexts: &'a Value,
}

impl<'a> Reader<'a> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.starts_with(token);
        if found {
            self.rest = &rest[token.len()..];
        }
        found
    }

    fn or(&mut self) -> Value {
        let mut value = self.and();
        while self.takes("||") {
            let other = self.and();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn and(&mut self) -> Value {
        let mut value = self.compared();
        while self.takes("&&") {
            let other = self.compared();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn compared(&mut self) -> Value {
        let value = self.one();
        // GitHub compares a missing value with text as empty text, and letters without their case
        let same = |a: &Value, b: &Value| plain(a).eq_ignore_ascii_case(&plain(b));
        if self.takes("==") {
            let other = self.one();
            return Value::Bool(same(&value, &other));
        }
        if self.takes("!=") {
            let other = self.one();
            return Value::Bool(!same(&value, &other));
        }
        value
    }

    fn one(&mut self) -> Value {
        if self.takes("!") {
            return Value::Bool(!is_true(&self.one()));
        }
        if self.takes("(") {
            let value = self.or();
            assert!(self.takes(")"), "a bracket closes: {}", self.rest);
            return value;
        }
        if self.takes("'") {
            let end = self.rest.find('\'').expect("a text ends");
            let text = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
            return Value::from(text);
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after;
        if self.takes("(") {
            assert!(self.takes(")"), "functions have no arguments: {word}");
            let failed = self.contexts["(failed)"] == true;
            return Value::Bool(match word {
                "always" => true,
                "success" => !failed,
                "failure" => failed,
                "cancelled" => false,
                other => panic!("the function {other} is not known"),
            });
        }
        assert!(!word.is_empty(), "an expression has a value: {}", self.rest);
        let mut names = word.split('.');
        let context = names.next().unwrap_or_default();
        let found = self.contexts.get(context).unwrap_or_else(|| panic!("the context {context} is not known"));
        names.fold(found, |value, name| value.get(name).unwrap_or(&Value::Null)).clone()
    }
}

#[test]
fn expressions_mean_what_github_says() {
    let contexts = serde_json::json!({"needs": {"a": {"outputs": {"exit-code": "5"}}}, "inputs": {"x": true}});
    for (text, expected) in [
        ("a ${{ needs.a.outputs.exit-code }} b", "a 5 b"),
        ("${{ needs.b.outputs.none }}", ""),
        ("${{ needs.b.c || inputs.x }}", "true"),
        ("${{ needs.a.outputs.exit-code == '5' && !(inputs.x == 'false') }}", "true"),
        ("${{ inputs.x != 'true' || needs.b == '' && false_ == '' }}", "false"),
    ] {
        let mut contexts = contexts.clone();
        contexts["false_"] = Value::from("no");
        assert_eq!(interpolate(text, &contexts), expected, "{text}");
    }
    let condition = Value::from("always() && needs.a.outputs.exit-code == '4'");
    assert!(!holds(Some(&condition), &contexts, true));
    assert!(holds(Some(&Value::from("always()")), &contexts, true));
    assert!(!holds(Some(&Value::from("inputs.x")), &contexts, true));
    assert!(holds(None, &contexts, false) && !holds(None, &contexts, true));
}
