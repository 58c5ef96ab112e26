//! Which deliveries a commit adds: for every scan and every ingest that ends with it.
//!
//! Looks at what is about to be written and compares it with what was, so that no intent that ends
//! something, now or later, can forget to tell.

use crate::{
    domain::{
        finding::{Finding, FindingState, SeverityCounts},
        ids::{ProjectId, UserId, WebhookId},
        project::ProjectRole,
        repository::{IngestStatus, Repository},
        scan::{Scan, ScanStatus},
        snapshot::Snapshot,
        time::Timestamp,
        webhook::{
            Delivery, DeliveryStatus, MAX_KEPT, MAX_WAITING, Webhook, WebhookEvent,
            payload::{self, LISTED_FINDINGS, Place},
        },
    },
    store::json::{
        change::{Change, Deletion, Record},
        state::State,
        view::{Moment, View},
    },
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether `user` is to be told of `project`: only what they administrate now, not what they did
/// when they made a webhook.
pub fn may_be_told(state: &State, user: UserId, project: ProjectId) -> bool {
    let is_active = state.users.get(user).is_some_and(|user| user.is_active);
    let project = state.projects.get(project);
    let project = project.filter(|project| project.deleted_at.is_none());
    let role = project.and_then(|project| project.role_of(user));
    is_active && role.is_some_and(|role| role >= ProjectRole::Admin)
}

/// The deliveries that belong to a commit of `changes`, and the old ones they displace.
pub fn told(view: View<'_>, moment: &Moment<'_>, changes: &[Change]) -> Vec<Change> {
    let state = view.state;
    if state.webhooks.ids().next().is_none() {
        return Vec::new();
    }
    let mut outbox = Outbox {
        view,
        moment,
        added: Vec::new(),
    };
    for change in changes {
        let Change::Put(record) = change else {
            continue;
        };
        match record.as_ref() {
            Record::Scan(scan) => {
                let before = state.scans.get(scan.id);
                // One that arrives ended was moved in from another installation.
                let was_open = before.is_some_and(|before| !before.status.is_final());
                if scan.status.is_final() && was_open {
                    outbox.scan_ended(scan);
                }
            }
            Record::Repository(repository) => {
                let before = state.repositories.get(repository.id);
                if before.is_some_and(|it| it.ingest_status == IngestStatus::Ingesting) {
                    outbox.ingest_ended(repository, changes);
                }
            }
            _ => {}
        }
    }
    let mut added: BTreeMap<WebhookId, Vec<Delivery>> = BTreeMap::new();
    for delivery in outbox.added {
        added.entry(delivery.webhook_id).or_default().push(delivery);
    }
    let changes = added.into_iter().flat_map(|(webhook, added)| {
        let added = fitting(added, moment.now);
        let gone = displaced(state, webhook, added.len(), moment.now);
        gone.chain(added.into_iter().map(Change::from))
    });
    changes.collect()
}

/// What one commit adds to a webhook, within its bounds: one deletion can end thousands of scans.
fn fitting(mut added: Vec<Delivery>, now: Timestamp) -> Vec<Delivery> {
    let surplus = added.len().saturating_sub(MAX_KEPT);
    if surplus > 0 {
        tracing::warn!(
            surplus,
            "one change had more to tell a webhook than it keeps"
        );
        added.drain(..surplus);
    }
    let too_many = added.len().saturating_sub(MAX_WAITING);
    let numbered = added.into_iter().enumerate();
    let fitted = numbered.map(|(place, delivery)| match place < too_many {
        true => delivery.given_up(TOO_MANY, now),
        false => delivery,
    });
    fitted.collect()
}

struct Outbox<'a> {
    view: View<'a>,
    moment: &'a Moment<'a>,
    added: Vec<Delivery>,
}

impl<'a> Outbox<'a> {
    fn scan_ended(&mut self, scan: &Scan) {
        let state = self.view.state;
        let Some(repository) = state.repositories.get(scan.repository_id) else {
            return;
        };
        let Some(place) = self.place(repository) else {
            return;
        };
        let event = match scan.status {
            ScanStatus::Completed => WebhookEvent::ScanCompleted,
            ScanStatus::Failed => WebhookEvent::ScanFailed,
            ScanStatus::Cancelled => WebhookEvent::ScanCancelled,
            ScanStatus::Queued | ScanStatus::Claimed | ScanStatus::Running => return,
        };
        self.tell(event, place, |_| Some(payload::scan_ended(place, scan)));
        for (event, wanted) in [
            (WebhookEvent::FindingCreated, FindingState::New),
            (WebhookEvent::FindingReopened, FindingState::Reopened),
        ] {
            self.tell(event, place, |view| seen(view, place, scan, wanted));
        }
    }

