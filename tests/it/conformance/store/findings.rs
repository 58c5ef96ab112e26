use super::{Backend, fixtures::*};
use vega::{
    clock::new_id,
    domain::{
        coverage::ScanScope,
        event::kind,
        finding::{FindingState, FindingStatus, Severity, Triage},
        ids::FindingId,
    },
    error::{Error, ErrorCode},
    store::{EventQuery, FindingFilter, ObservedFinding, PageRequest, ScanBatch, ScanEnd},
};

impl World {
    async fn list(&self, filter: FindingFilter) -> Vec<ObservedFinding> {
        let page = self
            .store
            .findings(filter, PageRequest::first(100))
            .await
            .unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items
    }

    async fn only(&self) -> vega::domain::finding::Finding {
        let mut all = self.list(FindingFilter::default()).await;
        assert_eq!(all.len(), 1);
        all.remove(0).finding
    }

    /// A whole scan that sees `batch` and looked at `paths`.
    async fn scanned(&self, batch: ScanBatch, paths: &[&str]) {
        let claimed = self.running().await;
        self.append(&claimed, batch).await;
        self.complete(&claimed, looked_at(paths)).await;
    }
}

pub async fn a_first_sight_is_new_with_observation_and_event(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let batch = sighted([detected("a.py", "f")]);
    let (finding_id, observation_id) = (
        batch.findings[0].finding_id,
        batch.findings[0].observation_id,
    );
    assert_eq!(world.append(&claimed, batch).await, 1);
    let finding = world.store.finding(finding_id).await.unwrap();
    assert_eq!(
        (finding.state, finding.status),
        (FindingState::New, FindingStatus::Open)
    );
    assert_eq!(
        (finding.scan_id, finding.last_seen_scan_id),
        (claimed.scan.id, claimed.scan.id)
    );
    let filter = FindingFilter {
        scan_id: Some(claimed.scan.id),
        ..FindingFilter::default()
    };
    let observation = world.list(filter).await.remove(0).observation.unwrap();
    assert_eq!(
        (observation.id, observation.finding_id),
        (observation_id, finding_id)
    );
    assert_eq!(observation.evidence_sha256.len(), 64);
    let query = EventQuery {
        scan_id: Some(claimed.scan.id),
        limit: 9,
        ..EventQuery::default()
    };
    let events = world.store.events(world.repository, query).await.unwrap();
    assert_eq!(events[0].kind, kind::FINDING_UPDATED);
    assert_eq!(events[0].payload, serde_json::json!({ "finding": finding }));
}

pub async fn a_finding_seen_again_keeps_its_identity(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let first = world.only().await;
    let mut moved = detected("a.py", "f");
    moved.content.location.start_line = 90;
    moved.content.severity = Severity::Critical;
    world.scanned(sighted([moved]), &["a.py"]).await;
    let second = world.only().await;
    assert_eq!((second.id, second.scan_id), (first.id, first.scan_id));
    assert!(second.last_seen_scan_id > first.last_seen_scan_id);
    assert_eq!(second.state, FindingState::Existing);
    assert_eq!(second.content.severity, Severity::Critical);
    assert_eq!(second.version, first.version);
}

pub async fn a_repeated_batch_changes_nothing(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let first = world.running().await;
    let id = first.scan.id;
    world
        .append(
            &first,
            sighted([detected("a.py", "f"), detected("a.py", "g")]),
        )
        .await;
    let before = world.list(FindingFilter::default()).await;
    world
        .store
        .release_scan(id, first.fence, "shutdown", world.now)
        .await
        .unwrap();
    let second = run(&*world.store, id, world.now).await;
    let batch = sighted([detected("a.py", "f"), detected("a.py", "g")]);
    assert_eq!(world.append(&second, batch).await, 2);
    assert_eq!(world.list(FindingFilter::default()).await, before);
    let scan = world.complete(&second, looked_at(&["a.py"])).await;
    assert_eq!(scan.finding_counts.high, 2);
}

pub async fn a_renamed_file_keeps_its_findings(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("old.py", "f")]), &["old.py"])
        .await;
    let first = world.only().await;
    let mut batch = sighted([detected("new.py", "f")]);
    batch.renames = [("old.py".to_owned(), "new.py".to_owned())].into();
    world.scanned(batch, &["new.py"]).await;
    let second = world.only().await;
    assert_eq!(second.id, first.id);
    assert_eq!(second.content.location.file_path, "new.py");
}

pub async fn unseen_findings_resolve_only_where_the_scan_looked(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let both = sighted([detected("a.py", "f"), detected("b.py", "g")]);
    let (a, b) = (both.findings[0].finding_id, both.findings[1].finding_id);
    world.scanned(both, &["a.py", "b.py"]).await;
    world.scanned(ScanBatch::default(), &["a.py"]).await;
    let state = async |id: FindingId| world.store.finding(id).await.unwrap().state;
    assert_eq!(state(a).await, FindingState::Resolved);
    assert_eq!(state(b).await, FindingState::Unknown);
    let rollup = world.store.project_rollup(world.project.id).await.unwrap();
    assert_eq!(rollup.finding_counts.high, 1);
}

