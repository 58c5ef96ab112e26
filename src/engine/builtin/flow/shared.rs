//! What outlives the call of a function, as it is seen from one that is being looked at. Every method that
//! looks at something tells the trace, and most note who looked.

use super::{
    memory::{Kept, LeftMemory, Memory, Readers, add_new},
    program::{ClassRef, FuncRef, UnitRef},
    state::Object,
    trace::{OfWorld, Put, Trace},
    value::{Atom, Loc, Value},
    written::{Print, Refs},
};
use crate::engine::builtin::ir::Name;
use foldhash::HashMap;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

/// Modules of which one file imports every name.
const MAX_WILD: usize = 100;

/// What is kept as it is seen from a function that is being looked at: with what it, and whatever it
/// calls, put there.
#[derive(Debug)]
pub(super) struct Shared<'m> {
    memory: &'m Memory,
    /// What is seen from the function around this one, while that is being looked at.
    around: Option<&'m Shared<'m>>,
    own: Memory,
    /// Whether something of that is what a name of a module or a class stands for.
    has_named: bool,
    readers: RefCell<Readers>,
    trace: Rc<Trace>,
    /// The functions that are being looked at, each called by the one before.
    running: Vec<FuncRef>,
}

impl<'m> Shared<'m> {
    pub(super) fn new(memory: &'m Memory, trace: Rc<Trace>) -> Self {
        Self {
            memory,
            around: None,
            own: Memory::default(),
            has_named: false,
            readers: RefCell::default(),
            trace,
            running: Vec::new(),
        }
    }

    /// Sees what a function that is being looked at put anywhere, from a function inside of it.
    pub(super) fn inside(around: &'m Shared<'m>, trace: Rc<Trace>) -> Self {
        Self {
            around: Some(around),
            ..Self::new(around.memory, trace)
        }
    }

    /// Takes in what looking at a callee left that saw all that is here.
    pub(super) fn absorb(&mut self, left: &Memory) {
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
        self.own.take_classes(left);
        let readers = self.readers.get_mut();
        for (kept, by) in &left.read {
            add_new(readers.entry(kept.clone()).or_default(), by);
        }
    }

    /// What was put there, to be written down.
    pub(super) fn left(&self) -> LeftMemory {
        self.own.left()
    }

    /// What differs where anything of what was known before this look does; `None` when nobody can
    /// tell.
    pub(super) fn print(&self, refs: &Arc<Refs>, known: &OfWorld) -> Option<Print> {
        let mut layers = Vec::new();
        let mut next = self.around;
        while let Some(around) = next {
            layers.push(&around.own);
            next = around.around;
        }
        let around = match known {
            OfWorld::Value(kept) => {
                let found = layers.iter().find_map(|layer| layer.values.get(kept));
                found.map(|found| refs.print(&Some(found)))
            }
            OfWorld::Object(loc) => {
                let found = layers.iter().find_map(|layer| layer.objects.get(loc));
                found.map(|found| refs.print(&Some(found)))
            }
            // What is told of classes goes through all layers.
            _ if layers.iter().any(|layer| layer.tells_of_classes()) => return None,
            _ => None,
        };
        Some(around.unwrap_or_else(|| self.memory.print(refs, known)))
    }

    /// Whether something was given to a name of a module or a class.
    pub(super) fn has_named(&self) -> bool {
        self.has_named
    }

    /// Puts there what a look did before it asked for something.
    pub(super) fn put(&mut self, put: Put) {
        match put {
            Put::Value(kept, value) => self.put_value(kept, value),
            Put::Object(loc, object) => {
                self.own.objects.insert(loc, object);
            }
        }
    }

    fn put_value(&mut self, kept: Kept, value: Value) {
        self.has_named |= matches!(kept, Kept::Global(..) | Kept::Member(..));
        self.own.values.insert(kept, value);
    }

    /// Puts there what another look did.
    pub(super) fn restore(&mut self, left: LeftMemory) {
        self.own.values.extend(left.values);
        self.own.objects.extend(left.objects);
        self.own.stale.extend(left.stale);
    }

    /// Something of the world was looked at, by somebody who is to look again when data comes there.
    pub(super) fn note(&self, known: &OfWorld) {
        match known {
            OfWorld::Value(kept) => self.read(kept.clone()),
            OfWorld::Object(loc) => self.read(Kept::Object(loc.clone())),
            _ => {}
        }
    }

    /// What was put there.
    pub(super) fn into_own(self) -> Memory {
        let mut own = self.own;
        own.read = self.readers.into_inner();
        own
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
        let value = self.find(|memory| memory.values.get(&kept));
        self.trace.see_known(|| OfWorld::Value(kept.clone()), true);
        self.read(kept);
        value
    }

    /// The same, for an answer that is not asked for again when data comes there.
    pub(super) fn known(&self, kept: &Kept) -> Option<&Value> {
        self.trace.see_known(|| OfWorld::Value(kept.clone()), false);
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
        self.trace.see_known(|| OfWorld::Object(loc.clone()), true);
        self.read(Kept::Object(loc.clone()));
        Some(object)
    }

    fn seen(&self, loc: &Loc) -> Option<&Arc<Object>> {
        self.trace.see_known(|| OfWorld::Object(loc.clone()), false);
        self.find(|memory| memory.objects.get(loc))
    }

    /// Modules of which a file imports every name.
    pub(super) fn wild(&self, unit: UnitRef) -> Vec<Name> {
        self.trace.see_known(|| OfWorld::Wild(unit), false);
        self.all_of(&unit, |memory| &memory.wild)
    }

    /// What is derived from a class.
    pub(super) fn derived(&self, class: ClassRef) -> Vec<ClassRef> {
        self.trace.see_known(|| OfWorld::Derived(class), false);
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
        self.trace.see_known(|| OfWorld::Bases(class), false);
        let bases = self.find(|memory| memory.bases.get(&class));
        bases.map_or(&[], Vec::as_slice)
    }

    /// A file imports every name of a module; whether there was room to keep that.
    pub(super) fn add_wild(&mut self, unit: UnitRef, module: &Name) -> bool {
        self.trace.give_up();
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
            self.put_value(Kept::Member(class, name), value);
        }
    }

    /// An object as it is from now on.
    pub(super) fn set_object(&mut self, loc: Loc, object: Arc<Object>) {
        if !self.holds(&loc, &object) {
            self.trace.put(|| Put::Object(loc.clone(), object.clone()));
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
        self.trace.put(|| Put::Value(kept.clone(), joined.clone()));
        self.put_value(kept.clone(), joined);
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
        let is_changed = change(Arc::make_mut(own));
        self.trace.put(|| Put::Object(loc.clone(), own.clone()));
        if is_changed {
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
