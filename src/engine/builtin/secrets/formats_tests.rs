//! Every format found where it stands and left alone where it does not.
//!
//! Tokens are made from the format's own row (pattern, checksum), by a fixed seed, so that none
//! stands in the repository.

use super::*;
use crate::engine::{
    builtin::text::SourceText,
    inventory::{FileRole, Language},
};
use base64::Engine as _;
use proptest::{
    strategy::{Strategy, ValueTree},
    string::string_regex,
    test_runner::TestRunner,
};
use regex::Regex;

/// A line that holds a token, and lines that hold something alike that is none.
struct Case {
    positive: String,
    negatives: Vec<String>,
}

fn found(text: &str) -> Vec<&'static str> {
    let path = "deploy/settings.py";
    let source = SourceText::new(
        path,
        Language::of_path(path),
        FileRole::Production,
        text.as_bytes().to_vec(),
    );
    scan(&source, &|| false)
        .claims
        .iter()
        .map(|claim| claim.rule.id)
        .collect()
}

/// A text that `pattern` matches whole and that looks random.
fn random(pattern: &str) -> String {
    let mut runner = TestRunner::deterministic();
    let strategy = string_regex(pattern).unwrap();
    (0..10_000)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .find(|token| {
            let body = token.as_bytes();
            let ends = body
                .last()
                .is_some_and(|last| last.is_ascii_alphanumeric() || *last == b'=');
            ends && checks::distinct(body) >= 10
                && checks::entropy(body) >= 3.2
                && body.iter().any(u8::is_ascii_digit)
                && !checks::placeholder_token(body)
        })
        .unwrap()
}

