//! One result: from what a tool wrote to a finding, and from there to one that stands in the tree.

use super::{
    flows,
    places::Places,
    sarif::{Component, Location as SarifLocation, Rule, Run, SarifResult, Text},
    texts::{clean, filled, first_line, prefer},
    weight,
};
use crate::{
    domain::{
        finding::{DetectedFinding, Evidence, FindingContent, Location, Verification},
        matching::Anchor,
    },
    engine::{
        builtin::{Redaction, SourceText, redactions, slice},
        fingerprint,
        inventory::Inventory,
    },
};
use rayon::prelude::*;
use std::{collections::BTreeMap, ops::Range, path::Path};
use tokio_util::sync::CancellationToken;

/// Longest texts taken over, in characters.
const MAX_TITLE: usize = 200;
pub(super) const MAX_SUMMARY: usize = 2_000;
const MAX_DESCRIPTION: usize = 20_000;
const MAX_RULE_ID: usize = 200;
/// A result without a trustworthy place is at most this sure.
const LEAD_CONFIDENCE: f64 = 0.3;

/// A result, not yet held against the tree.
pub(super) struct Claimed {
    pub(super) finding: DetectedFinding,
    /// The text the tool says stands there.
    quoted: String,
    /// What the tool recognises the result by.
    tool_fingerprint: Option<String>,
    /// Whether the flagged text is a credential.
    secret: bool,
}

/// The id of a tool's rule in Vega: the tool and the rule, so that two tools cannot meet in one.
pub(super) fn rule_id(tool: &str, rule: &str) -> String {
    let rule = clean(rule, MAX_RULE_ID);
    let rule = if rule.is_empty() {
        "unnamed-rule"
    } else {
        &rule
    };
    format!("{tool}/{rule}")
}

/// Reads a result; `Err` says why it is left out.
pub(super) fn read(
    result: &SarifResult,
    run: &Run,
    tool: &str,
    auditor: &str,
    places: &Places<'_>,
) -> Result<Claimed, &'static str> {
    if matches!(result.kind.as_str(), "pass" | "notApplicable") {
        return Err("left out, they say that a rule found nothing");
    }
    if result.baseline_state == "absent" {
        return Err("left out, the tool says that they are gone");
    }
    let place = result
        .locations
        .first()
        .ok_or("left out, they name no place")?;
    let uri = uri_of(place, run).ok_or("left out, they name no file")?;
    let known = places.path(uri);
    let path = match &known {
        Some(path) => path.clone(),
        None => {
            super::places::normalised(uri).ok_or("left out, their path leads out of the tree")?
        }
    };
    let rule = rule_of(result, run);
    let id = if result.rule_id.is_empty() {
        rule.map_or(result.rule.id.as_str(), |rule| &rule.id)
    } else {
        &result.rule_id
    };
    let location = location(&path, place);
    let message = message_of(&result.message, rule);
    let texts = rule.map(|rule| [&rule.short_description, &rule.full_description, &rule.help]);
    let words = |text: &Text| clean(prefer(&text.text, &text.markdown), MAX_DESCRIPTION);
    let [short, full, help] = texts.map_or_else(Default::default, |texts| texts.map(words));
    let cwe = weight::weaknesses(result, rule);
    let secret = weight::flags_a_secret(&cwe, rule);
    let suppressed = result
        .suppressions
        .iter()
        .find(|suppression| matches!(suppression.status.as_str(), "" | "accepted"));
    let open = matches!(result.kind.as_str(), "review" | "open" | "informational");
    let title = [first_line(&short), first_line(&message), id]
        .into_iter()
        .find(|text| !text.trim().is_empty())
        .map_or_else(
            || "Imported result".to_owned(),
            |text| clean(text, MAX_TITLE),
        );
    let note = match suppressed {
        Some(reason) => format!(
            "Suppressed in the tool. {}",
            clean(&reason.justification, MAX_SUMMARY)
        ),
        None => String::new(),
    };
    let mut anchor = Anchor {
        fingerprint: String::new(),
        rule_id: rule_id(tool, id),
        path,
        symbol: symbol_of(place, MAX_RULE_ID),
        text_hash: String::new(),
        occurrence: 0,
        source_symbol: String::new(),
        sink_symbol: String::new(),
        line: location.start_line,
        line_hash: String::new(),
        near_hash: String::new(),
    };
    anchor
        .symbol
        .truncate(anchor.symbol.floor_char_boundary(MAX_RULE_ID));
    let content = FindingContent {
        title,
        severity: weight::severity(result, rule),
        confidence: weight::confidence(result, rule),
        category: "imported".to_owned(),
        cwe,
        owasp: Vec::new(),
        cvss: None,
        component: String::new(),
        auditors: vec![auditor.to_owned()],
        rule_id: anchor.rule_id.clone(),
        lead: suppressed.is_some() || open || known.is_none(),
        summary: clean(&message, MAX_SUMMARY),
        description: if full.is_empty() {
            clean(&message, MAX_DESCRIPTION)
        } else {
            full
        },
        impact: String::new(),
        remediation: help,
        evidence: Vec::new(),
        trace: flows::trace(&result.code_flows, run, rule, places),
        fix_diff: None,
        references: rule
            .map(|rule| clean(&rule.help_uri, MAX_SUMMARY))
            .filter(|uri| uri.starts_with("https://") || uri.starts_with("http://"))
            .into_iter()
            .collect(),
        verification: Verification {
            method: "import".to_owned(),
            verdict: "unanchored".to_owned(),
            note,
        },
        location,
    };
    Ok(Claimed {
        finding: DetectedFinding { content, anchor },
        quoted: place.physical_location.region.snippet.text.clone(),
        tool_fingerprint: tool_fingerprint(result),
        secret,
    })
}

