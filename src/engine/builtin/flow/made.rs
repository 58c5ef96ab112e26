//! Calls that were looked at, shared by functions that are looked at beside each other.

use super::{
    program::FuncRef,
    summary::Summary,
    world::{Call, Left},
};
use foldhash::HashMap;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// A call that was looked at, with an answer that depends on nobody above.
pub(super) struct Done {
    pub(super) call: Call,
    pub(super) summary: Arc<Summary>,
    /// What it left, behind what those left whose answers were for it alone.
    pub(super) left: Vec<Left>,
    /// The calls within, as they were asked for.
    pub(super) asked: Vec<Arc<Self>>,
    /// Functions that were asked for within, and those around them.
    pub(super) touched: BTreeSet<FuncRef>,
    /// How many calls within calls there were at most.
    pub(super) height: usize,
    /// Work on it and on the calls within, in values that were copied.
    pub(super) spent: u64,
}

/// Calls that functions beside each other looked at.
#[derive(Default)]
pub(super) struct Made(Mutex<HashMap<Call, Arc<Done>>>);

impl Made {
    pub(super) fn get(&self, call: &Call) -> Option<Arc<Done>> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(call).cloned()
    }

    /// Whoever was first is kept; the other is the same.
    pub(super) fn put(&self, done: Arc<Done>) -> Arc<Done> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(done.call.clone()).or_insert(done).clone()
    }
}
