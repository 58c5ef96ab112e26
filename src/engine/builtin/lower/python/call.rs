//! Calls, members and elements: chains of them, however long.

use super::Python;
use crate::engine::builtin::{
    ir::{Callee, FunctionKind, Item, Name, NamedItem, OpKind, Var},
    syntax::tree::NodeId,
};

impl Python<'_> {
    /// `a.b(c).d[e]…`, however long.
    pub(super) fn chain(&mut self, node: NodeId) -> Var {
        let mut links = Vec::new();
        let mut at = node;
        let start = loop {
            let below = match self.tree.kind(at) {
                "call" => self.field(at, "function"),
                "attribute" => self.field(at, "object"),
                "subscript" => self.field(at, "value"),
                _ => break Some(at),
            };
            links.push(at);
            match below {
                Some(below) => at = below,
                None => break None,
            }
        };
        if let Some(value) = self.super_call(&links, start) {
            return value;
        }
        let mut value = match start {
            Some(start) => self.expression(start),
            None => self.opaque(node, Vec::new()),
        };
        let mut links = links.into_iter().rev().peekable();
        while let Some(link) = links.next() {
            value = match self.tree.kind(link) {
                "attribute" => {
                    let name = self.field(link, "attribute");
                    let name: Name = name.map_or("", |it| self.of(it)).into();
                    // A call right behind is one of a method.
                    match links.next_if(|next| self.tree.kind(*next) == "call") {
                        Some(call) => self.call(call, Callee::Method(value, name)),
                        None => self.value(link, |to| OpKind::LoadField(to, value, name)),
                    }
                }
                "subscript" => self.element(link, value),
                _ => self.call(link, Callee::Value(value)),
            };
        }
        value
    }

    fn element(&mut self, node: NodeId, object: Var) -> Var {
        let keys: Vec<NodeId> = self
            .tree
            .children(node)
            .filter(|it| self.tree.field_of(*it) == Some("subscript"))
            .collect();
        if let [only] = keys.as_slice()
            && self.tree.kind(*only) == "slice"
        {
            let bounds = self.bounds(*only);
            return self.value(node, |to| OpKind::Slice(to, object, bounds));
        }
        let key = self.subscript_key(node);
        self.value(node, |to| OpKind::LoadIndex(to, object, key))
    }

    /// From, to and step of a slice.
    fn bounds(&mut self, slice: NodeId) -> [Option<Var>; 3] {
        let mut bounds = [None; 3];
        let mut place = 0;
        for part in self.tree.all_children(slice).collect::<Vec<_>>() {
            match self.tree.kind(part) {
                ":" => place += 1,
                "comment" => {}
                _ => {
                    let value = self.expression(part);
                    if let Some(bound) = bounds.get_mut(place) {
                        *bound = Some(value);
                    }
                }
            }
        }
        bounds
    }

    /// A slice among several keys.
    pub(super) fn slice(&mut self, node: NodeId) -> Var {
        let bounds = self.bounds(node);
        let parts = bounds.into_iter().flatten().collect();
        self.opaque(node, parts)
    }

    /// `super().method(…)` at the beginning of a chain that is nothing else.
    fn super_call(&mut self, links: &[NodeId], start: Option<NodeId>) -> Option<Var> {
        let start = start?;
        let [call, attribute, inner] = links else {
            return None;
        };
        let kinds = [*call, *attribute, *inner].map(|it| self.tree.kind(it));
        if self.of(start) != "super" || kinds != ["call", "attribute", "call"] {
            return None;
        }
        let receiver = self.receiver()?;
        let name = self.field(*attribute, "attribute")?;
        let name = self.name_of(name);
        Some(self.call(*call, Callee::Super(receiver, name)))
    }

    /// The first parameter of the method around the place.
    fn receiver(&mut self) -> Option<Var> {
        let (method, around) = self.scopes.split_last()?;
        let in_class = around.last()?.builder.kind() == FunctionKind::ClassBody;
        method.builder.first_param().filter(|_| in_class)
    }

    fn call(&mut self, node: NodeId, callee: Callee) -> Var {
        let mut args = Vec::new();
        let mut named = Vec::new();
        let arguments = self.field(node, "arguments");
        let parts = match arguments {
            // `f(x for x in y)`
            Some(only) if self.tree.kind(only) == "generator_expression" => vec![only],
            Some(list) => self.children(list),
            None => Vec::new(),
        };
        for part in parts {
            match self.tree.kind(part) {
                "keyword_argument" => {
                    let name = self.field(part, "name");
                    let name = name.map_or_else(|| "".into(), |it| self.name_of(it));
                    if let Some(value) = self.field(part, "value") {
                        named.push(NamedItem::One(name, self.expression(value)));
                    }
                }
                "dictionary_splat" => named.push(NamedItem::Spread(self.only(part))),
                "list_splat" => args.push(Item::Spread(self.only(part))),
                _ => args.push(Item::One(self.expression(part))),
            }
        }
        self.value(node, |to| OpKind::Call {
            to,
            callee,
            args,
            named,
        })
    }
}
