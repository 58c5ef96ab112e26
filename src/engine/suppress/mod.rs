//! Findings that a `vega:ignore` comment asks to pass over.
//!
//! Nothing disappears: a suppressed finding moves to its own list with the reason and the place of
//! the comment. A comment that is malformed, expired or meets no finding is a warning and has no
//! effect. Comments are data of the audited tree; whether they count is the caller's choice.

mod mark;

pub(crate) use mark::{Mark, WORD, read};

use crate::domain::finding::DetectedFinding;
use serde::{Deserialize, Serialize};

/// A finding that a comment passes over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The finding, as it would have been reported.
    pub finding: DetectedFinding,
    /// The reason given in the comment.
    pub reason: String,
    /// The line of the comment, in the finding's file.
    pub line: u32,
    /// The last day on which the comment holds (`YYYY-MM-DD`), if it has an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Takes what `marks` pass over on the day `today` (`YYYY-MM-DD`) out of `findings`; gives it with
/// warnings about marks without effect.
pub(crate) fn apply(
    findings: &mut Vec<DetectedFinding>,
    marks: &[Mark],
    today: &str,
) -> (Vec<Suppressed>, Vec<String>) {
    let mut used = vec![false; marks.len()];
    let mut suppressed = Vec::new();
    findings.retain(|finding| {
        let Some(index) = marks
            .iter()
            .position(|mark| speaks_of(mark, finding, today))
        else {
            return true;
        };
        used[index] = true;
        let mark = &marks[index];
        suppressed.push(Suppressed {
            finding: finding.clone(),
            reason: mark.reason.clone(),
            line: mark.line,
            until: mark.until.clone(),
        });
        false
    });
    let warnings = marks.iter().zip(used).filter_map(|(mark, used)| {
        let what = match (&mark.fault, &mark.until) {
            (Some(fault), _) => format!("{fault} and suppresses nothing"),
            (None, Some(until)) if until.as_str() < today => {
                format!("expired on {until} and suppresses nothing any more")
            }
            (None, _) if !used => "meets no finding".to_owned(),
            (None, _) => return None,
        };
        Some(format!(
            "{}:{}: the {WORD} comment {what}",
            mark.path, mark.line
        ))
    });
    (suppressed, warnings.collect())
}

fn speaks_of(mark: &Mark, finding: &DetectedFinding, today: &str) -> bool {
    let location = &finding.content.location;
    mark.fault.is_none()
        && mark.until.as_deref().is_none_or(|until| until >= today)
        && mark.path == location.file_path
        && mark.rules.contains(&finding.content.rule_id)
        && (mark.target == location.start_line || mark.target == location.end_line)
}

#[cfg(test)]
mod tests;
