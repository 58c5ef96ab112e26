//! What happened to findings: decisions of people and of time, changes by scans, comments.

use super::{Backend, fixtures::*};
use vega::{
    clock::new_id,
    domain::{
        finding::{DetectedFinding, Finding, FindingState, FindingStatus, Severity, Triage},
        ids::{FindingId, UserId},
        timeline::{ChangedBy, ChangedField, Comment, FindingChange, TimelineEntry},
    },
    error::ErrorCode,
    store::{PageRequest, TimelineOf},
};

impl World {
    /// A scan that sees `detected` and looks at `paths`.
    async fn looks(&self, detected: Vec<DetectedFinding>, paths: &[&str]) -> Vec<FindingId> {
        let claimed = self.running().await;
        let batch = sighted(detected);
        let ids = batch.findings.iter().map(|new| new.finding_id).collect();
        self.append(&claimed, batch).await;
        self.complete(&claimed, looked_at(paths)).await;
        ids
    }

    async fn history(&self, id: FindingId) -> Vec<TimelineEntry> {
        let page = PageRequest::first(100);
        let everything = TimelineOf::Everything;
        let page = self.store.timeline(id, everything, page).await.unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items
    }

    async fn decide(&self, id: FindingId, decision: Triage) -> Finding {
        let decided = self
            .store
            .triage_finding(id, decision, None, self.now)
            .await;
        decided.unwrap()
    }

    async fn says(&self, id: FindingId, text: &str) -> Comment {
        let comment = Comment {
            id: new_id(),
            finding_id: id,
            author: self.owner,
            text: text.into(),
            created_at: self.now,
        };
        self.store.add_comment(comment.clone()).await.unwrap();
        comment
    }
}

fn accepted(by: UserId, until: vega::domain::time::Timestamp) -> Triage {
    Triage {
        status: Some(FindingStatus::Dismissed),
        reason: Some("fixed next quarter".into()),
        accepted_until: Some(Some(until)),
        assignee: None,
        by: Some(by),
    }
}

/// A field, before and after.
type Told<'a> = (ChangedField, Option<&'a str>, Option<&'a str>);

/// Who did what.
fn told(entry: &TimelineEntry) -> (ChangedBy, Vec<Told<'_>>) {
    let TimelineEntry::Change(change) = entry else {
        panic!("{entry:?} is no change");
    };
    let fields = change.changes.iter();
    let fields = fields.map(|it| (it.field, it.from.as_deref(), it.to.as_deref()));
    (change.by, fields.collect())
}

pub async fn decisions_are_remembered_with_who_and_what(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.looks(vec![detected("a.py", "f")], &["a.py"]).await[0];
    let until = world.now.after(LEASE);
    let dismissed = world.decide(id, accepted(world.owner, until)).await;
    // The same again changes nothing that would be worth telling.
    world.decide(id, accepted(world.owner, until)).await;
    let open = Triage {
        status: Some(FindingStatus::Open),
        assignee: Some(Some(world.owner)),
        by: Some(world.owner),
        ..Triage::default()
    };
    world.decide(id, open).await;
    let history = world.history(id).await;
    assert_eq!(history.len(), 3);
    let first = FindingChange::first_seen(&dismissed);
    assert_eq!(history[0], TimelineEntry::Change(first));
    let by = ChangedBy::User(world.owner);
    let (until, owner) = (until.to_string(), world.owner.to_string());
    let reason = Some("fixed next quarter");
    let expected = vec![
        (ChangedField::Status, Some("open"), Some("dismissed")),
        (ChangedField::Reason, None, reason),
        (ChangedField::AcceptedUntil, None, Some(until.as_str())),
    ];
    assert_eq!(told(&history[1]), (by, expected));
    let expected = vec![
        (ChangedField::Status, Some("dismissed"), Some("open")),
        (ChangedField::Reason, reason, None),
        (ChangedField::AcceptedUntil, Some(until.as_str()), None),
        (ChangedField::Assignee, None, Some(owner.as_str())),
    ];
    assert_eq!(told(&history[2]), (by, expected));
}

