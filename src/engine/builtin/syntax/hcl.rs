//! Terraform files: blocks with labels and attributes, and what expressions come to.
//!
//! Variables and locals count with the value the same file gives them. Functions are not called
//! (but `jsonencode` is looked through); references to other resources, files and modules are
//! [`Value::Open`], never a guess.

use super::tree::{NodeId, ParseFailure, Tree};
use crate::engine::builtin::text::{SourceText, slice};
use std::{collections::HashMap, ops::Range};
use tokio_util::sync::CancellationToken;

/// How deep expressions are followed.
const MAX_DEPTH: u32 = 24;
/// At most so many items of one collection are looked at.
const MAX_ITEMS: usize = 2_000;

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Bool(bool),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// Not told by this file.
    Open,
}

impl Value {
    /// The text of a string or a number.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is the truth value `wanted`, also written as a string.
    pub(crate) fn is(&self, wanted: bool) -> bool {
        match self {
            Self::Bool(value) => *value == wanted,
            Self::Text(text) => text == if wanted { "true" } else { "false" },
            _ => false,
        }
    }

    /// A list's texts; a text as a list of one.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// The value under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// A list's items; anything else as a list of one.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            other => std::slice::from_ref(other),
        }
    }

    fn of_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Number(number) => Self::Text(number.to_string()),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(Self::of_json).collect())
            }
            serde_json::Value::Object(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::of_json(value)))
                    .collect(),
            ),
            serde_json::Value::Null => Self::Open,
        }
    }
}

/// A block: `kind "label" "label" { … }`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block(NodeId);

/// A parsed file.
pub(crate) struct Hcl<'a> {
    source: &'a SourceText,
    tree: Tree,
    /// Defaults of variables (`var.x`) and locals (`local.x`).
    named: HashMap<String, NodeId>,
    /// Whether parts could not be read.
    pub(crate) has_error: bool,
}

impl<'a> Hcl<'a> {
    /// Parses a file.
    pub(crate) fn parse(
        source: &'a SourceText,
        cancel: &CancellationToken,
    ) -> Result<Self, ParseFailure> {
        let tree = Tree::parse(&tree_sitter_hcl::LANGUAGE.into(), &source.text, cancel)?;
        let mut file = Self {
            source,
            has_error: tree.has_error,
            tree,
            named: HashMap::new(),
        };
        let mut named = HashMap::new();
        for block in file.top() {
            match file.kind(block) {
                "variable" => {
                    if let (Some(name), Some((_, value))) =
                        (file.label(block, 0), file.attribute(block, "default"))
                    {
                        named.insert(format!("var.{name}"), value);
                    }
                }
                "locals" => {
                    for (name, _, value) in file.attributes(block) {
                        named.insert(format!("local.{name}"), value);
                    }
                }
                _ => {}
            }
        }
        file.named = named;
        Ok(file)
    }

