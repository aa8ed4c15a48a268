//! Takes the power from text that somebody else wrote: a display name may hold terminal escapes, Markdown, markup or the
//! commands of a build log, and must come out as itself.

use std::borrow::Cow;
use std::fmt::Write;

/// Tells whether a character moves the cursor, changes the direction of text or hides: shown raw, it lets a name pretend to be
/// another one.
///
/// C0 and C1 controls, line and paragraph separators, bidirectional controls (Unicode UAX #9), zero-width and tag characters,
/// the byte-order mark.
pub fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns `text` on one line with every unsafe character spelled out: a newline as `\n`, an escape as `\u{1b}`.
///
/// The openings of old-style build-log commands, `##[` and `##vso[`, which log readers look for anywhere in a line, are
/// spelled out too.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, letter) in text.char_indices() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '#' if opens_log_command(&text[at..]) => out.push_str("\\u{23}"),
            letter if is_unsafe(letter) => spell(&mut out, letter),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

fn spell(out: &mut String, letter: char) {
    // writing to a string cannot fail
    let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
}

/// Tells whether `rest` opens a command of GitHub's or Azure Pipelines' logs that counts anywhere in a line.
pub fn opens_log_command(rest: &str) -> bool {
    let starts = |opening: &str| rest.get(..opening.len()).is_some_and(|head| head.eq_ignore_ascii_case(opening));
    starts("##[") || starts("##vso[")
}

/// Returns `text` for the message part of a GitHub workflow command.
///
/// `%`, CR and LF are percent-encoded (actions/toolkit, `command.ts`, `escapeData`); other unsafe characters are spelled out.
/// Line feeds that the caller put there on purpose stay line breaks in the annotation.
pub fn workflow_data(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            letter if is_unsafe(letter) => spell(&mut out, letter),
            letter => out.push(letter),
        }
    }
    out
}

/// Returns `text` for a property of a GitHub workflow command, where `:` and `,` are separators too (`escapeProperty`).
pub fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns JSON, which may be indented, with a newline at the end and nothing in it that a terminal or a build log would
/// interpret: such characters, which can stand in strings only, become `\u` escapes that mean the same to a program.
pub fn json_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut units = [0; 2];
    for (at, letter) in text.char_indices() {
        let is_literal = letter == '\n' || !(is_unsafe(letter) || letter == '#' && opens_log_command(&text[at..]));
        if is_literal {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut units) {
            // writing to a string cannot fail
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out.push('\n');
    out
}

/// Returns `text` for HTML, in elements and in quoted attributes.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in terminal(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// Returns `text` as Markdown that shows it literally, on one line, in a paragraph or a table cell.
///
/// Punctuation is escaped with a backslash, markup with entities, and an empty comment follows `@` and `#`, which keeps GitHub
/// from making mentions and references of them.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for letter in terminal(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("\\#<!-- -->"),
            ':' => out.push_str("&#58;"),
            letter if letter.is_ascii_punctuation() && !matches!(letter, ',' | ';' | '\'' | '"' | '/' | '%' | '?') => {
                out.push('\\');
                out.push(letter);
            }
            letter => out.push(letter),
        }
    }
    out
}

/// Returns a Markdown code span for the cell of a table, where a bar ends the cell even inside of the span. Outside of tables the
/// backslash would be shown.
pub fn cell(code: &str) -> String {
    code.replace('|', "\\|")
}

/// Returns `text` as a Markdown code span, which shows everything literally.
pub fn markdown_code(text: &str) -> String {
    let text = terminal(text);
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_nothing_to_interpret() {
        for (text, want) in [
            ("plain name", "plain name"),
            ("Zoë 😀 山田", "Zoë 😀 山田"),
            ("a\u{1b}[31mred\u{1b}[0m", "a\\u{1b}[31mred\\u{1b}[0m"),
            ("line\r\n::error::x\tend", "line\\r\\n::error::x\\tend"),
            ("x\u{202e}gnp.exe", "x\\u{202e}gnp.exe"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("csi\u{9b}31m del\u{7f} nul\0", "csi\\u{9b}31m del\\u{7f} nul\\u{0}"),
            ("say ##[error]no and ##vso[task.x]", "say \\u{23}#[error]no and \\u{23}#vso[task.x]"),
            ("## heading", "## heading"),
        ] {
            assert_eq!(terminal(text), want);
        }
    }

    #[test]
    fn workflow_commands_stay_one_command() {
        assert_eq!(workflow_data("100%\n::set-output::x\r"), "100%25%0A::set-output::x%0D");
        assert_eq!(workflow_property("a,b:c\n%"), "a%2Cb%3Ac%0A%25");
        assert_eq!(workflow_data("\u{1b}[0m"), "\\u{1b}[0m");
    }

    #[test]
    fn pages_show_text_as_text() {
        assert_eq!(
            html("<img src=x onerror='a(\"b\")'>&"),
            "&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;"
        );
        assert_eq!(
            markdown("[x](http://e) *b* `c` | @org #1"),
            "\\[x\\]\\(http&#58;//e\\) \\*b\\* \\`c\\` \\| @<!-- -->org \\#<!-- -->1"
        );
        assert_eq!(markdown("a\nb"), "a\\\\nb", "the spelled-out newline keeps its backslash");
        assert_eq!(markdown_code("a`b``c|d"), "```a`b``c|d```");
        assert_eq!(cell(&markdown_code("c|d")), "`c\\|d`");
        assert_eq!(markdown_code("`x"), "`` `x ``");
        assert_eq!(markdown_code(""), "`  `");
    }
}
