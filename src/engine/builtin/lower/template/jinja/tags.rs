//! Tags that give names values, or lead to other templates.

use super::{
    super::writer::{MODULE, Out},
    Blocks, Held, Open,
};
use crate::engine::builtin::{
    ir::{End, Entry, Literal, Name, OpKind, Span, Var},
    text::slice,
};
use std::ops::Range;

impl Blocks<'_, '_> {
    pub(super) fn begin_for(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        let mut targets = Vec::new();
        let mut several = false;
        while !reader.is_done() && !reader.word("in") {
            match reader.name() {
                Some(name) => targets.push(name),
                None if reader.sign(",") => several = true,
                None => reader.at += 1,
            }
        }
        let of = reader.expression().var;
        let held = targets
            .iter()
            .map(|name| (name.clone(), self.writer.load(name, span)))
            .collect();
        let builder = self.writer.builder();
        let (again, body, after) = (builder.block(), builder.block(), builder.block());
        builder.flow_into(again);
        let condition = self.writer.value(span, |to| OpKind::HasNext(to, of));
        self.writer.builder().end(End::Branch {
            condition,
            yes: body,
            no: after,
        });
        self.writer.builder().enter(body);
        let element = self.writer.value(span, |to| OpKind::Element(to, of));
        match targets.as_slice() {
            [only] if !several => self.writer.assign(only, element, span),
            _ => {
                for (name, at) in targets.iter().zip(0_i64..) {
                    let literal = Literal::Int(at);
                    let key = self.writer.value(span, |to| OpKind::Literal(to, literal));
                    let make = |to| OpKind::LoadIndex(to, element, key);
                    let part = self.writer.value(span, make);
                    self.writer.assign(name, part, span);
                }
            }
        }
        self.writer.loops += 1;
        self.open.push(Open::For {
            way: Some((again, after)),
            held,
        });
    }

    /// `a = b, c = d`, `a=b c=d`, `b as a`.
    fn bindings(&mut self, rest: &Range<usize>) -> Vec<(Name, Var)> {
        let mut reader = self.reader(rest);
        let mut found = Vec::new();
        while !reader.is_done() {
            if reader.sign(",") || reader.word("with") || reader.word("and") {
                continue;
            }
            let at = reader.at;
            if let Some(name) = reader.name() {
                if reader.sign("=") {
                    let value = reader.expression();
                    found.push((name, value.var));
                    continue;
                }
                reader.at = at;
            }
            let value = reader.expression();
            if reader.word("as")
                && let Some(name) = reader.name()
            {
                found.push((name, value.var));
            }
        }
        found
    }

    pub(super) fn begin_with(&mut self, rest: &Range<usize>, span: Span) {
        let bindings = self.bindings(rest);
        let held = bindings
            .iter()
            .map(|(name, _)| (name.clone(), self.writer.load(name, span)))
            .collect();
        for (name, value) in bindings {
            self.writer.assign(&name, value, span);
        }
        self.open.push(Open::With(held));
    }

    /// `{% trans "text" %}` of Django stands alone, `{% trans name=value %}` of Jinja has an end.
    pub(super) fn translate(&mut self, rest: &Range<usize>, span: Span) {
        let text = slice(self.text, rest.clone()).trim_start();
        if text.starts_with(['"', '\'']) {
            self.other(rest, span);
        } else if text.is_empty() || text.contains('=') || text.starts_with("trimmed") {
            self.begin_with(rest, span);
        } else {
            let mut reader = self.reader(rest);
            let value = reader.expression();
            if let (true, Some(name)) = (reader.word("as"), reader.name()) {
                self.writer.assign(&name, value.var, span);
            } else {
                self.writer.output(Out::plain(value.var), span);
            }
        }
    }

    pub(super) fn set(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        let mut names = Vec::new();
        while let Some(name) = reader.name() {
            names.push(name);
            // `namespace.name` is the whole namespace here.
            if reader.sign(".") {
                reader.name();
            }
            if !reader.sign(",") {
                break;
            }
        }
        if !reader.sign("=") {
            if let Some(name) = names.into_iter().next() {
                self.open.push(Open::Capture(name));
            }
            return;
        }
        let value = reader.expression();
        // Markup that is kept stays markup: as such it is put out where it is used.
        match names.as_slice() {
            [only] => self.writer.assign(only, value.var, span),
            _ => {
                for (name, at) in names.iter().zip(0_i64..) {
                    let literal = Literal::Int(at);
                    let key = self.writer.value(span, |to| OpKind::Literal(to, literal));
                    let make = |to| OpKind::LoadIndex(to, value.var, key);
                    let part = self.writer.value(span, make);
                    self.writer.assign(name, part, span);
                }
            }
        }
    }

    pub(in super::super) fn begin_macro(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        let Some(name) = reader.name() else { return };
        let mut params = Vec::new();
        let mut depth = 0_i32;
        let mut expects = true;
        while !reader.is_done() {
            match reader.name() {
                Some(param) => {
                    if expects && depth == 1 {
                        params.push(param);
                    }
                    expects = false;
                }
                None => {
                    for (sign, by) in [
                        ("(", 1),
                        ("[", 1),
                        ("{", 1),
                        (")", -1),
                        ("]", -1),
                        ("}", -1),
                    ] {
                        if reader.sign(sign) {
                            depth += by;
                            reader.at -= 1;
                            break;
                        }
                    }
                    expects |= depth == 1
                        && (reader.sign(",") && {
                            reader.at -= 1;
                            true
                        });
                    reader.at += 1;
                }
            }
        }
        self.writer.begin_macro(&name, &params, span);
        self.open.push(Open::Macro(name));
    }

    pub(super) fn include(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        let name = reader.expression().var;
        let mut alone = false;
        let mut bindings = Vec::new();
        while !reader.is_done() {
            alone |= reader.word("only");
            if reader.word("without") {
                alone |= reader.word("context");
            }
            let at = reader.at;
            match (reader.name(), reader.sign("=")) {
                (Some(name), true) => {
                    let value = reader.expression();
                    bindings.push((name, value.var));
                }
                _ => reader.at = at + 1,
            }
        }
        if alone {
            let entries = bindings.into_iter().map(|(name, value)| {
                let key = self.writer.text(&name, span);
                Entry::One(key, value)
            });
            let entries = entries.collect();
            let context = self.writer.value(span, |to| OpKind::MakeMap(to, entries));
            self.writer.include(name, context, span);
            return;
        }
        let held: Held = bindings
            .iter()
            .map(|(name, _)| (name.clone(), self.writer.load(name, span)))
            .collect();
        for (name, value) in bindings {
            self.writer.assign(&name, value, span);
        }
        let context = self.writer.context();
        self.writer.include(name, context, span);
        self.restore(held, span);
    }

    /// `import "file" as name`, `from "file" import a, b as c`.
    pub(super) fn import(&mut self, rest: &Range<usize>, span: Span) {
        let mut reader = self.reader(rest);
        let name = reader.expression().var;
        let module = reader.writer.call(MODULE, &[name], span);
        if reader.word("as") {
            if let Some(name) = reader.name() {
                reader.writer.store(&name, module, span);
            }
            return;
        }
        if !reader.word("import") {
            return;
        }
        while let Some(member) = reader.name() {
            if matches!(member.as_ref(), "with" | "without") {
                break;
            }
            let field = OpKind::LoadField;
            let value = {
                let member = member.clone();
                reader.writer.value(span, |to| field(to, module, member))
            };
            let known = match reader.word("as") {
                true => reader.name().unwrap_or(member),
                false => member,
            };
            reader.writer.store(&known, value, span);
            reader.sign(",");
        }
    }
}
