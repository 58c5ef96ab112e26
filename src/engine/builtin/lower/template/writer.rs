//! Puts the functions of a template together.
//!
//! The variables of a template are the entries of its context, which is the one parameter of its
//! function: what is set in it is set there, so that a template that is included sees it too.

use super::super::{Lowered, MAX_DEPTH};
use crate::engine::builtin::{
    gap::Gap,
    ir::{
        BlockId, Builder, Callee, End, Entry, Function, FunctionId, FunctionKind, Item, Literal,
        Name, NamedItem, OpKind, Param, ParamKind, Span, Unit, Var,
    },
};
use std::collections::BTreeMap;

/// The function of a template as its framework renders it.
pub(crate) const RENDER: &str = "<render>";
/// The same where nothing is escaped unless the template asks for it.
pub(crate) const RENDER_UNESCAPED: &str = "<render unescaped>";

/// Where outputs go that stand in a page as they are.
const UNESCAPED: &str = "unescaped output";
/// Where outputs go that are escaped.
const ESCAPED: &str = "escaped output";
/// Renders another template with a context.
pub(super) const INCLUDE: &str = "template include";
/// What another template defines.
pub(super) const MODULE: &str = "template module";
/// Filters, by their names behind a dot.
const FILTER: &str = "template filter";

/// A function that is being put together.
struct Scope {
    builder: Builder,
    /// What holds the variables.
    context: Var,
}

/// The functions of a template.
pub(super) struct Writer {
    functions: Vec<Option<Function>>,
    scopes: Vec<Scope>,
    /// Functions that the template defines for others.
    macros: Vec<(Name, FunctionId)>,
    /// The place of the function that renders.
    rendering: usize,
    /// Functions that the template defined before this place.
    known: BTreeMap<Name, FunctionId>,
    /// Whether outputs are escaped here.
    pub(super) escapes: bool,
    /// Loops around the place.
    pub(super) loops: u32,
    pub(super) depth: u32,
    pub(super) gap: Option<Gap>,
    span: Span,
}

/// A value of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    pub(super) var: Var,
    /// It says of itself that it needs no escaping.
    pub(super) markup: bool,
}

impl Out {
    pub(super) fn plain(var: Var) -> Self {
        Self { var, markup: false }
    }
}

impl Writer {
    pub(super) fn new(length: usize) -> Self {
        Self {
            functions: vec![None],
            scopes: Vec::new(),
            macros: Vec::new(),
            rendering: 0,
            known: BTreeMap::new(),
            escapes: true,
            loops: 0,
            depth: 0,
            gap: None,
            span: Span::from(0..length),
        }
    }

    /// Begins a function that renders the template; `further` are parameters with their types.
    pub(super) fn begin_render(&mut self, name: &str, escapes: bool, further: &[(&str, &str)]) {
        let mut builder = self.builder_of(name.to_owned(), self.span);
        let context = builder.named("context".into(), None);
        builder.add_param(plain(context, None));
        let mut given = Vec::new();
        for (name, declared) in further {
            let declared: Name = (*declared).into();
            let var = builder.named((*name).into(), Some(declared.clone()));
            builder.add_param(plain(var, Some(declared)));
            given.push((Name::from(*name), var));
        }
        self.rendering = self.functions.len();
        self.functions.push(None);
        self.scopes.push(Scope { builder, context });
        self.escapes = escapes;
        self.known.clear();
        for (name, var) in given {
            self.store(&name, var, self.span);
        }
    }

    /// Ends what `begin_render` began.
    pub(super) fn end_render(&mut self) {
        while self.scopes.len() > 1 {
            self.end_macro(None);
        }
        if let Some(scope) = self.scopes.pop() {
            let function = self.close(scope);
            if let Some(place) = self.functions.get_mut(self.rendering) {
                *place = Some(function);
            }
        }
        self.loops = 0;
        self.depth = 0;
    }

    fn close(&mut self, scope: Scope) -> Function {
        if scope.builder.is_full() {
            self.gap = Some(Gap::CutOff);
        }
        scope.builder.finish()
    }

    fn builder_of(&self, name: String, span: Span) -> Builder {
        let top = Some(FunctionId(0));
        Builder::new(name, FunctionKind::Function, top, span)
    }

    /// Begins a function that the template defines.
    pub(super) fn begin_macro(&mut self, name: &Name, params: &[Name], span: Span) {
        let mut builder = self.builder_of(name.to_string(), span);
        let mut entries = Vec::new();
        for param in params {
            let var = builder.named(param.clone(), None);
            builder.add_param(plain(var, None));
            let key = literal_in(&mut builder, Literal::Text(param.clone()), span);
            entries.push(Entry::One(key, var));
        }
        let context = builder.value(span, |to| OpKind::MakeMap(to, entries));
        self.scopes.push(Scope { builder, context });
    }

    /// Ends the function begun last; it is kept under its name.
    pub(super) fn end_macro(&mut self, name: Option<&Name>) {
        if self.scopes.len() < 2 {
            return;
        }
        let Some(mut scope) = self.scopes.pop() else {
            return;
        };
        // What it gives was looked at where it was put out.
        let nothing = literal_in(&mut scope.builder, Literal::Text("".into()), self.span);
        scope.builder.end(End::Return(Some(nothing)));
        let Some(name) = name else { return };
        let function = self.close(scope);
        let id = FunctionId(u32::try_from(self.functions.len()).unwrap_or(u32::MAX));
        self.known.insert(name.clone(), id);
        // The second way of rendering defines the same functions again.
        if self.macros.iter().all(|(known, _)| known != name) {
            self.macros.push((name.clone(), id));
        }
        self.functions.push(Some(function));
    }

