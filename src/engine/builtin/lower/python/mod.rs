//! Python 3.8 to 3.14 (and the `print` and `exec` statements of Python 2).
//!
//! Names of the top level are globals; names of functions are variables; a class body is a function
//! whose variables become the members. Decorators are calls with the function as argument, so routes
//! show as what they are. `finally` is written out at every way out of its `try`; contexts are
//! entered, and what leaving them does is not modelled.

mod assign;
mod call;
mod comprehension;
mod control;
mod expression;
mod literals;
mod names;
mod pattern;
mod statement;

use super::{Lowered, MAX_DEPTH, MAX_SIZE};
use crate::engine::builtin::{
    gap::Gap,
    ir::{
        BlockId, Builder, Function, FunctionId, FunctionKind, Literal, Name, OpKind, Param,
        ParamKind, Span, Unit, Var,
    },
    syntax::tree::{NodeId, Tree},
    text::{SourceText, slice},
};
use names::Names;
use std::collections::{BTreeSet, HashMap};

/// Lowers a parsed file.
pub(super) fn lower(source: &SourceText, tree: &Tree) -> Lowered {
    let mut python = Python {
        text: &source.text,
        tree,
        functions: Vec::new(),
        scopes: Vec::new(),
        depth: 0,
        size: 0,
        gap: None,
    };
    let root = tree.root();
    let span = python.span(root);
    python.open(
        String::new(),
        FunctionKind::TopLevel,
        Names::default(),
        span,
    );
    python.statements(root);
    python.close();
    Lowered {
        unit: Unit {
            package: None,
            functions: python.functions.into_iter().flatten().collect(),
        },
        gap: python.gap,
    }
}

struct Python<'a> {
    text: &'a str,
    tree: &'a Tree,
    /// In the order of their beginnings; `None` while they are being lowered.
    functions: Vec<Option<Function>>,
    /// From the top level to the function being lowered.
    scopes: Vec<Scope<'a>>,
    depth: u32,
    /// The size of the functions that are through.
    size: usize,
    gap: Option<Gap>,
}

struct Scope<'a> {
    id: FunctionId,
    builder: Builder,
    locals: HashMap<&'a str, Var>,
    /// Names of comprehensions around the place, innermost last.
    inner: Vec<HashMap<&'a str, Var>>,
    global: BTreeSet<&'a str>,
    loops: Vec<Loop>,
    finals: Vec<Final>,
}

/// A loop around the place.
#[derive(Clone, Copy)]
struct Loop {
    again: BlockId,
    after: BlockId,
    /// How many `finally` stood around it.
    finals: usize,
}

/// A `finally` around the place.
#[derive(Clone, Copy)]
struct Final {
    body: NodeId,
    /// Where its own exceptions go.
    handler: Option<BlockId>,
}

