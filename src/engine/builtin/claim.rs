//! What a detector says, and how it becomes a finding.
//!
//! A detector states the place and the particulars; severity by role, quotation, redaction,
//! anchors and occurrence numbers are made here, the same for every detector.

use super::{
    registry,
    rule::Rule,
    text::{Redaction, SourceText, slice},
};
use crate::{
    domain::{
        finding::{
            DetectedFinding, Evidence, FindingContent, Location, Severity, TraceStep, Verification,
        },
        matching::Anchor,
    },
    engine::{auditors::BUILTIN, fingerprint, inventory::FileRole},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{collections::BTreeMap, ops::Range};

/// How a claim was established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    /// By the shape of the code.
    Syntax,
    /// By the form of a text.
    Pattern,
    /// By the form of a text and the checksum in it.
    Checksum,
    /// By following data from where it enters.
    DataFlow,
}

impl Method {
    /// As a finding's verification says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Pattern => "pattern",
            Self::Checksum => "checksum",
            Self::DataFlow => "data_flow",
        }
    }
}

/// A fault a detector sees.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claim {
    #[serde(serialize_with = "write_rule", deserialize_with = "read_rule")]
    pub(crate) rule: &'static Rule,
    /// The flagged bytes.
    pub(crate) span: Range<usize>,
    /// The enclosing function, class or section; empty at top level.
    pub(crate) symbol: String,
    pub(crate) severity: Severity,
    /// 0–1.
    pub(crate) confidence: f64,
    /// Worth a look only.
    pub(crate) lead: bool,
    /// What stands here in particular, as a sentence.
    pub(crate) detail: String,
    /// The dangerous call or setting.
    pub(crate) sink: String,
    /// The credential that stands in the span, not to be shown.
    pub(crate) hidden: String,
    /// How it was established.
    pub(crate) method: Method,
    /// The way the data took; empty where none was followed.
    pub(crate) trace: Vec<TraceStep>,
    /// Whether every step of the way is known.
    pub(crate) proved: bool,
}

/// A rule is known by its id.
fn write_rule<S: Serializer>(rule: &&'static Rule, to: S) -> Result<S::Ok, S::Error> {
    rule.id.serialize(to)
}

fn read_rule<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Rule, D::Error> {
    let id = String::deserialize(from)?;
    registry::rule(&id).ok_or_else(|| D::Error::custom("there is no such rule"))
}

impl Claim {
    /// A claim with the rule's own severity and high confidence.
    pub(crate) fn new(rule: &'static Rule, span: Range<usize>, detail: impl Into<String>) -> Self {
        Self {
            rule,
            span,
            symbol: String::new(),
            severity: rule.severity,
            confidence: 0.9,
            lead: false,
            detail: detail.into(),
            sink: String::new(),
            hidden: String::new(),
            method: Method::Syntax,
            trace: Vec::new(),
            proved: false,
        }
    }

    /// Says which way the data took, and whether every step of it is known.
    pub(crate) fn with_flow(mut self, trace: Vec<TraceStep>, proved: bool) -> Self {
        self.method = Method::DataFlow;
        self.trace = trace;
        self.proved = proved;
        self
    }

    pub(crate) fn in_symbol(mut self, symbol: impl Into<String>) -> Self {
        self.symbol = symbol.into();
        self
    }

    pub(crate) fn at_sink(mut self, sink: impl Into<String>) -> Self {
        self.sink = sink.into();
        self
    }

