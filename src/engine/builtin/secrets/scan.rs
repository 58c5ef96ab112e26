//! The scan of one file: keyword pass, then the formats around each hit.

use super::{Check, FORMATS, Format, address, checks, generic};
use crate::{
    domain::finding::Severity,
    engine::{
        builtin::{
            claim::{Claim, Method},
            text::{Redaction, SourceText},
        },
        inventory::FileRole,
    },
};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::bytes::{Regex, RegexBuilder};
use std::{ops::Range, sync::OnceLock};

/// A private key's block may be this long (bytes).
const MAX_PEM: usize = 16_384;
/// How far from an access key id its secret is looked for (bytes).
const AWS_PAIR_DISTANCE: usize = 300;
/// A file with more matches than this is data about secrets, not a leak.
const MAX_CLAIMS: usize = 200;

/// What the scan of one file gives.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) claims: Vec<Claim>,
    /// Every match, in order, for cutting quotations.
    pub(crate) redactions: Vec<Redaction>,
}

/// A match that passed its checks.
pub(super) struct Match {
    pub(super) span: Range<usize>,
    /// Bytes at the front that are public.
    pub(super) visible: usize,
    pub(super) severity: Severity,
    pub(super) confidence: f64,
    pub(super) method: Method,
    pub(super) detail: String,
}

/// So many keyword hits are examined between two looks at `stop`.
const HITS_PER_LOOK: usize = 32;

