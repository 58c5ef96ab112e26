//! What the store knows in memory: small records whole, large ones as index entries.
//!
//! A state is the result of applying commits in order and of nothing else, so every process that
//! read the same lines holds the same state. Bodies of findings and events, and what observations
//! say beyond the index, stay where they were written; a [`Span`] tells where. This file knows
//! nothing of files, locks or clocks.

pub mod deliveries;
pub mod index;
pub mod table;
pub mod timeline;

use super::{
    change::Kind,
    journal::Apply,
    names::Names,
    written::{WrittenOp, WrittenRecord, parse_commit},
};
use crate::domain::{
    api_key::ApiKey,
    audit::AuditEntry,
    auth_session::AuthSession,
    git_upload::GitUpload,
    idempotency::{IdempotencyRecord, KeyOwner},
    ids::{
        ApiKeyId, AuditId, GitUploadId, IdempotencyId, JobId, ProjectId, RepositoryId, RunnerJobId,
        ScanId, SessionId, SnapshotId, ThreatProfileId, UserId, WebhookId, WorkerId,
    },
    job::Job,
    project::Project,
    repository::Repository,
    runner_job::RunnerJob,
    scan::Scan,
    snapshot::Snapshot,
    threat_profile::ThreatProfile,
    user::User,
    webhook::Webhook,
    worker::Worker,
};
use deliveries::Deliveries;
use index::{EventIndex, FindingIndex};
use std::collections::{BTreeMap, BTreeSet};
use table::{Groups, Table};
use timeline::TimelineIndex;

/// Where a value stands in the current journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Byte offset in the file.
    pub offset: u64,
    /// Length in bytes.
    pub len: u32,
}

/// Why a line cannot be applied; it was written by something that is not this store.
pub type Refusal = crate::error::Cause;

/// Everything the store holds, at one commit.
#[derive(Debug, Default)]
pub struct State {
    /// Users.
    pub users: Table<UserId, User>,
    /// Users by normalised email.
    pub users_by_email: BTreeMap<String, UserId>,
    /// Sign-in sessions.
    pub sessions: Table<SessionId, AuthSession>,
    /// API keys.
    pub api_keys: Table<ApiKeyId, ApiKey>,
    /// API keys by hash.
    pub api_keys_by_hash: BTreeMap<String, ApiKeyId>,
    /// Projects, also those marked as deleted.
    pub projects: Table<ProjectId, Project>,
    /// Repositories.
    pub repositories: Table<RepositoryId, Repository>,
    /// Repositories by project.
    pub repositories_of: Groups<ProjectId, RepositoryId>,
    /// Snapshots.
    pub snapshots: Table<SnapshotId, Snapshot>,
    /// Snapshots by repository.
    pub snapshots_of: Groups<RepositoryId, SnapshotId>,
    /// Every version of every threat profile.
    pub profiles: Table<ThreatProfileId, ThreatProfile>,
    /// Threat profiles by repository, with their version first.
    pub profiles_of: Groups<RepositoryId, (u32, ThreatProfileId)>,
    /// Scans.
    pub scans: Table<ScanId, Scan>,
    /// Scans by repository.
    pub scans_of: Groups<RepositoryId, ScanId>,
    /// Scans that are not final.
    pub active_scans: BTreeSet<ScanId>,
    /// Launches of runners.
    pub runner_jobs: Table<RunnerJobId, RunnerJob>,
    /// Launches by scan.
    pub runner_jobs_of: Groups<ScanId, RunnerJobId>,
    /// Jobs.
    pub jobs: Table<JobId, Job>,
    /// Jobs by subject.
    pub jobs_of: Groups<String, JobId>,
    /// Jobs that are not final.
    pub active_jobs: BTreeSet<JobId>,
    /// Processes as they report themselves.
    pub workers: Table<WorkerId, Worker>,
    /// Webhooks.
    pub webhooks: Table<WebhookId, Webhook>,
    /// What they tell.
    pub deliveries: Deliveries,
    /// The audit log.
    pub audit: Table<AuditId, AuditEntry>,
    /// Used idempotency keys.
    pub keys: Table<IdempotencyId, IdempotencyRecord>,
    /// The same by owner, route and key.
    pub keys_by_owner: BTreeMap<KeyOwner, IdempotencyId>,
    /// Temporary git remotes.
    pub git_uploads: Table<GitUploadId, GitUpload>,
    /// Temporary git remotes by repository.
    pub git_uploads_of: Groups<RepositoryId, GitUploadId>,
    /// Findings and observations.
    pub findings: FindingIndex,
    /// Events.
    pub events: EventIndex,
    /// Comments and changes of findings.
    pub timelines: TimelineIndex,
    /// Texts shared by the indexes.
    pub names: Names,
}

