//! `match`: each case is a chain of tests that opens its body or goes on to the next case.

use super::Python;
use crate::engine::builtin::{
    ir::{BinaryOp, BlockId, End, Literal, OpKind, Shape, Var},
    syntax::tree::NodeId,
};

impl Python<'_> {
    pub(super) fn match_statement(&mut self, node: NodeId) {
        let subjects: Vec<NodeId> = self
            .tree
            .children(node)
            .filter(|it| self.tree.field_of(*it) == Some("subject"))
            .collect();
        let subject = match subjects.as_slice() {
            [only] => self.expression(*only),
            several => self.tuple(node, several),
        };
        let after = self.builder().block();
        let Some(body) = self.field(node, "body") else {
            return;
        };
        for case in self.children(body) {
            if self.tree.kind(case) != "case_clause" {
                continue;
            }
            let next = self.builder().block();
            let patterns: Vec<NodeId> = self
                .tree
                .children(case)
                .filter(|it| self.tree.kind(*it) == "case_pattern")
                .collect();
            match patterns.as_slice() {
                [only] => self.pattern(*only, subject, next),
                several => self.sequence(case, several, subject, next),
            }
            if let Some(guard) = self.field(case, "guard")
                && let Some(condition) = self.tree.children(guard).next()
            {
                let holds = self.builder().block();
                self.condition(condition, holds, next);
                self.builder().enter(holds);
            }
            if let Some(consequence) = self.field(case, "consequence") {
                self.statements(consequence);
            }
            self.builder().end(End::Jump(after));
            self.builder().enter(next);
        }
        self.builder().flow_into(after);
    }

    /// Goes on where `value` fits the pattern, and to `fail` where not.
    fn pattern(&mut self, node: NodeId, value: Var, fail: BlockId) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|python| python.pattern_here(node, value, fail));
    }

    fn pattern_here(&mut self, node: NodeId, value: Var, fail: BlockId) {
        let inner = self.children(node);
        match self.tree.kind(node) {
            "case_pattern" => match inner.as_slice() {
                // `_`, or a negative number, whose sign is no node of its own.
                [] => {}
                [only] if self.of(node).starts_with('-') => {
                    let number = self.expression(*only);
                    let negative = self.value(node, |to| {
                        OpKind::Unary(to, crate::engine::builtin::ir::UnaryOp::Negate, number)
                    });
                    self.test_equal(node, value, negative, fail);
                }
                [only] => self.pattern(*only, value, fail),
                _ => self.test_unknown(node, value, fail),
            },
            "dotted_name" | "identifier" => {
                let name = self.of(node);
                if name == "_" {
                } else if name.contains('.') {
                    let known = self.expression(node);
                    self.test_equal(node, value, known, fail);
                } else {
                    self.store(node, name, value);
                }
            }
            "string" | "concatenated_string" | "integer" | "float" | "true" | "false" | "none" => {
                let known = self.expression(node);
                self.test_equal(node, value, known, fail);
            }
            "as_pattern" => {
                let Some((name, patterns)) = inner.split_last() else {
                    return;
                };
                for pattern in patterns {
                    self.pattern(*pattern, value, fail);
                }
                self.store(*name, self.of(*name), value);
            }
            "union_pattern" => {
                let fits = self.builder().block();
                for alternative in inner {
                    let next = self.builder().block();
                    self.pattern(alternative, value, next);
                    self.builder().end(End::Jump(fits));
                    self.builder().enter(next);
                }
                self.builder().end(End::Jump(fail));
                self.builder().enter(fits);
            }
            "list_pattern" | "tuple_pattern" => match inner.as_slice() {
                // Parentheses around one pattern are no tuple.
                [only] if self.of(node).starts_with('(') && !self.of(node).contains(',') => {
                    self.pattern(*only, value, fail);
                }
                parts => self.sequence(node, parts, value, fail),
            },
            "dict_pattern" => self.map(node, value, fail),
            "class_pattern" => self.instance(node, &inner, value, fail),
            "splat_pattern" => self.rest(node, value),
            _ => self.test_unknown(node, value, fail),
        }
    }

    fn test(&mut self, holds: Var, fail: BlockId) {
        let yes = self.builder().block();
        self.builder().end(End::Branch {
            condition: holds,
            yes,
            no: fail,
        });
        self.builder().enter(yes);
    }

    fn test_equal(&mut self, node: NodeId, value: Var, known: Var, fail: BlockId) {
        let holds = self.value(node, |to| OpKind::Binary(to, BinaryOp::Equal, value, known));
        self.test(holds, fail);
    }

    fn test_shape(&mut self, node: NodeId, value: Var, shape: Shape, fail: BlockId) {
        let holds = self.value(node, |to| OpKind::Matches(to, value, shape));
        self.test(holds, fail);
    }

    fn test_unknown(&mut self, node: NodeId, value: Var, fail: BlockId) {
        let holds = self.opaque(node, vec![value]);
        self.test(holds, fail);
    }

    fn is_splat(&self, node: NodeId) -> bool {
        let inside = self.tree.children(node).next();
        [Some(node), inside]
            .into_iter()
            .flatten()
            .any(|it| matches!(self.tree.kind(it), "splat_pattern" | "list_splat_pattern"))
    }

    fn sequence(&mut self, node: NodeId, parts: &[NodeId], value: Var, fail: BlockId) {
        let rest = parts.iter().position(|it| self.is_splat(*it));
        let least = parts.len() - usize::from(rest.is_some());
        let shape = Shape::Sequence {
            least: u32::try_from(least).unwrap_or(u32::MAX),
            open: rest.is_some(),
        };
        self.test_shape(node, value, shape, fail);
        for (place, part) in parts.iter().enumerate() {
            let behind = parts.len() - place;
            let index = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
            match rest {
                Some(rest) if place == rest => {
                    let from = self.literal(*part, Literal::Int(index(place)));
                    let to =
                        (behind > 1).then(|| self.literal(*part, Literal::Int(-index(behind - 1))));
                    let middle =
                        self.value(*part, |it| OpKind::Slice(it, value, [Some(from), to, None]));
                    self.pattern(*part, middle, fail);
                }
                _ => {
                    let key = match rest {
                        Some(rest) if place > rest => -index(behind),
                        _ => index(place),
                    };
                    let key = self.literal(*part, Literal::Int(key));
                    let element = self.value(*part, |it| OpKind::LoadIndex(it, value, key));
                    self.pattern(*part, element, fail);
                }
            }
        }
    }

    fn map(&mut self, node: NodeId, value: Var, fail: BlockId) {
        self.test_shape(node, value, Shape::Map, fail);
        let mut key = None;
        for part in self.children(node) {
            match self.tree.field_of(part) {
                Some("key") => {
                    let known = self.expression(part);
                    let holds =
                        self.value(part, |to| OpKind::Binary(to, BinaryOp::In, known, value));
                    self.test(holds, fail);
                    key = Some(known);
                }
                Some("value") => {
                    if let Some(key) = key.take() {
                        let element = self.value(part, |to| OpKind::LoadIndex(to, value, key));
                        self.pattern(part, element, fail);
                    }
                }
                _ => self.pattern(part, value, fail),
            }
        }
    }

    fn instance(&mut self, node: NodeId, inner: &[NodeId], value: Var, fail: BlockId) {
        let Some((class, patterns)) = inner.split_first() else {
            return;
        };
        let class = self.expression(*class);
        self.test_shape(node, value, Shape::Instance(class), fail);
        for pattern in patterns {
            let inside = self.tree.children(*pattern).next();
            let keyword = inside.filter(|it| self.tree.kind(*it) == "keyword_pattern");
            let parts = keyword.map_or_else(Vec::new, |it| self.children(it));
            if let [name, member] = parts.as_slice() {
                let name = self.name_of(*name);
                let field = self.value(*member, |to| OpKind::LoadField(to, value, name));
                self.pattern(*member, field, fail);
            } else {
                // Which member a place means, the class decides.
                let member = self.opaque(*pattern, vec![value]);
                self.pattern(*pattern, member, fail);
            }
        }
    }

    /// `*name` and `**name`.
    fn rest(&mut self, node: NodeId, value: Var) {
        if let Some(name) = self.tree.children(node).next()
            && self.of(name) != "_"
        {
            self.store(name, self.of(name), value);
        }
    }
}
