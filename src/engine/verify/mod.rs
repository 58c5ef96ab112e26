//! Stage 5: does the claim stand on what is in the tree?
//!
//! Reads each claimed place again from disk, independent of the auditor: the file is there, the
//! lines are in range, the quoted bytes have the stated hash, and the visible parts of the snippet
//! stand in them. What fails is `unanchored`: counted, not shown. Judges no weakness, only proof.

use super::builtin::{LineIndex, same_length_utf8, visible_parts};
use crate::domain::finding::{DetectedFinding, Evidence};
use crate::engine::inventory::{Inventory, SourceFile};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, path::Path};

/// Claims that hold, and how many did not.
pub(crate) struct Verified {
    pub(crate) findings: Vec<DetectedFinding>,
    pub(crate) unanchored: u64,
}

/// Checks every claim against the tree.
pub(crate) fn verify(root: &Path, inventory: &Inventory, claims: Vec<DetectedFinding>) -> Verified {
    let mut files = Files {
        root,
        inventory,
        read: HashMap::new(),
    };
    let before = claims.len();
    let findings: Vec<DetectedFinding> = claims
        .into_iter()
        .filter(|claim| files.holds(claim))
        .collect();
    Verified {
        unanchored: (before - findings.len()) as u64,
        findings,
    }
}

/// A file as read for verification.
struct Read {
    bytes: Vec<u8>,
    text: String,
    lines: LineIndex,
}

struct Files<'a> {
    root: &'a Path,
    inventory: &'a Inventory,
    read: HashMap<String, Option<Read>>,
}

impl Files<'_> {
    fn holds(&mut self, claim: &DetectedFinding) -> bool {
        let location = &claim.content.location;
        let located = self.get(&location.file_path).is_some_and(|file| {
            location.start_line >= 1
                && location.start_line <= location.end_line
                && location.end_line <= file.lines.count()
        });
        located
            && !claim.content.evidence.is_empty()
            && claim
                .content
                .evidence
                .iter()
                .all(|evidence| self.quoted(evidence))
            && claim.content.trace.iter().all(|step| {
                self.get(&step.file)
                    .is_some_and(|file| step.line >= 1 && step.line <= file.lines.count())
            })
    }

    fn quoted(&mut self, evidence: &Evidence) -> bool {
        let Some(file) = self.get(&evidence.file) else {
            return false;
        };
        let Some(range) = file.lines.lines(evidence.start_line, evidence.end_line) else {
            return false;
        };
        if hex::encode(Sha256::digest(&file.bytes[range.clone()])) != evidence.sha256 {
            return false;
        }
        let mut rest = &file.text[range];
        visible_parts(&evidence.snippet).iter().all(|part| {
            rest.find(part.as_str()).is_some_and(|at| {
                rest = &rest[at + part.len()..];
                true
            })
        })
    }

    fn get(&mut self, path: &str) -> Option<&Read> {
        if !self.read.contains_key(path) {
            let read = self.read_file(path);
            self.read.insert(path.to_owned(), read);
        }
        self.read.get(path)?.as_ref()
    }

    /// Only files of the inventory are read: a claim cannot point outside the tree.
    fn read_file(&self, path: &str) -> Option<Read> {
        let file: &SourceFile = self
            .inventory
            .files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
            .map(|index| &self.inventory.files[index])?;
        if file.unread.is_some() {
            return None;
        }
        let bytes = std::fs::read(file.on_disk(self.root)).ok()?;
        Some(Read {
            text: same_length_utf8(&bytes),
            lines: LineIndex::new(&bytes),
            bytes,
        })
    }
}

#[cfg(test)]
mod tests;