pub async fn a_resolved_finding_that_is_back_is_reopened(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let sight = || sighted([detected("a.py", "f")]);
    let mut states = Vec::new();
    for batch in [sight(), ScanBatch::default(), sight(), sight()] {
        world.scanned(batch, &["a.py"]).await;
        states.push(world.only().await.state);
    }
    let expected = [
        FindingState::New,
        FindingState::Resolved,
        FindingState::Reopened,
        FindingState::Existing,
    ];
    assert_eq!(states, expected);
}

pub async fn a_failed_scan_resolves_nothing(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let before = world.only().await;
    let claimed = world.running().await;
    let failure = Error::of(ErrorCode::InternalError).to_failure();
    world.finish(&claimed, ScanEnd::Failed(failure)).await;
    assert_eq!(world.only().await, before);
}

pub async fn an_older_scan_that_ends_late_overwrites_nothing(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let older = world.running().await;
    let mut newest = detected("a.py", "f");
    newest.content.title = "what the newer scan says".into();
    world.scanned(sighted([newest]), &["a.py"]).await;
    let before = world.only().await;
    let mut late = detected("a.py", "f");
    late.content.title = "what the older scan says".into();
    late.content.severity = Severity::Low;
    assert_eq!(world.append(&older, sighted([late])).await, 1);
    let scan = world.complete(&older, looked_at(&["a.py"])).await;
    assert_eq!(world.only().await, before);
    let filter = FindingFilter {
        scan_id: Some(scan.id),
        ..FindingFilter::default()
    };
    let observation = world.list(filter).await.remove(0).observation.unwrap();
    assert_eq!(observation.severity, Severity::Low);
    assert_eq!(scan.finding_counts.low, 1);
}

pub async fn an_older_scan_resolves_nothing_a_newer_one_left(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let older = world.running().await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    world.complete(&older, looked_at(&["a.py"])).await;
    assert_eq!(world.only().await.state, FindingState::New);

    // What a newer scan resolved stays resolved when an older one that saw it ends late.
    let older = world.running().await;
    world.scanned(ScanBatch::default(), &["a.py"]).await;
    assert_eq!(world.only().await.state, FindingState::Resolved);
    world.append(&older, sighted([detected("a.py", "f")])).await;
    world.complete(&older, looked_at(&["a.py"])).await;
    assert_eq!(world.only().await.state, FindingState::Resolved);
}

pub async fn decisions_survive_every_rescan(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let decision = Triage {
        status: Some(FindingStatus::Dismissed),
        reason: Some("test code".into()),
        accepted_until: Some(Some(world.now.after(LEASE))),
        assignee: Some(Some(world.owner)),
        by: Some(world.owner),
    };
    let id = world.only().await.id;
    let judged = world
        .store
        .triage_finding(id, decision, None, world.now)
        .await
        .unwrap();
    assert_eq!(judged.version, 2);
    for batch in [sighted([detected("a.py", "f")]), ScanBatch::default()] {
        world.scanned(batch, &["a.py"]).await;
        let finding = world.only().await;
        assert_eq!(finding.status, FindingStatus::Dismissed);
        assert_eq!(finding.dismiss_reason.as_deref(), Some("test code"));
        assert_eq!(finding.accepted_until, judged.accepted_until);
        assert_eq!(finding.assignee, Some(world.owner));
        assert_eq!(finding.version, 2);
    }
}

pub async fn triage_needs_the_current_version(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let id = world.only().await.id;
    let confirm = || Triage {
        status: Some(FindingStatus::Confirmed),
        ..Triage::default()
    };
    let confirmed = world
        .store
        .triage_finding(id, confirm(), Some(1), world.now)
        .await
        .unwrap();
    assert_eq!(confirmed.status, FindingStatus::Confirmed);
    let stale = world
        .store
        .triage_finding(id, confirm(), Some(1), world.now)
        .await;
    assert_eq!(stale.unwrap_err().code(), ErrorCode::PreconditionFailed);
    let missing = world
        .store
        .triage_finding(new_id(), confirm(), None, world.now)
        .await;
    assert_eq!(missing.unwrap_err().code(), ErrorCode::NotFound);
    let other = backend.another_process().await;
    assert_eq!(other.finding(id).await.unwrap(), confirmed);
}

pub async fn leads_are_not_counted(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let mut lead = detected("a.py", "f");
    lead.content.lead = true;
    world
        .append(&claimed, sighted([lead, detected("a.py", "g")]))
        .await;
    let scan = world.complete(&claimed, ScanScope::default()).await;
    assert_eq!(
        (scan.finding_counts.high, scan.finding_counts.total()),
        (1, 1)
    );
    assert_eq!(world.list(FindingFilter::default()).await.len(), 2);
}

