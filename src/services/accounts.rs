//! Signing in, staying signed in, and API keys.

use super::{audit, refused_sign_ins, users};
use crate::{
    auth::{api_keys, passwords, tokens},
    clock::new_id,
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        api_key::{ApiKey, Scope},
        audit::AuditAction,
        auth_session::{AuthSession, Rotation},
        ids::{ApiKeyId, UserId},
        time::Timestamp,
        user::{Group, User, normalise_email},
    },
    error::{Error, ErrorCode, Result},
    settings::DebugUser,
    shutdown::blocking,
    store::{Page, PageRequest},
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use subtle::ConstantTimeEq;
use tokio::sync::OwnedSemaphorePermit;

/// API keys note their use at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(3600);

const NOT_AN_OPERATOR: &str =
    "This is for operators: an administrator has to add you to the group operator (or root).";

/// How long a sign-in waits for its turn.
const CHECK_PATIENCE: Duration = Duration::from_secs(5);

/// A pair of fresh tokens and whom they are for.
#[derive(Debug)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// Short-lived, sent with every request.
    pub access_token: String,
    /// Long-lived, exchanged once for the next pair.
    pub refresh_token: String,
}

fn refused() -> Error {
    Error::new(
        ErrorCode::InvalidToken,
        "The email or the password is wrong.",
    )
}

/// Signs a user in with email and password. Takes the same time whether or not the user exists.
///
/// Failures are counted per account, whether it exists or not, and per address they come from.
pub async fn sign_in(
    ctx: &ServeContext,
    email: &str,
    password: String,
    address: Option<IpAddr>,
) -> Result<SignedIn> {
    let email = normalise_email(email);
    let signed_in = check_credentials(ctx, &email, password, address).await;
    match &signed_in {
        Ok(_) => ctx.throttles.signed_in(&email),
        Err(error) if error.code() == ErrorCode::InvalidToken => {
            ctx.throttles.sign_in_failed(&email, address);
            refused_sign_ins::note(ctx, &email, address);
        }
        // Nothing was compared, and it is no entry of its own; the next entry tells of it.
        Err(error) if error.code() == ErrorCode::RateLimited => {
            ctx.throttles.refusals_not_noted(1);
        }
        Err(_) => {}
    }
    begin_session(ctx, signed_in?).await
}

/// The user whose credentials these are.
async fn check_credentials(
    ctx: &ServeContext,
    email: &str,
    password: String,
    address: Option<IpAddr>,
) -> Result<User> {
    ctx.throttles.may_sign_in(email, address)?;
    let known = ctx.app.store.user_by_email(email).await?;
    let debug = ctx
        .auth
        .debug_user
        .as_ref()
        .filter(|debug| normalise_email(&debug.email) == email);
    let debug_matches = debug.is_some_and(|debug| is_password_of(debug, &password));
    let stored = known.as_ref().and_then(|user| user.password_hash.clone());
    // The well-known password opens the debug account only as long as it has none of its own.
    let debug_matches = debug_matches && stored.is_none();
    let turn = password_turn(ctx).await?;
    // Others may have guessed while this one waited.
    ctx.throttles.may_sign_in(email, address)?;
    let hash_matches = blocking(move || {
        let matches = passwords::verify(&password, stored.as_deref());
        drop(turn);
        Ok(matches)
    })
    .await?;
    match known {
        Some(user) if user.is_active && (hash_matches || debug_matches) => Ok(user),
        None if debug_matches => insert_debug_user(&ctx.app, email).await,
        _ => Err(refused()),
    }
}

async fn begin_session(ctx: &ServeContext, user: User) -> Result<SignedIn> {
    let now = ctx.app.clock.now();
    let session_id = new_id();
    let (refresh_token, refresh_hash) = tokens::new_refresh_token(session_id);
    let session = AuthSession {
        id: session_id,
        user_id: user.id,
        refresh_hash,
        former_hashes: Vec::new(),
        refresh_expires_at: now.after(tokens::REFRESH_LIFETIME),
        revoked_at: None,
        created_at: now,
        updated_at: now,
    };
    let inserted = ctx
        .app
        .store
        .insert_session(session, tokens::REFRESH_LIFETIME);
    audit::by_user(user.id, AuditAction::SessionCreated, session_id, inserted).await?;
    tracing::info!(user_id = %user.id, "signed in");
    Ok(SignedIn {
        access_token: ctx.tokens.issue(user.id, session_id, now)?,
        refresh_token,
        user,
    })
}

