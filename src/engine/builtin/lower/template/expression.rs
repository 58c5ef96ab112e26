//! Expressions of templates: one parser for what Jinja, Django, Mako, Thymeleaf and JSP share.
//!
//! It writes operations while it reads. What a dialect does not have does no harm: such text is
//! broken there. What is left over at the end is passed over.

mod java;
mod operators;

use super::{
    tokens::{Kind, Token, tokens},
    writer::{Out, Writer},
};
use crate::engine::builtin::ir::{
    Callee, Container, Entry, Item, Literal, Name, NamedItem, OpKind, Span, Var,
};

/// How a dialect writes expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `value|filter(x)`, `value|filter:x`, `a ~ b`.
    Filters,
    /// Python.
    Python,
    /// The expression languages of Java, and Java itself.
    Java,
}

/// Filters that give back what they are given, as far as data goes.
const IDENTITY: &[&str] = &[
    "list",
    "sort",
    "unique",
    "reverse",
    "select",
    "reject",
    "selectattr",
    "rejectattr",
    "dictsort",
    "dictsortreversed",
];
/// Filters that escape where outputs are escaped, and give markup.
const BREAKING: &[&str] = &[
    "linebreaks",
    "linebreaksbr",
    "urlize",
    "urlizetrunc",
    "linenumbers",
];
/// Filters that give a text like any other of something that was markup.
const PLAIN: &[&str] = &[
    "striptags",
    "urlencode",
    "length",
    "int",
    "float",
    "wordcount",
    "addslashes",
];
/// The name under which the object of a form is kept.
pub(super) const SELECTED: &str = "th:object";
/// Functions every template has.
const FUNCTIONS: &[&str] = &[
    "range",
    "lipsum",
    "cycler",
    "joiner",
    "url_for",
    "get_flashed_messages",
    "csrf_token",
    "super",
    "caller",
    "static",
    "url",
    "get_csrf_token",
];

/// Reads the words of one expression or tag.
pub(super) struct Reader<'w> {
    pub(super) writer: &'w mut Writer,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) style: Style,
    /// What stands for a place behind the last word.
    pub(super) span: Span,
    /// Whose members names are, where a form has an object.
    selected: Option<Var>,
}

impl<'w> Reader<'w> {
    /// Of `text`, which stands at `start`.
    pub(super) fn new(writer: &'w mut Writer, text: &str, start: usize, style: Style) -> Self {
        Self {
            writer,
            tokens: tokens(text, start),
            at: 0,
            style,
            span: Span::from(start..start + text.len()),
            selected: None,
        }
    }

    pub(super) fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    pub(super) fn here(&self) -> Span {
        self.tokens
            .get(self.at)
            .map_or(self.span, |token| token.span)
    }

    /// From `start` to the last word read.
    fn since(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        Span {
            start: start.start,
            end: last
                .map_or(start.end, |token| token.span.end)
                .max(start.end),
        }
    }

