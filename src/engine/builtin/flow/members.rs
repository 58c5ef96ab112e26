//! Members and elements: reading and changing what an object holds.

use super::{
    analysis::Analysis,
    frame::Frame,
    known::FieldType,
    memory::Kept,
    paths::PathId,
    program::ClassRef,
    state::{Kind, given},
    value::{Atom, Key, Loc, Note, Origin, Place, Value},
};
use crate::engine::{
    builtin::ir::{Name, Var},
    inventory::Language,
};

impl<'p> Analysis<'p> {
    /// The object an atom stands for. Objects of globals are taken in when they are first seen.
    pub(super) fn loc_of(&mut self, frame: &mut Frame<'p>, atom: &Atom) -> Option<Loc> {
        match atom {
            Atom::Object(site) => {
                let loc = Loc::Site(*site);
                if frame.state.object(&loc).is_none() {
                    let lasting = self.shared.object(&loc)?.clone();
                    frame.state.share(loc.clone(), lasting);
                }
                Some(loc)
            }
            Atom::Param(place) => Some(Loc::Param(place.clone())),
            _ => None,
        }
    }

    /// `value.name`
    pub(super) fn load_field(
        &mut self,
        frame: &mut Frame<'p>,
        value: &Value,
        name: &Name,
    ) -> Value {
        if let Some(place) = own_place(value)
            && let Some(known) = set_here(frame, place, name)
        {
            return known;
        }
        if let Some(text) = self.made_text(frame, value, name) {
            return text;
        }
        let mut result = Value::default();
        for atom in &value.atoms {
            let part = match atom {
                Atom::Object(_) => self.object_field(frame, atom, name, value),
                Atom::Param(place) => self.given_member(frame, place, &Key::Field(name.clone())),
                Atom::Path(path) => self.path_field(frame, *path, name),
                Atom::Module(module) => self.module_member(*module, name),
                Atom::Class(class) => self.static_field(frame, *class, name),
                Atom::Instance(class) => self.instance_field(frame, *class, name, value),
                _ => Value::unknown(),
            };
            result.join(&part);
        }
        result.open |= value.open;
        // What is known of a parameter's member says more than the parameter.
        let refined: Vec<&Place> = places(value).collect();
        let whole = value.taint.map(|taint| match &taint.origin {
            Origin::Param(place) if refined.contains(&place) => None,
            _ => Some(taint.clone()),
        });
        result.with_taint(&whole)
    }

    /// A text that whoever makes an object of a class puts into it, and nobody changes: it is known
    /// in its methods, whichever object it is.
    fn made_text(&mut self, frame: &mut Frame<'p>, of: &Value, name: &Name) -> Option<Value> {
        let place = own_place(of)?;
        let [Atom::Instance(class), _] = of.atoms.as_slice() else {
            return None;
        };
        let is_own =
            place == &Place::param(0) && self.program.class_of_method(frame.func) == Some(*class);
        let is_settled =
            is_own && self.world.are_makers_done && self.program.only_makers_set(*class, name);
        let changed = frame.state.object(&Loc::Param(place.clone()));
        if !is_settled || changed.is_some_and(|object| object.fields.contains_key(name)) {
            return None;
        }
        let text = self
            .shared
            .value(Kept::Field(*class, name.clone()))?
            .clone();
        text.beginning()?;
        let given = self.given_member(frame, place, &Key::Field(name.clone()));
        Some(text.with_taint(&given.taint))
    }

    pub(super) fn object_field(
        &mut self,
        frame: &mut Frame<'p>,
        atom: &Atom,
        name: &Name,
        receiver: &Value,
    ) -> Value {
        let Some(loc) = self.loc_of(frame, atom) else {
            return Value::unknown();
        };
        let Some(object) = frame.state.object(&loc) else {
            return Value::unknown();
        };
        if let Some(value) = object.fields.get(name) {
            return value.clone();
        }
        match object.kind {
            Kind::Instance(class) => self.instance_field(frame, class, name, receiver),
            Kind::Library(path) => self.path_field(frame, path, name),
            Kind::Map => super::templates::map_member(object, name),
            _ => Value::unknown(),
        }
    }

