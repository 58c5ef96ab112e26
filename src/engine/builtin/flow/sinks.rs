//! Where data does harm: whether what reaches a call is dangerous there.

use super::{
    analysis::Analysis,
    call::Args,
    context::Context,
    frame::Frame,
    library::{Receiver, chosen},
    models::{Condition, Model, Scalar},
    results::{SinkPlace, Verdict},
    state::Kind,
    summary::Hit,
    value::{Atom, Const, Note, Taint, Value},
};
use crate::engine::builtin::ir::Name;
use std::{collections::BTreeMap, sync::Arc};

/// Programs that take commands as arguments.
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "cmd",
    "powershell",
    "pwsh",
    "env",
];

impl<'p> Analysis<'p> {
    /// Whether what goes into a call may do harm there.
    pub(super) fn check_sinks(
        &mut self,
        frame: &mut Frame<'p>,
        model: &Arc<Model>,
        name: &Name,
        receiver: Option<&Receiver>,
        args: &Args,
    ) {
        for sink in &model.row.sinks {
            if !self.all_hold(frame, &sink.only_if, receiver, args)
                || (!sink.unless.is_empty() && self.all_hold(frame, &sink.unless, receiver, args))
            {
                continue;
            }
            let mut values: Vec<Value> = chosen(&sink.arg, receiver, args).cloned().collect();
            if sink.context == Context::Argv {
                values = self.programs(frame, &values);
            }
            for value in &values {
                self.reaches(frame, &sink.rule, sink.context, name, value);
            }
        }
        for flag in &model.row.flags {
            let place = self.sink_place(frame, &flag.rule);
            let excluded =
                !flag.unless.is_empty() && self.all_hold(frame, &flag.unless, receiver, args);
            if excluded || !self.all_hold(frame, &flag.only_if, receiver, args) {
                self.results.judge(&place, Verdict::Harmless);
                continue;
            }
            let found = super::results::Found {
                source: None,
                doubt: 0,
                steps: super::value::Steps::default().push(frame.step(name.clone(), Note::Called)),
                function: frame.func,
                sink: name.clone(),
            };
            self.results.add_found(place, found);
        }
    }

    pub(super) fn sink_place(&mut self, frame: &Frame<'p>, rule: &str) -> SinkPlace {
        SinkPlace {
            rule: self.rule_id(rule),
            unit: frame.func.unit,
            start: frame.span.start,
            end: frame.span.end,
        }
    }

    /// A value comes to where it is read as `context`.
    pub(super) fn reaches(
        &mut self,
        frame: &mut Frame<'p>,
        rule: &str,
        context: Context,
        name: &Name,
        value: &Value,
    ) {
        let place = self.sink_place(frame, rule);
        if context == Context::Html
            && self.is_tuple(frame, value)
            && let Some(parts) = self.sequence(frame, value)
            && let Some(body) = parts.first().filter(|_| parts.len() > 1)
        {
            // Body, status and headers: only the body is read as a page.
            let body = body.clone();
            return self.reaches(frame, rule, context, name, &body);
        }
        if context == Context::Html && self.is_of(frame, value, &[Kind::Map]) {
            // It is answered as JSON.
            return;
        }
        // An address may be an object that was made of its text.
        let text = Self::members_of(frame, value).and_then(|it| it.get("0").cloned());
        if harmless_beginning(context, text.as_ref().unwrap_or(value)) {
            self.results.judge(&place, Verdict::Harmless);
            return;
        }
        let taints = frame.state.deep_taint(value);
        let nothing_unknown = value.constants().is_some() || !taints.is_empty();
        let verdict = match nothing_unknown {
            true => Verdict::Harmless,
            false => Verdict::Unknown,
        };
        self.results.judge(&place, verdict);
        for taint in taints.iter().filter(|taint| !taint.safe.has(context)) {
            let step = frame.step(name.clone(), Note::Reaches);
            let taint = Taint {
                steps: taint.steps.push(step),
                ..taint.clone()
            };
            let hit = Hit {
                place: place.clone(),
                context,
                taint,
                function: frame.func,
                sink: name.clone(),
            };
            self.record(frame, hit);
        }
    }

