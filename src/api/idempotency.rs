//! `Idempotency-Key` around every POST that creates something.
//!
//! The digest of a body is taken while it streams to whoever reads it, so uploads of any size are
//! covered. Only successes are kept: a refused request changed nothing, and asking again is fine.
//! Every request under a key is counted and let in before the key is looked at: what is refused must
//! not cost a commit. A kept answer goes to who can do all that the first credential could.

use super::{
    error::ApiError,
    extract::{Counted, NeededScope, bearer},
};
use crate::{
    context::ServeContext,
    domain::{access::Actor, api_key::Scope, idempotency::Rights, ids::IdempotencyId},
    error::{Error, ErrorCode, Result},
    services::{
        accounts,
        idempotency::{self, Replay, Turn},
    },
    store::beside,
};
use actix_web::{
    HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody, to_bytes_limited},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::{cell::RefCell, rc::Rc};

/// The header with the key.
const KEY: &str = "idempotency-key";
/// The header of an answer that was kept.
const REPLAYED: &str = "idempotency-replayed";
/// Answers are short; a longer one is not kept.
const MAX_ANSWER: usize = 1024 * 1024;

/// POST routes that change nothing a reader may not change.
const READING: [&str; 2] = [
    "/repositories/{id}/exports",
    "/repositories/{id}/scans/estimate",
];

type Answered = std::result::Result<ServiceResponse<BoxBody>, actix_web::Error>;

/// A request under a key.
struct Keyed {
    ctx: Data<ServeContext>,
    actor: Actor,
    route: String,
    key: String,
}

/// Answers a repeated request from what was kept.
pub async fn replay(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answered {
    match keyed(&request).await {
        Ok(None) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(error) => Ok(request.error_response(ApiError::from(error))),
        Ok(Some(keyed)) => {
            let turn = idempotency::turn(&keyed.ctx, &keyed.actor, &keyed.route, &keyed.key).await;
            match turn {
                Ok(Turn::First(id)) => first(&keyed, id, request, next).await,
                Ok(Turn::Again(kept)) => match may_have(&keyed.actor, &kept) {
                    Ok(()) => again(kept, request).await,
                    Err(error) => Ok(request.error_response(ApiError::from(error))),
                },
                Err(error) => Ok(request.error_response(ApiError::from(error))),
            }
        }
    }
}

/// Whether `actor` may have an answer that was kept.
fn may_have(actor: &Actor, kept: &Replay) -> Result<()> {
    if let Some(scope) = kept.scope {
        accounts::admit(actor, scope)?;
    }
    Rights::require(kept.rights.as_ref(), actor)
}

/// What the handler of a POST below the prefix is going to ask for.
fn scope_of(route: &str) -> Scope {
    if route.starts_with("/ops/") {
        return Scope::Ops;
    }
    match READING.contains(&route) {
        true => Scope::Read,
        false => Scope::Write,
    }
}

/// Whether this is a request under a key. One without a valid credential is the handler's to refuse.
async fn keyed(request: &ServiceRequest) -> Result<Option<Keyed>> {
    let Some(key) = request.headers().get(KEY) else {
        return Ok(None);
    };
    let route = request.match_pattern().unwrap_or_default();
    let Some(ctx) = request.app_data::<Data<ServeContext>>().cloned() else {
        return Ok(None);
    };
    let signs_in = route.starts_with(&format!("{}/auth/", ctx.settings.api_prefix));
    if request.method() != Method::POST || route.is_empty() || signs_in {
        return Ok(None);
    }
    let key = key.to_str().unwrap_or_default().to_owned();
    let Some(bearer) = bearer(request.headers()) else {
        return Ok(None);
    };
    let actor = match accounts::authenticate(&ctx, &bearer).await {
        Ok(actor) => actor,
        Err(error) if error.code() == ErrorCode::InvalidToken => return Ok(None),
        Err(error) => return Err(error),
    };
    accounts::count_request(&ctx, &bearer)?;
    request.extensions_mut().insert(Counted);
    let below = route.strip_prefix(ctx.settings.api_prefix.as_str());
    accounts::admit(&actor, scope_of(below.unwrap_or(&route)))?;
    idempotency::check_key(&key)?;
    Ok(Some(Keyed {
        ctx,
        actor,
        route: format!("POST {route}"),
        key,
    }))
}

async fn first(
    keyed: &Keyed,
    id: IdempotencyId,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answered {
    let digest = Rc::new(RefCell::new(BodyDigest::of(&request)));
    let body = request.take_payload();
    let seen = Rc::clone(&digest);
    let watched = body.inspect(move |piece| {
        if let Ok(piece) = piece {
            seen.borrow_mut().add(piece);
        }
    });
    request.set_payload(Payload::Stream {
        payload: Box::pin(watched),
    });
    // A request that is dropped half way leaves its reservation; it ends with the process or lease.
    let response = match beside::keyed(id, next.call(request)).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            idempotency::release(&keyed.ctx, id).await;
            return Err(error);
        }
    };
    if !response.status().is_success() {
        idempotency::release(&keyed.ctx, id).await;
        return Ok(response);
    }
    let fingerprint = digest.borrow().finish();
    keep(keyed, id, fingerprint, response).await
}

