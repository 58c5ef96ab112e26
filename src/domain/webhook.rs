//! Webhooks: what users want to be told, and each piece of telling (a *delivery*).
//!
//! A delivery is written in the same commit as what it tells of and keeps its whole content, so that
//! every attempt sends the same bytes under the same id. The receiver may get one more than once,
//! never none. This file knows neither HTTP nor signatures.

pub mod payload;

use super::{
    ids::{DeliveryId, ProjectId, UserId, WebhookId},
    lease::{Fence, Lease},
    repository::SealedSecret,
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

text_enum! {
    /// What can be told.
    WebhookEvent {
        /// A scan completed, perhaps with gaps.
        ScanCompleted = "scan.completed",
        /// A scan ended without a result.
        ScanFailed = "scan.failed",
        /// A scan was called off.
        ScanCancelled = "scan.cancelled",
        /// A scan that ended saw findings for the first time; one delivery for all of them.
        FindingCreated = "finding.created",
        /// A scan that ended saw findings again that had been resolved; one delivery for all.
        FindingReopened = "finding.reopened",
        /// New source is ready to be scanned.
        RepositoryIngested = "repository.ingested",
        /// New source could not be brought in.
        RepositoryIngestFailed = "repository.ingest_failed",
        /// The owner asked for a test; sent to every webhook, never subscribed to.
        Ping = "webhook.ping",
    }
}

impl WebhookEvent {
    /// Whether a webhook can ask for it.
    pub fn can_be_subscribed(self) -> bool {
        self != Self::Ping
    }
}

text_enum! {
    /// Who or what disabled a webhook.
    DisabledReason {
        /// Its owner.
        ByUser = "by_user",
        /// The receiver answered 410 Gone.
        Gone = "gone",
        /// Nothing was delivered for days.
        Failing = "failing",
    }
}

text_enum! {
    /// How far a delivery has come.
    DeliveryStatus {
        /// Waiting for its next attempt.
        Pending = "pending",
        /// A process is sending it.
        Delivering = "delivering",
        /// The receiver took it.
        Succeeded = "succeeded",
        /// Given up; see the last attempt.
        Failed = "failed",
    }
}

impl DeliveryStatus {
    /// Whether no attempt follows by itself.
    pub fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Delivering => false,
            Self::Succeeded | Self::Failed => true,
        }
    }
}

/// Version of the envelope that receivers read.
pub const SCHEMA_VERSION: u32 = 1;
/// Attempts of a delivery before it is given up.
pub const MAX_TRIES: u32 = 8;
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(12 * 3600);
/// A webhook that has delivered nothing for this long is disabled when it gives a delivery up.
pub const FAILING_TOO_LONG: Duration = Duration::from_secs(3 * 24 * 3600);
/// How long the secret before a change still signs, beside the new one.
pub const FORMER_SECRET_LIVES: Duration = Duration::from_secs(24 * 3600);
/// Attempts a delivery remembers.
const KEPT_ATTEMPTS: usize = 20;
/// Deliveries a webhook keeps; the oldest that have ended go first.
pub const MAX_KEPT: usize = 1_000;
/// Of these, deliveries that wait or are being sent. When more come, the oldest that wait are given
/// up; the rest of [`MAX_KEPT`] is room to see that.
pub const MAX_WAITING: usize = 900;
/// Deliveries to the webhooks of one user that are being sent at once, over all processes. A slow
/// receiver must not keep others waiting.
pub const MAX_IN_FLIGHT: usize = 4;

/// How long to wait after try number `tries` (from 1); `None` when that was the last one.
///
/// `base` × 4^(tries − 1), at most 12 h, spread by ±20 % so that what failed together does not come
/// back together. With 30 s: 30 s, 2 min, 8 min, 32 min, 2 h, 8.5 h, 12 h. `roll` is random.
pub fn wait_after(tries: u32, base: Duration, roll: u8) -> Option<Duration> {
    if tries >= MAX_TRIES {
        return None;
    }
    let factor = 4_u32.saturating_pow(tries.saturating_sub(1));
    let wait = base.saturating_mul(factor).min(LONGEST_WAIT);
    Some(wait.mul_f64(0.8 + 0.4 * f64::from(roll) / 255.0))
}

/// A secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// As it was stored.
    pub sealed: SealedSecret,
    /// Until when it still signs.
    pub until: Timestamp,
}

