//! Mako: `${output | filters}`, lines that begin with `%`, tags `<%name>`.

use super::{
    expression::Style,
    html::{Tag, tag_at},
    jinja::Blocks,
    writer::{MODULE, Out, Writer},
};
use crate::engine::builtin::{
    ir::{Name, Span, Var},
    text::slice,
};
use std::ops::Range;

/// How far the end of an output is looked for behind the first closing brace.
const MAX_HIDDEN: usize = 512;

/// Writes the operations of a template.
pub(super) fn write(writer: &mut Writer, text: &str) {
    let mut blocks = Blocks::new(writer, text, Style::Python);
    let mut at = 0;
    let mut line_start = true;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if line_start {
            let line = rest.split('\n').next().unwrap_or_default();
            let words = line.trim_start();
            if words.starts_with("##") || (words.starts_with('%') && !words.starts_with("%%")) {
                let start = at + line.len() - words.len();
                if words.starts_with('%') {
                    control(&mut blocks, start + 1..at + line.trim_end().len());
                }
                at += line.len();
                line_start = false;
                continue;
            }
        }
        line_start = next == '\n';
        if rest.starts_with("${") {
            let Some(end) = end_of_braces(text, at + 2) else {
                break;
            };
            output(&mut blocks, at, end);
            at = end + 1;
        } else if rest.starts_with("<%") || rest.starts_with("</%") {
            at = tag(&mut blocks, at);
        } else {
            at += next.len_utf8();
        }
    }
    blocks.finish();
}

/// The closing brace of what was opened before `from`, outside of quotes; else the first.
pub(super) fn end_of_braces(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let first = rest.find('}')?;
    let mut quote = None;
    let mut braces = 0_u32;
    for (at, byte) in rest.bytes().enumerate().take(first + MAX_HIDDEN) {
        match (quote, byte) {
            (Some(it), _) if it == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => braces += 1,
            (None, b'}') if braces == 0 => return Some(from + at),
            (None, b'}') => braces -= 1,
            _ => {}
        }
    }
    Some(from + first)
}

fn output(blocks: &mut Blocks<'_, '_>, start: usize, end: usize) {
    let span = Span::from(start..end + 1);
    let mut reader = blocks.reader(&(start + 2..end));
    let mut value = reader.expression();
    if reader.sign("|") {
        while let Some(name) = reader.name() {
            value = match name.as_ref() {
                "n" => Out {
                    markup: true,
                    ..value
                },
                "h" | "u" | "x" | "entity" => {
                    let name: Name = if name.as_ref() == "x" {
                        "h".into()
                    } else {
                        name
                    };
                    let plain = Out::plain(value.var);
                    let escaped = reader.filtered(&name, plain, Vec::new(), Vec::new(), span);
                    Out {
                        markup: true,
                        ..escaped
                    }
                }
                _ => reader.filtered(&name, value, Vec::new(), Vec::new(), span),
            };
            reader.sign(",");
        }
    }
    reader.writer.output(value, span);
}

/// A line of Python that begins or ends a block.
fn control(blocks: &mut Blocks<'_, '_>, line: Range<usize>) {
    let text = slice(blocks.text, line.clone());
    let words = text.trim_start();
    let start = line.start + text.len() - words.len();
    let length = words
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(words.len());
    let word = words.get(..length).unwrap_or_default();
    let ends_with_colon = words.ends_with(':');
    let rest = start + length..line.end - usize::from(ends_with_colon);
    if matches!(word, "if" | "elif" | "else" | "for" | "endif" | "endfor") {
        blocks.statement(word, rest, Span::from(line));
    }
}

/// A tag or code at `at`; gives where to go on.
fn tag(blocks: &mut Blocks<'_, '_>, at: usize) -> usize {
    let text = blocks.text;
    let rest = text.get(at..).unwrap_or_default();
    let until = |end: &str| {
        rest.find(end)
            .map_or(text.len(), |found| at + found + end.len())
    };
    if rest.starts_with("<%doc") {
        return until("</%doc>");
    }
    if rest.starts_with("<%text") {
        return until("</%text>");
    }
    if rest.starts_with("</%def") {
        blocks.end("macro", Span::from(at..at + 2));
        return until(">");
    }
    if rest.starts_with("</%") || rest.starts_with("<%!") {
        return until(if rest.starts_with("</") { ">" } else { "%>" });
    }
    let is_tag = rest
        .get(2..)
        .is_some_and(|it| it.starts_with(char::is_alphabetic));
    if !is_tag {
        let end = until("%>");
        code(blocks, at + 2..end.saturating_sub(2).max(at + 2));
        return end;
    }
    let Some(tag) = tag_at(text, at) else {
        return at + 2;
    };
    let span = Span::from(at..tag.end);
    let value = |name: &str| tag.value(name);
    match tag.name {
        "%include" => {
            if let Some(file) = file(blocks, &tag, span) {
                let context = blocks.writer.context();
                blocks.writer.include(file, context, span);
            }
        }
        "%inherit" => {
            if let Some(file) = file(blocks, &tag, span) {
                blocks.extends = Some((file, span));
            }
        }
        "%namespace" => {
            if let (Some(file), Some(name)) = (file(blocks, &tag, span), value("name")) {
                let module = blocks.writer.call(MODULE, &[file], span);
                let name: Name = slice(text, name).into();
                blocks.writer.store(&name, module, span);
            }
        }
        "%def" if !slice(text, at..tag.end).ends_with("/>") => {
            if let Some(name) = value("name") {
                blocks.begin_macro(&name, span);
            }
        }
        "%page" => {
            let filters = value("expression_filter");
            let filters = filters.map_or("", |filters| slice(text, filters));
            if filters.split(',').any(|it| it.trim() == "h") {
                blocks.writer.escapes = true;
            }
        }
        _ => {}
    }
    tag.end
}

/// The file a tag names.
fn file(blocks: &mut Blocks<'_, '_>, tag: &Tag<'_>, span: Span) -> Option<Var> {
    let place = tag.value("file")?;
    let name = slice(blocks.text, place.clone());
    Some(match name.strip_prefix("${") {
        Some(_) => {
            blocks
                .reader(&(place.start + 2..place.end))
                .expression()
                .var
        }
        None => blocks.writer.text(name, span),
    })
}

/// Python between tags: what gives a name a value is followed, the rest is passed over.
fn code(blocks: &mut Blocks<'_, '_>, code: Range<usize>) {
    let mut start = code.start;
    for line in slice(blocks.text, code).split('\n') {
        let words = line.trim_start();
        let length = words
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(words.len());
        let behind = words.get(length..).unwrap_or_default().trim_start();
        if length > 0 && behind.starts_with('=') && !behind.starts_with("==") {
            let whole = start..start + line.len();
            blocks.statement("set", whole.clone(), Span::from(whole));
        }
        start += line.len() + 1;
    }
}
