//! How a text is put together: its parts that are not fixed here, and whether anything is added to
//! them.
//!
//! Sees through names of the same function, f-strings, `+`, `%`, `format`, `join` and `+=`; a part
//! that is a number, quoted for a shell or told by the interpreter itself is left out. Bounded in
//! depth; what is not understood is a part.

use super::{MAX_DEPTH, Module, Origin};
use crate::engine::builtin::syntax::tree::NodeId;

/// A text as it is put together.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Whether fixed text and values are joined here, rather than one value handed on.
    pub(crate) built: bool,
    /// The parts that may be anything.
    pub(crate) open: Vec<NodeId>,
}

impl Module<'_> {
    /// The parts of the text at `node`.
    pub(crate) fn made(&self, node: NodeId) -> Made {
        let mut made = Made::default();
        self.collect(node, MAX_DEPTH, &mut made);
        made.open.sort_unstable();
        made.open.dedup();
        made
    }

    /// Where the open parts of a text come from; `Constant` when there are none.
    pub(crate) fn origin_of_parts(&self, made: &Made) -> Origin {
        let origins = made.open.iter().map(|part| self.origin(*part));
        // A part that is not fixed is at least unknown.
        origins
            .map(|origin| origin.max(Origin::Unknown))
            .max()
            .unwrap_or(Origin::Constant)
    }

    fn collect(&self, node: NodeId, depth: u32, made: &mut Made) {
        if self.is_constant(node) || self.is_inert(node) {
            return;
        }
        let Some(depth) = depth.checked_sub(1).filter(|_| made.open.len() < 64) else {
            made.open.push(node);
            return;
        };
        match self.tree.kind(node) {
            "parenthesized_expression"
            | "list"
            | "tuple"
            | "concatenated_string"
            | "boolean_operator"
            | "list_splat" => {
                made.built |= self.tree.kind(node) == "concatenated_string";
                for child in self.tree.children(node) {
                    self.collect(child, depth, made);
                }
            }
            "string" => {
                made.built = true;
                for part in self.tree.children(node) {
                    if self.tree.kind(part) == "interpolation" && !self.is_numeric(part) {
                        let value = self
                            .tree
                            .field(part, "expression")
                            .or_else(|| self.tree.children(part).next());
                        if let Some(value) = value {
                            self.collect(value, depth, made);
                        }
                    }
                }
            }
            "binary_operator" => self.collect_operator(node, depth, made),
            "conditional_expression" => {
                let parts: Vec<NodeId> = self.tree.children(node).collect();
                for part in [parts.first(), parts.get(2)].into_iter().flatten() {
                    self.collect(*part, depth, made);
                }
            }
            "list_comprehension" | "generator_expression" => {
                if let Some(body) = self.tree.field(node, "body") {
                    self.collect(body, depth, made);
                }
            }
            "call" => self.collect_call(node, depth, made),
            "identifier" => self.collect_name(node, depth, made),
            _ => made.open.push(node),
        }
    }

    fn collect_operator(&self, node: NodeId, depth: u32, made: &mut Made) {
        let operator = self
            .tree
            .field(node, "operator")
            .map_or("", |operator| self.text(operator));
        let (Some(left), Some(right)) = (
            self.tree.field(node, "left"),
            self.tree.field(node, "right"),
        ) else {
            made.open.push(node);
            return;
        };
        match operator {
            "+" => {
                made.built = true;
                self.collect(left, depth, made);
                self.collect(right, depth, made);
            }
            "%" => {
                made.built = true;
                self.collect(left, depth, made);
                let only_numbers = self.string(left).is_some_and(|format| {
                    let mut conversions = format.replace("%%", "");
                    conversions.retain(|character| character == '%' || character.is_alphabetic());
                    !conversions.contains("%s")
                        && !conversions.contains("%r")
                        && !format.contains("%(")
                });
                if !only_numbers {
                    self.collect(right, depth, made);
                }
            }
            // Arithmetic gives numbers; `"a" * n` repeats.
            "-" | "//" | "**" => {}
            _ => made.open.push(node),
        }
    }

    fn collect_call(&self, node: NodeId, depth: u32, made: &mut Made) {
        let args = self.args(node);
        let receiver = self.receiver(node);
        let callee = self.callee(node);
        match (self.method(node), receiver) {
            (Some("format" | "format_map"), Some(receiver)) => {
                made.built = true;
                self.collect(receiver, depth, made);
                for value in args
                    .positional
                    .iter()
                    .chain(args.keywords.iter().map(|(_, value)| value))
                {
                    self.collect(*value, depth, made);
                }
                if args.open {
                    made.open.push(node);
                }
            }
            (Some("join"), Some(receiver)) if self.is_constant(receiver) => {
                made.built = true;
                for value in &args.positional {
                    self.collect(*value, depth, made);
                }
            }
            (
                Some(
                    "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "encode" | "decode"
                    | "replace" | "title",
                ),
                Some(receiver),
            ) => self.collect(receiver, depth, made),
            _ if matches!(callee.as_deref(), Some("str" | "textwrap.dedent")) => {
                for value in &args.positional {
                    self.collect(*value, depth, made);
                }
            }
            _ => made.open.push(node),
        }
    }

    fn collect_name(&self, node: NodeId, depth: u32, made: &mut Made) {
        let name = self.text(node);
        let scope = self.scope(node);
        let own = self.assigned.get(&(scope, name));
        let added = self.added.get(&(scope, name));
        let values = match own {
            Some(values) => Some(values),
            None if self.is_parameter(scope, name) => None,
            None => self.assigned.get(&(0, name)),
        };
        let known: Vec<NodeId> = values.into_iter().flatten().flatten().copied().collect();
        let additions = added.map_or(0, Vec::len);
        let all = values.is_some_and(|values| values.len() == known.len() + additions);
        let refers_to_itself = known
            .iter()
            .chain(added.into_iter().flatten())
            .any(|value| self.tree.subtree(*value).contains(&node));
        if refers_to_itself || self.is_parameter(scope, name) && additions == 0 || !all {
            made.open.push(node);
            return;
        }
        made.built |= additions > 0;
        for value in known.iter().chain(added.into_iter().flatten()) {
            self.collect(*value, depth, made);
        }
    }

    /// `{value:d}` and the like.
    fn is_numeric(&self, interpolation: NodeId) -> bool {
        self.tree
            .children(interpolation)
            .find(|child| self.tree.kind(*child) == "format_specifier")
            .is_some_and(|format| {
                self.text(format)
                    .ends_with(['d', 'x', 'X', 'f', 'g', 'e', 'b', 'o'])
            })
    }

    /// Values that nobody outside chooses, or that can carry no syntax.
    fn is_inert(&self, node: NodeId) -> bool {
        match self.tree.kind(node) {
            "call" => {
                let named = self.callee(node).is_some_and(|name| {
                    matches!(
                        name.as_str(),
                        "shlex.quote"
                            | "pipes.quote"
                            | "shlex.join"
                            | "subprocess.list2cmdline"
                            | "shutil.which"
                            | "os.getcwd"
                            | "tempfile.mkdtemp"
                            | "tempfile.gettempdir"
                    )
                });
                let path = self
                    .callee(node)
                    .is_some_and(|name| name.starts_with("os.path.") || name == "pathlib.Path")
                    && self
                        .args(node)
                        .positional
                        .iter()
                        .all(|part| self.is_constant(*part) || self.is_inert(*part));
                named || path || self.is_conversion(node)
            }
            "identifier" => self.text(node) == "__file__",
            "attribute" => matches!(
                self.qualified(node).as_deref(),
                Some("sys.executable" | "os.sep" | "sys.platform" | "os.devnull" | "os.pathsep")
            ),
            "comparison_operator" | "not_operator" => true,
            _ => false,
        }
    }
}
