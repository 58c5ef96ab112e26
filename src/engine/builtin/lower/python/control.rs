//! Branches, loops, exceptions, and conditions as the ways they open.

use super::{Final, Loop, Python};
use crate::engine::builtin::{
    ir::{BinaryOp, BlockId, End, OpKind, Var},
    syntax::tree::NodeId,
};

impl<'a> Python<'a> {
    /// Goes to `yes` when `node` holds and to `no` otherwise. `and`, `or` and `not` become ways of
    /// their own, so that what each part tells holds on its side.
    pub(super) fn condition(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        let lowered = self.deeper(|python| python.condition_here(node, yes, no));
        if lowered.is_none() {
            let unknown = self.opaque(node, Vec::new());
            self.branch(unknown, yes, no);
        }
    }

    fn condition_here(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        match self.tree.kind(node) {
            "parenthesized_expression" if self.tree.children(node).count() == 1 => {
                if let Some(inner) = self.tree.children(node).next() {
                    self.condition(inner, yes, no);
                }
            }
            "not_operator" => {
                if let Some(argument) = self.field(node, "argument") {
                    self.condition(argument, no, yes);
                }
            }
            "boolean_operator" => {
                let (parts, is_and) = self.boolean_parts(node);
                let Some((last, first)) = parts.split_last() else {
                    return;
                };
                for part in first {
                    let next = self.builder().block();
                    if is_and {
                        self.condition(*part, next, no);
                    } else {
                        self.condition(*part, yes, next);
                    }
                    self.builder().enter(next);
                }
                self.condition(*last, yes, no);
            }
            "comparison_operator" => self.comparison_ways(node, yes, no),
            _ => {
                let value = self.expression(node);
                self.branch(value, yes, no);
            }
        }
    }

    fn branch(&mut self, condition: Var, yes: BlockId, no: BlockId) {
        self.builder().end(End::Branch { condition, yes, no });
    }

    /// The sides of `a and b and c`, which is nested to the left, and whether it is `and`.
    pub(super) fn boolean_parts(&self, node: NodeId) -> (Vec<NodeId>, bool) {
        let operator = self.operator(node);
        let mut parts = Vec::new();
        let mut at = node;
        loop {
            parts.extend(self.field(at, "right"));
            let Some(left) = self.field(at, "left") else {
                break;
            };
            if self.tree.kind(left) == "boolean_operator" && self.operator(left) == operator {
                at = left;
            } else {
                parts.push(left);
                break;
            }
        }
        parts.reverse();
        (parts, operator == "and")
    }