/// Looks for every format in `source`, until `stop` says so.
pub(crate) fn scan(source: &SourceText, stop: &dyn Fn() -> bool) -> Scan {
    let Some(automaton) = automaton() else {
        return Scan::default();
    };
    let mut found: Vec<(&'static Format, Match)> = Vec::new();
    let hits = automaton.matcher.find_overlapping_iter(&source.bytes);
    for (number, hit) in hits.enumerate() {
        if number.is_multiple_of(HITS_PER_LOOK) && stop() {
            break;
        }
        for index in &automaton.formats_of[hit.pattern().as_usize()] {
            let format = &FORMATS[*index];
            // Inside a PEM block or a longer match nothing else is looked for.
            let covered = found.iter().rev().take(4).any(|(other, earlier)| {
                earlier.span.start <= hit.start()
                    && hit.end() <= earlier.span.end
                    && (other.rule.id == format.rule.id || specific(other))
            });
            if !covered && let Some(matched) = examine(format, *index, source, hit.range()) {
                found.push((format, matched));
            }
        }
    }
    settle(source, found)
}

fn specific(format: &Format) -> bool {
    !matches!(format.check, Check::Generic | Check::Assigned)
}

/// Sorts, lets specific formats win over generic ones on the same bytes, and makes claims.
fn settle(source: &SourceText, mut found: Vec<(&'static Format, Match)>) -> Scan {
    let rank = |format: &Format| match format.check {
        Check::Generic => 2,
        Check::Assigned => 1,
        _ => 0,
    };
    found.sort_by(|(a, x), (b, y)| {
        (rank(a), x.span.start, a.rule.id).cmp(&(rank(b), y.span.start, b.rule.id))
    });
    let mut kept: Vec<(&'static Format, Match)> = Vec::new();
    for (format, matched) in found {
        let overlaps = kept.iter().rev().take(64).any(|(_, other)| {
            other.span.start < matched.span.end && matched.span.start < other.span.end
        });
        if !overlaps {
            kept.push((format, matched));
        }
    }
    kept.sort_by_key(|(_, matched)| matched.span.start);
    let mut scan = Scan::default();
    let weak = matches!(
        source.role,
        FileRole::Test | FileRole::Documentation | FileRole::Generated | FileRole::Minified
    );
    for (format, matched) in kept {
        let secret = &source.bytes[matched.span.clone()];
        scan.redactions
            .push(Redaction::new(secret, matched.span.start, matched.visible));
        let free_form = matches!(
            format.check,
            Check::Generic | Check::Url | Check::Assigned | Check::Jwt
        );
        if (weak && free_form) || scan.claims.len() >= MAX_CLAIMS {
            continue;
        }
        let confidence = if weak {
            matched.confidence.min(0.5)
        } else {
            matched.confidence
        };
        let mut claim = Claim::new(&format.rule, matched.span, matched.detail)
            .severity(matched.severity)
            .confidence(confidence);
        claim.method = matched.method;
        // A password in an address that is a mere word is a default more often than a credential.
        if format.check == Check::Url && confidence < 0.6 {
            claim = claim.into_lead();
        }
        scan.claims.push(claim);
    }
    scan
}

fn examine(
    format: &'static Format,
    index: usize,
    source: &SourceText,
    keyword: Range<usize>,
) -> Option<Match> {
    let bytes = &source.bytes;
    let simple = |span: Range<usize>, visible: usize| Match {
        span,
        visible,
        severity: format.rule.severity,
        confidence: 0.9,
        method: Method::Pattern,
        detail: format!("{}.", format.rule.title),
    };
    match format.check {
        Check::Entropy => {
            let span = token_at(index, bytes, keyword.start, keyword.len())?;
            random_enough(&bytes[span.clone()], keyword.len()).then(|| simple(span, keyword.len()))
        }
        Check::Backward(distance) => {
            let from = keyword.start.saturating_sub(distance);
            let start = (from..keyword.start).find(|at| {
                (*at == 0 || !is_token_byte(bytes[*at - 1]))
                    && pattern(index)
                        .and_then(|regex| regex.find(&bytes[*at..window_end(bytes, *at)]))
                        .is_some_and(|found| *at + found.end() >= keyword.end)
            })?;
            let span = token_at(index, bytes, start, 0)?;
            random_enough(&bytes[span.clone()], 0).then(|| simple(span, 3))
        }
        Check::HexBefore => {
            let start = keyword.start.checked_sub(32)?;
            let hex = &bytes[start..keyword.start];
            let bounded = start == 0 || !is_token_byte(bytes[start - 1]);
            let end = token_at(index, bytes, keyword.start, usize::MAX)?.end;
            let is_hex = hex.iter().all(u8::is_ascii_hexdigit);
            (bounded && is_hex && random_enough(hex, 0)).then(|| simple(start..end, 0))
        }
        Check::Crc32Base62 => {
            let span = token_at(index, bytes, keyword.start, keyword.len())?;
            checks::crc32_base62(&bytes[span.start + 4..span.end]).then(|| Match {
                confidence: 0.99,
                method: Method::Checksum,
                detail: format!("{}; its checksum is right.", format.rule.title),
                ..simple(span, 4)
            })
        }
        Check::AwsPair => aws_key(format, index, bytes, keyword),
        Check::Pem => pem(format, index, bytes, keyword),
        Check::Jwt => {
            let span = token_at(index, bytes, keyword.start, keyword.len())?;
            checks::jwt_header(&bytes[span.clone()]).then(|| Match {
                confidence: 0.6,
                ..simple(span, 3)
            })
        }
        Check::Assigned => {
            let found = generic::assignment(source, keyword)?;
            let name = bytes[found.name].to_ascii_lowercase();
            let name = String::from_utf8_lossy(&name);
            let named = ["token", "secret", "key"]
                .iter()
                .any(|part| name.contains(part));
            let value = &bytes[found.value.clone()];
            let whole = pattern(index)?
                .find(value)
                .is_some_and(|all| all.end() == value.len());
            (named && whole && random_enough(value, 0) && value.iter().any(u8::is_ascii_digit))
                .then(|| Match {
                    confidence: 0.8,
                    ..simple(found.value, 0)
                })
        }
        Check::Url => address::examine(format, bytes, keyword),
        Check::Generic => {
            let found = generic::assignment(source, keyword)?;
            let name = &bytes[found.name.clone()];
            generic::is_credential(name, &bytes[found.value.clone()]).then(|| Match {
                confidence: 0.6,
                detail: format!(
                    "A random-looking literal is assigned to {}.",
                    String::from_utf8_lossy(name)
                ),
                ..simple(found.value, 0)
            })
        }
    }
}

/// The token that the format's pattern matches from `start` on, bounded on both sides.
fn token_at(index: usize, bytes: &[u8], start: usize, prefix: usize) -> Option<Range<usize>> {
    if prefix != usize::MAX && start > 0 && is_token_byte(bytes[start - 1]) {
        return None;
    }
    let found = pattern(index)?.find(&bytes[start..window_end(bytes, start)])?;
    let end = start + found.end();
    let bounded = bytes
        .get(end)
        .is_none_or(|next| !next.is_ascii_alphanumeric());
    bounded.then_some(start..end)
}

fn window_end(bytes: &[u8], start: usize) -> usize {
    bytes.len().min(start + 6_000)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn random_enough(token: &[u8], prefix: usize) -> bool {
    let body = &token[prefix.min(token.len())..];
    !checks::placeholder_token(body) && checks::distinct(body) >= 8 && checks::entropy(body) >= 2.8
}

fn aws_key(
    format: &'static Format,
    index: usize,
    bytes: &[u8],
    keyword: Range<usize>,
) -> Option<Match> {
    let span = token_at(index, bytes, keyword.start, 4)?;
    let id = &bytes[span.clone()];
    if !random_enough(id, 4) || !id.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let from = span.start.saturating_sub(AWS_PAIR_DISTANCE);
    let to = bytes.len().min(span.end + AWS_PAIR_DISTANCE);
    let paired = bytes[from..to]
        .split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+')))
        .any(|word| {
            word.len() == 40
                && checks::entropy(word) >= 4.0
                && !checks::placeholder_token(word)
                && !word.iter().all(u8::is_ascii_hexdigit)
        });
    Some(Match {
        span,
        visible: 4,
        severity: if paired {
            Severity::Critical
        } else {
            format.rule.severity.max(Severity::Medium)
        },
        confidence: if paired { 0.97 } else { 0.7 },
        method: Method::Pattern,
        detail: if paired {
            "An AWS access key id with what looks like its secret close by.".to_owned()
        } else {
            "An AWS access key id; no secret stands close by.".to_owned()
        },
    })
}

fn pem(
    format: &'static Format,
    index: usize,
    bytes: &[u8],
    keyword: Range<usize>,
) -> Option<Match> {
    let head = pattern(index)?.find(&bytes[keyword.start..bytes.len().min(keyword.start + 80)])?;
    let body_start = keyword.start + head.end();
    let limit = bytes.len().min(body_start + MAX_PEM);
    let rest = &bytes[body_start..limit];
    let end = rest.windows(9).position(|window| window == b"-----END ")?;
    let body = &rest[..end];
    let base64 = body
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    // Less than 100 characters hold no key of any kind in use; a body of words is documentation.
    if base64 < 60
        || checks::distinct(body) < 20
        || checks::placeholder_token(&body[..body.len().min(400)])
    {
        return None;
    }
    let close = rest[end..]
        .iter()
        .skip(9)
        .position(|byte| *byte == b'-')
        .map_or(end, |at| end + 9 + at + 5);
    let encrypted = head.as_bytes().windows(9).any(|word| word == b"ENCRYPTED")
        || body.windows(9).any(|word| word == b"ENCRYPTED");
    Some(Match {
        span: keyword.start..(body_start + close).min(bytes.len()),
        visible: head.len(),
        severity: if encrypted {
            Severity::Low
        } else {
            format.rule.severity
        },
        confidence: 0.95,
        method: Method::Pattern,
        detail: if encrypted {
            "A private key that is encrypted; its passphrase is all that protects it.".to_owned()
        } else {
            "A private key in clear.".to_owned()
        },
    })
}

/// The compiled pattern of a format; `None` would be a broken row, which a test excludes.
fn pattern(index: usize) -> Option<&'static Regex> {
    static PATTERNS: OnceLock<Vec<OnceLock<Option<Regex>>>> = OnceLock::new();
    let slots = PATTERNS.get_or_init(|| FORMATS.iter().map(|_| OnceLock::new()).collect());
    slots[index]
        .get_or_init(|| {
            RegexBuilder::new(&format!("^(?:{})", FORMATS[index].pattern))
                .unicode(false)
                .build()
                .ok()
        })
        .as_ref()
}

struct Automaton {
    matcher: AhoCorasick,
    /// Per keyword, the formats it belongs to.
    formats_of: Vec<Vec<usize>>,
}

fn automaton() -> Option<&'static Automaton> {
    static AUTOMATON: OnceLock<Option<Automaton>> = OnceLock::new();
    AUTOMATON
        .get_or_init(|| {
            let mut keywords: Vec<&'static str> = Vec::new();
            let mut formats_of: Vec<Vec<usize>> = Vec::new();
            for (index, format) in FORMATS.iter().enumerate() {
                for keyword in format.keywords {
                    match keywords.iter().position(|known| known == keyword) {
                        Some(at) => formats_of[at].push(index),
                        None => {
                            keywords.push(keyword);
                            formats_of.push(vec![index]);
                        }
                    }
                }
            }
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(aho_corasick::AhoCorasickKind::DFA))
                .build(&keywords)
                .ok()
                .map(|matcher| Automaton {
                    matcher,
                    formats_of,
                })
        })
        .as_ref()
}
