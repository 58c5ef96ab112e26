//! Methods of texts and containers, under the names they have in the languages.

use super::{
    analysis::Analysis,
    call::Args,
    frame::Frame,
    library::Receiver,
    members::{put, take},
    paths::PathId,
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

    fn list_method(
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
            ("append" | "add" | "push" | "addLast" | "offer" | "addElement", Some(value), None) => {
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
                let at = Value::constant(Const::Int(0));
                Some(self.load_index(frame, receiver, &at))
            }
            ("getLast" | "lastElement", None, _) => {
                let at = Value::constant(Const::Int(-1));
                Some(self.load_index(frame, receiver, &at))
            }
            ("pop", None, _) => Some(take(frame.state.change(loc)?, Some(&Const::Int(-1)), true)),
            ("popleft" | "poll" | "removeFirst", None, _) => {
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
            ("reverse" | "sort", ..) => {
                frame.state.change(loc)?.blur();
                Some(Value::constant(Const::None))
            }
            ("iterator" | "listIterator" | "stream" | "copy" | "toArray" | "subList", ..) => {
                Some(receiver.clone())
            }
            ("next" | "nextElement", ..) => Some(self.element(frame, receiver)),
            ("contains" | "indexOf" | "count" | "index" | "hasNext", ..) => Some(Value::unknown()),
            _ => None,
        }
    }

    /// By position or by equality, as the language has it.
    fn remove_from_list(&mut self, frame: &mut Frame<'p>, loc: &Loc, what: &Value) -> Value {
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
                Value::unknown()
            }
        }
    }

    fn map_method(
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
                Some(self.configured(&key, default))
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

    fn is_loaded(&self, frame: &Frame<'p>, loc: &Loc) -> bool {
        let object = frame.state.object(loc);
        object.is_some_and(|object| object.fields.contains_key(LOADED))
    }

    /// What files of the tree set a key to.
    fn configured(&self, key: &Value, default: Option<Value>) -> Value {
        let Some(key) = key.only_text() else {
            return Value::unknown();
        };
        let values: Vec<Value> = self.config.get(key).map(Value::text).collect();
        match (values.is_empty(), default) {
            (true, Some(default)) => default,
            (true, None) => Value::unknown(),
            (false, _) => Value::any_of(&values),
        }
    }

    fn sections_method(
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

    fn has_key(&self, frame: &Frame<'p>, loc: &Loc, key: &Value) -> Option<bool> {
        let object = frame.state.object(loc)?;
        let key = key.only_constant()?;
        match object.entries.contains_key(key) {
            true => Some(true),
            false => object.rest.is_bottom().then_some(false),
        }
    }

    fn builder_method(
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
            ("append" | "write", Some(more)) => {
                let mut joined = text::concatenation(&[text, more.clone()], self.language);
                joined.taint.join(&frame.state.deep_taint(&more));
                frame.state.change(loc)?.fields.insert("".into(), joined);
                Some(receiver.clone())
            }
            ("toString" | "getvalue" | "substring" | "charAt" | "read", _) => match name.as_ref() {
                "toString" | "getvalue" | "read" => Some(text),
                _ => Some(self.call_method(frame, &text, None, name, args)),
            },
            ("insert" | "replace", _) => {
                let value = args.places.last().cloned().unwrap_or_default();
                let mut taint = frame.state.deep_taint(&value);
                taint.join(&text.taint);
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

    /// A method of a text that is known.
    pub(super) fn text_method(
        &mut self,
        frame: &mut Frame<'p>,
        known: &Name,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        if name.as_ref() == "format" {
            let mut value = self.braces(frame, receiver, args);
            value.taint.join(&receiver.taint);
            return Some(value);
        }
        if name.as_ref() == "join" {
            let separator = Value::text(known);
            let of = args.places.first()?.clone();
            let taint = frame.state.deep_taint(&of);
            let joined = match self.sequence(frame, &of) {
                Some(items) => {
                    let mut parts = Vec::new();
                    for (place, item) in items.into_iter().enumerate() {
                        if place > 0 {
                            parts.push(separator.clone());
                        }
                        parts.push(item);
                    }
                    match parts.is_empty() {
                        true => Value::text(""),
                        false => text::concatenation(&parts, self.language),
                    }
                }
                None => Value::unknown(),
            };
            return Some(joined.with_taint(&taint));
        }
        let mut taint = receiver.taint.clone();
        let given: Option<Vec<Const>> = args
            .places
            .iter()
            .map(|value| value.only_constant().cloned())
            .collect();
        for value in args.values() {
            taint.join(&frame.state.deep_taint(value));
        }
        let constants = given?;
        if let Some(parts) = split(known, name, &constants) {
            let mut list = Object::new(Kind::List);
            parts
                .into_iter()
                .for_each(|part| list.push(Value::text(&part).with_taint(&taint)));
            return Some(Self::place_object(frame, list));
        }
        let computed = computed(known, name, &constants)?;
        let tells = matches!(computed, Const::Bool(_) | Const::Int(_));
        let value = Value::constant(computed);
        Some(if tells {
            value
        } else {
            value.with_taint(&taint)
        })
    }

    /// A function of a library whose result for constants is known.
    pub(super) fn computed_call(
        &mut self,
        frame: &mut Frame<'p>,
        place: PathId,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Option<Value> {
        let name = self.paths.text(place).to_owned();
        let first = args.places.first();
        match name.as_str() {
            "builtins.str()" | "builtins.repr()" | "java.lang.String.valueOf()" => {
                let constant = first?.only_constant()?;
                Some(Value::text(&text::written(constant)))
            }
            "builtins.int()" | "java.lang.Integer.parseInt()" | "java.lang.Integer.valueOf()" => {
                match first?.only_constant()? {
                    Const::Int(value) => Some(Value::constant(Const::Int(*value))),
                    Const::Text(text) => {
                        let value = text.trim().parse().ok()?;
                        Some(Value::constant(Const::Int(value)))
                    }
                    _ => None,
                }
            }
            "builtins.len()" => {
                let length = self.length(frame, first?)?;
                Some(Value::constant(Const::Int(i64::try_from(length).ok()?)))
            }
            "builtins.bool()" => first?.truth().map(Value::bool),
            "java.lang.String.format()" => {
                let format = first?.clone();
                let begins = format.beginning()?;
                let end = begins.find('%').unwrap_or(begins.len());
                Some(Value {
                    open: true,
                    prefix: Some(begins.get(..end)?.into()),
                    ..Value::default()
                })
            }
            _ => {
                let receiver = receiver?;
                let begins = receiver.value.beginning()?;
                let keeps = ["?.encode()", "?.concat()"].contains(&name.as_str());
                keeps.then(|| Value {
                    open: true,
                    prefix: Some(begins),
                    ..Value::default()
                })
            }
        }
    }
}

fn split(text: &str, name: &str, args: &[Const]) -> Option<Vec<String>> {
    let parts: Vec<String> = match (name, args) {
        ("split", []) => text.split_whitespace().map(str::to_owned).collect(),
        ("split", [Const::Text(by)]) if !by.is_empty() => {
            text.split(by.as_ref()).map(str::to_owned).collect()
        }
        ("splitlines", []) => text.lines().map(str::to_owned).collect(),
        ("toCharArray", []) => text.chars().map(|it| it.to_string()).collect(),
        _ => return None,
    };
    (parts.len() <= 64).then_some(parts)
}

/// What a method of a fixed text gives for fixed arguments.
fn computed(text: &str, name: &str, args: &[Const]) -> Option<Const> {
    let own = |text: &str| Some(Const::Text(text.into()));
    let number = |at: Option<usize>| {
        Some(Const::Int(
            at.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX)),
        ))
    };
    match (name, args) {
        ("lower" | "toLowerCase" | "casefold", []) => own(&text.to_lowercase()),
        ("upper" | "toUpperCase", []) => own(&text.to_uppercase()),
        ("strip" | "trim", []) => own(text.trim()),
        ("lstrip" | "stripLeading", []) => own(text.trim_start()),
        ("rstrip" | "stripTrailing", []) => own(text.trim_end()),
        ("encode" | "decode" | "toString" | "intern" | "getBytes" | "__str__", _) => own(text),
        ("replace" | "replaceAll", [Const::Text(from), Const::Text(to)])
            if name == "replace" || from.chars().all(char::is_alphanumeric) =>
        {
            own(&text.replace(from.as_ref(), to))
        }
        ("concat", [Const::Text(more)]) => own(&format!("{text}{more}")),
        ("startswith" | "startsWith", [Const::Text(with)]) => {
            Some(Const::Bool(text.starts_with(with.as_ref())))
        }
        ("endswith" | "endsWith", [Const::Text(with)]) => {
            Some(Const::Bool(text.ends_with(with.as_ref())))
        }
        ("contains" | "__contains__", [Const::Text(part)]) => {
            Some(Const::Bool(text.contains(part.as_ref())))
        }
        ("equals", [other]) => Some(Const::Bool(
            matches!(other, Const::Text(it) if it.as_ref() == text),
        )),
        ("equalsIgnoreCase", [Const::Text(other)]) => {
            Some(Const::Bool(text.eq_ignore_ascii_case(other)))
        }
        ("find" | "index" | "indexOf", [Const::Text(part)]) => {
            number(text.find(part.as_ref()).map(|at| characters(text, at)))
        }
        ("rfind" | "lastIndexOf", [Const::Text(part)]) => {
            number(text.rfind(part.as_ref()).map(|at| characters(text, at)))
        }
        ("length", []) => number(Some(text.chars().count())),
        ("isEmpty", []) => Some(Const::Bool(text.is_empty())),
        ("charAt", [Const::Int(at)]) => {
            let found = text.chars().nth(usize::try_from(*at).ok()?)?;
            own(&found.to_string())
        }
        ("substring", [Const::Int(from)]) => own(&text
            .chars()
            .skip(usize::try_from(*from).ok()?)
            .collect::<String>()),
        ("substring", [Const::Int(from), Const::Int(to)]) => {
            let (from, to) = (usize::try_from(*from).ok()?, usize::try_from(*to).ok()?);
            own(&text
                .chars()
                .skip(from)
                .take(to.checked_sub(from)?)
                .collect::<String>())
        }
        ("isdigit" | "isnumeric", []) => Some(Const::Bool(
            !text.is_empty() && text.chars().all(|it| it.is_ascii_digit()),
        )),
        ("isalnum", []) => Some(Const::Bool(
            !text.is_empty() && text.chars().all(char::is_alphanumeric),
        )),
        _ => None,
    }
}

fn characters(text: &str, bytes: usize) -> usize {
    text.get(..bytes).map_or(0, |before| before.chars().count())
}
