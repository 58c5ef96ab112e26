//! Texts that are put together.

use super::{
    analysis::Analysis,
    arithmetic::{added, combine},
    call::Args,
    context::Context,
    frame::Frame,
    state::{Kind, Object},
    value::{Atom, Const, Loc, Taints, Value, cut},
};
use crate::engine::{
    builtin::ir::{self, BinaryOp},
    inventory::Language,
};

/// Results of combining alternatives; more are "anything".
const MAX_RESULTS: usize = 4;

impl<'p> Analysis<'p> {
    pub(super) fn binary(
        &mut self,
        frame: &mut Frame<'p>,
        op: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Value {
        if let Some(method) = operator(op)
            && self.has_operator(left, method)
        {
            let args = Args {
                places: vec![right.clone()],
                vars: vec![None],
                ..Args::default()
            };
            return self.call_method(frame, left, None, &method.into(), &args);
        }
        let mut value = match op {
            BinaryOp::Mod if left.atoms.iter().any(is_text) || left.prefix.is_some() => {
                self.percent(frame, left, right)
            }
            BinaryOp::Add => match self.joined_sequences(frame, left, right) {
                Some(value) => value,
                None => concatenation(&[left.clone(), right.clone()], self.language),
            },
            BinaryOp::In | BinaryOp::NotIn => self.contains(frame, op, left, right),
            _ => combine(op, left, right, self.language),
        };
        let carries = matches!(
            op,
            BinaryOp::Add | BinaryOp::Mod | BinaryOp::Mul | BinaryOp::Div | BinaryOp::BitOr
        );
        if carries {
            value.taint.join(&frame.state.deep_taint(left));
            let right = frame.state.deep_taint(right);
            let is_query = op == BinaryOp::Add && begins_query(left);
            value.taint.join(&behind_question_mark(is_query, &right));
        }
        value
    }

    /// Whether a library gives an operator a meaning of its own.
    fn has_operator(&mut self, left: &Value, name: &str) -> bool {
        let name = name.into();
        left.atoms.iter().any(|atom| match atom {
            Atom::Path(path) => {
                let place = self.paths.method_call(*path, &name);
                self.paths.is_known(place)
            }
            _ => false,
        })
    }

    /// `"…%s…" % values`.
    fn percent(&mut self, frame: &mut Frame<'p>, left: &Value, right: &Value) -> Value {
        let Some(format) = left.beginning() else {
            return Value::unknown();
        };
        let parts = match self.sequence(frame, right) {
            Some(items) => items,
            None => vec![right.clone()],
        };
        let known = left.only_text().is_some();
        let pieces = split_format(
            &format,
            |rest| {
                let length = rest.find(|c: char| c.is_ascii_alphabetic())? + 1;
                (length <= 12 && !rest.starts_with("%%")).then_some(length)
            },
            '%',
        );
        filled(pieces, &parts, known)
    }

    /// Several sequences one after another.
    fn joined_sequences(
        &mut self,
        frame: &mut Frame<'p>,
        left: &Value,
        right: &Value,
    ) -> Option<Value> {
        let is_list = |value: &Value| {
            value.atoms.iter().any(|atom| match atom {
                Atom::Object(site) => frame
                    .state
                    .object(&Loc::Site(*site))
                    .is_some_and(|object| matches!(object.kind, Kind::List | Kind::Tuple)),
                _ => false,
            })
        };
        if !is_list(left) && !is_list(right) {
            return None;
        }
        let mut object = Object::new(Kind::List);
        self.spread_into(frame, left, &mut object);
        self.spread_into(frame, right, &mut object);
        Some(Self::place_object(frame, object))
    }

    fn contains(
        &mut self,
        frame: &mut Frame<'p>,
        op: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Value {
        let wanted = op == BinaryOp::In;
        let Some(needle) = left.only_constant() else {
            return Value::unknown();
        };
        if let (Const::Text(needle), Some(text)) = (needle, right.only_text()) {
            return Value::bool(text.contains(needle.as_ref()) == wanted);
        }
        if let Some(items) = self.sequence(frame, right) {
            let constants: Option<Vec<_>> = items
                .iter()
                .map(|item| item.only_constant().cloned())
                .collect();
            if let Some(constants) = constants {
                return Value::bool(constants.contains(needle) == wanted);
            }
        }
        Value::unknown()
    }

    /// A text of pieces.
    pub(super) fn format(&mut self, frame: &mut Frame<'p>, pieces: &[ir::Piece]) -> Value {
        let values: Vec<Value> = pieces
            .iter()
            .map(|piece| match piece {
                ir::Piece::Fixed(text) => Value::text(text),
                ir::Piece::Value(var) => {
                    let mut value = frame.get(*var);
                    value.taint = frame.state.deep_taint(&value);
                    as_text(&value)
                }
            })
            .collect();
        concatenation(&values, Language::Java)
    }

    /// `format.format(values…)`, with fields such as `{}`, `{0}`, `{name}` and `{0[key]}`.
    pub(super) fn braces(&mut self, frame: &mut Frame<'p>, format: &Value, args: &Args) -> Value {
        let Some(text) = format.only_text().cloned() else {
            let mut taint = Taints::default();
            for value in args.values() {
                taint.join(&frame.state.deep_taint(value));
            }
            let prefix = format.beginning();
            let end = prefix.as_ref().and_then(|text| text.find('{'));
            let prefix = prefix.and_then(|text| Some(text.get(..end?)?.into()));
            return Value {
                prefix,
                ..Value::tainted(taint)
            };
        };
        let mut values = Vec::new();
        let mut next = 0;
        for piece in split_format(&text, |rest| rest.find('}').map(|at| at + 1), '{') {
            values.push(match piece {
                Piece::Fixed(fixed) => Value::text(&fixed),
                Piece::Hole(hole) => {
                    let mut value = self.field_of_format(frame, &hole, args, &mut next);
                    value.taint = frame.state.deep_taint(&value);
                    as_text(&value)
                }
            });
        }
        concatenation(&values, Language::Java)
    }

    /// What stands in one field of a format.
    fn field_of_format(
        &mut self,
        frame: &mut Frame<'p>,
        hole: &str,
        args: &Args,
        next: &mut usize,
    ) -> Value {
        let inside = hole.trim_start_matches('{').trim_end_matches('}');
        let inside = inside.split([':', '!']).next().unwrap_or("");
        let end = inside.find(['[', '.']).unwrap_or(inside.len());
        let (name, mut rest) = inside.split_at(end);
        let given = match name {
            "" => {
                *next += 1;
                args.places.get(*next - 1)
            }
            _ => match name.parse::<usize>() {
                Ok(at) => args.places.get(at),
                Err(_) => args.name(name),
            },
        };
        let Some(mut value) = given.cloned() else {
            return args.rest.clone();
        };
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['[', '.']).unwrap_or(after.len());
                let (field, left) = after.split_at(end);
                value = self.load_field(frame, &value, &field.into());
                rest = left;
            } else {
                let after = rest.trim_start_matches('[');
                let end = after.find(']').unwrap_or(after.len());
                let (key, left) = after.split_at(end);
                let key = match key.parse() {
                    Ok(at) => Const::Int(at),
                    Err(_) => Const::Text(key.into()),
                };
                value = self.load_index(frame, &value, &Value::constant(key));
                rest = left.trim_start_matches(']');
            }
        }
        value
    }
}

