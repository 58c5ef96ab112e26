//! The words of an expression in a template: names, texts, numbers and signs.
//!
//! One set of signs serves all dialects; which of them mean something is the parser's matter.

use crate::engine::builtin::ir::{Name, Span};

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(Name),
    Text(Name),
    Number(Name),
    Sign(&'static str),
}

/// A word with its place in the file.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// Longer signs first.
const SIGNS: &[&str] = &[
    "**", "//", "==", "!=", "<=", ">=", "&&", "||", "?:", "?.", "->", "::", ".", ",", ":", ";",
    "|", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "%", "~", "<", ">", "=", "!", "?", "@",
    "#", "$", "&", "^",
];

/// The words of `text`, which stands at `start` of the file. Unknown signs are left out.
pub(super) fn tokens(text: &str, start: usize) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (kind, length) = if next.is_whitespace() {
            (None, next.len_utf8())
        } else if next == '"' || next == '\'' {
            let (text, length) = quoted(rest, next);
            (Some(Kind::Text(text.into())), length)
        } else if next.is_ascii_digit() {
            let behind_dot = found.last().is_some_and(|it| it.kind == Kind::Sign("."));
            let length = number(rest, !behind_dot);
            let text = rest.get(..length).unwrap_or_default();
            (Some(Kind::Number(text.into())), length)
        } else if next.is_alphabetic() || next == '_' {
            let in_name = |c: char| c.is_alphanumeric() || c == '_';
            let length = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            (Some(Kind::Name(text.into())), length)
        } else {
            match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Some(Kind::Sign(sign)), sign.len()),
                None => (None, next.len_utf8()),
            }
        };
        if let Some(kind) = kind {
            let span = Span::from(start + at..start + at + length);
            found.push(Token { kind, span });
        }
        at += length;
    }
    found
}

/// What a text in quotes stands for, and how long it is with them.
fn quoted(rest: &str, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut escaped = false;
    for (at, next) in rest.char_indices().skip(1) {
        match (escaped, next) {
            (false, '\\') => escaped = true,
            (false, _) if next == quote => return (text, at + 1),
            (true, 'n') => {
                text.push('\n');
                escaped = false;
            }
            _ => {
                text.push(next);
                escaped = false;
            }
        }
    }
    (text, rest.len())
}

/// How long a number is; with `point`, a part behind a point belongs to it.
fn number(rest: &str, point: bool) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let more = bytes.iter().skip(from);
        from + more
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count()
    };
    let whole = digits(0);
    let has_part =
        bytes.get(whole) == Some(&b'.') && bytes.get(whole + 1).is_some_and(u8::is_ascii_digit);
    if point && has_part {
        digits(whole + 1)
    } else {
        whole
    }
}
