//! `pyproject.toml`: what a project asks for (PEP 621, PEP 735, Poetry).

use super::{Entries, Entry, Need, requirements::requirement, toml_table};
use toml::{Table, Value};

pub(super) fn parse(text: &str) -> Entries {
    let document = toml_table(text)?;
    let mut entries = Vec::new();
    if let Some(project) = document.get("project").and_then(Value::as_table) {
        listed(project.get("dependencies"), Need::Runtime, &mut entries);
        for (_, extra) in tables(project, "optional-dependencies") {
            listed(Some(extra), Need::Optional, &mut entries);
        }
    }
    for (_, group) in tables(&document, "dependency-groups") {
        listed(Some(group), Need::Development, &mut entries);
    }
    let poetry = document
        .get("tool")
        .and_then(|tool| tool.get("poetry"))
        .and_then(Value::as_table);
    if let Some(poetry) = poetry {
        named(poetry, "dependencies", Need::Runtime, &mut entries);
        named(poetry, "dev-dependencies", Need::Development, &mut entries);
        for (_, group) in tables(poetry, "group") {
            if let Some(group) = group.as_table() {
                named(group, "dependencies", Need::Development, &mut entries);
            }
        }
    }
    Ok(entries)
}

fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table
        .get(key)
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
}

fn listed(list: Option<&Value>, need: Need, entries: &mut Vec<Entry>) {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    let found = items.filter_map(Value::as_str).filter_map(requirement);
    entries.extend(found.map(|entry| entry.needed(need)));
}

/// Poetry's `name = "range"` or `name = { version = "range" }`.
fn named(table: &Table, key: &str, need: Need, entries: &mut Vec<Entry>) {
    for (name, wanted) in tables(table, key).filter(|(name, _)| *name != "python") {
        let range = wanted
            .as_str()
            .or_else(|| wanted.get("version").and_then(Value::as_str));
        entries.push(Entry::asked(name, range.unwrap_or_default()).needed(need));
    }
}