    pub(super) fn instance_field(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: &Name,
        receiver: &Value,
    ) -> Value {
        let mut value = Value::default();
        for at in self.ancestors(class).iter().copied() {
            if let Some(known) = self.shared.value(Kept::Field(at, name.clone())) {
                value.join(known);
            }
        }
        if let Some(member) = self.class_member(class, name) {
            for atom in &member.atoms {
                let atom = match atom {
                    Atom::Function(method) => Atom::bound(*method, receiver.clone()),
                    other => other.clone(),
                };
                value.join(&Value::atom(atom));
            }
            value.open |= member.open;
            value.taint.join(&member.taint);
        }
        if value.is_bottom() {
            value = self.inherited_field(frame, class, name);
        }
        match self.field_type(class, name) {
            Some((unit, declared)) => self.typed(unit, &declared, value),
            None => value,
        }
    }

    /// A member of a class itself.
    pub(super) fn static_field(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: &Name,
    ) -> Value {
        let value = match self.class_member(class, name) {
            Some(value) => value,
            None => self.inherited_field(frame, class, name),
        };
        match self.field_type(class, name) {
            Some((unit, declared)) => self.typed(unit, &declared, value),
            None => value,
        }
    }

    pub(super) fn declared_field_type(&mut self, class: ClassRef, name: &Name) -> FieldType {
        self.ancestors(class).iter().find_map(|at| {
            let body = self.program.class(*at).body;
            let vars = &self.program.function(body).vars;
            let var = vars.iter().find(|info| info.name.as_ref() == Some(name))?;
            Some((body.unit, var.declared.clone()?))
        })
    }

    pub(super) fn inherited_field(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: &Name,
    ) -> Value {
        for base in self.library_bases(class) {
            let at = self.paths.field(base, name);
            if self.paths.is_known(at) {
                return self.path_field(frame, base, name);
            }
        }
        Value::unknown()
    }

    /// A member of something of a library.
    pub(super) fn path_field(&mut self, frame: &mut Frame<'p>, path: PathId, name: &Name) -> Value {
        let at = self.paths.field(path, name);
        if !self.paths.is_known(at) {
            if let Some(module) = self.submodule(at, frame.func.unit) {
                return Value::atom(Atom::Module(module));
            }
            if let Some(value) = self.setting_member(path, &Value::text(name)) {
                return value;
            }
        }
        if self.language == Language::Java && name.starts_with(char::is_uppercase) {
            let text = self.paths.text(at).to_owned();
            if let Some(class) = self.qualified(&text) {
                return class;
            }
        }
        let mut value = Value::atom(Atom::Path(self.paths.resolved(at)));
        if let Some(model) = self.paths.model(at)
            && let Some(source) = &model.row.source
        {
            let trust = source.trust.into();
            let taint = self.source(frame.func, frame.span, trust, &source.what, name.clone());
            value.taint = taint.safe_for(model.safe_for);
        }
        value
    }

    /// What lies in a parameter, as far as this function left it.
    pub(super) fn given_member(
        &mut self,
        frame: &mut Frame<'p>,
        place: &Place,
        key: &Key,
    ) -> Value {
        let Some(object) = frame.state.object(&Loc::Param(place.clone())) else {
            return given(&place.at(key.clone()));
        };
        match key {
            Key::Field(name) => object.fields.get(name).cloned(),
            Key::Index(constant) => object.entries.get(constant).map(|value| {
                let mut value = value.clone();
                value.join(&object.rest);
                value
            }),
            Key::Any => Some({
                let mut any = object.any_element();
                any.join(&given(&place.at(Key::Any)));
                any
            }),
        }
        .unwrap_or_else(|| {
            let mut value = given(&place.at(key.clone()));
            if !matches!(key, Key::Field(_)) {
                value.join(&object.rest);
            }
            value
        })
    }

