//! What goes over the wire: one file per resource, each with its conversions from the domain.
//!
//! Names are the contract's. Requests deny unknown fields.

pub mod accounts;
pub mod archive_uploads;
pub mod billing;
pub mod bulk;
pub mod code;
pub mod events;
pub mod exports;
pub mod finding_facets;
pub mod finding_filters;
pub mod findings;
pub mod git_uploads;
pub mod members;
pub mod ops;
pub mod projects;
pub mod repositories;
pub mod scan_tools;
pub mod scans;
pub mod sessions;
pub mod system;
pub mod timeline;
pub mod webhooks;

use crate::{
    domain::{finding::SeverityCounts, job::Job},
    error::{Error, Failure, FieldError, Result},
    services::imports::ImportInput,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Longest name of anything, in characters.
const MAX_NAME: usize = 200;

/// Checks a name given by a user and trims it.
pub(super) fn name(path: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let acceptable = (1..=MAX_NAME).contains(&text.chars().count());
    if !acceptable || text.chars().any(char::is_control) {
        return Err(Error::field(
            path,
            format!("must have 1 to {MAX_NAME} characters and no control characters"),
        ));
    }
    Ok(text.to_owned())
}

/// Checks a free text given by a user.
pub(super) fn text(path: &str, text: String, max: usize) -> Result<String> {
    if text.chars().count() > max {
        return Err(Error::field(
            path,
            format!("must have at most {max} characters"),
        ));
    }
    Ok(text)
}

/// Tells an absent field (`None`) from one that is `null` (`Some(None)`).
pub(super) fn nullable<'de, D, T>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Problems of several fields, reported together.
pub(super) fn all_of(problems: Vec<FieldError>) -> Result<()> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::validation(problems))
    }
}

/// Numbers of findings by severity.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeverityCountsDto {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Info.
    pub info: u64,
}

impl From<SeverityCounts> for SeverityCountsDto {
    fn from(counts: SeverityCounts) -> Self {
        Self {
            critical: counts.critical,
            high: counts.high,
            medium: counts.medium,
            low: counts.low,
            info: counts.info,
        }
    }
}

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureDto {
    /// A stable code of the catalogue.
    #[schema(example = "archive_rejected")]
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Structured details, by code.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

impl From<Failure> for FailureDto {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code.as_str().into(),
            message: failure.message,
            details: failure.details,
        }
    }
}

/// Background work.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobDto {
    /// Identity (`job_…`).
    pub id: String,
    /// What it does.
    #[schema(example = "ingest")]
    pub kind: String,
    /// What it works on.
    pub subject_id: String,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    /// How often it was started.
    pub attempt: u32,
    /// 0–100.
    pub progress: u8,
    /// The scan an import becomes; absent for other kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_id: Option<String>,
    /// Why it failed.
    pub error: Option<FailureDto>,
    /// When it was queued (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
}

impl From<Job> for JobDto {
    fn from(job: Job) -> Self {
        let import = ImportInput::of(&job);
        Self {
            scan_id: import.map(|import| import.scan_id.to_string()),
            id: job.id.to_string(),
            kind: job.kind.to_string(),
            subject_id: job.subject_id,
            status: job.status.to_string(),
            attempt: job.attempt,
            progress: job.progress,
            error: job.error.map(Into::into),
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
        }
    }
}
