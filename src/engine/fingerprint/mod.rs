//! What a finding is recognised by, and how text is hashed for it.
//!
//! Line numbers never enter a fingerprint. Equal faults in the same symbol are told apart by their
//! order of occurrence, which the audit stage fills in once a file is done.

use crate::domain::matching::Anchor;
use sha2::{Digest, Sha256};

/// SHA-256 (hex) of `text` without white space.
pub(crate) fn text_hash(text: &str) -> String {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::encode(Sha256::digest(squeezed))
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
