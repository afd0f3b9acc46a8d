//! JSON as it is written: numbers by their digits, and each value one step at a time.
//!
//! Parsers that hand out numbers as machines hold them have changed some of them by then. Strings with escapes are
//! read by `serde_json`.

use std::borrow::Cow;

/// Reads one text, value by value.
#[derive(Clone, Debug)]
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// What a value is, by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a truth value",
            Self::Number => "a number",
            Self::String => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl<'a> Parser<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What comes next, as it is written.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Which line of the text is being read, from 0.
    pub(super) fn line(&self) -> u64 {
        self.text[..self.at].bytes().filter(|byte| *byte == b'\n').count() as u64
    }

    pub(super) fn kind(&mut self) -> Result<Kind, String> {
        self.skip_blanks();
        Ok(match self.peek() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => return Err(self.wrong("a value")),
        })
    }

    pub(super) fn null(&mut self) -> Result<(), String> {
        self.word("null").map(|_| ())
    }

    /// `true` or `false`, as a text.
    pub(super) fn truth(&mut self) -> Result<&'a str, String> {
        if self.peek() == Some(b't') { self.word("true") } else { self.word("false") }
    }

    /// A number's characters.
    pub(super) fn number(&mut self) -> Result<&'a str, String> {
        let from = self.at;
        self.take_if(b"-");
        if self.take_if(b"0").is_none() {
            self.digits()?;
        }
        if self.take_if(b".").is_some() {
            self.digits()?;
        }
        if self.take_if(b"eE").is_some() {
            self.take_if(b"+-");
            self.digits()?;
        }
        match self.peek() {
            None | Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') => Ok(&self.text[from..self.at]),
            Some(_) => Err(self.wrong("the end of the number")),
        }
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, String> {
        let from = self.at;
        if self.take_if(b"\"").is_none() {
            return Err(self.wrong("a text"));
        }
        let bytes = self.text.as_bytes();
        let mut plain = true;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.at += 2;
                }
                Some(byte) if *byte < 0x20 => {
                    return Err("an unescaped control character".to_owned());
                }
                Some(_) => self.at += 1,
                None => return Err("an unterminated text".to_owned()),
            }
        }
        self.at += 1;
        if plain {
            return Ok(Cow::Borrowed(&self.text[from + 1..self.at - 1]));
        }
        let written = self.text.get(from..self.at).ok_or("an invalid escape")?;
        serde_json::from_str::<String>(written).map(Cow::Owned).map_err(|error| {
            let text = error.to_string();
            if text.starts_with("unexpected end of hex escape") || text.starts_with("lone leading surrogate")
            {
                return "half of a surrogate pair (\\ud800 to \\udfff), which is no character".to_owned();
            }
            // The position would be that within the text.
            text.split(" at line ").next().unwrap_or(&text).to_owned()
        })
    }

    /// Begins an array or object.
    pub(super) fn open(&mut self, bracket: u8) -> Result<(), String> {
        self.take_if(&[bracket]).map(|_| ()).ok_or_else(|| self.wrong("a bracket"))
    }

    /// Whether another element or key follows; else the closing bracket was passed.
    pub(super) fn more(&mut self, first: bool, closing: u8) -> Result<bool, String> {
        self.skip_blanks();
        if self.take_if(&[closing]).is_some() {
            return Ok(false);
        }
        if !first {
            if self.take_if(b",").is_none() {
                return Err(self.wrong(&format!("`,` or `{}`", closing as char)));
            }
            self.skip_blanks();
            if self.peek() == Some(closing) {
                return Err(self.wrong("a value"));
            }
        }
        Ok(true)
    }

    /// A key and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, String> {
        let key = self.string()?;
        self.skip_blanks();
        if self.take_if(b":").is_none() {
            return Err(self.wrong("`:`"));
        }
        Ok(key)
    }

    /// Passes over a value, and gives it as it is written.
    pub(super) fn skip(&mut self, depth: usize) -> Result<&'a str, String> {
        let kind = self.kind()?;
        let from = self.at;
        match kind {
            Kind::Null => self.null()?,
            Kind::Bool => drop(self.truth()?),
            Kind::Number => drop(self.number()?),
            Kind::String => drop(self.string()?),
            Kind::Array => {
                check_depth(depth)?;
                self.open(b'[')?;
                let mut first = true;
                while self.more(first, b']')? {
                    self.skip(depth + 1)?;
                    first = false;
                }
            }
            Kind::Object => {
                check_depth(depth)?;
                self.open(b'{')?;
                let mut first = true;
                while self.more(first, b'}')? {
                    self.key()?;
                    self.skip(depth + 1)?;
                    first = false;
                }
            }
        }
        Ok(&self.text[from..self.at])
    }

    fn word(&mut self, word: &str) -> Result<&'a str, String> {
        let from = self.at;
        if !self.rest().starts_with(word) {
            return Err(self.wrong("a value"));
        }
        self.at += word.len();
        match self.peek() {
            Some(byte) if byte.is_ascii_alphanumeric() => Err(self.wrong("the end of the word")),
            _ => Ok(&self.text[from..self.at]),
        }
    }

    fn digits(&mut self) -> Result<(), String> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == from { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take_if(&mut self, one_of: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| one_of.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    fn wrong(&self, expected: &str) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.char_indices().nth(40).map_or(rest.len(), |(at, _)| at);
        format!("{} where {expected} was expected", crate::shown::shown(&rest[..end]))
    }
}

