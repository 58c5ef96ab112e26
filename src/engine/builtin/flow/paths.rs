//! Names of libraries as a tree: `sqlite3`, `sqlite3.connect`, `sqlite3.connect()`, and so on.
//!
//! What a library does is said by models at places of this tree; a value of a library is a place in
//! it. A model may say that a place is of a type, which is another place: then that one is meant.

use super::{frame::mix, models::Model, program::hash_of, written};
use crate::engine::builtin::ir::Name;
use elsa::sync::FrozenMap;
use foldhash::HashMap;
use serde::{Deserialize, Serialize, Serializer};
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

/// A chain longer than this is not followed: its end stands for all that comes.
pub(super) const MAX_DEPTH: u16 = 16;

/// A place in the tree: its number for those that models speak of, in their order; behind them, for
/// all others, a hash of how one comes there. So it is the same whoever asks for it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(super) struct PathId(u64);

impl Serialize for PathId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        written::place(*self);
        self.0.serialize(to)
    }
}

const ROOT: PathId = PathId(0);
/// Marks a hash.
const HASHED: u64 = 1 << 63;
/// What a call is hashed as; no name is.
const CALL: u64 = 1;

/// From one place to the next.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Segment {
    Name(Name),
    Call,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// From where one comes here, and how.
    parent: Option<(PathId, Segment)>,
    /// How it is written, `a.b()`.
    text: Name,
    depth: u16,
    model: Option<Arc<Model>>,
    /// Of which type a value here is.
    is_a: Option<PathId>,
    /// What it inherits from.
    like: Vec<PathId>,
    /// Whether models speak of something below it.
    leads: bool,
}

/// The tree. Models are taken in first; then places are made when they are asked for, by whoever
/// looks, on any thread.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: HashMap<PathId, Box<Node>>,
    children: HashMap<(PathId, Segment), PathId>,
    /// What was asked for since the last [`Self::settle`]; it is slower to find.
    new_nodes: FrozenMap<PathId, Box<Node>>,
    new_children: FrozenMap<(PathId, Segment), PathId>,
}

impl Paths {
    /// The root alone, to take models in.
    pub(super) fn new() -> Self {
        Self {
            nodes: HashMap::from_iter([(ROOT, Box::default())]),
            children: HashMap::default(),
            new_nodes: FrozenMap::new(),
            new_children: FrozenMap::new(),
        }
    }

    /// What was asked for is found faster from now on.
    pub(super) fn settle(&mut self) {
        self.nodes.extend(self.new_nodes.as_mut().drain());
        self.children.extend(self.new_children.as_mut().drain());
    }

    /// The place of a dotted name, in which `()` behind a name is what a call gives.
    pub(super) fn place(&self, dotted: &str) -> PathId {
        segments(dotted).fold(ROOT, |of, segment| self.child(of, segment))
    }

    /// The member before types are followed: where its model is.
    pub(super) fn raw_member(&self, of: PathId, name: &Name) -> PathId {
        self.child(of, Segment::Name(name.clone()))
    }

    /// What calling `of` gives, before types are followed: where the model of the call is.
    pub(super) fn call(&self, of: PathId) -> PathId {
        self.child(of, Segment::Call)
    }

    /// The type of what is at a place, or the place.
    pub(super) fn resolved(&self, at: PathId) -> PathId {
        self.node(at).is_a.unwrap_or(at)
    }

    fn child(&self, of: PathId, segment: Segment) -> PathId {
        let key = (of, segment);
        if let Some(known) = self.children.get(&key) {
            return *known;
        }
        if let Some(known) = self.new_children.get_copy(&key) {
            return known;
        }
        let parent = self.node(of);
        if parent.depth >= MAX_DEPTH {
            return of;
        }
        let way = match &key.1 {
            Segment::Call => CALL,
            Segment::Name(name) => hash_of(name),
        };
        let id = PathId(mix(of.0, way) | HASHED);
        if !self.nodes.contains_key(&id) {
            let node = below(of, parent, &key.1);
            self.new_nodes.insert(id, Box::new(node));
        }
        self.new_children.get_copy_or_insert(key, id)
    }

    /// The place of a dotted name that a model speaks of.
    pub(super) fn modelled(&mut self, dotted: &str) -> PathId {
        segments(dotted).fold(ROOT, |of, segment| {
            let key = (of, segment);
            if let Some(known) = self.children.get(&key) {
                return *known;
            }
            let node = below(of, self.node(of), &key.1);
            let id = PathId(self.nodes.len() as u64);
            self.nodes.insert(id, Box::new(node));
            self.children.insert(key, id);
            id
        })
    }