    /// Of a program and its arguments, what decides what runs: the program, and everything given to
    /// a shell.
    pub(super) fn programs(&mut self, frame: &mut Frame<'p>, values: &[Value]) -> Vec<Value> {
        let given: Vec<Value> = values
            .iter()
            .filter(|it| !it.is_bottom())
            .cloned()
            .collect();
        let parts = match given.as_slice() {
            [list] => match self.sequence(frame, list) {
                Some(parts) => parts,
                None => return given,
            },
            _ => given,
        };
        let is_shell = |value: &Value| {
            value.some_texts().any(|text| {
                let name = text
                    .rsplit(['/', '\\'])
                    .next()
                    .unwrap_or(text)
                    .to_lowercase();
                SHELLS.contains(&name.trim_end_matches(".exe"))
            })
        };
        match parts.first() {
            Some(first) if !is_shell(first) => vec![first.clone()],
            _ => parts,
        }
    }

    pub(super) fn is_tuple(&mut self, frame: &mut Frame<'p>, value: &Value) -> bool {
        self.is_of(frame, value, &[Kind::Tuple])
    }

    /// Whether a value is one object, of one of these kinds.
    pub(super) fn is_of(&mut self, frame: &mut Frame<'p>, value: &Value, kinds: &[Kind]) -> bool {
        let [atom] = value.atoms.as_slice() else {
            return false;
        };
        self.loc_of(frame, atom)
            .and_then(|loc| frame.state.object(&loc))
            .is_some_and(|object| kinds.contains(&object.kind))
    }

    pub(super) fn all_hold(
        &mut self,
        frame: &mut Frame<'p>,
        conditions: &[Condition],
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> bool {
        conditions
            .iter()
            .all(|condition| self.holds(frame, condition, receiver, args))
    }

    pub(super) fn holds(
        &mut self,
        frame: &mut Frame<'p>,
        condition: &Condition,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> bool {
        let value = chosen(&condition.arg, receiver, args).next().cloned();
        if let (Some(given), Some(fields)) = (condition.given, &condition.field) {
            // Of an object that came from elsewhere nobody knows what was set.
            let members = value.and_then(|it| Self::members_of(frame, &it));
            let set = |known: BTreeMap<Name, Value>| {
                fields.split(" | ").any(|field| known.contains_key(field))
            };
            return members.map(set) == Some(given);
        }
        if let Some(given) = condition.given {
            return given == value.is_some();
        }
        let Some(mut value) = value else {
            return false;
        };
        if let Some(field) = &condition.field {
            value = self.bean_field(frame, &value, field);
        }
        if let Some(regex) = &condition.matches {
            return value.some_texts().any(|text| regex.is_match(text));
        }
        if let Some(regex) = &condition.begins {
            let begins = value.beginning();
            let mut texts = value.some_texts();
            return begins.is_some_and(|text| regex.is_match(&text))
                || texts.any(|text| regex.is_match(text));
        }
        condition.is.iter().any(|scalar| match scalar {
            Scalar::Bool(wanted) => value.atoms.contains(&Atom::Const(Const::Bool(*wanted))),
            Scalar::Int(wanted) => value.atoms.contains(&Atom::Const(Const::Int(*wanted))),
            Scalar::Text(text) => match text.strip_prefix('@') {
                Some(path) => {
                    let wanted = self.paths.place(path);
                    value.atoms.contains(&Atom::Path(wanted))
                }
                None => value
                    .some_texts()
                    .any(|known| known.as_ref() == text.as_str()),
            },
        })
    }

    /// A member of an object of a library, as its setters left it.
    pub(super) fn bean_field(
        &mut self,
        frame: &mut Frame<'p>,
        value: &Value,
        field: &str,
    ) -> Value {
        for atom in value
            .atoms
            .iter()
            .filter(|it| matches!(it, Atom::Object(_)))
        {
            if let Some(loc) = self.loc_of(frame, atom)
                && let Some(object) = frame.state.object(&loc)
            {
                let known = object.fields.get(field).cloned();
                return known.unwrap_or_else(|| Value::constant(Const::None));
            }
        }
        Value::unknown()
    }
}

/// Whether the fixed beginning of a text leaves nothing to choose of what matters.
pub(super) fn harmless_beginning(context: Context, value: &Value) -> bool {
    let Some(begins) = value.beginning() else {
        return false;
    };
    let host = || {
        let (_, rest) = begins.split_once("://")?;
        let end = rest.find(['/', '?', '#'])?;
        (end > 0).then_some(())
    };
    match context {
        Context::Url => host().is_some(),
        Context::Redirect => {
            let mut characters = begins.chars();
            let local = characters.next() == Some('/')
                && characters
                    .next()
                    .is_some_and(|next| next != '/' && next != '\\');
            local || host().is_some()
        }
        _ => false,
    }
}