    fn text(&self, node: NodeId) -> &'a str {
        let source: &'a SourceText = self.source;
        slice(&source.text, self.tree.span(node))
    }

    /// The blocks at the top of the file.
    pub(crate) fn top(&self) -> Vec<Block> {
        let body = self
            .tree
            .children(self.tree.root())
            .find(|node| self.tree.kind(*node) == "body");
        body.map(|body| self.blocks_in(body)).unwrap_or_default()
    }

    fn blocks_in(&self, body: NodeId) -> Vec<Block> {
        let blocks = self
            .tree
            .children(body)
            .filter(|node| self.tree.kind(*node) == "block");
        blocks.map(Block).collect()
    }

    /// The resources of one of `types`.
    pub(crate) fn resources(&self, types: &[&str]) -> Vec<Block> {
        let mut blocks = self.top();
        blocks.retain(|block| {
            self.kind(*block) == "resource"
                && self
                    .label(*block, 0)
                    .is_some_and(|label| types.contains(&label))
        });
        blocks
    }

    /// The word a block begins with.
    pub(crate) fn kind(&self, block: Block) -> &'a str {
        let first = self.tree.children(block.0).next();
        first.map_or("", |first| self.text(first))
    }

    /// A label of a block.
    pub(crate) fn label(&self, block: Block, index: usize) -> Option<&'a str> {
        let label = self
            .tree
            .children(block.0)
            .skip(1)
            .filter(|node| matches!(self.tree.kind(*node), "string_lit" | "identifier"))
            .nth(index)?;
        Some(self.text(label).trim_matches('"'))
    }

    /// `type.name` of a resource, the label or the kind of anything else.
    pub(crate) fn address(&self, block: Block) -> String {
        let labels: Vec<&str> = (0..2)
            .filter_map(|index| self.label(block, index))
            .collect();
        match (self.kind(block), labels.is_empty()) {
            ("resource", false) => labels.join("."),
            (kind, true) => kind.to_owned(),
            (kind, false) => format!("{kind}.{}", labels.join(".")),
        }
    }

    /// Where a block's head stands, up to its brace.
    pub(crate) fn head(&self, block: Block) -> Range<usize> {
        let span = self.tree.span(block.0);
        let brace = self
            .tree
            .children(block.0)
            .find(|node| self.tree.kind(*node) == "block_start");
        span.start..brace.map_or(span.end, |brace| self.tree.span(brace).end)
    }

    fn body(&self, block: Block) -> Option<NodeId> {
        self.tree
            .children(block.0)
            .find(|node| self.tree.kind(*node) == "body")
    }

    /// The blocks called `name` in a block, also those that `dynamic` makes.
    pub(crate) fn nested(&self, block: Block, name: &str) -> Vec<Block> {
        let mut found = Vec::new();
        for inner in self
            .body(block)
            .map(|body| self.blocks_in(body))
            .unwrap_or_default()
        {
            if self.kind(inner) == name {
                found.push(inner);
            } else if self.kind(inner) == "dynamic" && self.label(inner, 0) == Some(name) {
                let content = self
                    .body(inner)
                    .map(|body| self.blocks_in(body))
                    .unwrap_or_default();
                found.extend(
                    content
                        .into_iter()
                        .filter(|block| self.kind(*block) == "content"),
                );
            }
        }
        found
    }

    /// Name, place and value of each attribute.
    pub(crate) fn attributes(&self, block: Block) -> Vec<(&'a str, Range<usize>, NodeId)> {
        let Some(body) = self.body(block) else {
            return Vec::new();
        };
        let attributes = self
            .tree
            .children(body)
            .filter(|node| self.tree.kind(*node) == "attribute");
        attributes
            .filter_map(|node| {
                let mut parts = self.tree.children(node);
                let (name, value) = (parts.next()?, parts.next()?);
                Some((self.text(name), self.tree.span(node), value))
            })
            .collect()
    }

    /// Place and expression of an attribute.
    fn attribute(&self, block: Block, name: &str) -> Option<(Range<usize>, NodeId)> {
        let found = self
            .attributes(block)
            .into_iter()
            .find(|(key, ..)| *key == name);
        found.map(|(_, span, value)| (span, value))
    }

    /// Place and value of an attribute.
    pub(crate) fn setting(&self, block: Block, name: &str) -> Option<(Range<usize>, Value)> {
        let (span, value) = self.attribute(block, name)?;
        Some((span, self.value(value)))
    }

    /// The text of a string that is written right here.
    pub(crate) fn literal(&self, node: NodeId) -> Option<&'a str> {
        let text = self.text(node).trim();
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains(['"', '$'])).then_some(inner)
    }

    /// What an expression comes to.
    pub(crate) fn value(&self, node: NodeId) -> Value {
        self.value_below(node, MAX_DEPTH)
    }

    /// Recursion is bounded by `depth`.
    fn value_below(&self, node: NodeId, depth: u32) -> Value {
        let Some(depth) = depth.checked_sub(1) else {
            return Value::Open;
        };
        let children: Vec<NodeId> = self.tree.children(node).take(MAX_ITEMS).collect();
        match self.tree.kind(node) {
            "expression" => match children.as_slice() {
                [only] => self.value_below(*only, depth),
                [first, second]
                    if self.tree.kind(*first) == "variable_expr"
                        && self.tree.kind(*second) == "get_attr" =>
                {
                    let name = self.text(node).replace(char::is_whitespace, "");
                    self.named
                        .get(&name)
                        .map_or(Value::Open, |value| self.value_below(*value, depth))
                }
                _ => Value::Open,
            },
            "literal_value" | "template_expr" | "collection_value" => children
                .first()
                .map_or(Value::Open, |only| self.value_below(*only, depth)),
            "bool_lit" => Value::Bool(self.text(node) == "true"),
            "numeric_lit" => Value::Text(self.text(node).to_owned()),
            "string_lit" | "quoted_template" => {
                let open = children.iter().any(|part| {
                    self.tree.kind(*part).starts_with("template_")
                        && self.tree.kind(*part) != "template_literal"
                });
                match open {
                    true => Value::Open,
                    false => Value::Text(self.text(node).trim_matches('"').to_owned()),
                }
            }
            "heredoc_template" => self.heredoc(&children),
            "tuple" => {
                let items = children
                    .iter()
                    .filter(|item| self.tree.kind(**item) == "expression");
                Value::List(items.map(|item| self.value_below(*item, depth)).collect())
            }
            "object" => {
                let elements = children
                    .iter()
                    .filter(|item| self.tree.kind(**item) == "object_elem");
                let entries = elements.filter_map(|element| {
                    let key = self
                        .text(self.tree.field(*element, "key")?)
                        .trim_matches('"')
                        .to_owned();
                    let value = self.value_below(self.tree.field(*element, "val")?, depth);
                    Some((key, value))
                });
                Value::Map(entries.collect())
            }
            "function_call" => match children.first().map(|name| self.text(*name)) {
                Some("jsonencode") => {
                    let arguments = children
                        .iter()
                        .find(|part| self.tree.kind(**part) == "function_arguments");
                    let first = arguments.and_then(|list| self.tree.children(*list).next());
                    first.map_or(Value::Open, |first| self.value_below(first, depth))
                }
                _ => Value::Open,
            },
            _ => Value::Open,
        }
    }

    /// A document in JSON; interpolations in it are texts that nothing is known of.
    fn heredoc(&self, parts: &[NodeId]) -> Value {
        let mut text = String::new();
        for part in parts {
            match self.tree.kind(*part) {
                "template_literal" => text.push_str(self.text(*part)),
                "template_interpolation" => text.push('?'),
                _ => {}
            }
        }
        let parsed = serde_json::from_str::<serde_json::Value>(text.trim());
        parsed.map_or(Value::Open, |value| Value::of_json(&value))
    }
}
