//! What a file fixes, how texts are put together, and where values come from.
//!
//! Follows assignments inside one file by name, a bounded number of nodes per question.

use super::{MAX_DEPTH, Origin, Script};
use crate::engine::builtin::syntax::tree::NodeId;
use std::collections::BTreeSet;

/// How many nodes one question may look at.
const MAX_VISITS: usize = 2_000;
/// How many steps all questions about one file may take; then nothing is fixed or known any more.
const MAX_SPENT: u64 = 10_000_000;

/// A text as it is put together.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Whether fixed text and values are joined here.
    pub(crate) built: bool,
    /// The parts that may be anything, each with the fixed text right before it.
    pub(crate) open: Vec<(NodeId, String)>,
    /// The fixed text, parts left out.
    pub(crate) fixed: String,
}

impl Script<'_> {
    /// Whether a value is fixed by the source.
    pub(crate) fn is_constant(&self, node: NodeId) -> bool {
        self.constant_below(node, MAX_DEPTH)
    }

    /// Takes a step; whether there are none left.
    fn spend(&self) -> bool {
        self.spent.set(self.spent.get() + 1);
        self.spent.get() > MAX_SPENT
    }

    fn constant_below(&self, node: NodeId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        if self.spend() {
            return false;
        }
        match self.tree.kind(node) {
            "number"
            | "true"
            | "false"
            | "null"
            | "undefined"
            | "regex"
            | "string"
            | "arrow_function"
            | "function_expression" => true,
            "template_string"
            | "template_substitution"
            | "parenthesized_expression"
            | "array"
            | "unary_expression"
            | "as_expression"
            | "non_null_expression"
            | "satisfies_expression" => {
                let inert = ["string_fragment", "escape_sequence"];
                self.tree
                    .children(node)
                    .filter(|child| {
                        !inert.contains(&self.tree.kind(*child))
                            && !self.tree.kind(*child).contains("type")
                    })
                    .all(|child| self.constant_below(child, depth))
            }
            "binary_expression" => self
                .tree
                .children(node)
                .all(|child| self.constant_below(child, depth)),
            "ternary_expression" => ["consequence", "alternative"]
                .iter()
                .filter_map(|branch| self.tree.field(node, branch))
                .all(|branch| self.constant_below(branch, depth)),
            "object" => self.tree.children(node).all(|pair| {
                self.tree
                    .field(pair, "value")
                    .is_some_and(|value| self.constant_below(value, depth))
            }),
            "identifier" => match self.text(node) {
                "undefined" | "__dirname" | "__filename" => true,
                // A choice between fixed values is fixed.
                _ => self.values_of(node).is_some_and(|values| {
                    let fixed = |value: &Option<NodeId>| {
                        value.is_some_and(|value| {
                            !self.tree.subtree(value).contains(&node)
                                && self.constant_below(value, depth)
                        })
                    };
                    !values.is_empty() && values.len() <= 16 && values.iter().all(fixed)
                }),
            },
            "call_expression" => {
                let callee = self.callee(node);
                let joins = matches!(
                    callee.as_deref(),
                    Some("path.join" | "path.resolve" | "require.resolve")
                );
                joins
                    && self
                        .args(node)
                        .iter()
                        .all(|part| self.constant_below(*part, depth))
            }
            "member_expression" => self.tree.field(node, "object").is_some_and(|object| {
                let table = self.behind(object);
                self.tree.kind(table) == "object" && self.constant_below(table, depth)
            }),
            _ => false,
        }
    }

    /// How the text at `node` is put together.
    pub(crate) fn made(&self, node: NodeId) -> Made {
        let mut made = Made::default();
        self.collect(node, MAX_DEPTH, &mut made);
        made
    }

    fn collect(&self, node: NodeId, depth: u32, made: &mut Made) {
        if let Some(text) = self.string(node) {
            made.fixed.push_str(text);
            return;
        }
        if self.spend() {
            return self.open(node, made);
        }
        if self.is_constant(node) || self.is_inert(node) {
            return;
        }
        let Some(depth) = depth.checked_sub(1).filter(|_| made.open.len() < 64) else {
            self.open(node, made);
            return;
        };
        match self.tree.kind(node) {
            "template_string" => {
                made.built = true;
                for part in self.tree.children(node) {
                    match self.tree.kind(part) {
                        "template_substitution" => {
                            if let Some(value) = self.tree.children(part).next() {
                                self.collect(value, depth, made);
                            }
                        }
                        _ => made.fixed.push_str(self.text(part)),
                    }
                }
            }
            "binary_expression" => {
                let plus = self
                    .tree
                    .field(node, "operator")
                    .is_some_and(|operator| self.text(operator) == "+");
                if plus {
                    made.built = true;
                }
                let sides = ["left", "right"]
                    .iter()
                    .filter_map(|side| self.tree.field(node, side));
                for side in sides {
                    self.collect(side, depth, made);
                }
            }
            "parenthesized_expression"
            | "as_expression"
            | "non_null_expression"
            | "await_expression" => {
                if let Some(inner) = self.tree.children(node).next() {
                    self.collect(inner, depth, made);
                }
            }
            "ternary_expression" => {
                for branch in ["consequence", "alternative"] {
                    if let Some(branch) = self.tree.field(node, branch) {
                        self.collect(branch, depth, made);
                    }
                }
            }
            "identifier" => match self.value_of(node) {
                Some(value) => self.collect(value, depth, made),
                None => self.open(node, made),
            },
            _ => self.open(node, made),
        }
    }

    fn open(&self, node: NodeId, made: &mut Made) {
        let before = made.fixed.clone();
        made.open.push((node, before));
    }

    /// Values that can carry no syntax: numbers, encoded and quoted texts, names made by the system.
    fn is_inert(&self, node: NodeId) -> bool {
        match self.tree.kind(node) {
            "call_expression" => {
                let name = self
                    .tree
                    .field(node, "function")
                    .map_or("", |function| self.text(function));
                let last = name.rsplit('.').next().unwrap_or(name);
                let lower = last.to_lowercase();
                matches!(
                    last,
                    "parseInt"
                        | "parseFloat"
                        | "Number"
                        | "Boolean"
                        | "BigInt"
                        | "encodeURIComponent"
                        | "encodeURI"
                        | "toFixed"
                        | "now"
                        | "getTime"
                        | "cwd"
                        | "tmpdir"
                        | "basename"
                        | "toISOString"
                        | "isInteger"
                ) || [
                    "escape", "quote", "sanitize", "sanitise", "purify", "hash", "digest",
                ]
                .iter()
                .any(|word| lower.contains(word))
            }
            "member_expression" => {
                matches!(
                    self.text(node),
                    "process.pid" | "process.execPath" | "process.platform" | "os.EOL" | "path.sep"
                ) || self
                    .tree
                    .field(node, "property")
                    .is_some_and(|name| self.text(name) == "length")
            }
            "unary_expression" | "update_expression" => true,
            _ => false,
        }
    }

    /// Where a value comes from, as far as this file shows.
    pub(crate) fn origin(&self, node: NodeId) -> Origin {
        if self.is_constant(node) {
            return Origin::Constant;
        }
        let mut origin = Origin::Unknown;
        let mut todo = vec![node];
        let mut seen = BTreeSet::new();
        let mut visits = 0;
        while let Some(root) = todo.pop() {
            let below = self.tree.subtree(root);
            let mut next = below.start;
            while next < below.end {
                let at = next;
                next += 1;
                visits += 1;
                if visits > MAX_VISITS || self.spend() {
                    return origin;
                }
                let kind = self.tree.kind(at);
                // What a function will be given later is not what it is made of, and comparisons and
                // converted values carry nothing on.
                if kind == "arrow_function"
                    || kind == "function_expression"
                    || self.is_inert(at)
                    || self.is_comparison(at)
                {
                    next = self.tree.subtree(at).end;
                    continue;
                }
                if kind == "ternary_expression"
                    && let Some(condition) = self.tree.field(at, "condition")
                {
                    next = self.tree.subtree(condition).end;
                    continue;
                }
                if kind == "member_expression" || kind == "subscript_expression" {
                    match self.request_read(at) {
                        Some(Origin::Remote) => return Origin::Remote,
                        Some(read) => origin = origin.max(read),
                        None => {}
                    }
                }
                if kind == "identifier"
                    && seen.insert(self.text(at))
                    && let Some(values) = self.values_of(at)
                {
                    todo.extend(values.iter().flatten().copied());
                }
            }
        }
        origin
    }

    fn is_comparison(&self, node: NodeId) -> bool {
        self.tree.kind(node) == "binary_expression"
            && self.tree.field(node, "operator").is_some_and(|operator| {
                matches!(
                    self.text(operator),
                    "==" | "===" | "!=" | "!==" | "<" | ">" | "<=" | ">=" | "in" | "instanceof"
                )
            })
    }

    /// `req.body`, `ctx.request.query`, `location.hash`, … : what a caller or a link chooses.
    fn request_read(&self, node: NodeId) -> Option<Origin> {
        const PARTS: &[&str] = &[
            "body",
            "query",
            "params",
            "headers",
            "cookies",
            "files",
            "rawBody",
            "originalUrl",
        ];
        let text = self.text(node);
        if text.len() > 200 {
            return None;
        }
        let text = text.replace("?.", ".").replace('!', "");
        let first = text.split(['.', '[', '(']).next().unwrap_or_default();
        if self.defined.contains(first) {
            return None;
        }
        let mut names = text.split(['.', '[', '(']);
        names.next();
        let second = names.next().unwrap_or_default();
        let third = names.next().unwrap_or_default();
        let remote = match first {
            "req" => PARTS.contains(&second) || second == "url",
            "request" => PARTS.contains(&second),
            "ctx" | "context" => {
                second == "request" && PARTS.contains(&third)
                    || first == "ctx" && matches!(second, "query" | "params")
            }
            "event" => matches!(
                second,
                "queryStringParameters" | "pathParameters" | "multiValueQueryStringParameters"
            ),
            _ => false,
        };
        let page = match first {
            "location" => matches!(second, "hash" | "search" | "href"),
            "window" | "document" => {
                second == "location" && matches!(third, "hash" | "search" | "href")
            }
            _ => false,
        };
        match (remote, page) {
            (true, _) => Some(Origin::Remote),
            (false, true) => Some(Origin::Page),
            (false, false) => None,
        }
    }
}
