//! Who is asking. A handler that takes a [`Caller`] cannot be reached without a valid credential
//! that carries the scope named in its type.

use super::context;
use crate::{
    api::error::ApiError,
    domain::{access::Actor, api_key::Scope},
    error::{Error, ErrorCode},
    services::accounts,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
};
use std::{future::Future, marker::PhantomData, pin::Pin};

/// A scope, as a type.
pub trait RequiredScope: 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// Reading.
#[derive(Debug)]
pub struct ReadScope;
/// Creating and changing.
#[derive(Debug)]
pub struct WriteScope;
/// Operations.
#[derive(Debug)]
pub struct OpsScope;

impl RequiredScope for ReadScope {
    const SCOPE: Scope = Scope::Read;
}
impl RequiredScope for WriteScope {
    const SCOPE: Scope = Scope::Write;
}
impl RequiredScope for OpsScope {
    const SCOPE: Scope = Scope::Ops;
}

/// What the handler of a request needed, for who keeps its answer.
#[derive(Debug, Clone, Copy)]
pub struct NeededScope(pub Scope);

/// That a request was counted already, before its handler.
#[derive(Debug, Clone, Copy)]
pub struct Counted;

/// An authenticated caller whose credential carries the scope `S`.
#[derive(Debug)]
pub struct Caller<S> {
    /// Who it is.
    pub actor: Actor,
    /// The credential as presented.
    pub bearer: String,
    scope: PhantomData<S>,
}

impl<S: RequiredScope> FromRequest for Caller<S> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let ctx = context(&request)?;
            let bearer =
                bearer(request.headers()).ok_or_else(|| Error::of(ErrorCode::InvalidToken))?;
            let actor = accounts::authenticate(&ctx, &bearer).await?;
            tracing::Span::current().record("user_id", tracing::field::display(actor.user_id));
            if request.extensions().get::<Counted>().is_none() {
                accounts::count_request(&ctx, &bearer)?;
            }
            accounts::admit(&actor, S::SCOPE)?;
            request.extensions_mut().insert(NeededScope(S::SCOPE));
            Ok(Self {
                actor,
                bearer,
                scope: PhantomData,
            })
        })
    }
}

/// The bearer credential, if there is one.
pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}
