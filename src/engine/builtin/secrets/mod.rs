//! Secrets: tokens, keys and passwords in any text file.
//!
//! One Aho-Corasick pass over the file finds keywords; only around a hit is a pattern tried, from
//! the keyword on and on a bounded window, so the cost is linear in the file. Nothing here prints a
//! secret: every match is reported to the quoting code as a [`Redaction`] too, also where it is too
//! weak for a claim. Does not know whether a token is live: no request ever leaves the machine.

mod address;
mod checks;
mod formats;
mod generic;
mod scan;

pub(crate) use formats::FORMATS;
pub(crate) use scan::{Scan, scan};

use super::rule::Rule;
use crate::domain::finding::Severity;

/// A token format.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) rule: Rule,
    /// Literal texts of which one is part of every match; matched without regard to case first,
    /// the pattern decides.
    pub(crate) keywords: &'static [&'static str],
    /// What must follow, beginning with the keyword (unless `check` says otherwise).
    pub(crate) pattern: &'static str,
    pub(crate) check: Check,
}

/// How a match is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Random enough and no placeholder.
    Entropy,
    /// As `Entropy`; the match begins up to so many bytes before the keyword.
    Backward(usize),
    /// 32 hexadecimal digits stand before the keyword.
    HexBefore,
    /// The last six characters are the CRC-32 of the thirty before them in base 62.
    Crc32Base62,
    /// An access key id; its secret may stand near.
    AwsPair,
    /// A PEM block with a body.
    Pem,
    /// A header that decodes.
    Jwt,
    /// A value of the pattern's form, assigned to a name that contains the keyword.
    Assigned,
    /// User and password in an address.
    Url,
    /// A random-looking value, assigned to a name that contains the keyword.
    Generic,
}

/// Whether a rule goes by a value's looks only, not by an issuer's format.
pub(crate) fn is_free_form(rule: &Rule) -> bool {
    FORMATS.iter().any(|format| {
        format.rule.id == rule.id
            && matches!(
                format.check,
                Check::Generic | Check::Url | Check::Assigned | Check::Jwt
            )
    })
}

/// The metadata of a format's rule; what all secrets share is written once.
const fn secret_rule(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    description: &'static str,
    references: &'static [&'static str],
) -> Rule {
    Rule {
        id,
        area: "secrets",
        title,
        severity,
        category: "secrets",
        cwe: &["CWE-798"],
        owasp: &["A07:2021"],
        description,
        impact: "Whoever can read the repository, its history or a build of it can act with this \
                 credential until it is revoked.",
        remediation: "Revoke the credential and issue a new one, then keep it outside the tree: an \
                      environment variable or a secret store. Removing it from the newest commit \
                      is not enough, the history keeps it.",
        bad: "credential = <the credential itself>",
        good: "credential = <read from the environment or a secret store>",
        references,
    }
}

#[cfg(test)]
mod formats_tests;
#[cfg(test)]
mod tests;
