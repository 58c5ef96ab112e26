//! Webhooks and their deliveries: the intents of [`WebhookStore`].

mod outbox;

use super::{
    JsonStore, audit,
    change::{Change, Decision, Deletion},
    paging,
    state::State,
    view::Moment,
};
use crate::{
    domain::{
        ids::{DeliveryId, UserId, WebhookId},
        lease::{Fence, lease_lost},
        time::Timestamp,
        webhook::{
            Delivery, DeliveryStatus, DisabledReason, FORMER_SECRET_LIVES, FormerSecret,
            MAX_IN_FLIGHT, MAX_TRIES, MAX_WAITING, Verdict, Webhook, WebhookEvent,
        },
    },
    error::{Error, ErrorCode, Result},
    store::{
        AttemptReport, ClaimedDelivery, DeliveryFilter, Page, PageRequest, WebhookChange,
        WebhookStore, beside::Beside,
    },
};
pub(super) use outbox::told;
use std::{collections::BTreeMap, time::Duration};

#[async_trait::async_trait]
impl WebhookStore for JsonStore {
    async fn insert_webhook(&self, webhook: Webhook, max: u32) -> Result<()> {
        self.commit(move |view, _| insert(view.state, webhook, max))
            .await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.read(move |view| view.state.webhooks.find(id, "Webhook").cloned())
            .await
    }

    async fn webhooks(&self, user: UserId, page: PageRequest) -> Result<Page<Webhook>> {
        self.read(move |view| {
            let ids = of_user(view.state, user).map(|webhook| webhook.id);
            paging::newest_first(ids, &page, |id| view.state.webhooks.get(id).cloned())
        })
        .await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        change: WebhookChange,
        now: Timestamp,
    ) -> Result<Webhook> {
        self.commit(move |view, _| self::change(view.state, id, change, now))
            .await
    }

    async fn delete_webhook(&self, id: WebhookId) -> Result<()> {
        self.commit(move |view, _| {
            view.state.webhooks.find(id, "Webhook")?;
            let deletion = Change::Delete(Deletion::Webhook(id));
            Ok(Decision::new((), vec![deletion]))
        })
        .await
    }

    async fn insert_ping(&self, delivery: Delivery) -> Result<()> {
        self.commit(move |view, _| ping(view.state, delivery)).await
    }

    async fn delivery(&self, webhook: WebhookId, id: DeliveryId) -> Result<Delivery> {
        self.read(move |view| find(view.state, webhook, id).cloned())
            .await
    }

    async fn deliveries(
        &self,
        webhook: WebhookId,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        self.read(move |view| {
            let state = view.state;
            let wanted = state.deliveries.of(webhook).filter(|delivery| {
                filter.statuses.is_empty() || filter.statuses.contains(&delivery.status)
            });
            paging::newest_first(wanted.map(|delivery| delivery.id), &page, |id| {
                state.deliveries.rows().get(id).cloned()
            })
        })
        .await
    }

