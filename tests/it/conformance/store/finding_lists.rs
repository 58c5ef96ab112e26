//! Lists of findings beyond the plain ones: every filter, every order, facets.

use super::{Backend, fixtures::*};
use vega::{
    clock::new_id,
    domain::{
        finding::{DetectedFinding, FindingState, FindingStatus, Severity, Triage},
        ids::FindingId,
    },
    error::ErrorCode,
    store::{FindingFilter, FindingSort, PageRequest},
};

/// Two findings that differ in everything filters see.
fn pair() -> [DetectedFinding; 2] {
    let plain = detected("src/a.py", "f");
    let mut special = detected("web/Übersicht.js", "g");
    let content = &mut special.content;
    content.title = "Script is put into the page".into();
    content.severity = Severity::Low;
    content.confidence = 0.55;
    content.category = "xss".into();
    content.rule_id = "js.dom".into();
    content.auditors = vec!["builtin".into(), "codex".into()];
    content.cwe = vec!["CWE-79".into(), "CWE-80".into()];
    [plain, special]
}

impl World {
    async fn chosen(&self, filter: &FindingFilter) -> Vec<FindingId> {
        let page = PageRequest::first(100);
        let page = self.store.findings(filter.clone(), page).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|row| row.finding.id).collect();
        assert_eq!(page.total, Some(ids.len() as u64));
        let facets = self.store.finding_facets(filter.clone()).await.unwrap();
        assert_eq!(facets.total, ids.len() as u64);
        ids
    }

    async fn saw(&self, detected: impl IntoIterator<Item = DetectedFinding>) -> Vec<FindingId> {
        let claimed = self.running().await;
        let batch = sighted(detected);
        let ids = batch.findings.iter().map(|new| new.finding_id).collect();
        self.append(&claimed, batch).await;
        self.complete(&claimed, looked_at(&[])).await;
        ids
    }
}

fn of(change: impl FnOnce(&mut FindingFilter)) -> FindingFilter {
    let mut filter = FindingFilter::default();
    change(&mut filter);
    filter
}

pub async fn findings_are_found_by_what_they_say(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let ids = world.saw(pair()).await;
    let (plain, special) = (&ids[..1], &ids[1..]);
    let decision = Triage {
        assignee: Some(Some(world.owner)),
        ..Triage::default()
    };
    let store = &world.store;
    store
        .triage_finding(special[0], decision, None, world.now)
        .await
        .unwrap();
    let owner = world.owner;
    let text = |text: &str| {
        let text = Some(text.to_owned());
        of(|filter| filter.text = text)
    };
    for (filter, expected) in [
        (of(|f| f.categories = vec!["xss".into()]), special),
        (of(|f| f.categories = vec!["none such".into()]), &[]),
        (of(|f| f.rules = vec!["js.dom".into()]), special),
        (of(|f| f.rules = vec!["js".into()]), &[]),
        (of(|f| f.auditors = vec!["codex".into()]), special),
        (of(|f| f.auditors = vec!["builtin".into()]), &ids),
        (of(|f| f.auditors = vec!["code".into()]), &[]),
        (text("INTO the page"), special),
        (text("übersicht"), special),
        (text("ÜBERSICHT"), special),
        (text("python.SQL"), plain),
        (text(""), &ids),
        (text("no such text"), &[]),
        (of(|f| f.confidence_min = Some(55)), &ids),
        (of(|f| f.confidence_min = Some(56)), plain),
        (of(|f| f.assignee = Some(Some(owner))), special),
        (of(|f| f.assignee = Some(Some(new_id()))), &[]),
        (of(|f| f.assignee = Some(None)), plain),
        (of(|f| f.cwes = vec!["CWE-80".into()]), special),
        (of(|f| f.path_prefix = Some("web/".into())), special),
    ] {
        assert_eq!(world.chosen(&filter).await, expected, "{filter:?}");
    }
}

pub async fn an_inbox_shows_the_named_projects_only(backend: &mut dyn Backend) {
    let (world, other) = (World::of(backend).await, World::of(backend).await);
    let ours = world.saw(pair()).await;
    let theirs = other.saw(pair()).await;
    let (project, foreign) = (world.project.id, other.project.id);
    let within = |projects: Vec<_>| of(|filter| filter.within = Some(projects));
    assert_eq!(world.chosen(&within(vec![project])).await, ours);
    assert_eq!(world.chosen(&within(vec![])).await, []);
    assert_eq!(world.chosen(&within(vec![project, foreign])).await.len(), 4);
    let mut narrowed = within(vec![project, foreign]);
    narrowed.project_id = Some(foreign);
    assert_eq!(world.chosen(&narrowed).await, theirs);
    narrowed.within = Some(vec![project]);
    assert_eq!(world.chosen(&narrowed).await, []);
    narrowed = within(vec![project]);
    narrowed.repository_id = Some(other.repository);
    assert_eq!(world.chosen(&narrowed).await, []);
}

