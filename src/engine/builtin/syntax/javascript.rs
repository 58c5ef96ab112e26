//! What detectors may ask of a JavaScript or TypeScript file.
//!
//! Imports (`import`, `require`) resolved to qualified names, arguments and options, constants, and
//! where a value comes from as far as one function shows. No types, no calls followed, no other
//! files: what is not seen is [`Origin::Unknown`], never "safe".

mod origin;

use super::tree::{NodeId, ParseFailure, Tree};
use crate::engine::{
    builtin::text::{SourceText, slice},
    inventory::Language,
};
use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
    ops::Range,
};
use tokio_util::sync::CancellationToken;

/// How deep expressions are followed.
const MAX_DEPTH: u32 = 24;
/// How far up functions are looked for.
const MAX_HEIGHT: usize = 400;
/// How much of a list of parameters is read.
const MAX_PARAMETERS: usize = 400;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Written in the source.
    Constant,
    /// Not seen.
    Unknown,
    /// The address of the page, which a link chooses.
    Page,
    /// A web request.
    Remote,
}

/// A parsed file.
pub(crate) struct Script<'a> {
    source: &'a SourceText,
    pub(crate) tree: Tree,
    /// Local name → qualified name.
    imports: HashMap<&'a str, String>,
    /// (scope, name) → values assigned; a scope is a function's node or the root.
    assigned: HashMap<(NodeId, &'a str), Vec<Option<NodeId>>>,
    /// Names of functions and classes that the file defines.
    defined: BTreeSet<&'a str>,
    /// Steps spent on questions about values.
    spent: Cell<u64>,
}

impl<'a> Script<'a> {
    /// Parses a file.
    pub(crate) fn parse(
        source: &'a SourceText,
        cancel: &CancellationToken,
    ) -> Result<Self, ParseFailure> {
        let path = source.path.to_ascii_lowercase();
        let language = match source.language {
            Some(Language::Typescript) if path.ends_with(".tsx") => {
                tree_sitter_typescript::LANGUAGE_TSX.into()
            }
            Some(Language::Typescript) => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            _ => tree_sitter_javascript::LANGUAGE.into(),
        };
        let tree = Tree::parse(&language, &source.text, cancel)?;
        let mut script = Self {
            source,
            tree,
            imports: HashMap::new(),
            assigned: HashMap::new(),
            defined: BTreeSet::new(),
            spent: Cell::new(0),
        };
        script.index();
        Ok(script)
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

    /// Every node of a kind, in source order.
    pub(crate) fn all<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = NodeId> + 's {
        self.tree.of_kind(kind)
    }

    fn index(&mut self) {
        for node in self.tree.subtree(self.tree.root()) {
            match self.tree.kind(node) {
                "import_statement" => self.index_import(node),
                "variable_declarator" => {
                    let name = self.tree.field(node, "name");
                    let value = self.tree.field(node, "value");
                    if let Some(name) = name {
                        let module = value.and_then(|value| self.module_of(value));
                        match module {
                            Some(module) => self.bind(name, &module),
                            None => self.assign(name, value),
                        }
                    }
                }
                "assignment_expression" => {
                    if let Some(left) = self.tree.field(node, "left") {
                        self.assign(left, self.tree.field(node, "right"));
                    }
                }
                "augmented_assignment_expression" | "for_in_statement" => {
                    if let Some(left) = self.tree.field(node, "left") {
                        self.assign(left, None);
                    }
                }
                "function_declaration" | "class_declaration" => {
                    if let Some(name) = self.tree.field(node, "name") {
                        let name = self.text(name);
                        self.defined.insert(name);
                    }
                }
                _ => {}
            }
        }
    }

    /// `require("x")`, perhaps with a member: the qualified name.
    fn module_of(&self, value: NodeId) -> Option<String> {
        match self.tree.kind(value) {
            "call_expression" => {
                let function = self.tree.field(value, "function")?;
                let list = self.tree.field(value, "arguments")?;
                let first = self.tree.children(list).next()?;
                (self.text(function) == "require").then(|| self.literal(first).map(module_name))?
            }
            "member_expression" => {
                let module = self.module_of(self.tree.field(value, "object")?)?;
                let member = self.text(self.tree.field(value, "property")?);
                Some(format!("{module}.{member}"))
            }
            "await_expression" => self.module_of(self.tree.children(value).next()?),
            _ => None,
        }
    }

    fn index_import(&mut self, node: NodeId) {
        let source = self
            .tree
            .field(node, "source")
            .and_then(|source| self.literal(source));
        let Some(module) = source.map(module_name) else {
            return;
        };
        let clause = self
            .tree
            .children(node)
            .find(|child| self.tree.kind(*child) == "import_clause");
        let parts: Vec<NodeId> = clause
            .map(|clause| self.tree.subtree(clause).collect())
            .unwrap_or_default();
        for part in parts {
            match self.tree.kind(part) {
                "import_specifier" => {
                    let Some(name) = self.tree.field(part, "name") else {
                        continue;
                    };
                    let local = self.tree.field(part, "alias").unwrap_or(name);
                    let (local, full) = (self.text(local), format!("{module}.{}", self.text(name)));
                    self.imports.insert(local, full);
                }
                "identifier"
                    if matches!(
                        self.tree.kind(self.tree.parent(part)),
                        "import_clause" | "namespace_import"
                    ) =>
                {
                    let local = self.text(part);
                    self.imports.insert(local, module.clone());
                }
                _ => {}
            }
        }
    }

