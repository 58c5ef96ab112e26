//! `package.json`: what a project of npm, Yarn or pnpm asks for.

use super::{Entries, Entry, Need, json};

const SECTIONS: &[(&str, Need)] = &[
    ("dependencies", Need::Runtime),
    ("optionalDependencies", Need::Optional),
    ("devDependencies", Need::Development),
];

pub(super) fn parse(text: &str) -> Entries {
    let document = json(text)?;
    let mut entries = Vec::new();
    for (section, need) in SECTIONS {
        let Some(wanted) = document[section].as_object() else {
            continue;
        };
        for (name, range) in wanted {
            let range = range.as_str().unwrap_or_default();
            let entry = match is_exact(range) {
                true => Entry::exact(name, range),
                false => Entry::asked(name, range),
            };
            entries.push(entry.needed(*need));
        }
    }
    Ok(entries)
}

/// `1.2.3`, perhaps with a suffix, and nothing that makes it a range.
fn is_exact(range: &str) -> bool {
    let numbers = range.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = numbers.split('.').collect();
    numbers.len() == 3
        && numbers
            .iter()
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        && !range.contains(char::is_whitespace)
}
