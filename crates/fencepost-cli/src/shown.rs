//! Values and names as messages show them: between backticks, on one line, and short. They may be anybody's.

use std::fmt::Write as _;

/// A value or a name.
pub(crate) fn shown(value: &str) -> String {
    let mut out = String::from("`");
    for (count, c) in value.chars().enumerate() {
        if count == SHOWN_CHARS {
            let _ = write!(out, "…` ({} bytes)", value.len());
            return out;
        }
        match c {
            '"' | '\'' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out.push('`');
    out
}

/// The same of bytes that may be no text.
pub(crate) fn shown_bytes(value: &[u8]) -> String {
    let begin = &value[..value.len().min(4 * SHOWN_CHARS)];
    match str::from_utf8(value) {
        Ok(text) => shown(text),
        Err(_) => format!("`{}`", &begin[..begin.len().min(SHOWN_CHARS)].escape_ascii()),
    }
}

/// The option that names a column's type. A column whose name cannot be typed within quotes is not in it.
pub(crate) fn types_option(column: &str, name: &str) -> String {
    let typed = |c: char| !c.is_control() && !matches!(c, '\'' | ',' | '=');
    if column.chars().count() <= SHOWN_CHARS
        && column.chars().all(typed)
        && shown(column).len() == column.len() + 2
    {
        format!("--types '{column}={name}'")
    } else {
        format!("--types '…={name}'")
    }
}

/// How many characters of a value are enough to find it.
const SHOWN_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_short_and_on_one_line() {
        assert_eq!(shown("a\n\u{1b}[31m\"b\""), "`a\\n\\u{1b}[31m\"b\"`");
        let long = shown(&"x".repeat(1_000));
        assert!(long.len() < 70 && long.ends_with("…` (1000 bytes)"), "{long}");
        assert_eq!(shown_bytes(b"\xff\xfea"), "`\\xff\\xfea`");
        assert_eq!(types_option("a b", "text"), "--types 'a b=text'");
        for odd in ["a'b", "a\nb", "a=b", &"x".repeat(41)] {
            assert_eq!(types_option(odd, "text"), "--types '…=text'");
        }
    }
}
