//! Around every request: its id, its log line, and the answer to a panic.

use super::error::ApiError;
use crate::{
    clock::{Stopwatch, new_id},
    domain::ids::EventKindTag,
    error::{Error, ErrorCode},
};
use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
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
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
        .map_or_else(
            || new_id::<EventKindTag>().to_string().replacen("evt_", "req_", 1),
            str::to_owned,
        )
}

/// Gives the request its id, logs it once it is answered, and turns a panic into a 500.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let watch = Stopwatch::start();
    let id = request_id(&request);
    let method = request.method().to_string();
    let path = request.path().to_owned();
    let http_request = request.request().clone();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        user_id = tracing::field::Empty
    );
    let answered = AssertUnwindSafe(next.call(request))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let failed = match answered {
        Ok(Ok(response)) if response.response().error().is_none() => {
            let mut response = response.map_into_left_body();
            stamp(&mut response, &id);
            log(&method, &path, response.status().as_u16(), watch);
            return Ok(response);
        }
        Ok(Ok(response)) => {
            let api_error = response.response().error().and_then(|error| error.as_error::<ApiError>());
            match api_error {
                Some(error) => error.render(Some(&id)),
                None => {
                    // The framework's own refusals (for example a body that breaks off).
                    let status = response.status();
                    let code = match status.as_u16() {
                        413 => ErrorCode::PayloadTooLarge,
                        415 => ErrorCode::UnsupportedMediaType,
                        500.. => ErrorCode::InternalError,
                        _ => ErrorCode::InvalidRequest,
                    };
                    ApiError(Error::of(code)).render(Some(&id))
                }
            }
            .tap_log(response.response().error().and_then(|error| error.as_error::<ApiError>()))
        }
        Ok(Err(error)) => match error.as_error::<ApiError>() {
            Some(api) => api.render(Some(&id)).tap_log(Some(api)),
            None => ApiError(Error::of(ErrorCode::InvalidRequest)).render(Some(&id)),
        },
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(panic = text, "a handler panicked");
            ApiError(Error::of(ErrorCode::InternalError)).render(Some(&id))
        }
    };
    let mut response = ServiceResponse::new(http_request, failed).map_into_right_body();
    stamp(&mut response, &id);
    log(&method, &path, response.status().as_u16(), watch);
    Ok(response)
}

trait TapLog {
    fn tap_log(self, error: Option<&ApiError>) -> Self;
}

impl TapLog for actix_web::HttpResponse {
    /// Server faults are logged here, once, with their cause.
    fn tap_log(self, error: Option<&ApiError>) -> Self {
        if let Some(ApiError(error)) = error
            && error.code().status() >= 500
        {
            tracing::error!(%error, cause = ?std::error::Error::source(error), "a request failed");
        }
        self
    }
}

fn stamp<B>(response: &mut ServiceResponse<B>, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
}

fn log(method: &str, path: &str, status: u16, watch: Stopwatch) {
    let duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(method, path, status, duration_ms, "request");
}
