//! What a file fixes: constants, the parts of strings that are not, truth values.
//!
//! Names count as fixed only when they are assigned exactly once. Bounded in depth.

use super::{MAX_DEPTH, Module};
use crate::engine::builtin::syntax::tree::NodeId;

impl<'a> Module<'a> {
    /// Whether a value is fixed by the source.
    pub(crate) fn is_constant(&self, node: NodeId) -> bool {
        self.constant_below(node, MAX_DEPTH)
    }

    fn constant_below(&self, node: NodeId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match self.tree.kind(node) {
            "integer" | "float" | "true" | "false" | "none" => true,
            "string" => self
                .interpolations(node)
                .iter()
                .all(|part| self.constant_below(*part, depth)),
            "identifier" => self
                .value_of(node)
                .is_some_and(|value| self.constant_below(value, depth)),
            "concatenated_string"
            | "binary_operator"
            | "parenthesized_expression"
            | "tuple"
            | "list"
            | "unary_operator"
            | "boolean_operator"
            | "set"
            | "comparison_operator" => self
                .tree
                .children(node)
                .all(|child| self.constant_below(child, depth)),
            // The condition only chooses between the two.
            "conditional_expression" => {
                let parts: Vec<NodeId> = self.tree.children(node).collect();
                parts.len() == 3
                    && self.constant_below(parts[0], depth)
                    && self.constant_below(parts[2], depth)
            }
            "dictionary" => self.tree.children(node).all(|pair| {
                self.tree
                    .field(pair, "value")
                    .is_some_and(|value| self.constant_below(value, depth))
            }),
            // A choice from a fixed table, whatever the key.
            "subscript" => self
                .tree
                .field(node, "value")
                .is_some_and(|table| self.is_fixed_table(table, depth)),
            "call" if self.method(node) == Some("get") => {
                self.receiver(node)
                    .is_some_and(|table| self.is_fixed_table(table, depth))
                    && self
                        .args(node)
                        .get(1, "default")
                        .is_none_or(|default| self.constant_below(default, depth))
            }
            "call" => {
                let pure = matches!(
                    self.method(node),
                    Some("format" | "join" | "strip" | "dedent" | "encode")
                );
                pure && self
                    .receiver(node)
                    .is_none_or(|receiver| self.constant_below(receiver, depth))
                    && {
                        let args = self.args(node);
                        let values = args
                            .positional
                            .iter()
                            .chain(args.keywords.iter().map(|(_, value)| value));
                        !args.open
                            && values
                                .clone()
                                .all(|value| self.constant_below(*value, depth))
                    }
            }
            _ => false,
        }
    }

    fn is_fixed_table(&self, table: NodeId, depth: u32) -> bool {
        let literal = match self.tree.kind(table) {
            "identifier" if !self.changed.contains(self.text(table)) => self.value_of(table),
            "dictionary" | "list" | "tuple" => Some(table),
            _ => None,
        };
        literal.is_some_and(|literal| {
            matches!(self.tree.kind(literal), "dictionary" | "list" | "tuple")
                && self.constant_below(literal, depth)
        })
    }

    /// The expressions inside an f-string.
    pub(crate) fn interpolations(&self, string: NodeId) -> Vec<NodeId> {
        self.tree
            .children(string)
            .filter(|child| self.tree.kind(*child) == "interpolation")
            .filter_map(|child| {
                self.tree
                    .field(child, "expression")
                    .or_else(|| self.tree.children(child).next())
            })
            .collect()
    }

    /// The text of a plain string, also through a name.
    pub(crate) fn string(&self, node: NodeId) -> Option<&'a str> {
        match self.tree.kind(node) {
            "string" if self.interpolations(node).is_empty() => {
                let text = self.text(node);
                let open = text.find(['"', '\''])?;
                let quote = if text[open..].starts_with("\"\"\"") || text[open..].starts_with("'''")
                {
                    3
                } else {
                    1
                };
                text.get(open + quote..text.len().checked_sub(quote)?)
            }
            "identifier" => {
                let value = self.value_of(node)?;
                (self.tree.kind(value) == "string").then(|| self.string(value))?
            }
            _ => None,
        }
    }

    /// Whether a value is the literal `True` or `False` (or a name for it).
    pub(crate) fn truth(&self, node: NodeId) -> Option<bool> {
        match self.tree.kind(node) {
            "true" => Some(true),
            "false" => Some(false),
            "integer" => Some(self.text(node) != "0"),
            "identifier" => match self.tree.kind(self.value_of(node)?) {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}
