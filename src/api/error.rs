//! The error envelope: the one form in which any failure leaves the API.

use crate::error::{Error, ErrorCode};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};
use utoipa::ToSchema;

/// Seconds a client is asked to wait before it retries.
const RETRY_AFTER: u64 = 5;

/// The body of every failed request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// Version of this envelope.
    #[schema(example = 1)]
    pub schema_version: u32,
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// A stable code of the catalogue.
    #[schema(example = "not_found")]
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Structured details, by code.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// A failure on its way out of the API.
///
/// Shared, so that the middleware can take it out of a response and add the request's id.
#[derive(Debug, Clone)]
pub struct ApiError {
    error: Arc<Error>,
    request_id: Option<String>,
}

impl ApiError {
    /// The failure itself.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What caused it, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.error.as_ref())
    }

    /// The same failure with the request's id: in the headers, and in the details of server faults.
    #[must_use]
    pub fn stamped(&self, request_id: &str) -> Self {
        Self {
            error: Arc::clone(&self.error),
            request_id: Some(request_id.to_owned()),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.error.code().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let code = self.error.code();
        let mut details = self.error.details().clone();
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if let Some(id) = &self.request_id {
            response.insert_header(("x-request-id", id.as_str()));
            if code.status() >= 500 {
                details.insert("request_id".into(), id.as_str().into());
            }
        }
        match code {
            ErrorCode::RateLimited | ErrorCode::DependencyUnavailable => {
                let wait = details.get("retry_after_seconds").and_then(Value::as_u64);
                response.insert_header((header::RETRY_AFTER, wait.unwrap_or(RETRY_AFTER)));
            }
            ErrorCode::InvalidToken => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            ErrorCode::MethodNotAllowed => {
                if let Some(Value::String(allowed)) = details.get("allowed") {
                    response.insert_header((header::ALLOW, allowed.as_str()));
                }
            }
            _ => {}
        }
        response.json(ErrorEnvelope {
            schema_version: 1,
            error: ErrorBody {
                code: code.as_str().into(),
                message: self.error.public_message().into(),
                retryable: code.retryable(),
                details,
            },
        })
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self {
            error: Arc::new(error),
            request_id: None,
        }
    }
}

/// What handlers return.
pub type ApiResult<T = HttpResponse> = Result<T, ApiError>;
