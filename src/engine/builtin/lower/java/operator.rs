//! Operators and assignments.

use super::{Java, names::Target};
use crate::engine::builtin::{
    ir::{BinaryOp, Literal, OpKind, UnaryOp, Var},
    syntax::tree::NodeId,
};

impl<'a> Java<'a> {
    pub(super) fn operator(&self, node: NodeId) -> &'a str {
        self.field(node, "operator").map_or("", |it| self.of(it))
    }

    /// `a + b + c`, which is nested to the left, however long.
    pub(super) fn arithmetic(&mut self, node: NodeId) -> Var {
        let mut spine = vec![node];
        let mut at = node;
        while let Some(left) = self.field(at, "left")
            && self.kind(left) == "binary_expression"
            && !self.is_logical(left)
        {
            spine.push(left);
            at = left;
        }
        let mut value = match self.field(at, "left") {
            Some(left) => self.expression(left),
            None => self.opaque(node, Vec::new()),
        };
        for level in spine.into_iter().rev() {
            let right = match self.field(level, "right") {
                Some(right) => self.expression(right),
                None => self.opaque(level, Vec::new()),
            };
            let op = binary(self.operator(level));
            value = self.value(level, |to| OpKind::Binary(to, op, value, right));
        }
        value
    }

    pub(super) fn unary(&mut self, node: NodeId) -> Var {
        let operand = match self.field(node, "operand") {
            Some(operand) => self.expression(operand),
            None => self.opaque(node, Vec::new()),
        };
        let op = match self.operator(node) {
            "-" => UnaryOp::Negate,
            "+" => UnaryOp::Plus,
            "~" => UnaryOp::Invert,
            _ => UnaryOp::Not,
        };
        self.value(node, |to| OpKind::Unary(to, op, operand))
    }

    /// What is assigned to; its parts are computed.
    fn target(&mut self, node: NodeId) -> Target {
        match self.kind(node) {
            "identifier" => self.target_of(node, self.of(node)),
            "field_access" if !self.has_token(node, "super") => {
                let Some((object, field)) =
                    self.field(node, "object").zip(self.field(node, "field"))
                else {
                    return Target::Nothing;
                };
                let object = self.expression(object);
                Target::Field(object, self.name_of(field))
            }
            "field_access" => {
                let this = self.this(node);
                let field = self.field(node, "field").map_or("", |it| self.of(it));
                Target::Field(this, field.into())
            }
            "array_access" => {
                let Some((array, index)) = self.field(node, "array").zip(self.field(node, "index"))
                else {
                    return Target::Nothing;
                };
                let array = self.expression(array);
                Target::Index(array, self.expression(index))
            }
            "parenthesized_expression" => match self.first_child(node) {
                Some(inner) => {
                    let target = self.deeper(|java| java.target(inner));
                    target.unwrap_or(Target::Nothing)
                }
                None => Target::Nothing,
            },
            _ => {
                self.expression(node);
                Target::Nothing
            }
        }
    }

    /// `target = value` and `target op= value`; gives the value.
    pub(super) fn assignment(&mut self, node: NodeId) -> Var {
        let Some((left, right)) = self.field(node, "left").zip(self.field(node, "right")) else {
            return self.opaque(node, Vec::new());
        };
        let target = self.target(left);
        let operator = self.operator(node);
        let value = match operator.strip_suffix('=') {
            None | Some("") => self.expression(right),
            Some(operator) => {
                let old = self.read(left, &target);
                let added = self.expression(right);
                let op = binary(operator);
                self.value(node, |to| OpKind::Binary(to, op, old, added))
            }
        };
        self.write(node, &target, value);
        value
    }

    /// `++x` gives what it is then, `x++` what it was.
    pub(super) fn update(&mut self, node: NodeId) -> Var {
        let Some(operand) = self.first_child(node) else {
            return self.opaque(node, Vec::new());
        };
        let op = match self.has_token(node, "--") {
            true => BinaryOp::Sub,
            false => BinaryOp::Add,
        };
        let target = self.target(operand);
        let mut old = self.read(operand, &target);
        let is_before = self.tree.all_children(node).next() != Some(operand);
        let is_used = self.kind(self.tree.parent(node)) != "expression_statement"
            && self.tree.field_of(node) != Some("update");
        if !is_before && is_used && matches!(target, Target::Var(_)) {
            old = self.value(node, |to| OpKind::Copy(to, old));
        }
        let one = self.literal(node, Literal::Int(1));
        let new = self.value(node, |to| OpKind::Binary(to, op, old, one));
        self.write(node, &target, new);
        if is_before { new } else { old }
    }
}

fn binary(operator: &str) -> BinaryOp {
    match operator {
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Mod,
        "<<" => BinaryOp::ShiftLeft,
        ">>" => BinaryOp::ShiftRight,
        ">>>" => BinaryOp::ShiftRightUnsigned,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        _ => BinaryOp::Add,
    }
}