/// The URI of a place, also when it stands in the run's list of artifacts.
pub(super) fn uri_of<'a>(place: &'a SarifLocation, run: &'a Run) -> Option<&'a str> {
    let artifact = &place.physical_location.artifact_location;
    if !artifact.uri.is_empty() {
        return Some(&artifact.uri);
    }
    let listed = run.artifacts.get(usize::try_from(artifact.index?).ok()?)?;
    (!listed.location.uri.is_empty()).then_some(listed.location.uri.as_str())
}

/// The rule of a result (§3.52.3): by index, else by id, in the component it names.
fn rule_of<'a>(result: &SarifResult, run: &'a Run) -> Option<&'a Rule> {
    let extension = result.rule.tool_component.index;
    let component: &Component = match extension.and_then(|index| usize::try_from(index).ok()) {
        Some(index) => run.tool.extensions.get(index)?,
        None => &run.tool.driver,
    };
    let index = result.rule_index.or(result.rule.index);
    let id = prefer(&result.rule_id, &result.rule.id);
    let indexed = index
        .and_then(|index| component.rules.get(usize::try_from(index).ok()?))
        .filter(|rule| id.is_empty() || id.starts_with(&rule.id));
    let all = std::iter::once(&run.tool.driver).chain(&run.tool.extensions);
    indexed.or_else(|| {
        all.flat_map(|component| &component.rules)
            .find(|rule| !id.is_empty() && rule.id == id)
    })
}

/// The words of a message, with arguments put in (§3.11.5).
pub(super) fn message_of(message: &Text, rule: Option<&Rule>) -> String {
    let by_id = rule
        .and_then(|rule| rule.message_strings.get(&message.id))
        .map_or("", |text| prefer(&text.text, &text.markdown));
    let own = prefer(&message.text, &message.markdown);
    let text = clean(prefer(own, by_id), MAX_DESCRIPTION);
    filled(&text, &message.arguments, MAX_DESCRIPTION)
}

/// What a place is called, in at most `max` characters.
pub(super) fn symbol_of(place: &SarifLocation, max: usize) -> String {
    let logical = place.logical_locations.first();
    logical.map_or_else(String::new, |logical| {
        clean(prefer(&logical.fully_qualified_name, &logical.name), max)
    })
}

