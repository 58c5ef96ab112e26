//! Where a request comes from. What `X-Forwarded-For` says is taken only from as many proxies as
//! the settings name: everything further left was written by the client.

use super::context;
use crate::api::error::ApiError;
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use std::{future::Ready, net::IpAddr};

/// The address of the client, if it is known.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

impl FromRequest for ClientAddress {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(context(request).map(|ctx| {
            let connected = request.peer_addr().map(|peer| peer.ip());
            Self(forwarded(request, ctx.trusted_proxies).or(connected))
        }))
    }
}

/// The address that the outermost trusted proxy saw.
fn forwarded(request: &HttpRequest, proxies: usize) -> Option<IpAddr> {
    let hops: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let index = hops.len().checked_sub(proxies.max(1))?;
    if proxies == 0 {
        return None;
    }
    hops.get(index)?.parse().ok()
}

/// The scheme and host under which the client reached this server, if it said so in a form that is
/// safe to write into an address. Only for telling the client about itself: both are its own words.
pub fn origin(request: &HttpRequest) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || host.len() > 255 || !host.bytes().all(plain) {
        return None;
    }
    let forwarded = request.headers().get("x-forwarded-proto");
    let scheme = match forwarded.and_then(|value| value.to_str().ok()) {
        Some("https") => "https",
        _ => "http",
    };
    Some(format!("{scheme}://{host}"))
}
