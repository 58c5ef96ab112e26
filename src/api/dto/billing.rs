//! What scans used.

use super::{accounts::timestamp, scans::usd};
use crate::{
    domain::usage::{LlmUsage, Usage},
    error::{Error, Result},
    services::billing::{Period, UsageGroup},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which use to show, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// Scans created not before this time (RFC 3339).
    pub from: Option<String>,
    /// Scans created before this time (RFC 3339).
    pub to: Option<String>,
    /// `day` (the default), `project`, `scan` or `model`.
    #[param(example = "day")]
    pub group_by: Option<String>,
}

impl UsageParams {
    /// Period and group, checked.
    pub fn check(&self) -> Result<(Period, UsageGroup)> {
        let time = |path: &str, text: &Option<String>| {
            text.as_deref()
                .map(|text| timestamp(path, text))
                .transpose()
        };
        let period = Period {
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        };
        if period.from.is_some() && period.to.is_some_and(|to| Some(to) <= period.from) {
            return Err(Error::field("to", "must be later than from"));
        }
        let group = self.group_by.as_deref().unwrap_or("day");
        let group = UsageGroup::parse(group).ok_or_else(|| {
            let message = format!("'{group}' is not one of day, project, scan, model");
            Error::field("group_by", message)
        })?;
        Ok((period, group))
    }
}

/// AI use.
#[derive(Debug, Serialize, ToSchema)]
pub struct LlmUsageDto {
    /// Requests to the provider.
    pub requests: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Input tokens from the provider's cache.
    pub cached_input_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: u64,
    /// Cost in US dollars, as a decimal.
    #[schema(example = "0.0125")]
    pub cost_usd: String,
    /// Held for requests that have not been settled, in US dollars.
    pub reserved_usd: String,
}

impl From<LlmUsage> for LlmUsageDto {
    fn from(usage: LlmUsage) -> Self {
        Self {
            requests: usage.requests,
            input_tokens: usage.input_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cost_usd: usd(usage.cost_nano_usd),
            reserved_usd: usd(usage.reserved_nano_usd),
        }
    }
}

/// The use of some scans.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageDto {
    /// Scans.
    pub scans: u64,
    /// Seconds they ran.
    pub scan_seconds: u64,
    /// AI.
    #[serde(flatten)]
    pub llm: LlmUsageDto,
}

impl From<Usage> for UsageDto {
    fn from(usage: Usage) -> Self {
        Self {
            scans: usage.scans,
            scan_seconds: usage.scan_seconds,
            llm: usage.llm.into(),
        }
    }
}

/// The use of one group.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageRowDto {
    /// A day (`2027-01-31`), a project, a scan, or a model.
    pub key: String,
    /// Its use.
    #[serde(flatten)]
    pub usage: UsageDto,
}

/// The caller's use.
#[derive(Debug, Serialize, ToSchema)]
pub struct BillingSummaryDto {
    /// Of the current month (UTC).
    pub current_month: UsageDto,
    /// In all.
    pub total: UsageDto,
}