    async fn retry_delivery(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Delivery> {
        self.commit(move |view, moment| retry(view.state, moment, webhook, id, now))
            .await
    }

    async fn claim_delivery(
        &self,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<ClaimedDelivery>> {
        let at = self.now();
        // Pollers ask far more often than there is work: that must not queue for the lock.
        let idle = self
            .read(move |view| {
                let deliveries = &view.state.deliveries;
                Ok(deliveries.due(at).next().is_none() && deliveries.sending().next().is_none())
            })
            .await?;
        if idle {
            return Ok(None);
        }
        self.commit_knowing_the_dead(move |view, moment| Ok(claim(view.state, moment, lease, now)))
            .await
    }

    async fn finish_delivery(
        &self,
        id: DeliveryId,
        fence: Fence,
        report: AttemptReport,
        now: Timestamp,
    ) -> Result<()> {
        // Made here: the work below runs on another task.
        let disabling = Beside::of(report.disabling.clone());
        self.commit(move |view, moment| {
            finish(view.state, moment, (id, fence), report, &disabling, now)
        })
        .await
    }
}

fn of_user(state: &State, user: UserId) -> impl Iterator<Item = &Webhook> {
    let all = state.webhooks.values();
    all.filter(move |webhook| webhook.user_id == user)
}

fn insert(state: &State, webhook: Webhook, max: u32) -> Result<Decision<()>> {
    if state.webhooks.get(webhook.id).is_some() {
        let id = webhook.id;
        return Err(Error::conflict(format!("Webhook {id} already exists")));
    }
    if of_user(state, webhook.user_id).count() >= max as usize {
        let error = Error::new(
            ErrorCode::QuotaExceeded,
            format!("A user may have at most {max} webhooks"),
        );
        return Err(error.with_detail("max_webhooks", max));
    }
    Ok(Decision::new((), vec![webhook.into()]))
}

fn change(
    state: &State,
    id: WebhookId,
    change: WebhookChange,
    now: Timestamp,
) -> Result<Decision<Webhook>> {
    let mut webhook = state.webhooks.find(id, "Webhook")?.clone();
    webhook.name = change.name.unwrap_or(webhook.name);
    webhook.events = change.events.unwrap_or(webhook.events);
    if let Some(url) = change.url {
        webhook.url = url;
        webhook.failing_since = None;
    }
    if let Some(secret) = change.secret {
        let former = std::mem::replace(&mut webhook.secret, secret);
        webhook.former_secret = Some(FormerSecret {
            sealed: former,
            until: now.after(FORMER_SECRET_LIVES),
        });
    }
    let mut changes = Vec::new();
    match change.enabled {
        Some(true) if !webhook.enabled => {
            webhook.enabled = true;
            webhook.disabled_reason = None;
            webhook.failing_since = None;
        }
        Some(false) if webhook.enabled => {
            webhook.enabled = false;
            webhook.disabled_reason = Some(DisabledReason::ByUser);
            changes.extend(waiting_given_up(state, id, None, now));
        }
        _ => {}
    }
    webhook.updated_at = now;
    changes.push(webhook.clone().into());
    Ok(Decision::new(webhook, changes))
}

/// What waits for a webhook that was disabled, given up; but for `except`.
fn waiting_given_up(
    state: &State,
    webhook: WebhookId,
    except: Option<DeliveryId>,
    now: Timestamp,
) -> impl Iterator<Item = Change> {
    let deliveries = state.deliveries.of(webhook);
    let waiting = deliveries.filter(move |delivery| {
        delivery.status == DeliveryStatus::Pending && Some(delivery.id) != except
    });
    waiting.map(move |delivery| delivery.clone().given_up(DISABLED, now).into())
}

const DISABLED: &str = "the webhook was disabled";

fn ping(state: &State, delivery: Delivery) -> Result<Decision<()>> {
    let webhook = state.webhooks.find(delivery.webhook_id, "Webhook")?;
    check_enabled(webhook)?;
    let waits = |known: &Delivery| known.event == WebhookEvent::Ping && !known.status.is_final();
    if state.deliveries.of(webhook.id).any(waits) {
        return Err(Error::conflict(
            "A ping is on its way already; see the deliveries of the webhook",
        ));
    }
    let gone = outbox::displaced(state, webhook.id, 1, delivery.created_at);
    let changes = gone.chain([delivery.into()]).collect();
    Ok(Decision::new((), changes))
}

fn check_enabled(webhook: &Webhook) -> Result<()> {
    if webhook.enabled {
        return Ok(());
    }
    Err(Error::conflict(
        "The webhook is disabled; enable it with PATCH {\"enabled\": true}",
    ))
}

fn find(state: &State, webhook: WebhookId, id: DeliveryId) -> Result<&Delivery> {
    let known = state.deliveries.rows().get(id);
    known
        .filter(|delivery| delivery.webhook_id == webhook)
        .ok_or_else(|| Error::not_found("Delivery", id))
}

fn held(state: &State, id: DeliveryId, fence: Fence) -> Result<&Delivery> {
    let known = state.deliveries.rows().get(id);
    known
        .filter(|delivery| delivery.is_held_by(fence))
        .ok_or_else(|| lease_lost("delivery", id))
}

fn retry(
    state: &State,
    moment: &Moment<'_>,
    webhook: WebhookId,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Decision<Delivery>> {
    check_enabled(state.webhooks.find(webhook, "Webhook")?)?;
    let mut delivery = find(state, webhook, id)?.clone();
    if delivery.status == DeliveryStatus::Delivering {
        return Err(Error::conflict("The delivery is being sent right now"));
    }
    if delivery.status.is_final() && outbox::waiting(state, webhook) >= MAX_WAITING {
        let message = format!("{MAX_WAITING} deliveries wait already, the most there may be");
        return Err(Error::new(ErrorCode::QuotaExceeded, message).with_detail("limit", MAX_WAITING));
    }
    delivery.status = DeliveryStatus::Pending;
    delivery.tries = 0;
    delivery.next_attempt_at = moment.now;
    delivery.updated_at = now;
    Ok(Decision::new(delivery.clone(), vec![delivery.into()]))
}

fn claim(
    state: &State,
    moment: &Moment<'_>,
    lease: Duration,
    now: Timestamp,
) -> Decision<Option<ClaimedDelivery>> {
    let owner = |delivery: &Delivery| {
        let webhook = state.webhooks.get(delivery.webhook_id);
        webhook.map(|webhook| webhook.user_id)
    };
    let is_lost = |delivery: &&Delivery| moment.has_ended(delivery.lease.as_ref());
    let mut in_flight: BTreeMap<UserId, usize> = BTreeMap::new();
    let sending = state.deliveries.sending();
    for user in sending.filter(|it| !is_lost(it)).filter_map(owner) {
        *in_flight.entry(user).or_default() += 1;
    }
    let lost = state.deliveries.sending().filter(is_lost);
    let mut changes = Vec::new();
    for delivery in lost.chain(state.deliveries.due(moment.now)) {
        let Some(webhook) = state.webhooks.get(delivery.webhook_id) else {
            continue;
        };
        if let Some(why) = barred(state, webhook, delivery) {
            changes.push(delivery.clone().given_up(why, now).into());
            continue;
        }
        if in_flight.get(&webhook.user_id).copied() >= Some(MAX_IN_FLIGHT) {
            continue;
        }
        let mut delivery = delivery.clone();
        delivery.status = DeliveryStatus::Delivering;
        delivery.attempt += 1;
        delivery.tries += 1;
        delivery.fencing += 1;
        delivery.lease = Some(moment.lease(lease));
        delivery.updated_at = now;
        let fence = Fence {
            attempt: delivery.attempt,
            number: delivery.fencing,
        };
        changes.push(delivery.clone().into());
        let claimed = ClaimedDelivery {
            delivery,
            webhook: webhook.clone(),
            fence,
        };
        return Decision::new(Some(claimed), changes);
    }
    Decision::new(None, changes)
}

/// Why a delivery is not sent any more.
fn barred(state: &State, webhook: &Webhook, delivery: &Delivery) -> Option<&'static str> {
    let sees = |project| outbox::may_be_told(state, webhook.user_id, project);
    if !webhook.enabled {
        Some(DISABLED)
    } else if !delivery.project_id.is_none_or(sees) {
        Some("the owner of the webhook does not administrate the project any more")
    } else if delivery.tries >= MAX_TRIES {
        Some("the last attempt was interrupted")
    } else {
        None
    }
}

fn finish(
    state: &State,
    moment: &Moment<'_>,
    (id, fence): (DeliveryId, Fence),
    report: AttemptReport,
    disabling: &Beside,
    now: Timestamp,
) -> Result<Decision<()>> {
    let mut delivery = held(state, id, fence)?.clone();
    let before = state.webhooks.find(delivery.webhook_id, "Webhook")?;
    let has_moved = report.url != before.url;
    let webhook = match has_moved {
        true => before.clone(),
        false => before.clone().after_attempt(report.verdict, moment.now),
    };
    let mut attempt = report.attempt;
    attempt.number = delivery.attempt;
    attempt.at = now;
    delivery.note(attempt);
    delivery.lease = None;
    delivery.updated_at = now;
    delivery.status = match report.verdict {
        Verdict::Delivered => DeliveryStatus::Succeeded,
        Verdict::Again(_) | Verdict::GivenUp | Verdict::Gone if has_moved && webhook.enabled => {
            delivery.tries = 0;
            delivery.next_attempt_at = moment.now;
            DeliveryStatus::Pending
        }
        Verdict::Again(wait) if webhook.enabled => {
            delivery.next_attempt_at = moment.now.after(wait);
            DeliveryStatus::Pending
        }
        Verdict::Again(_) | Verdict::GivenUp | Verdict::Gone => DeliveryStatus::Failed,
    };
    let mut changes: Vec<Change> = vec![delivery.into()];
    if before.enabled && !webhook.enabled {
        let digests = (audit::digest(before)?, audit::digest(&webhook)?);
        let entry = disabling.entry(moment.now, Some(digests.0), Some(digests.1));
        changes.extend(waiting_given_up(state, webhook.id, Some(id), now));
        changes.push(entry.into());
    }
    if webhook != *before {
        changes.push(webhook.into());
    }
    Ok(Decision::new((), changes))
}
