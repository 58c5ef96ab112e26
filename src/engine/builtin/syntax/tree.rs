//! A syntax tree as a flat table, made from tree-sitter's.
//!
//! Flat, because parents, siblings and whole subtrees are then index arithmetic: no recursion and
//! no quadratic walks to the root. Nodes are in source order, a node's subtree is a run of indexes.

use std::ops::{ControlFlow, Range};
use tokio_util::sync::CancellationToken;
use tree_sitter::{Language, ParseOptions, Parser};

/// More nodes than this are not kept; the file counts as not parsed.
const MAX_NODES: usize = 2_000_000;
/// Progress calls of the parser: a floor, and so many per byte of source.
const BUDGET_FLOOR: usize = 20_000;
const BUDGET_PER_BYTE: usize = 2;

/// What tree-sitter calls a part it could not read.
const ERROR: &str = "ERROR";

/// Index of a node.
pub(crate) type NodeId = u32;

/// Why there is no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParseFailure {
    /// The scan was called off.
    Cancelled,
    /// The parser needed too many steps or nodes.
    Budget,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The grammar's ids; 0 = no field.
    kind: u16,
    field: u16,
    start: u32,
    end: u32,
    parent: NodeId,
    /// One past the last node of the subtree.
    after: NodeId,
    named: bool,
}

/// What a grammar calls its kinds and fields, by their ids. Asking the grammar each time would cost
/// more than whatever is done with the answer.
#[derive(Debug)]
struct Names {
    kinds: Vec<Box<str>>,
    fields: Vec<Box<str>>,
}

impl Names {
    fn of(language: &Language) -> Self {
        let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let fields = 0..=u16::try_from(language.field_count()).unwrap_or(u16::MAX - 1);
        Self {
            kinds: kinds
                .map(|id| language.node_kind_for_id(id).unwrap_or_default().into())
                .collect(),
            fields: fields
                .map(|id| language.field_name_for_id(id).unwrap_or_default().into())
                .collect(),
        }
    }
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    names: Names,
    /// Whether parts could not be read.
    pub(crate) has_error: bool,
}

impl Tree {
    /// Parses `text`.
    pub(crate) fn parse(
        language: &Language,
        text: &str,
        cancel: &CancellationToken,
    ) -> Result<Self, ParseFailure> {
        let mut parser = Parser::new();
        // Fails only for a grammar of another ABI, which the tests would show.
        if parser.set_language(language).is_err() {
            return Err(ParseFailure::Budget);
        }
        let mut steps = BUDGET_FLOOR + text.len() * BUDGET_PER_BYTE;
        let mut progress = |_: &tree_sitter::ParseState| {
            steps = steps.saturating_sub(1);
            if steps == 0 || cancel.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let bytes = text.as_bytes();
        let parsed = parser.parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(options),
        );
        let Some(parsed) = parsed else {
            return Err(if cancel.is_cancelled() {
                ParseFailure::Cancelled
            } else {
                ParseFailure::Budget
            });
        };
        Self::flatten(language, &parsed, cancel)
    }

    fn flatten(
        language: &Language,
        parsed: &tree_sitter::Tree,
        cancel: &CancellationToken,
    ) -> Result<Self, ParseFailure> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<NodeId> = Vec::new();
        let mut cursor = parsed.walk();
        loop {
            let node = cursor.node();
            let id = nodes.len() as NodeId;
            if nodes.len() == MAX_NODES {
                return Err(ParseFailure::Budget);
            }
            if id.is_multiple_of(65_536) && cancel.is_cancelled() {
                return Err(ParseFailure::Cancelled);
            }
            nodes.push(Node {
                kind: node.kind_id(),
                field: cursor.field_id().map_or(0, std::num::NonZero::get),
                start: node.start_byte() as u32,
                end: node.end_byte() as u32,
                parent: open.last().copied().unwrap_or(0),
                after: id + 1,
                named: node.is_named(),
            });
            if cursor.goto_first_child() {
                open.push(id);
                continue;
            }
            while !cursor.goto_next_sibling() {
                let Some(done) = open.pop() else {
                    return Ok(Self {
                        nodes,
                        names: Names::of(language),
                        has_error: parsed.root_node().has_error(),
                    });
                };
                nodes[done as usize].after = nodes.len() as NodeId;
                cursor.goto_parent();
            }
        }
    }

    /// The root.
    pub(crate) fn root(&self) -> NodeId {
        0
    }

    pub(crate) fn kind(&self, node: NodeId) -> &str {
        let kind = self.nodes[node as usize].kind;
        // `ERROR` has an id beyond all others.
        let known = self.names.kinds.get(kind as usize);
        known.map_or(ERROR, AsRef::as_ref)
    }

    pub(crate) fn span(&self, node: NodeId) -> Range<usize> {
        let node = &self.nodes[node as usize];
        node.start as usize..node.end as usize
    }

    /// The parent; the root is its own.
    pub(crate) fn parent(&self, node: NodeId) -> NodeId {
        self.nodes[node as usize].parent
    }

    /// The nodes around `node`, innermost first, without itself.
    pub(crate) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut at = node;
        std::iter::from_fn(move || {
            (at != 0).then(|| {
                at = self.parent(at);
                at
            })
        })
    }

    /// `node` and everything below it, in source order.
    pub(crate) fn subtree(&self, node: NodeId) -> Range<NodeId> {
        node..self.nodes[node as usize].after
    }

    /// The named children in order.
    pub(crate) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.all_children(node)
            .filter(|child| self.nodes[*child as usize].named && self.kind(*child) != "comment")
    }

    /// All children in order, also operators and punctuation.
    pub(crate) fn all_children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.nodes[node as usize].after;
        let mut next = node + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = next;
                next = self.nodes[child as usize].after;
                child
            })
        })
    }

    /// The child in the grammar's field `name`.
    pub(crate) fn field(&self, node: NodeId, name: &str) -> Option<NodeId> {
        let field = self.names.fields.iter().position(|it| **it == *name)?;
        self.all_children(node)
            .find(|child| self.nodes[*child as usize].field as usize == field)
    }

    /// The grammar's field that `node` fills in its parent.
    pub(crate) fn field_of(&self, node: NodeId) -> Option<&str> {
        let field = self.nodes[node as usize].field;
        let known = self.names.fields.get(field as usize);
        known.map(AsRef::as_ref).filter(|_| field != 0)
    }

    /// Every node of one of `kinds`, in source order.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = NodeId> + 'a {
        (0..self.nodes.len() as NodeId).filter(move |node| self.kind(*node) == kind)
    }
}