impl<'a> Python<'a> {
    fn of(&self, node: NodeId) -> &'a str {
        slice(self.text, self.tree.span(node))
    }

    fn name_of(&self, node: NodeId) -> Name {
        self.of(node).into()
    }

    fn span(&self, node: NodeId) -> Span {
        self.tree.span(node).into()
    }

    fn field(&self, node: NodeId, name: &str) -> Option<NodeId> {
        self.tree.field(node, name)
    }

    fn children(&self, node: NodeId) -> Vec<NodeId> {
        self.tree.children(node).collect()
    }

    /// The innermost scope. There is one from the first line to the last.
    fn scope(&mut self) -> &mut Scope<'a> {
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    fn builder(&mut self) -> &mut Builder {
        &mut self.scope().builder
    }

    fn push(&mut self, node: NodeId, op: OpKind) {
        let span = self.span(node);
        self.builder().push(op, span);
    }

    /// The value that an operation gives.
    fn value(&mut self, node: NodeId, make: impl FnOnce(Var) -> OpKind) -> Var {
        let span = self.span(node);
        self.builder().value(span, make)
    }

    fn literal(&mut self, node: NodeId, literal: Literal) -> Var {
        self.value(node, |to| OpKind::Literal(to, literal))
    }

    fn opaque(&mut self, node: NodeId, of: Vec<Var>) -> Var {
        self.value(node, |to| OpKind::Opaque(to, of))
    }

    /// One level deeper, unless that is too deep.
    fn deeper<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH || self.size >= MAX_SIZE || self.builder().is_full() {
            self.gap = Some(Gap::CutOff);
            return None;
        }
        self.depth += 1;
        let lowered = lower(self);
        self.depth -= 1;
        Some(lowered)
    }

    /// Begins a function.
    fn open(&mut self, name: String, kind: FunctionKind, names: Names<'a>, span: Span) {
        let id = FunctionId(u32::try_from(self.functions.len()).unwrap_or(u32::MAX));
        self.functions.push(None);
        let parent = self.scopes.last().map(|scope| scope.id);
        let mut builder = Builder::new(name, kind, parent, span);
        let locals = names
            .bound
            .into_iter()
            .map(|name| (name, builder.named(name.into(), None)))
            .collect();
        self.scopes.push(Scope {
            id,
            builder,
            locals,
            inner: Vec::new(),
            global: names.global,
            loops: Vec::new(),
            finals: Vec::new(),
        });
    }

    /// Ends the function begun last.
    fn close(&mut self) -> FunctionId {
        let Some(scope) = self.scopes.pop() else {
            return FunctionId(0);
        };
        self.size += scope.builder.size();
        if let Some(place) = self.functions.get_mut(scope.id.0 as usize) {
            *place = Some(scope.builder.finish());
        }
        scope.id
    }

    /// The dotted name of `name` in the innermost scope.
    fn qualified(&mut self, name: &str) -> String {
        match self.builder().name() {
            "" => name.to_owned(),
            outer => format!("{outer}.{name}"),
        }
    }

    /// The value of a name.
    fn load(&mut self, node: NodeId, name: &'a str) -> Var {
        let scope = self.scope();
        let inner = scope.inner.iter().rev().find_map(|inner| inner.get(name));
        if let Some(var) = inner.or_else(|| scope.locals.get(name)) {
            return *var;
        }
        if !scope.global.contains(name)
            && let Some((function, var)) = self.outer(name)
        {
            return self.value(node, |to| OpKind::LoadOuter(to, function, var));
        }
        self.value(node, |to| OpKind::LoadGlobal(to, name.into()))
    }

    /// Gives a name a value.
    fn store(&mut self, node: NodeId, name: &'a str, value: Var) {
        let scope = self.scope();
        let inner = scope.inner.iter().rev().find_map(|inner| inner.get(name));
        let op = match inner.or_else(|| scope.locals.get(name)) {
            Some(var) => OpKind::Copy(*var, value),
            None if scope.global.contains(name) => OpKind::StoreGlobal(name.into(), value),
            None => match self.outer(name) {
                Some((function, var)) => OpKind::StoreOuter(function, var, value),
                None => OpKind::StoreGlobal(name.into(), value),
            },
        };
        self.push(node, op);
    }

    /// The variable of a function around this one. Members of classes are not seen from within.
    fn outer(&self, name: &str) -> Option<(FunctionId, Var)> {
        let (_, around) = self.scopes.split_last()?;
        around.iter().rev().find_map(|scope| {
            if scope.builder.kind() == FunctionKind::ClassBody {
                return None;
            }
            let inner = scope.inner.iter().rev().find_map(|inner| inner.get(name));
            Some((scope.id, *inner.or_else(|| scope.locals.get(name))?))
        })
    }

    /// The parameters of a function: defaults are computed outside of it, before it is opened.
    fn defaults(&mut self, params: Option<NodeId>) -> HashMap<NodeId, Var> {
        let mut defaults = HashMap::new();
        for param in params.map_or_else(Vec::new, |params| self.children(params)) {
            if let Some(value) = self.field(param, "value") {
                let computed = self.expression(value);
                // A variable of the source may change later; the default does not.
                let kept = self.value(value, |to| OpKind::Copy(to, computed));
                defaults.insert(param, kept);
            }
        }
        defaults
    }

    /// Gives the function just opened its parameters.
    fn params(&mut self, params: Option<NodeId>, defaults: &HashMap<NodeId, Var>) {
        let Some(params) = params else {
            return;
        };
        let all = self.children(params);
        let positional_end = all
            .iter()
            .position(|it| self.tree.kind(*it) == "positional_separator");
        let mut named_only = false;
        for (place, param) in all.into_iter().enumerate() {
            let mut kind = match positional_end {
                Some(end) if place < end => ParamKind::PositionalOnly,
                _ if named_only => ParamKind::KeywordOnly,
                _ => ParamKind::Plain,
            };
            let inside = match self.tree.kind(param) {
                "keyword_separator" => {
                    named_only = true;
                    continue;
                }
                "typed_parameter" => self.tree.children(param).next().unwrap_or(param),
                "default_parameter" | "typed_default_parameter" => {
                    self.field(param, "name").unwrap_or(param)
                }
                _ => param,
            };
            let mut name = inside;
            match self.tree.kind(inside) {
                "list_splat_pattern" => (kind, named_only) = (ParamKind::Rest, true),
                "dictionary_splat_pattern" => kind = ParamKind::KeywordRest,
                "identifier" => {}
                _ => continue,
            }
            if kind == ParamKind::Rest || kind == ParamKind::KeywordRest {
                name = self.tree.children(inside).next().unwrap_or(inside);
            }
            let declared = self.field(param, "type").map(|it| self.name_of(it));
            let text = self.of(name);
            let scope = self.scope();
            let var = match scope.locals.get(text) {
                Some(var) => *var,
                None => scope.builder.named(text.into(), declared.clone()),
            };
            scope.locals.insert(text, var);
            scope.builder.add_param(Param {
                var,
                kind,
                default: defaults.get(&param).copied(),
                declared,
                annotations: Vec::new(),
            });
        }
    }
}