/// `token` with as many characters as possible made the same, so that it still has the form.
fn monotonous(token: &str, pattern: &str, keep: std::ops::Range<usize>) -> String {
    let whole = Regex::new(&format!("^(?:{pattern})$")).unwrap();
    let mut bytes = token.as_bytes().to_vec();
    for at in (0..bytes.len()).filter(|at| !keep.contains(at)) {
        let before = bytes[at];
        for candidate in [b'0', b'A', b'a', b'7'] {
            bytes[at] = candidate;
            if whole.is_match(std::str::from_utf8(&bytes).unwrap()) {
                break;
            }
            bytes[at] = before;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn assign(value: &str) -> String {
    format!("value = \"{value}\"\n")
}

fn case(format: &Format) -> Case {
    let pattern = format.pattern;
    match format.check {
        Check::Entropy | Check::Backward(_) => {
            let token = random(pattern);
            let keyword = format
                .keywords
                .iter()
                .find_map(|keyword| token.find(keyword).map(|at| at..at + keyword.len()))
                .unwrap();
            let cut = (keyword.end + 8).min(token.len() - 4);
            Case {
                positive: assign(&token),
                negatives: vec![
                    assign(&token[..cut]),
                    assign(&monotonous(&token, pattern, keyword)),
                    assign(&format!("x{token}")),
                ],
            }
        }
        Check::HexBefore => {
            let hex = random("[0-9a-f]{32}");
            Case {
                positive: assign(&format!("{hex}-us12")),
                negatives: vec![
                    assign(&format!("{}-us12", &hex[..31])),
                    assign(&format!("{}-us12", "0".repeat(32))),
                    assign(&format!("{hex}-eu12")),
                ],
            }
        }
        Check::Crc32Base62 => {
            let body = random("[0-9A-Za-z]{30}");
            let prefix = format.keywords[0];
            let right = format!("{prefix}{body}{}", checksum(&body));
            let swapped: String = body.chars().rev().collect();
            Case {
                negatives: vec![
                    assign(&format!("{prefix}{swapped}{}", checksum(&body))),
                    assign(&right[..right.len() - 1]),
                    assign(&format!("{right}0")),
                ],
                positive: assign(&right),
            }
        }
        Check::AwsPair => {
            let id = random(pattern);
            Case {
                positive: assign(&id),
                negatives: vec![
                    assign(&id[..19]),
                    assign(&format!("{id}A")),
                    assign(&format!("AKIA{}", "A".repeat(16))),
                    assign("AKIAIOSFODNN7EXAMPLE"),
                ],
            }
        }
        Check::Pem => {
            let body = random("[0-9A-Za-z+/]{200}");
            let block = |kind: &str, body: &str| {
                format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
            };
            Case {
                positive: block("EC PRIVATE KEY", &body),
                negatives: vec![
                    block("PUBLIC KEY", &body),
                    block("CERTIFICATE", &body),
                    block("PRIVATE KEY", "..."),
                    format!("header = \"-----BEGIN {} KEY-----\"\n", "PRIVATE"),
                ],
            }
        }
        Check::Jwt => {
            let part = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
            let tail = random("[0-9A-Za-z]{43}");
            let payload = part(r#"{"sub":"4711","name":"nobody"}"#);
            let token = |header: &str| format!("{}.{payload}.{tail}", part(header));
            Case {
                positive: assign(&token(r#"{"alg":"HS256","typ":"JWT"}"#)),
                negatives: vec![
                    assign(&token(r#"{"algorithm":"HS256"}"#)),
                    assign(&format!("{}.{payload}.short", part(r#"{"alg":"HS256"}"#))),
                ],
            }
        }
        Check::Assigned => {
            let name = format.keywords[0];
            let value = random(pattern);
            Case {
                positive: format!("{name}_token = \"{value}\"\n"),
                negatives: vec![
                    format!("{name}_region = \"{value}\"\n"),
                    format!("{name}_token_digest = \"{}\"\n", &value[..20]),
                    format!("{name}_token = \"{}\"\n", "0".repeat(value.len())),
                    format!("{name}_token = os.environ[\"TOKEN\"]\n"),
                ],
            }
        }
        Check::Url => {
            let scheme = match format.rule.id {
                "secret-database-url" => "postgresql",
                _ => "https",
            };
            let password = random("[0-9A-Za-z]{16}");
            let address = |rest: &str| assign(&format!("{scheme}:{}{rest}", "//"));
            Case {
                positive: address(&format!("app:{password}@db.internal/x")),
                negatives: vec![
                    address(&format!("app:{password}@localhost/x")),
                    address("app:${PASSWORD}@db.internal/x"),
                    address("app:password@db.internal/x"),
                    address("app@db.internal/x"),
                ],
            }
        }
        Check::Generic => {
            let value = random("[0-9A-Za-z]{28}");
            Case {
                positive: format!("service_secret = \"{value}\"\n"),
                negatives: vec![
                    format!("service_color = \"{value}\"\n"),
                    "service_secret = \"change-me-please-1\"\n".to_owned(),
                    "service_secret = \"production-database-v2\"\n".to_owned(),
                    "service_secret = os.environ[\"SECRET_28\"]\n".to_owned(),
                ],
            }
        }
    }
}

/// GitHub's and npm's checksum: CRC-32 in base 62, six characters.
fn checksum(body: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let crc = crc32fast::hash(body.as_bytes());
    (0..6)
        .rev()
        .map(|place| char::from(DIGITS[(crc / 62_u32.pow(place) % 62) as usize]))
        .collect()
}

#[test]
fn every_format_is_found_where_it_stands_and_nowhere_else() {
    let mut wrong = Vec::new();
    for format in FORMATS {
        let id = format.rule.id;
        let case = case(format);
        if found(&case.positive) != [id] {
            wrong.push(format!(
                "{id}: {:?} {}",
                found(&case.positive),
                case.positive
            ));
        }
        for negative in &case.negatives {
            if found(negative).contains(&id) {
                wrong.push(format!("{id} wrongly: {negative}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn what_is_said_of_each_format_is_as_recorded() {
    let hash = Regex::new(r"\[sha256:[0-9a-f]+\]").unwrap();
    let mut text = String::new();
    for format in FORMATS {
        let source = SourceText::new(
            "deploy/settings.py",
            Some(Language::Python),
            FileRole::Production,
            case(format).positive.into_bytes(),
        );
        let scan = scan(&source, &|| false);
        let claim = &scan.claims[0];
        let quote = source.quote(&claim.span, &scan.redactions);
        text.push_str(&format!(
            "{} {} {:.2} {} | {}\n",
            claim.rule.id,
            claim.severity,
            claim.confidence,
            claim.method.as_str(),
            hash.replace_all(quote.snippet.lines().next().unwrap_or_default(), "[sha256]"),
        ));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks/secrets"),
    );
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("formats", text));
}
