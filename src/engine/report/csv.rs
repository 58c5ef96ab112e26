//! The report as CSV (RFC 4180), one line per finding, leads and suppressed ones included.
//!
//! Spreadsheets run cells that begin like a formula, and this text comes from audited trees: such
//! cells begin with an apostrophe instead. Line breaks and control characters become blanks.

use super::Report;
use crate::domain::finding::DetectedFinding;
use std::borrow::Cow;

const HEADER: &str = "severity,confidence,state,rule,title,cwe,file,start_line,end_line,component,summary,remediation,fingerprint,suppression";

/// The findings as a table.
pub fn to_csv(report: &Report) -> String {
    let found = report.findings.iter().map(|finding| {
        let state = match (finding.content.lead, report.is_existing(finding)) {
            (true, _) => "lead",
            (false, Some(true)) => "existing",
            (false, _) => "new",
        };
        (finding, state, Cow::Borrowed(""))
    });
    let suppressed = report.suppressed.iter().map(|entry| {
        let reason = match &entry.until {
            Some(day) => Cow::Owned(format!("{} (until {day})", entry.reason)),
            None => Cow::Borrowed(entry.reason.as_str()),
        };
        (&entry.finding, "suppressed", reason)
    });
    table(found.chain(suppressed))
}

/// Stored findings as a table: what is now said of each (`state`), and why it was dismissed.
pub fn table<'a>(
    rows: impl IntoIterator<Item = (&'a DetectedFinding, &'a str, Cow<'a, str>)>,
) -> String {
    let mut out = format!("{HEADER}\r\n");
    for (finding, state, suppression) in rows {
        write_row(&mut out, finding, state, &suppression);
    }
    out
}

fn write_row(out: &mut String, finding: &DetectedFinding, state: &str, suppression: &str) {
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
    let cells: Vec<String> = cells.iter().map(|cell| safe(cell)).collect();
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
