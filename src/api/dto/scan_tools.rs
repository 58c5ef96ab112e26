//! Estimates and comparisons of scans on the wire.

use super::findings::FindingDto;
use crate::{
    domain::scan::Scan,
    services::{compare::Comparison, estimates::Estimate},
    store::ObservedFinding,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What a scan would look at and cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct EstimateDto {
    /// The auditors that would run.
    pub auditors: Vec<String>,
    /// Files that would be audited.
    pub files: u64,
    /// Files in the snapshot.
    pub all_files: u64,
    /// Lines in the files that would be audited.
    pub lines: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Components they belong to.
    pub components: u64,
    /// Tokens; all zero when no auditor talks to a model.
    pub tokens: RangeDto<u64>,
    /// US dollars as decimal strings; likewise.
    pub cost_usd: RangeDto<String>,
}

/// How much it may come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RangeDto<T> {
    /// At least about this.
    pub low: T,
    /// Most likely.
    pub expected: T,
    /// At most about this.
    pub high: T,
}

impl<T> RangeDto<T> {
    fn of([low, expected, high]: [T; 3]) -> Self {
        Self {
            low,
            expected,
            high,
        }
    }
}

impl From<Estimate> for EstimateDto {
    fn from(estimate: Estimate) -> Self {
        let extent = estimate.extent;
        Self {
            auditors: estimate.auditors,
            files: extent.files,
            all_files: extent.all_files,
            lines: extent.lines,
            bytes: extent.bytes,
            components: extent.components,
            tokens: RangeDto::of(estimate.tokens),
            cost_usd: RangeDto::of(estimate.cost_nano_usd.map(usd)),
        }
    }
}

/// Nano-USD as a decimal string of US dollars, exact.
fn usd(nano: u64) -> String {
    format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)
}

/// Two scans of one repository side by side.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonDto {
    /// The scan queued first.
    pub older_scan_id: String,
    /// The one queued later.
    pub newer_scan_id: String,
    /// How many there are of each.
    pub counts: ComparisonCountsDto,
    /// Seen by the newer only.
    pub new: Vec<FindingDto>,
    /// Seen by both.
    pub persisting: Vec<FindingDto>,
    /// Seen by the older only; the newer looked there with the same auditor and found nothing.
    pub resolved: Vec<FindingDto>,
    /// Seen by the newer, not by the older, but before it.
    pub reopened: Vec<FindingDto>,
    /// Seen by the older only; the newer did not look there with the same auditor.
    pub unknown: Vec<FindingDto>,
}

/// Numbers of a comparison.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the lists of `ComparisonDto`")]
pub struct ComparisonCountsDto {
    pub new: usize,
    pub persisting: usize,
    pub resolved: usize,
    pub reopened: usize,
    pub unknown: usize,
}

impl ComparisonDto {
    /// From a service's answer.
    pub fn new((older, newer, comparison): (Scan, Scan, Comparison)) -> Self {
        let list = |findings: Vec<ObservedFinding>| -> Vec<FindingDto> {
            findings.into_iter().map(FindingDto::from).collect()
        };
        Self {
            older_scan_id: older.id.to_string(),
            newer_scan_id: newer.id.to_string(),
            counts: ComparisonCountsDto {
                new: comparison.new.len(),
                persisting: comparison.persisting.len(),
                resolved: comparison.resolved.len(),
                reopened: comparison.reopened.len(),
                unknown: comparison.unknown.len(),
            },
            new: list(comparison.new),
            persisting: list(comparison.persisting),
            resolved: list(comparison.resolved),
            reopened: list(comparison.reopened),
            unknown: list(comparison.unknown),
        }
    }
}
