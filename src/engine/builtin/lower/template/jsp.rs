//! JSP: `<%= %>`, `${…}`, code between `<%` and `%>`, and the tags of JSTL.
//!
//! Of code only what gives a name a value or prints is followed, without its ways; conditions and
//! repetitions of tags are no ways either.

use super::{
    expression::{Reader, Style},
    html::{Tag, tag_at},
    mako::end_of_braces,
    tokens::Kind,
    writer::{Out, Writer},
};
use crate::engine::builtin::{
    ir::{Name, OpKind, Span},
    text::slice,
};
use std::ops::Range;

/// Writes the operations of a page.
pub(super) fn write(writer: &mut Writer, text: &str) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['<', '$'])) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or_default();
        let until = |end: &str| {
            rest.find(end)
                .map_or(text.len(), |it| start + it + end.len())
        };
        at = if rest.starts_with("<%--") {
            until("--%>")
        } else if rest.starts_with("<%") {
            let end = until("%>");
            code(
                writer,
                text,
                start + 2..end.saturating_sub(2).max(start + 2),
            );
            end
        } else if rest.starts_with("${") {
            let Some(end) = end_of_braces(text, start + 2) else {
                at = start + 2;
                continue;
            };
            let value = reader(writer, text, &(start + 2..end)).expression();
            let out = unescaped(value);
            writer.output(out, Span::from(start..end + 1));
            end + 1
        } else {
            match tag_at(text, start).filter(|tag| tag.name.contains(':')) {
                Some(tag) => {
                    element(writer, text, &tag, Span::from(start..tag.end));
                    tag.end.max(start + 1)
                }
                None => start + 1,
            }
        };
    }
}

fn unescaped(value: Out) -> Out {
    Out {
        markup: true,
        ..value
    }
}

fn reader<'w>(writer: &'w mut Writer, text: &str, place: &Range<usize>) -> Reader<'w> {
    Reader::new(writer, slice(text, place.clone()), place.start, Style::Java)
}

/// A tag of a library.
fn element(writer: &mut Writer, text: &str, tag: &Tag<'_>, span: Span) {
    let get = |name: &str| tag.value(name);
    let fixed = |place: Range<usize>| slice(text, place);
    match tag.name {
        "c:out" => {
            if let Some(value) = get("value") {
                let value = attribute(writer, text, &value, span);
                let escapes = get("escapeXml").is_none_or(|it| fixed(it).trim() != "false");
                let out = Out {
                    markup: !escapes,
                    ..value
                };
                writer.output(out, span);
            }
        }
        "c:set" => {
            if let (Some(name), Some(value)) = (get("var"), get("value")) {
                let value = attribute(writer, text, &value, span);
                let name: Name = fixed(name).into();
                writer.assign(&name, value.var, span);
            }
        }
        "c:forEach" | "c:forTokens" => {
            if let (Some(name), Some(items)) = (get("var"), get("items")) {
                let of = attribute(writer, text, &items, span).var;
                let element = writer.value(span, |to| OpKind::Element(to, of));
                let name: Name = fixed(name).into();
                writer.assign(&name, element, span);
            }
        }
        "jsp:include" | "c:import" => {
            if let Some(file) = get("page").or_else(|| get("url")) {
                let name = attribute(writer, text, &file, span).var;
                let context = writer.context();
                writer.include(name, context, span);
            }
        }
        _ => {}
    }
}

/// The value of an attribute: one expression, or a text.
fn attribute(writer: &mut Writer, text: &str, place: &Range<usize>, span: Span) -> Out {
    let value = slice(text, place.clone());
    for (begin, end) in [("${", "}"), ("#{", "}"), ("<%=", "%>")] {
        if let Some(at) = value.find(begin) {
            let from = place.start + at + begin.len();
            let inner = slice(text, from..place.end);
            let to = inner.rfind(end).map_or(place.end, |it| from + it);
            return reader(writer, text, &(from..to)).expression();
        }
    }
    Out::plain(writer.text(value, span))
}

/// What stands between `<%` and `%>`.
fn code(writer: &mut Writer, text: &str, place: Range<usize>) {
    let whole = slice(text, place.clone());
    let span = Span::from(place.start - 2..place.end + 2);
    if whole.starts_with('=') {
        let inner = place.start + 1..place.end;
        let value = reader(writer, text, &inner).expression();
        writer.output(unescaped(value), span);
        return;
    }
    if let Some(directive) = whole.strip_prefix('@') {
        let file = directive
            .trim_start()
            .strip_prefix("include")
            .and_then(|rest| {
                let (_, rest) = rest.split_once(['"', '\''])?;
                rest.split(['"', '\'']).next()
            });
        if let Some(file) = file {
            let name = writer.text(file, span);
            let context = writer.context();
            writer.include(name, context, span);
        }
        return;
    }
    if whole.starts_with('!') {
        return;
    }
    let mut start = place.start;
    for part in statements(whole) {
        let inner = start..start + part.len();
        start = inner.end + 1;
        statement(writer, text, &inner);
    }
}

/// Parts between `;`, `{` and `}` that stand outside of quotes.
fn statements(code: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in code.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(it), _) if it == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b';' | b'{' | b'}') => {
                parts.push(code.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(code.get(from..).unwrap_or_default());
    parts
}

fn statement(writer: &mut Writer, text: &str, place: &Range<usize>) {
    let whole = text.get(place.clone()).unwrap_or_default();
    let start = place.end - whole.trim_start().len();
    let span = Span::from(start..place.end);
    let mut reader = reader(writer, text, place);
    if reader.is_done() {
        return;
    }
    let equals = reader
        .tokens
        .iter()
        .position(|it| it.kind == Kind::Sign("="));
    let target = equals.and_then(|at| {
        let name = reader.tokens.get(at.checked_sub(1)?)?;
        match &name.kind {
            Kind::Name(name) => Some((at, name.clone())),
            _ => None,
        }
    });
    if let Some((at, name)) = target {
        reader.at = at + 1;
        let value = reader.expression();
        writer.assign(&name, value.var, span);
        return;
    }
    let prints = matches!(
        reader.tokens.as_slice(),
        [out, dot, print, open, ..]
            if out.kind == Kind::Name("out".into())
                && dot.kind == Kind::Sign(".")
                && open.kind == Kind::Sign("(")
                && matches!(&print.kind, Kind::Name(name) if matches!(name.as_ref(), "print" | "println" | "write" | "append"))
    );
    if prints {
        reader.at = 4;
        let value = reader.expression();
        writer.output(unescaped(value), span);
        return;
    }
    reader.expression();
}
