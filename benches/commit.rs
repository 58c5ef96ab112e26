//! How close the JSON store comes to the disk: commits per second against plain append and sync of
//! the same bytes, and memory for 10,000 findings.
//!
//! Both sides run in one process, in interleaved rounds, on the file system of the target folder
//! (or `VEGA_BENCH_DIR`). Run with `cargo bench --bench commit`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use vega::{
    clock::{Clock, SystemClock, new_id},
    domain::{
        event::NewEvent,
        finding::{
            DetectedFinding, Evidence, FindingContent, Location, Severity, TraceRole, TraceStep,
            Verification,
        },
        ids::ScanId,
        job::{Job, JobKind},
        lease::Fence,
        matching::Anchor,
        project::Project,
        repository::{IngestStatus, Repository, SourceType},
        runner_job::LauncherKind,
        scan::{Scan, ScanStatus},
        snapshot::Snapshot,
        time::Timestamp,
    },
    store::{
        ClaimRequest, FindingStore, IngestResult, JobStore, NewFinding, PageRequest, ProjectStore,
        RepositoryStore, ScanBatch, ScanStore,
        json::{JsonStore, JsonStoreSettings},
    },
};

// Short rounds, so that what else happens on the disk meets both sides alike.
const ROUNDS: usize = 301;
const COMMITS: usize = 5;
const FINDINGS: usize = 10_000;
const PER_FILE: usize = 5;
const LEASE: std::time::Duration = std::time::Duration::from_secs(3600);

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
    runtime().block_on(fill(&full));
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

fn open(folder: &Path) -> Arc<JsonStore> {
    let mut settings = JsonStoreSettings::new(folder, Arc::new(SystemClock));
    settings.compact_above = u64::MAX;
    JsonStore::open(settings).unwrap()
}

/// The lines that were appended to the journal behind `known` bytes.
fn new_lines(folder: &Path, known: u64) -> Vec<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut journal = File::open(folder.join("metadata/journal-1.jsonl")).unwrap();
    journal.seek(SeekFrom::Start(known)).unwrap();
    let mut new = Vec::new();
    journal.read_to_end(&mut new).unwrap();
    let lines = new.split_inclusive(|byte| *byte == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}