/// The method that an operator stands for.
fn operator(op: BinaryOp) -> Option<&'static str> {
    match op {
        BinaryOp::Add => Some("__add__"),
        BinaryOp::Mod => Some("__mod__"),
        BinaryOp::Div => Some("__truediv__"),
        _ => None,
    }
}

/// A value as it is written in a text.
fn as_text(value: &Value) -> Value {
    let mut text = value.clone();
    for atom in &mut text.atoms {
        if let Atom::Const(constant) = atom
            && !constant.decides_nothing()
        {
            *constant = Const::Text(written(constant).into());
        }
    }
    text.atoms.sort();
    text.atoms.dedup();
    text
}

fn is_text(atom: &Atom) -> bool {
    matches!(atom, Atom::Const(Const::Text(_) | Const::Setting(_)))
}

/// A part of a format.
enum Piece {
    Fixed(String),
    Hole(String),
}

/// The fixed parts of a format, and the holes between them.
fn split_format(format: &str, hole: impl Fn(&str) -> Option<usize>, mark: char) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut fixed = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(mark) {
        let (before, from) = rest.split_at(at);
        fixed.push_str(before);
        let doubled = from.chars().nth(1) == Some(mark);
        match hole(from).filter(|_| !doubled) {
            Some(length) => {
                pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                let inside = from.get(..length).unwrap_or("");
                pieces.push(Piece::Hole(inside.to_owned()));
                rest = from.get(length..).unwrap_or("");
            }
            None => {
                fixed.push(mark);
                rest = from.get(if doubled { 2 } else { 1 }..).unwrap_or("");
            }
        }
    }
    fixed.push_str(rest);
    pieces.push(Piece::Fixed(fixed));
    pieces
}