    /// Binds a name or the names of a pattern to a module or its members.
    fn bind(&mut self, name: NodeId, module: &str) {
        if self.tree.kind(name) == "identifier" {
            let local = self.text(name);
            self.imports.insert(local, module.to_owned());
            return;
        }
        let parts: Vec<NodeId> = self.tree.children(name).collect();
        for part in parts {
            let (member, local) = match self.tree.kind(part) {
                "shorthand_property_identifier_pattern" => (Some(part), Some(part)),
                "pair_pattern" => (self.tree.field(part, "key"), self.tree.field(part, "value")),
                _ => (None, None),
            };
            if let (Some(member), Some(local)) = (member, local) {
                let (member, local) = (self.text(member), self.text(local));
                self.imports.insert(local, format!("{module}.{member}"));
            }
        }
    }

    fn assign(&mut self, target: NodeId, value: Option<NodeId>) {
        let scope = self.scope(target);
        match self.tree.kind(target) {
            "identifier" => {
                let name = self.text(target);
                self.assigned.entry((scope, name)).or_default().push(value);
            }
            // Each name of a pattern comes from the whole value.
            "object_pattern" | "array_pattern" => {
                let names: Vec<NodeId> = self
                    .tree
                    .subtree(target)
                    .filter(|node| {
                        matches!(
                            self.tree.kind(*node),
                            "identifier" | "shorthand_property_identifier_pattern"
                        )
                    })
                    .collect();
                let fixed = value.filter(|value| !self.is_constant(*value));
                for name in names {
                    let name = self.text(name);
                    self.assigned.entry((scope, name)).or_default().push(fixed);
                }
            }
            _ => {}
        }
    }

    /// The function around a node, or the root.
    pub(crate) fn scope(&self, node: NodeId) -> NodeId {
        self.tree
            .ancestors(node)
            .take(MAX_HEIGHT)
            .find(|at| self.is_function(*at))
            .unwrap_or(0)
    }

    fn is_function(&self, node: NodeId) -> bool {
        matches!(
            self.tree.kind(node),
            "function_declaration"
                | "function_expression"
                | "arrow_function"
                | "method_definition"
                | "generator_function"
                | "generator_function_declaration"
        )
    }

    /// The enclosing classes and functions that have a name, joined by dots.
    pub(crate) fn symbol(&self, node: NodeId) -> String {
        let mut names: Vec<&str> = self
            .tree
            .ancestors(node)
            .take(MAX_HEIGHT)
            .filter_map(|at| self.name_of(at))
            .take(16)
            .collect();
        names.reverse();
        names.join(".")
    }

