//! Which findings a filter means, decided by the index alone.
//!
//! The narrowest way is taken: single look-ups where few findings are in question, one walk over
//! the whole index where many are. What a scan saw is shown as that scan saw it.

use crate::{
    domain::{
        finding::{FindingState, Severity},
        ids::{FindingId, RepositoryId, ScanId},
    },
    error::Result,
    store::{
        FindingFilter,
        json::{
            names::{Name, Names},
            state::{
                State,
                index::{FindingEntry, ObservationEntry},
            },
        },
    },
};

/// A walk over everything pays when this many times the findings in question exceed all.
const WALK_FACTOR: usize = 4;

/// A finding as the list sees it: with what the scan asked for saw, if one is asked for.
pub struct Row<'a> {
    pub id: FindingId,
    pub entry: &'a FindingEntry,
    pub severity: Severity,
    pub state: FindingState,
    pub path: Name,
}

impl<'a> Row<'a> {
    fn now(id: FindingId, entry: &'a FindingEntry) -> Self {
        Self {
            id,
            entry,
            severity: entry.severity,
            state: entry.state,
            path: entry.path,
        }
    }

    fn then(id: FindingId, entry: &'a FindingEntry, seen: &ObservationEntry) -> Self {
        Self {
            id,
            entry,
            severity: seen.severity,
            state: seen.state,
            path: seen.path,
        }
    }
}

/// Hands every finding the filter chooses to `take`, in no particular order.
pub fn each<'a>(
    state: &'a State,
    filter: &FindingFilter,
    mut take: impl FnMut(Row<'a>),
) -> Result<()> {
    let repositories = repositories(state, filter);
    let mut wanted = Wanted::new(&state.names, filter);
    let mut judge = |row: Row<'a>| {
        if wanted.takes(&row) {
            take(row);
        }
    };
    if let Some(scan) = filter.scan_id {
        state.scans.find(scan, "Scan")?;
        let inside = |entry: &FindingEntry| {
            let repositories = repositories.as_ref();
            repositories.is_none_or(|some| some.binary_search(&entry.repository).is_ok())
        };
        observed(state, scan, |row| {
            if inside(row.entry) {
                judge(row);
            }
        });
        return Ok(());
    }
    let index = &state.findings;
    let Some(repositories) = repositories else {
        index
            .all()
            .for_each(|(id, entry)| judge(Row::now(id, entry)));
        return Ok(());
    };
    let asked: usize = repositories.iter().map(|id| index.count_of(*id)).sum();
    if asked * WALK_FACTOR > index.count() {
        let all = index.all();
        all.filter(|(_, entry)| repositories.binary_search(&entry.repository).is_ok())
            .for_each(|(id, entry)| judge(Row::now(id, entry)));
        return Ok(());
    }
    for id in repositories
        .iter()
        .flat_map(|repository| index.of_repository(*repository))
    {
        if let Some(entry) = index.get(id) {
            judge(Row::now(id, entry));
        }
    }
    Ok(())
}

/// What a scan saw, as it saw it.
fn observed<'a>(state: &'a State, scan: ScanId, mut take: impl FnMut(Row<'a>)) {
    let index = &state.findings;
    let seen = index.observed_by(scan);
    if index.count_observed(scan) * WALK_FACTOR <= index.count() {
        for (id, observation) in seen {
            if let Some(entry) = index.get(id) {
                take(Row::then(id, entry, observation));
            }
        }
        return;
    }
    // Both are sorted by id.
    let mut entries = index.all().peekable();
    for (id, observation) in seen {
        while entries.next_if(|(other, _)| *other < id).is_some() {}
        if let Some((_, entry)) = entries.next_if(|(other, _)| *other == id) {
            take(Row::then(id, entry, observation));
        }
    }
}

/// The repositories the filter is about, sorted; `None` when it names neither one nor a project.
fn repositories(state: &State, filter: &FindingFilter) -> Option<Vec<RepositoryId>> {
    let of_project = |project| state.repositories_of.of(project).copied();
    let mut repositories: Vec<RepositoryId> =
        match (filter.repository_id, filter.project_id, &filter.within) {
            (Some(repository), _, _) => vec![repository],
            (None, Some(project), _) => of_project(&project).collect(),
            (None, None, Some(projects)) => projects.iter().flat_map(of_project).collect(),
            (None, None, None) => return None,
        };
    repositories.retain(|id| {
        let project = state.repositories.get(*id).map(|it| it.project_id);
        filter.project_id.is_none_or(|it| project == Some(it))
            && filter
                .within
                .as_ref()
                .is_none_or(|within| project.is_some_and(|project| within.contains(&project)))
    });
    repositories.sort_unstable();
    repositories.dedup();
    Some(repositories)
}

