//! Statements without branches: imports, definitions, and the ways out of a function.

use super::{Python, names};
use crate::engine::builtin::{
    ir::{Callee, End, FunctionKind, Item, Literal, OpKind, Var},
    syntax::tree::NodeId,
};

impl Python<'_> {
    /// The statements of a block.
    pub(super) fn statements(&mut self, block: NodeId) {
        for statement in self.children(block) {
            self.statement(statement);
        }
    }

    fn statement(&mut self, node: NodeId) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|python| python.statement_here(node));
    }

    fn statement_here(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            "expression_statement" => {
                for child in self.children(node) {
                    self.expression(child);
                }
            }
            "return_statement" => {
                let value = self.tree.children(node).next();
                let value = value.map(|value| {
                    let given = self.expression(value);
                    match self.tree.kind(value) {
                        // What `finally` does to the variable comes too late.
                        "identifier" => self.value(node, |to| OpKind::Copy(to, given)),
                        _ => given,
                    }
                });
                self.run_finals(0);
                self.builder().end(End::Return(value));
            }
            "raise_statement" => {
                let values: Vec<Var> = self
                    .children(node)
                    .into_iter()
                    .map(|value| self.expression(value))
                    .collect();
                self.builder().end(End::Throw(values.first().copied()));
            }
            "break_statement" => self.leave_loop(|it| it.after),
            "continue_statement" => self.leave_loop(|it| it.again),
            "if_statement" => self.if_statement(node),
            "while_statement" => self.while_statement(node),
            "for_statement" => self.for_statement(node),
            "try_statement" => self.try_statement(node),
            "with_statement" => self.with_statement(node),
            "match_statement" => self.match_statement(node),
            "assert_statement" => self.assert_statement(node),
            "function_definition" => {
                let closure = self.function_definition(node);
                self.store_definition(node, closure);
            }
            "class_definition" => {
                let class = self.class_definition(node);
                self.store_definition(node, class);
            }
            "decorated_definition" => self.decorated_definition(node),
            "import_statement" => self.import_statement(node),
            "import_from_statement" => self.import_from_statement(node),
            "delete_statement" => {
                for target in self.children(node) {
                    self.delete(target);
                }
            }
            "print_statement" | "exec_statement" => self.call_of_python_2(node),
            "global_statement"
            | "nonlocal_statement"
            | "pass_statement"
            | "future_import_statement"
            | "type_alias_statement" => {}
            // Also a block that a syntax error left alone.
            _ => {
                self.expression(node);
            }
        }
    }

    /// `if not condition: raise AssertionError(message)`.
    fn assert_statement(&mut self, node: NodeId) {
        let parts = self.children(node);
        let Some(condition) = parts.first() else {
            return;
        };
        let (holds, fails) = (self.builder().block(), self.builder().block());
        self.condition(*condition, holds, fails);
        self.builder().enter(fails);
        let message = parts.get(1).map(|message| self.expression(*message));
        self.builder().end(End::Throw(message));
        self.builder().enter(holds);
    }

    fn delete(&mut self, target: NodeId) {
        match self.tree.kind(target) {
            "subscript" => {
                let (object, key) = self.subscript_parts(target);
                self.push(target, OpKind::DeleteIndex(object, key));
            }
            "identifier" => {
                let none = self.literal(target, Literal::None);
                self.store(target, self.of(target), none);
            }
            "attribute" => {}
            _ => {
                for part in self.children(target) {
                    let _ = self.deeper(|python| python.delete(part));
                }
            }
        }
    }

    /// `print x` and `exec x` are calls.
    fn call_of_python_2(&mut self, node: NodeId) {
        let name = match self.tree.kind(node) {
            "print_statement" => "print",
            _ => "exec",
        };
        let args: Vec<Item> = self
            .children(node)
            .into_iter()
            .map(|argument| Item::One(self.expression(argument)))
            .collect();
        let callee = self.value(node, |to| OpKind::LoadGlobal(to, name.into()));
        self.value(node, |to| OpKind::Call {
            to,
            callee: Callee::Value(callee),
            args,
            named: Vec::new(),
        });
    }

    fn import_statement(&mut self, node: NodeId) {
        for bound in names::imported(self.tree, node) {
            let item = match self.tree.field_of(bound) {
                Some("alias") => self.tree.parent(bound),
                _ => bound,
            };
            let whole = self.field(item, "name").unwrap_or(item);
            let whole = self.of(whole);
            // `import a.b` binds `a`; with an alias the last module.
            let (name, path) = if item == bound {
                let first = whole.split('.').next().unwrap_or(whole);
                (first, first)
            } else {
                (self.of(bound), whole)
            };
            let module = self.value(item, |to| OpKind::Import(to, path.into()));
            self.store(item, name, module);
        }
    }

    fn import_from_statement(&mut self, node: NodeId) {
        let module = self.field(node, "module_name").map_or("", |it| self.of(it));
        let is_all = |it: &NodeId| self.tree.kind(*it) == "wildcard_import";
        if self.tree.children(node).any(|child| is_all(&child)) {
            self.push(node, OpKind::ImportAll(module.into()));
        }
        for bound in names::imported(self.tree, node) {
            let item = match self.tree.field_of(bound) {
                Some("alias") => self.tree.parent(bound),
                _ => bound,
            };
            let whole = self.field(item, "name").unwrap_or(item);
            let dot = if module.ends_with('.') { "" } else { "." };
            let path = format!("{module}{dot}{}", self.of(whole));
            let value = self.value(item, |to| OpKind::Import(to, path.into()));
            self.store(item, self.of(bound), value);
        }
    }

    fn store_definition(&mut self, node: NodeId, value: Var) {
        if let Some(name) = self.field(node, "name") {
            self.store(name, self.of(name), value);
        }
    }

    /// Decorators are computed from the top and applied from the bottom.
    fn decorated_definition(&mut self, node: NodeId) {
        let mut decorators = Vec::new();
        for child in self.children(node) {
            if self.tree.kind(child) == "decorator"
                && let Some(expression) = self.tree.children(child).next()
            {
                decorators.push((child, self.expression(expression)));
            }
        }
        let Some(definition) = self.field(node, "definition") else {
            return;
        };
        let mut value = match self.tree.kind(definition) {
            "class_definition" => self.class_definition(definition),
            _ => self.function_definition(definition),
        };
        for (decorator, function) in decorators.into_iter().rev() {
            value = self.value(decorator, |to| OpKind::Call {
                to,
                callee: Callee::Value(function),
                args: vec![Item::One(value)],
                named: Vec::new(),
            });
        }
        self.store_definition(definition, value);
    }

    fn function_definition(&mut self, node: NodeId) -> Var {
        let name = self.field(node, "name").map_or("", |it| self.of(it));
        let body = self.field(node, "body");
        let is_async = self
            .tree
            .all_children(node)
            .next()
            .is_some_and(|first| self.tree.kind(first) == "async");
        let names = body.map(|body| names::bound_in(self.tree, self.text, body));
        let names = names.unwrap_or_default();
        let kind = match (names.yields, is_async) {
            (true, _) => FunctionKind::Generator,
            (false, true) => FunctionKind::Async,
            (false, false) => FunctionKind::Function,
        };
        let params = self.field(node, "parameters");
        let defaults = self.defaults(params);
        let name = self.qualified(name);
        let span = self.span(node);
        self.open(name, kind, names, span);
        self.params(params, &defaults);
        if let Some(body) = body {
            self.statements(body);
        }
        let function = self.close();
        self.value(node, |to| OpKind::Closure(to, function))
    }

    pub(super) fn lambda(&mut self, node: NodeId) -> Var {
        let params = self.field(node, "parameters");
        let defaults = self.defaults(params);
        let body = self.field(node, "body");
        let names = body.map(|body| names::bound_in(self.tree, self.text, body));
        let name = self.qualified("<lambda>");
        let span = self.span(node);
        self.open(name, FunctionKind::Lambda, names.unwrap_or_default(), span);
        self.params(params, &defaults);
        let value = body.map(|body| self.expression(body));
        self.builder().end(End::Return(value));
        let function = self.close();
        self.value(node, |to| OpKind::Closure(to, function))
    }

    fn class_definition(&mut self, node: NodeId) -> Var {
        let name = self.field(node, "name").map_or("", |it| self.of(it));
        let mut bases = Vec::new();
        if let Some(superclasses) = self.field(node, "superclasses") {
            for base in self.children(superclasses) {
                if self.tree.kind(base) == "keyword_argument" {
                    continue;
                }
                bases.push(self.expression(base));
            }
        }
        let name = self.qualified(name);
        let body = self.field(node, "body");
        let names = body.map(|body| names::bound_in(self.tree, self.text, body));
        let span = self.span(node);
        self.open(
            name,
            FunctionKind::ClassBody,
            names.unwrap_or_default(),
            span,
        );
        if let Some(body) = body {
            self.statements(body);
        }
        let body = self.close();
        self.value(node, |to| OpKind::Class(to, body, bases))
    }
}
