//! Calls from browsers on other sites (Fetch standard, "CORS protocol"): only from the origins of
//! `VEGA_CORS_ORIGINS`, compared as text. No cookies exist, so credentials are never let through;
//! a request from elsewhere is answered like any other, without the header that lets its page read it.

use crate::context::ServeContext;
use actix_web::{
    HttpRequest, HttpResponseBuilder,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderValue},
    middleware::Next,
    web::Data,
};

/// What a page may send besides the simple headers.
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-Id";
/// What a page may read besides the simple headers.
const RESPONSE_HEADERS: &str =
    "ETag, Idempotency-Replayed, Link, Location, Retry-After, X-Request-Id, X-Total-Count";
/// How long browsers may keep the answer, in seconds.
const MAX_AGE: &str = "600";

/// The request's origin, if it is one of those let in.
fn allowed_origin(headers: &HeaderMap, ctx: Option<&Data<ServeContext>>) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = ctx?.cors_origins.iter();
    let mut known = known.filter(|known| known.as_bytes() == origin.as_bytes());
    known.next().map(|_| origin.clone())
}

/// Whether the request comes from a page that may read the answer.
pub fn is_allowed_origin(request: &HttpRequest) -> bool {
    allowed_origin(request.headers(), request.app_data::<Data<ServeContext>>()).is_some()
}

/// Says what a page may send.
pub fn answer_preflight(response: &mut HttpResponseBuilder, methods: &str) {
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
}

/// Lets pages of the permitted origins read the answer, whatever it is.
pub async fn let_in(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let ctx = request.app_data::<Data<ServeContext>>();
    let shared = ctx.is_some_and(|ctx| !ctx.cors_origins.is_empty());
    let origin = allowed_origin(request.headers(), ctx);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if shared {
        // The answer depends on who asks: a cache must not give one site's answer to another.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(RESPONSE_HEADERS),
        );
    }
    Ok(response)
}