fn filled(pieces: Vec<Piece>, parts: &[Value], known: bool) -> Value {
    let mut parts = parts.iter();
    let mut values: Vec<Value> = Vec::new();
    for piece in pieces {
        values.push(match piece {
            Piece::Fixed(fixed) => Value::text(&fixed),
            Piece::Hole(_) => parts.next().map_or_else(Value::unknown, as_text),
        });
    }
    let mut value = concatenation(&values, Language::Java);
    if !known {
        value.open = true;
    }
    value
}

/// Texts one after another.
pub(super) fn concatenation(values: &[Value], language: Language) -> Value {
    let mut alternatives: Option<Vec<Const>> = None;
    let mut known = true;
    let mut prefix = String::new();
    let mut prefix_open = true;
    let mut taint = Taints::default();
    let mut is_query = false;
    for value in values {
        taint.join(&behind_question_mark(is_query, &value.taint));
        is_query |= begins_query(value);
        if prefix_open {
            let whole = value.constants().is_some_and(|all| all.len() == 1);
            if let Some(begins) = beginning_of(value) {
                prefix.push_str(&begins);
            }
            prefix_open = whole;
        }
        if !known {
            continue;
        }
        let Some(next) = value.constants() else {
            known = false;
            continue;
        };
        alternatives = match alternatives {
            None => Some(next.into_iter().cloned().collect()),
            Some(so_far) => {
                let mut combined = Vec::new();
                for one in &so_far {
                    for two in &next {
                        combined.extend(added(one, two, language));
                    }
                }
                combined.sort();
                combined.dedup();
                known = !combined.is_empty() && combined.len() <= MAX_RESULTS;
                Some(combined)
            }
        };
    }
    if known && let Some(constants) = alternatives {
        let values: Vec<Value> = constants.into_iter().map(Value::constant).collect();
        return Value::any_of(&values).with_taint(&taint);
    }
    Value {
        open: true,
        prefix: (!prefix.is_empty()).then(|| cut(&prefix).into()),
        taint,
        ..Value::default()
    }
}

/// Whether what follows a text is the query or the fragment of an address.
fn begins_query(value: &Value) -> bool {
    beginning_of(value).is_some_and(|text| text.contains(['?', '#']))
}

/// What stands in a query does not choose where an address leads.
fn behind_question_mark(is_query: bool, taints: &Taints) -> Taints {
    match is_query {
        true => taints.safe_for([Context::Url, Context::Redirect].into_iter().collect()),
        false => taints.clone(),
    }
}

/// How a value begins when it is written as text.
fn beginning_of(value: &Value) -> Option<String> {
    match value.only_constant() {
        Some(constant) => Some(written(constant)),
        None => value.beginning().map(|text| text.to_string()),
    }
}

/// A constant as text.
pub(super) fn written(constant: &Const) -> String {
    match constant {
        Const::None => "None".to_owned(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Text(text) | Const::Number(text) | Const::Setting(text) => text.to_string(),
        Const::Fixed => String::new(),
    }
}
