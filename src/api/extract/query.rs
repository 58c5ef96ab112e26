//! Query parameters. Unknown ones are refused: a typing error in a filter must not show everything.

use crate::{
    api::error::ApiError,
    error::{Error, FieldError},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::de::DeserializeOwned;
use std::future::Ready;

/// Longest query string, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The query parameters as a `T`, which denies unknown fields.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned> FromRequest for QueryParams<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse(request.query_string()).map_err(ApiError::from))
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<QueryParams<T>, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::field(
            "query",
            format!("has more than {MAX_BYTES} bytes"),
        ));
    }
    match web::Query::<T>::from_query(text) {
        Ok(query) => Ok(QueryParams(query.into_inner())),
        Err(error) => {
            let message = error.to_string();
            let message = message
                .strip_prefix("Query deserialize error: ")
                .unwrap_or(&message);
            Err(Error::field("query", message))
        }
    }
}

/// Reads a comma list of words of a closed set; `path` is named in the error.
pub fn one_of<T: Copy>(
    path: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    all: &[&str],
) -> Result<Vec<T>, Error> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let mut values = Vec::new();
    let mut wrong = Vec::new();
    for word in text.split(',').map(str::trim) {
        match parse(word) {
            Some(value) => values.push(value),
            None => wrong.push(FieldError::new(
                path,
                format!("'{word}' is not one of {}", all.join(", ")),
            )),
        }
    }
    if wrong.is_empty() {
        Ok(values)
    } else {
        Err(Error::validation(wrong))
    }
}
