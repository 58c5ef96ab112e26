//! A call of a function of the program: its summary, with what the caller gives put in.

use super::{
    analysis::Analysis,
    call::Args,
    frame::{Frame, mix},
    memory::Kept,
    program::FuncRef,
    state::{Kind, Object},
    summary::{Bind, Effect, Hit},
    value::{Atom, Atoms, Const, Key, Loc, Note, Origin, Place, Step, Taint, Taints, Value},
};
use crate::engine::builtin::ir::{Name, ParamKind};
use foldhash::HashMap;
use std::rc::Rc;

/// Functions longer than this are not looked at again for particular constants.
pub(super) const MAX_SPECIAL: usize = 600;
/// Places a function's callers are told of that what they give reaches.
const MAX_HITS: usize = 64;
/// The same of one rule, so that the many places of a harmless rule leave room for the others.
const MAX_HITS_OF_RULE: usize = 24;

/// What the caller gives, parameter by parameter, as it was before the call.
struct Given {
    values: Vec<Value>,
    /// Objects of the summary and what they are in the caller.
    sites: HashMap<u64, u64>,
    /// What was found at places of the callee, and the data in all of it.
    found: HashMap<Place, Rc<(Value, Taints)>>,
    step: Step,
}

impl<'p> Analysis<'p> {
    pub(super) fn call_function(
        &mut self,
        frame: &mut Frame<'p>,
        func: FuncRef,
        args: &Args,
    ) -> Value {
        self.results.calls.insert((frame.func, func));
        let values = self.values_for(frame, func, args);
        let binds = self.binds_for(frame, func, &values);
        let Some(summary) = self.summary(func, binds.into()) else {
            return self.call_unknown(frame, &Value::unknown(), args);
        };
        let value = self.instantiate(frame, func, summary.effect(), values);
        match &self.program.function(func).returns {
            Some(declared) => self.typed(func.unit, declared, value),
            None => value,
        }
    }

    /// One value per parameter.
    fn values_for(&mut self, frame: &mut Frame<'p>, func: FuncRef, args: &Args) -> Vec<Value> {
        let function = self.program.function(func);
        let mut places = args.places.iter();
        let mut values = Vec::with_capacity(function.params.len());
        for (index, param) in function.params.iter().enumerate() {
            let name = function.vars.get(param.var.0 as usize);
            let name = name.and_then(|info| info.name.as_deref()).unwrap_or("");
            let value = match param.kind {
                ParamKind::Rest => {
                    let mut rest = Object::new(Kind::List);
                    places.by_ref().cloned().for_each(|value| rest.push(value));
                    if !args.rest.is_bottom() {
                        rest.blur();
                        rest.rest.join(&args.rest);
                    }
                    let site = frame.site_for(index as u64 + 1);
                    frame.state.insert(Loc::Site(site), rest);
                    Value::atom(Atom::Object(site))
                }
                ParamKind::KeywordRest => {
                    let mut rest = Object::new(Kind::Map);
                    for (name, value) in &args.names {
                        let taken = function.params.iter().any(|other| {
                            function
                                .vars
                                .get(other.var.0 as usize)
                                .is_some_and(|info| info.name.as_ref() == Some(name))
                        });
                        if !taken {
                            rest.put(Const::Text(name.clone()), value.clone());
                        }
                    }
                    let site = frame.site_for(index as u64 + 1);
                    frame.state.insert(Loc::Site(site), rest);
                    Value::atom(Atom::Object(site))
                }
                _ => {
                    let by_place = match param.kind {
                        ParamKind::KeywordOnly => None,
                        _ => places.next(),
                    };
                    match by_place.or_else(|| args.name(name)) {
                        Some(value) => value.clone(),
                        None if !args.rest.is_bottom() => args.rest.clone(),
                        None => self.default_of(func, param.default),
                    }
                }
            };
            values.push(value);
        }
        values
    }

    fn default_of(&self, func: FuncRef, default: Option<crate::engine::builtin::ir::Var>) -> Value {
        let function = self.program.function(func);
        let known = default.zip(function.parent).and_then(|(var, parent)| {
            let around = FuncRef {
                unit: func.unit,
                id: parent,
            };
            self.shared.value(Kept::Outer(around, var)).cloned()
        });
        known.unwrap_or_else(Value::unknown)
    }

