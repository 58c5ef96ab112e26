//! What records have without saying so.

use super::{Java, class::CONSTRUCTOR};
use crate::engine::builtin::{ir::OpKind, syntax::tree::NodeId};

impl Java<'_> {
    /// The components of a record are fields.
    pub(super) fn components(&mut self, node: NodeId) {
        if self.kind(node) != "record_declaration" {
            return;
        }
        let parameters = self.field(node, "parameters");
        for part in parameters.map_or_else(Vec::new, |it| self.children(it)) {
            let Some((name, declared)) = self.parameter(part) else {
                continue;
            };
            self.add_field(name, declared.clone(), false, part);
            if let Some(class) = self.class_here() {
                class.components.push((name, declared));
            }
        }
    }

    /// What a record has without saying so: the constructor and what gives its components.
    pub(super) fn record(&mut self, node: NodeId, members: &[NodeId]) {
        let class = self.class_here();
        let components = class.map_or_else(Vec::new, |class| class.components.clone());
        if !members
            .iter()
            .any(|it| self.is_canonical(*it, components.len()))
        {
            self.canonical(node, node, None);
        }
        for (name, declared) in components {
            let is_written = self
                .class_here()
                .is_some_and(|class| class.methods.contains_key(name));
            if is_written {
                continue;
            }
            self.open_with_this(name, node);
            self.builder().returns(declared);
            let this = self.this(node);
            let value = self.value(node, |to| OpKind::LoadField(to, this, name.into()));
            self.give(Some(value));
            let function = self.close();
            self.add_method(name, node, function);
            if let Some(class) = self.class_here() {
                class.methods.insert(name, false);
            }
        }
    }

    /// Whether a member is the constructor that takes all components.
    fn is_canonical(&self, member: NodeId, components: usize) -> bool {
        let kind = self.kind(member);
        if kind == "compact_constructor_declaration" {
            return true;
        }
        let parameters = self.field(member, "parameters");
        let count = parameters.map_or(0, |it| self.children(it).len());
        let calls_another = self.field(member, "body").is_some_and(|body| {
            let first = self.first_child(body);
            first.is_some_and(|it| self.kind(it) == "explicit_constructor_invocation")
        });
        kind == "constructor_declaration" && count == components && !calls_another
    }

    /// The constructor of a record that takes all components; a compact one changes them before.
    pub(super) fn canonical(&mut self, record: NodeId, node: NodeId, body: Option<NodeId>) {
        let parameters = self.field(record, "parameters");
        let class = self.class_here();
        let components = class.map_or_else(Vec::new, |class| class.components.clone());
        self.open_with_this(CONSTRUCTOR, node);
        self.framed(|java| {
            java.parameters(parameters);
            if let Some(body) = body {
                java.braces(body);
            }
            let this = java.this(node);
            for (name, _) in components {
                let value = java.load(node, name);
                java.push(node, OpKind::StoreField(this, name.into(), value));
            }
        });
        let function = self.close();
        self.add_method(CONSTRUCTOR, node, function);
    }
}
