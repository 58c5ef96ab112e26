//! Passwords in addresses: `scheme://user:password@host`.
//!
//! Local hosts, passwords that everybody knows and placeholders are left out.

use super::{Format, checks, scan::Match};
use crate::{domain::finding::Severity, engine::builtin::claim::Method};
use std::ops::Range;

const DATABASES: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "mssql",
    "sqlserver",
    "oracle",
    "cockroachdb",
    "clickhouse",
    "ldap",
    "ldaps",
    "smtp",
    "smtps",
];

/// Passwords that everybody knows: a local default, not a leak.
const DEFAULT_PASSWORDS: &[&[u8]] = &[
    b"guest",
    b"postgres",
    b"root",
    b"admin",
    b"mysql",
    b"redis",
    b"user",
    b"pass",
    b"pw",
    b"pwd",
    b"airflow",
    b"django",
    b"app",
    b"dev",
    b"local",
    b"username",
    b"rabbitmq",
    b"mongo",
    b"tiger",
    b"sa",
];

/// `scheme://user:password@host` around the `://` at `keyword`.
pub(super) fn examine(
    format: &'static Format,
    bytes: &[u8],
    keyword: Range<usize>,
) -> Option<Match> {
    let floor = keyword.start.saturating_sub(24);
    let mut start = keyword.start;
    while start > floor
        && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'+'))
    {
        start -= 1;
    }
    let scheme = String::from_utf8_lossy(&bytes[start..keyword.start]).to_ascii_lowercase();
    let base = scheme.split('+').next().unwrap_or(&scheme);
    let database = DATABASES.contains(&scheme.as_str()) || DATABASES.contains(&base);
    let web = matches!(scheme.as_str(), "http" | "https" | "ftp" | "git+https");
    let wanted = match format.rule.id {
        "secret-database-url" => database,
        _ => web,
    };
    if !wanted {
        return None;
    }
    let limit = bytes.len().min(keyword.end + 300);
    let authority = &bytes[keyword.end..limit];
    let stop = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'/' | b'"' | b'\'' | b'`' | b'<' | b'?' | b'#' | b',' | b'|'
            )
    };
    let length = authority.iter().position(stop).unwrap_or(authority.len());
    let authority = &authority[..length];
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..at].iter().position(|byte| *byte == b':')?;
    let (user, password, host) = (
        &authority[..colon],
        &authority[colon + 1..at],
        &authority[at + 1..],
    );
    let local = host.is_empty()
        || host.starts_with(b"localhost")
        || host.starts_with(b"127.")
        || host.starts_with(b"0.0.0.0")
        || host.starts_with(b"[")
        || host.starts_with(b"example")
        || host.starts_with(b"host")
        || contains(host, b"example.")
        || contains(host, b"{");
    let known = DEFAULT_PASSWORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(password));
    if password.len() < 4
        || local
        || known
        || user == password
        || checks::placeholder_value(password)
    {
        return None;
    }
    let strong = password.iter().any(u8::is_ascii_digit) && checks::distinct(password) >= 6;
    Some(Match {
        span: keyword.end + colon + 1..keyword.end + at,
        visible: 0,
        severity: if strong {
            format.rule.severity
        } else {
            format.rule.severity.max(Severity::Medium)
        },
        confidence: if strong { 0.8 } else { 0.5 },
        method: Method::Pattern,
        detail: format!("The {scheme} address carries a password."),
    })
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}
