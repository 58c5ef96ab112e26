//! The one error type of Vega and its closed catalogue.
//!
//! Every failure a user, a job or a scan can meet has exactly one [`ErrorCode`]. HTTP status,
//! `retryable` and the default text belong to the code, never to the place that raises it; the API
//! envelope, the OpenAPI document and `docs/errors.md` all derive from [`ErrorCode::ALL`].
//! The cause (`source`) is for the log only and never reaches a client.
//! This module knows nothing of HTTP frameworks, stores or engines.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Shorthand for results that fail with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause kept for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $retryable:literal, $text:literal;)+) => {
        /// A stable, machine-readable reason for a failure. The string form is part of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in catalogue order.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The code as written in answers and stored failures.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)+ }
            }

            /// The HTTP status the API answers with.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)+ }
            }

            /// Whether the same request may succeed later without being changed.
            pub const fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable,)+ }
            }

            /// The text shown when nothing more specific may be said.
            pub const fn default_message(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)+ }
            }
        }
    };
}

catalogue! {
    /// The request cannot be understood at all (for example broken JSON).
    InvalidRequest = "invalid_request", 400, false, "The request could not be understood.";
    /// The request was understood, but a field, parameter or id is not acceptable.
    ValidationError = "validation_error", 422, false, "Some fields are not valid.";
    /// The bearer token or API key is missing, forged, expired or revoked.
    InvalidToken = "invalid_token", 401, false, "A valid access token or API key is required.";
    /// The caller is known but lacks the role for this action.
    Forbidden = "forbidden", 403, false, "You may not do this.";
    /// The resource does not exist, or belongs to someone else.
    NotFound = "not_found", 404, false, "The resource was not found.";
    /// The resource is in a state, or was changed in a way, that excludes this action.
    Conflict = "conflict", 409, false, "The resource is in a state that does not allow this.";
    /// The API key does not carry the scope this route needs.
    InsufficientScope = "insufficient_scope", 403, false, "The API key lacks the scope this needs.";
    /// A limit on the number of concurrent resources of one user is reached.
    QuotaExceeded = "quota_exceeded", 429, false, "A quota is exhausted.";
    /// The body or the source is larger than allowed.
    PayloadTooLarge = "payload_too_large", 413, false, "The payload is too large.";
    /// The content type of the body is not one the route reads.
    UnsupportedMediaType = "unsupported_media_type", 415, false, "The content type is not supported here.";
    /// An archive was refused; `details.reason` and `details.entry` say why.
    ArchiveRejected = "archive_rejected", 422, false, "The archive was rejected.";
    /// Too many requests in a short time; `Retry-After` says when to come back.
    RateLimited = "rate_limited", 429, true, "Too many requests; slow down.";
    /// The route exists, but not for this HTTP method.
    MethodNotAllowed = "method_not_allowed", 405, false, "This method is not allowed here.";
    /// `If-Match` named another version than the current one.
    PreconditionFailed = "precondition_failed", 412, false, "The resource was changed meanwhile.";
    /// Something took longer than its limit.
    Timeout = "timeout", 504, true, "The operation took too long.";
    /// A store, disk or service that Vega needs does not answer or is full.
    DependencyUnavailable = "dependency_unavailable", 503, true, "A service Vega depends on is not available.";
    /// A fault of Vega itself.
    InternalError = "internal_error", 500, false, "Something went wrong inside Vega.";
    /// In jobs: a repository's source could not be brought in.
    IngestFailed = "ingest_failed", 422, false, "The source could not be ingested.";
    /// In scans: the runner died and the scan could not be recovered.
    RunnerLost = "runner_lost", 500, true, "The scan's runner was lost.";
    /// In scans and jobs: every permitted attempt ended without progress.
    OutOfAttempts = "out_of_attempts", 500, false, "All permitted attempts failed.";
}

impl ErrorCode {
    /// The code written as `text`, if it is in the catalogue.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One rejected field of a request, as listed in `details.fields[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where the value stands, in dotted form (`limits.max_tokens`, `query.severity`).
    pub path: String,
    /// What is wrong and what would be accepted.
    pub message: String,
}

impl FieldError {
    /// A field error at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// A failure: a code of the catalogue, a sentence for the user, structured details, and the cause.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    message: String,
    details: Map<String, Value>,
    source: Option<Cause>,
}

impl Error {
    /// A failure with a sentence for the user.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Map::new(),
            source: None,
        }
    }

    /// A failure with the catalogue's text.
    pub fn of(code: ErrorCode) -> Self {
        Self::new(code, code.default_message())
    }

    /// `not_found` for a resource (`Repository repo_… not found`).
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} {id} not found"))
    }

    /// `conflict` with a sentence that says which state excludes the action.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// `internal_error` with its cause; the message is for the log, clients see the catalogue text.
    pub fn internal(message: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::new(ErrorCode::InternalError, message).caused_by(cause)
    }

    /// `validation_error` listing the rejected fields; the message repeats the first one.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [] => ErrorCode::ValidationError.default_message().to_owned(),
            [one] => format!("{}: {}", one.path, one.message),
            [first, rest @ ..] => {
                format!(
                    "{}: {} (and {} more)",
                    first.path,
                    first.message,
                    rest.len()
                )
            }
        };
        Self::new(ErrorCode::ValidationError, message).with_detail("fields", fields)
    }

    /// `validation_error` for a single field.
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::new(path, message)])
    }

    /// Adds a structured detail. Values that cannot be serialised become `null`.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.details.insert(key.to_owned(), value);
        self
    }

    /// Attaches the cause, for the log only.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The catalogue code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence of this failure. Use [`Error::public_message`] for anything a client sees.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a client may read: the own sentence below 500 and for unavailable dependencies the
    /// catalogue's text, because a 5xx sentence may name internals.
    pub fn public_message(&self) -> &str {
        if self.code.status() >= 500 {
            self.code.default_message()
        } else {
            &self.message
        }
    }

    /// The structured details.
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// The failure as kept in jobs, scans and repositories.
    pub fn to_failure(&self) -> Failure {
        Failure {
            code: self.code,
            message: self.public_message().to_owned(),
            details: self.details.clone(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// A failure as data: what jobs, scans and repositories keep and show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The catalogue code.
    pub code: ErrorCode,
    /// The sentence shown to the user.
    pub message: String,
    /// Structured details, possibly empty.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            details: failure.details,
            source: None,
        }
    }
}

#[cfg(test)]
mod tests;
