//! The report for a terminal: findings by severity, then leads, then gaps, then numbers.
//!
//! Control characters of the audited tree never reach the terminal.

use super::{LEADS, Report, place};
use crate::domain::finding::{ConfidenceLabel, DetectedFinding, Severity};
use std::fmt::Write;

/// Whether to use terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// ANSI colours.
    Always,
    /// Plain text.
    Never,
}

impl Color {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Never => text.to_owned(),
        }
    }
}

/// The report as readable text, with leads where they are asked for.
pub fn to_text(report: &Report, color: Color, include_leads: bool) -> String {
    let mut out = String::new();
    for severity in Severity::ALL {
        let findings = report
            .findings
            .iter()
            .filter(|finding| !finding.content.lead && finding.content.severity == *severity);
        for (index, finding) in findings.enumerate() {
            if index == 0 {
                let title = severity.as_str().to_uppercase();
                let _ = writeln!(out, "{}\n", color.paint(code(*severity), &title));
            }
            write_finding(&mut out, finding, report.is_existing(finding), color);
        }
    }
    let leads = report.findings.iter().filter(|it| it.content.lead);
    for (index, lead) in leads.filter(|_| include_leads).enumerate() {
        if index == 0 {
            let _ = writeln!(out, "{}\n", color.paint("1", LEADS));
        }
        write_finding(&mut out, lead, report.is_existing(lead), color);
    }
    if !report.suppressed.is_empty() {
        let _ = writeln!(out, "{}", color.paint("1", "Suppressed by comments"));
        for entry in &report.suppressed {
            let until = entry
                .until
                .as_deref()
                .map_or(String::new(), |day| format!(" (until {day})"));
            let _ = writeln!(
                out,
                "  {} {} [{}]: {}{until}",
                printable(&place(&entry.finding)),
                entry.finding.content.severity,
                entry.finding.content.rule_id,
                printable(&entry.reason),
            );
        }
        out.push('\n');
    }
    if !report.coverage_summary.gaps.is_empty() {
        let _ = writeln!(out, "{}", color.paint("1", "Not fully reviewed"));
        for (reason, count) in &report.coverage_summary.gaps {
            let _ = writeln!(out, "  {count:>6}  {}", printable(reason));
        }
        out.push('\n');
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "warning: {}", printable(warning));
    }
    for unused in &report.auditors_unused {
        let _ = writeln!(
            out,
            "auditor {} was not used: {}",
            unused.name, unused.reason
        );
    }
    let outline = report.outline(include_leads);
    let (findings, rest) = outline.split_once(" in ").unwrap_or((&outline, ""));
    let _ = writeln!(out, "{} in {rest}", color.paint("1", findings));
    out
}

fn write_finding(
    out: &mut String,
    finding: &DetectedFinding,
    existing: Option<bool>,
    color: Color,
) {
    let content = &finding.content;
    let _ = writeln!(
        out,
        "  {}  {} [{}]",
        color.paint("1", &printable(&content.title)),
        content.cwe.join(" "),
        content.rule_id,
    );
    let _ = writeln!(
        out,
        "  {}:{}  {}confidence {}{}",
        printable(&content.location.file_path),
        content.location.start_line,
        match content.lead {
            // Findings stand below their severity.
            true => format!("lead, {}, ", content.severity),
            false => String::new(),
        },
        ConfidenceLabel::of(content.confidence),
        match existing {
            Some(true) => "  existing",
            Some(false) => "  new",
            None => "",
        },
    );
    let _ = writeln!(out, "  {}", printable(&content.summary));
    for evidence in &content.evidence {
        for (line, text) in (evidence.start_line..).zip(evidence.snippet.lines()) {
            let number = color.paint("2", &format!("{line:>6} |"));
            let _ = writeln!(out, "  {number} {}", printable(text));
        }
    }
    for step in &content.trace {
        let _ = writeln!(
            out,
            "    {} {}:{} {}",
            step.role,
            printable(&step.file),
            step.line,
            printable(&step.note)
        );
    }
    let _ = writeln!(
        out,
        "  {} {}\n",
        color.paint("32", "Fix:"),
        printable(&content.remediation)
    );
}

/// Text of the audited tree without control characters (a tab becomes blanks).
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| match character {
            '\t' => vec![' '; 4],
            character if character.is_control() => vec!['\u{fffd}'],
            character => vec![character],
        })
        .collect()
}

fn code(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;97;41",
        Severity::High => "1;31",
        Severity::Medium => "1;33",
        Severity::Low => "1;36",
        Severity::Info => "1;34",
    }
}
