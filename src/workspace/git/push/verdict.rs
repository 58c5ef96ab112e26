//! What git made of a push: its report, and the meaning of its complaints.
//!
//! As with fetches, only meanings pass: the texts name files of this machine. The names of git's
//! checks of objects (`hasDotgit`) are the exception; they are what people look for.

use super::pkt_line::{self, Packet};
use std::{collections::BTreeMap, io};

/// Why a pack was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In a few words, for the report.
    pub reason: String,
    /// What to do.
    pub advice: String,
}

/// What git made of a push.
#[derive(Debug)]
pub struct Received {
    /// Why nothing of it was taken, if nothing was.
    pub refused: Option<Refusal>,
    /// Each reference, and why it was not changed, if it was not.
    pub references: Vec<(String, Option<String>)>,
}

/// Judges a push of `names` by git's report, by what hindered feeding it, and by its complaints.
pub(super) fn judge(
    names: Vec<String>,
    said: &[u8],
    fed: Option<&io::ErrorKind>,
    stderr: &str,
    max_bytes: u64,
) -> Received {
    let (unpacked, mut told) = parse(said);
    let refused = (!unpacked || fed.is_some()).then(|| refusal(fed, stderr, max_bytes));
    let references = names
        .into_iter()
        .map(|name| {
            let outcome = match (&refused, told.remove(&name)) {
                (Some(refusal), _) => Some(refusal.reason.clone()),
                (None, Some(outcome)) => outcome,
                (None, None) => Some("git said nothing of it".to_owned()),
            };
            (name, outcome)
        })
        .collect();
    Received {
        refused,
        references,
    }
}

/// Whether the pack was taken, and what became of each reference.
fn parse(mut said: &[u8]) -> (bool, BTreeMap<String, Option<String>>) {
    let mut unpacked = false;
    let mut told = BTreeMap::new();
    while let Ok(Some(Packet::Line(line))) = pkt_line::read(&mut said) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\n');
        if let Some(outcome) = line.strip_prefix("unpack ") {
            unpacked = outcome == "ok";
        } else if let Some(name) = line.strip_prefix("ok ") {
            told.insert(name.to_owned(), None);
        } else if let Some((name, reason)) = line
            .strip_prefix("ng ")
            .and_then(|line| line.split_once(' '))
        {
            told.insert(name.to_owned(), Some(plain(reason)));
        }
    }
    (unpacked, told)
}

/// Git's own reasons are a few words; anything longer or odder is not shown.
fn plain(reason: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_,;'".contains(c);
    if reason.len() <= 80 && reason.chars().all(plain) {
        reason.to_owned()
    } else {
        "git refused it".to_owned()
    }
}

fn refusal(fed: Option<&io::ErrorKind>, stderr: &str, max_bytes: u64) -> Refusal {
    let too_large = fed == Some(&io::ErrorKind::FileTooLarge)
        || [
            "exceeds maximum allowed size",
            "ile too large",
            "File size limit",
        ]
        .iter()
        .any(|words| stderr.contains(words));
    if too_large {
        return too_large_refusal(max_bytes);
    }
    if fed.is_some() {
        return Refusal {
            reason: "the compressed body is damaged".into(),
            advice: "The body of the push could not be unpacked; push again.".into(),
        };
    }
    if let Some(check) = failed_check(stderr) {
        return Refusal {
            reason: format!("object check failed: {check}"),
            advice: format!(
                "An object of the push does not pass git's check '{check}'. Look for it with \
                 `git fsck --full --strict` and leave it out of what you push."
            ),
        };
    }
    if stderr.contains("did not receive expected object") || stderr.contains("unresolved deltas") {
        return Refusal {
            reason: "objects are missing".into(),
            advice: "The push refers to objects that were not sent; push again.".into(),
        };
    }
    Refusal {
        reason: "the pack is damaged or incomplete".into(),
        advice: "What was sent could not be read; push again.".into(),
    }
}

/// The refusal of what is larger than the settings allow.
pub fn too_large_refusal(max_bytes: u64) -> Refusal {
    Refusal {
        reason: format!("larger than {max_bytes} bytes"),
        advice: format!(
            "A push may have at most {max_bytes} bytes (VEGA_MAX_SOURCE_BYTES). A push without \
             history is smaller: push from a clone made with --depth 1."
        ),
    }
}

/// The check named in `error: object <id>: <check>: …`.
fn failed_check(stderr: &str) -> Option<&str> {
    let lines = stderr.lines();
    let mut checks = lines.filter_map(|line| {
        let line = line.trim_start_matches("remote: ");
        let rest = line.strip_prefix("error: object ")?;
        let (_, rest) = rest.split_once(": ")?;
        let (check, _) = rest.split_once(':')?;
        let named = !check.is_empty()
            && check.len() <= 40
            && check.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then_some(check)
    });
    checks.next()
}
