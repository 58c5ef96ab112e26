//! Recognising a finding in another scan.
//!
//! Staged, most certain first; what is ambiguous in a stage is not matched by it (a wrong match
//! would carry a person's decision to another fault):
//!
//! 1. the same text in the same symbol: by what stands around it, by its lines, then, where both
//!    sides have as many, by order;
//! 2. the same text elsewhere in the file, or another text at the same sink of the same symbol;
//!    where these two disagree about a finding, neither counts;
//! 3. the same rule in the same symbol, where both sides have as many, by order.
//!
//! What was resolved comes back only by the first stage: a decision on it must not pass to a
//! fault that merely stands where it stood. Line numbers never are identity; they only tell the
//! order.

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
    /// First line, only to tell the order.
    pub line: u32,
    /// SHA-256 (hex) of the whole lines of the flagged text without white space, if known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub line_hash: String,
    /// The same with the nearest lines before and after that are not blank.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub near_hash: String,
}

/// A finding already known for the repository and not yet matched in this scan.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Identity.
    pub id: FindingId,
    /// What it is recognised by.
    pub anchor: &'a Anchor,
    /// Whether it was gone when last looked for.
    pub resolved: bool,
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
        known: known
            .iter()
            .map(|known| Old {
                known: *known,
                path: renames
                    .get(&known.anchor.path)
                    .unwrap_or(&known.anchor.path),
                spent: false,
            })
            .collect(),
        incoming: incoming
            .iter()
            .map(|anchor| New {
                anchor,
                spent: false,
            })
            .collect(),
        result: vec![None; incoming.len()],
    };
    matcher.same_text_in_symbol();
    matcher.moved_or_edited();
    matcher.by_order_in_symbol();
    matcher.result
}

struct Old<'a> {
    known: Known<'a>,
    /// Where its file lies now.
    path: &'a str,
    /// Matched, or given up as ambiguous.
    spent: bool,
}

struct New<'a> {
    anchor: &'a Anchor,
    spent: bool,
}

struct Matcher<'a> {
    known: Vec<Old<'a>>,
    incoming: Vec<New<'a>>,
    result: Vec<Option<FindingId>>,
}

/// Indexes of what shares a key, on both sides, in order of place.
struct Group {
    known: Vec<usize>,
    incoming: Vec<usize>,
}

/// Which known findings a step may match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    /// Those that were there when last looked for.
    Present,
    /// These, and where none of them has the key, those that were resolved.
    All,
}

impl<'a> Matcher<'a> {
    fn same_text_in_symbol(&mut self) {
        for context in [|a: &'a Anchor| &a.near_hash, |a: &'a Anchor| &a.line_hash] {
            let groups = self.groups(Among::All, |a, path| {
                let place = (&a.rule_id, path, &a.symbol, &a.text_hash);
                (!context(a).is_empty()).then(|| (place, context(a)))
            });
            for (known, index) in groups.iter().filter_map(Group::only) {
                self.take(known, index);
            }
        }
        let groups = self.groups(Among::All, |a, path| {
            Some((&a.rule_id, path, &a.symbol, &a.text_hash))
        });
        let pairs: Vec<_> = groups.iter().map(|group| self.in_order(group)).collect();
        for (known, index) in pairs.into_iter().flatten() {
            let old = &self.known[known].known;
            if !old.resolved
                || agree(
                    &old.anchor.line_hash,
                    &self.incoming[index].anchor.line_hash,
                )
            {
                self.take(known, index);
            }
        }
    }

