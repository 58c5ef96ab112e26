//! Colours for source text, computed on the server so that no client needs a parser.
//!
//! A language is coloured when its grammar is part of the binary; every other text is shown plain.
//! Spans carry a class, never a colour, and no text. Parsing is bounded in size and can be called
//! off; a text too long for it is plain, not wrong.

use crate::engine::inventory::Language;
use std::{collections::BTreeMap, sync::LazyLock};
use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

/// Longer texts are not coloured, in bytes.
const MAX_BYTES: usize = 512 * 1024;

/// Classes of text, as clients style them. A grammar's finer names belong to the longest of these
/// that they begin with.
const CLASSES: &[&str] = &[
    "attribute",
    "boolean",
    "comment",
    "constant",
    "constructor",
    "embedded",
    "escape",
    "function",
    "keyword",
    "label",
    "module",
    "number",
    "operator",
    "property",
    "punctuation",
    "string",
    "tag",
    "type",
    "variable",
];

/// A coloured piece of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighlightSpan {
    /// The line, from 1.
    pub line: u32,
    /// The first character of it, from 0.
    pub start: u32,
    /// The character after the last one.
    pub end: u32,
    /// What it is: a word like `keyword`, `string`, `comment`.
    pub class: &'static str,
}

static GRAMMARS: LazyLock<BTreeMap<Language, HighlightConfiguration>> = LazyLock::new(|| {
    let javascript = tree_sitter_javascript::HIGHLIGHT_QUERY;
    // TypeScript's query says only what it has beyond JavaScript.
    let typescript = tree_sitter_typescript::HIGHLIGHTS_QUERY;
    let grammars = [
        (
            Language::Python,
            tree_sitter_python::LANGUAGE,
            tree_sitter_python::HIGHLIGHTS_QUERY.to_owned(),
        ),
        (
            Language::Yaml,
            tree_sitter_yaml::LANGUAGE,
            tree_sitter_yaml::HIGHLIGHTS_QUERY.to_owned(),
        ),
        (
            Language::Javascript,
            tree_sitter_javascript::LANGUAGE,
            javascript.to_owned(),
        ),
        (
            Language::Typescript,
            tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            format!("{typescript}\n{javascript}"),
        ),
    ];
    let known = grammars
        .into_iter()
        .filter_map(|(language, grammar, query)| {
            let made =
                HighlightConfiguration::new(grammar.into(), language.as_str(), &query, "", "");
            let mut configuration = made.ok()?;
            configuration.configure(CLASSES);
            Some((language, configuration))
        });
    known.collect()
});

/// Whether texts in `language` can be coloured.
pub fn can_highlight(language: Language) -> bool {
    GRAMMARS.contains_key(&language)
}

/// The coloured pieces of `text`, by line; none when its language has no grammar here. Blocking.
pub fn highlight(language: Language, text: &str) -> Vec<HighlightSpan> {
    let Some(configuration) = GRAMMARS.get(&language) else {
        return Vec::new();
    };
    if text.len() > MAX_BYTES {
        return Vec::new();
    }
    let mut highlighter = Highlighter::new();
    let Ok(events) = highlighter.highlight(configuration, text.as_bytes(), None, None, |_| None)
    else {
        return Vec::new();
    };
    let mut cursor = Cursor::new(text);
    let mut spans = Vec::new();
    let mut classes = Vec::new();
    for event in events {
        match event {
            Ok(HighlightEvent::HighlightStart(class)) => classes.push(class.0),
            Ok(HighlightEvent::HighlightEnd) => {
                classes.pop();
            }
            Ok(HighlightEvent::Source { start, end }) => {
                let class = classes.last().and_then(|class| CLASSES.get(*class));
                if let Some(class) = class {
                    cursor.spans(start, end, class, &mut spans);
                }
            }
            // What was coloured so far is right.
            Err(_) => break,
        }
    }
    spans
}

/// Turns rising byte offsets into lines and characters.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            column: 0,
        }
    }

    /// Adds one span per line that `start..end` touches.
    fn spans(
        &mut self,
        start: usize,
        end: usize,
        class: &'static str,
        spans: &mut Vec<HighlightSpan>,
    ) {
        self.advance(start);
        let mut from = self.column;
        while self.at < end {
            let Some(c) = self
                .text
                .get(self.at..)
                .and_then(|rest| rest.chars().next())
            else {
                break;
            };
            if c == '\n' {
                self.push(from, class, spans);
                from = 0;
            }
            self.step(c);
        }
        self.push(from, class, spans);
    }

    fn push(&self, from: u32, class: &'static str, spans: &mut Vec<HighlightSpan>) {
        if self.column > from {
            spans.push(HighlightSpan {
                line: self.line,
                start: from,
                end: self.column,
                class,
            });
        }
    }

    fn advance(&mut self, to: usize) {
        while self.at < to {
            let Some(c) = self
                .text
                .get(self.at..)
                .and_then(|rest| rest.chars().next())
            else {
                return;
            };
            self.step(c);
        }
    }

    fn step(&mut self, c: char) {
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
    }
}

#[cfg(test)]
mod tests;