impl Apply for State {
    type Commit<'a> = Vec<WrittenOp<'a>>;

    fn parse(line: &[u8], offset: u64) -> Result<Self::Commit<'_>, Refusal> {
        parse_commit(line, offset)
    }

    fn apply(&mut self, commit: Self::Commit<'_>) -> Result<(), Refusal> {
        for op in commit {
            match op {
                WrittenOp::Put(record, span) => self.put(record, span)?,
                WrittenOp::Delete(kind, id) => self.delete(kind, id)?,
            }
        }
        Ok(())
    }
}

impl State {
    /// Bytes of everything that is alive, as written.
    pub fn live_bytes(&self) -> u64 {
        self.users.bytes()
            + self.sessions.bytes()
            + self.api_keys.bytes()
            + self.projects.bytes()
            + self.repositories.bytes()
            + self.snapshots.bytes()
            + self.profiles.bytes()
            + self.scans.bytes()
            + self.runner_jobs.bytes()
            + self.jobs.bytes()
            + self.workers.bytes()
            + self.webhooks.bytes()
            + self.deliveries.rows().bytes()
            + self.audit.bytes()
            + self.keys.bytes()
            + self.git_uploads.bytes()
            + self.findings.bytes()
            + self.events.bytes()
            + self.timelines.bytes()
    }

    fn put(&mut self, record: WrittenRecord<'_>, span: Span) -> Result<(), Refusal> {
        let len = span.len;
        match record {
            WrittenRecord::User(user) => {
                self.users_by_email.insert(user.email.clone(), user.id);
                self.users.put(user.id, *user, len);
            }
            WrittenRecord::Session(session) => {
                self.sessions.put(session.id, *session, len);
            }
            WrittenRecord::ApiKey(key) => {
                self.api_keys_by_hash.insert(key.hash.clone(), key.id);
                self.api_keys.put(key.id, *key, len);
            }
            WrittenRecord::Project(project) => {
                self.projects.put(project.id, *project, len);
            }
            WrittenRecord::Repository(repository) => {
                self.repositories_of
                    .add(repository.project_id, repository.id);
                self.repositories.put(repository.id, *repository, len);
            }
            WrittenRecord::Snapshot(snapshot) => {
                self.snapshots_of.add(snapshot.repository_id, snapshot.id);
                self.snapshots.put(snapshot.id, *snapshot, len);
            }
            WrittenRecord::ThreatProfile(profile) => {
                self.profiles_of
                    .add(profile.repository_id, (profile.version, profile.id));
                self.profiles.put(profile.id, *profile, len);
            }
            WrittenRecord::Scan(scan) => {
                self.scans_of.add(scan.repository_id, scan.id);
                if scan.status.is_final() {
                    self.active_scans.remove(&scan.id);
                } else {
                    self.active_scans.insert(scan.id);
                }
                self.scans.put(scan.id, *scan, len);
            }
            WrittenRecord::RunnerJob(job) => {
                self.runner_jobs_of.add(job.scan_id, job.id);
                self.runner_jobs.put(job.id, *job, len);
            }
            WrittenRecord::Job(job) => {
                self.jobs_of.add(job.subject_id.clone(), job.id);
                if job.status.is_final() {
                    self.active_jobs.remove(&job.id);
                } else {
                    self.active_jobs.insert(job.id);
                }
                self.jobs.put(job.id, *job, len);
            }
            WrittenRecord::Worker(worker) => {
                self.workers.put(worker.id, *worker, len);
            }
            WrittenRecord::Webhook(webhook) => self.webhooks.put(webhook.id, *webhook, len),
            WrittenRecord::Delivery(delivery) => self.deliveries.put(*delivery, len),
            WrittenRecord::Audit(entry) => self.audit.put(entry.id, *entry, len),
            WrittenRecord::Key(key) => {
                self.keys_by_owner.insert(key.owner.clone(), key.id);
                self.keys.put(key.id, *key, len);
            }
            WrittenRecord::GitUpload(upload) => {
                self.git_uploads_of.add(upload.repository_id, upload.id);
                self.git_uploads.put(upload.id, *upload, len);
            }
            WrittenRecord::Finding(finding) => {
                self.findings.put_finding(&finding, span, &mut self.names);
            }
            WrittenRecord::Observation(seen) => {
                self.findings.put_observation(&seen, span, &mut self.names);
            }
            WrittenRecord::Event(event) => {
                let scan = self
                    .scans
                    .get(event.scan_id)
                    .ok_or("an event without scan")?;
                self.events
                    .put(scan.repository_id, &event, span, &mut self.names)?;
            }
            WrittenRecord::Timeline(kind, entry) => {
                self.timelines.put(&self.findings, kind, &entry, span)?;
            }
        }
        Ok(())
    }

