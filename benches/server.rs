//! The real server: time from start to ready, and memory when idle, on an empty folder and on one
//! with 10,000 findings.
//!
//! Starts the release binary several times on a free port. Run with `cargo bench --bench server`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "support/seed.rs"]
mod seed;
#[path = "support/server.rs"]
mod server;

use server::Server;
use std::{path::Path, time::Duration};

const ROUNDS: usize = 9;
const FINDINGS: usize = 10_000;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let empty = folder.path().join("empty");
    let full = folder.path().join("full");
    seed::fill(&full, vega::clock::new_id(), FINDINGS);
    // The first start of each makes the key files and warms the page cache.
    for data in [&empty, &full] {
        Server::start(data).stop();
    }
    report("startup_to_ready_empty", &empty, 100.0);
    report("startup_to_ready_10000_findings", &full, 100.0);
    let server = Server::start(&full);
    let at_start = server.resident_mb();
    for _ in 0..50 {
        server.get("/v1/healthz");
        server.get("/v1/readyz");
    }
    // Memory is read when nothing runs any more: a second without requests.
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "idle_rss findings={FINDINGS} mb_at_ready={at_start:.1} mb_idle={:.1} goal<=40",
        server.resident_mb()
    );
    server.stop();
}

fn report(name: &str, data: &Path, goal: f64) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let server = Server::start(data);
            let took = server.ready_after.as_secs_f64() * 1000.0;
            server.stop();
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name} ms_median={:.0} ms_best={:.0} goal<={goal}",
        times[ROUNDS / 2],
        times[0]
    );
}
