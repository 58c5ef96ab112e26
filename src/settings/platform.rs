//! Settings of the platform around scans: how often callers may ask, where metrics are read.

use super::Reader;
use crate::domain::retention::RetentionPolicy;
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
    /// `VEGA_MAX_OPEN_ARCHIVE_UPLOADS_PER_USER`; zero: no limit.
    pub open_archive_uploads: u32,
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
            open_archive_uploads: reader.number("VEGA_MAX_OPEN_ARCHIVE_UPLOADS_PER_USER"),
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

/// A day, in seconds.
const DAY: u64 = 24 * 3600;

/// How long things are kept.
#[derive(Debug, Clone, Default)]
pub struct RetentionSettings {
    /// `VEGA_RETENTION_ARTIFACTS_DAYS`, `…_SNAPSHOTS_DAYS`, `…_SESSIONS_DAYS`, `…_JOBS_DAYS`,
    /// `…_GIT_UPLOADS_DAYS`, `…_DELIVERIES_DAYS`.
    pub policy: RetentionPolicy,
}

impl RetentionSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut days = |name: &str| {
            let days: u32 = reader.number(name);
            (days > 0).then(|| Duration::from_secs(u64::from(days) * DAY))
        };
        Self {
            policy: RetentionPolicy {
                artifacts: days("VEGA_RETENTION_ARTIFACTS_DAYS"),
                snapshots: days("VEGA_RETENTION_SNAPSHOTS_DAYS"),
                sessions: days("VEGA_RETENTION_SESSIONS_DAYS"),
                jobs: days("VEGA_RETENTION_JOBS_DAYS"),
                git_uploads: days("VEGA_RETENTION_GIT_UPLOADS_DAYS"),
                deliveries: days("VEGA_RETENTION_DELIVERIES_DAYS"),
            },
        }
    }
}

/// The longest an attempt may take: a lease on a delivery lasts longer.
const MAX_ATTEMPT: Duration = Duration::from_secs(45);

/// Webhooks and how they are delivered.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// `VEGA_MAX_WEBHOOKS_PER_USER`.
    pub max_per_user: u32,
    /// `VEGA_WEBHOOK_TIMEOUT_SECONDS`.
    pub timeout: Duration,
    /// `VEGA_WEBHOOK_RETRY_SECONDS`.
    pub retry_base: Duration,
    /// `VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS`.
    pub allow_private_hosts: Vec<String>,
}

impl WebhookSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let timeout = reader.seconds("VEGA_WEBHOOK_TIMEOUT_SECONDS");
        if timeout > MAX_ATTEMPT {
            reader.problem("VEGA_WEBHOOK_TIMEOUT_SECONDS", "must be at most 45 seconds");
        }
        Self {
            max_per_user: reader.number("VEGA_MAX_WEBHOOKS_PER_USER"),
            timeout,
            retry_base: reader.seconds("VEGA_WEBHOOK_RETRY_SECONDS"),
            allow_private_hosts: reader.list("VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS"),
        }
    }
}
