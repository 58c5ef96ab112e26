//! Webhooks and their deliveries.

use crate::{
    api::extract::one_of,
    domain::{
        ids::ProjectId,
        webhook::{Attempt, Delivery, DeliveryStatus, Webhook, WebhookEvent},
    },
    error::{Error, FieldError, Result},
    services::webhooks::{SecretWish, WebhookPatch, WebhookWish},
    store::DeliveryFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// The wish for a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookRequest {
    /// A name to recognise it by, 1–200 characters.
    #[schema(example = "chat room")]
    pub name: Option<String>,
    /// Where to send to: https, on the public internet, at most 2048 characters.
    #[schema(example = "https://hooks.example.com/vega")]
    pub url: String,
    /// What to tell: `scan.completed`, `scan.failed`, `scan.cancelled`, `finding.created`,
    /// `finding.reopened`, `repository.ingested`, `repository.ingest_failed`.
    #[schema(example = json!(["scan.completed", "finding.created"]))]
    pub events: Vec<String>,
    /// Only of this project (`prj_…`), of which you must be an admin; of all you administrate when
    /// absent.
    pub project_id: Option<String>,
    /// Whether it begins at once; true when absent.
    pub enabled: Option<bool>,
    /// `whsec_` and 24 to 64 random bytes in base64; made for you when absent.
    pub secret: Option<String>,
}

impl CreateWebhookRequest {
    /// The wish, checked. The URL is the service's to judge.
    pub fn check(self) -> Result<WebhookWish> {
        let project = self.project_id.as_deref().map(project_id).transpose()?;
        Ok(WebhookWish {
            name: self
                .name
                .map(|name| super::name("name", &name))
                .transpose()?,
            url: self.url,
            events: events(&self.events)?,
            project_id: project,
            enabled: self.enabled.unwrap_or(true),
            secret: self.secret,
        })
    }
}

fn project_id(text: &str) -> Result<ProjectId> {
    text.parse()
        .map_err(|_| Error::not_found("Project", text.chars().take(100).collect::<String>()))
}

/// Reads names of events: at least one, each once.
fn events(words: &[String]) -> Result<Vec<WebhookEvent>> {
    let all = WebhookEvent::ALL.iter().copied();
    let known: Vec<_> = all.filter(|it| it.can_be_subscribed()).collect();
    let names: Vec<_> = known.iter().map(|it| it.as_str()).collect();
    if words.is_empty() {
        let message = format!("must name at least one of {}", names.join(", "));
        return Err(Error::field("events", message));
    }
    let mut events = Vec::new();
    let mut problems = Vec::new();
    for (index, word) in words.iter().enumerate().take(100) {
        match WebhookEvent::parse(word).filter(|it| it.can_be_subscribed()) {
            Some(event) => events.push(event),
            None => problems.push(FieldError::new(
                format!("events[{index}]"),
                format!("is not one of {}", names.join(", ")),
            )),
        }
    }
    super::all_of(problems)?;
    events.sort_unstable();
    events.dedup();
    Ok(events)
}

/// What is to be changed; absent fields stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhookRequest {
    /// 1–200 characters; null clears it.
    #[serde(default, deserialize_with = "super::nullable")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Where to send to.
    pub url: Option<String>,
    /// What to tell, in place of what was told.
    pub events: Option<Vec<String>>,
    /// Whether anything is sent. Disabling gives up what waits.
    pub enabled: Option<bool>,
    /// A new secret. The one before signs for 24 more hours, beside it.
    pub secret: Option<String>,
    /// True: make a new secret; the answer shows it, this once.
    #[serde(default)]
    pub rotate_secret: bool,
}

impl UpdateWebhookRequest {
    /// The change, checked. The URL is the service's to judge.
    pub fn check(self) -> Result<WebhookPatch> {
        let secret = match (self.secret, self.rotate_secret) {
            (Some(_), true) => {
                let message = "is for a secret that is made; leave out either";
                return Err(Error::field("rotate_secret", message));
            }
            (Some(secret), false) => SecretWish::Take(secret),
            (None, true) => SecretWish::Make,
            (None, false) => SecretWish::Keep,
        };
        let name = self
            .name
            .map(|name| name.map(|name| super::name("name", &name)).transpose());
        Ok(WebhookPatch {
            name: name.transpose()?,
            url: self.url,
            events: self.events.as_deref().map(events).transpose()?,
            enabled: self.enabled,
            secret,
        })
    }
}

