//! From what was found to claims, file by file.

use super::{
    analysis::Analysis,
    frame,
    program::FuncRef,
    results::{Found, SinkPlace, Verdict},
    value::{Step, Trust},
};
use crate::{
    domain::finding::{Severity, TraceRole, TraceStep},
    engine::builtin::{claim::Claim, gap::Gap, ir::OpKind, registry, text::LineIndex},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

const SSRF: &str = "-server-side-request";
const REDIRECT: &str = "-open-redirect";
const LOG: &str = "-log-injection";
const CIPHER: &str = "-weak-cipher";

/// What the data flow thinks of one place that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Judgement {
    /// Nothing that could do harm comes here.
    Harmless,
    /// Something unknown comes here.
    Unknown,
    /// A claim says what comes here.
    Claimed,
}

/// What the data flow says of a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileFlow {
    /// Proved faults.
    pub(crate) claims: Vec<Claim>,
    /// Every place that was judged: rule, place, judgement.
    pub(crate) judged: Vec<(String, Range<usize>, Judgement)>,
    /// Calls that are never reached.
    pub(crate) dead: Vec<Range<usize>>,
    /// Why it was not looked at whole: silence about it tells nothing.
    pub(crate) gap: Option<Gap>,
}

impl FileFlow {
    /// Of a file about which nothing is known.
    pub(super) fn of_gap(gap: Gap) -> Self {
        Self {
            gap: Some(gap),
            ..Self::default()
        }
    }

    /// Another one where anything else is said; `None` when that is not to be relied on.
    pub(super) fn digest(&self) -> Option<[u8; 32]> {
        let written = postcard::to_stdvec(self).ok()?;
        (self.gap != Some(Gap::Broken)).then(|| Sha256::digest(written).into())
    }
}

/// Everything that was found, by file.
pub(super) fn report(analysis: &Analysis<'_>, lines: &[LineIndex]) -> BTreeMap<String, FileFlow> {
    let mut files: BTreeMap<String, FileFlow> = BTreeMap::new();
    let results = &analysis.world.results;
    let path = |unit: super::program::UnitRef| analysis.program.unit(unit).path.clone();
    for unit in &results.gaps {
        files.entry(path(*unit)).or_default().gap = Some(Gap::TooComplex);
    }
    for (place, verdict) in &results.judged {
        let judgement = match verdict {
            // Of a file that was cut off nobody knows what else comes there.
            Verdict::Harmless if !results.gaps.contains(&place.unit) => Judgement::Harmless,
            Verdict::Harmless | Verdict::Unknown => Judgement::Unknown,
            Verdict::Reached => Judgement::Claimed,
        };
        let span = place.start as usize..place.end as usize;
        let file = files.entry(path(place.unit)).or_default();
        file.judged.push((place.rule.to_string(), span, judgement));
    }
    for (function, visited) in &results.visited {
        if results.gaps.contains(&function.unit) {
            continue;
        }
        let file = files.entry(path(function.unit)).or_default();
        let blocks = &analysis.program.function(*function).blocks;
        for (block, visited) in blocks.iter().zip(visited) {
            let left = block.ops.iter().skip(*visited);
            let calls = left.filter(|op| matches!(op.kind, OpKind::Call { .. }));
            file.dead
                .extend(calls.map(|op| op.span.start as usize..op.span.end as usize));
        }
    }
    for file in files.values_mut() {
        file.dead.sort_by_key(|span| (span.start, span.end));
    }
    let exposed = analysis.exposed();
    for (place, found) in &results.found {
        if let Some(claim) = claim(analysis, &exposed, lines, place, found) {
            files
                .entry(path(place.unit))
                .or_default()
                .claims
                .push(claim);
        }
    }
    files
}

