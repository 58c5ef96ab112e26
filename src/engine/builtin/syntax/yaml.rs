//! YAML with positions: maps, lists and scalars as detectors need them.
//!
//! Built from the syntax trees of a file's documents, to a limited depth. Aliases are followed and
//! merge keys looked through, both a bounded number of times. Tags and types are not interpreted:
//! every scalar is text.

use super::tree::{self, ParseFailure, Tree};
use crate::engine::builtin::text::slice;
use std::{collections::HashMap, ops::Range};
use tokio_util::sync::CancellationToken;

/// Deeper values are left out.
const MAX_DEPTH: u32 = 48;
/// Further documents are left out.
const MAX_DOCUMENTS: usize = 2_000;
/// How many aliases are followed in a row.
const MAX_ALIASES: u32 = 8;

/// Index of a value.
pub(crate) type ValueId = usize;

#[derive(Debug)]
enum Value {
    Scalar(String),
    Map(Vec<(Key, ValueId)>),
    List(Vec<ValueId>),
    Alias(String),
    Nothing,
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// A parsed document.
#[derive(Debug, Default)]
pub(crate) struct Yaml {
    values: Vec<(Range<usize>, Value)>,
    anchors: HashMap<String, ValueId>,
    /// The value of each document.
    roots: Vec<ValueId>,
    /// Whether parts could not be read.
    pub(crate) has_error: bool,
}

impl Yaml {
    /// Parses a text.
    pub(crate) fn parse_text(text: &str, cancel: &CancellationToken) -> Result<Self, ParseFailure> {
        let tree = Tree::parse(&tree_sitter_yaml::LANGUAGE.into(), text, cancel)?;
        let mut yaml = Self {
            has_error: tree.has_error,
            ..Self::default()
        };
        for document in tree.of_kind("document").take(MAX_DOCUMENTS) {
            let top = tree
                .children(document)
                .find(|child| matches!(tree.kind(*child), "block_node" | "flow_node"));
            if let Some(top) = top {
                let root = yaml.build(&tree, text, top, MAX_DEPTH);
                yaml.roots.push(root);
            }
        }
        Ok(yaml)
    }

    /// Recursion is bounded by `depth`.
    fn build(&mut self, tree: &Tree, text: &str, node: tree::NodeId, depth: u32) -> ValueId {
        let span = tree.span(node);
        let mut value = Value::Nothing;
        let mut anchor = None;
        if let Some(depth) = depth.checked_sub(1) {
            for child in tree.children(node) {
                match tree.kind(child) {
                    "anchor" => anchor = Some(slice(text, tree.span(child))[1..].to_owned()),
                    "alias" => value = Value::Alias(slice(text, tree.span(child))[1..].to_owned()),
                    "plain_scalar" | "block_scalar" => {
                        value = Value::Scalar(slice(text, tree.span(child)).to_owned());
                    }
                    "single_quote_scalar" | "double_quote_scalar" => {
                        let inner = tree.span(child);
                        let inner =
                            inner.start + 1..inner.end.saturating_sub(1).max(inner.start + 1);
                        value = Value::Scalar(slice(text, inner).to_owned());
                    }
                    "block_mapping" | "flow_mapping" => {
                        value = Value::Map(self.pairs(tree, text, child, depth));
                    }
                    "block_sequence" | "flow_sequence" => {
                        value = Value::List(self.items_of(tree, text, child, depth));
                    }
                    _ => {}
                }
            }
        }
        self.values.push((span, value));
        let id = self.values.len() - 1;
        if let Some(anchor) = anchor {
            if self.roots.is_empty() {
                self.anchors.insert(anchor, id);
            } else {
                // Names hold per document; what an earlier one says of its own must stay.
                self.anchors.entry(anchor).or_insert(id);
            }
        }
        id
    }

