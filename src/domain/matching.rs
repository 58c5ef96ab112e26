//! Recognising a finding in another scan.
//!
//! Staged, most certain first; what is ambiguous in a stage is not matched by it (a wrong match
//! would carry a person's decision to another fault). Line numbers never are identity; they only
//! choose the nearest among several in one function.

use super::ids::FindingId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a finding is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// SHA-256 (hex) over rule, path, enclosing symbol, normalised text and occurrence.
    pub fingerprint: String,
    /// The rule.
    pub rule_id: String,
    /// The file.
    pub path: String,
    /// The enclosing function, class or section, qualified; empty at top level.
    pub symbol: String,
    /// SHA-256 (hex) of the flagged text without white space.
    pub text_hash: String,
    /// Which of several equal ones in the same symbol, from 0.
    pub occurrence: u32,
    /// Where tainted data comes from, if known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_symbol: String,
    /// The dangerous call or setting, if known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sink_symbol: String,
    /// First line, only to choose the nearest.
    pub line: u32,
}

/// A finding already known for the repository and not yet matched in this scan.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Identity.
    pub id: FindingId,
    /// What it is recognised by.
    pub anchor: &'a Anchor,
}

/// For each of `incoming`, the known finding it is, if that is certain.
///
/// All incoming findings of one file must come in one call. `renames` maps old paths to new ones
/// where a file moved without ambiguity.
pub fn match_findings(
    known: &[Known<'_>],
    incoming: &[&Anchor],
    renames: &BTreeMap<String, String>,
) -> Vec<Option<FindingId>> {
    let mut matcher = Matcher {
        known,
        incoming,
        renames,
        used: BTreeSet::new(),
        result: vec![None; incoming.len()],
    };
    matcher.by_key(|anchor, path| {
        Some((
            anchor.rule_id.clone(),
            path.to_owned(),
            anchor.symbol.clone(),
            anchor.text_hash.clone(),
            anchor.occurrence.to_string(),
        ))
    });
    matcher.by_key(|anchor, path| {
        (!anchor.sink_symbol.is_empty()).then(|| {
            (
                anchor.rule_id.clone(),
                path.to_owned(),
                anchor.symbol.clone(),
                anchor.source_symbol.clone(),
                anchor.sink_symbol.clone(),
            )
        })
    });
    matcher.by_key(|anchor, path| {
        Some((
            anchor.rule_id.clone(),
            path.to_owned(),
            String::new(),
            anchor.text_hash.clone(),
            String::new(),
        ))
    });
    matcher.nearest_in_symbol();
    matcher.result
}

type Key = (String, String, String, String, String);

struct Matcher<'a> {
    known: &'a [Known<'a>],
    incoming: &'a [&'a Anchor],
    renames: &'a BTreeMap<String, String>,
    used: BTreeSet<FindingId>,
    result: Vec<Option<FindingId>>,
}

impl Matcher<'_> {
    /// Where a known finding's file lies now.
    fn current_path<'p>(&'p self, anchor: &'p Anchor) -> &'p str {
        self.renames
            .get(&anchor.path)
            .map_or(&anchor.path, |path| path)
    }

    /// Matches what shares a key, where that key names exactly one on each side.
    fn by_key(&mut self, key: impl Fn(&Anchor, &str) -> Option<Key>) {
        let mut old: BTreeMap<Key, Vec<FindingId>> = BTreeMap::new();
        for known in self
            .known
            .iter()
            .filter(|known| !self.used.contains(&known.id))
        {
            if let Some(key) = key(known.anchor, self.current_path(known.anchor)) {
                old.entry(key).or_default().push(known.id);
            }
        }
        let mut new: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (index, anchor) in self.incoming.iter().enumerate() {
            if self.result[index].is_none()
                && let Some(key) = key(anchor, &anchor.path)
            {
                new.entry(key).or_default().push(index);
            }
        }
        for (key, indexes) in new {
            if let ([index], Some([id])) = (indexes.as_slice(), old.get(&key).map(Vec::as_slice)) {
                self.take(*index, *id);
            }
        }
    }

    /// Matches the nearest of the same rule in the same symbol when each is the other's nearest.
    fn nearest_in_symbol(&mut self) {
        let place = |anchor: &Anchor, path: &str| {
            (
                anchor.rule_id.clone(),
                path.to_owned(),
                anchor.symbol.clone(),
            )
        };
        let mut old: BTreeMap<_, Vec<(u32, FindingId)>> = BTreeMap::new();
        for known in self
            .known
            .iter()
            .filter(|known| !self.used.contains(&known.id))
        {
            let key = place(known.anchor, self.current_path(known.anchor));
            old.entry(key)
                .or_default()
                .push((known.anchor.line, known.id));
        }
        let mut new: BTreeMap<_, Vec<(u32, usize)>> = BTreeMap::new();
        for (index, anchor) in self.incoming.iter().enumerate() {
            if self.result[index].is_none() && !anchor.symbol.is_empty() {
                let key = place(anchor, &anchor.path);
                new.entry(key).or_default().push((anchor.line, index));
            }
        }
        for (key, candidates) in new {
            let Some(known) = old.get(&key) else { continue };
            for (line, index) in &candidates {
                if let Some(id) = nearest(*line, known)
                    && let Some((known_line, _)) = known.iter().find(|(_, known)| *known == id)
                    && nearest(*known_line, &candidates) == Some(*index)
                {
                    self.take(*index, id);
                }
            }
        }
    }

    fn take(&mut self, index: usize, id: FindingId) {
        self.result[index] = Some(id);
        self.used.insert(id);
    }
}

/// The one candidate closest to `line`; none when two are equally close.
fn nearest<T: Copy>(line: u32, candidates: &[(u32, T)]) -> Option<T> {
    let closest = candidates
        .iter()
        .map(|(other, _)| other.abs_diff(line))
        .min()?;
    let mut at_that_distance = candidates
        .iter()
        .filter(|(other, _)| other.abs_diff(line) == closest);
    match (at_that_distance.next(), at_that_distance.next()) {
        (Some((_, only)), None) => Some(*only),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
