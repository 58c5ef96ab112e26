//! Calls of libraries: what models say of them.

use super::{
    analysis::Analysis,
    call::Args,
    context::Contexts,
    frame::Frame,
    harmless,
    models::{EntryRow, Makes, Model},
    paths::PathId,
    state::{Kind, Object},
    value::{Atom, Const, Loc, Taints, Value},
};
use crate::engine::{
    builtin::ir::{Name, Var},
    inventory::Language,
};
use std::collections::BTreeMap;

/// What a method is called on.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    pub(super) value: Value,
    /// The variable it was read from.
    pub(super) var: Option<Var>,
}

impl<'p> Analysis<'p> {
    /// Calls the member `name` of something of a library.
    pub(super) fn call_member(
        &mut self,
        frame: &mut Frame<'p>,
        of: PathId,
        name: &Name,
        receiver: Receiver,
        args: &Args,
    ) -> Value {
        let place = self.paths.method_call(of, name);
        let called = self.paths.parent(place).unwrap_or(of);
        if !self.paths.exists(place) {
            let anything = self.paths.place("?");
            let by_name = self.paths.method_call(anything, name);
            // Of a library that is described it is known which methods do harm.
            let described = self.paths.exists(of);
            let fits = self.paths.model(by_name).is_some_and(|model| {
                !described || model.row.sinks.is_empty() && model.row.source.is_none()
            });
            if fits {
                let called = self.paths.parent(by_name).unwrap_or(of);
                return self.call_path(frame, called, Some(receiver), args);
            }
        }
        self.call_path(frame, called, Some(receiver), args)
    }

    /// Calls a function of a library.
    pub(super) fn call_path(
        &mut self,
        frame: &mut Frame<'p>,
        called: PathId,
        receiver: Option<Receiver>,
        args: &Args,
    ) -> Value {
        let place = self.paths.call(called);
        let Some(model) = self.paths.model(place).cloned() else {
            return self.call_unmodelled(frame, place, receiver, args);
        };
        let name = self.call_name(called);
        self.check_sinks(frame, &model, &name, receiver.as_ref(), args);
        self.take_entries(&model, args);
        if let Some(renders) = &model.row.renders {
            self.render(frame, renders, receiver.as_ref(), args);
        }
        if model.row.sets_entry {
            self.set_entry(frame, receiver.as_ref(), args);
        }
        if model.row.ends {
            frame.alive = false;
            return Value::default();
        }
        let taints = self.taints_through(frame, &model, receiver.as_ref(), args);
        let taints = match harmless::without(&name, args) {
            without if without == Contexts::default() => taints,
            without => taints.safe_for(without),
        };
        self.take_in(frame, &model, receiver.as_ref(), args, &taints);
        if let Some(check) = &model.row.checks {
            self.confirm(
                frame,
                &check.arg,
                args,
                check.contexts.iter().copied().collect(),
            );
        }
        let mut value = self.made(frame, &model, place, receiver.as_ref(), args);
        // What a container holds is told apart inside.
        if !model.row.makes.is_some_and(Makes::holds_all) {
            value.taint.join(&taints);
        }
        if let Some(source) = &model.row.source {
            let trust = source.trust.into();
            let taint = self.source(frame.func, frame.span, trust, &source.what, name);
            value.taint.join(&taint.safe_for(model.safe_for));
        }
        let everything = taints.clone();
        self.call_back(frame, args, &everything);
        value
    }

    /// A name to show for a call.
    pub(super) fn call_name(&self, called: PathId) -> Name {
        self.paths.text(called).trim_start_matches("?.").into()
    }

    pub(super) fn call_unmodelled(
        &mut self,
        frame: &mut Frame<'p>,
        place: PathId,
        receiver: Option<Receiver>,
        args: &Args,
    ) -> Value {
        let base = receiver
            .as_ref()
            .map_or_else(Value::unknown, |it| it.value.clone());
        let mut value = self.call_unknown(frame, &base, args);
        if let Some(var) = receiver.and_then(|receiver| receiver.var)
            && frame.name(var).is_some()
        {
            for given in args.values().cloned().collect::<Vec<_>>() {
                self.soil(frame, var, &given);
            }
        }
        if value.atoms.is_empty() {
            // What calling the name of a class gives in Java is an object of it.
            let class = self.paths.parent(place).filter(|class| {
                let name = self.paths.text(*class).rsplit('.').next();
                self.language == Language::Java
                    && name.is_some_and(|name| name.starts_with(char::is_uppercase))
            });
            let made = class.unwrap_or_else(|| self.paths.resolved(place));
            value.atoms.push(Atom::Path(made));
            value.open = false;
        }
        value
    }

