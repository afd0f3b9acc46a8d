//! Rust sources, read as tokens: which lines are tests, and which macros, attributes and functions occur where.
//!
//! Tokens and not text, because `todo!` in a comment or a string is nobody's business; and not a syntax tree,
//! because tests inside `proptest! { … }` are tokens only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, LexError, Spacing, TokenStream, TokenTree};

use crate::finding::Finding;
use crate::tree::Tree;

/// The facts about one source file that checks ask for. Lines count from 1.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) line_count: usize,
    /// The whole file is a test: by its place, or because its parent declares it under `#[cfg(test)]`.
    pub(crate) is_test_file: bool,
    test_lines: BTreeSet<usize>,
    /// Functions that carry a test attribute.
    pub(crate) tests: Vec<Named>,
    /// Macros that are called, without the exclamation mark.
    pub(crate) macros: Vec<Named>,
    pub(crate) attributes: Vec<Attribute>,
    /// The keywords `async` and `await`.
    pub(crate) asyncs: Vec<Named>,
    /// `#[cfg(test)] mod name;`
    test_modules: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// An attribute: its words in order, without strings and punctuation. `#[cfg_attr(a, b(c = "d"))]` is
/// `cfg_attr a b c`.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) words: Vec<String>,
    pub(crate) line: usize,
}

/// All Rust sources of the tree; files that are not Rust at all become findings.
pub(crate) fn sources(tree: &Tree) -> (Vec<Source>, Vec<Finding>) {
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("rs") {
        match Source::parse(path, text) {
            Ok(source) => sources.push(source),
            Err(error) => {
                let line = error.span().start().line;
                findings.push(Finding::error("lex", error.to_string()).at(path, line));
            }
        }
    }
    let declared: Vec<PathBuf> = sources.iter().flat_map(Source::test_module_files).collect();
    for source in &mut sources {
        // A module's own modules lie in the folder of its name.
        let below = |file: &PathBuf| source.path == *file || source.path.starts_with(file.with_extension(""));
        source.is_test_file |= declared.iter().any(below);
    }
    (sources, findings)
}

impl Source {
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, LexError> {
        let mut source = Self { path: path.to_owned(), line_count: text.lines().count(), ..Self::default() };
        source.is_test_file = is_test_path(path);
        source.read(text.parse()?);
        Ok(source)
    }

    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file || self.test_lines.contains(&line)
    }

    /// Lines of the file that are not tests.
    pub(crate) fn code_lines(&self) -> usize {
        (1..=self.line_count).filter(|line| !self.is_test_line(*line)).count()
    }

    fn test_module_files(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        let stem = self.path.file_stem().unwrap_or_default();
        let base =
            if ["lib", "main", "mod"].iter().any(|s| stem == *s) { folder.into() } else { folder.join(stem) };
        let files = |name: &String| [base.join(format!("{name}.rs")), base.join(name).join("mod.rs")];
        self.test_modules.iter().flat_map(files).collect()
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut pending = Pending::default();
        while at < tokens.len() {
            if let Some((attribute, group, length)) = attribute_at(&tokens, at) {
                pending.note(&attribute, group);
                // `#![cfg(test)]` makes a test of everything around it.
                if length == 3 && is_cfg_test(group) {
                    self.mark(&tokens, at, tokens.len() - 1);
                }
                self.attributes.push(attribute);
                at += length;
                continue;
            }
            if pending.first_line.is_some() {
                let end = end_of_item(&tokens, at);
                self.item(&tokens, at, end, &pending);
                pending = Pending::default();
            }
            self.token(&tokens, at);
            at += 1;
        }
    }

    fn item(&mut self, tokens: &[TokenTree], start: usize, end: usize, pending: &Pending) {
        if !(pending.is_test || pending.is_cfg_test) {
            return;
        }
        let first = pending.first_line.unwrap_or_else(|| line_of(&tokens[start]));
        self.test_lines.extend(first..=last_line_of(&tokens[end]));
        if pending.is_test
            && let Some(name) = name_after("fn", &tokens[start..=end])
        {
            self.tests.push(name);
        }
        let is_declaration = matches!(&tokens[end], TokenTree::Punct(p) if p.as_char() == ';');
        if is_declaration && let Some(name) = name_after("mod", &tokens[start..=end]) {
            self.test_modules.push(name.name);
        }
    }

    fn token(&mut self, tokens: &[TokenTree], at: usize) {
        match &tokens[at] {
            TokenTree::Group(group) => self.read(group.stream()),
            TokenTree::Ident(ident) => {
                let named = Named { name: ident.to_string(), line: ident.span().start().line };
                if is_macro_call(tokens, at) {
                    self.macros.push(named);
                } else if ident == "async" || ident == "await" {
                    self.asyncs.push(named);
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }

    fn mark(&mut self, tokens: &[TokenTree], first: usize, last: usize) {
        self.test_lines.extend(line_of(&tokens[first])..=last_line_of(&tokens[last]));
    }
}

/// The attributes seen since the last item.
#[derive(Debug, Default)]
struct Pending {
    first_line: Option<usize>,
    is_test: bool,
    is_cfg_test: bool,
}

impl Pending {
    fn note(&mut self, attribute: &Attribute, group: &Group) {
        self.first_line.get_or_insert(attribute.line);
        self.is_test |= is_test_attribute(group);
        self.is_cfg_test |= is_cfg_test(group);
    }
}

/// The attribute that begins at `at`, its brackets, and how many tokens it takes (3 for an inner one).
fn attribute_at(tokens: &[TokenTree], at: usize) -> Option<(Attribute, &Group, usize)> {
    let is_punct = |i: usize, c: char| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == c);
    if !is_punct(at, '#') {
        return None;
    }
    let length = if is_punct(at + 1, '!') { 3 } else { 2 };
    match tokens.get(at + length - 1) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            let mut words = Vec::new();
            collect_words(group.stream(), &mut words);
            Some((Attribute { words, line: line_of(&tokens[at]) }, group, length))
        }
        _ => None,
    }
}

