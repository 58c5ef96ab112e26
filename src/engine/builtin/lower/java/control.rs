//! Branches, loops, and the ways out of them.

use super::{Java, Jump};
use crate::engine::builtin::{
    ir::{BlockId, OpKind},
    syntax::tree::NodeId,
};

impl<'a> Java<'a> {
    /// `if … else if … else`, however many.
    pub(super) fn if_statement(&mut self, node: NodeId) {
        let after = self.block();
        let mut at = node;
        loop {
            let (yes, no) = (self.block(), self.block());
            self.condition_of(at, yes, no);
            self.enter(yes);
            if let Some(body) = self.field(at, "consequence") {
                self.statement(body);
            }
            self.jump(after);
            self.enter(no);
            match self.field(at, "alternative") {
                Some(next) if self.kind(next) == "if_statement" => at = next,
                Some(other) => {
                    self.statement(other);
                    break;
                }
                None => break,
            }
        }
        self.builder().flow_into(after);
    }

    pub(super) fn while_statement(&mut self, node: NodeId) {
        let (head, body, after) = (self.block(), self.block(), self.block());
        self.builder().flow_into(head);
        self.condition_of(node, body, after);
        self.enter(body);
        self.in_loop(node, head, after);
        self.jump(head);
        self.enter(after);
    }

    pub(super) fn do_statement(&mut self, node: NodeId) {
        let (body, again, after) = (self.block(), self.block(), self.block());
        self.builder().flow_into(body);
        self.in_loop(node, again, after);
        self.builder().flow_into(again);
        self.condition_of(node, body, after);
        self.enter(after);
    }

    pub(super) fn for_statement(&mut self, node: NodeId) {
        self.framed(|java| {
            for part in java.fields(node, "init") {
                if java.kind(part) == "local_variable_declaration" {
                    java.local_variables(part);
                } else {
                    java.expression(part);
                }
            }
            let (head, body) = (java.block(), java.block());
            let (again, after) = (java.block(), java.block());
            java.builder().flow_into(head);
            match java.field(node, "condition") {
                Some(condition) => java.condition(condition, body, after),
                None => java.jump(body),
            }
            java.enter(body);
            java.in_loop(node, again, after);
            java.builder().flow_into(again);
            for part in java.fields(node, "update") {
                java.expression(part);
            }
            java.jump(head);
            java.enter(after);
        });
    }

    pub(super) fn for_each_statement(&mut self, node: NodeId) {
        let Some((name, over)) = self.field(node, "name").zip(self.field(node, "value")) else {
            return;
        };
        let over_all = self.expression(over);
        let (head, body, after) = (self.block(), self.block(), self.block());
        self.builder().flow_into(head);
        let more = self.value(over, |to| OpKind::HasNext(to, over_all));
        self.branch(more, body, after);
        self.enter(body);
        self.framed(|java| {
            let element = java.value(name, |to| OpKind::Element(to, over_all));
            let declared = java.declared(java.field(node, "type"), node);
            let var = java.declare(java.of(name), declared);
            java.push(name, OpKind::Copy(var, element));
            java.in_loop(node, head, after);
        });
        self.jump(head);
        self.enter(after);
    }

    fn in_loop(&mut self, node: NodeId, again: BlockId, after: BlockId) {
        let label = self.scope().label.take();
        self.leavable(label, Some(again), after, |java| {
            if let Some(body) = java.field(node, "body") {
                java.statement(body);
            }
        });
    }

    /// Lowers what `break`, and in a loop `continue`, may leave.
    fn leavable(
        &mut self,
        label: Option<&'a str>,
        again: Option<BlockId>,
        after: BlockId,
        lower: impl FnOnce(&mut Self),
    ) {
        let finals = self.scope().finals.len();
        self.scope().jumps.push(Jump {
            label,
            again,
            after,
            plain: again.is_some(),
            result: None,
            finals,
        });
        lower(self);
        self.scope().jumps.pop();
    }

    pub(super) fn labeled_statement(&mut self, node: NodeId) {
        let parts = self.children(node);
        let Some((label, statement)) = parts.first().zip(parts.get(1)) else {
            return;
        };
        let label = self.of(*label);
        let is_loop = matches!(
            self.kind(*statement),
            "while_statement" | "do_statement" | "for_statement" | "enhanced_for_statement"
        );
        if is_loop {
            self.scope().label = Some(label);
            self.statement(*statement);
            self.scope().label = None;
            return;
        }
        let after = self.block();
        self.leavable(Some(label), None, after, |java| java.statement(*statement));
        self.builder().flow_into(after);
    }

    /// `break` and `continue`, also with a label.
    pub(super) fn leave(&mut self, node: NodeId, goes_on: bool) {
        let label = self.first_child(node).map(|it| self.of(it));
        let wanted = |it: &&Jump<'_>| match label {
            Some(_) => it.label == label,
            None => it.plain,
        };
        let mut jumps = self.scope().jumps.iter().rev();
        let jump = match goes_on {
            true => jumps.find(|it| it.again.is_some() && wanted(it)),
            false => jumps.find(wanted),
        };
        let Some(jump) = jump.copied() else {
            return;
        };
        self.run_finals(jump.finals);
        self.jump(jump.again.filter(|_| goes_on).unwrap_or(jump.after));
    }

    /// `yield`: the value of the switch around it.
    pub(super) fn yield_statement(&mut self, node: NodeId) {
        let value = self.first_child(node).map(|value| self.expression(value));
        let mut jumps = self.scope().jumps.iter().rev();
        let Some(jump) = jumps.find(|it| it.result.is_some()).copied() else {
            return;
        };
        if let Some((result, value)) = jump.result.zip(value) {
            self.push(node, OpKind::Copy(result, value));
        }
        self.run_finals(jump.finals);
        self.jump(jump.after);
    }

    /// Writes out every `finally` above the first `keep`, innermost first. Each runs as if it stood
    /// outside of its own `try`: what stands within that is not seen from it.
    pub(super) fn run_finals(&mut self, keep: usize) {
        if !self.builder().is_open() {
            return;
        }
        let handler = self.builder().handler();
        let mut set_aside = Vec::new();
        while self.scope().finals.len() > keep {
            let scope = self.scope();
            let Some(last) = scope.finals.pop() else {
                break;
            };
            let frames = scope.frames.split_off(last.frames.min(scope.frames.len()));
            let jumps = scope.jumps.split_off(last.jumps.min(scope.jumps.len()));
            set_aside.push((last, frames, jumps));
            self.builder().set_handler(last.handler);
            let block = self.block();
            self.builder().flow_into(block);
            let _ = self.deeper(|java| java.braces(last.body));
        }
        let scope = self.scope();
        for (last, frames, jumps) in set_aside.into_iter().rev() {
            scope.finals.push(last);
            scope.frames.extend(frames);
            scope.jumps.extend(jumps);
        }
        self.builder().set_handler(handler);
    }
}
