//! Webhooks of the caller, and what became of their deliveries.
//!
//! Deliveries themselves are added by the store (see [`crate::store::webhooks`]) and sent by
//! [`deliver`].

pub mod deliver;

use super::{access, audit};
use crate::{
    auth::webhook_secrets,
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::{DeliveryId, ProjectId, WebhookId},
        project::ProjectRole,
        repository::SealedSecret,
        webhook::{Delivery, Webhook, WebhookEvent},
    },
    error::{Error, Result},
    net::target,
    store::{DeliveryFilter, Page, PageRequest, WebhookChange},
};
use serde_json::{Value, json};

/// The wish for a webhook.
#[derive(Debug)]
pub struct WebhookWish {
    /// A name to recognise it by.
    pub name: Option<String>,
    /// Where to send to.
    pub url: String,
    /// What to tell.
    pub events: Vec<WebhookEvent>,
    /// Only of this project, of which the caller must be an admin.
    pub project_id: Option<ProjectId>,
    /// Whether it begins at once.
    pub enabled: bool,
    /// The secret; made when absent.
    pub secret: Option<String>,
}

/// What becomes of a webhook's secret.
#[derive(Debug, Default)]
pub enum SecretWish {
    /// It stays.
    #[default]
    Keep,
    /// A new one is made.
    Make,
    /// This one takes its place.
    Take(String),
}

/// What is to be changed; absent fields stay.
#[derive(Debug, Default)]
pub struct WebhookPatch {
    /// The name; `Some(None)` clears it.
    pub name: Option<Option<String>>,
    /// Where to send to.
    pub url: Option<String>,
    /// What to tell.
    pub events: Option<Vec<WebhookEvent>>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
    /// The secret.
    pub secret: SecretWish,
}

/// Makes a webhook. Returns it with its secret, which is never shown again.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    wish: WebhookWish,
) -> Result<(Webhook, String)> {
    let url = checked_url(ctx, &wish.url)?;
    if let Some(project) = wish.project_id {
        access::project_as(&ctx.app.store, actor, project, ProjectRole::Admin).await?;
    }
    let id = new_id();
    let secret = wish.secret.unwrap_or_else(webhook_secrets::generate);
    let now = ctx.app.clock.now();
    let webhook = Webhook {
        id,
        user_id: actor.user_id,
        name: wish.name,
        url,
        events: wish.events,
        project_id: wish.project_id,
        secret: sealed(ctx, id, &secret)?,
        former_secret: None,
        enabled: wish.enabled,
        disabled_reason: None,
        failing_since: None,
        last_success_at: None,
        created_at: now,
        updated_at: now,
    };
    let max = ctx.webhooks.max_per_user;
    let inserted = ctx.app.store.insert_webhook(webhook.clone(), max);
    audit::by(actor, AuditAction::WebhookCreated, id, inserted).await?;
    Ok((webhook, secret))
}

fn checked_url(ctx: &ServeContext, url: &str) -> Result<String> {
    let target = target::parse(url, &ctx.webhooks.allow_private_hosts);
    match target {
        Ok(target) => Ok(target.url.into()),
        Err(why) if could_be_excepted(url) => Err(Error::field(
            "url",
            format!("{why}, unless VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS names the host"),
        )),
        Err(why) => Err(Error::field("url", why)),
    }
}

/// Whether nothing is wrong with a URL but where it leads.
fn could_be_excepted(url: &str) -> bool {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.and_then(|url| match url.host()? {
        url::Host::Domain(name) => Some(name.trim_end_matches('.').to_owned()),
        url::Host::Ipv4(address) => Some(address.to_string()),
        url::Host::Ipv6(address) => Some(address.to_string()),
    });
    host.is_some_and(|host| target::parse(url, &[host]).is_ok())
}

/// Checks and seals a secret for the webhook it belongs to.
fn sealed(ctx: &ServeContext, id: WebhookId, secret: &str) -> Result<SealedSecret> {
    webhook_secrets::check(secret)?;
    ctx.sealing.seal(secret, &id.to_string())
}

