//! Elements of lists, maps and texts: reading and changing them.

use super::{
    analysis::Analysis,
    frame::Frame,
    members::{is_object, places},
    state::{Kind, Object},
    value::{Atom, Const, Key, Loc, Origin, Place, Taints, Value},
};
use crate::engine::builtin::ir::Var;

impl<'p> Analysis<'p> {
    /// `object[key]`
    pub(super) fn load_index(&mut self, frame: &mut Frame<'p>, of: &Value, key: &Value) -> Value {
        let mut result = Value::default();
        let constant = key.only_constant().cloned();
        for atom in &of.atoms {
            let part = match atom {
                Atom::Object(_) => self.object_index(frame, atom, constant.as_ref()),
                Atom::Param(place) => {
                    let key = constant.clone().map_or(Key::Any, Key::Index);
                    self.given_member(frame, place, &key)
                }
                Atom::Path(path) => match self.setting_member(*path, key) {
                    Some(value) => value,
                    None => self.path_field(frame, *path, &"[]".into()),
                },
                Atom::Const(Const::Text(text)) => character(text, constant.as_ref()),
                _ => Value::unknown(),
            };
            result.join(&part);
        }
        result.open |= of.open;
        let refined: Vec<&Place> = places(of).collect();
        let whole = of.taint.map(|taint| match &taint.origin {
            Origin::Param(place) if refined.contains(&place) => None,
            _ => Some(taint.clone()),
        });
        result.with_taint(&whole)
    }

    pub(super) fn object_index(
        &mut self,
        frame: &mut Frame<'p>,
        atom: &Atom,
        key: Option<&Const>,
    ) -> Value {
        let Some(object) = self
            .loc_of(frame, atom)
            .and_then(|loc| frame.state.object(&loc))
        else {
            return Value::unknown();
        };
        match (&object.kind, key) {
            (Kind::Map, Some(key)) => match object.entries.get(key) {
                Some(value) => {
                    let mut value = value.clone();
                    value.join(&object.rest);
                    value
                }
                None if object.rest.is_bottom() => Value::unknown(),
                None => object.rest.clone(),
            },
            (Kind::List | Kind::Tuple, Some(Const::Int(at))) => match &object.items {
                Some(items) => place_in(*at, items.len())
                    .and_then(|at| items.get(at).cloned())
                    .unwrap_or_else(Value::unknown),
                // Where an element stands that was put there since is not known either.
                None => object.any_element(),
            },
            _ => {
                let any = object.any_element();
                if any.is_bottom() {
                    Value::unknown()
                } else {
                    any
                }
            }
        }
    }

    /// `object[key] = value`
    pub(super) fn store_index(
        &mut self,
        frame: &mut Frame<'p>,
        object: Var,
        key: &Value,
        value: &Value,
    ) {
        let target = frame.get(object);
        let alone = target.atoms.iter().filter(|it| is_object(it)).count() == 1;
        let mut stored = false;
        for atom in &target.atoms {
            if let Atom::Path(path) = atom {
                self.library_store(frame, *path, "[]=", value);
                // `[key]=` is the key itself.
                if let Some(key) = key.only_text().filter(|key| key.as_ref() != "key") {
                    let how = format!("[{}]=", key.to_lowercase());
                    self.library_store(frame, *path, &how, value);
                }
                self.library_store(frame, *path, "[key]=", key);
            }
            let Some(loc) = self.loc_of(frame, atom) else {
                continue;
            };
            if let Some(object) = frame.state.change(&loc) {
                stored = true;
                put(object, key, value, alone);
            }
        }
        if !stored {
            self.soil(frame, object, value);
        }
    }

    pub(super) fn delete_index(&mut self, frame: &mut Frame<'p>, of: &Value, key: &Value) {
        let alone = of.atoms.len() == 1 && !of.open;
        for atom in &of.atoms {
            let Some(object) = self
                .loc_of(frame, atom)
                .and_then(|loc| frame.state.change(&loc))
            else {
                continue;
            };
            take(object, key.only_constant(), alone);
        }
    }

    /// Adds an element at the end, or somewhere.
    pub(super) fn add_element(&mut self, frame: &mut Frame<'p>, to: &Value, value: &Value) {
        let alone = to.atoms.iter().filter(|it| is_object(it)).count() == 1;
        for atom in &to.atoms {
            let Some(object) = self
                .loc_of(frame, atom)
                .and_then(|loc| frame.state.change(&loc))
            else {
                continue;
            };
            if !alone || object.kind == Kind::Given {
                object.blur();
                object.rest.join(value);
            } else {
                object.push(value.clone());
            }
        }
    }

    /// Some element of a value.
    pub(super) fn element(&mut self, frame: &mut Frame<'p>, of: &Value) -> Value {
        let mut result = Value::default();
        for atom in &of.atoms {
            let part = match atom {
                Atom::Object(_) => match self
                    .loc_of(frame, atom)
                    .and_then(|loc| frame.state.object(&loc))
                {
                    Some(object) if object.kind == Kind::Map => {
                        let keys = object.entries.keys().cloned().map(Value::constant);
                        let mut keys = Value::any_of(&keys.collect::<Vec<_>>());
                        keys.open |= !object.rest.is_bottom() || keys.is_bottom();
                        keys
                    }
                    Some(object) => object.any_element(),
                    None => Value::unknown(),
                },
                Atom::Param(place) => self.given_member(frame, place, &Key::Any),
                _ => Value::unknown(),
            };
            result.join(&part);
        }
        result.open |= of.open || result.is_bottom();
        let refined: Vec<&Place> = places(of).collect();
        let whole: Taints = of.taint.map(|taint| match &taint.origin {
            Origin::Param(place) if refined.contains(&place) => None,
            _ => Some(taint.clone()),
        });
        result.with_taint(&whole)
    }

