//! Expressions: each gives a variable.

use super::{Python, assign, comprehension::Comprehension, literals};
use crate::engine::builtin::{
    ir::{Container, End, Entry, Item, Literal, Name, OpKind, Piece, UnaryOp, Var},
    syntax::tree::NodeId,
};

impl<'a> Python<'a> {
    /// The value of an expression.
    pub(super) fn expression(&mut self, node: NodeId) -> Var {
        let value = self.deeper(|python| python.expression_here(node));
        value.unwrap_or_else(|| self.opaque(node, Vec::new()))
    }

    fn expression_here(&mut self, node: NodeId) -> Var {
        match self.tree.kind(node) {
            "identifier" => self.load(node, self.of(node)),
            "dotted_name" => self.dotted(node),
            "integer" => self.literal(node, literals::integer(self.of(node))),
            "float" => self.literal(node, Literal::Number(self.name_of(node))),
            "true" => self.literal(node, Literal::Bool(true)),
            "false" => self.literal(node, Literal::Bool(false)),
            "none" | "ellipsis" => self.literal(node, Literal::None),
            "string" | "concatenated_string" => self.text(node),
            "list" | "parenthesized_list_splat" => self.make(node, Container::List),
            "set" => self.make(node, Container::Set),
            "tuple" | "expression_list" | "pattern_list" => self.make(node, Container::Tuple),
            "dictionary" => self.dictionary(node),
            "list_comprehension" | "generator_expression" => {
                self.comprehension(node, Comprehension::Sequence(Container::List))
            }
            "set_comprehension" => {
                self.comprehension(node, Comprehension::Sequence(Container::Set))
            }
            "dictionary_comprehension" => self.comprehension(node, Comprehension::Map),
            "lambda" => self.lambda(node),
            "call" | "attribute" | "subscript" => self.chain(node),
            "binary_operator" => self.arithmetic(node),
            "unary_operator" | "not_operator" => self.unary(node),
            "boolean_operator" => self.boolean(node),
            "comparison_operator" => self.comparison(node),
            "conditional_expression" => self.conditional(node),
            "named_expression" => self.named(node),
            "assignment" | "augmented_assignment" => match self.assignment(node) {
                Some(value) => value,
                None => self.literal(node, Literal::None),
            },
            "await" => {
                let awaited = self.only(node);
                self.value(node, |to| OpKind::Await(to, awaited))
            }
            "yield" => self.yielded(node),
            "slice" => self.slice(node),
            "parenthesized_expression" if self.tree.children(node).count() == 1 => self.only(node),
            // A part of something that is not whole, or not known.
            _ => {
                let parts = self.children(node);
                let parts = parts.into_iter().map(|it| self.expression(it)).collect();
                self.opaque(node, parts)
            }
        }
    }

    /// The value of the only child.
    pub(super) fn only(&mut self, node: NodeId) -> Var {
        match self.tree.children(node).next() {
            Some(inner) => self.expression(inner),
            None => self.opaque(node, Vec::new()),
        }
    }

    /// `a.b.c` of a pattern, which is one node.
    fn dotted(&mut self, node: NodeId) -> Var {
        let text = self.of(node);
        let mut parts = text.split('.').map(str::trim);
        let mut value = self.load(node, parts.next().unwrap_or(text));
        for part in parts {
            value = self.value(node, |to| OpKind::LoadField(to, value, part.into()));
        }
        value
    }

    fn text(&mut self, node: NodeId) -> Var {
        let mut pieces = Vec::new();
        let mut bytes = false;
        self.pieces(node, &mut pieces, &mut bytes);
        let literal: fn(Name) -> Literal = if bytes { Literal::Bytes } else { Literal::Text };
        match pieces.as_slice() {
            [] => self.literal(node, literal("".into())),
            [Piece::Fixed(text)] => {
                let text = text.clone();
                self.literal(node, literal(text))
            }
            _ => self.value(node, |to| OpKind::Format(to, pieces)),
        }
    }