pub async fn decisions_that_make_no_sense_are_refused(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.looks(vec![detected("a.py", "f")], &["a.py"]).await[0];
    let past = accepted(world.owner, world.now);
    let without_reason = Triage {
        status: Some(FindingStatus::Dismissed),
        ..Triage::default()
    };
    let reason_only = Triage {
        reason: Some("why".into()),
        ..Triage::default()
    };
    for decision in [past, without_reason, reason_only] {
        let refused = world.store.triage_finding(id, decision, None, world.now);
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ValidationError);
    }
    assert_eq!(world.history(id).await.len(), 1);
    assert_eq!(world.store.finding(id).await.unwrap().version, 1);
}

pub async fn scans_tell_what_they_changed(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let sight = || vec![detected("a.py", "f")];
    let id = world.looks(sight(), &["a.py"]).await[0];
    world.looks(sight(), &["a.py"]).await;
    let mut worse = detected("a.py", "f");
    worse.content.severity = Severity::Critical;
    world.looks(vec![worse], &["a.py"]).await;
    world.looks(Vec::new(), &["a.py"]).await;
    world.looks(sight(), &["a.py"]).await;
    let history = world.history(id).await;
    let changes: Vec<_> = history.iter().map(|entry| told(entry).1).collect();
    let state = |from, to| (ChangedField::State, from, Some(to));
    let severity = |from, to| (ChangedField::Severity, Some(from), Some(to));
    let expected = [
        vec![state(None, "new")],
        vec![state(Some("new"), "existing")],
        vec![severity("high", "critical")],
        vec![state(Some("existing"), "resolved")],
        vec![
            state(Some("resolved"), "reopened"),
            severity("critical", "high"),
        ],
    ];
    assert_eq!(changes, expected);
    let finding = world.store.finding(id).await.unwrap();
    assert_eq!(finding.state, FindingState::Reopened);
    let last = ChangedBy::Scan(finding.last_seen_scan_id);
    assert_eq!(told(&history[4]).0, last);
}

pub async fn comments_are_part_of_the_history(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.looks(vec![detected("a.py", "f")], &["a.py"]).await[0];
    let first = world.says(id, "first").await;
    let until = world.now.after(LEASE);
    world.decide(id, accepted(world.owner, until)).await;
    let second = world.says(id, "second").await;
    let history = world.history(id).await;
    assert_eq!(history.len(), 4);
    assert_eq!(history[1], TimelineEntry::Comment(first.clone()));
    assert_eq!(history[3], TimelineEntry::Comment(second.clone()));
    let store = &world.store;
    let comments = TimelineOf::Comments;
    let page = store.timeline(id, comments, PageRequest::first(1)).await;
    let page = page.unwrap();
    assert_eq!(page.total, Some(2));
    assert_eq!(page.items, [TimelineEntry::Comment(first)]);
    let rest = PageRequest {
        limit: 9,
        after: page.next,
    };
    let rest = store.timeline(id, comments, rest).await.unwrap();
    assert_eq!(rest.items, [TimelineEntry::Comment(second)]);
    assert_eq!(rest.next, None);
    let other = backend.another_process().await;
    let page = PageRequest::first(9);
    let seen = other.timeline(id, TimelineOf::Everything, page).await;
    assert_eq!(seen.unwrap().items, history);
}

pub async fn a_history_goes_with_its_repository(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.looks(vec![detected("a.py", "f")], &["a.py"]).await[0];
    let mut comment = world.says(id, "here").await;
    world
        .store
        .remove_repository(world.repository)
        .await
        .unwrap();
    backend.reopen().await;
    let store = backend.store();
    let page = PageRequest::first(9);
    let gone = store.timeline(id, TimelineOf::Comments, page).await;
    assert_eq!(gone.unwrap_err().code(), ErrorCode::NotFound);
    comment.id = new_id();
    let gone = store.add_comment(comment).await;
    assert_eq!(gone.unwrap_err().code(), ErrorCode::NotFound);
}

