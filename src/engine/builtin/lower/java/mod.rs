//! Java 8 to 21.
//!
//! Types of the top level are globals. The body of a type is a function whose variables are its
//! members: one per field, per method (overloads have one each) and per inner type. Only static
//! fields get a value there. What instances begin with is a function `<fields>`, which every
//! constructor calls after that of the class above; constructors are called `<init>`.
//! Instance methods have `this` as first parameter; a class seen from within an inner one is the
//! field `<outer>` of it. `finally` is written out at every way out of its `try`; that resources are
//! closed is not modelled.

mod call;
mod class;
mod condition;
mod control;
mod create;
mod exception;
mod expression;
mod import;
mod literals;
mod method;
mod names;
mod operator;
mod pattern;
mod record;
mod statement;
mod switch;
mod types;

use super::{Lowered, MAX_DEPTH, MAX_SIZE};
use crate::engine::builtin::{
    gap::Gap,
    ir::{
        BlockId, Builder, Function, FunctionId, FunctionKind, Literal, Name, OpKind, Span, Unit,
        Var,
    },
    syntax::tree::{NodeId, Tree},
    text::{SourceText, slice},
};
use class::Class;
use std::collections::{BTreeSet, HashMap};

/// Lowers a parsed file.
pub(super) fn lower(source: &SourceText, tree: &Tree) -> Lowered {
    let mut java = Java {
        text: &source.text,
        tree,
        functions: Vec::new(),
        scopes: Vec::new(),
        global: BTreeSet::new(),
        records: None,
        package: None,
        depth: 0,
        size: 0,
        gap: None,
    };
    let root = tree.root();
    let span = java.span(root);
    java.open(String::new(), FunctionKind::TopLevel, span);
    java.find_globals(root);
    java.statements(root);
    java.close();
    Lowered {
        unit: Unit {
            package: java.package,
            functions: java.functions.into_iter().flatten().collect(),
        },
        gap: java.gap,
    }
}

struct Java<'a> {
    text: &'a str,
    tree: &'a Tree,
    /// In the order in which they were begun; `None` while they are being lowered.
    functions: Vec<Option<Function>>,
    /// From the top level to the function being lowered.
    scopes: Vec<Scope<'a>>,
    /// Members of classes that are imported by name, and methods that stand in no class.
    global: BTreeSet<&'a str>,
    /// The components of the records of the file, once somebody asked.
    records: Option<HashMap<&'a str, Vec<&'a str>>>,
    package: Option<Name>,
    depth: u32,
    /// The size of the functions that are through.
    size: usize,
    gap: Option<Gap>,
}

struct Scope<'a> {
    id: FunctionId,
    builder: Builder,
    /// Local names of the blocks around the place, innermost last.
    frames: Vec<HashMap<&'a str, Var>>,
    /// The instance, in what has one of its own.
    this: Option<Var>,
    /// What is known of the class, in the body of one.
    class: Option<Class<'a>>,
    jumps: Vec<Jump<'a>>,
    finals: Vec<Final>,
    /// The label right before the statement.
    label: Option<&'a str>,
}

/// A statement around the place that can be left.
#[derive(Clone, Copy)]
struct Jump<'a> {
    label: Option<&'a str>,
    /// Where `continue` goes, in a loop.
    again: Option<BlockId>,
    after: BlockId,
    /// Whether `break` without a label leaves it.
    plain: bool,
    /// What `yield` gives its value to.
    result: Option<Var>,
    /// How many `finally` stood around it.
    finals: usize,
}

/// A `finally` around the place.
#[derive(Clone, Copy)]
struct Final {
    body: NodeId,
    /// Where its own exceptions go.
    handler: Option<BlockId>,
    /// How many blocks and statements that can be left stood around it.
    frames: usize,
    jumps: usize,
}

impl<'a> Java<'a> {
    fn of(&self, node: NodeId) -> &'a str {
        slice(self.text, self.tree.span(node))
    }

    fn name_of(&self, node: NodeId) -> Name {
        self.of(node).into()
    }

    fn span(&self, node: NodeId) -> Span {
        self.tree.span(node).into()
    }

    fn kind(&self, node: NodeId) -> &'a str {
        self.tree.kind(node)
    }

    fn field(&self, node: NodeId, name: &str) -> Option<NodeId> {
        self.tree.field(node, name)
    }

    /// The named children, without comments.
    fn children(&self, node: NodeId) -> Vec<NodeId> {
        self.tree
            .children(node)
            .filter(|it| !is_comment(self.kind(*it)))
            .collect()
    }

    fn first_child(&self, node: NodeId) -> Option<NodeId> {
        self.tree
            .children(node)
            .find(|it| !is_comment(self.kind(*it)))
    }

    fn child_of_kind(&self, node: NodeId, kind: &str) -> Option<NodeId> {
        self.tree.children(node).find(|it| self.kind(*it) == kind)
    }

    /// The children in the grammar's field `name`.
    fn fields(&self, node: NodeId, name: &str) -> Vec<NodeId> {
        self.tree
            .children(node)
            .filter(|it| self.tree.field_of(*it) == Some(name) && !is_comment(self.kind(*it)))
            .collect()
    }

    /// Whether a keyword or a sign stands among the children.
    fn has_token(&self, node: NodeId, token: &str) -> bool {
        self.tree
            .all_children(node)
            .any(|it| self.kind(it) == token)
    }

    /// The innermost scope. There is one from the first line to the last.
    fn scope(&mut self) -> &mut Scope<'a> {
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    fn builder(&mut self) -> &mut Builder {
        &mut self.scope().builder
    }

    fn block(&mut self) -> BlockId {
        self.builder().block()
    }

    fn enter(&mut self, block: BlockId) {
        self.builder().enter(block);
    }

    fn jump(&mut self, block: BlockId) {
        self.builder()
            .end(crate::engine::builtin::ir::End::Jump(block));
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
    fn open(&mut self, name: String, kind: FunctionKind, span: Span) {
        let id = FunctionId(u32::try_from(self.functions.len()).unwrap_or(u32::MAX));
        self.functions.push(None);
        let parent = self.scopes.last().map(|scope| scope.id);
        self.scopes.push(Scope {
            id,
            builder: Builder::new(name, kind, parent, span),
            frames: Vec::new(),
            this: None,
            class: None,
            jumps: Vec::new(),
            finals: Vec::new(),
            label: None,
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

    /// Lowers with a block of local names of its own.
    fn framed<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        self.scope().frames.push(HashMap::new());
        let lowered = lower(self);
        self.scope().frames.pop();
        lowered
    }

    /// A local variable of the innermost block.
    fn declare(&mut self, name: &'a str, declared: Option<Name>) -> Var {
        let scope = self.scope();
        let var = scope.builder.named(name.into(), declared);
        if scope.frames.is_empty() {
            scope.frames.push(HashMap::new());
        }
        if let Some(frame) = scope.frames.last_mut() {
            frame.insert(name, var);
        }
        var
    }
}

fn is_comment(kind: &str) -> bool {
    matches!(kind, "line_comment" | "block_comment")
}
