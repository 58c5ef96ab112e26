//! Patterns of types and records: tests that go on where they hold.

use super::Java;
use crate::engine::builtin::{
    ir::{BlockId, OpKind, Shape, Var},
    syntax::tree::NodeId,
};
use std::collections::HashMap;

impl<'a> Java<'a> {
    /// Goes on where `value` fits the pattern, and to `fail` where not.
    pub(super) fn pattern(&mut self, node: NodeId, value: Var, fail: BlockId) {
        // What lies too deep is left out; the gap says so.
        let _ = self.deeper(|java| java.pattern_here(node, value, fail));
    }

    fn pattern_here(&mut self, node: NodeId, value: Var, fail: BlockId) {
        let parts = self.children(node);
        match (self.kind(node), parts.as_slice()) {
            ("pattern", [inner]) => self.pattern(*inner, value, fail),
            ("type_pattern", [class, name]) => {
                self.typed_pattern(node, Some(*class), Some(*name), value, fail);
            }
            ("record_pattern_component", [class, name]) => {
                // A component of a simple type always has it.
                let class = Some(*class).filter(|it| !self.is_primitive(*it));
                self.typed_pattern(node, class, Some(*name), value, fail);
            }
            ("record_pattern_component" | "underscore_pattern", _) => {}
            ("record_pattern", [class, body]) => self.record_pattern(*class, *body, value, fail),
            _ => {
                let unknown = self.opaque(node, vec![value]);
                self.test(unknown, fail);
            }
        }
    }

    fn is_primitive(&self, class: NodeId) -> bool {
        matches!(
            self.kind(class),
            "integral_type" | "floating_point_type" | "boolean_type"
        )
    }

    /// `Type name`; `var` fits everything, and `_` is no name.
    pub(super) fn typed_pattern(
        &mut self,
        node: NodeId,
        class: Option<NodeId>,
        name: Option<NodeId>,
        value: Var,
        fail: BlockId,
    ) {
        let declared = class.and_then(|it| self.type_of(it));
        if let Some(class) = class.filter(|_| declared.is_some()) {
            let class = self.load_type(class);
            self.test_shape(node, value, class, fail);
        }
        if let Some(name) = name.map(|it| self.of(it)).filter(|name| *name != "_") {
            let var = self.declare(name, declared);
            self.push(node, OpKind::Copy(var, value));
        }
    }

    fn test_shape(&mut self, node: NodeId, value: Var, class: Var, fail: BlockId) {
        let shape = Shape::Instance(class);
        let holds = self.value(node, |to| OpKind::Matches(to, value, shape));
        self.test(holds, fail);
    }

    fn record_pattern(&mut self, class: NodeId, body: NodeId, value: Var, fail: BlockId) {
        let name = self.plain(class);
        let class_value = self.load_type(class);
        self.test_shape(class, value, class_value, fail);
        let components = self.components_of(&name);
        for (place, part) in self.children(body).into_iter().enumerate() {
            let member = match components.get(place) {
                Some(name) => {
                    let name = *name;
                    self.value(part, |to| OpKind::LoadField(to, value, name.into()))
                }
                // Which member a place means, a file that is not seen decides.
                None => self.opaque(part, vec![value]),
            };
            self.pattern(part, member, fail);
        }
    }

    /// What a record of the file is made of; nothing for others.
    fn components_of(&mut self, name: &str) -> Vec<&'a str> {
        let records = match self.records.take() {
            Some(records) => records,
            None => self.find_records(),
        };
        let last = name.rsplit('.').next().unwrap_or(name);
        let found = records.get(last).cloned().unwrap_or_default();
        self.records = Some(records);
        found
    }

    fn find_records(&self) -> HashMap<&'a str, Vec<&'a str>> {
        let records = self.tree.of_kind("record_declaration");
        let named = records.filter_map(|record| {
            let name = self.field(record, "name")?;
            let parameters = self.field(record, "parameters")?;
            let components = self.children(parameters).into_iter();
            let components = components.filter_map(|it| Some(self.parameter(it)?.0));
            Some((self.of(name), components.collect()))
        });
        named.collect()
    }
}