    /// The pieces of a string, of an f-string, or of several beside one another.
    fn pieces(&mut self, node: NodeId, pieces: &mut Vec<Piece>, bytes: &mut bool) {
        if self.tree.kind(node) == "concatenated_string" {
            for part in self.children(node) {
                self.pieces(part, pieces, bytes);
            }
            return;
        }
        let mut prefix = literals::prefix("");
        for part in self.children(node) {
            match self.tree.kind(part) {
                "string_start" => {
                    prefix = literals::prefix(self.of(part));
                    *bytes |= prefix.bytes;
                }
                "string_content" => {
                    let written = self.of(part);
                    let braces = self.has_doubled_braces(part);
                    let text = match prefix.raw {
                        true => written.to_owned(),
                        false => literals::unescaped(written),
                    };
                    let text = match braces {
                        true => text.replace("{{", "{").replace("}}", "}"),
                        false => text,
                    };
                    add_fixed(pieces, &text);
                }
                "interpolation" => {
                    if let Some(inner) = self.field(part, "expression") {
                        let value = self.expression(inner);
                        pieces.push(Piece::Value(value));
                    }
                    if let Some(specifier) = self.field(part, "format_specifier") {
                        // Widths may be computed; what they are does not reach the text.
                        for inner in self.children(specifier) {
                            if let Some(inner) = self.field(inner, "expression") {
                                self.expression(inner);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn has_doubled_braces(&self, content: NodeId) -> bool {
        self.tree
            .children(content)
            .any(|it| self.tree.kind(it) == "escape_interpolation")
    }

    fn items(&mut self, nodes: &[NodeId]) -> Vec<Item> {
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            let spread = matches!(
                self.tree.kind(*node),
                "list_splat" | "list_splat_pattern" | "parenthesized_list_splat"
            );
            items.push(if spread {
                Item::Spread(self.only(*node))
            } else {
                Item::One(self.expression(*node))
            });
        }
        items
    }

    fn make(&mut self, node: NodeId, container: Container) -> Var {
        let parts = self.children(node);
        let items = self.items(&parts);
        self.value(node, |to| OpKind::Make(to, container, items))
    }

    pub(super) fn tuple(&mut self, node: NodeId, parts: &[NodeId]) -> Var {
        let items = self.items(parts);
        self.value(node, |to| OpKind::Make(to, Container::Tuple, items))
    }

    fn dictionary(&mut self, node: NodeId) -> Var {
        let mut entries = Vec::new();
        for part in self.children(node) {
            match self.field(part, "key").zip(self.field(part, "value")) {
                Some((key, value)) => {
                    let key = self.expression(key);
                    entries.push(Entry::One(key, self.expression(value)));
                }
                None => entries.push(Entry::Spread(self.only(part))),
            }
        }
        self.value(node, |to| OpKind::MakeMap(to, entries))
    }

    /// `a + b + c`, which is nested to the left, however long.
    fn arithmetic(&mut self, node: NodeId) -> Var {
        let mut spine = vec![node];
        let mut at = node;
        while let Some(left) = self.field(at, "left")
            && self.tree.kind(left) == "binary_operator"
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
            let op = assign::binary(self.operator(level));
            value = self.value(level, |to| OpKind::Binary(to, op, value, right));
        }
        value
    }

    fn unary(&mut self, node: NodeId) -> Var {
        let argument = match self.field(node, "argument") {
            Some(argument) => self.expression(argument),
            None => self.opaque(node, Vec::new()),
        };
        let op = match self.operator(node) {
            "-" => UnaryOp::Negate,
            "+" => UnaryOp::Plus,
            "~" => UnaryOp::Invert,
            _ => UnaryOp::Not,
        };
        self.value(node, |to| OpKind::Unary(to, op, argument))
    }

    /// `a or b` as a value: the last side that was computed.
    fn boolean(&mut self, node: NodeId) -> Var {
        let (parts, is_and) = self.boolean_parts(node);
        let result = self.builder().temp();
        let after = self.builder().block();
        let last = parts.len().saturating_sub(1);
        for (place, part) in parts.into_iter().enumerate() {
            let value = self.expression(part);
            self.push(part, OpKind::Copy(result, value));
            if place == last {
                self.builder().end(End::Jump(after));
            } else {
                let next = self.builder().block();
                let (yes, no) = if is_and { (next, after) } else { (after, next) };
                self.builder().end(End::Branch {
                    condition: value,
                    yes,
                    no,
                });
                self.builder().enter(next);
            }
        }
        self.builder().enter(after);
        result
    }

    fn comparison(&mut self, node: NodeId) -> Var {
        let steps = self.comparison_steps(node);
        if let [(op, right)] = steps.as_slice()
            && let Some(left) = self.tree.children(node).next()
        {
            let left = self.expression(left);
            let right = self.expression(*right);
            return self.value(node, |to| OpKind::Binary(to, *op, left, right));
        }
        self.truth(node)
    }

    /// A condition as a value.
    fn truth(&mut self, node: NodeId) -> Var {
        let result = self.builder().temp();
        let (yes, no) = (self.builder().block(), self.builder().block());
        let after = self.builder().block();
        self.condition(node, yes, no);
        for (block, holds) in [(yes, true), (no, false)] {
            self.builder().enter(block);
            self.push(node, OpKind::Literal(result, Literal::Bool(holds)));
            self.builder().end(End::Jump(after));
        }
        self.builder().enter(after);
        result
    }

    fn conditional(&mut self, node: NodeId) -> Var {
        let parts = self.children(node);
        let [when_true, condition, when_false] = parts.as_slice() else {
            let parts = parts.into_iter().map(|it| self.expression(it)).collect();
            return self.opaque(node, parts);
        };
        let result = self.builder().temp();
        let (yes, no) = (self.builder().block(), self.builder().block());
        let after = self.builder().block();
        self.condition(*condition, yes, no);
        for (block, part) in [(yes, *when_true), (no, *when_false)] {
            self.builder().enter(block);
            let value = self.expression(part);
            self.push(part, OpKind::Copy(result, value));
            self.builder().end(End::Jump(after));
        }
        self.builder().enter(after);
        result
    }

    fn named(&mut self, node: NodeId) -> Var {
        let Some((name, value)) = self.field(node, "name").zip(self.field(node, "value")) else {
            return self.opaque(node, Vec::new());
        };
        let value = self.expression(value);
        self.store(name, self.of(name), value);
        value
    }

    fn yielded(&mut self, node: NodeId) -> Var {
        let is_from = self
            .tree
            .all_children(node)
            .any(|it| self.tree.kind(it) == "from");
        let value = match self.tree.children(node).next() {
            Some(inner) => self.expression(inner),
            None => self.literal(node, Literal::None),
        };
        self.value(node, |to| match is_from {
            true => OpKind::YieldFrom(to, value),
            false => OpKind::Yield(to, value),
        })
    }
}

/// Adds a fixed text; two beside one another are one.
fn add_fixed(pieces: &mut Vec<Piece>, text: &str) {
    if let Some(Piece::Fixed(last)) = pieces.last_mut() {
        *last = format!("{last}{text}").into();
    } else {
        pieces.push(Piece::Fixed(text.into()));
    }
}