/// `#[test]`, `#[tokio::test]`, `#[tokio::test(start_paused = true)]`: a path that ends in `test`.
fn is_test_attribute(group: &Group) -> bool {
    let path = group.stream().into_iter().take_while(|token| {
        matches!(token, TokenTree::Ident(_)) || matches!(token, TokenTree::Punct(p) if p.as_char() == ':')
    });
    path.last().is_some_and(|token| token.to_string() == "test")
}

/// `#[cfg(test)]`, `#[cfg(all(test, unix))]`; not `#[cfg(not(test))]`.
fn is_cfg_test(group: &Group) -> bool {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(cfg), TokenTree::Group(condition)] if cfg == "cfg" => {
            asks_for_test(condition.stream())
        }
        _ => false,
    }
}

fn asks_for_test(condition: TokenStream) -> bool {
    let mut previous = String::new();
    for token in condition {
        match &token {
            TokenTree::Ident(ident) if ident == "test" => return true,
            // Under `any`, the item is not only a test.
            TokenTree::Group(group) if previous == "all" && asks_for_test(group.stream()) => return true,
            _ => {}
        }
        previous = token.to_string();
    }
    false
}

fn is_macro_call(tokens: &[TokenTree], at: usize) -> bool {
    let bang = |token: &TokenTree| match token {
        TokenTree::Punct(p) => p.as_char() == '!' && p.spacing() == Spacing::Alone,
        _ => false,
    };
    tokens.get(at + 1).is_some_and(bang) && matches!(tokens.get(at + 2), Some(TokenTree::Group(_)))
}

/// The index of the body or the semicolon that ends the item which begins at `start`.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(p) => p.as_char() == ';',
        _ => false,
    };
    (start..tokens.len()).find(|i| ends(&tokens[*i])).unwrap_or(tokens.len() - 1)
}

fn name_after(keyword: &str, tokens: &[TokenTree]) -> Option<Named> {
    tokens.windows(2).find_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if word == keyword => {
            Some(Named { name: name.to_string(), line: name.span().start().line })
        }
        _ => None,
    })
}

fn collect_words(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => collect_words(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

fn last_line_of(token: &TokenTree) -> usize {
    token.span().end().line
}

/// Integration tests, and modules that hold nothing but tests.
fn is_test_path(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|c| c.as_os_str() == "tests")
}

#[cfg(test)]
mod tests;
