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
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
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

/// What was learned of a class.
#[derive(Debug, Default)]
struct Learned {
    /// What it is derived from.
    bases: Vec<Value>,
    derived: Vec<ClassRef>,
    members: BTreeMap<Name, Value>,
    /// What is put into its objects, whichever object it was.
    fields: BTreeMap<Name, Value>,
}

/// Everything that outlives the call of a function.
#[derive(Debug)]
pub(super) struct Shared {
    learned: Vec<Learned>,
    /// What the names of each file's top level hold.
    globals: Vec<BTreeMap<Name, Value>>,
    /// Modules of which every name is imported, of each file.
    wild: Vec<Vec<Name>>,
    /// Objects that globals hold.
    objects: BTreeMap<Loc, Arc<Object>>,
    /// Variables that inner functions see.
    outer: HashMap<(FuncRef, Var), Value>,
    /// The functions that are being looked at, each called by the one before.
    running: Vec<FuncRef>,
    readers: RefCell<HashMap<Kept, BTreeSet<FuncRef>>>,
    /// Functions that looked at something before it changed.
    stale: BTreeSet<FuncRef>,
}

impl Shared {
    /// Nothing is known of so many classes and files.
    pub(super) fn new(classes: usize, units: usize) -> Self {
        Self {
            learned: (0..classes).map(|_| Learned::default()).collect(),
            globals: vec![BTreeMap::new(); units],
            wild: vec![Vec::new(); units],
            objects: BTreeMap::new(),
            outer: HashMap::default(),
            running: Vec::new(),
            readers: RefCell::default(),
            stale: BTreeSet::new(),
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
            self.readers
                .borrow_mut()
                .entry(kept)
                .or_default()
                .insert(*by);
        }
    }

    /// What is kept at a place that is no object.
    pub(super) fn value(&self, kept: Kept) -> Option<&Value> {
        let value = match &kept {
            Kept::Field(class, name) => self.class(*class).fields.get(name),
            Kept::Member(class, name) => self.class(*class).members.get(name),
            Kept::Global(unit, name) => self.globals[unit.0 as usize].get(name),
            Kept::Outer(function, var) => self.outer.get(&(*function, *var)),
            Kept::Object(_) => None,
        };
        self.read(kept);
        value
    }

    /// An object that a global holds.
    pub(super) fn object(&self, loc: &Loc) -> Option<&Arc<Object>> {
        let object = self.objects.get(loc)?;
        self.read(Kept::Object(loc.clone()));
        Some(object)
    }

    /// What all names of a file's top level hold.
    pub(super) fn globals(&self, unit: UnitRef) -> impl Iterator<Item = &Value> {
        self.globals[unit.0 as usize].values()
    }

    /// Modules of which a file imports every name.
    pub(super) fn wild(&self, unit: UnitRef) -> &[Name] {
        &self.wild[unit.0 as usize]
    }

    /// What a class is derived from.
    pub(super) fn bases(&self, class: ClassRef) -> &[Value] {
        &self.class(class).bases
    }

    /// What is derived from a class.
    pub(super) fn derived(&self, class: ClassRef) -> &[ClassRef] {
        &self.class(class).derived
    }

    fn class(&self, class: ClassRef) -> &Learned {
        &self.learned[class.0 as usize]
    }

    /// A file imports every name of a module; whether there was room to keep that.
    pub(super) fn add_wild(&mut self, unit: UnitRef, module: &Name) -> bool {
        let wild = &mut self.wild[unit.0 as usize];
        if wild.len() == MAX_WILD {
            return false;
        }
        if !wild.contains(module) {
            wild.push(module.clone());
        }
        true
    }

    /// What a class is derived from; whether it was not known.
    pub(super) fn derive(&mut self, class: ClassRef, bases: Vec<Value>) -> bool {
        for base in bases.iter().flat_map(|base| &base.atoms) {
            let Atom::Class(base) = base else { continue };
            let derived = &mut self.learned[base.0 as usize].derived;
            if !derived.contains(&class) {
                derived.push(class);
            }
        }
        let known = &mut self.learned[class.0 as usize].bases;
        let is_new = *known != bases;
        *known = bases;
        is_new
    }

    /// The members of a class, all of them.
    pub(super) fn set_members(&mut self, class: ClassRef, members: BTreeMap<Name, Value>) {
        self.learned[class.0 as usize].members = members;
    }

    /// An object as it is from now on.
    pub(super) fn set_object(&mut self, loc: Loc, object: Arc<Object>) {
        self.objects.insert(loc, object);
    }

    /// Whether an object is kept in just this state.
    pub(super) fn holds(&self, loc: &Loc, object: &Object) -> bool {
        let known = self.objects.get(loc);
        known.is_some_and(|known| std::ptr::eq(known.as_ref(), object))
    }

    /// Whether an object is kept, and was in another state when it was.
    pub(super) fn differs(&self, loc: &Loc, object: &Arc<Object>) -> bool {
        self.objects.get(loc).is_some_and(|known| known != object)
    }

    /// Takes a value in where others may look for it later.
    pub(super) fn keep(&mut self, kept: &Kept, value: &Value) {
        let known = match kept {
            Kept::Field(class, name) => {
                let fields = &mut self.learned[class.0 as usize].fields;
                fields.entry(name.clone()).or_default()
            }
            Kept::Member(class, name) => {
                let members = &mut self.learned[class.0 as usize].members;
                members.entry(name.clone()).or_default()
            }
            Kept::Global(unit, name) => {
                let globals = &mut self.globals[unit.0 as usize];
                globals.entry(name.clone()).or_default()
            }
            Kept::Outer(function, var) => self.outer.entry((*function, *var)).or_default(),
            // Objects are kept as a whole, when a function ends.
            Kept::Object(_) => return,
        };
        let before = known.taint.clone();
        known.join(value);
        if known.taint != before {
            self.changed(kept);
        }
    }

    /// Takes in another state of an object that is kept; `change` says whether there is other data
    /// in it than before.
    pub(super) fn change_object(&mut self, loc: &Loc, change: impl FnOnce(&mut Object) -> bool) {
        let known = self.objects.get_mut(loc).map(Arc::make_mut);
        if known.is_some_and(change) {
            self.changed(&Kept::Object(loc.clone()));
        }
    }

    /// There is other data in `kept` than before.
    fn changed(&mut self, kept: &Kept) {
        if let Some(readers) = self.readers.get_mut().get(kept) {
            self.stale.extend(readers);
        }
    }

    /// What was learned of a function no longer holds.
    pub(super) fn mark_stale(&mut self, function: FuncRef) {
        self.stale.insert(function);
    }

    /// Functions that looked at something before it changed, since the last time this was asked.
    pub(super) fn take_stale(&mut self) -> BTreeSet<FuncRef> {
        std::mem::take(&mut self.stale)
    }

    /// As if nobody had looked anywhere.
    pub(super) fn forget_readers(&mut self) {
        self.readers = RefCell::default();
        self.stale.clear();
    }
}
