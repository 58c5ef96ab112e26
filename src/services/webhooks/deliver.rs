//! Sending deliveries: takes what is due, sends it once, notes how it went.
//!
//! At least once: who dies between sending and noting leaves a lease that ends, and the next
//! process sends the same bytes under the same id. No URL is logged: its query may hold secrets.

use super::super::audit;
use crate::{
    auth::webhook_secrets,
    clock::{Stopwatch, random_bytes},
    context::ServeContext,
    domain::{
        audit::{AuditAction, AuditActor},
        lease::is_lease_lost,
        webhook::{Attempt, Delivery, Verdict, Webhook, wait_after},
    },
    error::{Error, Result},
    net::{
        egress,
        post::{Answer, NoAnswer, Poster},
        target::{self, Target},
    },
    shutdown::blocking,
    store::{AttemptReport, ClaimedDelivery},
    telemetry::metrics,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::{OnceCell, Semaphore};

/// Deliveries one process sends at once.
const CONCURRENCY: usize = 8;
/// How often the store is asked without being rung.
const POLL: Duration = Duration::from_secs(1);
/// How long an attempt is its sender's alone: longer than it can take, so it is never renewed.
const LEASE: Duration = Duration::from_secs(60);

/// How an attempt went.
enum Outcome {
    /// There is an answer.
    Answered(Answer),
    /// The address may not be connected to, or has none.
    Refused(String),
    /// There is no answer.
    Silent(NoAnswer),
    /// It could not be tried.
    Broken,
}

/// Sends until the process is to end; what is being sent then is finished.
pub async fn run_loop(ctx: ServeContext) {
    let token = ctx.app.tasks.token();
    // Made for the first delivery: most servers have none, and certificates take memory.
    let poster = Arc::new(OnceCell::new());
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    while !token.is_cancelled() {
        let slot = tokio::select! {
            () = token.cancelled() => return,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let Ok(slot) = slot else {
            return;
        };
        let now = ctx.app.clock.now();
        match ctx.app.store.claim_delivery(LEASE, now).await {
            Ok(Some(claimed)) => {
                let (ctx, poster) = (ctx.clone(), Arc::clone(&poster));
                let tasks = ctx.app.tasks.clone();
                tasks.spawn(async move {
                    send(&ctx, &poster, claimed).await;
                    drop(slot);
                    // Others of the same user may have waited for this one.
                    ctx.delivery_due.notify_one();
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, cause = ?error, "deliveries cannot be claimed"),
        }
        drop(slot);
        tokio::select! {
            () = token.cancelled() => {}
            () = ctx.delivery_due.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// One attempt, and the note of it.
async fn send(ctx: &ServeContext, poster: &OnceCell<Poster>, claimed: ClaimedDelivery) {
    let ClaimedDelivery {
        delivery,
        webhook,
        fence,
    } = claimed;
    let watch = Stopwatch::start();
    let outcome = match attempt(ctx, poster, &delivery, &webhook).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(delivery_id = %delivery.id, %error, cause = ?error, "a delivery broke");
            Outcome::Broken
        }
    };
    let took = watch.elapsed();
    metrics::delivery_attempted(outcome.word(), took);
    let [roll] = random_bytes::<1>();
    let again = wait_after(delivery.tries, ctx.webhooks.retry_base, roll);
    let verdict = outcome.verdict(again);
    tracing::info!(
        delivery_id = %delivery.id,
        webhook_id = %webhook.id,
        user_id = %webhook.user_id,
        event = %delivery.event,
        attempt = delivery.attempt,
        outcome = outcome.word(),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "tried to deliver to a webhook"
    );
    let report = AttemptReport {
        url: webhook.url.clone(),
        attempt: outcome.into_attempt(took),
        verdict,
        disabling: audit::draft(AuditActor::Server, AuditAction::WebhookDisabled, webhook.id),
    };
    let now = ctx.app.clock.now();
    let noted = ctx
        .app
        .store
        .finish_delivery(delivery.id, fence, report, now);
    match noted.await {
        Ok(()) => {}
        // Also when the webhook was removed meanwhile.
        Err(error) if is_lease_lost(&error) => metrics::lease_lost("delivery"),
        // It is sent again when the lease ends.
        Err(error) => {
            tracing::error!(delivery_id = %delivery.id, %error, cause = ?error, "an attempt cannot be noted");
        }
    }
}

async fn attempt(
    ctx: &ServeContext,
    poster: &OnceCell<Poster>,
    delivery: &Delivery,
    webhook: &Webhook,
) -> Result<Outcome> {
    let watch = Stopwatch::start();
    let limit = ctx.webhooks.timeout;
    // The list of exceptions may have changed since the URL was accepted.
    let target = match target::parse(&webhook.url, &ctx.webhooks.allow_private_hosts) {
        Ok(target) => target,
        Err(why) => return Ok(Outcome::Refused(format!("the URL {why}"))),
    };
    let looked_up = tokio::time::timeout(limit, addresses(ctx, &target)).await;
    let addresses = match looked_up {
        Err(_) => return Ok(Outcome::Silent(NoAnswer::Timeout)),
        // One sentence for both, so that names of the own network cannot be told apart from others.
        Ok(addresses) => match addresses? {
            None => {
                return Ok(Outcome::Refused(
                    "the host has no public address".to_owned(),
                ));
            }
            Some(addresses) => addresses,
        },
    };
    let poster = poster.get_or_try_init(|| blocking(Poster::new)).await?;
    let body = serde_json::to_vec(&delivery.envelope())
        .map_err(|error| Error::internal("a delivery cannot be written", error))?;
    let headers = headers(ctx, delivery, webhook, &body)?;
    let left = limit.saturating_sub(watch.elapsed());
    let answer = poster.post(&target, &addresses, headers, body, left);
    Ok(match answer.await? {
        Ok(answer) => Outcome::Answered(answer),
        Err(silent) => Outcome::Silent(silent),
    })
}

/// Where the target's host leads, if it may be connected to.
async fn addresses(ctx: &ServeContext, target: &Target) -> Result<Option<Vec<IpAddr>>> {
    let (host, port) = (target.host.clone(), target.port);
    let exceptions = ctx.webhooks.allow_private_hosts.clone();
    blocking(move || {
        Ok(match egress::judge(&host, port, &exceptions) {
            egress::Verdict::Connect(addresses) => Some(addresses),
            egress::Verdict::Refused | egress::Verdict::Unresolved(_) => None,
        })
    })
    .await
}

fn headers(
    ctx: &ServeContext,
    delivery: &Delivery,
    webhook: &Webhook,
    body: &[u8],
) -> Result<Vec<(&'static str, String)>> {
    let now = ctx.app.clock.now();
    let owner = webhook.id.to_string();
    let former = webhook.former_secret.as_ref();
    let former = former.filter(|former| former.until > now);
    let sealed = [Some(&webhook.secret), former.map(|former| &former.sealed)];
    let secrets: Vec<String> = sealed
        .into_iter()
        .flatten()
        .map(|sealed| ctx.sealing.open(sealed, &owner))
        .collect::<Result<_>>()?;
    let id = delivery.id.to_string();
    let timestamp = now.millis() / 1000;
    let signature = webhook_secrets::sign(&secrets, &id, timestamp, body)?;
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ])
}

impl Outcome {
    /// For metrics and logs.
    fn word(&self) -> &'static str {
        match self {
            Self::Answered(answer) => match answer.status {
                200..=299 => "delivered",
                300..=399 => "redirected",
                _ => "rejected",
            },
            Self::Refused(_) => "refused",
            Self::Silent(NoAnswer::Timeout) => "timeout",
            Self::Silent(NoAnswer::Unreachable | NoAnswer::Tls) => "unreachable",
            Self::Broken => "broken",
        }
    }

    /// What follows; `again` is the wait before the next attempt, if there is one.
    fn verdict(&self, again: Option<Duration>) -> Verdict {
        match self {
            Self::Answered(answer) if answer.status == 410 => Verdict::Gone,
            Self::Answered(answer) if (200..300).contains(&answer.status) => Verdict::Delivered,
            Self::Answered(_) | Self::Refused(_) | Self::Silent(_) | Self::Broken => {
                again.map_or(Verdict::GivenUp, Verdict::Again)
            }
        }
    }

    fn into_attempt(self, took: Duration) -> Attempt {
        let error = match &self {
            Self::Answered(answer) => match answer.status {
                200..=299 => None,
                300..=399 => Some(format!(
                    "answered with status {}; redirects are not followed",
                    answer.status
                )),
                status => Some(format!("answered with status {status}")),
            },
            Self::Refused(why) => Some(why.clone()),
            Self::Silent(NoAnswer::Timeout) => Some("no answer in time".to_owned()),
            Self::Silent(NoAnswer::Unreachable) => Some("no connection".to_owned()),
            Self::Silent(NoAnswer::Tls) => Some(
                "no TLS: the certificate is not trusted, or another protocol is spoken there"
                    .to_owned(),
            ),
            Self::Broken => Some("a fault of Vega itself".to_owned()),
        };
        let answer = match self {
            Self::Answered(answer) => Some(answer),
            Self::Refused(_) | Self::Silent(_) | Self::Broken => None,
        };
        let (response_status, response_body) = match answer {
            Some(answer) => (Some(answer.status), Some(answer.body)),
            None => (None, None),
        };
        Attempt {
            // Number and time are the store's to fill in.
            number: 0,
            at: crate::domain::time::Timestamp::epoch(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            response_status,
            response_body,
            error,
        }
    }
}
