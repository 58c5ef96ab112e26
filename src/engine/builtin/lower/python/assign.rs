//! Targets of assignments: names, members, elements, and patterns that take a value apart.

use super::Python;
use crate::engine::builtin::{
    ir::{BinaryOp, Container, Item, Literal, OpKind, Var},
    syntax::tree::NodeId,
};

impl Python<'_> {
    /// Gives a target its value.
    pub(super) fn assign(&mut self, target: NodeId, value: Var) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|python| python.assign_here(target, value));
    }

    fn assign_here(&mut self, target: NodeId, value: Var) {
        match self.tree.kind(target) {
            "identifier" => self.store(target, self.of(target), value),
            "attribute" => {
                let Some((object, name)) = self
                    .field(target, "object")
                    .zip(self.field(target, "attribute"))
                else {
                    return;
                };
                let object = self.expression(object);
                let name = self.name_of(name);
                self.push(target, OpKind::StoreField(object, name, value));
            }
            "subscript" => {
                let (object, key) = self.subscript_parts(target);
                self.push(target, OpKind::StoreIndex(object, key, value));
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list"
            | "expression_list" => self.take_apart(target, value),
            _ => {
                for part in self.children(target) {
                    self.assign(part, value);
                }
            }
        }
    }

    /// `a, *b, c = value`.
    fn take_apart(&mut self, target: NodeId, value: Var) {
        let parts = self.children(target);
        let is_rest = |it: &NodeId| {
            matches!(
                self.tree.kind(*it),
                "list_splat_pattern" | "list_splat" | "parenthesized_list_splat"
            )
        };
        let rest = parts.iter().position(is_rest);
        for (place, part) in parts.iter().enumerate() {
            let behind = parts.len() - place;
            let index = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
            let element = match rest {
                Some(rest) if place == rest => {
                    let from = self.literal(*part, Literal::Int(index(place)));
                    let to = (behind > 1).then(|| {
                        let back = -index(behind - 1);
                        self.literal(*part, Literal::Int(back))
                    });
                    self.value(*part, |it| OpKind::Slice(it, value, [Some(from), to, None]))
                }
                _ => {
                    let key = match rest {
                        Some(rest) if place > rest => -index(behind),
                        _ => index(place),
                    };
                    let key = self.literal(*part, Literal::Int(key));
                    self.value(*part, |it| OpKind::LoadIndex(it, value, key))
                }
            };
            self.assign(*part, element);
        }
    }

    /// The object and the key of `object[key]`; several keys are one tuple.
    pub(super) fn subscript_parts(&mut self, node: NodeId) -> (Var, Var) {
        let object = match self.field(node, "value") {
            Some(object) => self.expression(object),
            None => self.opaque(node, Vec::new()),
        };
        (object, self.subscript_key(node))
    }

    /// The key of `object[key]`.
    pub(super) fn subscript_key(&mut self, node: NodeId) -> Var {
        let keys: Vec<NodeId> = self
            .tree
            .children(node)
            .filter(|it| self.tree.field_of(*it) == Some("subscript"))
            .collect();
        match keys.as_slice() {
            [only] => self.expression(*only),
            several => {
                let items = several.iter();
                let items = items.map(|it| Item::One(self.expression(*it))).collect();
                self.value(node, |to| OpKind::Make(to, Container::Tuple, items))
            }
        }
    }

    /// `target = value`, also in a row, and `target op= value`; gives the value.
    pub(super) fn assignment(&mut self, node: NodeId) -> Option<Var> {
        let target = self.field(node, "left")?;
        if let Some(declared) = self.field(node, "type") {
            self.declare(target, declared);
        }
        // A declaration alone: `name: type`.
        let right = self.field(node, "right")?;
        if self.tree.kind(node) == "assignment" {
            let value = self.expression(right);
            self.assign(target, value);
            return Some(value);
        }
        let old = self.expression(target);
        let added = self.expression(right);
        let op = self.operator(node);
        let op = binary(op.strip_suffix('=').unwrap_or(op));
        let value = self.value(node, |to| OpKind::Binary(to, op, old, added));
        self.assign(target, value);
        Some(value)
    }

    /// `name: type` of a name of this function.
    fn declare(&mut self, target: NodeId, declared: NodeId) {
        let (name, declared) = (self.of(target), self.name_of(declared));
        let scope = self.scope();
        if let Some(var) = scope.locals.get(name) {
            scope.builder.declare(*var, declared);
        }
    }
}

/// An arithmetic operator.
pub(super) fn binary(operator: &str) -> BinaryOp {
    match operator {
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "//" => BinaryOp::FloorDiv,
        "%" => BinaryOp::Mod,
        "**" => BinaryOp::Pow,
        "@" => BinaryOp::MatMul,
        "<<" => BinaryOp::ShiftLeft,
        ">>" => BinaryOp::ShiftRight,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        _ => BinaryOp::Add,
    }
}
