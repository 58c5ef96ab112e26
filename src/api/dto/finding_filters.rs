//! The filter of findings: as query parameters of every list and its facets, and as a body.
//!
//! One set of words with one meaning, whatever they come in. Closed sets are checked word by word;
//! what findings may carry freely (families, auditors) chooses nothing when nothing carries it.

use super::repositories::is_cwe;
use crate::{
    api::extract::one_of,
    domain::{
        finding::{FindingState, FindingStatus, Severity},
        ids::UserId,
    },
    error::{Error, Result},
    store::{FindingFilter, FindingSort},
};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

/// Longest text of one condition, in characters.
const MAX_TEXT: usize = 1_000;
/// Most words of a list of free words.
const MAX_WORDS: usize = 50;

/// Which findings are meant. Absent conditions do not narrow.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingFilterBody {
    /// Comma list of severities.
    #[schema(example = "critical,high")]
    pub severity: Option<String>,
    /// Comma list of statuses: what people decided. A fault that was fixed keeps its status; what
    /// is still there is `status=open` and every `state` but `resolved`.
    #[schema(example = "open")]
    pub status: Option<String>,
    /// Comma list of states: what the newest scan says.
    pub state: Option<String>,
    /// Comma list of weakness classes.
    #[schema(example = "CWE-798")]
    pub cwe: Option<String>,
    /// Comma list of families.
    #[schema(example = "injection")]
    pub category: Option<String>,
    /// Comma list of rules.
    #[schema(example = "python.sql-injection")]
    pub rule_id: Option<String>,
    /// Only below this path.
    pub path: Option<String>,
    /// Title, path or rule contain this text, whatever the case.
    pub q: Option<String>,
    /// Comma list of auditors.
    #[schema(example = "builtin")]
    pub auditor: Option<String>,
    /// At least this sure (0–1), compared in whole percent.
    pub confidence_min: Option<f64>,
    /// Who takes care of it (`usr_…`), or `none`.
    pub assignee: Option<String>,
    /// Only leads (`true`), or only findings proper (`false`, the default); `any` for both.
    pub lead: Option<String>,
    /// Only of this project (`prj_…`).
    pub project_id: Option<String>,
    /// Only of this repository (`repo_…`).
    pub repository_id: Option<String>,
    /// Only what this scan saw (`scan_…`).
    pub scan_id: Option<String>,
}

impl FindingFilterBody {
    /// `base` narrowed by these conditions.
    pub fn narrow(&self, base: FindingFilter) -> Result<FindingFilter> {
        let cwes = free_words("cwe", self.cwe.as_deref())?;
        if let Some(word) = cwes.iter().find(|word| !is_cwe(word)) {
            return Err(Error::field(
                "cwe",
                format!("'{word}' is not of the form CWE-<number>, as in CWE-798"),
            ));
        }
        Ok(FindingFilter {
            severities: closed(
                "severity",
                self.severity.as_deref(),
                Severity::parse,
                Severity::ALL.iter().map(|it| it.as_str()),
            )?,
            statuses: closed(
                "status",
                self.status.as_deref(),
                FindingStatus::parse,
                FindingStatus::ALL.iter().map(|it| it.as_str()),
            )?,
            states: closed(
                "state",
                self.state.as_deref(),
                FindingState::parse,
                FindingState::ALL.iter().map(|it| it.as_str()),
            )?,
            cwes,
            categories: free_words("category", self.category.as_deref())?,
            rules: free_words("rule_id", self.rule_id.as_deref())?,
            auditors: free_words("auditor", self.auditor.as_deref())?,
            path_prefix: short("path", self.path.as_deref())?,
            text: short("q", self.q.as_deref())?,
            confidence_min: self.confidence_min.map(percent).transpose()?,
            assignee: self.assignee.as_deref().map(assignee).transpose()?,
            lead: lead(self.lead.as_deref())?,
            project_id: id("project_id", self.project_id.as_deref())?.or(base.project_id),
            repository_id: id("repository_id", self.repository_id.as_deref())?
                .or(base.repository_id),
            scan_id: id("scan_id", self.scan_id.as_deref())?.or(base.scan_id),
            ..base
        })
    }
}

