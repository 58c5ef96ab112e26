//! Comprehensions and generator expressions: loops in a row that fill a container.

use super::{Python, names};
use crate::engine::builtin::{
    ir::{BlockId, Container, End, OpKind, Var},
    syntax::tree::NodeId,
};
use std::collections::HashMap;

/// What a comprehension makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comprehension {
    Sequence(Container),
    Map,
}

impl Python<'_> {
    /// A loop in a loop, with names of its own, that fills a container.
    pub(super) fn comprehension(&mut self, node: NodeId, kind: Comprehension) -> Var {
        let made = match kind {
            Comprehension::Sequence(container) => {
                self.value(node, |to| OpKind::Make(to, container, Vec::new()))
            }
            Comprehension::Map => self.value(node, |to| OpKind::MakeMap(to, Vec::new())),
        };
        let clauses: Vec<NodeId> = self
            .children(node)
            .into_iter()
            .filter(|it| matches!(self.tree.kind(*it), "for_in_clause" | "if_clause"))
            .collect();
        let mut own = HashMap::new();
        for clause in &clauses {
            if let Some(left) = self.field(*clause, "left") {
                for name in names::targets(self.tree, self.text, left) {
                    let var = self.builder().named(name.into(), None);
                    own.insert(name, var);
                }
            }
        }
        let after = self.builder().block();
        // The first iterable is computed outside.
        let first = clauses.first().and_then(|it| self.field(*it, "right"));
        let first = first.map(|it| self.expression(it));
        self.scope().inner.push(own);
        self.clauses(&clauses, first, after, &mut |python| {
            python.element_of(node, kind, made);
        });
        self.scope().inner.pop();
        self.builder().enter(after);
        made
    }

    /// One clause and what lies within it; goes back to `outside` when it is through.
    fn clauses(
        &mut self,
        clauses: &[NodeId],
        first: Option<Var>,
        outside: BlockId,
        body: &mut dyn FnMut(&mut Self),
    ) {
        let Some((clause, rest)) = clauses.split_first() else {
            body(self);
            self.builder().end(End::Jump(outside));
            return;
        };
        let inside = self.builder().block();
        if self.tree.kind(*clause) == "if_clause" {
            match self.tree.children(*clause).next() {
                Some(condition) => self.condition(condition, inside, outside),
                None => self.builder().end(End::Jump(inside)),
            }
            self.builder().enter(inside);
            self.clauses(rest, None, outside, body);
            return;
        }
        let Some((left, right)) = self
            .field(*clause, "left")
            .zip(self.field(*clause, "right"))
        else {
            self.builder().end(End::Jump(outside));
            return;
        };
        let over_all = match first {
            Some(first) => first,
            None => self.expression(right),
        };
        let head = self.builder().block();
        self.builder().flow_into(head);
        let more = self.value(right, |to| OpKind::HasNext(to, over_all));
        self.builder().end(End::Branch {
            condition: more,
            yes: inside,
            no: outside,
        });
        self.builder().enter(inside);
        let element = self.value(left, |to| OpKind::Element(to, over_all));
        self.assign(left, element);
        self.clauses(rest, None, head, body);
    }

    fn element_of(&mut self, node: NodeId, kind: Comprehension, made: Var) {
        let Some(body) = self.field(node, "body") else {
            return;
        };
        match kind {
            Comprehension::Sequence(_) => {
                let value = self.expression(body);
                self.push(body, OpKind::Append(made, value));
            }
            Comprehension::Map => {
                if let Some((key, value)) = self.field(body, "key").zip(self.field(body, "value")) {
                    let key = self.expression(key);
                    let value = self.expression(value);
                    self.push(body, OpKind::StoreIndex(made, key, value));
                }
            }
        }
    }
}
