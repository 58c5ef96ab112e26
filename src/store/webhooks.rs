//! Webhooks and their deliveries.
//!
//! **The outbox**: a commit that ends a scan or an ingest also adds a delivery for every webhook that
//! is to be told, by the rules of [`crate::domain::webhook`]. No caller asks for it and none can
//! forget it; what was committed is delivered at least once, whoever dies when.

use super::{Page, PageRequest, beside::Draft};
use crate::{
    domain::{
        ids::{DeliveryId, UserId, WebhookId},
        lease::Fence,
        repository::SealedSecret,
        time::Timestamp,
        webhook::{Attempt, Delivery, DeliveryStatus, Verdict, Webhook, WebhookEvent},
    },
    error::Result,
};
use std::time::Duration;

/// What is to be changed; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// The name; `Some(None)` clears it.
    pub name: Option<Option<String>>,
    /// Where to send to.
    pub url: Option<String>,
    /// What to tell.
    pub events: Option<Vec<WebhookEvent>>,
    /// Whether anything is sent. Disabling gives up what waits.
    pub enabled: Option<bool>,
    /// A new secret; the old one signs for a while, beside it.
    pub secret: Option<SealedSecret>,
}

/// Which deliveries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only with one of these statuses; empty = all.
    pub statuses: Vec<DeliveryStatus>,
}

/// A delivery that now is the caller's to send.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    /// The delivery, being sent.
    pub delivery: Delivery,
    /// Where it goes.
    pub webhook: Webhook,
    /// The proof to show when reporting.
    pub fence: Fence,
}

/// How an attempt went.
#[derive(Debug, Clone)]
pub struct AttemptReport {
    /// Where it was sent to, from [`ClaimedDelivery::webhook`].
    pub url: String,
    /// For the log; its number and time are the store's to fill in.
    pub attempt: Attempt,
    /// What follows.
    pub verdict: Verdict,
    /// The audit entry to write if this disables the webhook.
    pub disabling: Draft,
}

/// Webhooks.
#[async_trait::async_trait]
pub trait WebhookStore: Send + Sync {
    /// Adds a webhook; `quota_exceeded` when its user has `max` already.
    async fn insert_webhook(&self, webhook: Webhook, max: u32) -> Result<()>;
    /// The webhook, or `not_found`.
    async fn webhook(&self, id: WebhookId) -> Result<Webhook>;
    /// The user's webhooks, newest first.
    async fn webhooks(&self, user: UserId, page: PageRequest) -> Result<Page<Webhook>>;
    /// Changes a webhook and returns its new state.
    async fn change_webhook(
        &self,
        id: WebhookId,
        change: WebhookChange,
        now: Timestamp,
    ) -> Result<Webhook>;
    /// Removes a webhook with its deliveries. One that is being sent may still arrive.
    async fn delete_webhook(&self, id: WebhookId) -> Result<()>;
    /// Adds a test delivery; `conflict` when one waits already, or the webhook is disabled.
    async fn insert_ping(&self, delivery: Delivery) -> Result<()>;
    /// A delivery of this webhook, or `not_found`.
    async fn delivery(&self, webhook: WebhookId, id: DeliveryId) -> Result<Delivery>;
    /// The webhook's deliveries, newest first.
    async fn deliveries(
        &self,
        webhook: WebhookId,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>>;
    /// Makes a delivery due at once, with all its tries before it; also one that succeeded.
    /// `conflict` while it is being sent, and when the webhook is disabled; `quota_exceeded` when too
    /// many wait.
    async fn retry_delivery(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Delivery>;
    /// Takes a delivery that is due, or one whose sender is dead or whose lease expired. At most
    /// [`crate::domain::webhook::MAX_IN_FLIGHT`] of one user are being sent at once. What its user
    /// may not see any more, or has no tries left, is given up on the way.
    async fn claim_delivery(
        &self,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<ClaimedDelivery>>;
    /// Notes an attempt and what follows, for the delivery and its webhook, in one change. What an
    /// address answered that the webhook does not have any more says nothing about the webhook: a
    /// delivery not taken there is due at once at the new one.
    async fn finish_delivery(
        &self,
        id: DeliveryId,
        fence: Fence,
        report: AttemptReport,
        now: Timestamp,
    ) -> Result<()>;
}
