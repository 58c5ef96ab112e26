//! Statements without branches, and the ways out of a function.

use super::Java;
use crate::engine::builtin::{
    ir::{End, OpKind},
    syntax::tree::NodeId,
};

impl Java<'_> {
    /// The statements of a block.
    pub(super) fn statements(&mut self, block: NodeId) {
        for statement in self.children(block) {
            self.statement(statement);
        }
    }

    /// A block with local names of its own.
    pub(super) fn braces(&mut self, block: NodeId) {
        self.framed(|java| java.statements(block));
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|java| java.statement_here(node));
    }

    fn statement_here(&mut self, node: NodeId) {
        match self.kind(node) {
            "expression_statement" => {
                for child in self.children(node) {
                    if self.kind(child) == "switch_expression" {
                        self.switch_statement(child);
                    } else {
                        self.expression(child);
                    }
                }
            }
            "local_variable_declaration" => self.local_variables(node),
            "block" | "constructor_body" => self.braces(node),
            "if_statement" => self.if_statement(node),
            "while_statement" => self.while_statement(node),
            "do_statement" => self.do_statement(node),
            "for_statement" => self.for_statement(node),
            "enhanced_for_statement" => self.for_each_statement(node),
            "switch_expression" => self.switch_statement(node),
            "labeled_statement" => self.labeled_statement(node),
            "break_statement" => self.leave(node, false),
            "continue_statement" => self.leave(node, true),
            "yield_statement" => self.yield_statement(node),
            "return_statement" => {
                let value = self.first_child(node).map(|value| {
                    let given = self.expression(value);
                    match self.kind(value) {
                        // What `finally` does to the variable comes too late.
                        "identifier" => self.value(node, |to| OpKind::Copy(to, given)),
                        _ => given,
                    }
                });
                self.run_finals(0);
                self.give(value);
            }
            "throw_statement" => {
                let value = self.first_child(node).map(|value| self.expression(value));
                self.builder().end(End::Throw(value));
            }
            "try_statement" | "try_with_resources_statement" => self.try_statement(node),
            "synchronized_statement" => {
                if let Some(lock) = self.child_of_kind(node, "parenthesized_expression") {
                    self.expression(lock);
                }
                if let Some(body) = self.field(node, "body") {
                    self.braces(body);
                }
            }
            "assert_statement" => self.assert_statement(node),
            "explicit_constructor_invocation" => self.constructor_call(node),
            "package_declaration" => self.package(node),
            "import_declaration" => self.import(node),
            "module_declaration" | ";" => {}
            "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration"
            | "method_declaration"
            | "constructor_declaration"
            | "field_declaration"
            | "constant_declaration"
            | "static_initializer" => self.stray_member(node),
            // Also what a syntax error left alone.
            _ => {
                self.expression(node);
            }
        }
    }

    /// A declaration among statements: a local class, or what a syntax error left alone.
    fn stray_member(&mut self, node: NodeId) {
        let is_in_class = self.scope().class.is_some();
        match self.kind(node) {
            "constructor_declaration" if !is_in_class => {
                if let Some(body) = self.field(node, "body") {
                    self.braces(body);
                }
            }
            _ => self.member(node),
        }
    }

    pub(super) fn local_variables(&mut self, node: NodeId) {
        let written = self.field(node, "type");
        for declarator in self.fields(node, "declarator") {
            let value = self.field(declarator, "value");
            let value = value.map(|value| self.expression(value));
            let Some(name) = self.field(declarator, "name") else {
                continue;
            };
            let name = self.of(name);
            if name == "_" {
                continue;
            }
            let declared = self.declared(written, declarator);
            let var = self.declare(name, declared);
            if let Some(value) = value {
                self.push(declarator, OpKind::Copy(var, value));
            }
        }
    }

    /// `if` assertions are on and the condition does not hold: throws. They are off by default, so
    /// nothing is known to hold behind it.
    fn assert_statement(&mut self, node: NodeId) {
        let parts = self.children(node);
        let Some(condition) = parts.first() else {
            return;
        };
        let (on, fails, after) = (self.block(), self.block(), self.block());
        let is_on = self.opaque(node, Vec::new());
        self.branch(is_on, on, after);
        self.enter(on);
        self.condition(*condition, after, fails);
        self.enter(fails);
        let message = parts.get(1).map(|message| self.expression(*message));
        self.builder().end(End::Throw(message));
        self.enter(after);
    }
}
