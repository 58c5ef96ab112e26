//! Lists: an array as the body, the rest in headers (RFC 8288 `Link`, `X-Total-Count`).

use crate::{
    api::error::ApiResult,
    error::{Error, Result},
    store::{Page, PageRequest},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// Most items one answer carries, and the number without `limit`.
pub const MAX_LIMIT: usize = 200;
/// Most items of the documented "all" lists without `limit`.
pub const ALL_LIMIT: usize = 1_000;

/// Understands `limit` and `cursor`. Without `limit`, `default_limit` items.
pub fn page_request(
    limit: Option<u32>,
    cursor: Option<&str>,
    default_limit: usize,
) -> Result<PageRequest> {
    let limit = match limit {
        None => default_limit,
        Some(limit) if (1..=MAX_LIMIT).contains(&(limit as usize)) => limit as usize,
        Some(_) => {
            return Err(Error::field(
                "limit",
                format!("must be between 1 and {MAX_LIMIT}"),
            ));
        }
    };
    let after = match cursor {
        None => None,
        Some(cursor) => Some(decode(cursor).ok_or_else(|| {
            Error::field(
                "cursor",
                "is not a cursor of this list; take it from the Link header",
            )
        })?),
    };
    Ok(PageRequest { limit, after })
}

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// The answer for one part of a list.
pub fn respond<T, D: Serialize>(
    request: &HttpRequest,
    page: Page<T>,
    map: impl FnMut(T) -> D,
) -> ApiResult {
    let next = page
        .next
        .map(|next| ("cursor", URL_SAFE_NO_PAD.encode(next)));
    let mut response = respond_with(request, next, page.items, map)?;
    if let Some(total) = page.total {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-total-count"), total.into());
    }
    Ok(response)
}

/// The answer for one part of a list that continues by the query parameter `next`.
pub fn respond_with<T, D: Serialize>(
    request: &HttpRequest,
    next: Option<(&str, String)>,
    items: Vec<T>,
    map: impl FnMut(T) -> D,
) -> ApiResult {
    let mut response = HttpResponse::Ok();
    if let Some((name, value)) = next {
        let link = format!("<{}>; rel=\"next\"", next_url(request, name, &value));
        response.insert_header((header::LINK, link));
    }
    let items: Vec<D> = items.into_iter().map(map).collect();
    Ok(response.json(items))
}

/// The same request with another value of the parameter `name`.
fn next_url(request: &HttpRequest, name: &str, value: &str) -> String {
    let kept = request.query_string().split('&').filter(|pair| {
        let key = pair.split('=').next().unwrap_or_default();
        !key.is_empty() && key != name
    });
    let query: String = kept.map(|pair| format!("{pair}&")).collect();
    format!("{}?{query}{name}={value}", request.path())
}
