//! A data folder as a server leaves it after a scan with many findings.

use std::{path::Path, sync::Arc};
use vega::{
    clock::{Clock, SystemClock, new_id},
    domain::{
        event::NewEvent,
        finding::{
            DetectedFinding, Evidence, FindingContent, Location, Severity, TraceRole, TraceStep,
            Verification,
        },
        ids::{ScanId, UserId},
        job::{Job, JobKind},
        lease::Fence,
        matching::Anchor,
        project::Project,
        repository::{IngestStatus, Repository, SourceType},
        runner_job::LauncherKind,
        scan::{Scan, ScanOrder},
        snapshot::Snapshot,
        time::Timestamp,
    },
    store::{
        Artifacts, ClaimRequest, IngestResult, JobStore, NewFinding, ProjectStore, RepositoryStore,
        ScanBatch, ScanEnd, ScanStore,
        json::{JsonStore, JsonStoreSettings},
    },
};

const PER_FILE: usize = 5;
const LEASE: std::time::Duration = std::time::Duration::from_secs(3600);

/// Fills `folder` with one ended scan of `findings` findings in a project of `owner`.
pub fn fill(folder: &Path, owner: UserId, findings: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(write_findings(folder, owner, findings));
}

/// A store that never compacts, so that what it wrote can be read again.
pub fn open(folder: &Path) -> Arc<JsonStore> {
    let mut settings = JsonStoreSettings::new(folder, Arc::new(SystemClock));
    settings.compact_above = u64::MAX;
    JsonStore::open(settings).unwrap()
}

/// Writes a scan with many findings, as a runner does: file by file.
async fn write_findings(folder: &Path, owner: UserId, findings: usize) {
    let store = open(folder);
    let (scan, fence) = running_scan(&store, owner).await;
    for file in 0..findings / PER_FILE {
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
    let end = ScanEnd::Completed {
        coverage: Default::default(),
        scope: Default::default(),
        summary: serde_json::Value::Null,
    };
    store
        .finish_scan(scan, fence, end, Artifacts::None, now())
        .await
        .unwrap();
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// A scan that is running, in a project and repository of its own.
pub async fn running_scan(store: &JsonStore, owner: UserId) -> (ScanId, Fence) {
    let now = now();
    let project = Project {
        id: new_id(),
        name: "bench".into(),
        description: String::new(),
        owner_user_id: owner,
        members: Vec::new(),
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
    let order = ScanOrder {
        id: new_id(),
        repository_id,
        project_id,
        snapshot_id,
        requested_by: owner,
        paths: Vec::new(),
        auditors: Vec::new(),
        model: None,
        limits: Default::default(),
        baseline_scan_id: None,
    };
    let scan = Scan::queued(order, now);
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
pub fn new_finding(path: &str, number: usize) -> NewFinding {
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
        line_hash: String::new(),
        near_hash: String::new(),
    };
    NewFinding {
        finding_id: new_id(),
        observation_id: new_id(),
        detected: DetectedFinding { content, anchor },
    }
}
