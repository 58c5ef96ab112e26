//! Around every request: its id, its log line, and the answer to a panic.

use super::error::ApiError;
use crate::{
    clock::{Stopwatch, new_id},
    domain::ids::EventKindTag,
    error::{Error, ErrorCode},
    store::beside,
    telemetry::metrics::{self, InFlight},
};
use actix_web::{
    ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use futures_util::FutureExt;
use std::{any::Any, panic::AssertUnwindSafe};
use tracing::Instrument;

/// The header that carries a request's id, in both directions.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client's id is taken when it is short and plain, so that it cannot forge log lines.
fn request_id(request: &ServiceRequest) -> String {
    request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (8..=128).contains(&id.len()))
        .filter(|id| {
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        })
        .map_or_else(
            || {
                new_id::<EventKindTag>()
                    .to_string()
                    .replacen("evt_", "req_", 1)
            },
            str::to_owned,
        )
}

/// Gives the request its id, logs it once it is answered, and turns a panic into a 500.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let watch = Stopwatch::start();
    let _in_flight = InFlight::begin();
    let route = request.match_pattern();
    let id = request_id(&request);
    let method = request.method().to_string();
    let path = request.path().to_owned();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        user_id = tracing::field::Empty
    );
    let answered = AssertUnwindSafe(beside::in_request(id.clone(), next.call(request)))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let response = match answered {
        Ok(Ok(response)) => response,
        // Refused or broken before there was a response to change.
        Ok(Err(error)) => {
            let failure = match error.as_error::<ApiError>() {
                Some(known) => known.stamped(&id),
                None => foreign(ErrorCode::InvalidRequest, &error).stamped(&id),
            };
            log_fault(&failure);
            answered_with(
                &method,
                &path,
                route.as_deref(),
                failure.error().code().status(),
                watch,
            );
            return Err(failure.into());
        }
        Err(panic) => {
            tracing::error!(panic = panic_text(panic.as_ref()), "a handler panicked");
            let failure = ApiError::from(Error::of(ErrorCode::InternalError)).stamped(&id);
            answered_with(
                &method,
                &path,
                route.as_deref(),
                failure.error().code().status(),
                watch,
            );
            return Err(failure.into());
        }
    };
    let status = response.status();
    let mut response = match response.response().error() {
        None => response.map_into_left_body(),
        Some(error) => {
            let failure = match error.as_error::<ApiError>() {
                Some(known) => known.stamped(&id),
                None => foreign(code_of(status.as_u16()), error).stamped(&id),
            };
            log_fault(&failure);
            response
                .into_response(failure.error_response())
                .map_into_right_body()
        }
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    answered_with(
        &method,
        &path,
        route.as_deref(),
        response.status().as_u16(),
        watch,
    );
    Ok(response)
}

/// A refusal of the framework itself (for example a body that breaks off); its text is for the log.
fn foreign(code: ErrorCode, error: &actix_web::Error) -> ApiError {
    Error::of(code).caused_by(error.to_string()).into()
}

/// The code for a refusal of the framework itself.
fn code_of(status: u16) -> ErrorCode {
    match status {
        413 => ErrorCode::PayloadTooLarge,
        415 => ErrorCode::UnsupportedMediaType,
        500.. => ErrorCode::InternalError,
        _ => ErrorCode::InvalidRequest,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or_default()
}

/// Server faults are logged here, once, with their cause.
fn log_fault(failure: &ApiError) {
    let error = failure.error();
    if error.code().status() >= 500 {
        tracing::error!(%error, cause = ?failure.cause(), "a request failed");
    }
}

fn answered_with(method: &str, path: &str, route: Option<&str>, status: u16, watch: Stopwatch) {
    let took = watch.elapsed();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(method, path, status, duration_ms, "request");
    // Both come from clients: only known ones become labels.
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let method = known.into_iter().find(|it| *it == method);
    let (method, route) = (method.unwrap_or("other"), route.unwrap_or("unmatched"));
    metrics::request_answered(method, route, status, took);
}
