//! What holds at one point of a function: its variables and the objects it can reach.

use super::{
    paths::PathId,
    program::ClassRef,
    value::{Atom, Const, Key, Loc, Origin, Place, Taints, Value},
};
use crate::engine::builtin::ir::Name;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Elements that are told apart; more are one.
const MAX_ITEMS: usize = 24;
/// Keys of a map that are told apart.
const MAX_ENTRIES: usize = 64;
/// How deep containers in containers are searched for untrusted data.
const MAX_SEARCH: u32 = 4;

/// What kind of object it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    List,
    Tuple,
    Set,
    Map,
    /// A configuration file: values by section and key.
    Sections,
    /// A text that is put together; its text is the field ``.
    Text,
    /// Of a class of the program.
    Instance(ClassRef),
    /// Of a class of a library.
    Library(PathId),
    /// A parameter: what is not said here is as the caller left it.
    Given,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) fields: BTreeMap<Name, Value>,
    /// The elements of a sequence, when all of them are known.
    pub(super) items: Option<Vec<Value>>,
    /// The values of a map at known keys.
    pub(super) entries: BTreeMap<Const, Value>,
    /// Any other element or value.
    pub(super) rest: Value,
}

impl Object {
    pub(super) fn new(kind: Kind) -> Self {
        let sequence = matches!(kind, Kind::List | Kind::Tuple | Kind::Set);
        Self {
            kind,
            fields: BTreeMap::new(),
            items: sequence.then(Vec::new),
            entries: BTreeMap::new(),
            rest: Value::default(),
        }
    }

    /// Forgets which element is where.
    pub(super) fn blur(&mut self) {
        if let Some(items) = self.items.take() {
            for item in items {
                self.rest.join(&item);
            }
        }
    }

    pub(super) fn push(&mut self, value: Value) {
        match &mut self.items {
            Some(items) if items.len() < MAX_ITEMS => items.push(value),
            _ => {
                self.blur();
                self.rest.join(&value);
            }
        }
    }

    pub(super) fn put(&mut self, key: Const, value: Value) {
        if self.entries.len() < MAX_ENTRIES || self.entries.contains_key(&key) {
            self.entries.insert(key, value);
        } else {
            self.rest.join(&value);
        }
    }

    /// A value at a key that is not known.
    pub(super) fn put_somewhere(&mut self, value: &Value) {
        for known in self.entries.values_mut() {
            known.join(value);
        }
        self.rest.join(value);
    }

    /// Everything in it.
    pub(super) fn any_element(&self) -> Value {
        let mut any = self.rest.clone();
        for value in self.items.iter().flatten().chain(self.entries.values()) {
            any.join(value);
        }
        any
    }

    /// Everything it holds.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Value> {
        self.fields.values().chain(self.elements())
    }

    /// Everything it holds, but for its fields.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Value> {
        let items = self.items.iter().flatten();
        items.chain(self.entries.values()).chain([&self.rest])
    }

    /// The same with every value changed.
    pub(super) fn map(&self, mut change: impl FnMut(&Value) -> Value) -> Self {
        Self {
            kind: self.kind.clone(),
            fields: self
                .fields
                .iter()
                .map(|(name, value)| (name.clone(), change(value)))
                .collect(),
            items: self
                .items
                .as_ref()
                .map(|items| items.iter().map(&mut change).collect()),
            entries: self
                .entries
                .iter()
                .map(|(key, value)| (key.clone(), change(value)))
                .collect(),
            rest: change(&self.rest),
        }
    }

    /// Takes in what another state of the same object holds; whether it gained untrusted data.
    pub(super) fn grow(&mut self, other: &Self) -> bool {
        let before = self.origins();
        self.join(other, |_| Value::default());
        self.origins() != before
    }

    /// Where all untrusted data in it comes from.
    pub(super) fn origins(&self) -> BTreeSet<Origin> {
        let all = self.parts().flat_map(|part| part.taint.iter());
        all.map(|taint| taint.origin.clone()).collect()
    }

    /// What holds whichever way was taken; `absent` is what a missing member is. Whether it changed.
    fn join(&mut self, other: &Self, absent: impl Fn(Key) -> Value) -> bool {
        let mut changed = false;
        if self.items.as_ref().map(Vec::len) != other.items.as_ref().map(Vec::len) {
            changed |= self.items.is_some();
            self.blur();
        }
        match (&mut self.items, &other.items) {
            (Some(own), Some(theirs)) => {
                for (one, two) in own.iter_mut().zip(theirs) {
                    changed |= one.join(two);
                }
            }
            (None, Some(theirs)) => {
                for value in theirs {
                    changed |= self.rest.join(value);
                }
            }
            _ => {}
        }
        let field = |name: &Name| absent(Key::Field(name.clone()));
        let entry = |key: &Const| absent(Key::Index(key.clone()));
        changed |= join_members(&mut self.fields, &other.fields, field);
        changed |= join_members(&mut self.entries, &other.entries, entry);
        changed | self.rest.join(&other.rest)
    }
}

/// Members that either side has; `absent` is what the other has instead. Whether they changed.
fn join_members<K: Ord + Clone>(
    own: &mut BTreeMap<K, Value>,
    theirs: &BTreeMap<K, Value>,
    absent: impl Fn(&K) -> Value,
) -> bool {
    let mut changed = false;
    for (key, value) in theirs {
        match own.get_mut(key) {
            Some(known) => changed |= known.join(value),
            None => {
                let mut both = absent(key);
                both.join(value);
                own.insert(key.clone(), both);
                changed = true;
            }
        }
    }
    for (key, value) in own.iter_mut() {
        if !theirs.contains_key(key) {
            changed |= value.join(&absent(key));
        }
    }
    changed
}

