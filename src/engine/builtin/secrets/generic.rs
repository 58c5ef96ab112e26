//! Values assigned to names: `password = "…"`, `API_KEY: …`.
//!
//! Reads by hand around a keyword: the whole name, then an assignment, then a literal. Unquoted
//! values count only in files where values are not quoted (`.env`, properties, YAML).

use super::checks;
use crate::engine::{builtin::text::SourceText, inventory::Language};
use std::ops::Range;

/// Longest name and value looked at (bytes).
const MAX_NAME: usize = 80;
const MAX_VALUE: usize = 256;

/// A name and the literal assigned to it.
pub(super) struct Assignment {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

/// The assignment to the name around `keyword`, if there is one.
pub(super) fn assignment(source: &SourceText, keyword: Range<usize>) -> Option<Assignment> {
    let bytes = &source.bytes;
    let floor = keyword.start.saturating_sub(MAX_NAME);
    let mut start = keyword.start;
    while start > floor && is_name(bytes[start - 1]) {
        start -= 1;
    }
    let mut end = keyword.end;
    while end < bytes.len() && end - start < MAX_NAME && is_name(bytes[end]) {
        end += 1;
    }
    let name = start..end;
    let mut at = end;
    if matches!(bytes.get(at), Some(b'"' | b'\'')) {
        at += 1;
        // `settings["password"] = …`
        if bytes.get(at) == Some(&b']') {
            at += 1;
        }
    }
    at = skip_blanks(bytes, at);
    // A type annotation between name and value (`token: str = "…"`).
    if bytes.get(at) == Some(&b':')
        && let Some(after) = skip_annotation(bytes, at + 1)
    {
        at = after;
    }
    let operator = bytes.get(at..).unwrap_or_default();
    let length = match operator {
        [b'=', b'=' | b'~', ..] => return None,
        [b'=' | b':', b'=' | b'>', ..] => 2,
        [b'=' | b':', ..] => 1,
        _ => return None,
    };
    at = skip_blanks(bytes, at + length);
    let value = value(source, at)?;
    Some(Assignment { name, value })
}

fn value(source: &SourceText, at: usize) -> Option<Range<usize>> {
    let bytes = &source.bytes;
    let mut at = at;
    for _ in 0..2 {
        if matches!(bytes.get(at), Some(b'b' | b'r' | b'u' | b'B' | b'R' | b'U'))
            && matches!(bytes.get(at + 1), Some(b'"' | b'\''))
        {
            at += 1;
        }
    }
    let limit = bytes.len().min(at + MAX_VALUE + 2);
    if let Some(quote @ (b'"' | b'\'' | b'`')) = bytes.get(at).copied() {
        let start = at + 1;
        let end = (start..limit)
            .find(|index| matches!(bytes[*index], b'\n') || bytes[*index] == quote)?;
        return (bytes[end] == quote && end > start).then_some(start..end);
    }
    let unquoted = matches!(source.language, Some(Language::Properties | Language::Yaml));
    if !unquoted {
        return None;
    }
    let end = (at..limit)
        .find(|index| {
            matches!(
                bytes[*index],
                b'\n' | b'\r' | b' ' | b'\t' | b'#' | b';' | b','
            )
        })
        .unwrap_or(limit);
    (end > at).then_some(at..end)
}

/// Passes `str =`-like annotations; `None` when what follows is no annotation.
fn skip_annotation(bytes: &[u8], at: usize) -> Option<usize> {
    let start = skip_blanks(bytes, at);
    let mut end = start;
    while end < bytes.len()
        && end - start < 32
        && (is_name(bytes[end]) || b"[]|".contains(&bytes[end]))
    {
        end += 1;
    }
    let after = skip_blanks(bytes, end);
    (end > start && bytes.get(after) == Some(&b'=') && bytes.get(after + 1) != Some(&b'='))
        .then_some(after)
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Parts of names whose value is not a credential itself.
const HARMLESS_NAMES: &[&str] = &[
    "public",
    "pub_",
    "hash",
    "digest",
    "checksum",
    "fingerprint",
    "sha",
    "md5",
    "example",
    "dummy",
    "placeholder",
    "test",
    "fake",
    "mock",
    "url",
    "uri",
    "path",
    "file",
    "field",
    "header",
    "type",
    "prefix",
    "suffix",
    "pattern",
    "regex",
    "length",
    "size",
    "label",
    "message",
    "msg",
    "error",
    "text",
    "title",
    "help",
    "hint",
    "format",
    "template",
    "endpoint",
    "scope",
    "column",
    "param",
    "min_",
    "max_",
    "expire",
    "ttl",
    "count",
    "kind",
    "validator",
    "hasher",
    "policy",
    "reset",
    "cursor",
    "next",
    "page",
    "syntax",
    "csrf",
    "token_id",
    "secret_id",
    "key_id",
    "keyid",
    "arn",
    "tokenizer",
    "name",
    "version",
    "class",
    "module",
    "command",
    "query",
    "attr",
    "salt",
];

/// Whether a value assigned to `name` looks like a credential.
pub(super) fn is_credential(name: &[u8], value: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = String::from_utf8_lossy(&name);
    let harmless = HARMLESS_NAMES.iter().any(|part| name.contains(part));
    if harmless || value.len() < 8 || value.len() > 200 {
        return false;
    }
    if !value.is_ascii() || value.iter().any(u8::is_ascii_whitespace) {
        return false;
    }
    if checks::placeholder_value(value) || looks_like_reference(value) {
        return false;
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let password = name.contains("pass") || name.contains("pwd");
    if digits == 0 || letters < 3 {
        return false;
    }
    if password {
        return digits >= 1 && checks::distinct(value) >= 7 && checks::entropy(value) >= 3.0;
    }
    // A random token is long and mixes digits all through; words with a number at the end do not.
    value.len() >= 16 && digits >= 2 && !is_words(value) && checks::entropy(value) >= 3.5
}

/// Words joined by separators, perhaps with numbers (`my-token-name-v2`, `Aes256CbcCipher`).
fn is_words(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value
        .split(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b':'))
        .filter(|part| !part.is_empty())
        .collect();
    let word = |part: &&[u8]| {
        let switches = part
            .windows(2)
            .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit())
            .count();
        switches <= 2 && part.len() <= 20
    };
    parts.len() >= 2 && parts.iter().all(word)
}

/// Paths, addresses, identifiers with calls or attributes, UUIDs.
fn looks_like_reference(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let uuid = value.len() == 36 && value.iter().filter(|byte| **byte == b'-').count() == 4;
    uuid || text.contains("://")
        || text.contains("::")
        || text.contains("\\")
        || text.starts_with('/')
        || text.starts_with("./")
        || text.starts_with('.')
        || text.starts_with('&')
        || text.starts_with('*')
        || text.starts_with('!')
        || text.starts_with("env.")
        || text.starts_with("process.")
        || text.starts_with("os.")
        || text.starts_with("vault:")
        || text.starts_with("arn:")
        || text.starts_with("ENC")
        || text.starts_with("pbkdf2")
        || text.starts_with("sha256")
        || text.starts_with("sha512")
        || text.starts_with("bcrypt")
        || text.starts_with("argon2")
        || text.ends_with('=') && text.contains('&')
        || [
            ".py", ".json", ".pem", ".key", ".txt", ".yml", ".yaml", ".html", ".com", ".org",
        ]
        .iter()
        .any(|ending| text.ends_with(ending))
}