/// Readers of Arrow refuse schemas that are nested more deeply than about sixty.
pub(super) fn check_depth(depth: usize) -> Result<(), String> {
    if depth < DEPTH_MAX { Ok(()) } else { Err(format!("is nested more than {DEPTH_MAX} deep")) }
}

const DEPTH_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<&str, String> {
        let mut parser = Parser::new(text);
        let value = parser.skip(0)?;
        parser.skip_blanks();
        if parser.rest().is_empty() { Ok(value) } else { Err(parser.wrong("the end")) }
    }

    /// What is JSON is decided as `serde_json` does.
    #[test]
    fn json_is_what_others_take_for_json() {
        let values = [
            "1",
            "-0",
            "01",
            "1.",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "-",
            "+1",
            "1x",
            "0x1",
            "null",
            "nul",
            "nullx",
            "true",
            "falsey",
            "\"\"",
            "\"a\\n\\u00e9\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\x\"",
            "\"a",
            "\"\\",
            "\"\\é\"",
            "\"a\nb\"",
            "\"\u{7f}é\"",
            "[]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1, [2]]",
            "[1",
            "{}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":{\"b\":[null]}}",
            "{\"a\":1 \"b\":2}",
            "NaN",
            "Infinity",
            "",
            " 1 ",
            "1 1",
        ];
        for text in values {
            let expected = serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(whole(text).is_ok(), expected.is_ok(), "{text}: {:?}, {expected:?}", whole(text));
        }
    }

    #[test]
    fn values_are_handed_out_as_they_are_written() {
        assert_eq!(whole("[ 1.50, -0 ]").unwrap(), "[ 1.50, -0 ]");
        let mut parser = Parser::new("{\"a\\u0062\":18446744073709551616}");
        parser.open(b'{').unwrap();
        assert!(parser.more(true, b'}').unwrap());
        assert_eq!(parser.key().unwrap(), "ab");
        assert_eq!(
            (parser.kind().unwrap(), parser.number().unwrap()),
            (Kind::Number, "18446744073709551616")
        );
        assert!(!parser.more(false, b'}').unwrap());
    }

    #[test]
    fn depth_is_bounded() {
        whole(&format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX))).unwrap();
        assert!(whole(&"[".repeat(100_000)).unwrap_err().contains("nested more than"));
    }
}
