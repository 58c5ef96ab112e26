//! Methods of texts that are known, and functions of libraries whose result for constants is known.

use super::{
    analysis::Analysis,
    call::Args,
    frame::Frame,
    library::Receiver,
    paths::PathId,
    state::{Kind, Object},
    text,
    value::{Const, Value},
};
use crate::engine::builtin::ir::Name;

impl<'p> Analysis<'p> {
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
        ("strip", [Const::Text(of)]) => own(text.trim_matches(|it| of.contains(it))),
        ("lstrip", [Const::Text(of)]) => own(text.trim_start_matches(|it| of.contains(it))),
        ("rstrip", [Const::Text(of)]) => own(text.trim_end_matches(|it| of.contains(it))),
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
