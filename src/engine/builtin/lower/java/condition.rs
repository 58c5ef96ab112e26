//! Conditions as the ways they open.

use super::Java;
use crate::engine::builtin::{
    ir::{BlockId, End, OpKind, Shape, Var},
    syntax::tree::NodeId,
};

impl Java<'_> {
    /// Goes to `yes` when `node` holds and to `no` otherwise. `&&`, `||` and `!` become ways of
    /// their own, so that what each part tells holds on its side.
    pub(super) fn condition(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        let lowered = self.deeper(|java| java.condition_here(node, yes, no));
        if lowered.is_none() {
            let unknown = self.opaque(node, Vec::new());
            self.branch(unknown, yes, no);
        }
    }

    /// The condition of a statement or of a conditional expression.
    pub(super) fn condition_of(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        match self.field(node, "condition") {
            Some(condition) => self.condition(condition, yes, no),
            None => {
                let unknown = self.opaque(node, Vec::new());
                self.branch(unknown, yes, no);
            }
        }
    }

    fn condition_here(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        match self.kind(node) {
            "parenthesized_expression" if self.children(node).len() == 1 => {
                if let Some(inner) = self.first_child(node) {
                    self.condition(inner, yes, no);
                }
            }
            "unary_expression" if self.operator(node) == "!" => match self.field(node, "operand") {
                Some(operand) => self.condition(operand, no, yes),
                None => self.jump(yes),
            },
            "binary_expression" if self.is_logical(node) => {
                let (parts, is_and) = self.logical_parts(node);
                let Some((last, first)) = parts.split_last() else {
                    return;
                };
                for part in first {
                    let next = self.block();
                    if is_and {
                        self.condition(*part, next, no);
                    } else {
                        self.condition(*part, yes, next);
                    }
                    self.enter(next);
                }
                self.condition(*last, yes, no);
            }
            "ternary_expression" => {
                let (when_true, when_false) = (self.block(), self.block());
                self.condition_of(node, when_true, when_false);
                for (block, field) in [(when_true, "consequence"), (when_false, "alternative")] {
                    self.enter(block);
                    match self.field(node, field) {
                        Some(part) => self.condition(part, yes, no),
                        None => self.jump(no),
                    }
                }
            }
            "instanceof_expression" if self.binds(node) => {
                self.instance_ways(node, yes, no);
            }
            _ => {
                let value = self.expression(node);
                self.branch(value, yes, no);
            }
        }
    }

    pub(super) fn branch(&mut self, condition: Var, yes: BlockId, no: BlockId) {
        self.builder().end(End::Branch { condition, yes, no });
    }

    /// Goes on where a value is true, and to `fail` where not.
    pub(super) fn test(&mut self, holds: Var, fail: BlockId) {
        let yes = self.block();
        self.branch(holds, yes, fail);
        self.enter(yes);
    }

    /// Whether it is `&&` or `||`.
    pub(super) fn is_logical(&self, node: NodeId) -> bool {
        self.kind(node) == "binary_expression" && matches!(self.operator(node), "&&" | "||")
    }

    /// The sides of `a && b && c`, which is nested to the left, and whether it is `&&`.
    fn logical_parts(&self, node: NodeId) -> (Vec<NodeId>, bool) {
        let operator = self.operator(node);
        let mut parts = Vec::new();
        let mut at = node;
        loop {
            parts.extend(self.field(at, "right"));
            let Some(left) = self.field(at, "left") else {
                break;
            };
            if self.is_logical(left) && self.operator(left) == operator {
                at = left;
            } else {
                parts.push(left);
                break;
            }
        }
        parts.reverse();
        (parts, operator == "&&")
    }

    /// Whether `instanceof` also gives names to what it finds.
    fn binds(&self, node: NodeId) -> bool {
        self.field(node, "name").is_some() || self.field(node, "pattern").is_some()
    }

    /// `value instanceof Type` as a value.
    pub(super) fn instance_test(&mut self, node: NodeId) -> Var {
        if self.binds(node) {
            return self.truth(node);
        }
        let value = match self.field(node, "left") {
            Some(left) => self.expression(left),
            None => self.opaque(node, Vec::new()),
        };
        let Some(class) = self.field(node, "right") else {
            return self.opaque(node, vec![value]);
        };
        let class = self.load_type(class);
        self.value(node, |to| {
            OpKind::Matches(to, value, Shape::Instance(class))
        })
    }

    fn instance_ways(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        let value = match self.field(node, "left") {
            Some(left) => self.expression(left),
            None => self.opaque(node, Vec::new()),
        };
        if let Some(pattern) = self.field(node, "pattern") {
            self.pattern(pattern, value, no);
        } else {
            let class = self.field(node, "right");
            self.typed_pattern(node, class, self.field(node, "name"), value, no);
        }
        self.jump(yes);
    }
}
