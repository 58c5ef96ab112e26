//! What came of looking at functions, for the report.

use super::{
    program::{FuncRef, UnitRef},
    value::{Source, Steps},
};
use crate::engine::builtin::ir::Name;
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    sync::Arc,
};

/// Where data ends up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct SinkPlace {
    pub(super) unit: UnitRef,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The id of the rule.
    pub(super) rule: Name,
}

/// Untrusted data at a place where it does harm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) source: Option<Arc<Source>>,
    /// How many steps on the way are not known.
    pub(super) doubt: u8,
    pub(super) steps: Steps,
    /// The function of the sink.
    pub(super) function: FuncRef,
    /// What is called there.
    pub(super) sink: Name,
}

impl Found {
    /// Of two at one place the lesser is kept: the surer and the shorter.
    fn rank(&self) -> impl Ord + '_ {
        let trust = self.source.as_ref().map(|source| source.trust);
        (trust, self.doubt, self.steps.count(), &self.source)
    }
}

/// What the data flow says of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Verdict {
    /// Whatever comes there can do no harm.
    Harmless,
    /// Something unknown comes there.
    Unknown,
    /// Untrusted data comes there.
    Reached,
}

/// What came of looking at functions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) found: BTreeMap<SinkPlace, Found>,
    pub(super) judged: BTreeMap<SinkPlace, Verdict>,
    /// Who calls whom.
    pub(super) calls: BTreeSet<(FuncRef, FuncRef)>,
    /// How many operations of each block were looked at at most.
    pub(super) visited: HashMap<FuncRef, Vec<usize>>,
    /// How much was done in each file.
    pub(super) work: HashMap<UnitRef, u64>,
    /// Files in which something was cut off.
    pub(super) gaps: BTreeSet<UnitRef>,
}

impl Results {
    /// What a place that must not be reached is reached by. The worst of it is kept.
    pub(super) fn judge(&mut self, place: &SinkPlace, verdict: Verdict) {
        let known = self.judged.entry(place.clone()).or_insert(verdict);
        *known = (*known).max(verdict);
    }

    /// Keeps a fault; of two at one place, the surer and the shorter.
    pub(super) fn add_found(&mut self, place: SinkPlace, found: Found) {
        self.judge(&place, Verdict::Reached);
        match self.found.entry(place) {
            btree_map::Entry::Vacant(at) => {
                at.insert(found);
            }
            btree_map::Entry::Occupied(mut at) => {
                if found.rank() < at.get().rank() {
                    at.insert(found);
                }
            }
        }
    }

    /// So many operations of a block of a function were looked at.
    pub(super) fn visit(&mut self, function: FuncRef, blocks: usize, block: usize, count: usize) {
        let known = self.visited.entry(function);
        let known = known.or_insert_with(|| vec![0; blocks]);
        if let Some(known) = known.get_mut(block) {
            *known = (*known).max(count);
        }
    }

    /// Takes in what came of looking at others.
    pub(super) fn take(&mut self, other: &Self) {
        for (place, verdict) in &other.judged {
            self.judge(place, *verdict);
        }
        for (place, found) in &other.found {
            self.add_found(place.clone(), found.clone());
        }
        self.calls.extend(&other.calls);
        for (function, visited) in &other.visited {
            for (block, count) in visited.iter().enumerate() {
                self.visit(*function, visited.len(), block, *count);
            }
        }
        for (unit, work) in &other.work {
            *self.work.entry(*unit).or_default() += work;
        }
        self.gaps.extend(&other.gaps);
    }
}
