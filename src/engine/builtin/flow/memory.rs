//! What outlives the call of a function, and who looked at it. Who looked at values and objects is noted;
//! what classes are derived from, and what files import whole, is not.

use super::{
    program::{ClassRef, FuncRef, UnitRef},
    state::Object,
    trace::OfWorld,
    value::{Loc, Value},
    written::{Print, Refs},
};
use crate::engine::builtin::ir::{Name, Var};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::{
    collections::{BTreeMap, BTreeSet, hash_map},
    sync::{Arc, PoisonError, RwLock},
};

/// A place where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Kept {
    /// A field of any object of a class.
    Field(ClassRef, Name),
    /// A member of a class itself.
    Member(ClassRef, Name),
    /// A name of a module.
    Global(UnitRef, Name),
    /// A variable that inner functions use.
    Outer(FuncRef, Var),
    /// An object that a global holds.
    Object(Loc),
}

/// Who looked where during one look: mostly one function.
pub(super) type Readers = HashMap<Kept, SmallVec<[FuncRef; 1]>>;

/// What a look left where others find it, in order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeftMemory {
    pub(super) values: BTreeMap<Kept, Value>,
    pub(super) objects: BTreeMap<Loc, Arc<Object>>,
    pub(super) stale: BTreeSet<FuncRef>,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of every place that is no object.
    pub(super) values: HashMap<Kept, Value>,
    pub(super) objects: HashMap<Loc, Arc<Object>>,
    /// What a class is derived from.
    pub(super) bases: HashMap<ClassRef, Vec<Value>>,
    pub(super) derived: HashMap<ClassRef, Vec<ClassRef>>,
    /// Modules of which a file imports every name.
    pub(super) wild: HashMap<UnitRef, Vec<Name>>,
    readers: HashMap<Kept, BTreeSet<FuncRef>>,
    /// Of a look.
    pub(super) read: Readers,
    /// Functions that looked at something before other untrusted data came there.
    pub(super) stale: BTreeSet<FuncRef>,
    /// What differs where anything at a place does, as far as it was asked for.
    prints: RwLock<HashMap<OfWorld, Print>>,
}

impl Memory {
    /// What differs where anything of what is known does.
    pub(super) fn print(&self, refs: &Arc<Refs>, known: &OfWorld) -> Print {
        let prints = self.prints.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(print) = prints.get(known) {
            return *print;
        }
        drop(prints);
        let print = match known {
            OfWorld::Value(kept) => refs.print(&self.values.get(kept)),
            OfWorld::Object(loc) => refs.print(&self.objects.get(loc)),
            OfWorld::Wild(unit) => refs.print(&self.wild.get(unit)),
            OfWorld::Derived(class) => refs.print(&self.derived.get(class)),
            OfWorld::Bases(class) => refs.print(&self.bases.get(class)),
            OfWorld::Entry(_) => Print::default(),
        };
        let mut prints = self.prints.write().unwrap_or_else(PoisonError::into_inner);
        prints.insert(known.clone(), print);
        print
    }

    /// What was found out of what another one changed no longer holds.
    fn forget_prints(&mut self, own: &Self) {
        let prints = self
            .prints
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let values = own.values.keys().cloned().map(OfWorld::Value);
        let objects = own.objects.keys().cloned().map(OfWorld::Object);
        let classes = own.bases.keys().copied().map(OfWorld::Bases);
        let derived = own.derived.keys().copied().map(OfWorld::Derived);
        let wild = own.wild.keys().copied().map(OfWorld::Wild);
        for known in values
            .chain(objects)
            .chain(classes)
            .chain(derived)
            .chain(wild)
        {
            prints.remove(&known);
        }
    }