    /// Reads a sign, when it is next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Kind::Sign(it)) if *it == sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads a word of the language, when it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is_next = self.next_is(word);
        self.at += usize::from(is_next);
        is_next
    }

    fn next_is(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Kind::Name(name)) if name.as_ref() == word)
    }

    /// Reads a name, when one is next.
    pub(super) fn name(&mut self) -> Option<Name> {
        let Some(Kind::Name(name)) = self.peek() else {
            return None;
        };
        let name = name.clone();
        self.at += 1;
        Some(name)
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// A whole expression.
    pub(super) fn expression(&mut self) -> Out {
        self.expression_of(Self::conditional)
    }

    /// One level deeper.
    fn expression_of(&mut self, read: impl FnOnce(&mut Self) -> Out) -> Out {
        let start = self.here();
        let at = self.at;
        // The writer counts how deep the reader is.
        if self.writer.deeper(|_| ()).is_none() {
            self.at = self.tokens.len();
            return Out::plain(self.writer.nothing(start));
        }
        self.writer.depth += 1;
        let value = read(self);
        self.writer.depth -= 1;
        if self.at == at {
            // Nothing here is an expression.
            self.at += 1;
        }
        value
    }

    /// A value with what is asked of it.
    fn postfix(&mut self) -> Out {
        let start = self.here();
        let mut value = self.primary();
        while !self.writer.builder().is_full() {
            if self.sign(".") || self.sign("?.") {
                value = Out::plain(self.member(value.var, start));
            } else if self.sign("[") {
                value = Out::plain(self.element(value.var, start));
            } else if self.sign("(") {
                let (args, named) = self.arguments();
                let span = self.since(start);
                let callee = Callee::Value(value.var);
                value = Out::plain(self.writer.value(span, |to| OpKind::Call {
                    to,
                    callee,
                    args,
                    named,
                }));
            } else if self.style == Style::Filters && self.sign("|") {
                value = self.filter(value, start);
            } else {
                break;
            }
        }
        value
    }

    fn member(&mut self, of: Var, start: Span) -> Var {
        match self.peek().cloned() {
            Some(Kind::Name(name)) if of == self.writer.context() => {
                self.at += 1;
                self.writer.load(&name, start)
            }
            Some(Kind::Name(name)) => {
                self.at += 1;
                if self.sign("(") {
                    let (args, named) = self.arguments();
                    let span = self.since(start);
                    if let ("getAttribute", Style::Java, [Item::One(key)]) =
                        (name.as_ref(), self.style, args.as_slice())
                    {
                        let (context, key) = (self.writer.context(), *key);
                        let make = |to| OpKind::LoadIndex(to, context, key);
                        return self.writer.value(span, make);
                    }
                    return self.writer.value(span, |to| OpKind::Call {
                        to,
                        callee: Callee::Method(of, name),
                        args,
                        named,
                    });
                }
                let span = self.since(start);
                self.writer
                    .value(span, |to| OpKind::LoadField(to, of, name))
            }
            Some(Kind::Number(number)) => {
                self.at += 1;
                let span = self.since(start);
                let key = self.number(&number, span);
                self.writer.value(span, |to| OpKind::LoadIndex(to, of, key))
            }
            _ => of,
        }
    }

    fn element(&mut self, of: Var, start: Span) -> Var {
        let mut bounds: [Option<Var>; 3] = [None; 3];
        let mut at = 0;
        while !self.is_done() && !matches!(self.peek(), Some(Kind::Sign("]"))) {
            if self.sign(":") {
                at += 1;
            } else if self.sign("::") {
                at += 2;
            } else {
                let value = self.expression();
                if let Some(bound) = bounds.get_mut(at) {
                    *bound = Some(value.var);
                }
            }
        }
        self.sign("]");
        let span = self.since(start);
        match (at, bounds) {
            (0, [Some(key), ..]) => self.writer.value(span, |to| OpKind::LoadIndex(to, of, key)),
            (0, _) => self.writer.value(span, |to| OpKind::Opaque(to, vec![of])),
            _ => self.writer.value(span, |to| OpKind::Slice(to, of, bounds)),
        }
    }

    /// The arguments of a call, behind the parenthesis.
    fn arguments(&mut self) -> (Vec<Item>, Vec<NamedItem>) {
        let (mut args, mut named) = (Vec::new(), Vec::new());
        while !self.is_done() && !self.sign(")") {
            let name = match (self.peek().cloned(), self.peek_at(1)) {
                (Some(Kind::Name(name)), Some(Kind::Sign("="))) => {
                    self.at += 2;
                    Some(name)
                }
                _ => None,
            };
            if let Some(name) = name {
                let value = self.expression();
                named.push(NamedItem::One(name, value.var));
            } else if self.sign("**") {
                let value = self.expression();
                named.push(NamedItem::Spread(value.var));
            } else if self.sign("*") {
                let value = self.expression();
                args.push(Item::Spread(value.var));
            } else if !self.sign(",") {
                let value = self.expression();
                args.push(Item::One(value.var));
            }
        }
        (args, named)
    }

    /// `|name`, `|name(arguments)` or `|name:argument`.
    pub(super) fn filter(&mut self, value: Out, start: Span) -> Out {
        let Some(mut name) = self.name() else {
            return value;
        };
        while self.sign(".") {
            match self.name() {
                Some(part) => name = part,
                None => break,
            }
        }
        let (args, named) = if self.sign("(") {
            self.arguments()
        } else if self.sign(":") {
            let argument = self.argument();
            (vec![Item::One(argument)], Vec::new())
        } else {
            (Vec::new(), Vec::new())
        };
        let span = self.since(start);
        self.filtered(&name, value, args, named, span)
    }

    /// What stands behind `:`, without filters of its own.
    fn argument(&mut self) -> Var {
        let start = self.here();
        let mut value = self.primary().var;
        while self.sign(".") {
            value = self.member(value, start);
        }
        value
    }

    pub(super) fn filtered(
        &mut self,
        name: &Name,
        value: Out,
        args: Vec<Item>,
        named: Vec<NamedItem>,
        span: Span,
    ) -> Out {
        let escaped_here = self.writer.escapes && !value.markup;
        let (markup, same) = match name.as_ref() {
            "safe" | "safeseq" | "mark_safe" => (true, true),
            "escape" | "e" if value.markup => (true, true),
            "escape" | "e" | "forceescape" | "force_escape" | "escapeseq" => (true, false),
            "tojson" | "json_script" | "xmlattr" => (true, false),
            it if BREAKING.contains(&it) => (true, !escaped_here),
            it if PLAIN.contains(&it) => (false, false),
            it if IDENTITY.contains(&it) => (value.markup, true),
            "first" | "last" | "random" | "min" | "max" => {
                let make = |to| OpKind::Element(to, value.var);
                let var = self.writer.value(span, make);
                return Out { var, ..value };
            }
            _ => (value.markup, false),
        };
        let var = match same {
            true => value.var,
            false => self.writer.filter(name, args, named, value.var, span),
        };
        Out { var, markup }
    }

    fn primary(&mut self) -> Out {
        let start = self.here();
        let Some(kind) = self.peek().cloned() else {
            return Out::plain(self.writer.nothing(start));
        };
        let var = match kind {
            Kind::Text(text) => {
                self.at += 1;
                self.writer.text(&text, start)
            }
            Kind::Number(number) => {
                self.at += 1;
                self.number(&number, start)
            }
            Kind::Name(name) => {
                self.at += 1;
                self.named(&name, start)
            }
            Kind::Sign("(") => {
                self.at += 1;
                return self.parenthesis(start);
            }
            Kind::Sign("[") => {
                self.at += 1;
                let items = self.items("]").into_iter().map(|it| Item::One(it.var));
                let items = items.collect();
                let span = self.since(start);
                self.writer
                    .value(span, |to| OpKind::Make(to, Container::List, items))
            }
            Kind::Sign("{") => {
                self.at += 1;
                self.map(start)
            }
            Kind::Sign("|") if self.style == Style::Java => {
                self.at += 1;
                self.substitution("|", start)
            }
            Kind::Sign(sign) if self.style == Style::Java => self.sigil(sign, start),
            Kind::Sign(_) => self.writer.nothing(start),
        };
        Out::plain(var)
    }

    fn named(&mut self, name: &Name, span: Span) -> Var {
        let literal = match name.as_ref() {
            "true" | "True" => Literal::Bool(true),
            "false" | "False" => Literal::Bool(false),
            "none" | "None" | "null" => Literal::None,
            "loop" | "forloop" if self.writer.loops > 0 => return self.writer.nothing(span),
            "_" | "gettext" | "ngettext" if self.peek() == Some(&Kind::Sign("(")) => {
                return self.function(name, span);
            }
            function if FUNCTIONS.contains(&function) => {
                if self.peek() == Some(&Kind::Sign("(")) && !self.writer.is_macro(name) {
                    return self.function(name, span);
                }
                return self.writer.load(name, span);
            }
            _ => {
                let known = match self.style {
                    Style::Java => self.java_name(name, span),
                    _ => None,
                };
                return known.unwrap_or_else(|| self.writer.load(name, span));
            }
        };
        self.writer.value(span, |to| OpKind::Literal(to, literal))
    }

    fn function(&mut self, name: &Name, span: Span) -> Var {
        let path: Name = format!("template function.{name}").into();
        self.writer.value(span, |to| OpKind::Import(to, path))
    }

    fn number(&mut self, number: &Name, span: Span) -> Var {
        let literal = match number.parse() {
            Ok(value) => Literal::Int(value),
            Err(_) => Literal::Number(number.clone()),
        };
        self.writer.value(span, |to| OpKind::Literal(to, literal))
    }

    /// Values up to a closing sign.
    fn items(&mut self, end: &str) -> Vec<Out> {
        let mut items = Vec::new();
        while !self.is_done() && !self.sign(end) {
            if !self.sign(",") {
                items.push(self.expression());
            }
        }
        items
    }

    fn parenthesis(&mut self, start: Span) -> Out {
        let before = self.at;
        let items = self.items(")");
        let span = self.since(start);
        let comma = self.tokens.get(before..self.at).is_some_and(|read| {
            items.len() == 1 && matches!(read, [.., comma, _] if comma.kind == Kind::Sign(","))
        });
        let value_next = matches!(
            self.peek(),
            Some(Kind::Name(_) | Kind::Text(_) | Kind::Sign("("))
        );
        match items.as_slice() {
            // A cast.
            [_] if self.style == Style::Java && value_next && self.operator().is_none() => {
                self.expression_of(Self::postfix)
            }
            [only] if !comma => *only,
            _ => {
                let items = items.iter().map(|it| Item::One(it.var)).collect();
                let make = |to| OpKind::Make(to, Container::Tuple, items);
                Out::plain(self.writer.value(span, make))
            }
        }
    }

    fn map(&mut self, start: Span) -> Var {
        let mut entries = Vec::new();
        while !self.is_done() && !self.sign("}") {
            if self.sign(",") {
                continue;
            }
            let key = self.expression();
            if self.sign(":") {
                let value = self.expression();
                entries.push(Entry::One(key.var, value.var));
            }
        }
        let span = self.since(start);
        self.writer.value(span, |to| OpKind::MakeMap(to, entries))
    }
}