/// A turn to compare a password. There are few: each comparison takes 19 MiB and a core on purpose,
/// and anyone may ask for one.
async fn password_turn(ctx: &ServeContext) -> Result<OwnedSemaphorePermit> {
    let checks = Arc::clone(&ctx.password_checks);
    match tokio::time::timeout(CHECK_PATIENCE, checks.acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(Error::of(ErrorCode::RateLimited)),
    }
}

fn is_password_of(debug: &DebugUser, password: &str) -> bool {
    debug
        .password
        .expose()
        .as_bytes()
        .ct_eq(password.as_bytes())
        .into()
}

/// Adds the debug user on its first sign-in; two at once end with the same user.
async fn insert_debug_user(app: &AppContext, email: &str) -> Result<User> {
    let groups = Group::ALL.to_vec();
    let user = users::new_user(email, "Debug user", groups, None, app.clock.now());
    match app.store.insert_user(user).await {
        Err(error) if error.code() == ErrorCode::Conflict => {
            app.store.user_by_email(email).await?.ok_or_else(refused)
        }
        result => result,
    }
}

/// Exchanges a refresh token for the next pair. An old token ends the session: it leaked.
pub async fn refresh(ctx: &ServeContext, refresh_token: &str) -> Result<SignedIn> {
    let (session_id, presented) = tokens::parse_refresh_token(refresh_token)?;
    let (next_token, next_hash) = tokens::new_refresh_token(session_id);
    let rotation = ctx
        .app
        .store
        .rotate_session(session_id, &presented, &next_hash, tokens::REFRESH_LIFETIME)
        .await?;
    let session = match rotation {
        Rotation::Rotated(session) => session,
        Rotation::Reused => {
            tracing::warn!(%session_id, "an old refresh token was presented; the session is ended");
            return Err(Error::of(ErrorCode::InvalidToken));
        }
        Rotation::Ended => return Err(Error::of(ErrorCode::InvalidToken)),
    };
    let user = ctx.app.store.user(session.user_id).await?;
    if !user.is_active {
        return Err(Error::of(ErrorCode::InvalidToken));
    }
    Ok(SignedIn {
        access_token: ctx.tokens.issue(user.id, session_id, ctx.app.clock.now())?,
        refresh_token: next_token,
        user,
    })
}

/// Ends the session of an access token, in every process at once.
pub async fn sign_out(ctx: &ServeContext, bearer: &str) -> Result<()> {
    if bearer.starts_with(api_keys::PREFIX) {
        return Err(Error::conflict(
            "An API key has no session to end; revoke it with DELETE /api-keys/{id}",
        ));
    }
    let presented = ctx.tokens.verify(bearer, ctx.app.clock.now())?;
    let (user, session) = (presented.user_id, presented.session_id);
    let revoked = ctx.app.store.revoke_session(session);
    audit::by_user(user, AuditAction::SessionRevoked, session, revoked).await
}

/// Who presents `bearer`, an access token or an API key.
pub async fn authenticate(ctx: &ServeContext, bearer: &str) -> Result<Actor> {
    if bearer.starts_with(api_keys::PREFIX) {
        return authenticate_key(ctx, bearer).await;
    }
    let presented = ctx.tokens.verify(bearer, ctx.app.clock.now())?;
    let session = ctx.app.store.session(presented.session_id).await?;
    let alive = session.is_some_and(|session| {
        session.revoked_at.is_none() && session.user_id == presented.user_id
    });
    if !alive {
        return Err(Error::of(ErrorCode::InvalidToken));
    }
    let user = active_user(ctx, presented.user_id).await?;
    Ok(Actor {
        user_id: user.id,
        scopes: Scope::ALL.to_vec(),
        groups: user.groups,
        api_key: None,
    })
}

/// Counts a request with a credential that [`authenticate`] accepted: the table holds real ones only.
///
/// # Errors
/// `rate_limited` when there were too many.
pub fn count_request(ctx: &ServeContext, bearer: &str) -> Result<()> {
    ctx.throttles.request(bearer)
}

/// Lets an authenticated caller in whose credential carries `scope`. What needs [`Scope::Ops`] also
/// needs an operator.
pub fn admit(actor: &Actor, scope: Scope) -> Result<()> {
    actor.require_scope(scope)?;
    if scope == Scope::Ops && !actor.is_operator() {
        return Err(Error::new(ErrorCode::Forbidden, NOT_AN_OPERATOR));
    }
    Ok(())
}

