//! The report as CSV (RFC 4180), one line per finding, leads and suppressed ones included.
//!
//! Spreadsheets run cells that begin like a formula, and this text comes from audited trees: such
//! cells begin with an apostrophe instead. Line breaks and control characters become blanks.

use super::{FindingNote, Report, ReportContext};
use crate::domain::finding::DetectedFinding;
use std::borrow::Cow;

const HEADER: &str = "severity,confidence,state,rule,title,cwe,file,start_line,end_line,component,summary,remediation,fingerprint,suppression";
/// Columns that a store adds.
const STORED: &str = "lead,id,status,assignee,accepted_until";

/// The findings as a table. With notes of a store, `state` is what it says of each, and there are
/// columns for decisions; without, leads have `lead` as state.
pub fn to_csv(report: &Report, context: &ReportContext) -> String {
    let stored = context.stored;
    let mut out = match stored {
        true => format!("{HEADER},{STORED}\r\n"),
        false => format!("{HEADER}\r\n"),
    };
    for (index, finding) in report.findings.iter().enumerate() {
        let note = context.notes.get(index).and_then(Option::as_ref);
        let state = match (note, finding.content.lead, report.is_existing(finding)) {
            (Some(note), ..) => note.state.as_str(),
            (None, ..) if stored => "",
            (None, true, _) => "lead",
            (None, false, Some(true)) => "existing",
            (None, false, _) => "new",
        };
        let reason = note.map_or("", |note| &note.reason);
        write_row(&mut out, finding, state, reason, stored.then_some(note));
    }
    for entry in &report.suppressed {
        let reason = match &entry.until {
            Some(day) => Cow::Owned(format!("{} (until {day})", entry.reason)),
            None => Cow::Borrowed(entry.reason.as_str()),
        };
        let note = stored.then_some(None);
        write_row(&mut out, &entry.finding, "suppressed", &reason, note);
    }
    out
}

/// One line; `stored` is there where the table has the store's columns.
fn write_row(
    out: &mut String,
    finding: &DetectedFinding,
    state: &str,
    suppression: &str,
    stored: Option<Option<&FindingNote>>,
) {
    let content = &finding.content;
    let cells = [
        content.severity.as_str(),
        &format!("{:.2}", content.confidence),
        state,
        &content.rule_id,
        &content.title,
        &content.cwe.join(" "),
        &content.location.file_path,
        &content.location.start_line.to_string(),
        &content.location.end_line.to_string(),
        &content.component,
        &content.summary,
        &content.remediation,
        &finding.anchor.fingerprint,
        suppression,
    ];
    let mut cells: Vec<String> = cells.iter().map(|cell| safe(cell)).collect();
    if let Some(note) = stored {
        let said = note.map_or([""; 4], |note| {
            let status = note.status.as_str();
            [&note.id, status, &note.assignee, &note.accepted_until]
        });
        let lead = if content.lead { "true" } else { "false" };
        cells.push(safe(lead));
        cells.extend(said.iter().map(|cell| safe(cell)));
    }
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

/// A cell that is only text, whatever program opens it.
fn safe(cell: &str) -> String {
    let plain: String = cell
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    let formula = plain
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    let guard = if formula || cell.starts_with(['\t', '\r', '\n']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", plain.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for cell in [
            "=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "\n@x",
        ] {
            assert!(
                safe(cell).starts_with("\"'"),
                "{cell:?} became {}",
                safe(cell)
            );
        }
        assert_eq!(safe("a \"b\", c\nd"), "\"a \"\"b\"\", c d\"");
    }
}
