//! Methods, constructors and lambdas: what is called, and with which parameters.

use super::{
    Java,
    class::{self, CONSTRUCTOR},
};
use crate::engine::builtin::{
    ir::{Callee, End, FunctionKind, Name, OpKind, Param, ParamKind, Var},
    syntax::tree::NodeId,
};

impl<'a> Java<'a> {
    /// A member of a class.
    pub(super) fn member(&mut self, node: NodeId) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|java| java.member_here(node));
    }

    fn member_here(&mut self, node: NodeId) {
        let is_class = self.scope().class.is_some();
        match self.kind(node) {
            "field_declaration" | "constant_declaration" if is_class => self.static_fields(node),
            "field_declaration" | "constant_declaration" => self.local_variables(node),
            "enum_constant" => self.enum_constant(node),
            "method_declaration" | "annotation_type_element_declaration" => self.method(node),
            "constructor_declaration" if is_class => self.constructor(node),
            "compact_constructor_declaration" if is_class => {
                let record = self.tree.parent(self.tree.parent(node));
                let body = self.field(node, "body");
                self.canonical(record, node, body);
            }
            "static_initializer" => {
                if let Some(block) = self.child_of_kind(node, "block") {
                    self.braces(block);
                }
            }
            // It stands in the function that gives instances their first values.
            "block" if is_class => {}
            kind if class::is_type(kind) => self.type_declaration(node),
            _ => self.statement(node),
        }
    }

    fn static_fields(&mut self, node: NodeId) {
        if !self.is_static(node) {
            return;
        }
        for declarator in self.fields(node, "declarator") {
            let Some((name, value)) = self
                .field(declarator, "name")
                .zip(self.field(declarator, "value"))
            else {
                continue;
            };
            let value = self.expression(value);
            self.store_member(declarator, self.of(name), value);
        }
    }

    fn store_member(&mut self, node: NodeId, name: &str, value: Var) {
        let class = self.class_here();
        if let Some(field) = class.and_then(|class| class.fields.get(name).copied()) {
            self.push(node, OpKind::Copy(field.var, value));
        }
    }

    /// A constant is an instance of its enum, or of a class derived from it in place.
    fn enum_constant(&mut self, node: NodeId) {
        let Some(name) = self.field(node, "name") else {
            return;
        };
        let last = self.scopes.len() - 1;
        let enumeration = self.class_name(last);
        let args = self.arguments(node);
        let body = self.field(node, "body");
        let base = body.map(|_| self.class_value(node, last));
        let value = self.instance_of(node, enumeration, args, Vec::new(), body.zip(base));
        self.store_member(node, self.of(name), value);
    }

    fn method(&mut self, node: NodeId) {
        let name = self.field(node, "name").map_or("", |it| self.of(it));
        let in_class = self.scope().class.is_some();
        let is_static = in_class && self.is_static(node);
        if in_class && !is_static {
            self.open_with_this(name, node);
        } else {
            let qualified = self.qualified(name);
            let span = self.span(node);
            self.open(qualified, FunctionKind::Function, span);
        }
        if is_static {
            self.builder().set_static();
        }
        let annotations = self.annotations(node);
        let returns = self.declared(self.field(node, "type"), node);
        let builder = self.builder();
        builder.annotate(annotations);
        builder.returns(returns);
        let (body, default) = (self.field(node, "body"), self.field(node, "value"));
        self.framed(|java| {
            java.parameters(java.field(node, "parameters"));
            match (body, default) {
                (Some(body), _) => java.braces(body),
                // The element of an annotation type.
                (None, Some(value)) => {
                    let value = java.expression(value);
                    java.give(Some(value));
                }
                (None, None) => {
                    java.builder().set_abstract();
                    let params = java.builder().param_vars();
                    let value = java.opaque(node, params);
                    java.give(Some(value));
                }
            }
        });
        let function = self.close();
        if in_class {
            self.add_method(name, node, function);
        } else {
            let closure = self.value(node, |to| OpKind::Closure(to, function));
            self.push(node, OpKind::StoreGlobal(name.into(), closure));
        }
    }

    /// Ends the function with a value.
    pub(super) fn give(&mut self, value: Option<Var>) {
        self.builder().end(End::Return(value));
    }

    fn constructor(&mut self, node: NodeId) {
        let annotations = self.annotations(node);
        self.open_with_this(CONSTRUCTOR, node);
        self.builder().annotate(annotations);
        self.framed(|java| {
            java.parameters(java.field(node, "parameters"));
            let Some(body) = java.field(node, "body") else {
                return;
            };
            let statements = java.children(body);
            let is_call = |it: &NodeId| java.kind(*it) == "explicit_constructor_invocation";
            if !statements.first().is_some_and(is_call) {
                java.implied_beginning(node);
            }
            java.framed(|java| {
                for statement in statements {
                    java.statement(statement);
                }
            });
        });
        let function = self.close();
        self.add_method(CONSTRUCTOR, node, function);
    }

    /// `this(…)` and `super(…)`; after the latter the instance gets its first values.
    pub(super) fn constructor_call(&mut self, node: NodeId) {
        let this = self.this(node);
        let which = self.field(node, "constructor");
        let is_super = which.is_some_and(|it| self.kind(it) == "super");
        let args = self.arguments(node);
        let callee = match is_super {
            true => Callee::Super(this, CONSTRUCTOR.into()),
            false => Callee::Method(this, CONSTRUCTOR.into()),
        };
        self.call_of(node, callee, args);
        if is_super {
            let beginning = self.class_around().and_then(super::Class::beginning);
            self.begin(node, beginning, this);
        }
    }

    /// The name and the type of a parameter; `None` for `Type this`.
    pub(super) fn parameter(&self, node: NodeId) -> Option<(&'a str, Option<Name>)> {
        match self.kind(node) {
            "formal_parameter" => {
                let declared = self.declared(self.field(node, "type"), node);
                let name = self.field(node, "name")?;
                Some((self.of(name), declared))
            }
            "spread_parameter" => {
                let declarator = self.child_of_kind(node, "variable_declarator")?;
                let mut written = self.children(node).into_iter();
                let written = written
                    .find(|it| !matches!(self.kind(*it), "modifiers" | "variable_declarator"));
                let declared = self.type_of(written?).map(|it| format!("{it}[]").into());
                Some((self.of(self.field(declarator, "name")?), declared))
            }
            "identifier" => Some((self.of(node), None)),
            _ => None,
        }
    }

    /// Gives the function just opened its parameters.
    pub(super) fn parameters(&mut self, parameters: Option<NodeId>) {
        for node in parameters.map_or_else(Vec::new, |it| self.children(it)) {
            self.add_parameter(node);
        }
    }

    fn add_parameter(&mut self, node: NodeId) {
        let Some((name, declared)) = self.parameter(node) else {
            return;
        };
        let kind = match self.kind(node) {
            "spread_parameter" => ParamKind::Rest,
            _ => ParamKind::Plain,
        };
        let annotations = self.annotations(node);
        let var = self.declare(name, declared.clone());
        self.builder().add_param(Param {
            var,
            kind,
            default: None,
            declared,
            annotations,
        });
    }

    pub(super) fn lambda(&mut self, node: NodeId) -> Var {
        let name = self.qualified("<lambda>");
        let span = self.span(node);
        self.open(name, FunctionKind::Lambda, span);
        self.framed(|java| {
            match java.field(node, "parameters") {
                Some(only) if java.kind(only) == "identifier" => java.add_parameter(only),
                several => java.parameters(several),
            }
            let Some(body) = java.field(node, "body") else {
                return;
            };
            if java.kind(body) == "block" {
                java.braces(body);
            } else {
                let value = java.expression(body);
                java.give(Some(value));
            }
        });
        let function = self.close();
        self.value(node, |to| OpKind::Closure(to, function))
    }
}
