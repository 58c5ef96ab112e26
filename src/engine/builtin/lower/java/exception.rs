//! `try` with all its clauses.

use super::{Final, Java};
use crate::engine::builtin::{
    ir::{BlockId, End, OpKind, Var},
    syntax::tree::NodeId,
};

impl Java<'_> {
    pub(super) fn try_statement(&mut self, node: NodeId) {
        let finally = self
            .child_of_kind(node, "finally_clause")
            .and_then(|it| self.child_of_kind(it, "block"));
        let clauses: Vec<NodeId> = self
            .children(node)
            .into_iter()
            .filter(|it| self.kind(*it) == "catch_clause")
            .collect();

        let outer = self.builder().handler();
        let after = self.block();
        // Exceptions that no clause takes: `finally`, then on to the outside.
        let uncaught = finally.map(|_| self.block());
        if let Some(body) = finally {
            let scope = self.scope();
            scope.finals.push(Final {
                body,
                handler: outer,
                frames: scope.frames.len(),
                jumps: scope.jumps.len(),
            });
        }
        let beyond = uncaught.or(outer);
        self.builder().set_handler(beyond);
        let caught = (!clauses.is_empty()).then(|| self.block());
        self.builder().set_handler(caught.or(beyond));
        let body = self.block();
        self.builder().flow_into(body);
        self.framed(|java| {
            java.resources(node);
            if let Some(body) = java.field(node, "body") {
                java.braces(body);
            }
        });
        self.builder().set_handler(beyond);
        let block = self.block();
        self.builder().flow_into(block);
        self.end_try(finally, after);
        if let Some(caught) = caught {
            self.enter(caught);
            for clause in clauses {
                self.catch_clause(clause, finally, after);
            }
            // No clause took it.
            self.builder().end(End::Throw(None));
        }
        if finally.is_some() {
            self.scope().finals.pop();
        }
        self.builder().set_handler(outer);
        if let Some((uncaught, body)) = uncaught.zip(finally) {
            self.enter(uncaught);
            let _ = self.deeper(|java| java.braces(body));
            self.builder().end(End::Throw(None));
        }
        self.enter(after);
    }

    /// What is opened; that it is closed is not modelled.
    fn resources(&mut self, node: NodeId) {
        let specification = self.field(node, "resources");
        for resource in specification.map_or_else(Vec::new, |it| self.children(it)) {
            if self.kind(resource) != "resource" {
                continue;
            }
            let Some((name, value)) = self
                .field(resource, "name")
                .zip(self.field(resource, "value"))
            else {
                self.only(resource);
                continue;
            };
            let value = self.expression(value);
            let declared = self.declared(self.field(resource, "type"), resource);
            let var = self.declare(self.of(name), declared);
            self.push(resource, OpKind::Copy(var, value));
        }
    }

    /// The normal way out of a `try` or of one of its clauses.
    fn end_try(&mut self, finally: Option<NodeId>, after: BlockId) {
        if finally.is_some() {
            let keep = self.scope().finals.len().saturating_sub(1);
            self.run_finals(keep);
        }
        self.jump(after);
    }

    /// One clause; goes on where it does not take the exception.
    fn catch_clause(&mut self, clause: NodeId, finally: Option<NodeId>, after: BlockId) {
        let parameter = self.child_of_kind(clause, "catch_formal_parameter");
        let written = parameter.and_then(|it| self.child_of_kind(it, "catch_type"));
        let name = parameter.and_then(|it| self.field(it, "name"));
        let alternatives = written.map_or_else(Vec::new, |it| self.children(it));
        let takes_all = alternatives
            .iter()
            .any(|it| matches!(self.of(*it), "Throwable" | "Exception"));
        let types: Vec<Var> = alternatives
            .into_iter()
            .map(|it| self.load_type(it))
            .collect();
        let (taken, next) = (self.block(), self.block());
        if takes_all {
            self.jump(taken);
        } else {
            let unknown = self.opaque(clause, Vec::new());
            self.branch(unknown, taken, next);
        }
        self.enter(taken);
        let exception = self.value(clause, |to| OpKind::Caught(to, types));
        self.framed(|java| {
            if let Some(name) = name {
                let declared = written.and_then(|it| java.type_of(it));
                let var = java.declare(java.of(name), declared);
                java.push(clause, OpKind::Copy(var, exception));
            }
            if let Some(body) = java.field(clause, "body") {
                java.braces(body);
            }
        });
        self.end_try(finally, after);
        self.enter(next);
    }
}
