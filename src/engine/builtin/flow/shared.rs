//! What outlives the call of a function, and who looked at it. Values and objects are seen by methods of
//! [`Shared`] that note who looked; what classes are derived from, and what files import whole, is not
//! noted.

use super::{
    program::{ClassRef, FuncRef, UnitRef},
    state::Object,
    value::{Atom, Loc, Value},
};
use crate::engine::builtin::ir::{Name, Var};
use foldhash::HashMap;
use smallvec::SmallVec;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, hash_map},
    sync::Arc,
};

/// Modules of which one file imports every name.
const MAX_WILD: usize = 100;

/// A place where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
type Readers = HashMap<Kept, SmallVec<[FuncRef; 1]>>;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of every place that is no object.
    values: HashMap<Kept, Value>,
    objects: HashMap<Loc, Arc<Object>>,
    /// What a class is derived from.
    bases: HashMap<ClassRef, Vec<Value>>,
    derived: HashMap<ClassRef, Vec<ClassRef>>,
    /// Modules of which a file imports every name.
    wild: HashMap<UnitRef, Vec<Name>>,
    readers: HashMap<Kept, BTreeSet<FuncRef>>,
    /// Of a look.
    read: Readers,
    /// Functions that looked at something before other untrusted data came there.
    stale: BTreeSet<FuncRef>,
}