    fn node(&self, at: PathId) -> &Node {
        static NOWHERE: LazyLock<Node> = LazyLock::new(Node::default);
        let known = self.nodes.get(&at).map(AsRef::as_ref);
        let known = known.or_else(|| self.new_nodes.get(&at));
        known.unwrap_or(&NOWHERE)
    }

    /// A place that a model speaks of.
    fn change(&mut self, at: PathId) -> &mut Node {
        self.nodes.entry(at).or_default()
    }

    /// How the place is written.
    pub(super) fn text(&self, at: PathId) -> &str {
        &self.node(at).text
    }

    pub(super) fn parent(&self, at: PathId) -> Option<PathId> {
        self.node(at).parent.as_ref().map(|(parent, _)| *parent)
    }

    /// How one comes to places that no model speaks of, each behind those it lies below.
    pub(super) fn ways(&self, places: impl IntoIterator<Item = PathId>) -> Vec<(PathId, Segment)> {
        let mut seen: BTreeSet<PathId> = BTreeSet::new();
        let mut ways = Vec::new();
        for place in places {
            let mut at = place;
            let mut way = Vec::new();
            while at.0 & HASHED != 0 && seen.insert(at) {
                let Some((parent, segment)) = &self.node(at).parent else {
                    break;
                };
                way.push((*parent, segment.clone()));
                at = *parent;
            }
            ways.extend(way.into_iter().rev());
        }
        ways
    }

    /// Makes the places that [`Self::ways`] told of.
    pub(super) fn make(&self, ways: &[(PathId, Segment)]) {
        for (of, segment) in ways {
            self.child(*of, segment.clone());
        }
    }

    /// Whether anything is said of the place or of what is below it.
    pub(super) fn exists(&self, at: PathId) -> bool {
        self.is_known(at) || self.node(at).leads
    }

    /// Whether anything is said of the place itself.
    pub(super) fn is_known(&self, at: PathId) -> bool {
        self.node(at).model.is_some() || self.node(at).is_a.is_some()
    }

    pub(super) fn model(&self, at: PathId) -> Option<&Arc<Model>> {
        self.node(at).model.as_ref()
    }

    pub(super) fn set_model(&mut self, at: PathId, model: Arc<Model>) {
        self.change(at).model = Some(model);
        let mut above = self.parent(at);
        while let Some(at) = above.filter(|at| !self.node(*at).leads) {
            self.change(at).leads = true;
            above = self.parent(at);
        }
    }

    /// Nothing is said of the place any more.
    pub(super) fn forget(&mut self, at: PathId) {
        let node = self.change(at);
        node.model = None;
        node.is_a = None;
        node.like.clear();
    }

    pub(super) fn set_type(&mut self, at: PathId, of: PathId) {
        self.change(at).is_a = Some(of);
    }

    pub(super) fn add_parent_type(&mut self, at: PathId, like: PathId) {
        self.change(at).like.push(like);
    }

    /// What calling the method `name` of a value at `of` gives: at the type itself, or at the
    /// nearest one it inherits from that says something.
    pub(super) fn method_call(&self, of: PathId, name: &Name) -> PathId {
        self.inherited(of, |paths, at| {
            let method = paths.raw_member(at, name);
            paths.call(method)
        })
    }

    /// The member `name` of a value at `of`, before types are followed.
    pub(super) fn field(&self, of: PathId, name: &Name) -> PathId {
        self.inherited(of, |paths, at| paths.raw_member(at, name))
    }

    fn inherited(&self, of: PathId, find: impl Fn(&Self, PathId) -> PathId) -> PathId {
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

/// A place that lies behind another one.
fn below(of: PathId, parent: &Node, segment: &Segment) -> Node {
    let text: Name = match segment {
        Segment::Call => format!("{}()", parent.text).into(),
        Segment::Name(name) if parent.text.is_empty() => name.clone(),
        Segment::Name(name) => format!("{}.{name}", parent.text).into(),
    };
    Node {
        parent: Some((of, segment.clone())),
        text,
        depth: parent.depth + 1,
        ..Node::default()
    }
}

/// The way to a dotted name, in which `()` behind a name is what a call gives.
fn segments(dotted: &str) -> impl Iterator<Item = Segment> {
    dotted.split('.').flat_map(|part| {
        let name = part.trim_end_matches("()");
        let calls = (part.len() - name.len()) / 2;
        let name = std::iter::once(Segment::Name(name.into()));
        name.chain(std::iter::repeat_n(Segment::Call, calls))
    })
}
