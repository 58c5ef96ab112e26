//! The report as one HTML page that needs nothing else: no script, no font, no request.
//!
//! Everything that is not written here is escaped, and the page's own content security policy
//! allows nothing but its own style sheet. Severity is told in words, never by colour alone.

use super::{
    LEADS, Report, ReportContext,
    context::{Row, Sorted},
    place,
};
use crate::domain::finding::{ConfidenceLabel, Severity};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const STYLE: &str = include_str!("html.css");

/// Lines of the ledger are listed one by one up to this number; the table by reason is whole.
const MAX_LISTED: usize = 500;

/// What the page may do, for its own `meta` element and for the header it is served with.
pub fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// The report as a page.
pub fn to_html(report: &Report, context: &ReportContext) -> String {
    let sorted = Sorted::new(report, context);
    let mut out =
        String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Vega security report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        content_security_policy()
    );
    write_summary(&mut out, report, context, &sorted);
    write_section(&mut out, "Findings", "finding", &sorted.open);
    if context.include_leads && !sorted.leads.is_empty() {
        write_section(&mut out, LEADS, "lead", &sorted.leads);
    }
    write_dismissed(&mut out, &sorted.dismissed);
    write_rows(&mut out, "Resolved", &sorted.resolved);
    write_suppressed(&mut out, report);
    let engine = &report.engine;
    let version = escape(&engine.version);
    let footer = if context.of_many_scans {
        format!("Vega {version}.")
    } else {
        write_coverage(&mut out, report);
        let rules = escape(&engine.rules_version);
        let auditors = escape(&report.auditors_used.join(", "));
        let name = escape(&engine.name);
        format!("Engine {name} {version}, rules {rules}; auditors: {auditors}.")
    };
    let _ = writeln!(out, "<footer>{footer}</footer>\n</main>\n</body>\n</html>");
    out
}

fn write_summary(out: &mut String, report: &Report, context: &ReportContext, sorted: &Sorted<'_>) {
    let counts = &sorted.counts;
    out.push_str("<h1>Vega security report</h1>\n");
    let about = context.about.iter();
    let about = about.map(|(name, text)| format!("{name} <code>{}</code>", escape(text)));
    let about: Vec<String> = about.collect();
    if !about.is_empty() {
        let _ = writeln!(out, "<p class=\"meta\">{}</p>", about.join(" · "));
    }
    let (findings, rest) = sorted.summary(report, context);
    let _ = writeln!(
        out,
        "<p class=\"lead\">{findings}{}.</p>\n<ul class=\"counts\">",
        escape(&rest),
    );
    for severity in Severity::ALL {
        let _ = writeln!(
            out,
            "<li class=\"{severity}\"><strong>{}</strong> {severity}</li>",
            counts.get(*severity)
        );
    }
    out.push_str("</ul>\n");
}

/// Findings as a table and one by one; `kind` tells the places on the page of two sections apart.
fn write_section(out: &mut String, title: &str, kind: &str, rows: &[Row<'_>]) {
    let _ = writeln!(out, "<h2>{title}</h2>");
    if rows.is_empty() {
        out.push_str("<p>None.</p>\n");
        return;
    }
    out.push_str("<table>\n<thead><tr><th>Severity</th><th>Finding</th><th>Place</th></tr></thead>\n<tbody>\n");
    for (number, row) in (1..).zip(rows) {
        let content = &row.finding.content;
        let _ = writeln!(
            out,
            "<tr><td><span class=\"severity {0}\">{0}</span></td><td><a href=\"#{kind}-{number}\">{1}</a></td><td><code>{2}</code></td></tr>",
            content.severity,
            escape(&content.title),
            escape(&place(row.finding)),
        );
    }
    out.push_str("</tbody>\n</table>\n");
    for (number, row) in (1..).zip(rows) {
        write_finding(out, &format!("{kind}-{number}"), row);
    }
}

/// Findings that need no story here, a line each.
fn write_rows(out: &mut String, title: &str, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>{title}</h2>\n<table>\n<thead><tr><th>Severity</th><th>Finding</th><th>Place</th></tr></thead>\n<tbody>"
    );
    for row in rows {
        let content = &row.finding.content;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
            content.severity,
            escape(&content.title),
            escape(&place(row.finding)),
        );
    }
    out.push_str("</tbody>\n</table>\n");
}