/// A filter in terms of the index. A text nothing carries has no name and chooses nothing.
struct Wanted<'a> {
    filter: &'a FindingFilter,
    names: &'a Names,
    cwes: Vec<Name>,
    categories: Vec<Name>,
    rules: Vec<Name>,
    assignee: Option<Option<Name>>,
    auditors: Option<Judged<'a>>,
    text: Option<Judged<'a>>,
    path: Option<Judged<'a>>,
}

impl<'a> Wanted<'a> {
    fn new(names: &'a Names, filter: &'a FindingFilter) -> Self {
        let named = |texts: &[String]| texts.iter().filter_map(|text| names.find(text)).collect();
        let assignee = filter
            .assignee
            .map(|assignee| assignee.map(|id| names.find(&id.to_string()).unwrap_or(Name::NONE)));
        let auditors = (!filter.auditors.is_empty()).then(|| {
            Judged::new(names, |text: &str| {
                let mut found_by = text.split('\n');
                found_by.any(|auditor| filter.auditors.iter().any(|it| it == auditor))
            })
        });
        let text = filter.text.as_ref().map(|text| {
            let needle = text.to_lowercase();
            Judged::new(names, move |text: &str| contains_folded(text, &needle))
        });
        let path = filter.path_prefix.as_deref();
        Self {
            filter,
            names,
            cwes: named(&filter.cwes),
            categories: named(&filter.categories),
            rules: named(&filter.rules),
            assignee,
            auditors,
            text,
            path: path.map(|prefix| Judged::new(names, move |text: &str| text.starts_with(prefix))),
        }
    }

    fn takes(&mut self, row: &Row<'_>) -> bool {
        let (filter, entry) = (self.filter, row.entry);
        among(&filter.severities, row.severity)
            && among(&filter.statuses, entry.status)
            && among(&filter.states, row.state)
            && filter.lead.is_none_or(|lead| entry.lead == lead)
            && filter
                .confidence_min
                .is_none_or(|least| entry.confidence >= least)
            && self.assignee.is_none_or(|wanted| entry.assignee == wanted)
            && (filter.cwes.is_empty() || entry.cwe.iter().any(|cwe| self.cwes.contains(cwe)))
            && (filter.categories.is_empty() || self.categories.contains(&entry.category))
            && (filter.rules.is_empty() || self.rules.contains(&entry.rule))
            && judged(&mut self.path, self.names, &[row.path])
            && judged(&mut self.auditors, self.names, &[entry.auditors])
            && judged(
                &mut self.text,
                self.names,
                &[entry.title, row.path, entry.rule],
            )
    }
}

fn among<T: PartialEq + Copy>(wanted: &[T], value: T) -> bool {
    wanted.is_empty() || wanted.contains(&value)
}

/// Whether one of `texts` passes, or nothing is asked.
fn judged(judge: &mut Option<Judged<'_>>, names: &Names, texts: &[Name]) -> bool {
    let Some(judge) = judge else { return true };
    texts.iter().any(|name| judge.passes(names, *name))
}

/// A question about texts, asked once per distinct one.
struct Judged<'a> {
    question: Box<dyn Fn(&str) -> bool + 'a>,
    answers: Vec<Option<bool>>,
}

impl<'a> Judged<'a> {
    fn new(names: &Names, question: impl Fn(&str) -> bool + 'a) -> Self {
        Self {
            question: Box::new(question),
            answers: vec![None; names.count()],
        }
    }

    fn passes(&mut self, names: &Names, name: Name) -> bool {
        let Some(answer) = self.answers.get_mut(name.place()) else {
            return false;
        };
        *answer.get_or_insert_with(|| (self.question)(names.text(name)))
    }
}

/// Whether `text` contains `needle`, which is in lower case, whatever its own case.
fn contains_folded(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let needle = needle.as_bytes();
    needle.is_empty()
        || text
            .as_bytes()
            .windows(needle.len())
            .any(|window| window.eq_ignore_ascii_case(needle))
}
