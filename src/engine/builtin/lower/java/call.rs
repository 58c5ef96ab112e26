//! Calls, members and elements: chains of them, however long; and references to methods.

use super::Java;
use crate::engine::builtin::{
    ir::{Callee, Item, Name, OpKind, Var},
    syntax::tree::NodeId,
};

impl<'a> Java<'a> {
    pub(super) fn call_of(&mut self, node: NodeId, callee: Callee, args: Vec<Item>) -> Var {
        self.value(node, |to| OpKind::Call {
            to,
            callee,
            args,
            named: Vec::new(),
        })
    }

    pub(super) fn arguments(&mut self, node: NodeId) -> Vec<Item> {
        let list = self.field(node, "arguments");
        let parts = list.map_or_else(Vec::new, |it| self.children(it));
        let parts = parts.into_iter();
        parts.map(|it| Item::One(self.expression(it))).collect()
    }

    /// `a.b(c).d[e]…`, however long.
    pub(super) fn chain(&mut self, node: NodeId) -> Var {
        let mut links = Vec::new();
        let mut at = node;
        let start = loop {
            let below = match self.kind(at) {
                "method_invocation" | "field_access" => self.field(at, "object"),
                "array_access" => self.field(at, "array"),
                _ => break Some(at),
            };
            links.push(at);
            match below {
                Some(below) => at = below,
                None => break None,
            }
        };
        links.reverse();
        let (mut value, done) = self.start(node, start, &links);
        for link in links.into_iter().skip(done) {
            value = self.link(link, value);
        }
        value
    }

    /// What a chain begins with, and how many of its links that was.
    fn start(&mut self, node: NodeId, start: Option<NodeId>, links: &[NodeId]) -> (Var, usize) {
        let first = links.first().copied();
        let Some(start) = start else {
            let Some(call) = first.filter(|it| self.kind(*it) == "method_invocation") else {
                return (self.opaque(node, Vec::new()), 1);
            };
            let callee = match self.field(call, "name") {
                Some(name) => self.simple_callee(name, self.of(name)),
                None => Callee::Value(self.opaque(node, Vec::new())),
            };
            let args = self.arguments(call);
            return (self.call_of(call, callee, args), 1);
        };
        match (self.kind(start), first) {
            ("super", Some(link)) => {
                let this = self.this(link);
                (self.of_super(link, this), 1)
            }
            ("identifier", Some(link)) if self.is_outer_super(link) => {
                let this = self.this_of(link, self.of(start));
                (self.of_super(link, this), 1)
            }
            ("identifier", Some(link)) if self.is_this_of(link) => {
                (self.this_of(link, self.of(start)), 1)
            }
            ("identifier", _) if self.is_package(start, links) => {
                let name = self.name_of(start);
                (self.value(start, |to| OpKind::LoadGlobal(to, name)), 0)
            }
            _ => (self.expression(start), 0),
        }
    }

    /// One link behind the value of what stands before it.
    fn link(&mut self, link: NodeId, value: Var) -> Var {
        if self.is_outer_super(link) {
            let this = self.this(link);
            return self.of_super(link, this);
        }
        match self.kind(link) {
            "method_invocation" => {
                let name = self.part_name(link, "name");
                let args = self.arguments(link);
                self.call_of(link, Callee::Method(value, name), args)
            }
            "array_access" => {
                let key = match self.field(link, "index") {
                    Some(index) => self.expression(index),
                    None => self.opaque(link, Vec::new()),
                };
                self.value(link, |to| OpKind::LoadIndex(to, value, key))
            }
            _ if self.is_this_of(link) => {
                let class = self.field(link, "object");
                let class = class.and_then(|it| self.field(it, "field"));
                let class = class.map_or("", |it| self.of(it));
                self.this_of(link, class)
            }
            _ => {
                let name = self.part_name(link, "field");
                self.value(link, |to| OpKind::LoadField(to, value, name))
            }
        }
    }

    fn part_name(&self, node: NodeId, field: &str) -> Name {
        let name = self.field(node, field);
        name.map_or("", |it| self.of(it)).into()
    }

    /// A member of the class above, on the instance.
    fn of_super(&mut self, link: NodeId, this: Var) -> Var {
        if self.kind(link) == "method_invocation" {
            let name = self.part_name(link, "name");
            let args = self.arguments(link);
            return self.call_of(link, Callee::Super(this, name), args);
        }
        let name = self.part_name(link, "field");
        self.value(link, |to| OpKind::LoadField(to, this, name))
    }

    /// `Name.super.member`: of an interface, or of the instance of a class around this one.
    fn is_outer_super(&self, link: NodeId) -> bool {
        let found = self.child_of_kind(link, "super");
        found.is_some_and(|it| self.tree.field_of(it) != Some("object"))
    }

    /// `Name.this`.
    fn is_this_of(&self, link: NodeId) -> bool {
        let field = self.field(link, "field");
        self.kind(link) == "field_access" && field.is_some_and(|it| self.kind(it) == "this")
    }

    /// Whether a chain begins with the name of a package: small names up to a type. One such name
    /// before capitals alone is rather a variable with a constant.
    fn is_package(&self, start: NodeId, links: &[NodeId]) -> bool {
        let is_small = |name: &str| name.starts_with(char::is_lowercase);
        if !is_small(self.of(start)) || self.find(self.of(start)).is_some() {
            return false;
        }
        for (before, link) in links.iter().enumerate() {
            if self.kind(*link) != "field_access" {
                return false;
            }
            let name = self.field(*link, "field").map_or("", |it| self.of(it));
            if !is_small(name) {
                return before > 0 || name.contains(char::is_lowercase);
            }
        }
        false
    }

    /// A method as a value is a field; `Type::new` is the field `new`.
    pub(super) fn method_reference(&mut self, node: NodeId) -> Var {
        let parts: Vec<NodeId> = self
            .tree
            .all_children(node)
            .filter(|it| !super::is_comment(self.kind(*it)))
            .collect();
        let Some((first, last)) = parts.first().zip(parts.last()) else {
            return self.opaque(node, Vec::new());
        };
        let object = match self.kind(*first) {
            "super" => self.this(*first),
            kind if kind.ends_with("type") || kind.ends_with("type_identifier") => {
                self.load_type(*first)
            }
            _ => self.expression(*first),
        };
        let name = self.name_of(*last);
        self.value(node, |to| OpKind::LoadField(to, object, name))
    }
}