/// What holds at one point.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Variables that more than one block uses; shared, as most do not change from block to block.
    pub(super) vars: Vec<Arc<Value>>,
    heap: Arc<BTreeMap<Loc, Arc<Object>>>,
}

impl State {
    /// At the beginning, with so many variables.
    pub(super) fn new(vars: usize) -> Self {
        Self {
            vars: vec![Arc::default(); vars],
            heap: Arc::default(),
        }
    }

    pub(super) fn object(&self, loc: &Loc) -> Option<&Object> {
        self.heap.get(loc).map(AsRef::as_ref)
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = (&Loc, &Arc<Object>)> {
        self.heap.iter()
    }

    pub(super) fn insert(&mut self, loc: Loc, object: Object) {
        Arc::make_mut(&mut self.heap).insert(loc, Arc::new(object));
    }

    pub(super) fn share(&mut self, loc: Loc, object: Arc<Object>) {
        Arc::make_mut(&mut self.heap).insert(loc, object);
    }

    /// The object, to be changed. A parameter's is made when it is first asked for.
    pub(super) fn change(&mut self, loc: &Loc) -> Option<&mut Object> {
        let heap = Arc::make_mut(&mut self.heap);
        if !heap.contains_key(loc) {
            let Loc::Param(_) = loc else { return None };
            heap.insert(loc.clone(), Arc::new(Object::new(Kind::Given)));
        }
        heap.get_mut(loc).map(Arc::make_mut)
    }

    /// How much a copy of it is, in values.
    pub(super) fn weight(&self) -> usize {
        let globals = self.heap.first_key_value();
        let fields = globals.map_or(0, |(_, object)| object.fields.len());
        self.vars.len() + self.heap.len() + fields
    }

    /// What holds whichever way was taken; whether it changed.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (own, theirs) in self.vars.iter_mut().zip(&other.vars) {
            if own.is_bottom() && !theirs.is_bottom() {
                own.clone_from(theirs);
                changed = true;
            } else if !Arc::ptr_eq(own, theirs) && own != theirs {
                changed |= Arc::make_mut(own).join(theirs);
            }
        }
        if Arc::ptr_eq(&self.heap, &other.heap) {
            return changed;
        }
        let heap = Arc::make_mut(&mut self.heap);
        for (loc, theirs) in other.heap.iter() {
            match heap.get_mut(loc) {
                None => {
                    let mut object = theirs.as_ref().clone();
                    if let Loc::Param(place) = loc {
                        // The other way left it as it was.
                        object.join(&Object::new(Kind::Given), |key| given(&place.at(key)));
                    }
                    heap.insert(loc.clone(), Arc::new(object));
                    changed = true;
                }
                Some(own) if Arc::ptr_eq(own, theirs) || own == theirs => {}
                Some(own) => changed |= Arc::make_mut(own).join(theirs, absent(loc)),
            }
        }
        for (loc, own) in heap.iter_mut() {
            if let Loc::Param(_) = loc
                && !other.heap.contains_key(loc)
            {
                changed |= Arc::make_mut(own).join(&Object::new(Kind::Given), absent(loc));
            }
        }
        changed
    }

    /// All untrusted data in a value and in what it holds. Objects hold one another in circles and by
    /// many ways; each is looked into once, from the nearest. What fields of objects of the program
    /// hold is in doubt: who takes the object need not look at them.
    pub(super) fn deep_taint(&self, value: &Value) -> Taints {
        let mut taints = value.taint.clone();
        let holds = |atom: &Atom| matches!(atom, Atom::Object(_) | Atom::Param(_));
        if !value.atoms.iter().any(holds) {
            return taints;
        }
        let mut seen = BTreeSet::new();
        let mut level = vec![(value, 0)];
        for _ in 0..=MAX_SEARCH {
            let mut held = Vec::new();
            let atoms = level.iter().flat_map(|(value, doubt)| {
                let atoms = value.atoms.iter();
                atoms.map(move |atom| (atom, *doubt))
            });
            for (atom, doubt) in atoms {
                let loc = match atom {
                    Atom::Object(site) => Loc::Site(*site),
                    Atom::Param(place) => Loc::Param(place.clone()),
                    _ => continue,
                };
                let Some(object) = self.object(&loc) else {
                    continue;
                };
                if seen.insert(loc) {
                    let of_program = matches!(object.kind, Kind::Instance(_) | Kind::Given);
                    let fields = object.fields.values();
                    held.extend(fields.map(|field| (field, doubt + u8::from(of_program))));
                    held.extend(object.elements().map(|element| (element, doubt)));
                }
            }
            for (part, doubt) in &held {
                let doubtful = (0..*doubt).fold(part.taint.clone(), |taint, _| taint.unsure());
                taints.join(&doubtful);
            }
            level = held;
        }
        taints
    }
}

/// What a member of an object is that is not said.
fn absent(loc: &Loc) -> impl Fn(Key) -> Value + '_ {
    move |key| match loc {
        Loc::Param(place) => given(&place.at(key)),
        Loc::Site(_) => Value::default(),
    }
}

/// What the caller gives at a place.
pub(super) fn given(place: &Place) -> Value {
    let taint = super::value::Taint {
        origin: super::value::Origin::Param(place.clone()),
        safe: super::context::Contexts::default(),
        doubt: 0,
        steps: super::value::Steps::default(),
    };
    Value {
        taint: Taints::of(taint),
        ..Value::atom(Atom::Param(place.clone()))
    }
}
