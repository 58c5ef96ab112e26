//! Lists of findings: the order asked for, continued after a key that names its order.

use super::select;
use crate::{
    domain::{finding::Severity, ids::FindingId},
    error::{Error, Result},
    store::{
        FindingFilter, FindingSort, ObservedFinding, Page, PageRequest,
        json::{paging, state::State, view::View},
    },
};
use std::{cmp::Reverse, fmt};

/// Where a finding stands in a list. Keys of one list have one form.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Severity(Severity, FindingId),
    Newest(Reverse<FindingId>),
    Path(&'a str, FindingId),
    Confidence(Reverse<u8>, FindingId),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Severity(severity, id) => write!(f, "severity.{id}.{severity}"),
            Self::Newest(Reverse(id)) => write!(f, "newest.{id}."),
            Self::Path(path, id) => write!(f, "path.{id}.{path}"),
            Self::Confidence(Reverse(percent), id) => write!(f, "confidence.{id}.{percent}"),
        }
    }
}

impl<'a> Key<'a> {
    fn of(state: &'a State, row: &select::Row<'_>, sort: FindingSort) -> Self {
        match sort {
            FindingSort::Severity => Self::Severity(row.severity, row.id),
            FindingSort::Newest => Self::Newest(Reverse(row.id)),
            FindingSort::Path => Self::Path(state.names.text(row.path), row.id),
            FindingSort::Confidence => Self::Confidence(Reverse(row.entry.confidence), row.id),
        }
    }

    /// Reads a key of a list ordered by `sort`.
    fn parse(text: &'a str, sort: FindingSort) -> Result<Self> {
        let foreign = || {
            Error::field(
                "cursor",
                format!("is not a key of a list sorted by {sort}; take it from the Link header"),
            )
        };
        let mut parts = text.splitn(3, '.');
        let (Some(name), Some(id), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(foreign());
        };
        if name != sort.as_str() {
            return Err(foreign());
        }
        let id: FindingId = paging::cursor(id)?;
        Ok(match sort {
            FindingSort::Severity => {
                Self::Severity(Severity::parse(value).ok_or_else(foreign)?, id)
            }
            FindingSort::Newest => Self::Newest(Reverse(id)),
            FindingSort::Path => Self::Path(value, id),
            FindingSort::Confidence => {
                Self::Confidence(Reverse(value.parse().map_err(|_| foreign())?), id)
            }
        })
    }

    fn id(&self) -> FindingId {
        match self {
            Self::Severity(_, id)
            | Self::Newest(Reverse(id))
            | Self::Path(_, id)
            | Self::Confidence(_, id) => *id,
        }
    }
}

/// The part of the chosen findings that `page` asks for.
pub fn list(
    view: View<'_>,
    filter: &FindingFilter,
    page: &PageRequest,
) -> Result<Page<ObservedFinding>> {
    let after = page.after.as_deref();
    let after = after
        .map(|text| Key::parse(text, filter.sort))
        .transpose()?;
    let (mut total, mut keys) = (0, Vec::new());
    select::each(view.state, filter, |row| {
        total += 1;
        let key = Key::of(view.state, &row, filter.sort);
        if after.as_ref().is_none_or(|after| key > *after) {
            keys.push(key);
        }
    })?;
    let more = keys.len() > page.limit;
    if more {
        keys.select_nth_unstable(page.limit);
        keys.truncate(page.limit);
    }
    keys.sort_unstable();
    let items = keys.iter().map(|key| {
        let id = key.id();
        let observation = match filter.scan_id {
            Some(scan) => view.observation(scan, id)?,
            None => None,
        };
        let finding = view.finding(id)?;
        Ok(ObservedFinding {
            finding,
            observation,
        })
    });
    Ok(Page {
        items: items.collect::<Result<_>>()?,
        next: keys.last().filter(|_| more).map(ToString::to_string),
        total: Some(total),
    })
}
