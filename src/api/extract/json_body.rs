//! JSON bodies: content type, size, syntax and content are checked apart, each with its own code.
//!
//! A POST that sends nothing and says nothing of a type counts as `{}`: where every field is
//! optional, nobody should have to write an empty object.

use crate::{
    api::error::ApiError,
    error::{Error, ErrorCode},
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{Method, header::CONTENT_TYPE},
    web,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use std::{future::Future, pin::Pin, time::Duration};

/// Largest JSON body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// How long the whole of it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A JSON body of type `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.content_type().to_ascii_lowercase();
        let may_be_absent =
            request.method() == Method::POST && !request.headers().contains_key(CONTENT_TYPE);
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let is_json = content_type == "application/json" || content_type.ends_with("+json");
            if !is_json && !may_be_absent {
                return Err(wrong_type().into());
            }
            let body = web::Payload::from_request(&request, &mut payload)
                .await
                .map_err(|_| Error::of(ErrorCode::InvalidRequest))?
                .to_bytes_limited(MAX_BYTES);
            let bytes = tokio::time::timeout(PATIENCE, body)
                .await
                .map_err(|_| too_slow())?
                .map_err(|_| too_large())?
                .map_err(|error| broken_off(&error))?;
            if !is_json && !bytes.is_empty() {
                return Err(wrong_type().into());
            }
            let bytes: &[u8] = if is_json { &bytes } else { b"{}" };
            parse(bytes).map(Self).map_err(ApiError::from)
        })
    }
}

fn wrong_type() -> Error {
    Error::new(
        ErrorCode::UnsupportedMediaType,
        "Send this body as application/json",
    )
}

fn too_slow() -> Error {
    let seconds = PATIENCE.as_secs();
    let message = format!("A JSON body has to be there within {seconds} s");
    Error::new(ErrorCode::InvalidRequest, message)
}

fn too_large() -> Error {
    Error::new(
        ErrorCode::PayloadTooLarge,
        format!("A JSON body may have at most {MAX_BYTES} bytes"),
    )
}

fn broken_off(error: &actix_web::Error) -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        format!("The body could not be read: {error}"),
    )
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.trim_ascii().is_empty() {
        let message = "The body is empty; send a JSON object, at least {}";
        return Err(Error::new(ErrorCode::InvalidRequest, message));
    }
    // Derived types would also take an array of their fields, which nobody means to send.
    if bytes
        .trim_ascii_start()
        .first()
        .is_some_and(|byte| *byte != b'{')
    {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| malformed(&error))?;
        return Err(Error::field("body", "must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => {
                let path = if path == "." { "body".to_owned() } else { path };
                // The parser's position means nothing to who sent a field.
                let message = inner.to_string();
                let end = message.find(" at line ").unwrap_or(message.len());
                Error::field(path, &message[..end])
            }
            Category::Syntax | Category::Eof | Category::Io => malformed(&inner),
        }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        format!("The body is not valid JSON: {error}"),
    )
}
