//! Settings of the platform around scans: how often callers may ask, where metrics are read.

use super::Reader;
use std::time::Duration;

/// How often callers may ask and try to sign in.
#[derive(Debug, Clone)]
pub struct ThrottleSettings {
    /// `VEGA_RATE_LIMIT_PER_MINUTE`; zero: no limit.
    pub requests_per_minute: u32,
    /// `VEGA_LOGIN_FAILURES_PER_ACCOUNT`; zero: no limit.
    pub sign_ins_per_account: u32,
    /// `VEGA_LOGIN_FAILURES_PER_ADDRESS`; zero: no limit.
    pub sign_ins_per_address: u32,
    /// `VEGA_TRUSTED_PROXIES`.
    pub trusted_proxies: usize,
    /// `VEGA_BODY_STALL_SECONDS`.
    pub body_stall: Duration,
}

impl ThrottleSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            requests_per_minute: reader.number("VEGA_RATE_LIMIT_PER_MINUTE"),
            sign_ins_per_account: reader.number("VEGA_LOGIN_FAILURES_PER_ACCOUNT"),
            sign_ins_per_address: reader.number("VEGA_LOGIN_FAILURES_PER_ADDRESS"),
            trusted_proxies: reader.number("VEGA_TRUSTED_PROXIES"),
            body_stall: reader.seconds("VEGA_BODY_STALL_SECONDS"),
        }
    }
}

/// Where metrics are read without a credential.
#[derive(Debug, Clone)]
pub struct MetricsSettings {
    /// `VEGA_HOST`.
    pub host: String,
    /// `VEGA_METRICS_PORT`; 0 = any free port.
    pub port: Option<u16>,
}

impl MetricsSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            host: reader.text("VEGA_HOST"),
            port: reader.optional_number("VEGA_METRICS_PORT"),
        }
    }
}

/// Whether a text is an origin as browsers send it: `https://host` or `https://host:port`.
pub(super) fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}
