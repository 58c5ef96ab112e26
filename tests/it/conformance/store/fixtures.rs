//! Ready-made entities and the steps most cases begin with.

use super::Backend;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use vega::{
    clock::{Clock, new_id},
    domain::{
        coverage::{CoverageSummary, ScanScope},
        event::NewEvent,
        finding::{DetectedFinding, Evidence, FindingContent, Location, Severity, Verification},
        ids::{RepositoryId, ScanId, SnapshotId, UserId},
        job::{Job, JobKind},
        matching::Anchor,
        project::Project,
        repository::{IngestStatus, Repository, SourceType},
        runner_job::LauncherKind,
        scan::{RecoveryPolicy, Scan, ScanOrder},
        snapshot::Snapshot,
        time::Timestamp,
        user::{Group, IdentityProvider, User},
    },
    store::{
        Artifacts, ClaimRequest, ClaimedScan, IngestResult, MetadataStore, NewFinding, ScanBatch,
        ScanEnd, SharedStore,
    },
};

pub const LEASE: Duration = Duration::from_secs(30);

pub const POLICY: RecoveryPolicy = RecoveryPolicy {
    max_attempts: 3,
    max_recoveries: 4,
    running_stale: Duration::from_secs(3600),
};

/// A clock that moves only when it is told to.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn new() -> Self {
        Self(AtomicI64::new(1_900_000_000_000))
    }

    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub fn user(email: &str, now: Timestamp) -> User {
    User {
        id: new_id(),
        email: email.into(),
        display_name: email.into(),
        groups: vec![Group::User],
        provider: IdentityProvider::Custom,
        subject: email.into(),
        password_hash: Some("hash".into()),
        is_active: true,
        created_at: now,
        updated_at: now,
    }
}

pub fn project(owner: UserId, now: Timestamp) -> Project {
    Project {
        id: new_id(),
        name: "project".into(),
        description: "what it is".into(),
        owner_user_id: owner,
        members: Vec::new(),
        deleted_at: None,
        created_at: now,
        updated_at: now,
    }
}