/// A wish to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Identity.
    pub id: WebhookId,
    /// The owner. They are told of projects in which they are admin or owner when it happens.
    pub user_id: UserId,
    /// A name to recognise it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where to send to. May hold a secret in its query: never logged.
    pub url: String,
    /// What to tell.
    pub events: Vec<WebhookEvent>,
    /// Only of this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// Signs deliveries; sealed, never shown again.
    pub secret: SealedSecret,
    /// The secret before the last change, while receivers learn the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_secret: Option<FormerSecret>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<DisabledReason>,
    /// Since when every attempt has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When the receiver last took something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// Whether it asks for `event` in `project`. The owner's role there is another question.
    pub fn wants(&self, event: WebhookEvent, project: ProjectId) -> bool {
        self.enabled
            && self.events.contains(&event)
            && self.project_id.is_none_or(|only| only == project)
    }

    /// The webhook after an attempt; whether this attempt disabled it is seen by comparing.
    #[must_use]
    pub fn after_attempt(mut self, verdict: Verdict, now: Timestamp) -> Self {
        if verdict == Verdict::Delivered {
            self.failing_since = None;
            self.last_success_at = Some(now);
            return self;
        }
        let since = *self.failing_since.get_or_insert(now);
        let reason = match verdict {
            Verdict::Gone => Some(DisabledReason::Gone),
            Verdict::GivenUp if now.since(since) >= FAILING_TOO_LONG => {
                Some(DisabledReason::Failing)
            }
            Verdict::Delivered | Verdict::Again(_) | Verdict::GivenUp => None,
        };
        if let Some(reason) = reason.filter(|_| self.enabled) {
            self.enabled = false;
            self.disabled_reason = Some(reason);
            self.updated_at = now;
        }
        self
    }
}

/// What an attempt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered,
    /// Not taken; the next attempt comes after this long.
    Again(Duration),
    /// Not taken, and that was the last attempt.
    GivenUp,
    /// The receiver wants nothing any more.
    Gone,
}

/// One attempt, as the log of deliveries shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The status of the answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_status: Option<u16>,
    /// The beginning of the answer, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// Why it failed; none when the receiver took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One thing told to one webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Identity; the same in every attempt, so that receivers can drop repetitions.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook_id: WebhookId,
    /// The project it tells of; none for a ping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// What it tells.
    pub event: WebhookEvent,
    /// The content by event, see [`payload`].
    pub data: Value,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// How often it was started.
    pub attempt: u32,
    /// How often since it was created, or since somebody asked for it again.
    pub tries: u32,
    /// The newest fencing number.
    pub fencing: u64,
    /// Who sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// When a pending one is due, by the store's clock.
    pub next_attempt_at: Timestamp,
    /// The newest attempts; only the last keeps what was answered.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Delivery {
    /// A delivery that is due at once.
    pub fn new(
        id: DeliveryId,
        webhook_id: WebhookId,
        event: WebhookEvent,
        project_id: Option<ProjectId>,
        data: Value,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            webhook_id,
            project_id,
            event,
            data,
            status: DeliveryStatus::Pending,
            attempt: 0,
            tries: 0,
            fencing: 0,
            lease: None,
            next_attempt_at: now,
            attempts: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// What the receiver reads.
    pub fn envelope(&self) -> Value {
        json!({
            "schema_version": SCHEMA_VERSION,
            "id": self.id.to_string(),
            "type": self.event,
            "created_at": self.created_at,
            "data": self.data,
        })
    }

    /// Whether `fence` is the one its current sender was given.
    pub fn is_held_by(&self, fence: Fence) -> bool {
        self.status == DeliveryStatus::Delivering && self.fencing == fence.number
    }

    /// Notes an attempt. What earlier ones were answered is let go.
    pub fn note(&mut self, attempt: Attempt) {
        for earlier in &mut self.attempts {
            earlier.response_body = None;
        }
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(KEPT_ATTEMPTS);
        self.attempts.drain(..surplus);
    }

    /// Ends it without another attempt, because of `why`.
    #[must_use]
    pub fn given_up(mut self, why: &str, now: Timestamp) -> Self {
        self.note(Attempt {
            number: self.attempt,
            at: now,
            duration_ms: 0,
            response_status: None,
            response_body: None,
            error: Some(why.to_owned()),
        });
        self.status = DeliveryStatus::Failed;
        self.lease = None;
        self.updated_at = now;
        self
    }
}

#[cfg(test)]
mod tests;