pub async fn several_findings_are_judged_each_for_itself(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let both = vec![detected("a.py", "f"), detected("a.py", "g")];
    let ids = world.looks(both, &["a.py"]).await;
    let until = world.now.after(LEASE);
    world.decide(ids[0], accepted(world.owner, until)).await;
    let decision = Triage {
        reason: Some("another reason".into()),
        by: Some(world.owner),
        ..Triage::default()
    };
    let asked = vec![ids[1], new_id(), ids[0]];
    let results = world.store.triage_findings(asked, decision, world.now);
    let results = results.await.unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map(|it| it.version).map_err(|it| it.code()))
        .collect();
    let expected = [
        Err(ErrorCode::ValidationError),
        Err(ErrorCode::NotFound),
        Ok(3),
    ];
    assert_eq!(codes, expected);
    assert_eq!(world.history(ids[0]).await.len(), 3);
    assert_eq!(world.history(ids[1]).await.len(), 1);
}

pub async fn an_accepted_risk_comes_back_once(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let paths = ["a.py", "b.py", "c.py"];
    let all = paths.map(|path| detected(path, "f")).to_vec();
    let ids = world.looks(all, &paths).await;
    let until = world.now.after(LEASE);
    world.decide(ids[0], accepted(world.owner, until)).await;
    world
        .decide(ids[1], accepted(world.owner, until.after(LEASE)))
        .await;
    let mut for_good = accepted(world.owner, until);
    world.decide(ids[2], for_good.clone()).await;
    for_good.accepted_until = Some(None);
    world.decide(ids[2], for_good).await;
    let store = &world.store;
    assert_eq!(store.expire_accepted_risks(world.now).await.unwrap(), []);
    let opened = store.expire_accepted_risks(until).await.unwrap();
    assert_eq!(opened, [ids[0]]);
    assert_eq!(store.expire_accepted_risks(until).await.unwrap(), []);
    let finding = store.finding(ids[0]).await.unwrap();
    assert_eq!((finding.status, finding.version), (FindingStatus::Open, 3));
    assert_eq!(
        (finding.dismiss_reason, finding.accepted_until),
        (None, None)
    );
    let history = world.history(ids[0]).await;
    let (by, changes) = told(&history[2]);
    assert_eq!(by, ChangedBy::Time);
    let back = (ChangedField::Status, Some("dismissed"), Some("open"));
    assert_eq!(changes[0], back);
    for id in &ids[1..] {
        let finding = store.finding(*id).await.unwrap();
        assert_eq!(finding.status, FindingStatus::Dismissed);
    }
    // It is known after a restart, too.
    backend.reopen().await;
    let later = until.after(LEASE);
    let opened = backend.store().expire_accepted_risks(later).await;
    assert_eq!(opened.unwrap(), [ids[1]]);
}

pub async fn similar_findings_share_rule_or_class_and_text(backend: &mut dyn Backend) {
    let (world, other) = (World::of(backend).await, World::of(backend).await);
    let own = detected("a.py", "f");
    let same_rule = detected("a.py", "g");
    let mut same_text = detected("b.js", "f");
    same_text.content.rule_id = "js.sql".into();
    same_text.anchor.rule_id = "js.sql".into();
    let mut other_class = same_text.clone();
    other_class.content.location.file_path = "c.js".into();
    other_class.anchor.path = "c.js".into();
    other_class.content.cwe = vec!["CWE-1".into()];
    let seen = vec![own.clone(), same_rule, same_text, other_class];
    let ids = world.looks(seen, &[]).await;
    let copy = other.looks(vec![own], &[]).await[0];
    let similar = async |within: Vec<_>, limit| {
        let found = world.store.similar_findings(ids[0], within, limit).await;
        let found = found.unwrap().into_iter();
        found.map(|finding| finding.id).collect::<Vec<_>>()
    };
    let (ours, theirs) = (world.project.id, other.project.id);
    assert_eq!(similar(vec![ours], 9).await, [ids[2], ids[1]]);
    assert_eq!(similar(vec![ours, theirs], 9).await, [copy, ids[2], ids[1]]);
    assert_eq!(similar(vec![ours, theirs], 1).await, [copy]);
    assert_eq!(similar(vec![], 9).await, []);
    let missing = world.store.similar_findings(new_id(), vec![ours], 9).await;
    assert_eq!(missing.unwrap_err().code(), ErrorCode::NotFound);
}
