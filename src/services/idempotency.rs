//! Idempotency keys: who goes first, who waits, who gets the kept answer.

use crate::{
    clock::{Stopwatch, new_id},
    context::ServeContext,
    domain::{
        access::Actor,
        api_key::Scope,
        idempotency::{KeptAnswer, KeyOwner, Rights},
        ids::IdempotencyId,
    },
    error::{Error, ErrorCode, Result},
    store::KeyState,
};
use std::time::Duration;

/// Longest key, in characters.
const MAX_KEY: usize = 255;
/// How long a reservation lasts when its process cannot be seen to die.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// How long a second request waits for the first.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it looks.
const POLL: Duration = Duration::from_millis(50);

/// What a request under a key is to do.
#[derive(Debug)]
pub enum Turn {
    /// It is the first: go on, then answer or release.
    First(IdempotencyId),
    /// The first one was answered.
    Again(Replay),
}

/// A kept answer, readable.
#[derive(Debug)]
pub struct Replay {
    /// What a credential needs to get it; not known of answers that earlier versions kept.
    pub scope: Option<Scope>,
    /// What the first credential could do, and the next one has to; not known of older answers.
    pub rights: Option<Rights>,
    /// Digest of the first request.
    pub fingerprint: String,
    /// The HTTP status.
    pub status: u16,
    /// The content type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

/// Checks a key as a client sent it.
pub fn check_key(key: &str) -> Result<()> {
    let plain = !key.is_empty()
        && key.len() <= MAX_KEY
        && key.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if plain {
        return Ok(());
    }
    let message = format!("must have 1 to {MAX_KEY} visible ASCII characters");
    Err(Error::field("Idempotency-Key", message))
}

/// Waits for this request's turn under its key.
///
/// # Errors
/// `conflict` when the first request still runs after a while, or when its answer was lost in a crash.
pub async fn turn(ctx: &ServeContext, actor: &Actor, route: &str, key: &str) -> Result<Turn> {
    let owner = KeyOwner {
        user_id: actor.user_id,
        route: route.to_owned(),
        key: key.to_owned(),
    };
    let waited = Stopwatch::start();
    let id = new_id();
    loop {
        let store = &ctx.app.store;
        match store.reserve_key(id, owner.clone(), LEASE).await? {
            KeyState::Yours => return Ok(Turn::First(id)),
            KeyState::Answered(answer) => {
                let body = ctx.sealing.open(&answer.body, &sealed_for(&owner))?;
                return Ok(Turn::Again(Replay {
                    scope: answer.scope,
                    rights: answer.rights,
                    fingerprint: answer.fingerprint,
                    status: answer.status,
                    content_type: answer.content_type,
                    body,
                }));
            }
            KeyState::AnswerLost(made) => {
                let message = format!(
                    "The first request with this Idempotency-Key was carried out ({made}), but \
                     the server was stopped before it answered"
                );
                return Err(Error::conflict(message)
                    .with_detail("reason", "answer_lost")
                    .with_detail("entity_id", made));
            }
            KeyState::Busy if waited.elapsed() >= PATIENCE => {
                let message = "The first request with this Idempotency-Key is still running";
                return Err(Error::conflict(message).with_detail("reason", "still_running"));
            }
            KeyState::Busy => tokio::time::sleep(POLL).await,
        }
    }
}

/// Keeps the answer of the first request.
pub async fn keep(
    ctx: &ServeContext,
    actor: &Actor,
    (id, route, key): (IdempotencyId, &str, &str),
    answer: Replay,
) -> Result<()> {
    let owner = KeyOwner {
        user_id: actor.user_id,
        route: route.to_owned(),
        key: key.to_owned(),
    };
    let kept = KeptAnswer {
        scope: answer.scope,
        rights: answer.rights,
        fingerprint: answer.fingerprint,
        status: answer.status,
        content_type: answer.content_type,
        body: ctx.sealing.seal(&answer.body, &sealed_for(&owner))?,
    };
    ctx.app.store.answer_key(id, kept).await
}

/// Lets the next request with this key be the first: this one changed nothing.
pub async fn release(ctx: &ServeContext, id: IdempotencyId) {
    if let Err(error) = ctx.app.store.release_key(id).await {
        // It ends with its lease.
        tracing::warn!(%error, "an idempotency key could not be released");
    }
}

/// The refusal of another request under a used key.
pub fn other_request() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "This Idempotency-Key was used with another request; take a new key",
    )
    .with_detail("reason", "key_reused")
}

/// A kept answer opens for its own key only.
fn sealed_for(owner: &KeyOwner) -> String {
    format!("{} {} {}", owner.user_id, owner.route, owner.key)
}