fn claim(
    analysis: &Analysis<'_>,
    exposed: &BTreeSet<FuncRef>,
    lines: &[LineIndex],
    place: &SinkPlace,
    found: &Found,
) -> Option<Claim> {
    let stored = found
        .source
        .as_ref()
        .is_some_and(|it| it.trust == Trust::Stored);
    let from_archive = found
        .source
        .as_ref()
        .is_some_and(|it| &*it.what == "names in an archive");
    let xss = place.rule.strip_suffix("-reflected-xss");
    let path = place.rule.strip_suffix("-path-traversal");
    let nearer = match (xss, path) {
        (Some(language), _) if stored => registry::rule(&format!("{language}-stored-xss")),
        (_, Some(language)) if from_archive => registry::rule(&format!("{language}-zip-slip")),
        _ => None,
    };
    let rule = nearer.or_else(|| registry::rule(&place.rule))?;
    let function = analysis.program.function(found.function);
    let span = place.start as usize..place.end as usize;
    let steps = found.steps.list();
    let last = steps.len().saturating_sub(1);
    let line = |step: &Step| {
        lines
            .get(step.unit.0 as usize)
            .map_or(1, |lines| lines.line_of(step.span.start as usize))
    };
    let trace: Vec<TraceStep> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| TraceStep {
            file: analysis.program.unit(step.unit).path.clone(),
            line: line(step),
            role: match at {
                0 if found.source.is_some() => TraceRole::Source,
                _ if at == last => TraceRole::Sink,
                _ => TraceRole::Step,
            },
            symbol: step.symbol.to_string(),
            note: step.note.text().to_owned(),
        })
        .collect();
    // What every file has by itself is known by its own name.
    let sink = ["builtins.", "java.lang."]
        .iter()
        .find_map(|own| found.sink.strip_prefix(own))
        .unwrap_or(&found.sink);
    let Some(source) = &found.source else {
        let claim = Claim::new(rule, span, format!("{}: `{sink}`.", rule.title))
            .in_symbol(&function.name)
            .at_sink(sink)
            .confidence(0.7)
            .with_flow(Vec::new(), true);
        // What no request reaches may well be about something that is no secret; but whoever
        // encrypts has one.
        let counts = rule.id.ends_with(CIPHER) || exposed.contains(&found.function);
        return Some(match counts {
            true => claim,
            false => claim.into_lead(),
        });
    };
    let (severity, confidence) = match (source.trust, found.doubt) {
        (Trust::Remote, 0) if gives_control(rule.id) => (Severity::Critical, 0.9),
        (Trust::Remote, 0) => (rule.severity, 0.9),
        (Trust::Remote, 1) => (rule.severity, 0.65),
        (Trust::Remote, _) => (rule.severity, 0.4),
        (Trust::Stored, _) => (lower(rule.severity), 0.55),
        (Trust::Local, _) => (Severity::Low.max(rule.severity), 0.5),
    };
    let origin = &source.what;
    let claim = Claim::new(
        rule,
        span,
        format!("Data from outside ({origin}) reaches `{sink}`."),
    )
    .in_symbol(&function.name)
    .at_sink(sink)
    .severity(severity)
    .confidence(confidence)
    .with_flow(trace, found.doubt == 0);
    // An address that unknown code made of a request is seldom one that the request chose, and a
    // forged line in a log is worth a look only where it is certain.
    // What an unknown function made of a request and a view returns may be anything.
    let is_doubtful =
        [SSRF, REDIRECT, LOG].iter().any(|it| rule.id.ends_with(it)) || sink == frame::RETURNED;
    // What the one who starts the program chooses is theirs.
    Some(match source.trust {
        Trust::Local => claim.into_lead(),
        _ if is_doubtful && found.doubt > 0 => claim.into_lead(),
        // Through several unknown steps nearly everything comes from outside.
        _ if found.doubt > 1 => claim.into_lead(),
        // Who may have written what is stored is not known yet.
        Trust::Stored if found.doubt > 0 || minor_when_stored(rule.id) => claim.into_lead(),
        _ => claim,
    })
}

/// Whether stored data there is a lead at most: most pages, logs and sessions are full of it, and
/// who wrote it decides.
fn minor_when_stored(rule: &str) -> bool {
    ["-stored-xss", LOG, "-trust-boundary"]
        .iter()
        .any(|fault| rule.ends_with(fault))
}

/// Whether who reaches it runs what they like on the server.
fn gives_control(rule: &str) -> bool {
    [
        "-command-injection",
        "-code-execution",
        "-expression-injection",
        "-unsafe-deserialization",
    ]
    .iter()
    .any(|fault| rule.ends_with(fault))
}

/// One step less bad.
fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        other => other,
    }
}
