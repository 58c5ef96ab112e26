//! Operations and the audit log.

use super::accounts::timestamp;
use crate::{
    api::extract::one_of,
    domain::{
        audit::{AuditAction, AuditEntry},
        job::{JobKind, JobStatus},
        worker::Worker,
    },
    error::Result,
    services::cleanup::CleanedUp,
    store::{AuditFilter, JobFilter},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// Which entries of the audit log to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Only by this user (`usr_…`), by administrators at the machine (`cli`), or by Vega itself
    /// (`server`).
    pub actor: Option<String>,
    /// Only these actions, as a comma list.
    #[param(example = "project.deleted")]
    pub action: Option<String>,
    /// Only on this entity.
    pub entity_id: Option<String>,
    /// Not before this time (RFC 3339).
    pub from: Option<String>,
    /// Before this time (RFC 3339).
    pub to: Option<String>,
    /// At most this many, 1–200.
    pub limit: Option<u32>,
    /// Where to continue, from the `Link` header.
    pub cursor: Option<String>,
}

impl AuditParams {
    /// The filter, checked.
    pub fn filter(&self) -> Result<AuditFilter> {
        let actor = self.actor.as_deref().map(str::parse);
        let words: Vec<_> = AuditAction::ALL.iter().map(|it| it.as_str()).collect();
        let time = |path: &str, text: &Option<String>| {
            text.as_deref()
                .map(|text| timestamp(path, text))
                .transpose()
        };
        Ok(AuditFilter {
            actor: actor.transpose()?,
            actions: one_of("action", self.action.as_deref(), AuditAction::parse, &words)?,
            entity_id: self.entity_id.clone(),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        })
    }
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryDto {
    /// Identity (`aud_…`).
    pub id: String,
    /// When (RFC 3339).
    pub at: String,
    /// Who: `usr_…`, `cli` (an administrator at the machine) or `server` (Vega itself). Null when
    /// nobody had signed in, and in entries of earlier versions for all but users.
    pub actor: Option<String>,
    /// What was done.
    #[schema(example = "project.created")]
    pub action: String,
    /// On what.
    pub entity_id: String,
    /// SHA-256 of the entity as it was stored before.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
    /// What more there is to say. A changed user: `changed`, the names of the fields, and what the
    /// new value is unless it is secret. A refused sign-in: `address`, and `not_recorded`, how many
    /// before it have no entry.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// The request.
    pub request_id: Option<String>,
}

impl From<AuditEntry> for AuditEntryDto {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_string(),
            actor: entry.actor.map(|actor| actor.to_string()),
            action: entry.action.to_string(),
            entity_id: entry.entity_id,
            before: entry.before,
            after: entry.after,
            details: entry.details,
            request_id: entry.request_id,
        }
    }
}

/// A process that runs scans.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerDto {
    /// Identity (`wrk_…`).
    pub id: String,
    /// The machine.
    pub hostname: String,
    /// The process.
    pub pid: u32,
    /// Vega's version.
    pub version: String,
    /// How it runs scans.
    pub mode: String,
    /// Whether it was heard of lately.
    pub alive: bool,
    /// Scans it watches.
    pub current_scans: Vec<String>,
    /// When it started (RFC 3339).
    pub started_at: String,
    /// When it was last heard of (RFC 3339).
    pub last_heartbeat_at: String,
}

impl From<(Worker, bool)> for WorkerDto {
    fn from((worker, alive): (Worker, bool)) -> Self {
        Self {
            id: worker.id.to_string(),
            hostname: worker.hostname,
            pid: worker.pid,
            version: worker.version,
            mode: worker.mode,
            alive,
            current_scans: worker
                .current_scans
                .iter()
                .map(ToString::to_string)
                .collect(),
            started_at: worker.started_at.to_string(),
            last_heartbeat_at: worker.last_heartbeat_at.to_string(),
        }
    }
}

/// Which jobs to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobListParams {
    /// Only these kinds, as a comma list.
    pub kind: Option<String>,
    /// Only these statuses, as a comma list.
    pub status: Option<String>,
    /// At most this many, 1–200.
    pub limit: Option<u32>,
    /// Where to continue, from the `Link` header.
    pub cursor: Option<String>,
}

impl JobListParams {
    /// The filter, checked.
    pub fn filter(&self) -> Result<JobFilter> {
        let kinds: Vec<_> = JobKind::ALL.iter().map(|it| it.as_str()).collect();
        let statuses: Vec<_> = JobStatus::ALL.iter().map(|it| it.as_str()).collect();
        Ok(JobFilter {
            kinds: one_of("kind", self.kind.as_deref(), JobKind::parse, &kinds)?,
            statuses: one_of(
                "status",
                self.status.as_deref(),
                JobStatus::parse,
                &statuses,
            )?,
        })
    }
}

/// Whether to do it, or only to tell what would be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpsRequest {
    /// True: change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What clearing up removed, or would remove.
#[derive(Debug, Serialize, ToSchema)]
pub struct CleanupDto {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Scans whose files went.
    pub artifacts_of_scans: Vec<String>,
    /// Snapshots.
    pub snapshots: Vec<String>,
    /// Ended sign-in sessions.
    pub sessions: u64,
    /// Finished jobs.
    pub jobs: u64,
    /// Expired remotes for git push.
    pub git_uploads: u64,
    /// Webhook deliveries that have ended.
    pub deliveries: u64,
    /// Expired idempotency keys.
    pub idempotency_keys: u64,
    /// Files that nothing refers to.
    pub orphaned_objects: Vec<String>,
    /// Their bytes.
    pub orphaned_bytes: u64,
}

impl CleanupDto {
    /// From what was done.
    pub fn new(done: CleanedUp, dry_run: bool) -> Self {
        let gone = done.let_go;
        Self {
            dry_run,
            artifacts_of_scans: gone.artifacts.iter().map(ToString::to_string).collect(),
            snapshots: gone.snapshots.iter().map(|it| it.id.to_string()).collect(),
            sessions: gone.sessions,
            jobs: gone.jobs,
            git_uploads: gone.git_uploads,
            deliveries: gone.deliveries,
            idempotency_keys: gone.keys,
            orphaned_objects: done.orphaned.iter().map(ToString::to_string).collect(),
            orphaned_bytes: done.orphaned_bytes,
        }
    }
}

/// Scans that were, or would be, recovered, as they are then.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryDto {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The scans.
    pub scans: Vec<super::scans::ScanDto>,
}