    fn delete(&mut self, kind: Kind, id: &str) -> Result<(), Refusal> {
        match kind {
            Kind::Session => {
                self.sessions.remove(id.parse()?);
            }
            Kind::ApiKey => {
                if let Some(key) = self.api_keys.remove(id.parse()?) {
                    self.api_keys_by_hash.remove(&key.hash);
                }
            }
            Kind::Worker => {
                self.workers.remove(id.parse()?);
            }
            Kind::Key => {
                if let Some(key) = self.keys.remove(id.parse()?) {
                    self.keys_by_owner.remove(&key.owner);
                }
            }
            Kind::Audit => {
                self.audit.remove(id.parse()?);
            }
            Kind::Webhook => self.delete_webhook(id.parse()?),
            Kind::Delivery => self.deliveries.remove(id.parse()?),
            Kind::Repository => self.delete_repository(id.parse()?),
            Kind::Project => {
                let project: ProjectId = id.parse()?;
                for repository in self.repositories_of.take(&project) {
                    self.delete_repository(repository);
                }
                self.projects.remove(project);
                let own = self.webhooks.values();
                let own = own.filter(|webhook| webhook.project_id == Some(project));
                for webhook in own.map(|it| it.id).collect::<Vec<_>>() {
                    self.delete_webhook(webhook);
                }
            }
            Kind::Snapshot => {
                if let Some(snapshot) = self.snapshots.remove(id.parse()?) {
                    self.snapshots_of
                        .remove(&snapshot.repository_id, &snapshot.id);
                }
            }
            Kind::Job => {
                if let Some(job) = self.jobs.remove(id.parse()?) {
                    self.jobs_of.remove(&job.subject_id, &job.id);
                    self.active_jobs.remove(&job.id);
                }
            }
            Kind::GitUpload => {
                if let Some(upload) = self.git_uploads.remove(id.parse()?) {
                    self.git_uploads_of
                        .remove(&upload.repository_id, &upload.id);
                }
            }
            Kind::User
            | Kind::ThreatProfile
            | Kind::Scan
            | Kind::RunnerJob
            | Kind::Finding
            | Kind::Observation
            | Kind::Event
            | Kind::Comment
            | Kind::FindingChange => return Err(format!("a {kind} is never deleted alone").into()),
        }
        Ok(())
    }

    fn delete_webhook(&mut self, id: WebhookId) {
        self.webhooks.remove(id);
        self.deliveries.remove_all_of(id);
    }

    fn delete_repository(&mut self, id: RepositoryId) {
        let Some(repository) = self.repositories.remove(id) else {
            return;
        };
        self.repositories_of.remove(&repository.project_id, &id);
        for snapshot in self.snapshots_of.take(&id) {
            self.snapshots.remove(snapshot);
        }
        for (_, profile) in self.profiles_of.take(&id) {
            self.profiles.remove(profile);
        }
        for upload in self.git_uploads_of.take(&id) {
            self.git_uploads.remove(upload);
        }
        for job in self.jobs_of.take(&id.to_string()) {
            self.active_jobs.remove(&job);
            self.jobs.remove(job);
        }
        let scans = self.scans_of.take(&id);
        for scan in &scans {
            for job in self.runner_jobs_of.take(scan) {
                self.runner_jobs.remove(job);
            }
            self.active_scans.remove(scan);
            self.scans.remove(*scan);
        }
        self.timelines.delete(self.findings.of_repository(id));
        self.findings.delete_repository(id, &scans);
        self.events.delete_repository(id, &scans);
    }
}