    /// What of the arguments is worth looking at the function anew for.
    fn binds_for(&mut self, frame: &mut Frame<'p>, func: FuncRef, values: &[Value]) -> Vec<Bind> {
        let usual = self.usual(func);
        let function = self.program.function(func);
        let size: usize = function.blocks.iter().map(|block| block.ops.len()).sum();
        let constants = size <= MAX_SPECIAL;
        values
            .iter()
            .zip(usual.iter())
            .map(|(value, usual)| {
                let mut atoms = Atoms::new();
                let mut exact = !value.open && !value.atoms.is_empty();
                for atom in &value.atoms {
                    match atom {
                        Atom::Const(constant) if constants && is_short(constant) => {
                            atoms.push(atom.clone());
                        }
                        Atom::Path(_)
                        | Atom::Function(_)
                        | Atom::Class(_)
                        | Atom::Instance(_)
                        | Atom::Module(_) => {
                            // A type of a library says no more than where the value comes from.
                            exact &= !matches!(atom, Atom::Path(_) | Atom::Instance(_));
                            atoms.push(atom.clone());
                        }
                        Atom::Object(_) => {
                            exact = false;
                            atoms.extend(self.type_of(frame, atom));
                        }
                        _ => exact = false,
                    }
                }
                atoms.sort();
                atoms.dedup();
                if atoms.is_empty() {
                    return usual.clone();
                }
                Bind { atoms, exact }
            })
            .collect()
    }

    fn type_of(&mut self, frame: &mut Frame<'p>, atom: &Atom) -> Option<Atom> {
        let loc = self.loc_of(frame, atom)?;
        match frame.state.object(&loc)?.kind {
            Kind::Instance(class) => Some(Atom::Instance(class)),
            Kind::Library(path) => Some(Atom::Path(path)),
            _ => None,
        }
    }

    /// The summary in the caller's terms.
    fn instantiate(
        &mut self,
        frame: &mut Frame<'p>,
        func: FuncRef,
        effect: &Effect,
        values: Vec<Value>,
    ) -> Value {
        let name: Name = self.program.function(func).name.as_str().into();
        let mut given = Given {
            values,
            sites: HashMap::default(),
            found: HashMap::default(),
            step: frame.step(name, Note::ThroughCall),
        };
        for (loc, _) in &effect.heap {
            if let Loc::Site(site) = loc {
                given.sites.insert(*site, mix(frame.site, *site));
            }
        }
        let told = effect.heap.len() + effect.hits.len() + effect.stores.len();
        self.charge(frame, told);
        self.pass_hits(frame, effect, &mut given);
        for store in &effect.stores {
            let taints = Taints::of(store.taint.clone());
            let taints = self.translated_taints(frame, &taints, &mut given);
            self.pass_store(frame, store, &taints);
        }
        if !effect.returns {
            frame.alive = false;
            return Value::default();
        }
        let result = self.translated(frame, &effect.result, &mut given);
        let mut changes = Vec::with_capacity(effect.heap.len());
        for (loc, object) in &effect.heap {
            let mut map = |value: &Value| self.translated(frame, value, &mut given);
            let moved = object.map(&mut map);
            changes.push((loc, moved));
        }
        for (loc, object) in changes {
            match loc {
                Loc::Site(site) => {
                    let site = given.sites.get(site).copied().unwrap_or(*site);
                    frame.state.insert(Loc::Site(site), object);
                }
                Loc::Param(place) => self.change_given(frame, place, &object, &mut given),
            }
        }
        result
    }

    /// What the callee changed in an argument.
    fn change_given(
        &mut self,
        frame: &mut Frame<'p>,
        place: &Place,
        changed: &Object,
        given: &mut Given,
    ) {
        let target = self.at_place(frame, place, given);
        let objects = target
            .0
            .atoms
            .iter()
            .filter(|atom| matches!(atom, Atom::Object(_) | Atom::Param(_)));
        let alone = objects.clone().count() == 1;
        for atom in objects.cloned().collect::<Vec<_>>() {
            let Some(object) = self
                .loc_of(frame, &atom)
                .and_then(|loc| frame.state.change(&loc))
            else {
                continue;
            };
            for (name, value) in &changed.fields {
                match alone {
                    true => {
                        object.fields.insert(name.clone(), value.clone());
                    }
                    false => {
                        object.fields.entry(name.clone()).or_default().join(value);
                    }
                }
            }
            for (key, value) in &changed.entries {
                let key = Value::constant(key.clone());
                super::elements::put(object, &key, value, alone);
            }
            if !changed.rest.is_bottom() {
                object.blur();
                object.put_somewhere(&changed.rest);
            }
        }
    }

    /// What the caller had at a place of the callee before the call, and the data in all of it.
    fn at_place(
        &mut self,
        frame: &mut Frame<'p>,
        place: &Place,
        given: &mut Given,
    ) -> Rc<(Value, Taints)> {
        if let Some(known) = given.found.get(place) {
            return known.clone();
        }
        let value = self.value_at(frame, place, given);
        let taints = frame.state.deep_taint(&value);
        let found = Rc::new((value, taints));
        given.found.insert(place.clone(), found.clone());
        found
    }