pub fn repository(project: &Project, now: Timestamp) -> Repository {
    Repository {
        id: new_id(),
        project_id: project.id,
        name: "repository".into(),
        source_type: SourceType::Git,
        git_url: Some("https://example.com/r.git".into()),
        git_ref: Some("main".into()),
        git_token: None,
        ingest_status: IngestStatus::Pending,
        ingest_error: None,
        latest_snapshot_id: None,
        default_paths: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

pub fn snapshot(repository: RepositoryId, tree: &str, now: Timestamp) -> Snapshot {
    Snapshot {
        id: new_id(),
        repository_id: repository,
        storage_key: format!("snapshots/{repository}/{tree}.zip"),
        tree_sha256: tree.into(),
        archive_sha256: "archive".into(),
        size_bytes: 10,
        file_count: 1,
        languages: BTreeMap::new(),
        commit: None,
        source_label: "test".into(),
        created_at: now,
    }
}

pub fn job(kind: JobKind, subject: impl std::fmt::Display, now: Timestamp) -> Job {
    Job::queued(new_id(), kind, subject, serde_json::Value::Null, now)
}

/// A user with a project and a repository that is ready to be scanned.
pub struct World {
    pub store: SharedStore,
    pub owner: UserId,
    pub project: Project,
    pub repository: RepositoryId,
    pub snapshot: SnapshotId,
    pub now: Timestamp,
}

impl World {
    pub async fn of(backend: &dyn Backend) -> Self {
        Self::in_store(backend.store(), backend.now()).await
    }

    pub async fn in_store(store: SharedStore, now: Timestamp) -> Self {
        let email = format!("{}@example.com", new_id::<vega::domain::ids::UserKind>());
        let owner = store.insert_user(user(&email, now)).await.unwrap().id;
        let project = project(owner, now);
        store.insert_project(project.clone()).await.unwrap();
        let (repository, snapshot) = ready_repository(&*store, &project, now).await;
        Self {
            store,
            owner,
            project,
            repository,
            snapshot,
            now,
        }
    }

    pub fn new_scan(&self) -> Scan {
        let order = ScanOrder {
            id: new_id(),
            repository_id: self.repository,
            project_id: self.project.id,
            snapshot_id: self.snapshot,
            requested_by: self.owner,
            paths: Vec::new(),
            auditors: Vec::new(),
            model: None,
            limits: Default::default(),
            baseline_scan_id: None,
        };
        Scan::queued(order, self.now)
    }

    pub async fn queued(&self) -> Scan {
        self.store.create_scan(self.new_scan(), 100).await.unwrap()
    }

    /// A scan that this store's process runs.
    pub async fn running(&self) -> ClaimedScan {
        let scan = self.queued().await;
        run(&*self.store, scan.id, self.now).await
    }

    pub async fn append(&self, claimed: &ClaimedScan, batch: ScanBatch) -> u64 {
        let (id, fence) = (claimed.scan.id, claimed.fence);
        self.store.append_to_scan(id, fence, batch).await.unwrap()
    }

    pub async fn complete(&self, claimed: &ClaimedScan, scope: ScanScope) -> Scan {
        let end = ScanEnd::Completed {
            coverage: CoverageSummary::default(),
            scope: Box::new(scope),
            summary: serde_json::json!({ "text": "done" }),
        };
        self.finish(claimed, end).await
    }

    pub async fn finish(&self, claimed: &ClaimedScan, end: ScanEnd) -> Scan {
        let (id, fence) = (claimed.scan.id, claimed.fence);
        self.store
            .finish_scan(id, fence, end, Artifacts::None, self.now)
            .await
            .unwrap()
    }
}

pub async fn ready_repository(
    store: &dyn MetadataStore,
    project: &Project,
    now: Timestamp,
) -> (RepositoryId, SnapshotId) {
    let repository = repository(project, now);
    let id = repository.id;
    let ingest = job(JobKind::Ingest, id, now);
    store
        .insert_repository(repository, Some(ingest))
        .await
        .unwrap();
    let snapshot = ingest_tree(store, id, "tree", now).await;
    (id, snapshot.id)
}

/// Runs the queued ingest job to a snapshot of `tree`.
pub async fn ingest_tree(
    store: &dyn MetadataStore,
    repository: RepositoryId,
    tree: &str,
    now: Timestamp,
) -> Snapshot {
    let claimed = store.claim_job(&[JobKind::Ingest], LEASE, now).await;
    let claimed = claimed.unwrap().unwrap();
    let snapshot = snapshot(repository, tree, now);
    let result = IngestResult::Ready(Box::new(snapshot));
    store
        .finish_ingest(claimed.job.id, claimed.fence, result, now)
        .await
        .unwrap()
        .unwrap()
}

pub fn claim_request(scan: Option<ScanId>, now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        scan_id: scan,
        lease: LEASE,
        runner_job_id: new_id(),
        launcher: LauncherKind::Local,
        now,
    }
}

/// Claims and adopts a scan in the name of `store`'s process.
pub async fn run(store: &dyn MetadataStore, scan: ScanId, now: Timestamp) -> ClaimedScan {
    let claimed = store.claim_scan(claim_request(Some(scan), now)).await;
    let claimed = claimed.unwrap().unwrap();
    store
        .adopt_scan(scan, claimed.fence, LEASE, now)
        .await
        .unwrap()
}

pub fn event(kind: &str, now: Timestamp) -> NewEvent {
    NewEvent {
        id: new_id(),
        kind: kind.into(),
        payload: serde_json::json!({ "message": kind }),
        created_at: now,
    }
}

pub fn detected(path: &str, symbol: &str) -> DetectedFinding {
    DetectedFinding {
        content: FindingContent {
            title: format!("{symbol} in {path}"),
            severity: Severity::High,
            confidence: 0.9,
            category: "injection".into(),
            cwe: vec!["CWE-89".into()],
            owasp: Vec::new(),
            cvss: None,
            location: Location {
                file_path: path.into(),
                start_line: 3,
                end_line: 4,
                start_column: None,
                end_column: None,
            },
            component: "core".into(),
            auditors: vec!["builtin".into()],
            rule_id: "python.sql".into(),
            lead: false,
            summary: "summary".into(),
            description: "description".into(),
            impact: "impact".into(),
            remediation: "remediation".into(),
            evidence: vec![Evidence {
                kind: "code".into(),
                file: path.into(),
                start_line: 3,
                end_line: 4,
                snippet: "execute(x)".into(),
                sha256: "ab".into(),
                note: String::new(),
            }],
            trace: Vec::new(),
            fix_diff: None,
            references: Vec::new(),
            verification: Verification {
                method: "syntax".into(),
                verdict: "proved_by_engine".into(),
                note: String::new(),
            },
        },
        anchor: Anchor {
            fingerprint: format!("{path}:{symbol}"),
            rule_id: "python.sql".into(),
            path: path.into(),
            symbol: symbol.into(),
            text_hash: format!("text of {symbol}"),
            occurrence: 0,
            source_symbol: String::new(),
            sink_symbol: String::new(),
            line: 3,
            line_hash: String::new(),
            near_hash: String::new(),
        },
    }
}

pub fn sighted(detected: impl IntoIterator<Item = DetectedFinding>) -> ScanBatch {
    let findings = detected.into_iter().map(|detected| NewFinding {
        finding_id: new_id(),
        observation_id: new_id(),
        detected,
    });
    ScanBatch {
        findings: findings.collect(),
        ..ScanBatch::default()
    }
}

/// A scope in which `builtin` looked at `paths` for SQL injection.
pub fn looked_at(paths: &[&str]) -> ScanScope {
    let paths: std::collections::BTreeSet<String> =
        paths.iter().map(|path| (*path).to_owned()).collect();
    let rules = ["python.sql".to_owned()].into();
    ScanScope {
        present: paths.clone(),
        reviewed: [("builtin".to_owned(), paths)].into(),
        rules: [("builtin".to_owned(), rules)].into(),
        whole_tree: false,
    }
}