    pub(super) fn operator(&self, node: NodeId) -> &'a str {
        self.field(node, "operator").map_or("", |it| self.of(it))
    }

    /// `a < b < c`: each operand is computed once, the rest only while it holds.
    fn comparison_ways(&mut self, node: NodeId, yes: BlockId, no: BlockId) {
        let steps = self.comparison_steps(node);
        let Some((last, first)) = steps.split_last() else {
            return;
        };
        let Some(operand) = self.tree.children(node).next() else {
            return;
        };
        let mut left = self.expression(operand);
        for (op, right) in first {
            let next = self.builder().block();
            let right = self.expression(*right);
            let holds = self.value(node, |to| OpKind::Binary(to, *op, left, right));
            self.branch(holds, next, no);
            self.builder().enter(next);
            left = right;
        }
        let right = self.expression(last.1);
        let holds = self.value(node, |to| OpKind::Binary(to, last.0, left, right));
        self.branch(holds, yes, no);
    }

    /// The operators of a comparison, each with the operand behind it.
    pub(super) fn comparison_steps(&self, node: NodeId) -> Vec<(BinaryOp, NodeId)> {
        let mut steps = Vec::new();
        let mut op = None;
        for child in self.tree.all_children(node) {
            if self.tree.field_of(child) == Some("operators") {
                op = Some(comparison(self.of(child)));
            } else if let Some(known) = op
                && self.tree.kind(child) != "comment"
            {
                steps.push((known, child));
                op = None;
            }
        }
        steps
    }

    pub(super) fn if_statement(&mut self, node: NodeId) {
        let after = self.builder().block();
        self.branch_of(node, after);
        for alternative in self.children(node) {
            match self.tree.kind(alternative) {
                "elif_clause" => self.branch_of(alternative, after),
                "else_clause" => {
                    if let Some(body) = self.field(alternative, "body") {
                        self.statements(body);
                    }
                }
                _ => {}
            }
        }
        self.builder().flow_into(after);
    }

    /// One condition with its body; goes on where the condition does not hold.
    fn branch_of(&mut self, node: NodeId, after: BlockId) {
        let (yes, no) = (self.builder().block(), self.builder().block());
        if let Some(condition) = self.field(node, "condition") {
            self.condition(condition, yes, no);
        }
        self.builder().enter(yes);
        if let Some(body) = self.field(node, "consequence") {
            self.statements(body);
        }
        self.builder().end(End::Jump(after));
        self.builder().enter(no);
    }

    pub(super) fn while_statement(&mut self, node: NodeId) {
        let head = self.builder().block();
        let (body, over) = (self.builder().block(), self.builder().block());
        let after = self.builder().block();
        self.builder().flow_into(head);
        if let Some(condition) = self.field(node, "condition") {
            self.condition(condition, body, over);
        }
        self.builder().enter(body);
        self.in_loop(node, head, after);
        self.builder().end(End::Jump(head));
        self.loop_else(node, over, after);
    }

    pub(super) fn for_statement(&mut self, node: NodeId) {
        let Some((left, right)) = self.field(node, "left").zip(self.field(node, "right")) else {
            return;
        };
        let over_all = self.expression(right);
        let head = self.builder().block();
        let (body, over) = (self.builder().block(), self.builder().block());
        let after = self.builder().block();
        self.builder().flow_into(head);
        let more = self.value(right, |to| OpKind::HasNext(to, over_all));
        self.branch(more, body, over);
        self.builder().enter(body);
        let element = self.value(left, |to| OpKind::Element(to, over_all));
        self.assign(left, element);
        self.in_loop(node, head, after);
        self.builder().end(End::Jump(head));
        self.loop_else(node, over, after);
    }

    fn in_loop(&mut self, node: NodeId, again: BlockId, after: BlockId) {
        let scope = self.scope();
        let finals = scope.finals.len();
        scope.loops.push(Loop {
            again,
            after,
            finals,
        });
        if let Some(body) = self.field(node, "body") {
            self.statements(body);
        }
        self.scope().loops.pop();
    }

    /// What a loop does when nothing broke out of it.
    fn loop_else(&mut self, node: NodeId, over: BlockId, after: BlockId) {
        self.builder().enter(over);
        if let Some(alternative) = self.field(node, "alternative")
            && let Some(body) = self.field(alternative, "body")
        {
            self.statements(body);
        }
        self.builder().flow_into(after);
    }

    pub(super) fn leave_loop(&mut self, to: impl Fn(&Loop) -> BlockId) {
        let Some(innermost) = self.scope().loops.last().copied() else {
            return;
        };
        self.run_finals(innermost.finals);
        self.builder().end(End::Jump(to(&innermost)));
    }

    /// Writes out every `finally` above the first `keep`, innermost first. Each runs as if it stood
    /// outside of its own `try`.
    pub(super) fn run_finals(&mut self, keep: usize) {
        if !self.builder().is_open() {
            return;
        }
        let handler = self.builder().handler();
        let mut set_aside = Vec::new();
        while self.scope().finals.len() > keep {
            let Some(last) = self.scope().finals.pop() else {
                break;
            };
            set_aside.push(last);
            self.builder().set_handler(last.handler);
            let block = self.builder().block();
            self.builder().flow_into(block);
            // Loops of the text around do not count inside: only its own may be left.
            let _ = self.deeper(|python| python.statements(last.body));
        }
        set_aside.reverse();
        self.scope().finals.extend(set_aside);
        self.builder().set_handler(handler);
    }

    pub(super) fn with_statement(&mut self, node: NodeId) {
        for clause in self.children(node) {
            if self.tree.kind(clause) != "with_clause" {
                continue;
            }
            for item in self.with_items(clause) {
                let Some(value) = self.field(item, "value") else {
                    continue;
                };
                let alias = self.field(value, "alias");
                let context = match alias {
                    Some(_) => self.tree.children(value).next().unwrap_or(value),
                    None => value,
                };
                let context = self.expression(context);
                let entered = self.value(item, |to| OpKind::Enter(to, context));
                if let Some(target) = alias {
                    self.assign(target, entered);
                }
            }
        }
        if let Some(body) = self.field(node, "body") {
            self.statements(body);
        }
    }

    fn with_items(&self, clause: NodeId) -> Vec<NodeId> {
        self.tree
            .subtree(clause)
            .filter(|it| self.tree.kind(*it) == "with_item" && self.tree.parent(*it) == clause)
            .collect()
    }

    pub(super) fn try_statement(&mut self, node: NodeId) {
        let clauses = self.children(node);
        let of_kind = |kind: &str| {
            let found = clauses.iter().find(|it| self.tree.kind(**it) == kind);
            found.copied()
        };
        let finally = of_kind("finally_clause").and_then(|it| {
            self.tree
                .children(it)
                .find(|it| self.tree.kind(*it) == "block")
        });
        let otherwise = of_kind("else_clause").and_then(|it| self.field(it, "body"));
        let excepts: Vec<NodeId> = clauses
            .iter()
            .copied()
            .filter(|it| self.tree.kind(*it) == "except_clause")
            .collect();

        let outer = self.builder().handler();
        let after = self.builder().block();
        // Exceptions that no clause takes: `finally`, then on to the outside.
        let uncaught = finally.map(|_| self.builder().block());
        if let Some(body) = finally {
            self.scope().finals.push(Final {
                body,
                handler: outer,
            });
        }
        let beyond = uncaught.or(outer);
        self.builder().set_handler(beyond);
        let caught = (!excepts.is_empty()).then(|| self.builder().block());
        self.builder().set_handler(caught.or(beyond));
        let body = self.builder().block();
        self.builder().flow_into(body);
        if let Some(body) = self.field(node, "body") {
            self.statements(body);
        }
        self.builder().set_handler(beyond);
        let block = self.builder().block();
        self.builder().flow_into(block);
        if let Some(body) = otherwise {
            self.statements(body);
        }
        self.end_try(finally, after);
        if let Some(caught) = caught {
            self.builder().enter(caught);
            for clause in excepts {
                self.except_clause(clause, finally, after);
            }
            // No clause took it.
            self.builder().end(End::Throw(None));
        }
        if finally.is_some() {
            self.scope().finals.pop();
        }
        self.builder().set_handler(outer);
        if let Some((uncaught, body)) = uncaught.zip(finally) {
            self.builder().enter(uncaught);
            let _ = self.deeper(|python| python.statements(body));
            self.builder().end(End::Throw(None));
        }
        self.builder().enter(after);
    }

    /// The normal way out of a `try` or of one of its clauses.
    fn end_try(&mut self, finally: Option<NodeId>, after: BlockId) {
        if finally.is_some() {
            let keep = self.scope().finals.len() - 1;
            self.run_finals(keep);
        }
        self.builder().end(End::Jump(after));
    }

    /// One clause; goes on where it does not take the exception.
    fn except_clause(&mut self, clause: NodeId, finally: Option<NodeId>, after: BlockId) {
        let mut types = Vec::new();
        let mut alias = self.field(clause, "alias");
        let mut takes_all = true;
        for part in self.children(clause) {
            let kind = self.tree.kind(part);
            if kind == "block" || Some(part) == alias {
                continue;
            }
            let mut named = part;
            if kind == "as_pattern" {
                alias = self.field(part, "alias");
                named = self.tree.children(part).next().unwrap_or(part);
            }
            takes_all = matches!(self.of(named), "Exception" | "BaseException");
            types.push(self.expression(named));
        }
        let (taken, next) = (self.builder().block(), self.builder().block());
        if takes_all {
            self.builder().end(End::Jump(taken));
        } else {
            let unknown = self.opaque(clause, Vec::new());
            self.branch(unknown, taken, next);
        }
        self.builder().enter(taken);
        let exception = self.value(clause, |to| OpKind::Caught(to, types));
        if let Some(alias) = alias {
            self.assign(alias, exception);
        }
        let body = self
            .tree
            .children(clause)
            .find(|part| self.tree.kind(*part) == "block");
        if let Some(body) = body {
            self.statements(body);
        }
        self.end_try(finally, after);
        self.builder().enter(next);
    }
}

fn comparison(operator: &str) -> BinaryOp {
    match operator {
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        "!=" | "<>" => BinaryOp::NotEqual,
        "in" => BinaryOp::In,
        "is" => BinaryOp::Is,
        "==" => BinaryOp::Equal,
        // Written over several blanks or lines.
        other if other.starts_with("not") => BinaryOp::NotIn,
        _ => BinaryOp::IsNot,
    }
}
