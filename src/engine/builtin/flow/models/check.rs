//! Whether a row says something that can hold, in words for whoever wrote it.
//!
//! What is only spelled wrong would otherwise be silently without effect.

use super::{
    super::paths::MAX_DEPTH,
    rows::{Condition, EntryRow, FlagRow, RendersRow, Row, SinkRow},
};
use crate::engine::{builtin::registry, inventory::Language};

/// Longest name (characters).
const MAX_NAME: usize = 300;

/// What is wrong with a row.
pub(super) fn faults(language: Language, row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    let mut says = |wrong: Option<String>| faults.extend(wrong);
    if row.names.is_empty() {
        says(Some(
            "a row needs names, such as [\"acme.run()\"]".to_owned(),
        ));
    }
    for name in row.names.iter().chain(&row.like).chain(&row.is_a) {
        says(name_fault(name));
    }
    if says_nothing(row) {
        says(Some(
            "a row says something of its names: source, sinks, clean, safe-for, type, …".to_owned(),
        ));
    }
    for member in of_calls(row) {
        let plain = row.names.iter().find(|name| !is_call(name, member));
        says(plain.map(|name| {
            format!("{member} is about a call: write '{name}()' for what '{name}' does when called")
        }));
    }
    if let Some(source) = &row.source
        && source.what.trim().is_empty()
    {
        says(Some(
            "what of a source is empty: say what data it is".to_owned(),
        ));
    }
    row.sinks
        .iter()
        .for_each(|sink| sink_faults(language, sink, &mut says));
    row.flags
        .iter()
        .for_each(|flag| flag_faults(language, flag, &mut says));
    for arg in row.from.iter().flatten() {
        says(arg_fault("from", arg));
    }
    if let Some(wraps) = &row.wraps {
        says(arg_fault("wraps", wraps));
    }
    if let Some(into) = &row.into
        && into != "self"
        && into.parse::<usize>().is_err()
    {
        says(Some(format!(
            "into is 'self' or the place of an argument, not '{into}'"
        )));
    }
    if let Some(entry) = &row.entry {
        entry_faults(language, entry, &mut says);
    }
    if let Some(renders) = &row.renders {
        renders_faults(renders, &mut says);
    }
    if let Some(template) = &row.template {
        says(arg_fault("name", &template.name));
    }
    let checks = row
        .checks
        .iter()
        .map(|it| ("checks", &it.arg, &it.contexts));
    let guards = row.guard.iter().map(|it| ("guard", &it.arg, &it.contexts));
    for (member, arg, contexts) in checks.chain(guards) {
        let place = arg.split(' ').next().unwrap_or_default();
        if place.parse::<usize>().is_err() {
            says(Some(format!(
                "arg of {member} begins with the place of the argument, such as \"0\", not '{arg}'"
            )));
        }
        if contexts.is_empty() {
            says(Some(format!(
                "{member} names no contexts, so it says nothing"
            )));
        }
    }
    faults
}

/// An error of the reader without what only a programmer understands.
pub(super) fn explained(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    format!("{line}; the form of models is described in docs/design/models.md")
}

fn says_nothing(row: &Row) -> bool {
    let silent = Row {
        names: row.names.clone(),
        ..Row::default()
    };
    serde_json::to_value(row).ok() == serde_json::to_value(silent).ok()
}

/// The members of a row that hold only of calls.
fn of_calls(row: &Row) -> Vec<&'static str> {
    let members = [
        ("sinks", !row.sinks.is_empty()),
        ("flags", !row.flags.is_empty()),
        // What is read somewhere may be harmless for something from the beginning.
        ("safe-for", !row.safe_for.is_empty() && row.source.is_none()),
        ("undoes", row.undoes),
        ("clean", row.clean),
        ("from", row.from.is_some()),
        ("passes", row.passes),
        ("into", row.into.is_some()),
        ("makes", row.makes.is_some()),
        ("wraps", row.wraps.is_some()),
        ("renders", row.renders.is_some()),
        ("template", row.template.is_some()),
        ("loads-template", row.loads_template),
        ("sets-entry", row.sets_entry),
        ("ends", row.ends),
        ("checks", row.checks.is_some()),
        ("guard", row.guard.is_some()),
    ];
    let used = members.into_iter().filter(|(_, used)| *used);
    used.map(|(member, _)| member).collect()
}

/// A call, or for a sink also what is assigned: `session.[]=`.
fn is_call(name: &str, member: &str) -> bool {
    name.ends_with("()") || (member == "sinks" && name.ends_with('='))
}

