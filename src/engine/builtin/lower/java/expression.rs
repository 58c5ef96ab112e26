//! Expressions: each gives a variable.

use super::{Java, class, literals};
use crate::engine::builtin::{
    ir::{Callee, Item, Literal, Name, OpKind, Piece, Var},
    syntax::tree::NodeId,
};

impl Java<'_> {
    /// The value of an expression.
    pub(super) fn expression(&mut self, node: NodeId) -> Var {
        let value = self.deeper(|java| java.expression_here(node));
        value.unwrap_or_else(|| self.opaque(node, Vec::new()))
    }

    fn expression_here(&mut self, node: NodeId) -> Var {
        match self.kind(node) {
            "identifier" => self.load(node, self.of(node)),
            "this" | "super" => self.this(node),
            "decimal_integer_literal"
            | "hex_integer_literal"
            | "octal_integer_literal"
            | "binary_integer_literal" => self.literal(node, literals::integer(self.of(node))),
            "decimal_floating_point_literal" | "hex_floating_point_literal" => {
                self.literal(node, Literal::Number(self.name_of(node)))
            }
            "true" => self.literal(node, Literal::Bool(true)),
            "false" => self.literal(node, Literal::Bool(false)),
            "null_literal" => self.literal(node, Literal::None),
            // A character is a text of one.
            "string_literal" | "character_literal" => self.text(node),
            "template_expression" => self.template(node),
            "method_invocation" | "field_access" | "array_access" => self.chain(node),
            "object_creation_expression" => self.creation(node),
            "array_creation_expression" => self.array_creation(node),
            "array_initializer" | "element_value_array_initializer" => self.array(node),
            "lambda_expression" => self.lambda(node),
            "method_reference" => self.method_reference(node),
            "class_literal" => {
                let class = match self.first_child(node) {
                    Some(named) => self.load_type(named),
                    None => self.opaque(node, Vec::new()),
                };
                self.value(node, |to| OpKind::LoadField(to, class, "class".into()))
            }
            "binary_expression" if self.is_logical(node) => self.truth(node),
            "binary_expression" => self.arithmetic(node),
            "unary_expression" => self.unary(node),
            "update_expression" => self.update(node),
            "assignment_expression" => self.assignment(node),
            "ternary_expression" => self.conditional(node),
            "cast_expression" => self.cast(node),
            "instanceof_expression" => self.instance_test(node),
            "switch_expression" => self.switch_value(node),
            "parenthesized_expression" if self.children(node).len() == 1 => self.only(node),
            "type_identifier"
            | "scoped_type_identifier"
            | "generic_type"
            | "array_type"
            | "scoped_identifier" => self.load_type(node),
            // A part of something that is not whole, or not known.
            _ => self.parts(node),
        }
    }

    /// Something made of its parts; what is no expression among them is lowered as what it is.
    fn parts(&mut self, node: NodeId) -> Var {
        let mut values = Vec::new();
        for part in self.children(node) {
            let kind = self.kind(part);
            let is_statement = kind.ends_with("_statement") || kind == "block";
            if is_statement || kind.ends_with("_declaration") || class::is_type(kind) {
                self.member(part);
            } else if !matches!(kind, "modifiers" | "annotation" | "marker_annotation") {
                values.push(self.expression(part));
            }
        }
        self.opaque(node, values)
    }

    /// The value of the only child.
    pub(super) fn only(&mut self, node: NodeId) -> Var {
        match self.first_child(node) {
            Some(inner) => self.expression(inner),
            None => self.opaque(node, Vec::new()),
        }
    }

    fn text(&mut self, node: NodeId) -> Var {
        if self.child_of_kind(node, "string_interpolation").is_none() {
            let text = literals::text(self.of(node));
            return self.literal(node, Literal::Text(text.into()));
        }
        let mut pieces = Vec::new();
        for part in self.children(node) {
            match self.kind(part) {
                "string_interpolation" => {
                    let value = self.only(part);
                    pieces.push(Piece::Value(value));
                }
                _ => pieces.push(Piece::Fixed(literals::unescaped(self.of(part)).into())),
            }
        }
        self.value(node, |to| OpKind::Format(to, pieces))
    }

    /// `processor."text \{value}"`: the usual processor gives the text.
    fn template(&mut self, node: NodeId) -> Var {
        let argument = self.field(node, "template_argument");
        let processor = self.field(node, "template_processor");
        let processor = processor.filter(|it| self.of(*it) != "STR");
        let processor = processor.map(|it| self.expression(it));
        let text = match argument {
            Some(argument) => self.expression(argument),
            None => self.opaque(node, Vec::new()),
        };
        match processor {
            Some(processor) => {
                let callee = Callee::Method(processor, "process".into());
                self.call_of(node, callee, vec![Item::One(text)])
            }
            None => text,
        }
    }

    fn cast(&mut self, node: NodeId) -> Var {
        let value = match self.field(node, "value") {
            Some(value) => self.expression(value),
            None => self.opaque(node, Vec::new()),
        };
        let declared: Option<Name> = self.field(node, "type").and_then(|it| self.type_of(it));
        match declared {
            Some(declared) => self.as_type(node, value, declared),
            None => value,
        }
    }

    /// A value that is one of two, by the way taken.
    fn conditional(&mut self, node: NodeId) -> Var {
        let result = self.builder().temp();
        let (yes, no, after) = (self.block(), self.block(), self.block());
        self.condition_of(node, yes, no);
        for (block, field) in [(yes, "consequence"), (no, "alternative")] {
            self.enter(block);
            if let Some(part) = self.field(node, field) {
                let value = self.expression(part);
                self.push(part, OpKind::Copy(result, value));
            }
            self.jump(after);
        }
        self.enter(after);
        result
    }

    /// A condition as a value.
    pub(super) fn truth(&mut self, node: NodeId) -> Var {
        let result = self.builder().temp();
        let (yes, no, after) = (self.block(), self.block(), self.block());
        self.condition(node, yes, no);
        for (block, holds) in [(yes, true), (no, false)] {
            self.enter(block);
            self.push(node, OpKind::Literal(result, Literal::Bool(holds)));
            self.jump(after);
        }
        self.enter(after);
        result
    }
}