    /// The elements of a value, when all are known in order.
    pub(super) fn sequence(&mut self, frame: &mut Frame<'p>, of: &Value) -> Option<Vec<Value>> {
        let [atom] = of.atoms.as_slice() else {
            return None;
        };
        let object = self
            .loc_of(frame, atom)
            .and_then(|loc| frame.state.object(&loc))?;
        let ordered = matches!(object.kind, Kind::List | Kind::Tuple | Kind::Set);
        (ordered && !of.open)
            .then(|| object.items.clone())
            .flatten()
    }

    /// How many elements it has.
    pub(super) fn length(&self, frame: &Frame<'p>, of: &Value) -> Option<usize> {
        let [atom] = of.atoms.as_slice() else {
            return None;
        };
        if of.open {
            return None;
        }
        match atom {
            Atom::Const(Const::Text(text)) => Some(text.chars().count()),
            Atom::Object(site) => {
                let object = frame.state.object(&Loc::Site(*site))?;
                match object.kind {
                    Kind::Map => object.rest.is_bottom().then_some(object.entries.len()),
                    _ => object.items.as_ref().map(Vec::len),
                }
            }
            _ => None,
        }
    }

    /// `value[from:to:step]`
    pub(super) fn slice(
        &mut self,
        frame: &mut Frame<'p>,
        of: &Value,
        bounds: &[Option<Value>; 3],
    ) -> Value {
        let number = |bound: &Option<Value>| match bound {
            None => Some(None),
            Some(value) => match value.only_constant() {
                Some(Const::Int(at)) => Some(Some(*at)),
                Some(Const::None) => Some(None),
                _ => None,
            },
        };
        let whole_steps = bounds[2].is_none();
        if let (Some(from), Some(to), true) = (number(&bounds[0]), number(&bounds[1]), whole_steps)
        {
            if let Some(text) = of.only_text() {
                let characters: Vec<char> = text.chars().collect();
                let (from, to) = range(from, to, characters.len());
                let part: String = characters.get(from..to).unwrap_or(&[]).iter().collect();
                return Value::text(&part).with_taint(&of.taint);
            }
            if let Some(items) = self.sequence(frame, of) {
                let (from, to) = range(from, to, items.len());
                let mut object = Object::new(Kind::List);
                object.items = Some(items.get(from..to).unwrap_or(&[]).to_vec());
                return Self::place_object(frame, object);
            }
        }
        let element = self.element(frame, of);
        let taint = frame.state.deep_taint(of);
        Value::tainted(taint).with_taint(&element.taint)
    }
}

/// A position that may count from the end.
pub(super) fn place_in(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if at < 0 { at + length } else { at };
    usize::try_from(at).ok()
}

fn range(from: Option<i64>, to: Option<i64>, length: usize) -> (usize, usize) {
    let bounded = |at: i64| place_in(at, length).unwrap_or(0).min(length);
    let from = from.map_or(0, bounded);
    let to = to.map_or(length, bounded);
    (from.min(to), to)
}

fn character(text: &str, at: Option<&Const>) -> Value {
    let Some(Const::Int(at)) = at else {
        return Value::unknown();
    };
    let found = place_in(*at, text.chars().count()).and_then(|at| text.chars().nth(at));
    found.map_or_else(Value::unknown, |it| Value::text(&it.to_string()))
}

/// Puts a value into a list or a map; `alone` when nothing else is meant.
pub(super) fn put(object: &mut Object, key: &Value, value: &Value, alone: bool) {
    match (key.only_constant(), &mut object.items) {
        (Some(Const::Int(at)), Some(items)) if object.kind != Kind::Map => {
            match place_in(*at, items.len()).and_then(|at| items.get_mut(at)) {
                Some(item) if alone => *item = value.clone(),
                Some(item) => {
                    item.join(value);
                }
                None => object.push(value.clone()),
            }
        }
        (Some(key), None) if alone => object.put(key.clone(), value.clone()),
        (Some(key), None) => {
            let mut joined = object.entries.get(key).cloned().unwrap_or_default();
            joined.join(value);
            object.put(key.clone(), joined);
        }
        _ => {
            object.blur();
            object.put_somewhere(&value.clone().with_taint(&key.taint));
        }
    }
}

/// Takes an element out; gives it.
pub(super) fn take(object: &mut Object, key: Option<&Const>, alone: bool) -> Value {
    match (key, &mut object.items) {
        (Some(Const::Int(at)), Some(items)) if object.kind != Kind::Map && alone => {
            match place_in(*at, items.len()).filter(|at| *at < items.len()) {
                Some(at) => items.remove(at),
                None => Value::unknown(),
            }
        }
        (Some(key), None) if alone && object.kind == Kind::Map => {
            let mut taken = object.entries.remove(key).unwrap_or_default();
            taken.join(&object.rest);
            taken
        }
        _ => {
            object.blur();
            object.any_element()
        }
    }
}
