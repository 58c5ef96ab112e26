//! Methods of texts and containers, under the names they have in the languages.

use super::{
    analysis::Analysis,
    call::Args,
    elements::{put, take},
    frame::Frame,
    state::{Kind, Object},
    text,
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::ir::Name;

/// The mark of a map that was filled from a file.
const LOADED: &str = "<loaded>";

impl<'p> Analysis<'p> {
    /// A method of a list, a map or a text that is put together; `None` where it is not known.
    pub(super) fn container_method(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let kind = frame.state.object(loc)?.kind.clone();
        match kind {
            Kind::List | Kind::Tuple | Kind::Set => {
                self.list_method(frame, loc, receiver, name, args)
            }
            Kind::Map => self.map_method(frame, loc, receiver, name, args),
            Kind::Text => self.builder_method(frame, loc, receiver, name, args),
            Kind::Sections => self.sections_method(frame, loc, name, args),
            _ => None,
        }
    }

    pub(super) fn list_method(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let first = args.places.first().cloned();
        let second = args.places.get(1).cloned();
        match (name.as_ref(), first, second) {
            (
                "append" | "add" | "push" | "addLast" | "offer" | "addElement" | "put"
                | "put_nowait",
                Some(value),
                None,
            ) => {
                frame.state.change(loc)?.push(value);
                Some(Value::bool(true))
            }
            ("insert" | "add", Some(at), Some(value)) => {
                let object = frame.state.change(loc)?;
                match (at.only_constant(), &mut object.items) {
                    (Some(Const::Int(at)), Some(items)) => {
                        let at = usize::try_from(*at).unwrap_or(0).min(items.len());
                        items.insert(at, value);
                    }
                    _ => {
                        object.blur();
                        object.rest.join(&value);
                    }
                }
                Some(Value::constant(Const::None))
            }
            ("appendleft" | "addFirst", Some(value), None) => {
                let object = frame.state.change(loc)?;
                match &mut object.items {
                    Some(items) => items.insert(0, value),
                    None => {
                        object.rest.join(&value);
                    }
                }
                Some(Value::constant(Const::None))
            }
            ("extend" | "addAll" | "update", Some(value), _) => {
                let mut object = frame.state.object(loc)?.clone();
                self.spread_into(frame, &value, &mut object);
                frame.state.insert(loc.clone(), object);
                Some(Value::bool(true))
            }
            ("set", Some(at), Some(value)) => {
                put(frame.state.change(loc)?, &at, &value, true);
                Some(Value::unknown())
            }
            ("get" | "elementAt" | "__getitem__", Some(at), _) => {
                Some(self.load_index(frame, receiver, &at))
            }
            ("getFirst" | "firstElement" | "peek" | "element", None, _) => {
                Some(self.load_index(frame, receiver, &number(0)))
            }
            ("getLast" | "lastElement", None, _) => {
                Some(self.load_index(frame, receiver, &number(-1)))
            }
            ("pop", None, _) => Some(take(frame.state.change(loc)?, Some(&Const::Int(-1)), true)),
            ("popleft" | "poll" | "removeFirst" | "get" | "get_nowait", None, _) => {
                Some(take(frame.state.change(loc)?, Some(&Const::Int(0)), true))
            }
            ("removeLast", None, _) => {
                Some(take(frame.state.change(loc)?, Some(&Const::Int(-1)), true))
            }
            ("pop", Some(at), _) => Some(take(frame.state.change(loc)?, at.only_constant(), true)),
            ("remove", Some(what), _) => Some(self.remove_from_list(frame, loc, &what)),
            ("clear" | "removeAllElements", None, _) => {
                let object = frame.state.change(loc)?;
                object.items = Some(Vec::new());
                object.rest = Value::default();
                Some(Value::constant(Const::None))
            }
            ("size" | "__len__", None, _) => Some(
                self.length(frame, receiver)
                    .map_or_else(Value::unknown, |length| {
                        Value::constant(Const::Int(i64::try_from(length).unwrap_or(i64::MAX)))
                    }),
            ),
            ("isEmpty", None, _) => Some(
                self.length(frame, receiver)
                    .map_or_else(Value::unknown, |length| Value::bool(length == 0)),
            ),
            ("reverse" | "sort" | "retainAll" | "removeAll" | "removeIf", ..) => {
                frame.state.change(loc)?.blur();
                Some(Value::unknown())
            }
            // An entry of a map is a pair.
            ("getKey", None, _) => Some(self.load_index(frame, receiver, &number(0))),
            ("getValue", None, _) => Some(self.load_index(frame, receiver, &number(1))),
            ("iterator" | "listIterator" | "stream" | "copy" | "toArray" | "subList", ..) => {
                Some(receiver.clone())
            }
            ("next" | "nextElement", ..) => Some(self.element(frame, receiver)),
            ("contains" | "indexOf" | "count" | "index" | "hasNext", ..) => Some(Value::unknown()),
            _ => None,
        }
    }

    /// By position or by equality, as the language has it.
    pub(super) fn remove_from_list(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        what: &Value,
    ) -> Value {
        let java = self.language == crate::engine::inventory::Language::Java;
        let Some(object) = frame.state.change(loc) else {
            return Value::unknown();
        };
        match what.only_constant() {
            Some(at @ Const::Int(_)) if java => take(object, Some(at), true),
            Some(constant) => {
                let found = object.items.as_ref().and_then(|items| {
                    items
                        .iter()
                        .position(|item| item.only_constant() == Some(constant))
                });
                match (found, &mut object.items) {
                    (Some(at), Some(items)) => {
                        items.remove(at);
                    }
                    _ => object.blur(),
                }
                Value::unknown()
            }
            None => {
                object.blur();
                match java {
                    true => object.any_element(),
                    false => Value::unknown(),
                }
            }
        }
    }

    pub(super) fn map_method(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let first = args.places.first().cloned();
        let second = args.places.get(1).cloned();
        match (name.as_ref(), first, second) {
            ("put" | "setProperty" | "putIfAbsent" | "__setitem__", Some(key), Some(value)) => {
                put(frame.state.change(loc)?, &key, &value, true);
                Some(Value::unknown())
            }
            ("load" | "loadFromXML", Some(_), _) => {
                let loaded = Value::bool(true);
                frame
                    .state
                    .change(loc)?
                    .fields
                    .insert(LOADED.into(), loaded);
                Some(Value::constant(Const::None))
            }
            ("getProperty", Some(key), default) if self.is_loaded(frame, loc) => {
                let mut value = self.property(&key, default);
                // What was put into it beside the file.
                let object = frame.state.object(loc)?;
                let own = key.only_constant().and_then(|key| object.entries.get(key));
                value.join(own.unwrap_or(&object.rest));
                Some(value)
            }
            ("get" | "getProperty" | "__getitem__", Some(key), None) => {
                Some(self.load_index(frame, receiver, &key))
            }
            ("get" | "getOrDefault" | "getProperty", Some(key), Some(default)) => {
                let known = self.has_key(frame, loc, &key);
                let mut value = self.load_index(frame, receiver, &key);
                match known {
                    Some(true) => {}
                    Some(false) => value = default,
                    None => {
                        value.join(&default);
                    }
                }
                Some(value)
            }
            ("setdefault" | "computeIfAbsent", Some(key), Some(default)) => {
                if self.has_key(frame, loc, &key) != Some(true) {
                    put(frame.state.change(loc)?, &key, &default, false);
                }
                Some(self.load_index(frame, receiver, &key))
            }
            ("pop" | "remove", Some(key), _) => {
                Some(take(frame.state.change(loc)?, key.only_constant(), true))
            }
            ("update" | "putAll", Some(of), _) => {
                let mut object = frame.state.object(loc)?.clone();
                self.merge_map(frame, &of, &mut object);
                for (name, value) in &args.names {
                    object.put(Const::Text(name.clone()), value.clone());
                }
                frame.state.insert(loc.clone(), object);
                Some(Value::constant(Const::None))
            }
            ("keys" | "keySet", None, _) => Some(self.element(frame, receiver)),
            ("values", None, _) => {
                let any = frame.state.object(loc)?.any_element();
                let mut list = Object::new(Kind::List);
                list.blur();
                list.rest = any;
                Some(Self::place_object(frame, list))
            }
            ("items" | "entrySet", None, _) => {
                let any = frame.state.object(loc)?.any_element();
                let mut pair = Object::new(Kind::Tuple);
                pair.push(self.element(frame, receiver));
                pair.push(any);
                let site = frame.site_for(3);
                frame.state.insert(Loc::Site(site), pair);
                let mut list = Object::new(Kind::List);
                list.blur();
                list.rest = Value::atom(Atom::Object(site));
                Some(Self::place_object(frame, list))
            }
            ("clear", None, _) => {
                let object = frame.state.change(loc)?;
                object.entries.clear();
                object.rest = Value::default();
                Some(Value::constant(Const::None))
            }
            ("copy", None, _) => Some(receiver.clone()),
            ("containsKey" | "has_key" | "containsValue" | "size" | "isEmpty", ..) => {
                Some(Value::unknown())
            }
            _ => None,
        }
    }

    pub(super) fn is_loaded(&self, frame: &Frame<'p>, loc: &Loc) -> bool {
        let object = frame.state.object(loc);
        object.is_some_and(|object| object.fields.contains_key(LOADED))
    }

    pub(super) fn sections_method(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let key = |one: &Value, two: &Value| {
            let (one, two) = (one.only_text()?, two.only_text()?);
            Some(Value::text(&format!("{one}\u{0}{}", two.to_lowercase())))
        };
        let [section, option, more @ ..] = args.places.as_slice() else {
            return Some(Value::unknown());
        };
        let key = key(section, option).unwrap_or_else(Value::unknown);
        match (name.as_ref(), more) {
            ("set", [value]) => {
                put(frame.state.change(loc)?, &key, value, true);
                Some(Value::constant(Const::None))
            }
            ("get", _) => {
                let object = frame.state.object(loc)?;
                let known = key
                    .only_constant()
                    .and_then(|key| object.entries.get(key).cloned());
                let mut value = known.unwrap_or_else(|| match key.only_constant() {
                    Some(_) => Value::unknown(),
                    None => object.any_element(),
                });
                value.join(&object.rest);
                Some(value)
            }
            _ => Some(Value::unknown()),
        }
    }

    pub(super) fn has_key(&self, frame: &Frame<'p>, loc: &Loc, key: &Value) -> Option<bool> {
        let object = frame.state.object(loc)?;
        let key = key.only_constant()?;
        match object.entries.contains_key(key) {
            true => Some(true),
            false => object.rest.is_bottom().then_some(false),
        }
    }

    pub(super) fn builder_method(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let text = frame
            .state
            .object(loc)?
            .fields
            .get("")
            .cloned()
            .unwrap_or_default();
        let first = args.places.first().cloned();
        match (name.as_ref(), first) {
            (
                "append" | "write" | "print" | "println" | "writeObject" | "writeUTF"
                | "writeBytes" | "writeChars",
                Some(more),
            ) => {
                let end = match name.as_ref() {
                    "println" => Value::text("\n"),
                    _ => Value::text(""),
                };
                // `write(65)` writes a character.
                let is_number = matches!(more.only_constant(), Some(Const::Int(_)));
                let written = match is_number && name.as_ref() == "write" {
                    true => Value::unknown(),
                    false => more.clone(),
                };
                let mut joined = text::concatenation(&[text, written, end], self.language);
                joined.taint.join(&frame.state.deep_taint(&more));
                frame.state.change(loc)?.fields.insert("".into(), joined);
                Some(receiver.clone())
            }
            ("toString" | "toByteArray" | "getvalue" | "substring" | "charAt" | "read", _) => {
                match name.as_ref() {
                    "toString" | "toByteArray" | "getvalue" | "read" => Some(text),
                    _ => Some(self.call_method(frame, &text, None, name, args)),
                }
            }
            ("insert" | "replace" | "printf" | "format", _) => {
                let mut taint = text.taint;
                for value in args.values() {
                    taint.join(&frame.state.deep_taint(value));
                }
                let changed = Value::tainted(taint);
                frame.state.change(loc)?.fields.insert("".into(), changed);
                Some(receiver.clone())
            }
            ("reverse" | "deleteCharAt" | "delete" | "setLength" | "trimToSize", _) => {
                let changed = Value::tainted(text.taint);
                frame.state.change(loc)?.fields.insert("".into(), changed);
                Some(receiver.clone())
            }
            ("length" | "indexOf" | "capacity", _) => Some(Value::unknown()),
            _ => None,
        }
    }
}

fn number(number: i64) -> Value {
    Value::constant(Const::Int(number))
}
