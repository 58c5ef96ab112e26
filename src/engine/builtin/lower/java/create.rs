//! New instances and arrays.

use super::{Java, names::OUTER};
use crate::engine::builtin::{
    ir::{Callee, Container, Item, Name, NamedItem, OpKind, Var},
    syntax::tree::NodeId,
};

/// The argument that says which class is derived in place.
const DERIVED: &str = "<class>";

impl Java<'_> {
    /// `new Type(…)`, also with a body, and `instance.new Type(…)`.
    pub(super) fn creation(&mut self, node: NodeId) -> Var {
        let mut named = Vec::new();
        let first = self.tree.all_children(node).next();
        if let Some(outer) = first.filter(|it| self.kind(*it) != "new") {
            let outer = self.expression(outer);
            named.push(NamedItem::One(OUTER.into(), outer));
        }
        let written = self.field(node, "type");
        let name = written.map_or_else(String::new, |it| self.plain(it));
        let args = self.arguments(node);
        let body = self.child_of_kind(node, "class_body");
        let base = body.and(written).map(|it| self.load_type(it));
        self.instance_of(node, name.into(), args, named, body.zip(base))
    }

    /// An instance of a class, or of one that is derived from it in place.
    pub(super) fn instance_of(
        &mut self,
        node: NodeId,
        class: Name,
        args: Vec<Item>,
        mut named: Vec<NamedItem>,
        derived: Option<(NodeId, Var)>,
    ) -> Var {
        let mut beginning = None;
        if let Some((body, base)) = derived {
            let (class, function) = self.nameless(body, base);
            named.push(NamedItem::One(DERIVED.into(), class));
            beginning = function;
        }
        let made = self.value(node, |to| OpKind::Call {
            to,
            callee: Callee::New(class),
            args,
            named,
        });
        self.begin(node, beginning, made);
        made
    }

    /// `new int[n]` calls `int[]` with the lengths; `new int[] {…}` is a list.
    pub(super) fn array_creation(&mut self, node: NodeId) -> Var {
        if let Some(value) = self.field(node, "value") {
            return self.expression(value);
        }
        let element = self.field(node, "type");
        let mut name = element.map_or_else(String::new, |it| self.plain(it));
        let mut lengths = Vec::new();
        for dimension in self.fields(node, "dimensions") {
            if self.kind(dimension) == "dimensions" {
                name.push_str(&self.plain(dimension));
                continue;
            }
            name.push_str("[]");
            // Annotations may stand before the bracket.
            if let Some(length) = self.children(dimension).last() {
                lengths.push(Item::One(self.expression(*length)));
            }
        }
        self.call_of(node, Callee::New(name.into()), lengths)
    }

    /// `{a, b}`.
    pub(super) fn array(&mut self, node: NodeId) -> Var {
        let parts = self.children(node).into_iter();
        let items = parts.map(|it| Item::One(self.expression(it))).collect();
        self.value(node, |to| OpKind::Make(to, Container::List, items))
    }
}
