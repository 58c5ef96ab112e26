//! Tags of a page with their attributes, as far as templates need them.

use crate::engine::builtin::text::slice;
use std::ops::Range;

/// Attributes of one tag; further ones are passed over.
const MAX_ATTRIBUTES: usize = 200;

/// A tag that begins an element, or stands alone.
#[derive(Debug)]
pub(super) struct Tag<'t> {
    pub(super) name: &'t str,
    /// Names with the places of their values.
    pub(super) attributes: Vec<(&'t str, Range<usize>)>,
    /// Behind it.
    pub(super) end: usize,
}

impl Tag<'_> {
    /// The place of the value of an attribute.
    pub(super) fn value(&self, name: &str) -> Option<Range<usize>> {
        let found = self.attributes.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| value.clone())
    }
}

/// The tag that begins at `start`.
pub(super) fn tag_at(text: &str, start: usize) -> Option<Tag<'_>> {
    let ends_name = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '"' | '\'' | '<');
    let word = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from..from + rest.find(ends_name).unwrap_or(rest.len())
    };
    let name = word(start + 1);
    if name.is_empty() {
        return None;
    }
    let mut tag = Tag {
        name: slice(text, name.clone()),
        attributes: Vec::new(),
        end: name.end,
    };
    let skip = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.len() - rest.trim_start().len()
    };
    loop {
        let at = skip(tag.end);
        let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            tag.end = text.len();
            return Some(tag);
        };
        match next {
            '>' => {
                tag.end = at + 1;
                return Some(tag);
            }
            '<' => {
                tag.end = at;
                return Some(tag);
            }
            '=' | '/' | '"' | '\'' => {
                tag.end = at + 1;
                continue;
            }
            _ => {}
        }
        let attribute = word(at);
        tag.end = attribute.end;
        let equals = skip(attribute.end);
        if !text.get(equals..).is_some_and(|rest| rest.starts_with('=')) {
            continue;
        }
        let from = skip(equals + 1);
        let rest = text.get(from..).unwrap_or_default();
        let value = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = rest.get(1..).unwrap_or_default();
                let Some(length) = inner.find(quote) else {
                    // It never ends: the tag is broken.
                    tag.end = from + 1;
                    return Some(tag);
                };
                tag.end = from + 1 + length + 1;
                from + 1..from + 1 + length
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || c == '>';
                let length = rest.find(ends).unwrap_or(rest.len());
                tag.end = from + length;
                from..from + length
            }
        };
        if tag.attributes.len() < MAX_ATTRIBUTES {
            tag.attributes.push((slice(text, attribute), value));
        }
    }
}