    fn moved_or_edited(&mut self) {
        let same_line = self.groups(Among::Present, |a, path| {
            let text = (&a.rule_id, path, &a.text_hash);
            (!a.line_hash.is_empty()).then_some((text, &a.line_hash))
        });
        let same_text = self.groups(Among::Present, |a, path| {
            Some((&a.rule_id, path, &a.text_hash))
        });
        let same_sink = self.groups(Among::Present, |a, path| {
            let sink = (&a.source_symbol, &a.sink_symbol);
            (!a.sink_symbol.is_empty()).then_some((&a.rule_id, path, &a.symbol, sink))
        });
        let pairs: BTreeSet<(usize, usize)> = [same_line, same_text, same_sink]
            .iter()
            .flatten()
            .filter_map(Group::only)
            .collect();
        let (mut of_known, mut of_incoming) = (BTreeMap::new(), BTreeMap::new());
        for (known, index) in &pairs {
            *of_known.entry(*known).or_insert(0) += 1;
            *of_incoming.entry(*index).or_insert(0) += 1;
        }
        for (known, index) in pairs {
            if of_known.get(&known) == Some(&1) && of_incoming.get(&index) == Some(&1) {
                self.take(known, index);
            } else {
                self.known[known].spent = true;
                self.incoming[index].spent = true;
            }
        }
    }

    fn by_order_in_symbol(&mut self) {
        let groups = self.groups(Among::Present, |a, path| {
            (!a.symbol.is_empty()).then_some((&a.rule_id, path, &a.symbol))
        });
        for group in groups {
            let pairs = self.in_order(&group);
            let same_sinks = pairs.iter().all(|(known, index)| {
                let (old, new) = (
                    self.known[*known].known.anchor,
                    self.incoming[*index].anchor,
                );
                old.sink_symbol == new.sink_symbol
            });
            if pairs.len() == 1 || same_sinks {
                for (known, index) in pairs {
                    self.take(known, index);
                }
            }
        }
    }

    /// What is not matched yet and shares a key with something on the other side.
    fn groups<K: Ord>(
        &self,
        among: Among,
        key: impl Fn(&'a Anchor, &'a str) -> Option<K>,
    ) -> Vec<Group> {
        let mut by_key: BTreeMap<K, [Vec<usize>; 3]> = BTreeMap::new();
        for (index, old) in self.known.iter().enumerate().filter(|(_, old)| !old.spent) {
            if let Some(key) = key(old.known.anchor, old.path) {
                by_key.entry(key).or_default()[usize::from(old.known.resolved)].push(index);
            }
        }
        for (index, new) in self
            .incoming
            .iter()
            .enumerate()
            .filter(|(_, new)| !new.spent)
        {
            if let Some(key) = key(new.anchor, &new.anchor.path) {
                by_key.entry(key).or_default()[2].push(index);
            }
        }
        let groups = by_key
            .into_values()
            .map(|[present, resolved, mut incoming]| {
                let fall_back = present.is_empty() && among == Among::All;
                let mut known = if fall_back { resolved } else { present };
                known.sort_by_key(|index| place(self.known[*index].known.anchor));
                incoming.sort_by_key(|index| place(self.incoming[*index].anchor));
                Group { known, incoming }
            });
        groups
            .filter(|group| !group.known.is_empty() && !group.incoming.is_empty())
            .collect()
    }

    /// Pairs by order, where both sides have as many and no two share a place.
    fn in_order(&self, group: &Group) -> Vec<(usize, usize)> {
        let distinct = |mut places: Vec<(u32, u32)>| {
            let all = places.len();
            places.dedup();
            places.len() == all
        };
        let known = group
            .known
            .iter()
            .map(|index| place(self.known[*index].known.anchor));
        let incoming = group
            .incoming
            .iter()
            .map(|index| place(self.incoming[*index].anchor));
        let paired = group.known.len() == group.incoming.len()
            && distinct(known.collect())
            && distinct(incoming.collect());
        let pairs = group
            .known
            .iter()
            .copied()
            .zip(group.incoming.iter().copied());
        pairs.filter(|_| paired).collect()
    }

    fn take(&mut self, known: usize, index: usize) {
        self.result[index] = Some(self.known[known].known.id);
        self.known[known].spent = true;
        self.incoming[index].spent = true;
    }
}

impl Group {
    /// The pair, where there is one on each side.
    fn only(&self) -> Option<(usize, usize)> {
        match (self.known.as_slice(), self.incoming.as_slice()) {
            ([known], [index]) => Some((*known, *index)),
            _ => None,
        }
    }
}

fn place(anchor: &Anchor) -> (u32, u32) {
    (anchor.line, anchor.occurrence)
}

/// Whether two hashes are the same, as far as they are known.
fn agree(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

#[cfg(test)]
mod tests;
