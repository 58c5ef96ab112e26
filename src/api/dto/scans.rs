//! Scans.

use super::{FailureDto, SeverityCountsDto};
use crate::{
    domain::{
        coverage::CoverageSummary,
        runner_job::RunnerJob,
        scan::{Scan, ScanLimits, ScanUsage},
    },
    error::{Error, FieldError, Result},
    services::scans::{NewScan, ScanDetail},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Nano-USD in a US dollar.
const NANO: f64 = 1e9;

/// Limits on AI use; a user's limit only tightens the platform's.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanLimitsRequest {
    /// Requests to the provider; 0 = the platform's limit.
    #[serde(default)]
    pub max_requests: u64,
    /// Tokens; 0 = the platform's limit.
    #[serde(default)]
    pub max_tokens: u64,
    /// US dollars; 0 = the platform's limit.
    #[serde(default)]
    pub max_cost_usd: f64,
}

/// The wish for a scan. Everything is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateScanRequest {
    /// What to scan; the newest snapshot when absent.
    pub snapshot_id: Option<String>,
    /// gitignore-style patterns of what to look at.
    pub paths: Option<Vec<String>>,
    /// The auditors; the platform's default when absent.
    #[schema(example = json!(["builtin"]))]
    pub auditors: Option<Vec<String>>,
    /// The model for AI audits.
    pub model: Option<String>,
    /// Limits on AI use.
    pub limits: Option<ScanLimitsRequest>,
    /// Which earlier scan to compare with.
    pub baseline_scan_id: Option<String>,
}

impl CreateScanRequest {
    /// The wish, checked as far as the body alone allows.
    pub fn check(self) -> Result<NewScan> {
        let mut problems = Vec::new();
        let snapshot_id = self.snapshot_id.and_then(|id| {
            let parsed = id.parse().ok();
            if parsed.is_none() {
                problems.push(FieldError::new("snapshot_id", "must be an id like snap_…"));
            }
            parsed
        });
        let baseline_scan_id = self.baseline_scan_id.and_then(|id| {
            let parsed = id.parse().ok();
            if parsed.is_none() {
                problems.push(FieldError::new(
                    "baseline_scan_id",
                    "must be an id like scan_…",
                ));
            }
            parsed
        });
        let limits = self.limits.unwrap_or_default();
        if !(0.0..=1e9).contains(&limits.max_cost_usd) {
            problems.push(FieldError::new(
                "limits.max_cost_usd",
                "must be between 0 and 1e9",
            ));
        }
        super::all_of(problems)?;
        if self
            .model
            .as_ref()
            .is_some_and(|model| model.is_empty() || model.len() > 200)
        {
            return Err(Error::field("model", "must have 1 to 200 characters"));
        }
        // The range was checked above, so the cast cannot overflow.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1e9 dollars fit into u64 nano-dollars"
        )]
        let max_cost_nano_usd = (limits.max_cost_usd * NANO).round() as u64;
        Ok(NewScan {
            snapshot_id,
            paths: self.paths,
            auditors: self.auditors,
            model: self.model,
            limits: ScanLimits {
                max_requests: limits.max_requests,
                max_tokens: limits.max_tokens,
                max_cost_nano_usd,
            },
            baseline_scan_id,
        })
    }
}

/// Nano-USD as a decimal string of US dollars.
pub(super) fn usd(nano: u64) -> String {
    format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)
}

/// Limits on AI use, as stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanLimitsDto {
    /// Requests; 0 = the platform's limit.
    pub max_requests: u64,
    /// Tokens; 0 = the platform's limit.
    pub max_tokens: u64,
    /// US dollars as a decimal string.
    pub max_cost_usd: String,
}

impl From<ScanLimits> for ScanLimitsDto {
    fn from(limits: ScanLimits) -> Self {
        Self {
            max_requests: limits.max_requests,
            max_tokens: limits.max_tokens,
            max_cost_usd: usd(limits.max_cost_nano_usd),
        }
    }
}

/// AI use.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanUsageDto {
    /// Requests to the provider.
    pub requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// US dollars as a decimal string.
    pub cost_usd: String,
}

impl From<ScanUsage> for ScanUsageDto {
    fn from(usage: ScanUsage) -> Self {
        Self {
            requests: usage.requests,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost_usd: usd(usage.cost_nano_usd),
        }
    }
}

/// The coverage ledger in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageDto {
    /// Files in the snapshot.
    pub files: u64,
    /// Looks at a file by an auditor, by how they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Looks that were not complete, by reason.
    pub gaps: BTreeMap<String, u64>,
}

impl From<CoverageSummary> for CoverageDto {
    fn from(coverage: CoverageSummary) -> Self {
        Self {
            files: coverage.files,
            outcomes: coverage
                .outcomes
                .into_iter()
                .map(|(outcome, count)| (outcome.to_string(), count))
                .collect(),
            gaps: coverage.gaps,
        }
    }
}