    fn value_at(&mut self, frame: &mut Frame<'p>, place: &Place, given: &Given) -> Value {
        let Some(mut value) = given.values.get(usize::from(place.param)).cloned() else {
            return Value::unknown();
        };
        for key in place.path.iter() {
            value = match key {
                Key::Field(name) => self.load_field(frame, &value, name),
                Key::Index(constant) => {
                    let key = Value::constant(constant.clone());
                    self.load_index(frame, &value, &key)
                }
                Key::Any => self.element(frame, &value),
            };
        }
        value
    }

    fn translated(&mut self, frame: &mut Frame<'p>, value: &Value, given: &mut Given) -> Value {
        let mut result = Value {
            atoms: Atoms::new(),
            open: value.open,
            prefix: value.prefix.clone(),
            taint: Taints::default(),
        };
        let mut extra: Vec<Value> = Vec::new();
        for atom in &value.atoms {
            match atom {
                Atom::Object(site) => {
                    let site = given.sites.get(site).copied().unwrap_or(*site);
                    result.atoms.push(Atom::Object(site));
                }
                Atom::Param(place) => {
                    let mut actual = self.at_place(frame, place, given).0.clone();
                    // Its data comes with the taints of the value.
                    actual.taint = Taints::default();
                    extra.push(actual);
                }
                Atom::Bound(func, receiver) => {
                    let receiver = self.translated(frame, receiver, given);
                    result.atoms.push(Atom::bound(*func, receiver));
                }
                other => result.atoms.push(other.clone()),
            }
        }
        result.atoms.sort();
        result.atoms.dedup();
        if result.atoms.is_empty() && !result.open && extra.len() == 1 {
            result = extra.remove(0);
        }
        for more in &extra {
            result.join(more);
        }
        result.taint = self.translated_taints(frame, &value.taint, given);
        result
    }

    fn translated_taints(
        &mut self,
        frame: &mut Frame<'p>,
        taints: &Taints,
        given: &mut Given,
    ) -> Taints {
        let mut all = Taints::default();
        for taint in taints.iter() {
            match &taint.origin {
                Origin::Source(_) => all.add(Taint {
                    steps: taint.steps.push(given.step.clone()),
                    ..taint.clone()
                }),
                Origin::Param(place) => {
                    let actual = self.at_place(frame, place, given);
                    for own in actual.1.iter() {
                        all.add(own.through(taint, &given.step));
                    }
                }
            }
        }
        all
    }

    /// What the caller's data reaches in the callee.
    fn pass_hits(&mut self, frame: &mut Frame<'p>, effect: &Effect, given: &mut Given) {
        for hit in &effect.hits {
            let Origin::Param(place) = &hit.taint.origin else {
                continue;
            };
            let actual = self.at_place(frame, place, given);
            let (value, taints) = actual.as_ref();
            if super::sinks::harmless_beginning(hit.context, value) {
                continue;
            }
            for own in taints.iter() {
                let taint = own.through(&hit.taint, &given.step);
                if taint.safe.has(hit.context) {
                    continue;
                }
                self.record(
                    frame,
                    Hit {
                        taint,
                        ..hit.clone()
                    },
                );
            }
        }
    }

    /// Data that reaches a sink: a fault when it comes from outside, else for the caller to judge.
    pub(super) fn record(&mut self, frame: &mut Frame<'p>, hit: Hit) {
        match &hit.taint.origin {
            Origin::Source(source) => {
                let found = super::results::Found {
                    source: Some(source.clone()),
                    doubt: hit.taint.doubt,
                    steps: hit.taint.steps.clone(),
                    function: hit.function,
                    sink: hit.sink.clone(),
                };
                self.results.add_found(hit.place, found);
            }
            Origin::Param(_) => {
                let known = frame.out.hits.iter_mut().find(|known| {
                    known.place == hit.place && known.taint.origin == hit.taint.origin
                });
                if let Some(known) = known {
                    known.taint.safe = known.taint.safe.and(hit.taint.safe);
                    known.taint.doubt = known.taint.doubt.min(hit.taint.doubt);
                    return;
                }
                self.results
                    .judge(&hit.place, super::results::Verdict::Unknown);
                let hits = &mut frame.out.hits;
                let of_rule = hits.iter().filter(|it| it.place.rule == hit.place.rule);
                if hits.len() < MAX_HITS && of_rule.count() < MAX_HITS_OF_RULE {
                    hits.push(hit);
                } else {
                    self.results.gaps.insert(frame.func.unit);
                }
            }
        }
    }
}

/// Constants that may decide something.
fn is_short(constant: &Const) -> bool {
    match constant {
        Const::Text(text) | Const::Setting(text) => text.len() <= 64,
        _ => true,
    }
}
