//! What every end-to-end test needs: processes, a client, sources, checks of what a scan left.

#[allow(
    dead_code,
    reason = "shared with the integration tests, which use all of it"
)]
#[path = "../../it/support/archives.rs"]
mod archives;
#[allow(
    dead_code,
    reason = "shared with the integration tests, which use all of it"
)]
#[path = "../../it/support/client.rs"]
mod client;
mod flows;
mod process;
#[allow(
    dead_code,
    reason = "shared with the integration tests, which use all of it"
)]
#[path = "../../it/support/receiver.rs"]
mod receiver;
mod sources;
pub mod verify;

pub use archives::{tar_gz, zip};
pub use client::Client;
pub use flows::{DEBUG_PASSWORD, all, seconds};
pub use process::{
    Process, Server, command, done, kill_runner, no_runners, refused, run, run_with_input,
    runners_of,
};
pub use receiver::{Receiver, Reply};
pub use sources::{archive_of, corpus};

use std::time::Duration;

/// The longest any test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `ready` gives something; fails after [`PATIENCE`].
pub async fn wait_for<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ready().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what} did not come"
        );
        // The pause of a poll with a deadline, not a guess at how long something takes.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be repeated from its seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
