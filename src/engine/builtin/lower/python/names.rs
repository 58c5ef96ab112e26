//! Which names a Python scope binds, before any of it is lowered.
//!
//! Python decides by the whole body whether a name is local, so the body is walked once. Bodies of
//! functions and classes inside are scopes of their own; a comprehension's targets are its own, but
//! a name bound by `:=` in it belongs to the scope around it.

use crate::engine::builtin::syntax::tree::{NodeId, Tree};
use std::collections::BTreeSet;

/// What a scope says about names.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Bound here, in alphabetical order.
    pub(super) bound: BTreeSet<&'a str>,
    /// Declared `global`.
    pub(super) global: BTreeSet<&'a str>,
    /// Declared `nonlocal`.
    pub(super) outer: BTreeSet<&'a str>,
    /// Whether it yields.
    pub(super) yields: bool,
}

/// The names bound in `body`, without those of its parameters.
pub(super) fn bound_in<'a>(tree: &Tree, text: &'a str, body: NodeId) -> Names<'a> {
    let mut names = Names::default();
    let end = tree.subtree(body).end;
    let mut node = body;
    while node < end {
        node = names.visit(tree, text, node);
    }
    for name in names.global.iter().chain(&names.outer) {
        names.bound.remove(name);
    }
    names
}

impl<'a> Names<'a> {
    /// Takes in what `node` binds; gives the node to go on with.
    fn visit(&mut self, tree: &Tree, text: &'a str, node: NodeId) -> NodeId {
        let of = |node: NodeId| text.get(tree.span(node)).unwrap_or_default();
        let field = |name: &str| tree.field(node, name);
        let beside = tree.subtree(node).end;
        match tree.kind(node) {
            "function_definition" | "class_definition" => {
                self.bound.extend(field("name").map(of));
                return beside;
            }
            "lambda" => return beside,
            "assignment" | "augmented_assignment" | "for_statement" => {
                self.bind(tree, text, field("left"));
            }
            "named_expression" => self.bound.extend(field("name").map(of)),
            "as_pattern_target" => self.bind(tree, text, Some(node)),
            "except_clause" => self.bind(tree, text, field("alias")),
            "delete_statement" => {
                for target in tree.children(node) {
                    self.bind(tree, text, Some(target));
                }
            }
            "global_statement" => self.global.extend(tree.children(node).map(of)),
            "nonlocal_statement" => self.outer.extend(tree.children(node).map(of)),
            "import_statement" | "import_from_statement" => {
                for name in imported(tree, node) {
                    // `import a.b` binds `a`.
                    self.bound.extend(of(name).split('.').next());
                }
                return beside;
            }
            "yield" => self.yields = true,
            // A name alone is a capture; `splat_pattern` and `as_pattern` hold theirs directly.
            "case_pattern" | "splat_pattern" | "as_pattern" => {
                for child in tree.children(node) {
                    let name = of(child);
                    let capture = matches!(tree.kind(child), "identifier" | "dotted_name");
                    if capture && !name.contains('.') && name != "_" {
                        self.bound.insert(name);
                    }
                }
            }
            _ => {}
        }
        node + 1
    }

    fn bind(&mut self, tree: &Tree, text: &'a str, target: Option<NodeId>) {
        if let Some(target) = target {
            self.bound.extend(targets(tree, text, target));
        }
    }
}

/// The names an assignment to `target` binds.
pub(super) fn targets<'a>(tree: &Tree, text: &'a str, target: NodeId) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut node = target;
    let end = tree.subtree(target).end;
    while node < end {
        match tree.kind(node) {
            "identifier" => {
                names.extend(text.get(tree.span(node)));
                node += 1;
            }
            // These change something, they bind nothing.
            "attribute" | "subscript" | "call" => node = tree.subtree(node).end,
            _ => node += 1,
        }
    }
    names
}

/// The nodes of the names an import binds: the alias where there is one.
pub(super) fn imported(tree: &Tree, node: NodeId) -> Vec<NodeId> {
    tree.children(node)
        .filter(|child| tree.field_of(*child) == Some("name"))
        .map(|child| tree.field(child, "alias").unwrap_or(child))
        .collect()
}
