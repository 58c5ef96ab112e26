//! Exports on the wire.

use super::{FailureDto, finding_filters::FindingFilterBody};
use crate::{
    error::{Error, Result},
    services::exports::{Export, ExportFormat},
    store::FindingFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wish for an export.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateExportRequest {
    /// `json`, `sarif`, `csv`, `markdown` or `html`.
    #[schema(example = "csv")]
    pub format: String,
    /// Which findings, as in the lists; all of them when absent.
    #[serde(default)]
    pub filter: FindingFilterBody,
}

impl CreateExportRequest {
    /// Form and filter, checked.
    pub fn check(self) -> Result<(ExportFormat, FindingFilter)> {
        let format = ExportFormat::parse(&self.format)
            .ok_or_else(|| Error::field("format", "must be json, sarif, csv, markdown or html"))?;
        Ok((format, self.filter.narrow(FindingFilter::default())?))
    }
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportDto {
    /// Identity (`exp_…`).
    pub id: String,
    /// The form.
    #[schema(example = "csv")]
    pub format: String,
    /// `queued`, `running`, `succeeded` or `failed`.
    pub status: String,
    /// The job that makes it (`job_…`).
    pub job_id: String,
    /// Where to fetch it for an hour, once it is finished.
    pub url: Option<String>,
    /// Its size, once it is finished.
    pub size_bytes: Option<u64>,
    /// Why it failed.
    pub error: Option<FailureDto>,
    /// When it was asked for (RFC 3339).
    pub created_at: String,
}

impl ExportDto {
    /// From a service's answer; local links lie below `prefix`.
    pub fn new(export: Export, prefix: &str) -> Self {
        let below = |url: String| match url.starts_with('/') {
            true => format!("{prefix}{url}"),
            false => url,
        };
        Self {
            id: export.id.to_string(),
            format: export.format.to_string(),
            status: export.job.status.to_string(),
            job_id: export.job.id.to_string(),
            url: export.url.map(below),
            size_bytes: export.size_bytes,
            error: export.job.error.map(Into::into),
            created_at: export.job.created_at.to_string(),
        }
    }
}
