//! Packages, imports, and what belongs to no class.

use super::Java;
use crate::engine::builtin::{ir::OpKind, syntax::tree::NodeId};

impl Java<'_> {
    /// The names of the file that are neither types nor members of a class of it.
    pub(super) fn find_globals(&mut self, root: NodeId) {
        for node in self.children(root) {
            let name = match self.kind(node) {
                "method_declaration" => self.field(node, "name"),
                "import_declaration" if self.has_token(node, "static") => {
                    let path = self.children(node);
                    let path = path.into_iter().find(|it| self.kind(*it) != "asterisk");
                    path.map(|it| self.field(it, "name").unwrap_or(it))
                }
                _ => None,
            };
            if let Some(name) = name {
                self.global.insert(self.of(name));
            }
        }
    }

    pub(super) fn package(&mut self, node: NodeId) {
        let name = self
            .children(node)
            .into_iter()
            .find(|it| matches!(self.kind(*it), "identifier" | "scoped_identifier"));
        self.package = name.map(|name| self.plain(name).into());
    }

    pub(super) fn import(&mut self, node: NodeId) {
        let parts = self.children(node);
        let Some(path) = parts.first() else {
            return;
        };
        let text = self.plain(*path);
        if parts.iter().any(|it| self.kind(*it) == "asterisk") {
            self.push(node, OpKind::ImportAll(text.into()));
            return;
        }
        let name = text.rsplit('.').next().unwrap_or(&text).into();
        let value = self.value(node, |to| OpKind::Import(to, text.into()));
        self.push(node, OpKind::StoreGlobal(name, value));
    }
}
