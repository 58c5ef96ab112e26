//! The error envelope: the one form in which any failure leaves the API.

use crate::error::{Error, ErrorCode};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use utoipa::ToSchema;

/// Seconds a client is asked to wait before it retries.
const RETRY_AFTER: &str = "5";

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
#[derive(Debug)]
pub struct ApiError(pub Error);

impl ApiError {
    /// The answer, with the request's id in the details of server faults.
    pub fn render(&self, request_id: Option<&str>) -> HttpResponse {
        let code = self.0.code();
        let mut details = self.0.details().clone();
        if let Some(id) = request_id
            && code.status() >= 500
        {
            details.insert("request_id".into(), id.into());
        }
        let envelope = ErrorEnvelope {
            schema_version: 1,
            error: ErrorBody {
                code: code.as_str().into(),
                message: self.0.public_message().into(),
                retryable: code.retryable(),
                details,
            },
        };
        let mut response = HttpResponse::build(self.status_code());
        if matches!(code, ErrorCode::RateLimited | ErrorCode::DependencyUnavailable) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        if code == ErrorCode::InvalidToken {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if code == ErrorCode::MethodNotAllowed
            && let Some(Value::String(allowed)) = self.0.details().get("allowed")
        {
            response.insert_header((header::ALLOW, allowed.clone()));
        }
        response.json(envelope)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.render(None)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What handlers return.
pub type ApiResult<T = HttpResponse> = Result<T, ApiError>;