/// Keeps the answer and gives it.
async fn keep(
    keyed: &Keyed,
    id: IdempotencyId,
    fingerprint: String,
    response: ServiceResponse<BoxBody>,
) -> Answered {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = match to_bytes_limited(body, MAX_ANSWER).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            let error = Error::new(
                ErrorCode::InternalError,
                format!("an answer broke off: {error}"),
            );
            return Err(ApiError::from(error).into());
        }
        Err(_) => return Err(ApiError::from(Error::of(ErrorCode::InternalError)).into()),
    };
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let needed = request.extensions().get::<NeededScope>().copied();
    let answer = Replay {
        scope: needed.map(|it| it.0),
        rights: Some(Rights::of(&keyed.actor)),
        fingerprint,
        status: response.status().as_u16(),
        content_type: content_type.and_then(|it| it.to_str().ok().map(str::to_owned)),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let key = (id, keyed.route.as_str(), keyed.key.as_str());
    if let Err(error) = idempotency::keep(&keyed.ctx, &keyed.actor, key, answer).await {
        // The change is made: its answer must not become a failure. The key tells of it.
        tracing::warn!(%error, cause = ?error, "an answer could not be kept for its key");
    }
    let response = response.set_body(BoxBody::new(body));
    Ok(ServiceResponse::new(request, response))
}

/// Compares this request with the first one and gives the kept answer.
async fn again(kept: Replay, mut request: ServiceRequest) -> Answered {
    let mut digest = BodyDigest::of(&request);
    let mut body = request.take_payload();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => digest.add(&piece),
            Err(error) => return Ok(request.error_response(broken_off(&error))),
        }
    }
    if digest.finish() != kept.fingerprint {
        let refusal = ApiError::from(idempotency::other_request());
        return Ok(request.error_response(refusal));
    }
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((REPLAYED, "true"));
    if let Some(content_type) = kept.content_type {
        response.insert_header((header::CONTENT_TYPE, content_type));
    }
    Ok(request.into_response(response.body(kept.body)))
}

fn broken_off(error: &PayloadError) -> ApiError {
    let message = format!("The body could not be read: {error}");
    Error::new(ErrorCode::InvalidRequest, message).into()
}

/// The digest of a request: where it goes and what it says.
struct BodyDigest {
    hash: Sha256,
    // Clients choose another boundary between the parts of a form each time: it is left out.
    boundary: Vec<u8>,
    held: Vec<u8>,
}

impl BodyDigest {
    fn of(request: &ServiceRequest) -> Self {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|it| it.to_str().ok());
        let boundary = content_type
            .and_then(|it| it.split_once("boundary="))
            .map(|(_, rest)| rest.split(';').next().unwrap_or_default())
            .unwrap_or_default()
            .trim_matches([' ', '"']);
        let mut hash = Sha256::new();
        for part in [
            request.path(),
            request.query_string(),
            request.content_type(),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self {
            hash,
            boundary: boundary.as_bytes().to_vec(),
            held: Vec::new(),
        }
    }

    fn add(&mut self, piece: &Bytes) {
        if self.boundary.is_empty() {
            self.hash.update(piece);
            return;
        }
        self.held.extend_from_slice(piece);
        let mut from = 0;
        let finder = memchr::memmem::Finder::new(&self.boundary);
        while let Some(at) = self.held.get(from..).and_then(|rest| finder.find(rest)) {
            self.hash.update(&self.held[from..from + at]);
            from += at + self.boundary.len();
        }
        // The beginning of a boundary may stand at the end of a piece.
        let keep = (self.boundary.len() - 1).min(self.held.len() - from);
        let sure = self.held.len() - keep;
        self.hash.update(&self.held[from..sure]);
        self.held.drain(..sure);
    }

    fn finish(&self) -> String {
        let mut hash = self.hash.clone();
        hash.update(&self.held);
        hex::encode(hash.finalize())
    }
}