    /// Takes in what functions left that were looked at beside each other, in their order. Whoever
    /// looked where one of them put other data is to be looked at again.
    pub(super) fn take(&mut self, left: &[&Self]) {
        let mut replaced: BTreeSet<Loc> = BTreeSet::new();
        let mut changed: Vec<(usize, Kept)> = Vec::new();
        for (by, own) in left.iter().enumerate() {
            self.stale.extend(&own.stale);
            self.forget_prints(own);
            for (kept, value) in &own.values {
                let known = self.values.entry(kept.clone()).or_default();
                let before = known.taint.clone();
                known.join(value);
                if known.taint != before {
                    changed.push((by, kept.clone()));
                }
            }
            for (loc, object) in &own.objects {
                if self.take_object(loc, object.clone(), &mut replaced) {
                    changed.push((by, Kept::Object(loc.clone())));
                }
            }
            self.take_classes(own);
        }
        let mut read: HashMap<&Kept, Vec<(usize, &[FuncRef])>> = HashMap::default();
        for (by, own) in left.iter().enumerate() {
            for (kept, readers) in &own.read {
                read.entry(kept).or_default().push((by, readers));
            }
        }
        for (by, kept) in changed {
            self.stale
                .extend(self.readers.get(&kept).into_iter().flatten());
            let others = read.get(&kept).into_iter().flatten();
            let others = others.filter(|(other, _)| *other != by);
            self.stale.extend(others.flat_map(|(_, readers)| *readers));
        }
        for (kept, readers) in left.iter().flat_map(|own| &own.read) {
            self.readers
                .entry(kept.clone())
                .or_default()
                .extend(readers);
        }
    }

    /// Whether it says what classes are derived from, or what files import whole.
    pub(super) fn tells_of_classes(&self) -> bool {
        !(self.bases.is_empty() && self.derived.is_empty() && self.wild.is_empty())
    }

    /// What differs where anything does of what an inner function left to the one around it; `None`
    /// when nobody can tell.
    pub(super) fn print_of_left(&self, refs: &Arc<Refs>) -> Option<Print> {
        let read: BTreeMap<_, _> = self.read.iter().collect();
        (!self.tells_of_classes()).then(|| refs.print(&(self.left(), read)))
    }

    /// To be written down.
    pub(super) fn left(&self) -> LeftMemory {
        let (values, objects) = (self.values.iter(), self.objects.iter());
        LeftMemory {
            values: values.map(|(at, it)| (at.clone(), it.clone())).collect(),
            objects: objects.map(|(at, it)| (at.clone(), it.clone())).collect(),
            stale: self.stale.clone(),
        }
    }

    /// Takes in what classes are derived from, and what files import whole.
    pub(super) fn take_classes(&mut self, own: &Self) {
        for (class, bases) in &own.bases {
            self.bases.insert(*class, bases.clone());
        }
        for (class, classes) in &own.derived {
            add_new(self.derived.entry(*class).or_default(), classes);
        }
        for (unit, modules) in &own.wild {
            add_new(self.wild.entry(*unit).or_default(), modules);
        }
    }

    /// Whether there is other untrusted data in an object than before. Whoever changed it first began
    /// with what is kept; from the others what they found is added.
    fn take_object(
        &mut self,
        loc: &Loc,
        object: Arc<Object>,
        replaced: &mut BTreeSet<Loc>,
    ) -> bool {
        match self.objects.entry(loc.clone()) {
            hash_map::Entry::Vacant(place) => {
                replaced.insert(loc.clone());
                place.insert(object);
                false
            }
            hash_map::Entry::Occupied(mut place) if replaced.insert(loc.clone()) => {
                let before = place.insert(object);
                before.origins() != place.get().origins()
            }
            hash_map::Entry::Occupied(mut place) => Arc::make_mut(place.get_mut()).grow(&object),
        }
    }

    /// Functions that looked at something before it changed, since the last time this was asked.
    pub(super) fn take_stale(&mut self) -> BTreeSet<FuncRef> {
        std::mem::take(&mut self.stale)
    }
}

/// Adds what is not there.
pub(super) fn add_new<T: Clone + PartialEq>(to: &mut (impl Extend<T> + AsRef<[T]>), new: &[T]) {
    for one in new {
        if !to.as_ref().contains(one) {
            to.extend([one.clone()]);
        }
    }
}
