//! Counts beside a list of findings, named like the filters they lead to.

use crate::{
    domain::finding::{FindingState, FindingStatus, Severity},
    store::FindingFacets,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Display};
use utoipa::ToSchema;

/// How many findings carry a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetValueDto {
    /// The value, as the filter of the facet's name takes it.
    #[schema(example = "high")]
    pub value: String,
    /// How many.
    pub count: u64,
}

/// How many of the chosen findings carry which value. Closed sets are whole and in their order;
/// open ones show the 50 most frequent values, most frequent first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingFacetsDto {
    /// How many findings are chosen.
    pub total: u64,
    /// By severity.
    pub severity: Vec<FacetValueDto>,
    /// By status.
    pub status: Vec<FacetValueDto>,
    /// By state.
    pub state: Vec<FacetValueDto>,
    /// By weakness class; a finding may carry several.
    pub cwe: Vec<FacetValueDto>,
    /// By family.
    pub category: Vec<FacetValueDto>,
    /// By rule, as `rule_id` takes it.
    pub rule_id: Vec<FacetValueDto>,
    /// By auditor; a finding may have several.
    pub auditor: Vec<FacetValueDto>,
    /// By whether they are leads; ask with `lead=any` to count both.
    pub lead: Vec<FacetValueDto>,
    /// By folder, with a `/` at the end; empty for files at the root.
    pub path: Vec<FacetValueDto>,
}

impl From<FindingFacets> for FindingFacetsDto {
    fn from(facets: FindingFacets) -> Self {
        Self {
            total: facets.total,
            severity: closed(Severity::ALL, &facets.severity),
            status: closed(FindingStatus::ALL, &facets.status),
            state: closed(FindingState::ALL, &facets.state),
            cwe: open(facets.cwe),
            category: open(facets.category),
            rule_id: open(facets.rule),
            auditor: open(facets.auditor),
            lead: closed(&[false, true], &facets.lead),
            path: open(facets.folder),
        }
    }
}

fn closed<T: Ord + Display>(all: &[T], counts: &BTreeMap<T, u64>) -> Vec<FacetValueDto> {
    let values = all.iter().map(|value| FacetValueDto {
        value: value.to_string(),
        count: counts.get(value).copied().unwrap_or_default(),
    });
    values.collect()
}

fn open(counts: Vec<(String, u64)>) -> Vec<FacetValueDto> {
    let values = counts.into_iter();
    values
        .map(|(value, count)| FacetValueDto { value, count })
        .collect()
}