fn name_fault(name: &str) -> Option<String> {
    let odd = |what: &str| Some(format!("the name '{name}' {what}"));
    if name.chars().count() > MAX_NAME {
        return Some(format!("a name is longer than {MAX_NAME} characters"));
    }
    let allowed = |c: char| c.is_alphanumeric() || "_$<>?=[]- ".contains(c);
    let mut depth = 0;
    for part in name.split('.') {
        let own = part.trim_end_matches("()");
        depth += 1 + (part.len() - own.len()) / 2;
        if own.is_empty() {
            return odd("has a part without letters: names are like 'acme.Client().run()'");
        }
        if own.contains(['(', ')']) {
            return odd(
                "is written without arguments: '()' stands for the call, whatever is given",
            );
        }
        if own.trim() != own || !own.chars().all(allowed) {
            return odd("has a character that no name has: names are like 'acme.Client().run()'");
        }
    }
    if depth > usize::from(MAX_DEPTH) {
        return odd(&format!(
            "has more than {MAX_DEPTH} parts: give an inner part a type"
        ));
    }
    None
}

/// `self`, `*`, all from a place on (`1..`), a place, names, or a place and names.
fn arg_fault(of: &str, arg: &str) -> Option<String> {
    let is_name =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let from = |arg: &str| arg.strip_suffix("..").map(str::parse::<u8>);
    let fine = matches!(arg, "self" | "*")
        || matches!(from(arg), Some(Ok(_)))
        || arg.split(' ').all(is_name);
    (!fine).then(|| {
        format!(
            "{of} is 'self', '*', all from a place on ('1..'), or the place of an argument and its name (\"0 query\"), not '{arg}'"
        )
    })
}

fn rule_fault(language: Language, rule: &str) -> Option<String> {
    let id = format!("{}-{rule}", language.as_str());
    if registry::rule(&id).is_some() {
        return None;
    }
    let prefix = format!("{}-", language.as_str());
    let hint = match rule.strip_prefix(&prefix) {
        Some(short) => format!("write it without the language: {short}"),
        None => format!(
            "the page docs/checks/{}/{prefix}<rule>.md describes each",
            language.as_str()
        ),
    };
    Some(format!(
        "there is no rule '{rule}' for {}: {hint}",
        language.as_str()
    ))
}

fn sink_faults(language: Language, sink: &SinkRow, says: &mut impl FnMut(Option<String>)) {
    says(arg_fault("arg of a sink", &sink.arg));
    says(rule_fault(language, &sink.rule));
    for condition in sink.only_if.iter().chain(&sink.unless) {
        says(condition_fault(condition));
    }
}

fn flag_faults(language: Language, flag: &FlagRow, says: &mut impl FnMut(Option<String>)) {
    says(rule_fault(language, &flag.rule));
    for condition in flag.only_if.iter().chain(&flag.unless) {
        says(condition_fault(condition));
    }
}

fn condition_fault(condition: &Condition) -> Option<String> {
    let asks = !condition.is.is_empty()
        || condition.matches.is_some()
        || condition.begins.is_some()
        || condition.given.is_some();
    if !asks {
        let arg = &condition.arg;
        return Some(format!(
            "the condition on '{arg}' asks nothing: add is, matches, begins or given"
        ));
    }
    arg_fault("arg of a condition", &condition.arg)
}

fn entry_faults(language: Language, entry: &EntryRow, says: &mut impl FnMut(Option<String>)) {
    if !entry.arg.is_empty() {
        says(arg_fault("arg of an entry", &entry.arg));
    }
    match entry.returns {
        Some(_) if entry.returns_rule.is_empty() => says(Some(
            "an entry with returns needs returns-rule, such as reflected-xss".to_owned(),
        )),
        Some(_) => says(rule_fault(language, &entry.returns_rule)),
        None if !entry.returns_rule.is_empty() => says(Some(
            "returns-rule says nothing without returns, such as html".to_owned(),
        )),
        None => {}
    }
}

fn renders_faults(renders: &RendersRow, says: &mut impl FnMut(Option<String>)) {
    says(arg_fault("template", &renders.template));
    if renders.context != "named" {
        says(arg_fault("context", &renders.context));
    }
    for what in renders.also.values() {
        match what.strip_prefix('@') {
            Some(name) => says(name_fault(name)),
            None => says(arg_fault("also", what)),
        }
    }
}
