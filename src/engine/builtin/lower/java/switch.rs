//! `switch`, as a statement and as a value: tests in a row that open the bodies.

use super::{Java, Jump};
use crate::engine::builtin::{
    ir::{BinaryOp, BlockId, End, OpKind, Var},
    syntax::tree::NodeId,
};
use std::collections::HashMap;

/// Classes whose values are compared with constants and that are no enums.
const NO_ENUMS: &[&str] = &["String", "Integer", "Character", "Short", "Byte", "Object"];

/// A group of labels with its statements, or a rule.
struct Case<'a> {
    node: NodeId,
    body: BlockId,
    /// What its patterns bind.
    names: HashMap<&'a str, Var>,
}

impl<'a> Java<'a> {
    pub(super) fn switch_statement(&mut self, node: NodeId) {
        self.switch(node, None);
    }

    pub(super) fn switch_value(&mut self, node: NodeId) -> Var {
        let result = self.builder().temp();
        self.switch(node, Some(result));
        result
    }

    fn switch(&mut self, node: NodeId, result: Option<Var>) {
        let subject = match self.field(node, "condition") {
            Some(condition) => self.expression(condition),
            None => self.opaque(node, Vec::new()),
        };
        let after = self.block();
        let body = self.field(node, "body");
        let parts = body.map_or_else(Vec::new, |body| self.children(body));
        let mut cases = Vec::new();
        let mut default = None;
        for part in parts {
            if !matches!(
                self.kind(part),
                "switch_block_statement_group" | "switch_rule"
            ) {
                self.statement(part);
                continue;
            }
            let body = self.block();
            self.scope().frames.push(HashMap::new());
            for label in self.children(part) {
                if self.kind(label) == "switch_label" && self.label(label, subject, body) {
                    default = Some(body);
                }
            }
            let names = self.scope().frames.pop().unwrap_or_default();
            cases.push(Case {
                node: part,
                body,
                names,
            });
        }
        match default {
            Some(default) => self.jump(default),
            // A switch that gives a value has a case for everything.
            None if result.is_some() => self.builder().end(End::Throw(None)),
            None => self.jump(after),
        }
        let finals = self.scope().finals.len();
        self.scope().jumps.push(Jump {
            label: None,
            again: None,
            after,
            plain: result.is_none(),
            result,
            finals,
        });
        self.bodies(cases, after, result);
        self.scope().jumps.pop();
        self.enter(after);
    }

    /// One label: goes to `body` where it fits, and on where not. Gives whether it is `default`.
    fn label(&mut self, label: NodeId, subject: Var, body: BlockId) -> bool {
        let parts = self.children(label);
        let mut is_default = self.has_token(label, "default");
        let next = self.block();
        for part in &parts {
            match self.kind(*part) {
                "guard" => {}
                // `case null, default`: the grammar takes the word for a name.
                "identifier" if self.of(*part) == "default" => is_default = true,
                "pattern" => {
                    self.pattern(*part, subject, next);
                    let guard = self.child_of_kind(label, "guard");
                    match guard.and_then(|it| self.first_child(it)) {
                        Some(condition) => self.condition(condition, body, next),
                        None => self.jump(body),
                    }
                }
                _ => {
                    let known = self.constant(*part, subject);
                    let holds = self.value(*part, |to| {
                        OpKind::Binary(to, BinaryOp::Equal, subject, known)
                    });
                    let other = self.block();
                    self.branch(holds, body, other);
                    self.enter(other);
                }
            }
        }
        self.builder().flow_into(next);
        is_default
    }

    /// What a label compares with. A bare name is a constant of the enum that the subject is of.
    fn constant(&mut self, node: NodeId, subject: Var) -> Var {
        let enumeration = self.builder().declared(subject).filter(|declared| {
            let is_class = declared.starts_with(char::is_uppercase);
            is_class && !declared.contains(['.', '[', '|']) && !NO_ENUMS.contains(&&**declared)
        });
        match enumeration.filter(|_| self.kind(node) == "identifier") {
            Some(enumeration) => {
                let class = self.class_named(node, &enumeration);
                let name = self.name_of(node);
                self.value(node, |to| OpKind::LoadField(to, class, name))
            }
            None => self.expression(node),
        }
    }

    /// The bodies in their order: statements run on into the next one, rules do not.
    fn bodies(&mut self, cases: Vec<Case<'a>>, after: BlockId, result: Option<Var>) {
        // What one group of statements declares is seen in the next ones.
        let mut shared = HashMap::new();
        let mut cases = cases.into_iter().peekable();
        while let Some(case) = cases.next() {
            self.enter(case.body);
            self.scope().frames.push(case.names);
            self.scope().frames.push(shared);
            let is_rule = self.kind(case.node) == "switch_rule";
            for part in self.children(case.node) {
                match (self.kind(part), result) {
                    ("switch_label", _) => {}
                    ("expression_statement", Some(result)) if is_rule => {
                        let value = self.only(part);
                        self.push(part, OpKind::Copy(result, value));
                    }
                    _ => self.statement(part),
                }
            }
            shared = self.scope().frames.pop().unwrap_or_default();
            self.scope().frames.pop();
            let next = cases.peek().map(|next| next.body).filter(|_| !is_rule);
            self.jump(next.unwrap_or(after));
        }
    }
}
