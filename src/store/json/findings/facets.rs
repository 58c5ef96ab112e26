//! Counts beside a list of findings: how many of the chosen ones carry which value.
//!
//! Names are counted as they stand in the index; their texts are looked at once, at the end.

use super::select;
use crate::{
    error::Result,
    store::{
        FindingFacets, FindingFilter,
        json::{
            names::{Name, Names},
            state::State,
        },
    },
};
use foldhash::fast::RandomState;
use std::{cmp::Reverse, collections::HashMap};

type ByName = HashMap<Name, u64, RandomState>;

/// Counts the findings the filter chooses.
pub fn count(state: &State, filter: &FindingFilter) -> Result<FindingFacets> {
    let mut facets = FindingFacets::default();
    let (mut cwes, mut categories) = (ByName::default(), ByName::default());
    let (mut auditors, mut paths) = (ByName::default(), ByName::default());
    let mut rules = ByName::default();
    select::each(state, filter, |row| {
        let entry = row.entry;
        facets.total += 1;
        *facets.severity.entry(row.severity).or_default() += 1;
        *facets.status.entry(entry.status).or_default() += 1;
        *facets.state.entry(row.state).or_default() += 1;
        *facets.lead.entry(entry.lead).or_default() += 1;
        for cwe in &entry.cwe {
            *cwes.entry(*cwe).or_default() += 1;
        }
        *categories.entry(entry.category).or_default() += 1;
        *rules.entry(entry.rule).or_default() += 1;
        *auditors.entry(entry.auditors).or_default() += 1;
        *paths.entry(row.path).or_default() += 1;
    })?;
    let names = &state.names;
    facets.cwe = most(names, &cwes, |text| vec![text]);
    facets.category = most(names, &categories, |text| vec![text]);
    facets.rule = most(names, &rules, |text| vec![text]);
    facets.auditor = most(names, &auditors, |text| text.lines().collect());
    facets.folder = most(names, &paths, |text| vec![folder(text)]);
    Ok(facets)
}

/// The folder of a file, with its `/`.
fn folder(path: &str) -> &str {
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    path.get(..end).unwrap_or_default()
}

/// The values most findings carry, where each name stands for some of them.
fn most<'a>(
    names: &'a Names,
    counts: &ByName,
    values: impl Fn(&'a str) -> Vec<&'a str>,
) -> Vec<(String, u64)> {
    let mut by_value: HashMap<&str, u64, RandomState> = HashMap::default();
    for (name, count) in counts {
        for value in values(names.text(*name)) {
            *by_value.entry(value).or_default() += count;
        }
    }
    let mut sorted: Vec<_> = by_value.into_iter().collect();
    sorted.sort_unstable_by_key(|(value, count)| (Reverse(*count), *value));
    sorted.truncate(FindingFacets::MOST);
    sorted
        .into_iter()
        .map(|(value, count)| (value.to_owned(), count))
        .collect()
}
