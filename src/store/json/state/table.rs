//! Rows by id with the size they have on the disk, and groups of ids.

use crate::error::{Error, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

/// Records kept whole, by id.
#[derive(Debug)]
pub struct Table<K, V> {
    rows: BTreeMap<K, (V, u32)>,
    bytes: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            bytes: 0,
        }
    }
}

impl<K: Ord + Copy, V> Table<K, V> {
    /// The row with this id.
    pub fn get(&self, id: K) -> Option<&V> {
        self.rows.get(&id).map(|(row, _)| row)
    }

    /// The row with this id, or `not_found` naming `what` it is.
    pub fn find(&self, id: K, what: &str) -> Result<&V>
    where
        K: Display,
    {
        self.get(id).ok_or_else(|| Error::not_found(what, id))
    }

    /// Every row, by id.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.rows.values().map(|(row, _)| row)
    }

    /// Every id, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = K> {
        self.rows.keys().copied()
    }

    /// Bytes of all rows as written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds or replaces a row that takes `len` bytes as written.
    pub(super) fn put(&mut self, id: K, row: V, len: u32) {
        self.bytes += u64::from(len);
        if let Some((_, old)) = self.rows.insert(id, (row, len)) {
            self.bytes -= u64::from(old);
        }
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, id: K) -> Option<V> {
        let (row, len) = self.rows.remove(&id)?;
        self.bytes -= u64::from(len);
        Some(row)
    }
}

/// Sorted members by group.
#[derive(Debug)]
pub struct Groups<G, M>(BTreeMap<G, BTreeSet<M>>);

impl<G, M> Default for Groups<G, M> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<G: Ord, M: Ord> Groups<G, M> {
    /// The members of a group, in order.
    pub fn of<'a>(
        &'a self,
        group: &G,
    ) -> impl DoubleEndedIterator<Item = &'a M> + Clone + use<'a, G, M> {
        self.0.get(group).into_iter().flatten()
    }

    /// The members of a group from `first` on, in order.
    pub fn of_after(&self, group: &G, first: &M) -> impl DoubleEndedIterator<Item = &M> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.0
            .get(group)
            .into_iter()
            .flat_map(move |members| members.range((Excluded(first), Unbounded)))
    }

    /// How many members a group has.
    pub fn count(&self, group: &G) -> u64 {
        self.0.get(group).map_or(0, |members| members.len() as u64)
    }

    pub(super) fn add(&mut self, group: G, member: M) {
        self.0.entry(group).or_default().insert(member);
    }

    pub(super) fn remove(&mut self, group: &G, member: &M) {
        if let Some(members) = self.0.get_mut(group) {
            members.remove(member);
        }
    }

    pub(super) fn take(&mut self, group: &G) -> BTreeSet<M> {
        self.0.remove(group).unwrap_or_default()
    }
}