/// The lines and columns of a place in the file at `path`; what makes no sense is left out.
pub(super) fn location(path: &str, place: &SarifLocation) -> Location {
    let region = &place.physical_location.region;
    let number = |value: Option<i64>| value.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let start_line = number(region.start_line).unwrap_or(1);
    let end_line = number(region.end_line)
        .unwrap_or(start_line)
        .max(start_line);
    let start_column = number(region.start_column);
    let end_column = number(region.end_column)
        .filter(|end| end_line > start_line || start_column.is_some_and(|start| *end >= start));
    Location {
        file_path: path.to_owned(),
        start_line,
        end_line,
        start_column,
        end_column,
    }
}

/// The tool's own fingerprint: a full one before a partial one (§3.27.16, §3.27.17), the first by
/// name.
fn tool_fingerprint(result: &SarifResult) -> Option<String> {
    let full = result.fingerprints.iter();
    let (name, value) = full.chain(&result.partial_fingerprints).next()?;
    // Some tools write a constant where a licence is missing.
    let meaningful = value.len() >= 8 && value != "requires login";
    meaningful.then(|| fingerprint::text_hash(&format!("{name}={value}")))
}

/// Holds every claim against its file and completes it: evidence, anchor, verdict.
pub(super) fn settle(
    root: &Path,
    inventory: &Inventory,
    by_file: BTreeMap<String, Vec<Claimed>>,
    cancel: &CancellationToken,
) -> BTreeMap<String, Vec<DetectedFinding>> {
    by_file
        .into_par_iter()
        .filter(|_| !cancel.is_cancelled())
        .map(|(path, claims)| {
            let source = open(root, inventory, &path);
            let redactions = source.as_ref().map_or_else(Vec::new, redactions);
            let mut seen: BTreeMap<(String, String, String), u32> = BTreeMap::new();
            let findings = claims
                .into_iter()
                .map(|claim| {
                    let mut finding = match &source {
                        Some(source) => anchored(claim, source, &redactions),
                        None => adrift(
                            claim,
                            "The file is not in this snapshot, or cannot be read.",
                        ),
                    };
                    let anchor = &mut finding.anchor;
                    let key = (
                        anchor.rule_id.clone(),
                        anchor.symbol.clone(),
                        anchor.text_hash.clone(),
                    );
                    let occurrence = seen.entry(key).or_default();
                    anchor.occurrence = *occurrence;
                    *occurrence += 1;
                    anchor.fingerprint = fingerprint::fingerprint(anchor);
                    finding
                })
                .collect();
            (path, findings)
        })
        .collect()
}

fn open(root: &Path, inventory: &Inventory, path: &str) -> Option<SourceText> {
    let index = inventory
        .files
        .binary_search_by(|file| file.path.as_str().cmp(path))
        .ok()?;
    let file = inventory.files.get(index)?;
    if file.unread.is_some() {
        return None;
    }
    let bytes = std::fs::read(file.on_disk(root)).ok()?;
    Some(SourceText::new(path, file.language, file.role, bytes))
}