    /// Untrusted data that comes out of a call.
    pub(super) fn taints_through(
        &mut self,
        frame: &mut Frame<'p>,
        model: &Model,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Taints {
        let mut taints = Taints::default();
        if model.row.clean {
            return taints;
        }
        match &model.row.from {
            Some(from) => {
                for wanted in from {
                    for value in chosen(wanted, receiver, args) {
                        taints.join(&frame.state.deep_taint(value));
                    }
                }
            }
            None => {
                for value in args.values().chain(receiver.map(|it| &it.value)) {
                    taints.join(&frame.state.deep_taint(value));
                }
            }
        }
        if !taints.is_empty() {
            let known = model.row.passes
                || model.row.from.is_some()
                || model.row.makes.is_some()
                || !model.row.safe_for.is_empty();
            if !known {
                taints = taints.unsure();
            }
            if model.row.undoes {
                taints = taints.harmful();
            }
            if model.safe_for != Contexts::default() {
                taints = taints.safe_for(model.safe_for);
            }
        }
        taints
    }

    /// Arguments that become part of the receiver or of another argument.
    pub(super) fn take_in(
        &mut self,
        frame: &mut Frame<'p>,
        model: &Model,
        receiver: Option<&Receiver>,
        args: &Args,
        taints: &Taints,
    ) {
        let Some(into) = &model.row.into else { return };
        let value = Value::tainted(taints.clone());
        let target = match into.as_str() {
            "self" => receiver.map(|it| (it.value.clone(), it.var)),
            place => {
                let at = place.parse::<usize>().ok();
                at.and_then(|at| Some((args.places.get(at)?.clone(), *args.vars.get(at)?)))
            }
        };
        if let Some((target, var)) = target {
            self.add_element(frame, &target, &value);
            if let Some(var) = var
                && !taints.is_empty()
            {
                let soiled = frame.get(var).with_taint(taints);
                frame.set(var, soiled);
            }
        }
    }

    /// After a call that refuses what is not harmless, its argument is.
    pub(super) fn confirm(
        &mut self,
        frame: &mut Frame<'p>,
        wanted: &str,
        args: &Args,
        contexts: Contexts,
    ) {
        let at = wanted
            .split(' ')
            .next()
            .and_then(|at| at.parse::<usize>().ok());
        if let Some(Some(var)) = at.and_then(|at| args.vars.get(at)) {
            let mut value = frame.get(*var);
            value.taint = value.taint.safe_for(contexts);
            frame.set(*var, value);
        }
    }

    /// What a call gives, but for the data in it.
    pub(super) fn made(
        &mut self,
        frame: &mut Frame<'p>,
        model: &Model,
        place: PathId,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Value {
        if let Some(from) = model.row.setting
            && let Some(value) = self.setting_call(from, args)
        {
            return value;
        }
        if let Some(template) = &model.row.template {
            return self.template_object(frame, template, place, receiver, args);
        }
        if model.row.loads_template {
            return self.template_module(frame, args);
        }
        if let Some(wraps) = &model.row.wraps
            && let Some(inner) = chosen(wraps, receiver, args).next()
            // A text is the name of a file.
            && !inner.atoms.iter().any(|it| matches!(it, Atom::Const(_)))
        {
            return inner.clone();
        }
        if let Some(makes) = model.row.makes {
            return self.make_container(frame, makes, place, receiver, args);
        }
        if let Some(value) = self.computed_call(frame, place, receiver, args) {
            return value;
        }
        let resolved = self.paths.resolved(place);
        if resolved != place {
            return Value::atom(Atom::Path(resolved));
        }
        let known = model.row.passes || model.row.clean || !model.row.safe_for.is_empty();
        let mut inputs = args.values().filter(|value| !value.is_bottom());
        let own = receiver.is_none_or(|it| it.value.constants().is_some());
        if known && own && model.row.source.is_none() && inputs.all(|it| it.constants().is_some()) {
            return Value::constant(Const::Fixed);
        }
        let mut value = Value::atom(Atom::Path(place));
        value.open = true;
        value
    }

    pub(super) fn make_container(
        &mut self,
        frame: &mut Frame<'p>,
        makes: Makes,
        place: PathId,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Value {
        let kind = match makes {
            Makes::List | Makes::ListOf => Kind::List,
            Makes::Tuple => Kind::Tuple,
            Makes::Set | Makes::SetOf => Kind::Set,
            Makes::Map | Makes::MapOf => Kind::Map,
            Makes::Sections => Kind::Sections,
            Makes::Text => Kind::Text,
            Makes::Bean => Kind::Library(self.paths.resolved(place)),
        };
        let mut object = Object::new(kind);
        match makes {
            Makes::List | Makes::Tuple | Makes::Set => {
                if let Some(of) = args.places.first() {
                    self.spread_into(frame, of, &mut object);
                }
            }
            Makes::Map => {
                for (at, of) in args.places.iter().enumerate() {
                    // A size, a comparator or what makes missing values is no entry.
                    if at == 0 || !frame.state.deep_taint(of).is_empty() {
                        self.merge_map(frame, of, &mut object);
                    }
                }
                for (name, value) in &args.names {
                    object.put(Const::Text(name.clone()), value.clone());
                }
            }
            Makes::ListOf | Makes::SetOf => match args.places.as_slice() {
                // An array for all of them.
                [all] if self.sequence(frame, all).is_some() => {
                    self.spread_into(frame, all, &mut object);
                }
                elements => elements.iter().for_each(|it| object.push(it.clone())),
            },
            Makes::MapOf => {
                for pair in args.places.chunks(2) {
                    match (pair.first().and_then(Value::only_constant), pair.get(1)) {
                        (Some(key), Some(value)) => object.put(key.clone(), value.clone()),
                        _ => pair.iter().for_each(|it| object.put_somewhere(it)),
                    }
                }
            }
            Makes::Text => {
                let text = args
                    .places
                    .first()
                    .filter(|value| !matches!(value.only_constant(), Some(Const::Int(_))));
                let text = text.cloned().unwrap_or_else(|| Value::text(""));
                object.fields.insert("".into(), text);
            }
            Makes::Bean => {
                // What a factory was told holds for what it makes.
                let told = receiver.and_then(|it| Self::members_of(frame, &it.value));
                object.fields.extend(told.into_iter().flatten());
                for (at, value) in args.places.iter().enumerate() {
                    object.fields.insert(at.to_string().into(), value.clone());
                }
                for (name, value) in &args.names {
                    object.fields.insert(name.clone(), value.clone());
                }
            }
            Makes::Sections => {}
        }
        let spread = frame.state.deep_taint(&args.rest);
        let value = Self::place_object(frame, object);
        match makes.holds_all() {
            true => value.with_taint(&spread),
            false => value,
        }
    }

    /// The members of an object of a library.
    pub(super) fn members_of(frame: &Frame<'p>, value: &Value) -> Option<BTreeMap<Name, Value>> {
        value.atoms.iter().find_map(|atom| match atom {
            Atom::Object(site) => {
                let object = frame.state.object(&Loc::Site(*site))?;
                matches!(object.kind, Kind::Library(_)).then(|| object.fields.clone())
            }
            _ => None,
        })
    }

    /// Functions that are given to a framework are called by the outside.
    pub(super) fn take_entries(&mut self, model: &Model, args: &Args) {
        let Some(entry) = &model.row.entry else {
            return;
        };
        let functions: Vec<Atom> = chosen(&entry.arg, None, args)
            .flat_map(|value| value.atoms.iter().cloned())
            .collect();
        for atom in functions {
            let (Atom::Function(func) | Atom::Bound(func, _)) = atom else {
                continue;
            };
            let is_new = self.entry(func).is_none();
            self.add_entry(func, EntryRow::clone(entry));
            if is_new {
                // Whoever looked at it before did not know that the outside calls it.
                self.known.forget_usual(func);
                self.shared.mark_stale(func);
            }
        }
    }
}

/// The arguments a model speaks of: `self`, `*`, all from a place on as in `1..`, a place, a name, or
/// place and name.
pub(super) fn chosen<'a>(
    wanted: &str,
    receiver: Option<&'a Receiver>,
    args: &'a Args,
) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    match wanted {
        "self" => Box::new(receiver.map(|it| &it.value).into_iter()),
        "*" => Box::new(args.values()),
        _ if wanted.ends_with("..") => {
            let from = wanted.trim_end_matches('.').parse().unwrap_or(0);
            let places = args.places.iter().skip(from);
            Box::new(places.chain([&args.rest]))
        }
        _ => {
            let mut found = None;
            for part in wanted.split(' ') {
                found = found.or_else(|| match part.parse::<usize>() {
                    Ok(at) => args.places.get(at).or_else(|| {
                        (at >= args.places.len() && !args.rest.is_bottom()).then_some(&args.rest)
                    }),
                    Err(_) => args.name(part),
                });
            }
            Box::new(found.into_iter())
        }
    }
}
