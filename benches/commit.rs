//! How close the JSON store comes to the disk: commits per second against plain append and sync of
//! the same bytes, and memory for 10,000 findings.
//!
//! Both sides run in one process, in interleaved rounds, on the file system of the target folder
//! (or `VEGA_BENCH_DIR`). Run with `cargo bench --bench commit`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "support/lines.rs"]
mod lines;
#[path = "support/seed.rs"]
mod seed;

use lines::new_lines;
use seed::{new_finding, open, running_scan};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};
use vega::store::{FindingStore, PageRequest, ScanBatch, ScanStore};

const ROUNDS: usize = 301;
const COMMITS: usize = 5;
const FINDINGS: usize = 10_000;

fn main() {
    // The memory of an idle server is measured in a process of its own, which only opens.
    if let Some(folder) = std::env::args().skip_while(|arg| arg != "--open").nth(1) {
        return runtime().block_on(measure_memory(Path::new(&folder)));
    }
    let base = std::env::var_os("VEGA_BENCH_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let folder = tempfile::tempdir_in(base).unwrap();
    runtime().block_on(measure_commits(folder.path()));
    let full = folder.path().join("full");
    seed::fill(&full, vega::clock::new_id(), FINDINGS);
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .arg("--open")
        .arg(&full)
        .status();
    assert!(status.unwrap().success());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

async fn measure_commits(base: &Path) {
    let folder = base.join("commits");
    let store = open(&folder);
    let (scan, fence) = running_scan(&store, vega::clock::new_id()).await;
    let plain_path = base.join("plain");
    let mut plain = File::create(&plain_path).unwrap();
    let journal = folder.join("metadata/journal-1.jsonl");
    let (mut ratios, mut ours, mut theirs, mut bytes) = (Vec::new(), 0.0, 0.0, 0);
    for round in 0..ROUNDS {
        let known = fs::metadata(&journal).unwrap().len();
        let batches: Vec<_> = (0..COMMITS)
            .map(|number| {
                let mut batch = ScanBatch::default();
                let path = format!("src/round{round}/file{number}.py");
                batch.findings.push(new_finding(&path, 0));
                batch
            })
            .collect();
        let started = Instant::now();
        for batch in batches {
            store.append_to_scan(scan, fence, batch).await.unwrap();
        }
        let json = started.elapsed().as_secs_f64();
        let lines = new_lines(&folder, known);
        assert_eq!(lines.len(), COMMITS);
        let started = Instant::now();
        for line in &lines {
            plain.write_all(line).unwrap();
            plain.sync_data().unwrap();
        }
        let raw = started.elapsed().as_secs_f64();
        // The first round warms up.
        if round > 0 {
            ratios.push(raw / json);
            ours += json;
            theirs += raw;
            bytes += lines.iter().map(Vec::len).sum::<usize>();
        }
    }
    ratios.sort_by(f64::total_cmp);
    let count = ((ROUNDS - 1) * COMMITS) as f64;
    let at = |part: f64| ratios[((ratios.len() - 1) as f64 * part) as usize];
    println!(
        "json_commits_vs_append_fsync ratio={:.2} goal>=0.7 (median of {} rounds, quartiles {:.2} \
         {:.2}) json_per_s={:.0} append_per_s={:.0} bytes_per_commit={:.0}",
        at(0.5),
        ratios.len(),
        at(0.25),
        at(0.75),
        count / ours,
        count / theirs,
        bytes as f64 / count,
    );
}

async fn measure_memory(folder: &Path) {
    let before = resident();
    let started = Instant::now();
    let store = open(folder);
    let opened = started.elapsed();
    let after = resident();
    let page = store
        .findings(Default::default(), PageRequest::first(200))
        .await
        .unwrap();
    assert_eq!(page.total, Some(FINDINGS as u64));
    let body = serde_json::to_vec(&page.items[0].finding).unwrap().len();
    println!(
        "json_store_memory rss_mb={:.1} goal<=40 before_open_mb={:.1} peak_mb={:.1} \
         bytes_per_finding={:.0} findings={FINDINGS} body_bytes={body} open_ms={}",
        mb(after),
        mb(before),
        mb(peak()),
        after.saturating_sub(before) as f64 / FINDINGS as f64,
        opened.as_millis(),
    );
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

/// A value of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
