//! Jinja and Django: `{{ output }}`, `{% tag %}`, `{# comment #}`.
//!
//! Both are read by the same rules: where they differ, what one says is broken in the other.
//! Blocks are written out where they stand; the template they extend is rendered behind them, so
//! that what a block replaces is still looked at.

mod tags;

use super::{
    expression::{Reader, Style},
    writer::Writer,
};
use crate::engine::builtin::{
    ir::{BlockId, Name, Span, Var},
    text::slice,
};
use std::ops::Range;

/// A text in quotes may hide the end of an output for so many bytes.
const MAX_HIDDEN: usize = 512;

/// Writes the operations of a template.
pub(super) fn write(writer: &mut Writer, text: &str) {
    let mut jinja = Blocks::new(writer, text, Style::Filters);
    let mut at = 0;
    while let Some(found) = next(text, at) {
        at = match found.kind {
            Kind::Comment => found.whole.end,
            Kind::Output => {
                jinja.output(&found);
                found.whole.end
            }
            Kind::Tag => jinja.tag(&found),
        };
    }
    jinja.finish();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output,
    Tag,
    Comment,
}

/// A part that is not text of the page.
struct Found {
    kind: Kind,
    whole: Range<usize>,
    inner: Range<usize>,
}

/// The next part at or behind `from`.
fn next(text: &str, from: usize) -> Option<Found> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('{')?;
        let (kind, end) = match text.as_bytes().get(start + 1) {
            Some(b'{') => (Kind::Output, end_of(text, start + 2, "}}")?),
            Some(b'%') => (Kind::Tag, end_of(text, start + 2, "%}")?),
            Some(b'#') => (
                Kind::Comment,
                start + 2 + text.get(start + 2..)?.find("#}")?,
            ),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let signs = ['-', '+'];
        let mut inner = start + 2..end;
        if slice(text, inner.clone()).starts_with(signs) {
            inner.start += 1;
        }
        if slice(text, inner.clone()).ends_with('-') {
            inner.end -= 1;
        }
        return Some(Found {
            kind,
            whole: start..end + 2,
            inner,
        });
    }
}

/// Where `end` stands outside of quotes and braces; else where it stands first.
fn end_of(text: &str, from: usize, end: &str) -> Option<usize> {
    let rest = text.get(from..)?;
    let first = rest.find(end)?;
    let mut quote = None;
    let mut braces = 0_u32;
    for (at, byte) in rest.bytes().enumerate().take(first + MAX_HIDDEN) {
        match (quote, byte) {
            (Some(it), _) if it == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => braces += 1,
            (None, b'}') if braces > 0 => braces -= 1,
            (None, _) if rest.get(at..).is_some_and(|it| it.starts_with(end)) => {
                return Some(from + at);
            }
            _ => {}
        }
    }
    Some(from + first)
}

/// Names with what they held before.
type Held = Vec<(Name, Var)>;

/// A tag that waits for its end.
enum Open {
    If {
        no: Option<BlockId>,
        after: BlockId,
    },
    For {
        way: Option<(BlockId, BlockId)>,
        held: Held,
    },
    With(Held),
    Escape(bool),
    Macro(Name),
    /// Its text becomes a variable.
    Capture(Name),
}

impl Open {
    /// The tag that began it.
    fn tags(&self) -> &'static [&'static str] {
        match self {
            Self::If { .. } => &["if", "ifequal", "ifnotequal", "ifchanged"],
            Self::For { .. } => &["for"],
            Self::With(_) => &[
                "with",
                "trans",
                "translate",
                "blocktrans",
                "blocktranslate",
                "call",
            ],
            Self::Escape(_) => &["autoescape"],
            Self::Macro(_) => &["macro"],
            Self::Capture(_) => &["set"],
        }
    }
}

/// A template with tags that have ends.
pub(super) struct Blocks<'w, 't> {
    pub(super) writer: &'w mut Writer,
    pub(super) text: &'t str,
    style: Style,
    open: Vec<Open>,
    /// The template that this one extends.
    pub(super) extends: Option<(Var, Span)>,
}

impl<'w, 't> Blocks<'w, 't> {
    pub(super) fn new(writer: &'w mut Writer, text: &'t str, style: Style) -> Self {
        Self {
            writer,
            text,
            style,
            open: Vec::new(),
            extends: None,
        }
    }

    /// Ends what is open, and renders what is extended.
    pub(super) fn finish(mut self) {
        while let Some(open) = self.open.pop() {
            self.close(open, Span::from(self.text.len()..self.text.len()));
        }
        if let Some((name, span)) = self.extends {
            let context = self.writer.context();
            self.writer.include(name, context, span);
        }
    }

