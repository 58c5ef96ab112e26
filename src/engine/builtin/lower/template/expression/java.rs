//! What the expression languages of Java's pages have of their own: values in braces, objects that
//! every page has, names with a prefix.

use super::{Kind, Reader, SELECTED};
use crate::engine::builtin::ir::{Name, OpKind, Piece, Span, Var};

impl Reader<'_> {
    /// `${…}` and its like inside of an expression, and `#objects`.
    pub(super) fn sigil(&mut self, sign: &str, start: Span) -> Var {
        let braced = self.peek_at(1) == Some(&Kind::Sign("{"));
        match (sign, self.peek_at(1).cloned()) {
            ("$" | "*" | "#" | "@" | "~", _) if braced => {
                self.at += 2;
                let object = (sign == "*").then(|| self.writer.load(&SELECTED.into(), start));
                let before = std::mem::replace(&mut self.selected, object);
                let value = self.expression().var;
                self.selected = before;
                while !self.is_done() && !self.sign("}") {
                    self.at += 1;
                }
                match sign {
                    "$" | "*" => value,
                    // Addresses are encoded, messages are the program's own.
                    _ => self.writer.nothing(start),
                }
            }
            ("#", Some(Kind::Name(name))) => {
                self.at += 2;
                let path: Name = format!("template utility.{name}").into();
                self.writer.value(start, |to| OpKind::Import(to, path))
            }
            _ => self.writer.nothing(start),
        }
    }

    /// A text with values in it, up to `end`.
    pub(super) fn substitution(&mut self, end: &str, start: Span) -> Var {
        let mut pieces = Vec::new();
        while !self.is_done() && !self.sign(end) {
            match self.peek().cloned() {
                Some(Kind::Sign(sign @ ("$" | "*"))) => {
                    let at = self.at;
                    let value = self.sigil(sign, start);
                    pieces.push(Piece::Value(value));
                    self.at = self.at.max(at + 1);
                }
                _ => self.at += 1,
            }
        }
        self.writer.value(start, |to| OpKind::Format(to, pieces))
    }

    /// Names that the pages of Java know without being given them.
    pub(super) fn java_name(&mut self, name: &Name, span: Span) -> Option<Var> {
        if let Some(object) = self.selected {
            let name = name.clone();
            return Some(
                self.writer
                    .value(span, |to| OpKind::LoadField(to, object, name)),
            );
        }
        let at = self.at;
        let touches = |at: usize| {
            let one = self.tokens.get(at.checked_sub(1)?)?;
            (one.span.end == self.tokens.get(at)?.span.start).then_some(())
        };
        match name.as_ref() {
            "param" | "paramValues" | "header" | "headerValues" | "cookie" => {
                let request = self
                    .writer
                    .value(span, |to| OpKind::Import(to, "template request".into()));
                let name = name.clone();
                Some(
                    self.writer
                        .value(span, |to| OpKind::LoadField(to, request, name)),
                )
            }
            "requestScope" | "sessionScope" | "pageScope" | "applicationScope" => {
                Some(self.writer.context())
            }
            "new" => Some(self.expression_of(Self::primary).var),
            prefix
                if self.peek() == Some(&Kind::Sign(":"))
                    && touches(at).and_then(|()| touches(at + 1)).is_some() =>
            {
                let Some(Kind::Name(function)) = self.peek_at(1).cloned() else {
                    return None;
                };
                self.at += 2;
                let path: Name = format!("template function.{prefix}.{function}").into();
                Some(self.writer.value(span, |to| OpKind::Import(to, path)))
            }
            _ => None,
        }
    }
}