fn closed<T: Copy>(
    path: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<Vec<T>> {
    one_of(path, text, parse, &all.collect::<Vec<_>>())
}

fn short(path: &str, text: Option<&str>) -> Result<Option<String>> {
    let text = text.map(|text| super::text(path, text.to_owned(), MAX_TEXT));
    text.transpose()
}

fn free_words(path: &str, text: Option<&str>) -> Result<Vec<String>> {
    let Some(text) = short(path, text)? else {
        return Ok(Vec::new());
    };
    let words: Vec<_> = text.split(',').map(|word| word.trim().to_owned()).collect();
    if words.iter().any(String::is_empty) || words.len() > MAX_WORDS {
        return Err(Error::field(
            path,
            format!("must be a comma list of at most {MAX_WORDS} words"),
        ));
    }
    Ok(words)
}

fn percent(confidence: f64) -> Result<u8> {
    (0..=100)
        .find(|percent| f64::from(*percent) >= confidence * 100.0 - 1e-6)
        .filter(|_| (0.0..=1.0).contains(&confidence))
        .ok_or_else(|| Error::field("confidence_min", "must be between 0 and 1"))
}

fn assignee(text: &str) -> Result<Option<UserId>> {
    if text == "none" {
        return Ok(None);
    }
    let wrong = |_| Error::field("assignee", "must be the id of a user (usr_…) or 'none'");
    text.parse().map(Some).map_err(wrong)
}

fn lead(text: Option<&str>) -> Result<Option<bool>> {
    match text {
        None | Some("false") => Ok(Some(false)),
        Some("true") => Ok(Some(true)),
        Some("any") => Ok(None),
        Some(other) => Err(Error::field(
            "lead",
            format!("'{other}' is not one of true, false, any"),
        )),
    }
}

fn id<T: FromStr>(path: &str, text: Option<&str>) -> Result<Option<T>> {
    let wrong = |_| Error::field(path, "is not an id of that kind");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// Understands `sort`.
pub fn sort(text: Option<&str>) -> Result<FindingSort> {
    let Some(text) = text else {
        return Ok(FindingSort::default());
    };
    FindingSort::parse(text).ok_or_else(|| {
        let all: Vec<_> = FindingSort::ALL.iter().map(|it| it.as_str()).collect();
        Error::field("sort", format!("'{text}' is not one of {}", all.join(", ")))
    })
}

/// Declares query parameters that begin with the conditions every list of findings knows.
macro_rules! filter_params {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* } $($own:ident)*) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// Comma list of severities.
            #[param(example = "critical,high")]
            pub severity: Option<String>,
            /// Comma list of statuses: what people decided. A fault that was fixed keeps its status;
            /// what is still there is `status=open` and every `state` but `resolved`.
            #[param(example = "open")]
            pub status: Option<String>,
            /// Comma list of states: what the newest scan says.
            pub state: Option<String>,
            /// Comma list of weakness classes.
            #[param(example = "CWE-798")]
            pub cwe: Option<String>,
            /// Comma list of families.
            #[param(example = "injection")]
            pub category: Option<String>,
            /// Comma list of rules, as findings name them.
            pub rule_id: Option<String>,
            /// Only below this path.
            pub path: Option<String>,
            /// Title, path or rule contain this text, whatever the case.
            pub q: Option<String>,
            /// Comma list of auditors.
            #[param(example = "builtin")]
            pub auditor: Option<String>,
            /// At least this sure, compared in whole percent.
            #[param(minimum = 0.0, maximum = 1.0)]
            pub confidence_min: Option<f64>,
            /// Who takes care of it (`usr_…`), or `none`.
            #[param(example = "none")]
            pub assignee: Option<String>,
            /// Only leads (`true`), or only findings proper (`false`, the default); `any` for both.
            pub lead: Option<String>,
            $($(#[$doc])* pub $field: $type,)*
        }

        impl $name {
            /// The conditions.
            pub fn filter(&self) -> FindingFilterBody {
                FindingFilterBody {
                    severity: self.severity.clone(),
                    status: self.status.clone(),
                    state: self.state.clone(),
                    cwe: self.cwe.clone(),
                    category: self.category.clone(),
                    rule_id: self.rule_id.clone(),
                    path: self.path.clone(),
                    q: self.q.clone(),
                    auditor: self.auditor.clone(),
                    confidence_min: self.confidence_min,
                    assignee: self.assignee.clone(),
                    lead: self.lead.clone(),
                    $($own: self.$own.clone(),)*
                    ..FindingFilterBody::default()
                }
            }
        }
    };
}

filter_params! {
    /// Parameters of finding lists.
    FindingListParams {
        /// `severity` (the default: worst first), `newest`, `path` or `confidence` (surest first).
        #[param(example = "newest")]
        sort: Option<String>,
        /// At most this many items (1–200).
        #[param(minimum = 1, maximum = 200)]
        limit: Option<u32>,
        /// Continue here; from the `Link` header.
        cursor: Option<String>,
    }
}

filter_params! {
    /// Parameters of the inbox.
    InboxParams {
        /// Only of this project (`prj_…`).
        project_id: Option<String>,
        /// Only of this repository (`repo_…`).
        repository_id: Option<String>,
        /// `severity` (the default: worst first), `newest`, `path` or `confidence` (surest first).
        #[param(example = "newest")]
        sort: Option<String>,
        /// At most this many items (1–200).
        #[param(minimum = 1, maximum = 200)]
        limit: Option<u32>,
        /// Continue here; from the `Link` header.
        cursor: Option<String>,
    } project_id repository_id
}

filter_params! {
    /// Parameters of the facets beside a finding list.
    FacetParams {}
}

filter_params! {
    /// Parameters of the facets beside the inbox.
    InboxFacetParams {
        /// Only of this project (`prj_…`).
        project_id: Option<String>,
        /// Only of this repository (`repo_…`).
        repository_id: Option<String>,
    } project_id repository_id
}
