//! Where values come from, and what a place is about: the questions that need more than one node.
//!
//! Follows assignments inside one function only, a bounded number of nodes per question.

use super::{MAX_VISITS, Module, Origin};
use crate::engine::builtin::syntax::tree::NodeId;
use std::collections::BTreeSet;

impl Module<'_> {
    /// Where a value comes from, as far as this function shows.
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
                let opaque = match self.tree.kind(at) {
                    "call" => self.is_conversion(at) || self.is_constant(at),
                    "subscript" => self.is_constant(at),
                    // Their results are truth values.
                    "comparison_operator" | "not_operator" => true,
                    _ => false,
                };
                if opaque {
                    next = self.tree.subtree(at).end;
                    continue;
                }
                visits += 1;
                if visits > MAX_VISITS {
                    return origin;
                }
                if self.tree.kind(at) == "identifier" {
                    origin = origin.max(self.origin_of_name(at));
                    let name = self.text(at);
                    let scope = self.scope(at);
                    if seen.insert((scope, name))
                        && let Some(values) = self.assigned.get(&(scope, name))
                    {
                        todo.extend(values.iter().flatten().copied());
                    }
                }
            }
        }
        origin
    }

    /// Calls after which nothing of the text that went in is left, or nothing with meaning to a
    /// shell, a query or an interpreter.
    pub(super) fn is_conversion(&self, call: NodeId) -> bool {
        let method = self.receiver(call).is_some()
            && matches!(
                self.method(call),
                Some(
                    "hexdigest"
                        | "isdigit"
                        | "isalnum"
                        | "isalpha"
                        | "isnumeric"
                        | "startswith"
                        | "endswith"
                        | "total_seconds"
                        | "timestamp"
                )
            );
        method
            || self.callee(call).is_some_and(|name| {
                matches!(
                    name.as_str(),
                    "int"
                        | "float"
                        | "bool"
                        | "len"
                        | "ord"
                        | "hash"
                        | "id"
                        | "round"
                        | "abs"
                        | "range"
                        | "uuid.UUID"
                        | "uuid.uuid1"
                        | "uuid.uuid4"
                        | "ast.literal_eval"
                        | "decimal.Decimal"
                        | "ipaddress.ip_address"
                        | "ipaddress.ip_network"
                        | "ipaddress.IPv4Address"
                        | "ipaddress.IPv6Address"
                        | "werkzeug.utils.secure_filename"
                        | "time.time"
                        | "os.getpid"
                        | "secrets.token_hex"
                )
            })
    }

    fn origin_of_name(&self, node: NodeId) -> Origin {
        let parent = self.tree.parent(node);
        // Keyword names and attribute names are no values.
        if matches!(self.tree.field_of(node), Some("attribute"))
            || self.tree.kind(parent) == "keyword_argument"
                && self.tree.field_of(node) == Some("name")
        {
            let is_self_request = self.text(node) == "request"
                && self.tree.kind(parent) == "attribute"
                && self.is_request_read(parent);
            return if is_self_request {
                Origin::Remote
            } else {
                Origin::Unknown
            };
        }
        let name = self.text(node);
        let scope = self.scope(node);
        match name {
            "request" if self.is_request_read(node) => Origin::Remote,
            "input" if self.tree.kind(parent) == "call" && !self.is_own(node, name) => {
                Origin::Local
            }
            "sys" if self.text(parent) == "sys.argv" => Origin::Local,
            _ if self.is_route(scope)
                && self.is_parameter(scope, name)
                && !matches!(name, "self" | "request" | "cls" | "db" | "session") =>
            {
                Origin::Remote
            }
            _ => Origin::Unknown,
        }
    }

    /// `request.args`, `request.GET`, … : the parts of a request that a caller writes.
    fn is_request_read(&self, request: NodeId) -> bool {
        const PARTS: &[&str] = &[
            "args",
            "form",
            "values",
            "json",
            "data",
            "files",
            "cookies",
            "headers",
            "get_json",
            "get_data",
            "query_string",
            "GET",
            "POST",
            "FILES",
            "COOKIES",
            "META",
            "body",
            "query_params",
            "path_params",
            "query",
            "params",
            "match_info",
            "rel_url",
            "url",
        ];
        let parent = self.tree.parent(request);
        self.tree.kind(parent) == "attribute"
            && self
                .tree
                .field(parent, "attribute")
                .is_some_and(|part| PARTS.contains(&self.text(part)))
    }

    /// Whether a function is registered as a web route by a decorator.
    pub(crate) fn is_route(&self, function: NodeId) -> bool {
        self.decorators(function).any(|decorator| {
            let text = self.text(decorator);
            let name = text.trim_start_matches('@').split('(').next().unwrap_or("");
            let last = name.rsplit('.').next().unwrap_or("");
            let routed = matches!(
                last,
                "route" | "get" | "post" | "put" | "delete" | "patch" | "api_route" | "websocket"
            );
            routed && name.contains('.') && (text.contains("\"/") || text.contains("'/"))
        })
    }

    fn decorators(&self, function: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let parent = self.tree.parent(function);
        let decorated = self.tree.kind(parent) == "decorated_definition";
        decorated
            .then(|| self.tree.children(parent))
            .into_iter()
            .flatten()
            .filter(|child| self.tree.kind(*child) == "decorator")
    }

    /// Words that tell what a place is about: names of the enclosing functions and of the
    /// assignment, keyword or call the node takes part in; lower case.
    pub(crate) fn context_words(&self, node: NodeId) -> String {
        let mut words = self.symbol(node).to_lowercase();
        for at in self.tree.ancestors(node).take(12) {
            let name = match self.tree.kind(at) {
                "assignment" => self.tree.field(at, "left"),
                "keyword_argument" => self.tree.field(at, "name"),
                "call" => self.tree.field(at, "function"),
                "pair" => self.tree.field(at, "key"),
                "block" | "module" => break,
                _ => None,
            };
            if let Some(name) = name.filter(|name| self.tree.span(*name).len() < 100) {
                words.push(' ');
                words.push_str(&self.text(name).to_lowercase());
            }
        }
        words
    }

    /// Whether the node stands under an `if` whose condition contains one of `words`.
    pub(crate) fn under_condition(&self, node: NodeId, words: &[&str]) -> bool {
        self.tree.ancestors(node).any(|at| {
            matches!(
                self.tree.kind(at),
                "if_statement" | "elif_clause" | "conditional_expression"
            ) && {
                let condition = self.tree.field(at, "condition").unwrap_or(at);
                let text = self.text(condition).to_lowercase();
                text.len() < 300 && words.iter().any(|word| text.contains(word))
            }
        })
    }
}