/// A webhook of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: WebhookId) -> Result<Webhook> {
    let webhook = ctx.app.store.webhook(id).await?;
    if webhook.user_id == actor.user_id {
        Ok(webhook)
    } else {
        Err(Error::not_found("Webhook", id))
    }
}

/// The caller's webhooks, newest first.
pub async fn list(ctx: &ServeContext, actor: &Actor, page: PageRequest) -> Result<Page<Webhook>> {
    ctx.app.store.webhooks(actor.user_id, page).await
}

/// Changes a webhook of the caller. Returns a secret that was made for it, this once.
pub async fn change(
    ctx: &ServeContext,
    actor: &Actor,
    id: WebhookId,
    patch: WebhookPatch,
) -> Result<(Webhook, Option<String>)> {
    get(ctx, actor, id).await?;
    let url = patch.url.as_deref().map(|url| checked_url(ctx, url));
    let (secret, shown) = match patch.secret {
        SecretWish::Keep => (None, None),
        SecretWish::Take(secret) => (Some(secret), None),
        SecretWish::Make => {
            let made = webhook_secrets::generate();
            (Some(made.clone()), Some(made))
        }
    };
    let secret = secret.map(|secret| sealed(ctx, id, &secret));
    let change = WebhookChange {
        name: patch.name,
        url: url.transpose()?,
        events: patch.events,
        enabled: patch.enabled,
        secret: secret.transpose()?,
    };
    let store = &ctx.app.store;
    let changed = store.change_webhook(id, change, ctx.app.clock.now());
    let webhook = audit::by(actor, AuditAction::WebhookChanged, id, changed).await?;
    Ok((webhook, shown))
}

/// Removes a webhook of the caller with its deliveries.
pub async fn delete(ctx: &ServeContext, actor: &Actor, id: WebhookId) -> Result<()> {
    get(ctx, actor, id).await?;
    let deleted = ctx.app.store.delete_webhook(id);
    audit::by(actor, AuditAction::WebhookDeleted, id, deleted).await
}

/// Sends a test to a webhook of the caller.
pub async fn ping(ctx: &ServeContext, actor: &Actor, id: WebhookId) -> Result<Delivery> {
    get(ctx, actor, id).await?;
    let data = json!({ "message": "This is a test that the owner of this webhook asked for." });
    let now = ctx.app.clock.now();
    let delivery = Delivery::new(new_id(), id, WebhookEvent::Ping, None, data, now);
    let inserted = ctx.app.store.insert_ping(delivery.clone());
    audit::by(actor, AuditAction::DeliveryRequested, id, inserted).await?;
    ctx.delivery_due.notify_one();
    Ok(delivery)
}

/// The deliveries of a webhook of the caller, newest first.
pub async fn deliveries(
    ctx: &ServeContext,
    actor: &Actor,
    id: WebhookId,
    filter: DeliveryFilter,
    page: PageRequest,
) -> Result<Page<Delivery>> {
    get(ctx, actor, id).await?;
    ctx.app.store.deliveries(id, filter, page).await
}

/// One delivery of a webhook of the caller. What it says is left out once the caller may not be told
/// of its project any more.
pub async fn delivery(
    ctx: &ServeContext,
    actor: &Actor,
    (id, delivery): (WebhookId, DeliveryId),
) -> Result<Delivery> {
    get(ctx, actor, id).await?;
    let mut delivery = ctx.app.store.delivery(id, delivery).await?;
    if let Some(project) = delivery.project_id {
        let store = &ctx.app.store;
        match access::project_as(store, actor, project, ProjectRole::Admin).await {
            Ok(_) => {}
            Err(error) if error.code().status() >= 500 => return Err(error),
            Err(_) => delivery.data = Value::Null,
        }
    }
    Ok(delivery)
}

/// Sends a delivery again, now.
pub async fn retry(
    ctx: &ServeContext,
    actor: &Actor,
    (id, delivery): (WebhookId, DeliveryId),
) -> Result<Delivery> {
    get(ctx, actor, id).await?;
    let now = ctx.app.clock.now();
    let due = ctx.app.store.retry_delivery(id, delivery, now);
    let delivery = audit::by(actor, AuditAction::DeliveryRequested, id, due).await?;
    ctx.delivery_due.notify_one();
    Ok(delivery)
}