pub async fn findings_are_listed_worst_first_in_stable_pages(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let severities = [
        Severity::Low,
        Severity::Critical,
        Severity::High,
        Severity::Critical,
    ];
    let batch = sighted(severities.iter().enumerate().map(|(place, severity)| {
        let mut finding = detected("a.py", &format!("f{place}"));
        finding.content.severity = *severity;
        finding
    }));
    let ids: Vec<_> = batch.findings.iter().map(|new| new.finding_id).collect();
    world.append(&claimed, batch).await;
    let first = world
        .store
        .findings(FindingFilter::default(), PageRequest::first(2))
        .await;
    let first = first.unwrap();
    assert_eq!(first.total, Some(4));
    let mut worst = detected("b.py", "later");
    worst.content.severity = Severity::Critical;
    world.append(&claimed, sighted([worst])).await;
    let rest = PageRequest {
        limit: 9,
        after: first.next,
    };
    let rest = world
        .store
        .findings(FindingFilter::default(), rest)
        .await
        .unwrap();
    let shown = first.items.iter().chain(&rest.items);
    let shown: Vec<_> = shown.map(|row| row.finding.id).collect();
    assert_eq!(shown[..2], [ids[1], ids[3]]);
    assert_eq!(shown[3..], [ids[2], ids[0]]);
    assert_eq!(rest.next, None);
}

pub async fn every_filter_narrows_the_list(backend: &mut dyn Backend) {
    let (world, other) = (World::of(backend).await, World::of(backend).await);
    other
        .scanned(sighted([detected("a.py", "f")]), &["a.py"])
        .await;
    let mut special = detected("src/b.py", "g");
    special.content.severity = Severity::Low;
    special.content.cwe = vec!["CWE-22".into(), "CWE-23".into()];
    special.content.lead = true;
    let batch = sighted([detected("a.py", "f"), special]);
    let (plain, special) = (batch.findings[0].finding_id, batch.findings[1].finding_id);
    world.scanned(batch, &["a.py", "src/b.py"]).await;
    let decision = Triage {
        status: Some(FindingStatus::Confirmed),
        ..Triage::default()
    };
    world
        .store
        .triage_finding(plain, decision, None, world.now)
        .await
        .unwrap();
    let ours = FindingFilter {
        project_id: Some(world.project.id),
        ..FindingFilter::default()
    };
    let check = async |filter: FindingFilter, expected: &[FindingId]| {
        let rows = world.list(filter).await;
        let ids: Vec<_> = rows.iter().map(|row| row.finding.id).collect();
        assert_eq!(ids, expected);
    };
    assert_eq!(world.list(FindingFilter::default()).await.len(), 3);
    check(ours.clone(), &[plain, special]).await;
    let of = |change: fn(&mut FindingFilter)| {
        let mut filter = ours.clone();
        change(&mut filter);
        filter
    };
    check(
        of(|f| f.severities = vec![Severity::Low, Severity::Info]),
        &[special],
    )
    .await;
    check(
        of(|f| f.statuses = vec![FindingStatus::Confirmed]),
        &[plain],
    )
    .await;
    check(of(|f| f.states = vec![FindingState::Resolved]), &[]).await;
    check(of(|f| f.cwes = vec!["CWE-23".into()]), &[special]).await;
    check(of(|f| f.cwes = vec!["CWE-0".into()]), &[]).await;
    check(of(|f| f.path_prefix = Some("src/".into())), &[special]).await;
    check(of(|f| f.lead = Some(false)), &[plain]).await;
    let mut elsewhere = ours.clone();
    elsewhere.repository_id = Some(other.repository);
    check(elsewhere, &[]).await;
}

pub async fn a_scan_shows_what_it_saw_then(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let first = world.running().await;
    world
        .append(&first, sighted([detected("old.py", "f")]))
        .await;
    world.complete(&first, looked_at(&["old.py"])).await;
    let mut moved = detected("new.py", "f");
    moved.content.severity = Severity::Low;
    let mut batch = sighted([moved]);
    batch.renames = [("old.py".to_owned(), "new.py".to_owned())].into();
    world.scanned(batch, &["new.py"]).await;
    let then = FindingFilter {
        scan_id: Some(first.scan.id),
        severities: vec![Severity::High],
        states: vec![FindingState::New],
        path_prefix: Some("old".into()),
        ..FindingFilter::default()
    };
    let row = world.list(then).await.remove(0);
    let observation = row.observation.unwrap();
    assert_eq!(observation.location.file_path, "old.py");
    assert_eq!(observation.severity, Severity::High);
    assert_eq!(row.finding.content.severity, Severity::Low);
    let unknown = FindingFilter {
        scan_id: Some(new_id()),
        ..FindingFilter::default()
    };
    let missing = world.store.findings(unknown, PageRequest::first(1)).await;
    assert_eq!(missing.unwrap_err().code(), ErrorCode::NotFound);
}