    pub(super) fn reader(&mut self, inner: &Range<usize>) -> Reader<'_> {
        let text: &'t str = self.text;
        let part = slice(text, inner.clone());
        Reader::new(self.writer, part, inner.start, self.style)
    }

    fn output(&mut self, found: &Found) {
        let span = Span::from(found.whole.clone());
        let mut reader = self.reader(&found.inner);
        if reader.is_done() {
            return;
        }
        let value = reader.expression();
        self.writer.output(value, span);
    }

    /// A tag; gives where to go on.
    fn tag(&mut self, found: &Found) -> usize {
        let inner = slice(self.text, found.inner.clone());
        let word_end = |it: &str| it.find(|c: char| !c.is_alphanumeric() && c != '_');
        let trimmed = inner.trim_start();
        let start = found.inner.start + inner.len() - trimmed.len();
        let length = word_end(trimmed).unwrap_or(trimmed.len());
        let tag = trimmed.get(..length).unwrap_or_default();
        let rest = start + length..found.inner.end;
        let span = Span::from(found.whole.clone());
        match tag {
            "raw" | "verbatim" | "comment" => {
                let end = format!("end{tag}");
                let behind = self.text.get(found.whole.end..).unwrap_or_default();
                let at = behind.find(&end).map_or(behind.len(), |at| {
                    let closed = behind.get(at..).and_then(|it| it.find("%}"));
                    closed.map_or(behind.len(), |closed| at + closed + 2)
                });
                found.whole.end + at
            }
            _ => {
                self.statement(tag, rest, span);
                found.whole.end
            }
        }
    }

    /// A tag with what stands behind its name.
    pub(super) fn statement(&mut self, tag: &str, rest: Range<usize>, span: Span) {
        match tag {
            "if" | "ifequal" | "ifnotequal" | "ifchanged" => {
                let mut reader = self.reader(&rest);
                let condition = reader.expression().var;
                let (_, no) = self.writer.branch(condition);
                let after = self.writer.builder().block();
                self.open.push(Open::If {
                    no: Some(no),
                    after,
                });
            }
            "elif" | "elseif" => {
                if let Some(Open::If { no, after }) = self.open.last_mut()
                    && let Some(enter) = no.take()
                {
                    let after = *after;
                    self.writer.jump(after);
                    self.writer.builder().enter(enter);
                    let condition = self.reader(&rest).expression().var;
                    let (_, next) = self.writer.branch(condition);
                    if let Some(Open::If { no, .. }) = self.open.last_mut() {
                        *no = Some(next);
                    }
                }
            }
            "else" | "empty" => match self.open.last_mut() {
                Some(Open::If { no, after }) => {
                    if let Some(enter) = no.take() {
                        let after = *after;
                        self.writer.jump(after);
                        self.writer.builder().enter(enter);
                    }
                }
                Some(Open::For { way, .. }) => {
                    if let Some((again, after)) = way.take() {
                        self.writer.jump(again);
                        self.writer.builder().enter(after);
                    }
                }
                _ => {}
            },
            "for" => self.begin_for(&rest, span),
            "autoescape" => {
                let value = slice(self.text, rest);
                let before = self.writer.escapes;
                self.writer.escapes = !matches!(value.trim(), "off" | "false" | "False");
                self.open.push(Open::Escape(before));
            }
            "with" => self.begin_with(&rest, span),
            "blocktrans" | "blocktranslate" => self.begin_with(&rest, span),
            "trans" | "translate" => self.translate(&rest, span),
            "set" => self.set(&rest, span),
            "macro" => self.begin_macro(&rest, span),
            "call" => {
                let mut reader = self.reader(&rest);
                if reader.sign("(") {
                    while !reader.is_done() && !reader.sign(")") {
                        reader.at += 1;
                    }
                }
                reader.expression();
                self.open.push(Open::With(Vec::new()));
            }
            "include" => self.include(&rest, span),
            "extends" => {
                let name = self.reader(&rest).expression().var;
                self.extends = Some((name, span));
            }
            "import" | "from" => self.import(&rest, span),
            "do" => {
                self.reader(&rest).expression();
            }
            "firstof" | "cycle" => {
                let mut values = Vec::new();
                let mut reader = self.reader(&rest);
                while !reader.is_done() && !reader.word("as") {
                    values.push(reader.expression());
                }
                for value in values {
                    self.writer.output(value, span);
                }
            }
            _ => {
                if let Some(begun) = tag.strip_prefix("end") {
                    self.end(begun, span);
                } else {
                    self.other(&rest, span);
                }
            }
        }
    }

    /// A tag of the program: what it writes is its own matter; a name behind `as` is new.
    fn other(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        while !reader.is_done() {
            if reader.word("as")
                && let Some(name) = reader.name()
            {
                let value = reader.writer.nothing(span);
                reader.writer.assign(&name, value, span);
            }
            reader.at += 1;
        }
    }

    /// Ends the innermost tag of this name, and what was left open in it.
    pub(super) fn end(&mut self, begun: &str, span: Span) {
        let wanted = |open: &Open| open.tags().contains(&begun);
        let Some(at) = self.open.iter().rposition(wanted) else {
            return;
        };
        while self.open.len() > at {
            if let Some(open) = self.open.pop() {
                self.close(open, span);
            }
        }
    }

    fn close(&mut self, open: Open, span: Span) {
        match open {
            Open::If { no, after } => {
                if let Some(no) = no {
                    self.writer.jump(after);
                    self.writer.builder().enter(no);
                }
                self.writer.builder().flow_into(after);
            }
            Open::For { way, held } => {
                if let Some((again, after)) = way {
                    self.writer.jump(again);
                    self.writer.builder().enter(after);
                }
                self.writer.loops = self.writer.loops.saturating_sub(1);
                self.restore(held, span);
            }
            Open::With(held) => self.restore(held, span),
            Open::Escape(before) => self.writer.escapes = before,
            Open::Macro(name) => self.writer.end_macro(Some(&name)),
            Open::Capture(name) => {
                let value = self.writer.nothing(span);
                self.writer.assign(&name, value, span);
            }
        }
    }

    fn restore(&mut self, held: Held, span: Span) {
        for (name, value) in held {
            self.writer.store(&name, value, span);
        }
    }
}