    fn pairs(
        &mut self,
        tree: &Tree,
        text: &str,
        map: tree::NodeId,
        depth: u32,
    ) -> Vec<(Key, ValueId)> {
        let mut pairs = Vec::new();
        for pair in tree.children(map) {
            let Some(key) = tree.field(pair, "key") else {
                continue;
            };
            let span = tree.span(key);
            let key = Key {
                text: slice(text, span.clone())
                    .trim_matches(['"', '\''])
                    .to_owned(),
                span,
            };
            let value = match tree.field(pair, "value") {
                Some(value) => self.build(tree, text, value, depth),
                None => {
                    self.values.push((key.span.clone(), Value::Nothing));
                    self.values.len() - 1
                }
            };
            pairs.push((key, value));
        }
        pairs
    }

    fn items_of(
        &mut self,
        tree: &Tree,
        text: &str,
        list: tree::NodeId,
        depth: u32,
    ) -> Vec<ValueId> {
        let mut items = Vec::new();
        for item in tree.children(list) {
            let value = match tree.kind(item) {
                "block_sequence_item" => tree.children(item).next(),
                "flow_node" | "flow_pair" => Some(item),
                _ => None,
            };
            if let Some(value) = value {
                items.push(self.build(tree, text, value, depth));
            }
        }
        items
    }

    /// The first document's value.
    pub(crate) fn root(&self) -> Option<ValueId> {
        self.roots.first().copied()
    }

    /// The value of each document.
    pub(crate) fn roots(&self) -> &[ValueId] {
        &self.roots
    }

    fn resolve(&self, id: ValueId) -> &(Range<usize>, Value) {
        let mut value = &self.values[id];
        for _ in 0..MAX_ALIASES {
            let Value::Alias(name) = &value.1 else { break };
            let Some(target) = self.anchors.get(name) else {
                break;
            };
            value = &self.values[*target];
        }
        value
    }

    /// Where a value stands (an alias stands where it is used).
    pub(crate) fn span(&self, id: ValueId) -> Range<usize> {
        self.values[id].0.clone()
    }

    /// The entries of a map with those it merges in (`<<`); empty for anything else.
    pub(crate) fn entries(&self, id: ValueId) -> Vec<(&Key, ValueId)> {
        let mut entries = Vec::new();
        let mut todo = vec![id];
        for _ in 0..MAX_ALIASES {
            let Some(id) = todo.pop() else { break };
            match &self.resolve(id).1 {
                Value::Map(pairs) => {
                    for (key, value) in pairs {
                        if key.text == "<<" {
                            todo.push(*value);
                        } else if !entries
                            .iter()
                            .any(|(known, _): &(&Key, ValueId)| known.text == key.text)
                        {
                            entries.push((key, *value));
                        }
                    }
                }
                Value::List(items) => todo.extend(items.iter().take(8)),
                Value::Scalar(_) | Value::Alias(_) | Value::Nothing => {}
            }
        }
        entries
    }

    /// The value under `key`.
    pub(crate) fn get(&self, id: ValueId, key: &str) -> Option<ValueId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// Key and value of `key`.
    pub(crate) fn entry(&self, id: ValueId, key: &str) -> Option<(&Key, ValueId)> {
        self.entries(id)
            .into_iter()
            .find(|(candidate, _)| candidate.text == key)
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, id: ValueId, path: &[&str]) -> Option<ValueId> {
        path.iter().try_fold(id, |at, key| self.get(at, key))
    }

    /// The items of a list; empty for anything else.
    pub(crate) fn items(&self, id: ValueId) -> &[ValueId] {
        match &self.resolve(id).1 {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self, id: ValueId) -> Option<&str> {
        match &self.resolve(id).1 {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as a list of one, a list as its scalars, a map as its keys.
    pub(crate) fn names(&self, id: ValueId) -> Vec<&str> {
        match &self.resolve(id).1 {
            Value::Scalar(text) => vec![text],
            Value::List(items) => items.iter().filter_map(|item| self.scalar(*item)).collect(),
            Value::Map(_) => self
                .entries(id)
                .into_iter()
                .map(|(key, _)| key.text.as_str())
                .collect(),
            Value::Alias(_) | Value::Nothing => Vec::new(),
        }
    }
}