    fn ingest_ended(&mut self, repository: &Repository, changes: &[Change]) {
        let Some(place) = self.place(repository) else {
            return;
        };
        match repository.ingest_status {
            IngestStatus::Ready => {
                let snapshot = newest_snapshot(self.view.state, repository, changes);
                let data = payload::ingested(place, snapshot);
                self.tell(WebhookEvent::RepositoryIngested, place, |_| Some(data));
            }
            IngestStatus::Failed => self.tell(WebhookEvent::RepositoryIngestFailed, place, |_| {
                Some(payload::ingest_failed(place))
            }),
            IngestStatus::Pending | IngestStatus::Ingesting => {}
        }
    }

    fn place<'b>(&self, repository: &'b Repository) -> Option<Place<'b>>
    where
        'a: 'b,
    {
        let project = self.view.state.projects.get(repository.project_id)?;
        Some(Place {
            project,
            repository,
        })
    }

    /// Adds a delivery for everyone who is to be told. `data` is made only if there is somebody;
    /// without any, there was nothing to tell.
    fn tell(
        &mut self,
        event: WebhookEvent,
        place: Place<'_>,
        data: impl FnOnce(View<'a>) -> Option<Value>,
    ) {
        let state = self.view.state;
        let project = place.project.id;
        let wanted = |webhook: &&Webhook| {
            webhook.wants(event, project) && may_be_told(state, webhook.user_id, project)
        };
        let subscribers: Vec<WebhookId> = state
            .webhooks
            .values()
            .filter(wanted)
            .map(|webhook| webhook.id)
            .collect();
        if subscribers.is_empty() {
            return;
        }
        let Some(data) = data(self.view) else {
            return;
        };
        let now = self.moment.now;
        self.added.extend(subscribers.into_iter().map(|webhook| {
            let id = (self.moment.delivery_id)();
            Delivery::new(id, webhook, event, Some(project), data.clone(), now)
        }));
    }
}

/// What makes room when `added` deliveries come to a webhook: the oldest that wait are given up when
/// too many do, and the oldest that have ended go when it keeps no more.
pub fn displaced(
    state: &State,
    webhook: WebhookId,
    added: usize,
    now: Timestamp,
) -> impl Iterator<Item = Change> {
    let all = state.deliveries.of(webhook);
    let too_many = (waiting(state, webhook) + added).saturating_sub(MAX_WAITING);
    let pending = all
        .clone()
        .filter(|delivery| delivery.status == DeliveryStatus::Pending);
    let given_up = pending
        .take(too_many)
        .map(move |delivery| delivery.clone().given_up(TOO_MANY, now).into());
    let surplus = (state.deliveries.count_of(webhook) + added).saturating_sub(MAX_KEPT);
    let ended = all.filter(|delivery| delivery.status.is_final());
    let gone = ended
        .take(surplus)
        .map(|delivery| Change::Delete(Deletion::Delivery(delivery.id)));
    given_up.chain(gone)
}

/// Why a delivery is given up that nobody took in time.
const TOO_MANY: &str = "too many deliveries were waiting; this was the oldest";

/// How many deliveries of a webhook have not ended.
pub fn waiting(state: &State, webhook: WebhookId) -> usize {
    let all = state.deliveries.of(webhook);
    all.filter(|delivery| !delivery.status.is_final()).count()
}

/// What a scan saw that was `wanted` then: how much, and the worst of it. `None` without any.
fn seen(view: View<'_>, place: Place<'_>, scan: &Scan, wanted: FindingState) -> Option<Value> {
    let index = &view.state.findings;
    let mut counts = SeverityCounts::default();
    let mut found = Vec::new();
    for (id, seen) in index.observed_by(scan.id) {
        let is_lead = index.get(id).is_none_or(|entry| entry.lead);
        if seen.state == wanted && !is_lead {
            counts.add(seen.severity);
            found.push((seen.severity, id));
        }
    }
    if found.is_empty() {
        return None;
    }
    found.sort_unstable();
    // A body that cannot be read must not keep a scan from ending; the counts hold it.
    let worst: Vec<Finding> = found
        .into_iter()
        .take(LISTED_FINDINGS)
        .filter_map(|(_, id)| view.finding(id).ok())
        .collect();
    Some(payload::findings(place, scan, &counts, &worst))
}

/// The repository's newest snapshot, which may be part of this very commit.
fn newest_snapshot<'a>(
    state: &'a State,
    repository: &Repository,
    changes: &'a [Change],
) -> Option<&'a Snapshot> {
    let id = repository.latest_snapshot_id?;
    let fresh = changes.iter().find_map(|change| match change {
        Change::Put(record) => match record.as_ref() {
            Record::Snapshot(snapshot) if snapshot.id == id => Some(snapshot),
            _ => None,
        },
        Change::Delete(_) => None,
    });
    fresh.or_else(|| state.snapshots.get(id))
}
