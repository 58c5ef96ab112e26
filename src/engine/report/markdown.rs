//! The report as Markdown (CommonMark with tables), for job summaries and merge requests.
//!
//! Text of the audited tree is escaped so that it is shown as it is: no link, no image, no mention,
//! no HTML. Code stands in fences longer than any run of backticks in it.

use super::{
    LEADS, Report, ReportContext,
    context::{Row, Sorted},
    place,
};
use crate::domain::finding::{ConfidenceLabel, Severity};
use std::fmt::Write;

/// The whole story is told of so many findings and leads; the rest is one line each. Code hosts cut
/// long comments.
const MAX_DETAILED: usize = 200;

/// The report as Markdown.
pub fn to_markdown(report: &Report, context: &ReportContext) -> String {
    let sorted = Sorted::new(report, context);
    let mut out = String::from("# Vega security report\n\n");
    let about = context.about.iter();
    let about: Vec<String> = about
        .map(|(name, text)| format!("{name} {}", code(text)))
        .collect();
    if !about.is_empty() {
        let _ = writeln!(out, "{}\n", about.join(" · "));
    }
    let counts = &sorted.counts;
    let (findings, rest) = sorted.summary(report, context);
    let _ = writeln!(out, "**{findings}**{rest}.\n");
    let names: Vec<&str> = Severity::ALL
        .iter()
        .map(|severity| severity.as_str())
        .collect();
    let numbers: Vec<String> = Severity::ALL
        .iter()
        .map(|severity| counts.get(*severity).to_string())
        .collect();
    let _ = writeln!(
        out,
        "| {} |\n|{}",
        names.join(" | "),
        "---:|".repeat(names.len())
    );
    let _ = writeln!(out, "| {} |\n", numbers.join(" | "));
    let left = write_section(&mut out, "Findings", &sorted.open, MAX_DETAILED);
    if context.include_leads {
        write_section(&mut out, LEADS, &sorted.leads, left);
    }
    write_dismissed(&mut out, &sorted.dismissed);
    if !sorted.resolved.is_empty() {
        out.push_str("## Resolved\n\n");
        write_lines(&mut out, &sorted.resolved);
    }
    write_suppressed(&mut out, report);
    if context.of_many_scans {
        let _ = writeln!(out, "Vega {}.", report.engine.version);
    } else {
        write_ledger(&mut out, report);
    }
    out
}

/// Findings of which up to `detailed` have their whole story told; gives how many stories are left.
fn write_section(out: &mut String, title: &str, rows: &[Row<'_>], detailed: usize) -> usize {
    if !rows.is_empty() {
        let _ = writeln!(out, "## {title}\n");
    }
    let (whole, short) = rows.split_at(rows.len().min(detailed));
    for row in whole {
        write_finding(out, row);
    }
    write_lines(out, short);
    detailed - whole.len()
}

/// Findings that need no story here, a line each.
fn write_lines(out: &mut String, rows: &[Row<'_>]) {
    for row in rows {
        let content = &row.finding.content;
        let _ = writeln!(
            out,
            "- {}: {} in {}",
            content.severity,
            escape(&content.title),
            code(&place(row.finding))
        );
    }
    if !rows.is_empty() {
        out.push('\n');
    }
}

fn write_dismissed(out: &mut String, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "## Dismissed\n\n| finding | place | severity | reason | until |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let content = &row.finding.content;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            escape(&content.title),
            escape(&place(row.finding)),
            content.severity,
            escape(row.reason()),
            escape(row.until()),
        );
    }
    out.push('\n');
}

fn write_finding(out: &mut String, row: &Row<'_>) {
    let finding = row.finding;
    let content = &finding.content;
    let state = row.label();
    let _ = writeln!(
        out,
        "### {}: {}\n",
        content.severity.as_str().to_uppercase(),
        escape(&content.title)
    );
    let _ = writeln!(
        out,
        "{} · {} · {} · confidence {}{state}\n",
        code(&place(finding)),
        code(&content.rule_id),
        escape(&content.cwe.join(", ")),
        ConfidenceLabel::of(content.confidence),
    );
    let _ = writeln!(out, "{}\n", escape(&content.summary));
    for evidence in &content.evidence {
        let fence = "`".repeat(longest_run(&evidence.snippet).max(2) + 1);
        let _ = writeln!(
            out,
            "{fence}text\n{}\n{fence}\n",
            printable(&evidence.snippet)
        );
    }
    for (number, step) in (1..).zip(&content.trace) {
        let at = code(&format!("{}:{}", step.file, step.line));
        let _ = writeln!(out, "{number}. {} {at} {}", step.role, escape(&step.note));
    }
    if !content.trace.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "**Why it matters.** {}\n", escape(&content.impact));
    let _ = writeln!(out, "**Fix.** {}\n", escape(&content.remediation));
}

fn write_suppressed(out: &mut String, report: &Report) {
    if report.suppressed.is_empty() {
        return;
    }
    out.push_str("## Suppressed by comments\n\n| place | rule | severity | reason | until |\n|---|---|---|---|---|\n");
    for entry in &report.suppressed {
        let content = &entry.finding.content;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            escape(&place(&entry.finding)),
            code(&content.rule_id),
            content.severity,
            escape(&entry.reason),
            entry.until.as_deref().unwrap_or("no end"),
        );
    }
    out.push('\n');
}

fn write_ledger(out: &mut String, report: &Report) {
    out.push_str("## Coverage\n\n| outcome | reason | files |\n|---|---|---:|\n");
    for (outcome, reason, count) in report.ledger() {
        let _ = writeln!(out, "| {outcome} | {} | {count} |", escape(reason));
    }
    for (index, warning) in report.warnings.iter().enumerate() {
        let _ = writeln!(
            out,
            "{}- {}",
            if index == 0 { "\n## Warnings\n\n" } else { "" },
            escape(warning)
        );
    }
    for unused in &report.auditors_unused {
        let _ = writeln!(
            out,
            "\nThe auditor {} was not used: {}",
            escape(&unused.name),
            escape(&unused.reason)
        );
    }
    let engine = &report.engine;
    let _ = writeln!(
        out,
        "\nEngine {} {}, rules {}.",
        engine.name, engine.version, engine.rules_version
    );
}

/// Text that Markdown shows as it is: ASCII punctuation with a meaning is escaped, one line only,
/// and a zero-width joiner keeps `@name` from mentioning anybody.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '(' | ')' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|'
            | '!' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '@' => out.push_str("@\u{200d}"),
            ':' => out.push_str("&#58;"),
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// An inline code span around any text.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    let text: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            character if character.is_control() => '\u{fffd}',
            character => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_tree_has_no_meaning_to_markdown() {
        let shown = escape("![x](http://evil) <img> @team `a` | b\n# c");
        for live in ["![", "](", " <img", "@team", "http:", "\n"] {
            assert!(!shown.contains(live), "{live} in {shown}");
        }
    }

    #[test]
    fn no_code_breaks_out_of_its_span() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(longest_run("a ``` b"), 3);
    }
}
