//! Deliveries of webhooks, by where they go and by when they are due.

use super::table::{Groups, Table};
use crate::domain::{
    ids::{DeliveryId, WebhookId},
    time::Timestamp,
    webhook::{Delivery, DeliveryStatus},
};
use std::collections::BTreeSet;

/// Every delivery.
#[derive(Debug, Default)]
pub struct Deliveries {
    rows: Table<DeliveryId, Delivery>,
    of_webhook: Groups<WebhookId, DeliveryId>,
    pending: BTreeSet<(Timestamp, DeliveryId)>,
    sending: BTreeSet<DeliveryId>,
}

impl Deliveries {
    /// The rows.
    pub fn rows(&self) -> &Table<DeliveryId, Delivery> {
        &self.rows
    }

    /// The deliveries of a webhook, oldest first.
    pub fn of(&self, webhook: WebhookId) -> impl DoubleEndedIterator<Item = &Delivery> + Clone {
        let ids = self.of_webhook.of(&webhook);
        ids.filter_map(|id| self.rows.get(*id))
    }

    /// How many a webhook has.
    pub fn count_of(&self, webhook: WebhookId) -> usize {
        usize::try_from(self.of_webhook.count(&webhook)).unwrap_or(usize::MAX)
    }

    /// Those that wait and are due at `now`, the longest due first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &Delivery> {
        let due = self.pending.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(|(_, id)| self.rows.get(*id))
    }

    /// Those that somebody sends, or was sending when they died.
    pub fn sending(&self) -> impl Iterator<Item = &Delivery> {
        self.sending.iter().filter_map(|id| self.rows.get(*id))
    }

    /// How many wait for an attempt.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn put(&mut self, delivery: Delivery, len: u32) {
        self.unlist(delivery.id);
        self.of_webhook.add(delivery.webhook_id, delivery.id);
        match delivery.status {
            DeliveryStatus::Pending => {
                self.pending.insert((delivery.next_attempt_at, delivery.id));
            }
            DeliveryStatus::Delivering => {
                self.sending.insert(delivery.id);
            }
            DeliveryStatus::Succeeded | DeliveryStatus::Failed => {}
        }
        self.rows.put(delivery.id, delivery, len);
    }

    pub(super) fn remove(&mut self, id: DeliveryId) {
        self.unlist(id);
        if let Some(delivery) = self.rows.remove(id) {
            self.of_webhook.remove(&delivery.webhook_id, &id);
        }
    }

    pub(super) fn remove_all_of(&mut self, webhook: WebhookId) {
        for id in self.of_webhook.take(&webhook) {
            self.unlist(id);
            self.rows.remove(id);
        }
    }

    fn unlist(&mut self, id: DeliveryId) {
        if let Some(known) = self.rows.get(id) {
            self.pending.remove(&(known.next_attempt_at, id));
            self.sending.remove(&id);
        }
    }
}