pub async fn every_order_comes_in_stable_pages(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let wishes = [
        ("b.py", 0.5, Severity::Low),
        ("a.py", 0.9, Severity::High),
        ("c.py", 0.9, Severity::Critical),
        ("a.py", 0.1, Severity::Low),
    ];
    let detected = wishes.iter().enumerate().map(|(place, wish)| {
        let mut finding = detected(wish.0, &format!("f{place}"));
        finding.content.confidence = wish.1;
        finding.content.severity = wish.2;
        finding
    });
    let ids = world.saw(detected).await;
    for (sort, expected) in [
        (FindingSort::Severity, [2, 1, 0, 3]),
        (FindingSort::Newest, [3, 2, 1, 0]),
        (FindingSort::Path, [1, 3, 0, 2]),
        (FindingSort::Confidence, [1, 2, 0, 3]),
    ] {
        let filter = of(|filter| filter.sort = sort);
        let (mut shown, mut page) = (Vec::new(), PageRequest::first(1));
        loop {
            let part = world.store.findings(filter.clone(), page).await.unwrap();
            assert_eq!(part.total, Some(4));
            shown.extend(part.items.iter().map(|row| row.finding.id));
            let Some(next) = part.next else { break };
            page = PageRequest {
                limit: 1,
                after: Some(next),
            };
        }
        assert_eq!(shown, expected.map(|place: usize| ids[place]), "{sort}");
    }
    let page = PageRequest::first(1);
    let first = world.store.findings(FindingFilter::default(), page).await;
    for (sort, after) in [
        (FindingSort::Newest, first.unwrap().next.unwrap()),
        (FindingSort::Severity, "severity.x.high".into()),
        (FindingSort::Severity, format!("severity.{}.worse", ids[0])),
        (FindingSort::Confidence, format!("confidence.{}.x", ids[0])),
        (FindingSort::Path, "path".into()),
    ] {
        let filter = of(|filter| filter.sort = sort);
        let page = PageRequest {
            limit: 1,
            after: Some(after),
        };
        let refused = world.store.findings(filter, page).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ValidationError);
    }
}

pub async fn facets_count_what_the_filter_chooses(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let [plain, special] = pair();
    let mut lead = detected("top.py", "h");
    lead.content.lead = true;
    let mut again = plain.clone();
    again.anchor.symbol = "f2".into();
    again.anchor.text_hash = "other".into();
    again.anchor.fingerprint = "other".into();
    let ids = world.saw([plain, special, lead, again]).await;
    let decision = Triage {
        status: Some(FindingStatus::Confirmed),
        ..Triage::default()
    };
    let store = &world.store;
    store
        .triage_finding(ids[0], decision, None, world.now)
        .await
        .unwrap();
    let facets = store
        .finding_facets(FindingFilter::default())
        .await
        .unwrap();
    let count = |value: &str, count| (value.to_owned(), count);
    assert_eq!(facets.total, 4);
    assert_eq!(
        facets.severity,
        [(Severity::High, 3), (Severity::Low, 1)].into()
    );
    assert_eq!(
        facets.status,
        [(FindingStatus::Open, 3), (FindingStatus::Confirmed, 1)].into()
    );
    assert_eq!(facets.state, [(FindingState::New, 4)].into());
    assert_eq!(
        facets.cwe,
        [count("CWE-89", 3), count("CWE-79", 1), count("CWE-80", 1)]
    );
    assert_eq!(facets.category, [count("injection", 3), count("xss", 1)]);
    assert_eq!(facets.auditor, [count("builtin", 4), count("codex", 1)]);
    assert_eq!(facets.lead, [(false, 3), (true, 1)].into());
    assert_eq!(
        facets.folder,
        [count("src/", 2), count("", 1), count("web/", 1)]
    );
    let narrowed = of(|filter| filter.lead = Some(true));
    let facets = store.finding_facets(narrowed).await.unwrap();
    assert_eq!((facets.total, facets.folder), (1, vec![count("", 1)]));
}
