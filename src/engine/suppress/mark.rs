//! One `vega:ignore` comment: `vega:ignore RULE[,RULE] reason [until=YYYY-MM-DD]`.
//!
//! Recognised behind the opening of a comment in any usual syntax. What it says is data of the
//! audited tree: it is listed with its reason wherever it has an effect, and where it has none.

use crate::engine::builtin;
use serde::{Deserialize, Serialize};

/// The word that begins a mark.
pub(crate) const WORD: &str = "vega:ignore";
/// A reason is cut after so many characters.
const MAX_REASON: usize = 300;

/// What may stand before the word: the openings of comments.
const OPENINGS: &[&str] = &[
    "#", "//", "/*", "*", "--", "<!--", ";", "{#", "{{/*", "{{-/*", "%", "(*", "{-", "@*", "<%--",
    "<%#", "\"\"\"", "'''", "REM", "rem",
];
/// What may stand behind the reason: the ends of comments.
const ENDINGS: &[&str] = &[
    "*/}}", "*/-}}", "*/", "-->", "#}", "*)", "-}", "*@", "--%>", "%>", "\"\"\"", "'''",
];

/// A comment that asks to pass over findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) path: String,
    /// The comment's own line.
    pub(crate) line: u32,
    /// The line it speaks of: its own, or the next one when nothing else stands on its own.
    pub(crate) target: u32,
    pub(crate) rules: Vec<String>,
    pub(crate) reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub(crate) until: Option<String>,
    /// Why it means nothing.
    pub(crate) fault: Option<String>,
}

/// Where a mark's comment begins and its text, if `line` has one.
fn comment(line: &str) -> Option<(usize, &str)> {
    let at = line.find(WORD)?;
    let before = line[..at].trim_end();
    let opening = OPENINGS
        .iter()
        .filter(|open| before.ends_with(**open))
        .max_by_key(|open| open.len())?;
    let text = &line[at + WORD.len()..];
    let whole_word =
        text.is_empty() || text.starts_with(|next: char| next.is_whitespace() || next == ':');
    whole_word.then(|| (before.len() - opening.len(), text.trim_start_matches(':')))
}

/// The marks of a file, whose credentials are already cut from `lines`.
pub(crate) fn read<'a>(path: &str, lines: impl Iterator<Item = &'a str>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    // Marks that stand alone and wait for the line they speak of.
    let mut waiting = Vec::new();
    for (number, line) in (1..).zip(lines) {
        let Some((start, text)) = comment(line) else {
            for index in waiting.drain(..) {
                let mark: &mut Mark = &mut marks[index];
                mark.target = number;
            }
            continue;
        };
        let alone = line[..start].trim().is_empty();
        if alone {
            waiting.push(marks.len());
        }
        marks.push(parse(path, number, text));
    }
    marks
}

fn parse(path: &str, line: u32, text: &str) -> Mark {
    let mut text = text.trim();
    for ending in ENDINGS {
        text = text.strip_suffix(ending).unwrap_or(text).trim_end();
    }
    let (rules, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut until = None;
    let mut words = Vec::new();
    for word in rest.split_whitespace() {
        match word.strip_prefix("until=") {
            Some(day) => until = Some(day.trim_end_matches(['.', ',', ';', ')']).to_owned()),
            None => words.push(word),
        }
    }
    let reason: String = words
        .join(" ")
        .trim_matches([':', '-', ' '])
        .chars()
        .take(MAX_REASON)
        .collect();
    let rules: Vec<String> = rules
        .split(',')
        .filter(|rule| !rule.is_empty())
        .map(str::to_owned)
        .collect();
    let fault = fault_of(&rules, &reason, until.as_deref());
    Mark {
        path: path.to_owned(),
        line,
        target: line,
        rules,
        reason,
        until,
        fault,
    }
}

fn fault_of(rules: &[String], reason: &str, until: Option<&str>) -> Option<String> {
    if rules.is_empty() {
        return Some("names no rule".to_owned());
    }
    if let Some(unknown) = rules.iter().find(|id| builtin::rule(id).is_none()) {
        let shown: String = unknown.chars().take(60).collect();
        return Some(format!("names \"{shown}\", which is no rule"));
    }
    if reason
        .chars()
        .filter(|character| character.is_alphanumeric())
        .count()
        < 3
    {
        return Some("gives no reason".to_owned());
    }
    let day = until.filter(|day| !is_day(day))?;
    let shown: String = day.chars().take(20).collect();
    Some(format!(
        "has an until= that is no day like 2030-01-31: \"{shown}\""
    ))
}

/// Whether a text is a day of the calendar, as `YYYY-MM-DD`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
