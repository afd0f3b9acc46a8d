//! Text from outside, made fit to print: names escaped, credentials taken out.

use std::fmt::{self, Write};

/// Prints a name on one line with control and other unprintable characters escaped.
///
/// Names in a bucket are anybody's; one with a line break or a terminal sequence in it must not reach a log
/// or a terminal as it is.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is what it wraps")]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\'' | '"' => f.write_char(c)?,
                _ => write!(f, "{}", c.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// Takes out of a client's error text what may be a credential, bounds its length and escapes it.
///
/// Two things can be one: a URL's query or user name (signatures, tokens), and the body of a refusal, which
/// on S3 repeats the canonical request with the session token in it. Of a body only its code and message
/// remain.
pub(crate) fn redact(text: &str) -> String {
    let (text, body) = match BODY_STARTS.iter().filter_map(|start| text.find(start)).min() {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let mut out = redact_urls(text);
    if let Some(body) = body {
        for tag in ["Code", "Message"] {
            if let Some(value) = element(body, tag) {
                out.push_str(value);
                out.push(' ');
            }
        }
    }
    Escaped(&shorten(out.trim_end())).to_string()
}

/// The text of the first element `tag` in an XML document that has no attributes on it.
pub(crate) fn element<'a>(body: &'a str, tag: &str) -> Option<&'a str> {
    let start = body.find(&format!("<{tag}>"))? + tag.len() + 2;
    let length = body[start..].find(&format!("</{tag}>"))?;
    Some(&body[start..start + length])
}

fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        out.push_str(before);
        let end = url.find(|c: char| c.is_whitespace() || "\"'()<>`".contains(c)).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        let (url, query) = url.split_once(['?', '#']).map_or((url, false), |(url, _)| (url, true));
        let authority = url.find('/').unwrap_or(url.len());
        match url[..authority].rfind('@') {
            Some(at) => {
                out.push_str("..");
                out.push_str(&url[at..]);
            }
            None => out.push_str(url),
        }
        if query {
            out.push_str("?..");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => format!("{} ..", &text[..at]),
        None => text.to_owned(),
    }
}

const BODY_STARTS: [&str; 3] = ["<?xml", "<Error", "<html"];
const TEXT_CHARS_MAX: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Escaped("a\u{1b}[31m\nb'é").to_string(), "a\\u{1b}[31m\\nb'é");
    }

    #[test]
    fn queries_and_user_names_of_urls_are_taken_out() {
        let text =
            r#"PUT https://key:secret@acc.example/c/o?sv=1&sig=abc%3D failed, see "http://h/p?x" (s3://b/p)"#;
        let expected = r#"PUT https://..@acc.example/c/o?.. failed, see "http://h/p?.." (s3://b/p)"#;
        assert_eq!(redact(text), expected);
    }

    #[test]
    fn of_a_refusals_body_only_code_and_message_remain() {
        let text = "status 403: <?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
                    <Message>no match</Message><CanonicalRequest>x-amz-security-token:TOKEN</CanonicalRequest></Error>";
        assert_eq!(redact(text), "status 403: SignatureDoesNotMatch no match");
    }

    #[test]
    fn long_texts_are_cut() {
        let text = redact(&"é".repeat(5000));
        assert_eq!(text.chars().count(), TEXT_CHARS_MAX + 3);
    }
}