    /// `object.name = value`
    pub(super) fn store_field(
        &mut self,
        frame: &mut Frame<'p>,
        object: Var,
        name: &Name,
        value: &Value,
    ) {
        let target = frame.get(object);
        let step = frame.step(name.clone(), Note::Stored);
        let mut value = value.clone();
        value.taint = value.taint.with_step(&step);
        let alone = target.atoms.iter().filter(|it| is_object(it)).count() == 1;
        let mut stored = false;
        for atom in &target.atoms {
            if let Some(class) = self.class_of(frame, atom) {
                let lasting = self.lasting_value(&frame.state, &value);
                self.shared
                    .keep(&Kept::Field(class, name.clone()), &lasting);
            }
            match atom {
                Atom::Class(class) => {
                    self.keep_of(frame, &Kept::Member(*class, name.clone()), &value);
                    stored = true;
                }
                Atom::Module(module) => {
                    self.keep_of(frame, &Kept::Global(*module, name.clone()), &value);
                    stored = true;
                }
                Atom::Path(path) => self.library_store(frame, *path, &format!("{name}="), &value),
                _ => {}
            }
            if let Some(loc) = self.loc_of(frame, atom)
                && let Some(object) = frame.state.change(&loc)
            {
                stored = true;
                if alone {
                    object.fields.insert(name.clone(), value.clone());
                } else {
                    object.fields.entry(name.clone()).or_default().join(&value);
                }
            }
        }
        if !stored {
            self.soil(frame, object, &value);
        }
    }

    pub(super) fn class_of(&self, frame: &Frame<'p>, atom: &Atom) -> Option<ClassRef> {
        match atom {
            Atom::Instance(class) => Some(*class),
            Atom::Object(site) => match frame.state.object(&Loc::Site(*site))?.kind {
                Kind::Instance(class) => Some(class),
                _ => None,
            },
            _ => None,
        }
    }

    /// Something nobody knows took a value in: it is untrusted from now on.
    pub(super) fn soil(&mut self, frame: &mut Frame<'p>, object: Var, value: &Value) {
        let taints = frame.state.deep_taint(value).unsure();
        if !taints.is_empty() {
            let target = frame.get(object).with_taint(&taints);
            frame.set(object, target);
        }
    }

    /// A member or an element of something of a library is given a value.
    pub(super) fn library_store(
        &mut self,
        frame: &mut Frame<'p>,
        path: PathId,
        how: &str,
        value: &Value,
    ) {
        let at = self.paths.field(path, &how.into());
        if let Some(model) = self.paths.model(at).cloned() {
            let name: Name = self.paths.text(at).trim_end_matches('=').into();
            for sink in &model.row.sinks {
                self.reaches(frame, &sink.rule, sink.context, &name, value);
            }
        }
    }
}

/// The place of a caller's object, when it is that and nothing else.
fn own_place(of: &Value) -> Option<&Place> {
    let [Atom::Instance(_), Atom::Param(place)] = of.atoms.as_slice() else {
        return None;
    };
    let mut origins = of.taint.iter().map(|taint| &taint.origin);
    let is_alone = origins.all(|it| matches!(it, Origin::Param(own) if own == place));
    (!of.open && is_alone).then_some(place)
}

/// What this function put into a member of what a caller gave, whichever way it came.
fn set_here(frame: &Frame<'_>, of: &Place, name: &Name) -> Option<Value> {
    let object = frame.state.object(&Loc::Param(of.clone()))?;
    let known = object.fields.get(name)?;
    let before = of.at(Key::Field(name.clone()));
    // Too far down a member is the same place as what it is of.
    let is_told_apart = before != *of;
    (is_told_apart && !places(known).any(|place| *place == before)).then(|| known.clone())
}

pub(super) fn is_object(atom: &Atom) -> bool {
    matches!(atom, Atom::Object(_) | Atom::Param(_))
}

pub(super) fn places(value: &Value) -> impl Iterator<Item = &Place> {
    value.atoms.iter().filter_map(|atom| match atom {
        Atom::Param(place) => Some(place),
        _ => None,
    })
}
