//! Thymeleaf: attributes `th:…` in the tags of a page, and `[[…]]`, `[(…)]` in its text.
//!
//! Conditions and repetitions are not followed as ways: what an element repeats is any element of
//! what it goes through, and every part of the page may be shown.

use super::{
    expression::{Reader, SELECTED, Style},
    html::tag_at,
    writer::{Out, Writer},
};
use crate::engine::builtin::{
    ir::{Name, OpKind, Span},
    text::slice,
};
use std::ops::Range;

/// The order in which attributes of one element count.
const ORDER: &[&str] = &[
    "insert", "replace", "include", "each", "with", "object", "text", "utext",
];

/// Writes the operations of a template.
pub(super) fn write(writer: &mut Writer, text: &str) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['<', '['])) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or_default();
        if rest.starts_with("<!--") {
            // Comments may hold what is only shown when it is rendered.
            at = start + 4;
        } else if rest.starts_with("[[") || rest.starts_with("[(") {
            at = inlined(writer, text, start);
        } else if rest.starts_with('<')
            && let Some(tag) = tag_at(text, start)
        {
            at = tag.end.max(start + 1);
            for wanted in ORDER {
                for (name, value) in &tag.attributes {
                    let own = name
                        .strip_prefix("data-th-")
                        .or_else(|| name.strip_prefix("th:"));
                    if own == Some(*wanted) {
                        attribute(writer, text, wanted, value, Span::from(start..tag.end));
                    }
                }
            }
        } else {
            at = start + 1;
        }
    }
}

fn reader<'w>(writer: &'w mut Writer, text: &str, place: &Range<usize>) -> Reader<'w> {
    Reader::new(writer, slice(text, place.clone()), place.start, Style::Java)
}

/// `[[value]]` or `[(value)]` at `start`; gives where to go on.
fn inlined(writer: &mut Writer, text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let escaped = rest.starts_with("[[");
    let line = rest.split('\n').next().unwrap_or_default();
    let Some(length) = line.find(if escaped { "]]" } else { ")]" }) else {
        return start + 2;
    };
    let inner = start + 2..start + length;
    if !slice(text, inner.clone())
        .trim_start()
        .starts_with(['$', '*', '#', '\'', '|'])
    {
        return start + 2;
    }
    let value = reader(writer, text, &inner).expression();
    let span = Span::from(start..start + length + 2);
    let out = Out {
        var: value.var,
        markup: !escaped,
    };
    writer.output(out, span);
    inner.end + 2
}

fn attribute(writer: &mut Writer, text: &str, name: &str, value: &Range<usize>, tag: Span) {
    let span = Span::from(value.clone());
    match name {
        "text" | "utext" => {
            let shown = reader(writer, text, value).expression();
            let out = Out {
                var: shown.var,
                markup: name == "utext",
            };
            writer.output(out, span);
        }
        "object" => {
            let object = reader(writer, text, value).expression();
            writer.store(&SELECTED.into(), object.var, span);
        }
        "each" => {
            let mut reader = reader(writer, text, value);
            let target = reader.name();
            while !reader.is_done() && !reader.sign(":") {
                reader.at += 1;
            }
            let of = reader.expression().var;
            if let Some(target) = target {
                let element = writer.value(span, |to| OpKind::Element(to, of));
                writer.assign(&target, element, span);
            }
        }
        "with" => {
            let mut found: Vec<(Name, _)> = Vec::new();
            let mut reader = reader(writer, text, value);
            while !reader.is_done() {
                match (reader.name(), reader.sign("=")) {
                    (Some(name), true) => found.push((name, reader.expression().var)),
                    _ => reader.at += 1,
                }
            }
            for (name, value) in found {
                writer.assign(&name, value, span);
            }
        }
        _ => {
            let file = slice(text, value.clone()).trim();
            let file = file.strip_prefix("~{").unwrap_or(file);
            let file = file.split("::").next().unwrap_or_default();
            let file = file.trim_matches(|c: char| c.is_whitespace() || matches!(c, '}' | '\''));
            if !file.is_empty() && !file.contains('$') {
                let name = writer.text(file, tag);
                let context = writer.context();
                writer.include(name, context, tag);
            }
        }
    }
}