    fn name_of(&self, node: NodeId) -> Option<&'a str> {
        let kind = self.tree.kind(node);
        if !self.is_function(node) && kind != "class_declaration" {
            return None;
        }
        let own = self.tree.field(node, "name").map(|name| self.text(name));
        own.or_else(|| {
            let parent = self.tree.parent(node);
            let name = match self.tree.kind(parent) {
                "variable_declarator" => self.tree.field(parent, "name"),
                "assignment_expression" => self.tree.field(parent, "left"),
                "pair" => self.tree.field(parent, "key"),
                _ => None,
            };
            name.map(|name| self.text(name))
                .filter(|name| name.len() < 80)
        })
    }

    /// Whether a function around `node` has a parameter called `name`.
    fn is_parameter(&self, node: NodeId, name: &str) -> bool {
        let functions = self
            .tree
            .ancestors(node)
            .take(MAX_HEIGHT)
            .filter(|at| self.is_function(*at))
            .take(8);
        functions
            .filter_map(|at| {
                self.tree
                    .field(at, "parameters")
                    .or_else(|| self.tree.field(at, "parameter"))
            })
            .any(|list| {
                self.tree.subtree(list).take(MAX_PARAMETERS).any(|part| {
                    matches!(
                        self.tree.kind(part),
                        "identifier" | "shorthand_property_identifier_pattern"
                    ) && self.text(part) == name
                })
            })
    }

    /// The values of a name where `node` stands, of the innermost function that assigns it.
    pub(super) fn values_of(&self, node: NodeId) -> Option<&[Option<NodeId>]> {
        let name = self.text(node);
        if self.is_parameter(node, name) {
            return None;
        }
        let scopes = self
            .tree
            .ancestors(node)
            .take(MAX_HEIGHT)
            .filter(|at| *at != 0 && self.is_function(*at))
            .chain([0]);
        scopes
            .filter_map(|scope| self.assigned.get(&(scope, name)))
            .next()
            .map(Vec::as_slice)
    }

    /// The one value of a name, if it has exactly one.
    pub(crate) fn value_of(&self, node: NodeId) -> Option<NodeId> {
        match self.values_of(node)? {
            [Some(only)] if !self.tree.subtree(*only).contains(&node) => Some(*only),
            _ => None,
        }
    }

    /// The qualified name of an identifier or member chain: imports are resolved, a global stays as
    /// it is, anything that the file binds itself is `None`.
    pub(crate) fn qualified(&self, node: NodeId) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = node;
        for _ in 0..MAX_DEPTH {
            match self.tree.kind(at) {
                "identifier" => {
                    let name = self.text(at);
                    let own = self.defined.contains(name)
                        || self.is_parameter(at, name)
                        || self.values_of(at).is_some();
                    let root = match self.imports.get(name) {
                        Some(module) => module.clone(),
                        None if own => return None,
                        None => name.to_owned(),
                    };
                    parts.push(root);
                    parts.reverse();
                    return Some(parts.join("."));
                }
                "member_expression" => {
                    parts.push(self.text(self.tree.field(at, "property")?).to_owned());
                    at = self.tree.field(at, "object")?;
                }
                "call_expression" => {
                    parts.push(self.module_of(at)?);
                    parts.reverse();
                    return Some(parts.join("."));
                }
                _ => return None,
            }
        }
        None
    }

    /// The qualified name of what a call calls, or what `new` makes. A default import is the module.
    pub(crate) fn callee(&self, call: NodeId) -> Option<String> {
        let function = self
            .tree
            .field(call, "function")
            .or_else(|| self.tree.field(call, "constructor"))?;
        self.qualified(function)
            .map(|name| name.replace(".default", ""))
    }

    /// The name of the method a call calls, and what it is called on.
    pub(crate) fn method(&self, call: NodeId) -> Option<(NodeId, &'a str)> {
        let function = self.tree.field(call, "function")?;
        let object = self.tree.field(function, "object")?;
        Some((object, self.text(self.tree.field(function, "property")?)))
    }

    /// The arguments of a call in order; empty for a tagged template.
    pub(crate) fn args(&self, call: NodeId) -> Vec<NodeId> {
        let list = self
            .tree
            .field(call, "arguments")
            .filter(|list| self.tree.kind(*list) == "arguments");
        list.map(|list| self.tree.children(list).collect())
            .unwrap_or_default()
    }

    /// The value of an option in an object, seen through a name.
    pub(crate) fn option(&self, object: NodeId, name: &str) -> Option<NodeId> {
        let object = self.behind(object);
        if self.tree.kind(object) != "object" {
            return None;
        }
        let mut pairs = self
            .tree
            .children(object)
            .filter(|pair| self.tree.kind(*pair) == "pair");
        let pair = pairs.find(|pair| {
            self.tree
                .field(*pair, "key")
                .is_some_and(|key| self.text(key).trim_matches(['"', '\'']) == name)
        })?;
        self.tree.field(pair, "value")
    }

    /// The value behind a name that is assigned once; anything else itself.
    pub(crate) fn behind(&self, node: NodeId) -> NodeId {
        match self.tree.kind(node) {
            "identifier" => self.value_of(node).unwrap_or(node),
            _ => node,
        }
    }

    /// The text of a string literal.
    pub(crate) fn literal(&self, node: NodeId) -> Option<&'a str> {
        let plain = match self.tree.kind(node) {
            "string" => true,
            "template_string" => !self
                .tree
                .children(node)
                .any(|part| self.tree.kind(part) == "template_substitution"),
            _ => false,
        };
        let text = self.text(node);
        plain.then(|| text.get(1..text.len().checked_sub(1)?))?
    }

    /// The text of a string, also through a name.
    pub(crate) fn string(&self, node: NodeId) -> Option<&'a str> {
        self.literal(self.behind(node))
    }

    /// Whether a value is the literal `true` or `false`, also through a name.
    pub(crate) fn truth(&self, node: NodeId) -> Option<bool> {
        match self.tree.kind(self.behind(node)) {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Names around a node that tell what it is about, in lower case.
    pub(crate) fn context_words(&self, node: NodeId) -> String {
        let mut words = self.symbol(node).to_lowercase();
        for at in self.tree.ancestors(node).take(12) {
            let name = match self.tree.kind(at) {
                "variable_declarator" => self.tree.field(at, "name"),
                "assignment_expression" => self.tree.field(at, "left"),
                "pair" => self.tree.field(at, "key"),
                "call_expression" => self.tree.field(at, "function"),
                "statement_block" | "program" => break,
                _ => None,
            };
            if let Some(name) = name.filter(|name| self.tree.span(*name).len() < 60) {
                words.push(' ');
                words.push_str(&self.text(name).to_lowercase());
            }
        }
        words
    }
}

/// A module's name as detectors know it.
fn module_name(name: &str) -> String {
    name.strip_prefix("node:").unwrap_or(name).to_owned()
}