    /// Keeps `text` out of every quotation of the file.
    pub(crate) fn hiding(mut self, text: impl Into<String>) -> Self {
        self.hidden = text.into();
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// Marks the claim as a lead: a place worth a look, not a finding.
    pub(crate) fn into_lead(mut self) -> Self {
        self.lead = true;
        self.confidence = self.confidence.min(0.4);
        self
    }
}

/// Turns the claims on one file into findings, in (line, column, rule) order.
pub(crate) fn to_findings(
    source: &SourceText,
    mut claims: Vec<Claim>,
    secrets: &[Redaction],
) -> Vec<DetectedFinding> {
    claims.sort_by(|a, b| {
        (a.span.start, a.span.end, a.rule.id).cmp(&(b.span.start, b.span.end, b.rule.id))
    });
    claims.dedup_by(|a, b| a.rule.id == b.rule.id && a.span == b.span);
    let mut seen: BTreeMap<(&str, String, String), u32> = BTreeMap::new();
    claims
        .into_iter()
        .map(|claim| {
            let text_hash = fingerprint::text_hash(slice(&source.text, claim.span.clone()));
            let key = (claim.rule.id, claim.symbol.clone(), text_hash.clone());
            let occurrence = seen.entry(key).or_default();
            let finding = to_finding(source, claim, text_hash, *occurrence, secrets);
            *occurrence += 1;
            finding
        })
        .collect()
}

fn to_finding(
    source: &SourceText,
    claim: Claim,
    text_hash: String,
    occurrence: u32,
    secrets: &[Redaction],
) -> DetectedFinding {
    let rule = claim.rule;
    let location = location(source, &claim.span);
    let quote = source.quote(&claim.span, secrets);
    let lines = fingerprint::line_hashes(&source.text, &claim.span);
    let mut anchor = Anchor {
        fingerprint: String::new(),
        rule_id: rule.id.to_owned(),
        path: source.path.clone(),
        symbol: claim.symbol,
        text_hash,
        occurrence,
        source_symbol: String::new(),
        sink_symbol: claim.sink,
        line: location.start_line,
        line_hash: lines.own,
        near_hash: lines.near,
    };
    anchor.fingerprint = fingerprint::fingerprint(&anchor);
    let evidence = Evidence {
        kind: evidence_kind(rule).to_owned(),
        file: source.path.clone(),
        start_line: quote.start_line,
        end_line: quote.end_line,
        snippet: quote.snippet,
        sha256: quote.sha256,
        note: claim.detail.clone(),
    };
    let (severity, role_note) = severity_in(source.role, claim.severity, rule);
    let (verdict, note) = match claim.proved {
        true => (
            "proved_by_engine",
            "Every step from source to sink was followed.",
        ),
        false => ("anchored", "The quoted lines stand in the file."),
    };
    let content = FindingContent {
        title: rule.title.to_owned(),
        severity,
        confidence: claim.confidence,
        category: rule.category.to_owned(),
        cwe: rule.cwe.iter().map(|cwe| (*cwe).to_owned()).collect(),
        owasp: rule.owasp.iter().map(|entry| (*entry).to_owned()).collect(),
        cvss: None,
        location,
        component: String::new(),
        auditors: vec![BUILTIN.to_owned()],
        rule_id: rule.id.to_owned(),
        lead: claim.lead,
        summary: claim.detail,
        description: format!("{}{role_note}", rule.description),
        impact: rule.impact.to_owned(),
        remediation: rule.remediation.to_owned(),
        evidence: vec![evidence],
        trace: claim.trace,
        fix_diff: None,
        references: rule
            .references
            .iter()
            .map(|url| (*url).to_owned())
            .collect(),
        verification: Verification {
            method: claim.method.as_str().to_owned(),
            verdict: verdict.to_owned(),
            note: note.to_owned(),
        },
    };
    DetectedFinding { content, anchor }
}

fn evidence_kind(rule: &Rule) -> &'static str {
    match rule.area {
        "secrets" => "secret",
        "python" | "javascript" | "java" => "code",
        _ => "configuration",
    }
}

/// Severity in context: tests and sample code do not run in production.
fn severity_in(role: FileRole, severity: Severity, rule: &Rule) -> (Severity, &'static str) {
    match role {
        FileRole::Test if rule.area != "secrets" => (
            Severity::Info,
            " The file is test code, so this is for information only.",
        ),
        FileRole::Test => (
            severity.max(Severity::Low),
            " The file is test code, which lowers the severity; check whether the value is live.",
        ),
        FileRole::Documentation => (
            severity.max(Severity::Low),
            " The file is documentation or sample code, which lowers the severity.",
        ),
        FileRole::Production
        | FileRole::Vendored
        | FileRole::Generated
        | FileRole::Minified
        | FileRole::Config => (severity, ""),
    }
}

fn location(source: &SourceText, span: &Range<usize>) -> Location {
    let start_line = source.lines.line_of(span.start);
    let end_line = source
        .lines
        .line_of(span.end.saturating_sub(1).max(span.start));
    let column = |line: u32, offset: usize| {
        slice(&source.text, source.lines.start_of(line)..offset)
            .chars()
            .count() as u32
            + 1
    };
    Location {
        file_path: source.path.clone(),
        start_line,
        end_line,
        start_column: Some(column(start_line, span.start)),
        end_column: Some(column(end_line, span.end)),
    }
}
