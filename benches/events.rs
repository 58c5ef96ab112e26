//! Event ingest by several writers at once: events per second and the time a batch waits, against
//! one plain append and sync per batch of the same bytes.
//!
//! Writers are tasks of one process, each with a running scan of its own, as a server has them;
//! what they queue while a sync runs shares the next one. Both sides run in one process, in
//! interleaved rounds, on the file system of the target folder (or `VEGA_BENCH_DIR`). Run with
//! `cargo bench --bench events`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "support/lines.rs"]
mod lines;
#[path = "support/seed.rs"]
#[expect(dead_code, reason = "shared with benches that need findings")]
mod seed;

use lines::new_lines;
use seed::{open, running_scan};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};
use tokio::task::JoinSet;
use vega::{
    clock::{Clock, SystemClock, new_id},
    domain::event::NewEvent,
    store::{ScanBatch, ScanStore},
};

const ROUNDS: usize = 31;
/// Batches of one writer in a round.
const BATCHES: usize = 20;
/// Events of a batch: what a scan says in a moment.
const EVENTS: usize = 20;

fn main() {
    let base = std::env::var_os("VEGA_BENCH_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let folder = tempfile::tempdir_in(base).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for writers in [1, 4, 16] {
        let folder = folder.path().join(writers.to_string());
        runtime.block_on(measure(&folder, writers));
    }
}

fn batch() -> ScanBatch {
    let event = |number| NewEvent {
        id: new_id(),
        kind: "scan_log".into(),
        payload: serde_json::json!({
            "level": "info",
            "message": format!("looked at the functions of src/package/module{number}.py"),
        }),
        created_at: SystemClock.now(),
    };
    ScanBatch {
        events: (0..EVENTS).map(event).collect(),
        ..ScanBatch::default()
    }
}

async fn measure(folder: &Path, writers: usize) {
    let store = open(folder);
    let mut scans = Vec::new();
    for _ in 0..writers {
        scans.push(running_scan(&store, new_id()).await);
    }
    let journal = folder.join("metadata/journal-1.jsonl");
    let mut plain = File::create(folder.join("plain")).unwrap();
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Side::default(), Side::default());
    for round in 0..ROUNDS {
        let known = fs::metadata(&journal).unwrap().len();
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for (scan, fence) in scans.clone() {
            let store = store.clone();
            tasks.spawn(async move {
                let mut waits = Vec::new();
                for _ in 0..BATCHES {
                    let batch = batch();
                    let begun = Instant::now();
                    store.append_to_scan(scan, fence, batch).await.unwrap();
                    waits.push(begun.elapsed().as_secs_f64());
                }
                waits
            });
        }
        let waits = tasks.join_all().await.concat();
        let grouped = started.elapsed().as_secs_f64();
        let lines = new_lines(folder, known);
        assert_eq!(lines.len(), writers * BATCHES);
        let mut plain_waits = Vec::new();
        let started = Instant::now();
        for line in &lines {
            let begun = Instant::now();
            plain.write_all(line).unwrap();
            plain.sync_data().unwrap();
            plain_waits.push(begun.elapsed().as_secs_f64());
        }
        let raw = started.elapsed().as_secs_f64();
        // The first round warms up.
        if round > 0 {
            ratios.push(raw / grouped);
            ours.add(grouped, waits);
            theirs.add(raw, plain_waits);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let events = ((ROUNDS - 1) * writers * BATCHES * EVENTS) as f64;
    // Few writers pay for decisions and indexes; many share the syncs.
    let goal = if writers < 16 { 0.5 } else { 1.0 };
    println!(
        "event_ingest_vs_append_fsync writers={writers} ratio={:.2} goal>={goal} (median of {} \
         rounds, quartiles {:.2} {:.2}) events_per_s={:.0} append_events_per_s={:.0} \
         batch_ms_p99={:.2} append_ms_p99={:.2} events_per_batch={EVENTS}",
        at(&ratios, 0.5),
        ratios.len(),
        at(&ratios, 0.25),
        at(&ratios, 0.75),
        events / ours.seconds,
        events / theirs.seconds,
        ours.p99_ms(),
        theirs.p99_ms(),
    );
}

/// What one side needed in all rounds.
#[derive(Default)]
struct Side {
    seconds: f64,
    waits: Vec<f64>,
}

impl Side {
    fn add(&mut self, seconds: f64, waits: Vec<f64>) {
        self.seconds += seconds;
        self.waits.extend(waits);
    }

    fn p99_ms(&mut self) -> f64 {
        self.waits.sort_by(f64::total_cmp);
        at(&self.waits, 0.99) * 1000.0
    }
}

fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}
