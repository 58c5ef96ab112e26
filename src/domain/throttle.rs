//! How often something may happen: one bucket of permits per key, filled up at a steady rate.
//!
//! A key begins with a full bucket, so bursts up to the whole number are fine. The table is bounded:
//! full buckets say nothing and are dropped first, then the fullest. Time comes as a duration since
//! any fixed start; who is behind a key is not known here.

use std::{collections::HashMap, time::Duration};

/// Buckets kept at most. One takes about a hundred bytes.
const MAX_KEYS: usize = 50_000;

/// A table of buckets with the same rate.
#[derive(Debug)]
pub struct Throttle {
    /// Permits of a full bucket; zero switches the throttle off.
    permits: u32,
    /// How long an empty bucket takes to be full again.
    window: Duration,
    buckets: HashMap<u64, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    permits: f64,
    at: Duration,
}

impl Throttle {
    /// At most `permits` per `window`; no limit when `permits` is zero.
    pub fn new(permits: u32, window: Duration) -> Self {
        Self {
            permits,
            window,
            buckets: HashMap::new(),
        }
    }

    /// Takes one permit of `key`.
    ///
    /// # Errors
    /// How long to wait for the next one, when there is none.
    pub fn take(&mut self, key: u64, now: Duration) -> Result<(), Duration> {
        self.check(key, now)?;
        self.spend(key, now);
        Ok(())
    }

    /// Whether `key` has a permit left, without taking it.
    ///
    /// # Errors
    /// How long to wait for the next one, when there is none.
    pub fn check(&self, key: u64, now: Duration) -> Result<(), Duration> {
        let permits = self.filled(key, now);
        if self.permits == 0 || permits >= 1.0 {
            return Ok(());
        }
        let per_permit = self.window.as_secs_f64() / f64::from(self.permits);
        Err(Duration::from_secs_f64((1.0 - permits) * per_permit))
    }

    /// Takes one permit of `key`, if there is one.
    pub fn spend(&mut self, key: u64, now: Duration) {
        if self.permits == 0 {
            return;
        }
        let permits = (self.filled(key, now) - 1.0).max(0.0);
        if self.buckets.len() >= MAX_KEYS && !self.buckets.contains_key(&key) {
            self.make_room(now);
        }
        self.buckets.insert(key, Bucket { permits, at: now });
    }

    /// Gives one permit of `key` back.
    pub fn give_back(&mut self, key: u64, now: Duration) {
        let full = f64::from(self.permits);
        let permits = self.filled(key, now) + 1.0;
        if permits >= full {
            self.buckets.remove(&key);
        } else {
            self.buckets.insert(key, Bucket { permits, at: now });
        }
    }

    /// Fills the bucket of `key`.
    pub fn forgive(&mut self, key: u64) {
        self.buckets.remove(&key);
    }

    /// The permits in the bucket of `key`.
    fn filled(&self, key: u64, now: Duration) -> f64 {
        let full = f64::from(self.permits);
        let Some(bucket) = self.buckets.get(&key) else {
            return full;
        };
        let passed = now.saturating_sub(bucket.at).as_secs_f64();
        (bucket.permits + passed * full / self.window.as_secs_f64()).min(full)
    }

    fn make_room(&mut self, now: Duration) {
        let full = f64::from(self.permits);
        let mut known: Vec<(u64, f64)> = self
            .buckets
            .keys()
            .map(|key| (*key, self.filled(*key, now)))
            .collect();
        known.sort_by(|a, b| b.1.total_cmp(&a.1));
        let spent = known.iter().take_while(|(_, permits)| *permits >= full);
        let dropped = spent.count().max(MAX_KEYS / 10);
        for (key, _) in known.into_iter().take(dropped) {
            self.buckets.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