/// For how long a credential that was just accepted is still good, as far as it says so itself.
/// API keys and sessions can end earlier: who holds on to one asks [`authenticate`] again.
pub fn time_left(ctx: &ServeContext, bearer: &str) -> Option<Duration> {
    let presented = ctx.tokens.verify(bearer, ctx.app.clock.now());
    presented.ok().map(|presented| presented.time_left)
}

async fn authenticate_key(ctx: &ServeContext, secret: &str) -> Result<Actor> {
    let hash = crate::auth::sha256_hex(secret);
    let key = ctx.app.store.api_key_by_hash(&hash).await?;
    let key = key.ok_or_else(|| Error::of(ErrorCode::InvalidToken))?;
    let user = active_user(ctx, key.user_id).await?;
    let now = ctx.app.clock.now();
    let stale = key
        .last_used_at
        .is_none_or(|used| now.since(used) >= TOUCH_EVERY);
    if stale && let Err(error) = ctx.app.store.touch_api_key(key.id, now).await {
        // Not knowing when a key was used last must not keep its owner out.
        tracing::warn!(%error, key_id = %key.id, "the use of an API key could not be noted");
    }
    Ok(Actor {
        user_id: user.id,
        groups: user.groups,
        scopes: key.scopes,
        api_key: Some(key.id),
    })
}

async fn active_user(ctx: &ServeContext, id: UserId) -> Result<User> {
    match ctx.app.store.user(id).await {
        Ok(user) if user.is_active => Ok(user),
        Ok(_) => Err(Error::of(ErrorCode::InvalidToken)),
        Err(error) if error.code() == ErrorCode::NotFound => {
            Err(Error::of(ErrorCode::InvalidToken))
        }
        Err(error) => Err(error),
    }
}

/// The caller's own account.
pub async fn me(ctx: &ServeContext, actor: &Actor) -> Result<User> {
    ctx.app.store.user(actor.user_id).await
}

/// The wish for an API key.
#[derive(Debug)]
pub struct ApiKeyWish {
    /// A name to recognise it by.
    pub name: String,
    /// What it may do; everything the caller may when absent.
    pub scopes: Option<Vec<Scope>>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// Makes an API key. Returns it with the secret, which is never shown again.
pub async fn create_api_key(
    ctx: &ServeContext,
    actor: &Actor,
    wish: ApiKeyWish,
) -> Result<(ApiKey, String)> {
    let now = ctx.app.clock.now();
    if wish.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::field("expires_at", "must lie in the future"));
    }
    let allowed = actor.effective_scopes();
    let scopes = match wish.scopes {
        None => allowed,
        Some(scopes) if scopes.is_empty() => {
            return Err(Error::field("scopes", "must name at least one scope"));
        }
        Some(mut scopes) => {
            if let Some(scope) = scopes.iter().find(|scope| !allowed.contains(scope)) {
                return Err(Error::new(
                    ErrorCode::InsufficientScope,
                    format!("You cannot give a key the scope '{scope}', which you do not have"),
                ));
            }
            scopes.sort_unstable();
            scopes.dedup();
            scopes
        }
    };
    let generated = api_keys::generate();
    let key = ApiKey {
        id: new_id(),
        user_id: actor.user_id,
        name: wish.name,
        prefix: generated.prefix,
        hash: generated.hash,
        scopes,
        expires_at: wish.expires_at,
        last_used_at: None,
        created_at: now,
    };
    let inserted = ctx.app.store.insert_api_key(key.clone());
    audit::by(actor, AuditAction::ApiKeyCreated, key.id, inserted).await?;
    Ok((key, generated.secret))
}

/// The caller's API keys.
pub async fn list_api_keys(
    ctx: &ServeContext,
    actor: &Actor,
    page: PageRequest,
) -> Result<Page<ApiKey>> {
    ctx.app.store.api_keys(actor.user_id, page).await
}

/// Revokes an API key of the caller.
pub async fn revoke_api_key(ctx: &ServeContext, actor: &Actor, id: ApiKeyId) -> Result<()> {
    let revoked = ctx.app.store.revoke_api_key(actor.user_id, id);
    audit::by(actor, AuditAction::ApiKeyRevoked, id, revoked).await
}
