//! Helm templates made readable as YAML: actions (`{{ … }}`) are blanked out, offsets stay.
//!
//! A line of actions only becomes empty; an action inside a line becomes a word of the same length.
//! Nothing is evaluated: both branches of a condition stand one after the other.

use std::ops::Range;

/// With more actions than this, none is taken for a line of its own.
const MAX_ACTIONS: usize = 20_000;
/// Lines longer than this are not looked at whole (bytes).
const MAX_LINE: usize = 2_000;

/// The masked text and where the actions stood, in order.
pub(crate) struct Masked {
    pub(crate) text: String,
    pub(crate) actions: Vec<Range<usize>>,
}

/// Blanks the actions of `text` out. An action that does not end takes the rest.
pub(crate) fn mask(text: &str) -> Masked {
    let mut bytes = text.as_bytes().to_vec();
    let mut actions = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + found;
        let comment = text[start..]
            .trim_start_matches(['{', '-', ' '])
            .starts_with("/*");
        let end = match comment {
            true => text[start..].find("*/").and_then(|close| {
                let close = start + close;
                text[close..].find("}}").map(|end| close + end + 2)
            }),
            false => text[start..].find("}}").map(|end| start + end + 2),
        };
        let end = end.unwrap_or(text.len());
        actions.push(start..end);
        at = end;
    }
    for action in &actions {
        let alone = actions.len() <= MAX_ACTIONS
            && line_around(text, action).is_some_and(|line| {
                is_blank(text, line.start..action.start, &actions)
                    && is_blank(text, action.end..line.end, &actions)
            });
        for byte in &mut bytes[action.clone()] {
            *byte = match (alone, *byte) {
                (true, b'\n') => b'\n',
                (true, _) => b' ',
                (false, _) => b'x',
            };
        }
    }
    // Only whole actions were replaced, and those begin and end with ASCII.
    let text = String::from_utf8(bytes).unwrap_or_default();
    Masked { text, actions }
}

/// The line (or lines) an action stands in; none when it is very long.
fn line_around(text: &str, action: &Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let low = action.start.saturating_sub(MAX_LINE);
    let high = bytes.len().min(action.end + MAX_LINE);
    let start = bytes[low..action.start]
        .iter()
        .rposition(|byte| *byte == b'\n');
    let end = bytes[action.end..high]
        .iter()
        .position(|byte| *byte == b'\n');
    let start = start.map(|at| low + at + 1).or((low == 0).then_some(0))?;
    let end = end
        .map(|at| action.end + at)
        .or((high == bytes.len()).then_some(high))?;
    Some(start..end)
}

/// Whether nothing but blanks and actions stands in a range.
fn is_blank(text: &str, range: Range<usize>, actions: &[Range<usize>]) -> bool {
    let mut at = range.start;
    let first = actions.partition_point(|action| action.end <= range.start);
    for action in actions[first..]
        .iter()
        .take_while(|action| action.start < range.end)
    {
        if !text
            .get(at..action.start.max(at))
            .unwrap_or_default()
            .trim()
            .is_empty()
        {
            return false;
        }
        at = action.end.max(at);
    }
    at >= range.end
        || text
            .get(at..range.end)
            .unwrap_or_default()
            .trim()
            .is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_alone_vanish_and_others_become_words() {
        let text = "a:\n  {{- if .x }}\n  b: {{ .v | quote }}\n  {{- end }}\n";
        let masked = mask(text);
        assert_eq!(masked.text.len(), text.len());
        assert_eq!(masked.text.lines().nth(1).map(str::trim), Some(""));
        assert!(masked.text.lines().nth(2).unwrap().starts_with("  b: xxx"));
        assert_eq!(masked.actions.len(), 3);
    }

    #[test]
    fn odd_templates_keep_their_length() {
        for text in [
            "{{",
            "{{/* }} */}}\na: 1\n",
            "é: {{ \"ü}\" }}é\n",
            "}}{{}}{{",
            "{{ a\n b }}\nc: 1",
        ] {
            assert_eq!(mask(text).text.len(), text.len(), "{text}");
        }
    }
}