/// A webhook. Its secret is shown when it is made and never again.
#[derive(Serialize, ToSchema)]
pub struct WebhookDto {
    /// Identity (`whk_…`).
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Where it sends to.
    pub url: String,
    /// What it tells.
    pub events: Vec<String>,
    /// The only project it tells of.
    pub project_id: Option<String>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// `by_user`, `gone` (the receiver answered 410) or `failing` (nothing delivered for days).
    pub disabled_reason: Option<String>,
    /// Since when every attempt has failed (RFC 3339).
    pub failing_since: Option<String>,
    /// When the receiver last took something (RFC 3339).
    pub last_success_at: Option<String>,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// When it was last changed (RFC 3339).
    pub updated_at: String,
    /// The secret that signs, if it was just made; it cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl WebhookDto {
    /// With a secret to be shown this once.
    pub fn with_secret(webhook: Webhook, secret: Option<String>) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name,
            url: webhook.url,
            events: webhook.events.iter().map(ToString::to_string).collect(),
            project_id: webhook.project_id.map(|id| id.to_string()),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.map(|reason| reason.to_string()),
            failing_since: webhook.failing_since.map(|time| time.to_string()),
            last_success_at: webhook.last_success_at.map(|time| time.to_string()),
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
            secret,
        }
    }
}

impl From<Webhook> for WebhookDto {
    fn from(webhook: Webhook) -> Self {
        Self::with_secret(webhook, None)
    }
}

/// Parameters of the list of deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryListParams {
    /// Only these statuses, as a comma list of `pending`, `delivering`, `succeeded`, `failed`.
    pub status: Option<String>,
    /// At most this many, 1–200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// Continue here; from the `Link` header.
    pub cursor: Option<String>,
}

impl DeliveryListParams {
    /// The filter, checked.
    pub fn filter(&self) -> Result<DeliveryFilter> {
        let known: Vec<_> = DeliveryStatus::ALL.iter().map(|it| it.as_str()).collect();
        let asked = self.status.as_deref();
        Ok(DeliveryFilter {
            statuses: one_of("status", asked, DeliveryStatus::parse, &known)?,
        })
    }
}

/// One attempt of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptDto {
    /// Which one, from 1.
    pub number: u32,
    /// When it ended (RFC 3339).
    pub at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The status of the answer, if there was one.
    pub response_status: Option<u16>,
    /// The beginning of the answer; of the last attempt only.
    pub response_body: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl From<Attempt> for AttemptDto {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at.to_string(),
            duration_ms: attempt.duration_ms,
            response_status: attempt.response_status,
            response_body: attempt.response_body,
            error: attempt.error,
        }
    }
}

/// One thing told to one webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDto {
    /// Identity (`whd_…`); `webhook-id` of every attempt.
    pub id: String,
    /// The webhook.
    pub webhook_id: String,
    /// What it tells.
    #[schema(example = "scan.completed")]
    pub event: String,
    /// The project it tells of.
    pub project_id: Option<String>,
    /// `pending`, `delivering`, `succeeded` or `failed`.
    pub status: String,
    /// How often it was started.
    pub attempt: u32,
    /// When a pending one is due (RFC 3339).
    pub next_attempt_at: Option<String>,
    /// The newest attempts, oldest first.
    pub attempts: Vec<AttemptDto>,
    /// When it happened (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
    /// What is sent; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Value>,
}

impl DeliveryDto {
    /// With what is sent.
    pub fn with_payload(delivery: Delivery) -> Self {
        let payload = delivery.envelope();
        Self {
            payload: Some(payload),
            ..Self::from(delivery)
        }
    }
}

impl From<Delivery> for DeliveryDto {
    fn from(delivery: Delivery) -> Self {
        let due = (delivery.status == DeliveryStatus::Pending).then_some(delivery.next_attempt_at);
        Self {
            id: delivery.id.to_string(),
            webhook_id: delivery.webhook_id.to_string(),
            event: delivery.event.to_string(),
            project_id: delivery.project_id.map(|id| id.to_string()),
            status: delivery.status.to_string(),
            attempt: delivery.attempt,
            next_attempt_at: due.map(|time| time.to_string()),
            attempts: delivery.attempts.into_iter().map(Into::into).collect(),
            created_at: delivery.created_at.to_string(),
            updated_at: delivery.updated_at.to_string(),
            payload: None,
        }
    }
}