impl Memory {
    /// Takes in what functions left that were looked at beside each other, in their order. Whoever
    /// looked where one of them put other data is to be looked at again.
    pub(super) fn take(&mut self, left: &[&Self]) {
        let mut replaced: BTreeSet<Loc> = BTreeSet::new();
        let mut changed: Vec<(usize, Kept)> = Vec::new();
        for (by, own) in left.iter().enumerate() {
            self.stale.extend(&own.stale);
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

    /// Takes in what classes are derived from, and what files import whole.
    fn take_classes(&mut self, own: &Self) {
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
fn add_new<T: Clone + PartialEq>(to: &mut (impl Extend<T> + AsRef<[T]>), new: &[T]) {
    for one in new {
        if !to.as_ref().contains(one) {
            to.extend([one.clone()]);
        }
    }
}

/// What is kept as it is seen from a function that is being looked at: with what it, and whatever it
/// calls, put there.
#[derive(Debug)]
pub(super) struct Shared<'m> {
    memory: &'m Memory,
    /// What is seen from the function around this one, while that is being looked at.
    around: Option<&'m Shared<'m>>,
    own: Memory,
    readers: RefCell<Readers>,
    /// The functions that are being looked at, each called by the one before.
    running: Vec<FuncRef>,
}

impl<'m> Shared<'m> {
    pub(super) fn new(memory: &'m Memory) -> Self {
        Self {
            memory,
            around: None,
            own: Memory::default(),
            readers: RefCell::default(),
            running: Vec::new(),
        }
    }

    /// Sees what a function that is being looked at put anywhere, from a function inside of it.
    pub(super) fn inside(around: &'m Shared<'m>) -> Self {
        Self {
            around: Some(around),
            ..Self::new(around.memory)
        }
    }

    /// Takes in what looking at a callee left that saw all that is here.
    pub(super) fn absorb(&mut self, left: Memory) {
        self.own.stale.extend(&left.stale);
        for (kept, value) in &left.values {
            self.keep(kept, value);
        }
        for (loc, object) in &left.objects {
            let known = self.seen(loc);
            let is_new = known.is_some_and(|known| known.origins() != object.origins());
            self.set_object(loc.clone(), object.clone());
            if is_new {
                self.changed(&Kept::Object(loc.clone()));
            }
        }
        self.own.take_classes(&left);
        let readers = self.readers.get_mut();
        for (kept, by) in left.read {
            add_new(readers.entry(kept).or_default(), &by);
        }
    }

    /// What was put there.
    pub(super) fn into_own(self) -> Memory {
        Memory {
            read: self.readers.into_inner(),
            ..self.own
        }
    }

    /// From now on `function` is the one that looks.
    pub(super) fn enter(&mut self, function: FuncRef) {
        self.running.push(function);
    }

    /// The function that looked is done.
    pub(super) fn leave(&mut self) {
        self.running.pop();
    }

    /// How many calls within calls are being looked at.
    pub(super) fn depth(&self) -> usize {
        self.running.len()
    }

    /// How many times a function is being looked at.
    pub(super) fn times_running(&self, function: FuncRef) -> usize {
        self.running.iter().filter(|it| **it == function).count()
    }

    fn read(&self, kept: Kept) {
        if let Some(by) = self.running.last() {
            let mut readers = self.readers.borrow_mut();
            add_new(readers.entry(kept).or_default(), &[*by]);
        }
    }

    /// What is kept at a place that is no object.
    pub(super) fn value(&self, kept: Kept) -> Option<&Value> {
        let value = self.known(&kept);
        self.read(kept);
        value
    }

    /// The same, for an answer that is not asked for again when data comes there.
    pub(super) fn known(&self, kept: &Kept) -> Option<&Value> {
        self.find(|memory| memory.values.get(kept))
    }

    /// What is nearest: of what was put here, of what the functions around put, of what was known.
    fn find<'s, T: ?Sized>(&'s self, of: impl Fn(&'s Memory) -> Option<&'s T>) -> Option<&'s T> {
        let mut at = self;
        loop {
            if let Some(found) = of(&at.own) {
                return Some(found);
            }
            match at.around {
                Some(around) => at = around,
                None => return of(at.memory),
            }
        }
    }

    /// An object that a global holds.
    pub(super) fn object(&self, loc: &Loc) -> Option<&Arc<Object>> {
        let object = self.seen(loc)?;
        self.read(Kept::Object(loc.clone()));
        Some(object)
    }

    fn seen(&self, loc: &Loc) -> Option<&Arc<Object>> {
        self.find(|memory| memory.objects.get(loc))
    }

    /// Modules of which a file imports every name.
    pub(super) fn wild(&self, unit: UnitRef) -> Vec<Name> {
        self.all_of(&unit, |memory| &memory.wild)
    }

    /// What is derived from a class.
    pub(super) fn derived(&self, class: ClassRef) -> Vec<ClassRef> {
        self.all_of(&class, |memory| &memory.derived)
    }

    fn all_of<K: Eq + std::hash::Hash, T: Clone>(
        &self,
        key: &K,
        of: impl Fn(&Memory) -> &HashMap<K, Vec<T>>,
    ) -> Vec<T> {
        let mut layers = vec![&self.own];
        let mut at = self;
        while let Some(around) = at.around {
            layers.push(&around.own);
            at = around;
        }
        layers.push(self.memory);
        let all = layers.into_iter().rev();
        let all = all.filter_map(|memory| of(memory).get(key));
        all.flatten().cloned().collect()
    }

    /// Whether something here tells what a class is derived from.
    pub(super) fn derives(&self) -> bool {
        let mut at = Some(self);
        while let Some(layer) = at {
            if !layer.own.bases.is_empty() {
                return true;
            }
            at = layer.around;
        }
        false
    }

    /// What a class is derived from.
    pub(super) fn bases(&self, class: ClassRef) -> &[Value] {
        let bases = self.find(|memory| memory.bases.get(&class));
        bases.map_or(&[], Vec::as_slice)
    }

    /// A file imports every name of a module; whether there was room to keep that.
    pub(super) fn add_wild(&mut self, unit: UnitRef, module: &Name) -> bool {
        let known = self.wild(unit);
        if known.len() == MAX_WILD {
            return false;
        }
        if !known.contains(module) {
            self.own.wild.entry(unit).or_default().push(module.clone());
        }
        true
    }

    /// What a class is derived from; whether it was not known.
    pub(super) fn derive(&mut self, class: ClassRef, bases: Vec<Value>) -> bool {
        for base in bases.iter().flat_map(|base| &base.atoms) {
            let Atom::Class(base) = base else { continue };
            if !self.derived(*base).contains(&class) {
                self.own.derived.entry(*base).or_default().push(class);
            }
        }
        let is_new = *self.bases(class) != *bases;
        if is_new {
            self.own.bases.insert(class, bases);
        }
        is_new
    }

    /// The members of a class.
    pub(super) fn set_members(&mut self, class: ClassRef, members: BTreeMap<Name, Value>) {
        for (name, value) in members {
            self.own.values.insert(Kept::Member(class, name), value);
        }
    }

    /// An object as it is from now on.
    pub(super) fn set_object(&mut self, loc: Loc, object: Arc<Object>) {
        if !self.holds(&loc, &object) {
            self.own.objects.insert(loc, object);
        }
    }

    /// Whether an object is kept in just this state.
    pub(super) fn holds(&self, loc: &Loc, object: &Object) -> bool {
        let known = self.seen(loc);
        known.is_some_and(|known| std::ptr::eq(known.as_ref(), object))
    }

    /// Whether an object is kept, and was in another state when it was.
    pub(super) fn differs(&self, loc: &Loc, object: &Arc<Object>) -> bool {
        self.seen(loc).is_some_and(|known| known != object)
    }

    /// Takes a value in where others may look for it later. Objects are kept as a whole, when a
    /// function ends.
    pub(super) fn keep(&mut self, kept: &Kept, value: &Value) {
        if let Kept::Object(_) = kept {
            return;
        }
        let known = self.known(kept);
        let mut joined = known.cloned().unwrap_or_default();
        if !joined.join(value) && known.is_some() {
            return;
        }
        let has_data = known.map(|known| &known.taint) != Some(&joined.taint)
            && (known.is_some() || !joined.taint.is_empty());
        self.own.values.insert(kept.clone(), joined);
        if has_data {
            self.changed(kept);
        }
    }

    /// Changes an object, if it is one that is kept; `change` says whether there is other data in it
    /// than before.
    pub(super) fn change_object(&mut self, loc: &Loc, change: impl FnOnce(&mut Object) -> bool) {
        let Some(known) = self.seen(loc).cloned() else {
            return;
        };
        let own = self.own.objects.entry(loc.clone()).or_insert(known);
        if change(Arc::make_mut(own)) {
            self.changed(&Kept::Object(loc.clone()));
        }
    }

    /// There is other data in `kept` than before.
    fn changed(&mut self, kept: &Kept) {
        if let Some(readers) = self.readers.get_mut().get(kept) {
            self.own.stale.extend(readers);
        }
    }

    /// As if nobody had looked anywhere.
    pub(super) fn forget_readers(&mut self) {
        self.readers.get_mut().clear();
        self.own.stale.clear();
    }

    /// What was learned of a function no longer holds.
    pub(super) fn mark_stale(&mut self, function: FuncRef) {
        self.own.stale.insert(function);
    }
}
