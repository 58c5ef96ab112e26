//! A file's text with its lines, and what may be shown of it.
//!
//! Offsets are bytes of the file as it stands on disk. Text that is no UTF-8 is made readable by
//! putting `?` for every invalid byte, which keeps all offsets. Snippets never show a secret: the
//! ranges to cut are known before any snippet is made.

use crate::engine::inventory::{FileRole, Language};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The mark that stands where a secret was cut.
pub(crate) const CUT: &str = "…[sha256:";
/// Lines longer than this are quoted only around the flagged place (bytes).
const MAX_QUOTED_LINE: usize = 400;
/// At most so many lines are quoted.
pub(crate) const MAX_QUOTED_LINES: u32 = 12;

/// One file as detectors see it.
#[derive(Debug)]
pub(crate) struct SourceText {
    pub(crate) path: String,
    pub(crate) language: Option<Language>,
    pub(crate) role: FileRole,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
    pub(crate) lines: LineIndex,
}

impl SourceText {
    pub(crate) fn new(
        path: &str,
        language: Option<Language>,
        role: FileRole,
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            language,
            role,
            text: same_length_utf8(&bytes),
            lines: LineIndex::new(&bytes),
            bytes,
        }
    }

    /// The quotation of `span`: the lines it covers with every one of `secrets` cut.
    pub(crate) fn quote(&self, span: &Range<usize>, secrets: &[Redaction]) -> Quote {
        let start_line = self.lines.line_of(span.start);
        let last = self
            .lines
            .line_of(span.end.saturating_sub(1).max(span.start));
        let end_line = last.min(start_line + MAX_QUOTED_LINES - 1);
        let range = self
            .lines
            .lines(start_line, end_line)
            .unwrap_or(span.clone());
        let snippet = self.cut(&range, secrets);
        Quote {
            start_line,
            end_line,
            sha256: hex::encode(Sha256::digest(&self.bytes[range.clone()])),
            snippet: shorten(&snippet, span.start.saturating_sub(range.start)),
        }
    }

    /// The text in `range` with every one of `secrets` cut.
    pub(crate) fn cut(&self, range: &Range<usize>, secrets: &[Redaction]) -> String {
        let mut snippet = String::new();
        let mut at = range.start;
        for secret in secrets {
            let cut = secret.span.start.max(range.start)..secret.span.end.min(range.end);
            if cut.start >= cut.end || cut.start < at {
                continue;
            }
            snippet.push_str(slice(&self.text, at..cut.start));
            if cut.start == secret.span.start {
                snippet.push_str(slice(
                    &self.text,
                    cut.start..(cut.start + secret.visible).min(cut.end),
                ));
            }
            snippet.push_str(&format!("{CUT}{}]", secret.digest));
            at = cut.end;
        }
        snippet.push_str(slice(&self.text, at..range.end));
        snippet
    }
}

/// Quoted lines.
pub(crate) struct Quote {
    pub(crate) start_line: u32,
    pub(crate) end_line: u32,
    pub(crate) sha256: String,
    pub(crate) snippet: String,
}

/// A secret's place and what may be shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redaction {
    pub(crate) span: Range<usize>,
    /// Bytes of the public prefix that stay visible.
    pub(crate) visible: usize,
    /// The first hex digits of the secret's SHA-256.
    pub(crate) digest: String,
}

impl Redaction {
    /// The cut of `secret`, which begins at `start`.
    pub(crate) fn new(secret: &[u8], start: usize, visible: usize) -> Self {
        Self {
            span: start..start + secret.len(),
            visible,
            digest: hex::encode(Sha256::digest(secret))[..8].to_owned(),
        }
    }
}

/// The part of `text` in `range`, moved outwards to character boundaries; never panics.
pub(crate) fn slice(text: &str, range: Range<usize>) -> &str {
    let mut start = range.start.min(text.len());
    let mut end = range.end.min(text.len()).max(start);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    &text[start..end]
}

/// Cuts overlong lines to a window around `focus` (an offset into the first line).
fn shorten(snippet: &str, focus: usize) -> String {
    if snippet.lines().all(|line| line.len() <= MAX_QUOTED_LINE) {
        return snippet.trim_end_matches(['\r', '\n']).to_owned();
    }
    let mut out = Vec::new();
    for (number, line) in snippet.lines().enumerate() {
        if line.len() <= MAX_QUOTED_LINE {
            out.push(line.to_owned());
            continue;
        }
        let middle = if number == 0 { focus } else { 0 };
        let start = middle.saturating_sub(MAX_QUOTED_LINE / 4).min(line.len());
        let end = (start + MAX_QUOTED_LINE).min(line.len());
        // A window that would begin inside a cut mark shows from the mark's own start.
        let part = slice(line, start..end);
        let lead = if start > 0 { "… " } else { "" };
        let tail = if end < line.len() { " …" } else { "" };
        out.push(format!("{lead}{part}{tail}"));
    }
    out.join("\n")
}

/// The pieces of a snippet that are quoted from the file, in order.
pub(crate) fn visible_parts(snippet: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for line in snippet.lines() {
        let line = line.strip_prefix("… ").unwrap_or(line);
        let line = line.strip_suffix(" …").unwrap_or(line);
        let mut rest = line;
        while let Some(at) = rest.find(CUT) {
            parts.push(rest[..at].to_owned());
            let after = &rest[at + CUT.len()..];
            rest = after.find(']').map_or("", |end| &after[end + 1..]);
        }
        parts.push(rest.to_owned());
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Readable text of exactly as many bytes: every invalid byte becomes `?`.
pub(crate) fn same_length_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            text.push('?');
        }
    }
    text
}

/// Where lines begin.
#[derive(Debug, Clone)]
pub(crate) struct LineIndex {
    starts: Vec<usize>,
    len: usize,
}

impl LineIndex {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' && at + 1 < bytes.len() {
                starts.push(at + 1);
            }
        }
        Self {
            starts,
            len: bytes.len(),
        }
    }

    /// The number of lines; an empty file has one.
    pub(crate) fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The line (from 1) of a byte offset.
    pub(crate) fn line_of(&self, offset: usize) -> u32 {
        self.starts.partition_point(|start| *start <= offset) as u32
    }

    /// The first byte of a line.
    pub(crate) fn start_of(&self, line: u32) -> usize {
        self.starts
            .get(line.saturating_sub(1) as usize)
            .copied()
            .unwrap_or(self.len)
    }

    /// The bytes of lines `first..=last` without the last line break; `None` out of range.
    pub(crate) fn lines(&self, first: u32, last: u32) -> Option<Range<usize>> {
        if first == 0 || last < first || last > self.count() {
            return None;
        }
        let end = self
            .starts
            .get(last as usize)
            .map_or(self.len, |next| next - 1);
        Some(self.start_of(first)..end)
    }
}

#[cfg(test)]
mod tests;
