//! The only place where time, ids and randomness come from.
//!
//! Everything else receives them as values, so that every decision can be repeated in a test.

use crate::domain::time::Timestamp;
use std::sync::Arc;
use type_safe_id::{StaticType, TypeSafeId};

/// A source of the current time. Production uses [`SystemClock`]; tests set their own.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }
}

/// A clock as handed around.
pub type SharedClock = Arc<dyn Clock>;

/// A fresh, time-sorted id (UUIDv7).
pub fn new_id<K: StaticType>() -> TypeSafeId<K> {
    TypeSafeId::from_uuid(uuid::Uuid::now_v7())
}

/// `N` bytes from the operating system's random source.
///
/// # Panics
/// When the operating system gives no randomness: nothing secure can go on without it.
#[expect(
    clippy::expect_used,
    reason = "no safe way to continue without a random source"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source failed");
    bytes
}

/// Measures how long something took, for logs and metrics (monotonic).
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}
