//! Posting to hosts that users name.
//!
//! The caller resolved and judged the host ([`super::egress::judge`]); the connection goes to those
//! addresses and no others, whatever the name says meanwhile. No redirect is followed, no proxy of
//! the environment is used, no connection is kept, and of the answer only the beginning is read.

use super::target::Target;
use crate::{
    clock::Stopwatch,
    error::{Error, Result},
};
use reqwest::{Client, Response, redirect};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{
    error::Error as _,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the beginning of an answer's body is waited for, once its status is known.
const BODY: Duration = Duration::from_secs(2);
/// Bytes of an answer's body that are read.
const MAX_BODY: usize = 1024;

/// What TLS needs, made once.
#[derive(Debug, Clone)]
pub struct Poster {
    tls: ClientConfig,
}

/// The beginning of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body, as text without control characters.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection, or one that was cut off.
    Unreachable,
    /// No TLS: another protocol is spoken there, or the certificate is not trusted.
    Tls,
    /// Not in time.
    Timeout,
}

impl Poster {
    /// With the certificate authorities of this machine.
    ///
    /// # Errors
    /// `internal_error` when the machine has none.
    pub fn new() -> Result<Self> {
        let cannot = |error| Error::internal("TLS cannot be set up", error);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(cannot)?
            .with_platform_verifier()
            .map_err(cannot)?
            .with_no_client_auth();
        Ok(Self { tls })
    }

    /// Posts `body` to `target`, which was resolved to `addresses`, and reads the answer's
    /// beginning. Takes at most `limit` and two seconds.
    ///
    /// # Errors
    /// `internal_error` when the request cannot even be built.
    pub async fn post(
        &self,
        target: &Target,
        addresses: &[IpAddr],
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<std::result::Result<Answer, NoAnswer>> {
        let watch = Stopwatch::start();
        // Errors of the client name the URL, whose query may hold secrets.
        let cannot = |error: reqwest::Error| {
            Error::internal("a request cannot be built", error.without_url())
        };
        let pinned: Vec<SocketAddr> = addresses
            .iter()
            .map(|address| SocketAddr::new(*address, target.port))
            .collect();
        let client = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .resolve_to_addrs(&target.host, &pinned)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .user_agent(concat!("Vega-Webhooks/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(cannot)?;
        let mut request = client.post(target.url.clone()).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.build().map_err(cannot)?;
        let answered = tokio::time::timeout(limit, client.execute(request)).await;
        let response = match answered {
            Err(_) => return Ok(Err(NoAnswer::Timeout)),
            Ok(Err(error)) if error.is_timeout() => return Ok(Err(NoAnswer::Timeout)),
            Ok(Err(error)) if is_tls(&error) => return Ok(Err(NoAnswer::Tls)),
            Ok(Err(_)) => return Ok(Err(NoAnswer::Unreachable)),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let left = limit.saturating_sub(watch.elapsed()).min(BODY);
        Ok(Ok(Answer {
            status,
            body: beginning(response, left).await,
        }))
    }
}

/// An error as others carry it.
type Source = dyn std::error::Error + 'static;

/// Whether TLS is what failed.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if current.is::<rustls::Error>() {
            return true;
        }
        cause = inner(current);
    }
    false
}

/// What `cause` came from. An error of input and output that carries another one skips it when
/// asked for its source.
fn inner(cause: &Source) -> Option<&Source> {
    let carried = cause.downcast_ref::<io::Error>();
    let carried = carried.and_then(io::Error::get_ref);
    match carried {
        Some(carried) => Some(carried),
        None => cause.source(),
    }
}

/// The beginning of the body, as far as it comes in time. The rest is never read.
async fn beginning(mut response: Response, limit: Duration) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < MAX_BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = MAX_BODY - bytes.len();
                    bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                }
                Ok(None) | Err(_) => return,
            }
        }
    };
    // What has come until then is kept: an answer counts by its status.
    let _ = tokio::time::timeout(limit, read).await;
    let text = String::from_utf8_lossy(&bytes);
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
