//! What a finding is recognised by, and how text is hashed for it.
//!
//! Line numbers never enter a fingerprint. Equal faults in the same symbol are told apart by their
//! order of occurrence, which the audit stage fills in once a file is done.

use crate::domain::matching::Anchor;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// How far around the flagged text its lines are looked for, in bytes. Longer lines (minified
/// code) tell nothing about a place.
const REACH: usize = 4096;

/// SHA-256 (hex) of `text` without white space.
pub(crate) fn text_hash(text: &str) -> String {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::encode(Sha256::digest(squeezed))
}

/// What tells equal texts in one symbol apart; empty where lines are too long to tell anything.
#[derive(Debug, Default)]
pub(crate) struct LineHashes {
    /// Of the whole lines the span stands on.
    pub(crate) own: String,
    /// The same with the nearest line before and after that is not blank.
    pub(crate) near: String,
}

/// Hashes the lines of `span`, without white space.
pub(crate) fn line_hashes(text: &str, span: &Range<usize>) -> LineHashes {
    let bytes = text.as_bytes();
    let (from, to) = (
        span.start.saturating_sub(REACH),
        span.end.saturating_add(REACH).min(bytes.len()),
    );
    let (Some(before), Some(after)) = (bytes.get(from..span.start), bytes.get(span.end..to)) else {
        return LineHashes::default();
    };
    let is_break = |byte: &u8| *byte == b'\n';
    let start = match before.iter().rposition(is_break) {
        Some(at) => from + at + 1,
        None if from == 0 => 0,
        None => return LineHashes::default(),
    };
    let end = match after.iter().position(is_break) {
        Some(at) => span.end + at,
        None if to == bytes.len() => to,
        None => return LineHashes::default(),
    };
    let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let mut above = bytes[from..start].rsplit(|byte| is_break(byte));
    let mut below = bytes[end..to].split(|byte| is_break(byte));
    let above = above.find(|line| !is_blank(line)).unwrap_or_default();
    let below = below.find(|line| !is_blank(line)).unwrap_or_default();
    let own = &bytes[start..end];
    LineHashes {
        own: squeezed_hash(&[own]),
        near: squeezed_hash(&[above, own, below]),
    }
}

fn squeezed_hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let squeezed: Vec<u8> = part
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        hasher.update(squeezed);
        hasher.update([0]);
    }
    hex::encode(hasher.finalize())
}

/// The fingerprint of an anchor's identifying fields: SHA-256 over rule, path, symbol, text and
/// occurrence, each ended by a NUL byte so that fields cannot run into each other.
pub(crate) fn fingerprint(anchor: &Anchor) -> String {
    let mut hasher = Sha256::new();
    for field in [
        anchor.rule_id.as_str(),
        &anchor.path,
        &anchor.symbol,
        &anchor.text_hash,
        &anchor.occurrence.to_string(),
    ] {
        hasher.update(field.as_bytes());
        hasher.update([0]);
    }
    hex::encode(hasher.finalize())
}
