//! What detectors may ask of a Python file.
//!
//! Imports with aliases resolved to qualified names, arguments, constants (literals and names that
//! are assigned exactly once), and where a value comes from as far as one function shows. No types,
//! no calls followed, no other files: what is not seen is [`Origin::Unknown`], never "safe".

mod constants;
mod made;
mod origin;

use super::tree::{NodeId, ParseFailure, Tree};
use crate::engine::builtin::text::{SourceText, slice};
use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};
use tokio_util::sync::CancellationToken;

/// How deep expressions are followed.
const MAX_DEPTH: u32 = 24;
/// How many nodes one question about an origin may look at.
const MAX_VISITS: usize = 2_000;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Written in the source.
    Constant,
    /// Not seen.
    Unknown,
    /// The command line or the terminal.
    Local,
    /// A web request.
    Remote,
}

/// A parsed Python file.
pub(crate) struct Module<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) tree: Tree,
    /// Local name → qualified name.
    imports: HashMap<&'a str, String>,
    /// (scope, name) → values assigned; a scope is a function's node or the root.
    assigned: HashMap<(NodeId, &'a str), Vec<Option<NodeId>>>,
    /// (scope, name) → what is added to it by `+=`.
    added: HashMap<(NodeId, &'a str), Vec<NodeId>>,
    /// Names of containers that are changed after they are made.
    changed: BTreeSet<&'a str>,
    /// Names of functions and classes defined in the file, without methods.
    defined: BTreeSet<&'a str>,
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Args<'a> {
    pub(crate) positional: Vec<NodeId>,
    pub(crate) keywords: Vec<(&'a str, NodeId)>,
    /// Whether `*args` or `**kwargs` may bring more.
    pub(crate) open: bool,
}

impl Args<'_> {
    /// The argument called `name`.
    pub(crate) fn keyword(&self, name: &str) -> Option<NodeId> {
        self.keywords
            .iter()
            .find(|(keyword, _)| *keyword == name)
            .map(|(_, value)| *value)
    }

    /// The argument at `index` or called `name`.
    pub(crate) fn get(&self, index: usize, name: &str) -> Option<NodeId> {
        self.positional
            .get(index)
            .copied()
            .or_else(|| self.keyword(name))
    }
}

impl<'a> Module<'a> {
    /// Parses a file.
    pub(crate) fn parse(
        source: &'a SourceText,
        cancel: &CancellationToken,
    ) -> Result<Self, ParseFailure> {
        let language = tree_sitter_python::LANGUAGE.into();
        let tree = Tree::parse(&language, &source.text, cancel)?;
        Ok(Self::of(source, tree))
    }

    /// A file that is parsed already.
    pub(crate) fn of(source: &'a SourceText, tree: Tree) -> Self {
        let mut module = Self {
            source,
            tree,
            imports: HashMap::new(),
            assigned: HashMap::new(),
            added: HashMap::new(),
            changed: BTreeSet::new(),
            defined: BTreeSet::new(),
        };
        module.index();
        module
    }

    /// The source of a node.
    pub(crate) fn text(&self, node: NodeId) -> &'a str {
        let source: &'a SourceText = self.source;
        slice(&source.text, self.tree.span(node))
    }

    /// The bytes of a node.
    pub(crate) fn span(&self, node: NodeId) -> Range<usize> {
        self.tree.span(node)
    }

    /// Every call in source order.
    pub(crate) fn calls(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.tree.of_kind("call")
    }

    /// Strings that stand alone: docstrings and commented-out text.
    pub(crate) fn docstrings(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.tree
            .of_kind("expression_statement")
            .filter_map(|statement| {
                let only = self.tree.children(statement).next()?;
                matches!(self.tree.kind(only), "string" | "concatenated_string")
                    .then(|| self.tree.span(only))
            })
    }

    /// Whether a module (or one below it) is imported.
    pub(crate) fn imports(&self, module: &str) -> bool {
        self.imports.values().any(|name| {
            name == module || name.starts_with(module) && name[module.len()..].starts_with('.')
        })
    }

    fn index(&mut self) {
        for node in self.tree.subtree(self.tree.root()) {
            match self.tree.kind(node) {
                "import_statement" => self.index_import(node, ""),
                "import_from_statement" => {
                    let from = self.tree.field(node, "module_name");
                    let prefix = from.map_or("", |from| self.text(from)).to_owned();
                    self.index_import(node, &prefix);
                }
                "assignment" | "named_expression" => {
                    let left = self
                        .tree
                        .field(node, "left")
                        .or_else(|| self.tree.field(node, "name"));
                    let right = self
                        .tree
                        .field(node, "right")
                        .or_else(|| self.tree.field(node, "value"));
                    if let Some(left) = left {
                        self.index_target(left, right);
                    }
                }
                "augmented_assignment" => {
                    if let Some(left) = self.tree.field(node, "left") {
                        self.index_target(left, None);
                        if let Some(right) = self.tree.field(node, "right") {
                            let key = (self.scope(left), self.text(left));
                            self.added.entry(key).or_default().push(right);
                        }
                    }
                }
                // An item is as fixed as what it is taken from.
                "for_statement" | "for_in_clause" => {
                    if let Some(left) = self.tree.field(node, "left") {
                        self.index_target(left, self.tree.field(node, "right"));
                    }
                }
                "call" => self.index_change(node),
                "as_pattern_target" | "global_statement" | "nonlocal_statement" => {
                    self.index_target(node, None);
                }
                "function_definition" | "class_definition" => {
                    let is_method = self
                        .tree
                        .ancestors(node)
                        .find(|at| {
                            matches!(
                                self.tree.kind(*at),
                                "function_definition" | "class_definition"
                            )
                        })
                        .is_some_and(|at| self.tree.kind(at) == "class_definition");
                    if let Some(name) = self.tree.field(node, "name").filter(|_| !is_method) {
                        let name = self.text(name);
                        self.defined.insert(name);
                    }
                }
                _ => {}
            }
        }
    }

    fn index_import(&mut self, node: NodeId, prefix: &str) {
        let module = self.tree.field(node, "module_name");
        let names: Vec<NodeId> = self
            .tree
            .children(node)
            .filter(|child| Some(*child) != module)
            .collect();
        for name in names {
            let (full, alias) = match self.tree.kind(name) {
                "aliased_import" => {
                    let full = self.tree.field(name, "name").map(|name| self.text(name));
                    let alias = self.tree.field(name, "alias").map(|name| self.text(name));
                    (full, alias)
                }
                "dotted_name" => (Some(self.text(name)), None),
                _ => (None, None),
            };
            let Some(full) = full else { continue };
            if prefix.is_empty() {
                // `import a.b` binds `a`, `import a.b as c` binds the whole.
                let bound = alias.unwrap_or_else(|| full.split('.').next().unwrap_or(full));
                let target = if alias.is_some() { full } else { bound };
                self.imports.insert(bound, target.to_owned());
            } else {
                self.imports
                    .insert(alias.unwrap_or(full), format!("{prefix}.{full}"));
            }
        }
    }

    fn index_target(&mut self, target: NodeId, value: Option<NodeId>) {
        let scope = self.scope(target);
        if self.tree.kind(target) == "identifier" {
            let name = self.text(target);
            self.assigned.entry((scope, name)).or_default().push(value);
            return;
        }
        if self.tree.kind(target) == "subscript" {
            if let Some(container) = self.tree.field(target, "value") {
                let name = self.text(container);
                self.changed.insert(name);
            }
            return;
        }
        if self.tree.kind(target) == "attribute" {
            return;
        }
        let names: Vec<NodeId> = self
            .tree
            .subtree(target)
            .filter(|node| self.tree.kind(*node) == "identifier")
            .collect();
        for name in names {
            let name = self.text(name);
            self.assigned.entry((scope, name)).or_default().push(None);
        }
    }

    /// Notes calls that change the container they are made on.
    fn index_change(&mut self, call: NodeId) {
        let changes = matches!(
            self.method(call),
            Some("append" | "add" | "extend" | "insert" | "update" | "setdefault")
        );
        if let Some(container) = self.receiver(call).filter(|_| changes) {
            let name = self.text(container);
            self.changed.insert(name);
        }
    }

    /// The function around a node, or the root.
    pub(crate) fn scope(&self, node: NodeId) -> NodeId {
        self.tree
            .ancestors(node)
            .find(|node| matches!(self.tree.kind(*node), "function_definition" | "lambda"))
            .unwrap_or(0)
    }

    /// The enclosing classes and functions, joined by dots.
    pub(crate) fn symbol(&self, node: NodeId) -> String {
        let mut names: Vec<&str> = self
            .tree
            .ancestors(node)
            .filter(|node| {
                matches!(
                    self.tree.kind(*node),
                    "function_definition" | "class_definition"
                )
            })
            .filter_map(|node| self.tree.field(node, "name"))
            .map(|name| self.text(name))
            .take(16)
            .collect();
        names.reverse();
        names.join(".")
    }

    /// The qualified name of an identifier or attribute chain: imports are resolved, a builtin
    /// stays as it is, anything that the file defines itself is `None`.
    pub(crate) fn qualified(&self, node: NodeId) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = node;
        for _ in 0..MAX_DEPTH {
            match self.tree.kind(at) {
                "identifier" => {
                    let name = self.text(at);
                    let root = match self.imports.get(name) {
                        Some(qualified) => qualified.clone(),
                        None if self.is_own(at, name) => return None,
                        None => name.to_owned(),
                    };
                    parts.push(root);
                    parts.reverse();
                    return Some(parts.join("."));
                }
                "attribute" => {
                    parts.push(self.text(self.tree.field(at, "attribute")?).to_owned());
                    at = self.tree.field(at, "object")?;
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether the file itself binds `name` where `node` stands.
    fn is_own(&self, node: NodeId, name: &str) -> bool {
        let scope = self.scope(node);
        self.defined.contains(name)
            || self.assigned.contains_key(&(scope, name))
            || self.assigned.contains_key(&(0, name))
            || self.is_parameter(scope, name)
    }

    /// The qualified name of what `call` calls.
    pub(crate) fn callee(&self, call: NodeId) -> Option<String> {
        self.qualified(self.tree.field(call, "function")?)
    }

    /// The last name of what `call` calls, whatever it is called on.
    pub(crate) fn method(&self, call: NodeId) -> Option<&'a str> {
        let function = self.tree.field(call, "function")?;
        match self.tree.kind(function) {
            "attribute" => Some(self.text(self.tree.field(function, "attribute")?)),
            "identifier" => Some(self.text(function)),
            _ => None,
        }
    }

    /// What a method is called on.
    pub(crate) fn receiver(&self, call: NodeId) -> Option<NodeId> {
        let function = self.tree.field(call, "function")?;
        self.tree.field(function, "object")
    }

    /// The arguments of a call.
    pub(crate) fn args(&self, call: NodeId) -> Args<'a> {
        let mut args = Args::default();
        let Some(list) = self.tree.field(call, "arguments") else {
            return args;
        };
        if self.tree.kind(list) != "argument_list" {
            args.positional.push(list);
            return args;
        }
        for child in self.tree.children(list) {
            match self.tree.kind(child) {
                "keyword_argument" => {
                    let name = self.tree.field(child, "name");
                    let value = self.tree.field(child, "value");
                    if let (Some(name), Some(value)) = (name, value) {
                        args.keywords.push((self.text(name), value));
                    }
                }
                "list_splat" | "dictionary_splat" => args.open = true,
                _ => args.positional.push(child),
            }
        }
        args
    }

    /// The one value of a name at `node`, if it has exactly one.
    pub(crate) fn value_of(&self, node: NodeId) -> Option<NodeId> {
        let name = self.text(node);
        let scope = self.scope(node);
        if self.is_parameter(scope, name) {
            return None;
        }
        let values = self
            .assigned
            .get(&(scope, name))
            .or_else(|| self.assigned.get(&(0, name)))?;
        match values.as_slice() {
            [Some(only)] if !self.tree.subtree(*only).contains(&node) => Some(*only),
            _ => None,
        }
    }

    fn is_parameter(&self, scope: NodeId, name: &str) -> bool {
        self.parameters(scope).any(|parameter| parameter == name)
    }

    fn parameters(&self, scope: NodeId) -> impl Iterator<Item = &'a str> + '_ {
        let list = (scope != 0)
            .then(|| self.tree.field(scope, "parameters"))
            .flatten();
        list.into_iter()
            .flat_map(|list| self.tree.children(list))
            .filter_map(|parameter| match self.tree.kind(parameter) {
                "identifier" => Some(self.text(parameter)),
                "default_parameter" | "typed_default_parameter" => self
                    .tree
                    .field(parameter, "name")
                    .map(|name| self.text(name)),
                _ => self
                    .tree
                    .subtree(parameter)
                    .find(|node| self.tree.kind(*node) == "identifier")
                    .map(|name| self.text(name)),
            })
    }
}

#[cfg(test)]
mod tests;