fn write_dismissed(out: &mut String, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    out.push_str("<h2>Dismissed</h2>\n<table>\n<thead><tr><th>Severity</th><th>Finding</th><th>Place</th><th>Reason</th><th>Until</th></tr></thead>\n<tbody>\n");
    for row in rows {
        let content = &row.finding.content;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            content.severity,
            escape(&content.title),
            escape(&place(row.finding)),
            escape(row.reason()),
            escape(row.until()),
        );
    }
    out.push_str("</tbody>\n</table>\n");
}

fn write_finding(out: &mut String, id: &str, row: &Row<'_>) {
    let finding = row.finding;
    let content = &finding.content;
    let state = row.label();
    let _ = writeln!(
        out,
        "<article id=\"{id}\">\n<h3><span class=\"severity {0}\">{0}</span> {1}</h3>\n\
         <p class=\"meta\"><code>{2}</code> · <code>{3}</code> · {4} · confidence {5}{state}</p>\n<p>{6}</p>",
        content.severity,
        escape(&content.title),
        escape(&place(finding)),
        escape(&content.rule_id),
        escape(&content.cwe.join(", ")),
        ConfidenceLabel::of(content.confidence),
        escape(&content.summary),
    );
    for evidence in &content.evidence {
        out.push_str("<pre>");
        for (line, text) in (evidence.start_line..).zip(evidence.snippet.lines()) {
            let _ = writeln!(
                out,
                "<span class=\"number\">{line:>5} </span>{}",
                escape(text)
            );
        }
        out.push_str("</pre>\n");
    }
    if !content.trace.is_empty() {
        out.push_str("<h4>Data flow</h4>\n<ol class=\"trace\">\n");
        for step in &content.trace {
            let _ = writeln!(
                out,
                "<li>{} <code>{}:{}</code> <code>{}</code> {}</li>",
                step.role,
                escape(&step.file),
                step.line,
                escape(&step.symbol),
                escape(&step.note)
            );
        }
        out.push_str("</ol>\n");
    }
    let _ = writeln!(
        out,
        "<dl><dt>What</dt><dd>{}</dd><dt>Why it matters</dt><dd>{}</dd><dt>Fix</dt><dd>{}</dd></dl>\n</article>",
        escape(&content.description),
        escape(&content.impact),
        escape(&content.remediation),
    );
}

fn write_suppressed(out: &mut String, report: &Report) {
    if report.suppressed.is_empty() {
        return;
    }
    out.push_str("<h2>Suppressed by comments</h2>\n<table>\n<thead><tr><th>Severity</th><th>Rule</th><th>Place</th><th>Reason</th><th>Until</th></tr></thead>\n<tbody>\n");
    for entry in &report.suppressed {
        let content = &entry.finding.content;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            content.severity,
            escape(&content.rule_id),
            escape(&place(&entry.finding)),
            escape(&entry.reason),
            escape(entry.until.as_deref().unwrap_or("no end")),
        );
    }
    out.push_str("</tbody>\n</table>\n");
}

fn write_coverage(out: &mut String, report: &Report) {
    out.push_str("<h2>Coverage</h2>\n<p>What was looked at, and what was not and why.</p>\n<table>\n<thead><tr><th>Outcome</th><th>Reason</th><th>Files</th></tr></thead>\n<tbody>\n");
    for (outcome, reason, count) in report.ledger() {
        let _ = writeln!(
            out,
            "<tr><td>{outcome}</td><td>{}</td><td>{count}</td></tr>",
            escape(reason)
        );
    }
    out.push_str("</tbody>\n</table>\n");
    let open: Vec<_> = report
        .coverage
        .iter()
        .filter(|entry| !entry.reason.is_empty())
        .collect();
    if !open.is_empty() {
        let _ = writeln!(
            out,
            "<details>\n<summary>{} files not fully reviewed</summary>\n<ul>",
            open.len()
        );
        for entry in open.iter().take(MAX_LISTED) {
            let _ = writeln!(
                out,
                "<li><code>{}</code> {}: {}</li>",
                escape(&entry.path),
                entry.outcome,
                escape(&entry.reason)
            );
        }
        if open.len() > MAX_LISTED {
            let _ = writeln!(
                out,
                "<li>and {} more, in the JSON report</li>",
                open.len() - MAX_LISTED
            );
        }
        out.push_str("</ul>\n</details>\n");
    }
    if !report.warnings.is_empty() {
        out.push_str("<h2>Warnings</h2>\n<ul>\n");
        for warning in &report.warnings {
            let _ = writeln!(out, "<li>{}</li>", escape(warning));
        }
        out.push_str("</ul>\n");
    }
}

/// Text as HTML shows it, also inside a quoted attribute; control characters are made visible.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            // Direction marks could show a path other than it is.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}