    /// Whether the template defines such a function before this place.
    pub(super) fn is_macro(&self, name: &Name) -> bool {
        self.known.contains_key(name)
    }

    /// The lowered template.
    pub(super) fn finish(mut self) -> Lowered {
        let mut top = Builder::new(String::new(), FunctionKind::TopLevel, None, self.span);
        for (name, id) in std::mem::take(&mut self.macros) {
            let closure = top.value(self.span, |to| OpKind::Closure(to, id));
            top.push(OpKind::StoreGlobal(name, closure), self.span);
        }
        if let Some(place) = self.functions.first_mut() {
            *place = Some(top.finish());
        }
        Lowered {
            unit: Unit {
                package: None,
                functions: self.functions.into_iter().flatten().collect(),
            },
            gap: self.gap,
        }
    }

    /// The innermost scope. There is one from `begin_render` to `end_render`.
    fn scope(&mut self) -> &mut Scope {
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    pub(super) fn builder(&mut self) -> &mut Builder {
        &mut self.scope().builder
    }

    pub(super) fn context(&mut self) -> Var {
        self.scope().context
    }

    pub(super) fn value(&mut self, span: Span, make: impl FnOnce(Var) -> OpKind) -> Var {
        self.builder().value(span, make)
    }

    pub(super) fn push(&mut self, op: OpKind, span: Span) {
        self.builder().push(op, span);
    }

    pub(super) fn text(&mut self, text: &str, span: Span) -> Var {
        self.value(span, |to| OpKind::Literal(to, Literal::Text(text.into())))
    }

    /// Something of which nothing is known, made of nothing that matters.
    pub(super) fn nothing(&mut self, span: Span) -> Var {
        self.value(span, |to| OpKind::Opaque(to, Vec::new()))
    }

    /// What a name stands for.
    pub(super) fn load(&mut self, name: &Name, span: Span) -> Var {
        if let Some(id) = self.known.get(name).copied() {
            return self.value(span, |to| OpKind::Closure(to, id));
        }
        let context = self.context();
        let key = self.text(name, span);
        self.value(span, |to| OpKind::LoadIndex(to, context, key))
    }

    /// Gives a name a value.
    pub(super) fn store(&mut self, name: &Name, value: Var, span: Span) {
        let context = self.context();
        let key = self.text(name, span);
        self.push(OpKind::StoreIndex(context, key, value), span);
    }

    /// As `store`, as a step that a trace shows.
    pub(super) fn assign(&mut self, name: &Name, value: Var, span: Span) {
        let named = self.builder().named(name.clone(), None);
        self.push(OpKind::Copy(named, value), span);
        self.store(name, named, span);
    }

    /// Calls something that models know.
    pub(super) fn call(&mut self, path: &str, args: &[Var], span: Span) -> Var {
        let args = args.iter().map(|var| Item::One(*var)).collect();
        self.call_with(path, args, Vec::new(), span)
    }

    pub(super) fn call_with(
        &mut self,
        path: &str,
        args: Vec<Item>,
        named: Vec<NamedItem>,
        span: Span,
    ) -> Var {
        let callee = self.value(span, |to| OpKind::Import(to, path.into()));
        self.value(span, |to| OpKind::Call {
            to,
            callee: Callee::Value(callee),
            args,
            named,
        })
    }

    /// What a filter makes of a value.
    pub(super) fn filter(
        &mut self,
        name: &str,
        mut args: Vec<Item>,
        named: Vec<NamedItem>,
        value: Var,
        span: Span,
    ) -> Var {
        args.insert(0, Item::One(value));
        self.call_with(&format!("{FILTER}.{name}"), args, named, span)
    }

    /// A value is put out.
    pub(super) fn output(&mut self, value: Out, span: Span) {
        let path = match value.markup || !self.escapes {
            true => UNESCAPED,
            false => ESCAPED,
        };
        self.call(path, &[value.var], span);
    }

    /// Renders another template here. `with` are further names.
    pub(super) fn include(&mut self, name: Var, context: Var, span: Span) {
        self.call(INCLUDE, &[name, context], span);
    }

    /// One level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, go: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH || self.builder().is_full() {
            self.gap = Some(Gap::CutOff);
            return None;
        }
        self.depth += 1;
        let done = go(self);
        self.depth -= 1;
        Some(done)
    }

    /// Goes one of two ways.
    pub(super) fn branch(&mut self, condition: Var) -> (BlockId, BlockId) {
        let builder = self.builder();
        let (yes, no) = (builder.block(), builder.block());
        builder.end(End::Branch { condition, yes, no });
        builder.enter(yes);
        (yes, no)
    }

    /// Ends a way.
    pub(super) fn jump(&mut self, to: BlockId) {
        self.builder().end(End::Jump(to));
    }
}

fn plain(var: Var, declared: Option<Name>) -> Param {
    Param {
        var,
        kind: ParamKind::Plain,
        default: None,
        declared,
        annotations: Vec::new(),
    }
}

fn literal_in(builder: &mut Builder, literal: Literal, span: Span) -> Var {
    builder.value(span, |to| OpKind::Literal(to, literal))
}