async fn measure_commits(base: &Path) {
    let folder = base.join("commits");
    let store = open(&folder);
    let (scan, fence) = running_scan(&store).await;
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

/// Writes a scan with many findings, as a runner does: file by file.
async fn fill(folder: &Path) {
    let store = open(folder);
    let (scan, fence) = running_scan(&store).await;
    for file in 0..FINDINGS / PER_FILE {
        let path = format!("src/package{}/module{file}.py", file % 50);
        let batch = ScanBatch {
            findings: (0..PER_FILE).map(|n| new_finding(&path, n)).collect(),
            events: vec![NewEvent {
                id: new_id(),
                kind: "scan_log".into(),
                payload: serde_json::json!({ "level": "info", "message": path }),
                created_at: now(),
            }],
            ..ScanBatch::default()
        };
        store.append_to_scan(scan, fence, batch).await.unwrap();
    }
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

fn now() -> Timestamp {
    SystemClock.now()
}

async fn running_scan(store: &JsonStore) -> (ScanId, Fence) {
    let now = now();
    let project = Project {
        id: new_id(),
        name: "bench".into(),
        description: String::new(),
        owner_user_id: new_id(),
        deleted_at: None,
        created_at: now,
        updated_at: now,
    };
    let repository = Repository {
        id: new_id(),
        project_id: project.id,
        name: "bench".into(),
        source_type: SourceType::Archive,
        git_url: None,
        git_ref: None,
        git_token: None,
        ingest_status: IngestStatus::Pending,
        ingest_error: None,
        latest_snapshot_id: None,
        default_paths: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let (project_id, repository_id) = (project.id, repository.id);
    store.insert_project(project).await.unwrap();
    let ingest = Job::queued(
        new_id(),
        JobKind::Ingest,
        repository_id,
        serde_json::Value::Null,
        now,
    );
    store
        .insert_repository(repository, Some(ingest))
        .await
        .unwrap();
    let job = store
        .claim_job(&[JobKind::Ingest], LEASE, now)
        .await
        .unwrap()
        .unwrap();
    let snapshot = Snapshot {
        id: new_id(),
        repository_id,
        storage_key: "snapshots/bench.zip".into(),
        tree_sha256: "tree".into(),
        archive_sha256: "archive".into(),
        size_bytes: 1,
        file_count: 1,
        languages: Default::default(),
        commit: None,
        source_label: "bench".into(),
        created_at: now,
    };
    let snapshot_id = snapshot.id;
    let ready = IngestResult::Ready(Box::new(snapshot));
    store
        .finish_ingest(job.job.id, job.fence, ready, now)
        .await
        .unwrap();
    let scan = Scan {
        id: new_id(),
        repository_id,
        project_id,
        snapshot_id,
        requested_by: new_id(),
        paths: Vec::new(),
        auditors: Vec::new(),
        model: None,
        limits: Default::default(),
        baseline_scan_id: None,
        status: ScanStatus::Queued,
        attempt: 0,
        recoveries: 0,
        fruitless_attempts: 0,
        fencing: 0,
        lease: None,
        cancel_requested_at: None,
        cancelled_by: None,
        last_seq: 0,
        finished_components: Vec::new(),
        components_at_claim: 0,
        progress: 0,
        phase: String::new(),
        message: String::new(),
        failure_reason: None,
        finding_counts: Default::default(),
        coverage: Default::default(),
        usage: Default::default(),
        artifacts_attempt: None,
        artifacts_published: false,
        created_at: now,
        updated_at: now,
        queued_at: now,
        claimed_at: None,
        started_at: None,
        completed_at: None,
    };
    let id = scan.id;
    store.create_scan(scan, 9).await.unwrap();
    let request = ClaimRequest {
        scan_id: Some(id),
        lease: LEASE,
        runner_job_id: new_id(),
        launcher: LauncherKind::Local,
        now,
    };
    let claimed = store.claim_scan(request).await.unwrap().unwrap();
    let adopted = store
        .adopt_scan(id, claimed.fence, LEASE, now)
        .await
        .unwrap();
    (id, adopted.fence)
}

/// A finding of about 2.5 KB as stored.
fn new_finding(path: &str, number: usize) -> NewFinding {
    let symbol = format!("Handler.method_{number}");
    let hash = format!("{:064x}", path.len() * 31 + number);
    let content = FindingContent {
        title: format!("SQL built from request data in {symbol}"),
        severity: Severity::ALL[number % Severity::ALL.len()],
        confidence: 0.9,
        category: "injection".into(),
        cwe: vec!["CWE-89".into(), "CWE-20".into()],
        owasp: vec!["A03:2021".into()],
        cvss: None,
        location: Location {
            file_path: path.into(),
            start_line: 40,
            end_line: 42,
            start_column: Some(5),
            end_column: Some(60),
        },
        component: "api".into(),
        auditors: vec!["builtin".into()],
        rule_id: "python.sql_injection".into(),
        lead: false,
        summary: "Request data reach a query as text. ".repeat(3),
        description: "The value comes from the query string and is put into SQL. ".repeat(6),
        impact: "An attacker reads or changes any row of the database. ".repeat(2),
        remediation: "Pass the value as a parameter of the query. ".repeat(3),
        evidence: vec![Evidence {
            kind: "code".into(),
            file: path.into(),
            start_line: 40,
            end_line: 42,
            snippet: "cursor.execute(f\"SELECT * FROM t WHERE id = {id}\")\n".repeat(3),
            sha256: hash.clone(),
            note: "the query".into(),
        }],
        trace: [TraceRole::Source, TraceRole::Step, TraceRole::Sink]
            .map(|role| TraceStep {
                file: path.into(),
                line: 38,
                role,
                symbol: "request.args".into(),
                note: "untrusted".into(),
            })
            .into(),
        fix_diff: None,
        references: vec!["https://cwe.mitre.org/data/definitions/89.html".into()],
        verification: Verification {
            method: "data_flow".into(),
            verdict: "proved_by_engine".into(),
            note: "source reaches sink".into(),
        },
    };
    let anchor = Anchor {
        fingerprint: hash.clone(),
        rule_id: content.rule_id.clone(),
        path: path.into(),
        symbol,
        text_hash: hash,
        occurrence: 0,
        source_symbol: "request.args".into(),
        sink_symbol: "cursor.execute".into(),
        line: 40,
    };
    NewFinding {
        finding_id: new_id(),
        observation_id: new_id(),
        detected: DetectedFinding { content, anchor },
    }
}
