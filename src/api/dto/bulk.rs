//! One decision about several findings.

use super::{finding_filters::FindingFilterBody, findings::TriageRequest};
use crate::{
    domain::finding::Triage,
    error::{Error, Result},
    services::triage::{Chosen, MOST_AT_ONCE, Outcome},
    store::FindingFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which findings, and what is decided about each of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkTriageRequest {
    /// These findings (`fnd_…`), at most 1,000; an id given twice counts once. Or `filter`.
    #[schema(max_items = 1000, min_items = 1)]
    pub ids: Option<Vec<String>>,
    /// The findings a list with this filter shows, if they are at most 1,000. It must name
    /// something.
    pub filter: Option<FindingFilterBody>,
    /// The decision.
    pub set: TriageRequest,
}

impl BulkTriageRequest {
    /// Who is meant and what is decided, checked as far as the body alone allows.
    pub fn check(self) -> Result<(Chosen, Triage)> {
        let decision = self.set.check()?;
        let chosen = match (self.ids, self.filter) {
            (Some(ids), None) if (1..=MOST_AT_ONCE).contains(&ids.len()) => Chosen::Ids(ids),
            (Some(_), None) => {
                let message = format!("must name 1 to {MOST_AT_ONCE} findings");
                return Err(Error::field("ids", message));
            }
            (None, Some(filter)) if filter == FindingFilterBody::default() => {
                return Err(Error::field("filter", "must name at least one condition"));
            }
            (None, Some(filter)) => {
                Chosen::Filter(Box::new(filter.narrow(FindingFilter::default())?))
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err(Error::field("body", "must have either 'ids' or 'filter'"));
            }
        };
        Ok((chosen, decision))
    }
}

/// Why a decision about one finding was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkErrorDto {
    /// A stable code of the catalogue.
    #[schema(example = "not_found")]
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// What became of the decision about one finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResultDto {
    /// The id as it was given.
    pub id: String,
    /// Whether it was decided.
    pub ok: bool,
    /// The finding's new version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<BulkErrorDto>,
}

/// What became of a decision about several findings.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkTriageDto {
    /// One entry per finding: in the order of `ids`, or worst first.
    pub results: Vec<BulkResultDto>,
}

impl From<Vec<Outcome>> for BulkTriageDto {
    fn from(outcomes: Vec<Outcome>) -> Self {
        let results = outcomes
            .into_iter()
            .map(|Outcome { id, result }| BulkResultDto {
                id,
                ok: result.is_ok(),
                version: result.as_ref().ok().map(|finding| finding.version),
                error: result.err().map(|error| BulkErrorDto {
                    code: error.code().to_string(),
                    message: sentence(&error),
                }),
            });
        Self {
            results: results.collect(),
        }
    }
}

/// What is wrong, with the field where one is named.
fn sentence(error: &Error) -> String {
    let field = error
        .details()
        .get("fields")
        .and_then(|fields| fields.get(0));
    let text = |key: &str| field?.get(key)?.as_str();
    match (text("path"), text("message")) {
        (Some(path), Some(message)) => format!("{path} {message}"),
        _ => error.public_message().to_owned(),
    }
}
