//! Types as written, modifiers, and annotations.

use super::{Java, is_comment, literals};
use crate::engine::builtin::{
    ir::{Annotation, Name, OpKind, Var},
    syntax::tree::NodeId,
};

impl Java<'_> {
    /// A type or a dotted name as written, without arguments, annotations and blanks.
    pub(super) fn plain(&self, node: NodeId) -> String {
        let mut text = String::new();
        let subtree = self.tree.subtree(node);
        let mut at = subtree.start;
        while at < subtree.end {
            let after = self.tree.subtree(at).end;
            let kind = self.kind(at);
            let left_out = matches!(kind, "type_arguments" | "annotation" | "marker_annotation")
                || is_comment(kind);
            if left_out {
                at = after;
                continue;
            }
            if after == at + 1 {
                text.push_str(self.of(at));
            }
            at += 1;
        }
        text
    }

    /// The type of a declaration: `None` where it is left to the compiler.
    pub(super) fn type_of(&self, node: NodeId) -> Option<Name> {
        let text = self.plain(node);
        (text != "var" && !text.is_empty()).then(|| text.into())
    }

    /// The type of what `holder` declares: its `dimensions` belong to the type.
    pub(super) fn declared(&self, written: Option<NodeId>, holder: NodeId) -> Option<Name> {
        let declared = self.type_of(written?)?;
        Some(match self.field(holder, "dimensions") {
            Some(dimensions) => format!("{declared}{}", self.plain(dimensions)).into(),
            None => declared,
        })
    }

    /// The value of a type.
    pub(super) fn load_type(&mut self, node: NodeId) -> Var {
        let text = self.plain(node);
        let (first, rest) = match text.split_once('.') {
            // An array is no class that could be found.
            Some(parts) if !text.ends_with(']') => parts,
            _ => (text.as_str(), ""),
        };
        let mut value = self.class_named(node, first);
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            value = self.value(node, |to| OpKind::LoadField(to, value, part.into()));
        }
        value
    }

    /// The class with a simple name.
    pub(super) fn class_named(&mut self, node: NodeId, name: &str) -> Var {
        match self.visible(node, name) {
            Some(target) => self.read(node, &target),
            None => self.value(node, |to| OpKind::LoadGlobal(to, name.into())),
        }
    }

    pub(super) fn modifiers(&self, node: NodeId) -> Option<NodeId> {
        self.child_of_kind(node, "modifiers")
    }

    pub(super) fn has_modifier(&self, node: NodeId, word: &str) -> bool {
        self.modifiers(node)
            .is_some_and(|modifiers| self.has_token(modifiers, word))
    }

    /// What is noted at a declaration.
    pub(super) fn annotations(&self, node: NodeId) -> Vec<Annotation> {
        let Some(modifiers) = self.modifiers(node) else {
            return Vec::new();
        };
        self.tree
            .children(modifiers)
            .filter(|it| matches!(self.kind(*it), "annotation" | "marker_annotation"))
            .map(|it| self.annotation(it))
            .collect()
    }

    fn annotation(&self, node: NodeId) -> Annotation {
        let name = self.field(node, "name").map(|it| self.plain(it));
        let mut args = Vec::new();
        if let Some(list) = self.field(node, "arguments") {
            for part in self.children(list) {
                match self.field(part, "key").zip(self.field(part, "value")) {
                    Some((key, value)) if self.kind(part) == "element_value_pair" => {
                        self.annotation_values(&self.name_of(key), value, &mut args);
                    }
                    _ => self.annotation_values(&"value".into(), part, &mut args),
                }
            }
        }
        Annotation {
            name: name.unwrap_or_default().into(),
            args,
        }
    }

    fn annotation_values(&self, key: &Name, node: NodeId, args: &mut Vec<(Name, Name)>) {
        if self.kind(node) == "element_value_array_initializer" {
            for part in self.children(node) {
                args.push((key.clone(), self.annotation_value(part)));
            }
        } else {
            args.push((key.clone(), self.annotation_value(node)));
        }
    }

    /// A sum of fixed texts as the text it stands for, everything else as written.
    fn annotation_value(&self, node: NodeId) -> Name {
        let mut text = String::new();
        let subtree = self.tree.subtree(node);
        let mut at = subtree.start;
        while at < subtree.end {
            match self.kind(at) {
                "string_literal" | "character_literal" => {
                    text.push_str(&literals::text(self.of(at)));
                    at = self.tree.subtree(at).end;
                    continue;
                }
                "binary_expression" | "parenthesized_expression" | "+" | "(" | ")" => {}
                kind if is_comment(kind) => {}
                _ => return self.name_of(node),
            }
            at += 1;
        }
        text.into()
    }
}
