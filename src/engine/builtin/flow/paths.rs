//! Names of libraries as a tree: `sqlite3`, `sqlite3.connect`, `sqlite3.connect()`, and so on.
//!
//! What a library does is said by models at places of this tree; a value of a library is a place in
//! it. A model may say that a place is of a type, which is another place: then that one is meant.

use super::{models::Model, program::hash_of};
use crate::engine::builtin::ir::Name;
use foldhash::HashMap;
use std::rc::Rc;

/// A chain longer than this is not followed: its end stands for all that comes.
pub(super) const MAX_DEPTH: u16 = 16;

/// A place in the tree. First come those that models speak of, in their order; then all others in the
/// order of a hash of how they are written, whichever was asked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PathId {
    hash: u32,
    index: u32,
}

/// From one place to the next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Name(Name),
    Call,
}

#[derive(Debug, Default)]
struct Node {
    parent: Option<PathId>,
    /// How it is written, `a.b()`.
    text: String,
    depth: u16,
    model: Option<Rc<Model>>,
    /// Of which type a value here is.
    is_a: Option<PathId>,
    /// What it inherits from.
    like: Vec<PathId>,
    /// Whether models speak of something below it.
    leads: bool,
}

/// The tree. Places are made when they are asked for.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    children: HashMap<(PathId, Segment), PathId>,
    /// Whether all models were taken in.
    are_loaded: bool,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            children: HashMap::default(),
            are_loaded: false,
        }
    }
}

const ROOT: PathId = PathId { hash: 0, index: 0 };

impl Paths {
    /// No more models are to come.
    pub(super) fn set_loaded(&mut self) {
        self.are_loaded = true;
    }

    /// The place of a dotted name, in which `()` behind a name is what a call gives.
    pub(super) fn place(&mut self, dotted: &str) -> PathId {
        let mut at = ROOT;
        for part in dotted.split('.') {
            let name = part.trim_end_matches("()");
            at = self.child(at, Segment::Name(name.into()));
            for _ in 0..(part.len() - name.len()) / 2 {
                at = self.child(at, Segment::Call);
            }
        }
        at
    }

    /// The member before types are followed: where its model is.
    pub(super) fn raw_member(&mut self, of: PathId, name: &Name) -> PathId {
        self.child(of, Segment::Name(name.clone()))
    }

    /// What calling `of` gives, before types are followed: where the model of the call is.
    pub(super) fn call(&mut self, of: PathId) -> PathId {
        self.child(of, Segment::Call)
    }

    /// The type of what is at a place, or the place.
    pub(super) fn resolved(&self, at: PathId) -> PathId {
        self.node(at).is_a.unwrap_or(at)
    }

    fn child(&mut self, of: PathId, segment: Segment) -> PathId {
        let parent = self.node(of);
        if parent.depth >= MAX_DEPTH {
            return of;
        }
        let depth = parent.depth + 1;
        if let Some(known) = self.children.get(&(of, segment.clone())) {
            return *known;
        }
        let text = match &segment {
            Segment::Call => format!("{}()", parent.text),
            Segment::Name(name) if parent.text.is_empty() => name.to_string(),
            Segment::Name(name) => format!("{}.{name}", parent.text),
        };
        let id = PathId {
            hash: match self.are_loaded {
                true => u32::try_from(hash_of(&text) >> 32).unwrap_or(u32::MAX),
                false => 0,
            },
            index: u32::try_from(self.nodes.len()).unwrap_or(u32::MAX),
        };
        self.nodes.push(Node {
            parent: Some(of),
            text,
            depth,
            ..Node::default()
        });
        self.children.insert((of, segment), id);
        id
    }

    fn node(&self, at: PathId) -> &Node {
        &self.nodes[at.index as usize]
    }

    /// How the place is written.
    pub(super) fn text(&self, at: PathId) -> &str {
        &self.node(at).text
    }

    pub(super) fn parent(&self, at: PathId) -> Option<PathId> {
        self.node(at).parent
    }

    /// Whether anything is said of the place or of what is below it.
    pub(super) fn exists(&self, at: PathId) -> bool {
        self.is_known(at) || self.node(at).leads
    }

    /// Whether anything is said of the place itself.
    pub(super) fn is_known(&self, at: PathId) -> bool {
        self.node(at).model.is_some() || self.node(at).is_a.is_some()
    }

    pub(super) fn model(&self, at: PathId) -> Option<&Rc<Model>> {
        self.node(at).model.as_ref()
    }

    pub(super) fn set_model(&mut self, at: PathId, model: Rc<Model>) {
        self.nodes[at.index as usize].model = Some(model);
        let mut above = self.parent(at);
        while let Some(at) = above.filter(|at| !self.node(*at).leads) {
            self.nodes[at.index as usize].leads = true;
            above = self.parent(at);
        }
    }

    /// Nothing is said of the place any more.
    pub(super) fn forget(&mut self, at: PathId) {
        let node = &mut self.nodes[at.index as usize];
        node.model = None;
        node.is_a = None;
        node.like.clear();
    }

    pub(super) fn set_type(&mut self, at: PathId, of: PathId) {
        self.nodes[at.index as usize].is_a = Some(of);
    }

    pub(super) fn add_parent_type(&mut self, at: PathId, like: PathId) {
        self.nodes[at.index as usize].like.push(like);
    }

    /// What calling the method `name` of a value at `of` gives: at the type itself, or at the
    /// nearest one it inherits from that says something.
    pub(super) fn method_call(&mut self, of: PathId, name: &Name) -> PathId {
        self.inherited(of, |paths, at| {
            let method = paths.raw_member(at, name);
            paths.call(method)
        })
    }

    /// The member `name` of a value at `of`, before types are followed.
    pub(super) fn field(&mut self, of: PathId, name: &Name) -> PathId {
        self.inherited(of, |paths, at| paths.raw_member(at, name))
    }

    fn inherited(
        &mut self,
        of: PathId,
        mut find: impl FnMut(&mut Self, PathId) -> PathId,
    ) -> PathId {
        let own = find(self, of);
        if self.is_known(own) {
            return own;
        }
        let mut waiting = self.node(of).like.clone();
        let mut seen = 0;
        while let Some(at) = waiting.first().copied() {
            waiting.remove(0);
            seen += 1;
            if seen > 64 {
                break;
            }
            let found = find(self, at);
            if self.is_known(found) {
                return found;
            }
            waiting.extend(self.node(at).like.iter().copied());
        }
        own
    }
}