fn anchored(claim: Claimed, source: &SourceText, known: &[Redaction]) -> DetectedFinding {
    let location = &claim.finding.content.location;
    if location.end_line > source.lines.count() {
        return adrift(claim, "The file has fewer lines than the tool names.");
    }
    let Some(span) = span(source, location) else {
        return adrift(claim, "The file has fewer lines than the tool names.");
    };
    let flagged = slice(&source.text, span.clone());
    if !claim.quoted.trim().is_empty() && !stands_in(&claim.quoted, source, location) {
        return adrift(
            claim,
            "Other text stands at this place than the tool quotes.",
        );
    }
    let mut cuts = known.to_vec();
    if claim.secret {
        let visible = flagged.trim();
        let start = span.start + flagged.find(visible).unwrap_or(0);
        cuts.push(Redaction::new(visible.as_bytes(), start, 0));
        cuts.sort_by_key(|cut| (cut.span.start, cut.span.end));
    }
    let quote = source.quote(&span, &cuts);
    let text_hash = claim
        .tool_fingerprint
        .clone()
        .unwrap_or_else(|| fingerprint::text_hash(flagged));
    let mut finding = without_secrets(claim, source, &cuts);
    finding.anchor.text_hash = text_hash;
    let content = &mut finding.content;
    let verification = &mut content.verification;
    verification.verdict = "anchored".to_owned();
    let standing = "The place exists in this snapshot; the claim itself is the tool's.";
    verification.note = format!("{standing} {}", verification.note)
        .trim_end()
        .to_owned();
    content.evidence = vec![Evidence {
        kind: if cuts.len() > known.len() {
            "secret"
        } else {
            "code"
        }
        .to_owned(),
        file: source.path.clone(),
        start_line: quote.start_line,
        end_line: quote.end_line,
        snippet: quote.snippet,
        sha256: quote.sha256,
        note: content.summary.clone(),
    }];
    finding
}

/// A claim that does not stand in the tree: a lead.
fn adrift(claim: Claimed, reason: &str) -> DetectedFinding {
    let hash = claim.tool_fingerprint.clone();
    let mut finding = claim.finding;
    let content = &mut finding.content;
    content.lead = true;
    content.confidence = content.confidence.min(LEAD_CONFIDENCE);
    content.trace.clear();
    let verification = &mut content.verification;
    verification.note = format!("{reason} {}", verification.note)
        .trim_end()
        .to_owned();
    finding.anchor.text_hash = hash.unwrap_or_else(|| fingerprint::text_hash(&content.summary));
    finding
}

/// The bytes a location covers: its columns, or its whole lines without the last line's end.
fn span(source: &SourceText, location: &Location) -> Option<Range<usize>> {
    let lines = source.lines.lines(location.start_line, location.end_line)?;
    let column = |line: u32, column: u32| {
        let line = source.lines.lines(line, line)?;
        let text = slice(&source.text, line.clone());
        let skip = usize::try_from(column)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let within = text
            .char_indices()
            .nth(skip)
            .map_or(text.len(), |(at, _)| at);
        Some(line.start + within)
    };
    let start = match location.start_column {
        Some(first) => column(location.start_line, first)?,
        None => lines.start,
    };
    let end = match location.end_column {
        Some(end) => column(location.end_line, end)?,
        None => lines.end,
    };
    let text = slice(&source.text, start..end.max(start));
    let end = start + text.trim_end_matches(['\r', '\n']).len();
    Some(start..end.max(start))
}

/// Whether what a tool quotes stands in the lines it names, white space apart. Quotes that a tool
/// cut or masked (`***`, `…`, `REDACTED`) say nothing.
fn stands_in(quoted: &str, source: &SourceText, location: &Location) -> bool {
    let masked = ["***", "…", "REDACTED", "[sha256:"];
    if masked.iter().any(|mask| quoted.contains(mask)) {
        return true;
    }
    let squeezed = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let Some(lines) = source.lines.lines(location.start_line, location.end_line) else {
        return false;
    };
    let there = squeezed(slice(&source.text, lines));
    let quoted = squeezed(quoted);
    there.contains(&quoted) || quoted.contains(&there)
}

/// The finding with every credential of the file cut from the tool's own words.
fn without_secrets(claim: Claimed, source: &SourceText, cuts: &[Redaction]) -> DetectedFinding {
    let mut finding = claim.finding;
    let content = &mut finding.content;
    for cut in cuts {
        let secret = slice(&source.text, cut.span.clone());
        if secret.len() < 4 {
            continue;
        }
        for text in [
            &mut content.title,
            &mut content.summary,
            &mut content.description,
        ] {
            if text.contains(secret) {
                *text = text.replace(secret, "[cut]");
            }
        }
        for step in &mut content.trace {
            for text in [&mut step.note, &mut step.symbol] {
                if text.contains(secret) {
                    *text = text.replace(secret, "[cut]");
                }
            }
        }
    }
    finding
}