/// A scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanDto {
    /// Identity (`scan_…`).
    pub id: String,
    /// The repository (`repo_…`).
    pub repository_id: String,
    /// The project (`prj_…`).
    pub project_id: String,
    /// What is scanned (`snap_…`).
    pub snapshot_id: String,
    /// Who asked for it (`usr_…`).
    pub requested_by: String,
    /// What it looks at; empty = everything.
    pub paths: Vec<String>,
    /// The auditors asked for; empty = the platform's default.
    pub auditors: Vec<String>,
    /// The model asked for.
    pub model: Option<String>,
    /// Limits asked for.
    pub limits: ScanLimitsDto,
    /// Which scan it is compared with.
    pub baseline_scan_id: Option<String>,
    /// `queued`, `claimed`, `running`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// How often it was started.
    pub attempt: u32,
    /// How often it was recovered after its runner died.
    pub recoveries: u32,
    /// The fencing number.
    pub fencing: u64,
    /// The process that holds it (`wrk_…`).
    pub claimed_by: Option<String>,
    /// When that hold ends unless renewed (RFC 3339).
    pub lease_expires_at: Option<String>,
    /// When it was called off (RFC 3339).
    pub cancel_requested_at: Option<String>,
    /// 0–100.
    pub progress: u8,
    /// The stage.
    pub phase: String,
    /// What is being done.
    pub message: String,
    /// Why it failed.
    pub failure_reason: Option<FailureDto>,
    /// Findings it saw, by severity.
    pub finding_counts: SeverityCountsDto,
    /// What it looked at, in numbers.
    pub coverage: CoverageDto,
    /// AI use.
    pub usage: ScanUsageDto,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
    /// When it was last put in the queue (RFC 3339).
    pub queued_at: String,
    /// When it was last claimed (RFC 3339).
    pub claimed_at: Option<String>,
    /// When a runner first started (RFC 3339).
    pub started_at: Option<String>,
    /// When it ended (RFC 3339).
    pub completed_at: Option<String>,
}

impl From<Scan> for ScanDto {
    fn from(scan: Scan) -> Self {
        let lease = scan.lease.as_ref();
        Self {
            id: scan.id.to_string(),
            repository_id: scan.repository_id.to_string(),
            project_id: scan.project_id.to_string(),
            snapshot_id: scan.snapshot_id.to_string(),
            requested_by: scan.requested_by.to_string(),
            claimed_by: lease.map(|lease| lease.owner.to_string()),
            lease_expires_at: lease.map(|lease| lease.expires_at.to_string()),
            paths: scan.paths,
            auditors: scan.auditors,
            model: scan.model,
            limits: scan.limits.into(),
            baseline_scan_id: scan.baseline_scan_id.map(|id| id.to_string()),
            status: scan.status.to_string(),
            attempt: scan.attempt,
            recoveries: scan.recoveries,
            fencing: scan.fencing,
            cancel_requested_at: scan.cancel_requested_at.map(|time| time.to_string()),
            progress: scan.progress,
            phase: scan.phase,
            message: scan.message,
            failure_reason: scan.failure_reason.map(Into::into),
            finding_counts: scan.finding_counts.into(),
            coverage: scan.coverage.into(),
            usage: scan.usage.into(),
            created_at: scan.created_at.to_string(),
            updated_at: scan.updated_at.to_string(),
            queued_at: scan.queued_at.to_string(),
            claimed_at: scan.claimed_at.map(|time| time.to_string()),
            started_at: scan.started_at.map(|time| time.to_string()),
            completed_at: scan.completed_at.map(|time| time.to_string()),
        }
    }
}

/// One launch of a runner.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunnerJobDto {
    /// Identity (`run_…`).
    pub id: String,
    /// The attempt it was launched for.
    pub attempt: u32,
    /// `local` or `ecs`.
    pub launcher: String,
    /// The task, for `ecs`.
    pub ecs_task_arn: Option<String>,
    /// `launching`, `pending`, `running`, `stopped`, `failed` or `unknown`.
    pub status: String,
    /// How the process ended.
    pub exit_code: Option<i32>,
    /// Why it ended.
    pub stop_reason: Option<String>,
    /// When it was launched (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
}

impl From<RunnerJob> for RunnerJobDto {
    fn from(job: RunnerJob) -> Self {
        Self {
            id: job.id.to_string(),
            attempt: job.attempt,
            launcher: job.launcher.to_string(),
            ecs_task_arn: job.ecs_task_arn,
            status: job.status.to_string(),
            exit_code: job.exit_code,
            stop_reason: job.stop_reason,
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
        }
    }
}

/// A scan with what its detail adds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanDetailDto {
    /// The scan.
    #[serde(flatten)]
    pub scan: ScanDto,
    /// Links to its files, by name; they expire.
    pub artifacts: BTreeMap<String, String>,
    /// The current launch.
    pub runner_job: Option<RunnerJobDto>,
    /// Earlier launches, newest first.
    pub runner_job_history: Vec<RunnerJobDto>,
}

impl ScanDetailDto {
    /// From a service's answer; local links are put below `prefix`.
    pub fn new(detail: ScanDetail, prefix: &str) -> Self {
        let mut jobs = detail.runner_jobs.into_iter().map(Into::into);
        let link = |url: String| {
            if url.starts_with('/') {
                format!("{prefix}{url}")
            } else {
                url
            }
        };
        Self {
            scan: detail.scan.into(),
            artifacts: detail
                .artifact_urls
                .into_iter()
                .map(|(name, url)| (name.to_owned(), link(url)))
                .collect(),
            runner_job: jobs.next(),
            runner_job_history: jobs.collect(),
        }
    }
}

/// Parameters of scan lists.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScanListParams {
    /// Comma list of statuses.
    pub status: Option<String>,
    /// At most this many items (1–200).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// Continue here; from the `Link` header.
    pub cursor: Option<String>,
}
