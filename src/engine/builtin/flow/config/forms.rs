//! How files of settings are written. Nothing is run and nothing is looked up: a value that is not a
//! plain text is not known.

use super::super::value::MAX_TEXT;
use crate::engine::builtin::syntax::yaml::{ValueId, Yaml};
use tokio_util::sync::CancellationToken;

/// Entries of one file; those behind them are left out.
const MAX_ENTRIES: usize = 20_000;
/// Longer keys are left out (bytes).
const MAX_KEY: usize = 512;
/// Maps in maps.
const MAX_DEPTH: usize = 24;

/// A key, and what it is set to, when that is known.
pub(super) type Entry = (String, Option<String>);

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Java's: [`java.util.Properties.load`](https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)).
    Properties,
    /// Assignments as a shell would read them.
    Environment,
    /// YAML, of which JSON is a part.
    Tree,
}

impl Form {
    /// What a file sets. What is not written as it should be is left out.
    pub(super) fn entries(self, bytes: Vec<u8>, cancel: &CancellationToken) -> Vec<Entry> {
        // Files that are no UTF-8 are what `.properties` were for long: Latin-1.
        let text = String::from_utf8(bytes).unwrap_or_else(|wrong| {
            let bytes = wrong.into_bytes();
            bytes.into_iter().map(char::from).collect()
        });
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let mut entries = match self {
            Self::Properties => properties(&text),
            Self::Environment => environment(&text),
            Self::Tree => match Yaml::parse_text(&text, cancel) {
                Ok(yaml) if !yaml.has_error => tree(&yaml),
                _ => Vec::new(),
            },
        };
        entries.truncate(MAX_ENTRIES);
        entries
    }
}

/// `key = value`, `key: value`, `key value`; `#` and `!` begin comments, `\` at the end goes on in
/// the next line.
fn properties(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = text.split(['\n', '\r']);
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(is_blank);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while goes_on(&whole) {
            whole.pop();
            let next = lines.next().unwrap_or_default();
            whole.push_str(next.trim_start_matches(is_blank));
            if next.is_empty() {
                break;
            }
        }
        let (key, value) = split(&whole);
        if let Some(key) = unescaped(key) {
            entries.push((key, unescaped(value)));
        }
    }
    entries
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Whether a line ends in a `\` that is not itself behind one.
fn goes_on(line: &str) -> bool {
    let rest = line.trim_end_matches('\\');
    (line.len() - rest.len()) % 2 == 1
}

/// Key and value of a line, as they are written.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, value.trim_start_matches(is_blank))
}

/// With what stands behind `\`; `None` where Java would refuse it.
fn unescaped(text: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let meant = match c {
            '\\' => match characters.next() {
                Some('u') => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let is_number = digits.chars().all(|c| c.is_ascii_hexdigit());
                    let digits = Some(digits).filter(|it| it.len() == 4 && is_number)?;
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        units.extend_from_slice(meant.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

/// `KEY=value`, `export KEY="value"`, `# …`. What stands on several lines is not known.
fn environment(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if key.is_empty() || !key.chars().all(is_name) {
            continue;
        }
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let known = match quote {
            None => {
                let end = value.find(" #").unwrap_or(value.len());
                let plain = value.get(..end).unwrap_or_default().trim_end();
                (!plain.starts_with('#')).then(|| plain.to_owned())
            }
            Some(quote) => {
                let inside = value.get(1..).and_then(|rest| rest.split_once(quote));
                if inside.is_none() {
                    // Up to the line in which it ends.
                    lines.by_ref().find(|line| line.contains(quote));
                }
                let plain = inside.filter(|(inside, _)| !inside.contains('\\'));
                plain.map(|(inside, _)| inside.to_owned())
            }
        };
        entries.push((key.to_owned(), known));
    }
    entries
}

/// The scalars of all documents by their way from the top, `a.b` and `a[0].b`.
fn tree(yaml: &Yaml) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut steps = 0;
    for root in yaml.roots() {
        below(yaml, *root, String::new(), 0, &mut steps, &mut entries);
    }
    entries
}

/// Aliases make a tree of a text that is larger than it, so steps are counted.
fn below(
    yaml: &Yaml,
    at: ValueId,
    way: String,
    depth: usize,
    steps: &mut usize,
    entries: &mut Vec<Entry>,
) {
    *steps += 1;
    if depth > MAX_DEPTH || *steps > MAX_ENTRIES || way.len() > MAX_KEY {
        return;
    }
    if let Some(text) = yaml.scalar(at) {
        let is_nothing = matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let is_known = !is_nothing && text.len() <= MAX_TEXT;
        entries.push((way, is_known.then(|| text.to_owned())));
        return;
    }
    for (key, value) in yaml.entries(at) {
        let way = match way.is_empty() {
            true => key.text.clone(),
            false => format!("{way}.{}", key.text),
        };
        below(yaml, value, way, depth + 1, steps, entries);
    }
    for (place, item) in yaml.items(at).iter().enumerate() {
        let way = format!("{way}[{place}]");
        below(yaml, *item, way, depth + 1, steps, entries);
    }
}
