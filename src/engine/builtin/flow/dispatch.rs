//! Which functions a call of a method means: by its object, its class, what that is derived from, or
//! by its name alone.

use super::{
    analysis::Analysis,
    call::Args,
    frame::Frame,
    library::Receiver,
    memory::Kept,
    program::{ClassRef, FuncRef},
    state::Kind,
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::ir::{Name, Var};

impl<'p> Analysis<'p> {
    pub(super) fn object_method(
        &mut self,
        frame: &mut Frame<'p>,
        atom: &Atom,
        receiver: &Value,
        var: Option<Var>,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let loc = self.loc_of(frame, atom)?;
        let object = frame.state.object(&loc)?;
        if let Some(function) = object.fields.get(name).cloned()
            && !matches!(object.kind, Kind::Library(_) | Kind::Text)
        {
            return Some(self.call_value(frame, &function, args));
        }
        match object.kind.clone() {
            Kind::Instance(class) => self.instance_method(frame, class, receiver, name, args),
            Kind::Library(path) => {
                self.set_member(frame, &loc, name, args);
                let whole = Receiver {
                    value: receiver.clone(),
                    var,
                };
                Some(self.call_member(frame, path, name, whole, args))
            }
            Kind::Given => None,
            _ => self.container_method(frame, &loc, receiver, name, args),
        }
    }

    /// `setName(value)` of an object of a library; with a key, `setFeature(key, value)`.
    pub(super) fn set_member(
        &mut self,
        frame: &mut Frame<'p>,
        loc: &Loc,
        name: &Name,
        args: &Args,
    ) {
        let Some(member) = name.strip_prefix("set") else {
            return;
        };
        let mut member = member.trim_start_matches('_').to_owned();
        if let Some(first) = member.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let (key, value) = match args.places.as_slice() {
            [value] => (None, value.clone()),
            [key, value] => (Some(key), value.clone()),
            _ => return,
        };
        let key = key.and_then(|key| match key.atoms.as_slice() {
            [Atom::Const(Const::Text(text))] => Some(text.to_string()),
            [Atom::Path(path)] => Some(self.paths.text(*path).to_owned()),
            _ => None,
        });
        if let Some(key) = key {
            member = format!("{member} {key}");
        }
        if let Some(object) = frame.state.change(loc) {
            object.fields.insert(member.into(), value);
        }
    }

    /// A method of some object of a class.
    pub(super) fn instance_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let exact = !receiver.atoms.contains(&Atom::Instance(class));
        let methods = if exact {
            let own = self.ancestors(class);
            let mut own = own
                .iter()
                .filter_map(|at| self.program.class(*at).methods.get(name));
            own.next().cloned().unwrap_or_default()
        } else {
            self.methods(class, name)
        };
        let mut methods = self.by_arity(methods, args);
        let real = |it: &FuncRef| !self.program.function(*it).is_abstract;
        if methods.iter().any(real) {
            methods.retain(real);
        }
        if methods.is_empty() {
            if let Some(value) = self.class_field_call(frame, class, receiver, name, args) {
                return Some(value);
            }
            for base in self.library_bases(class) {
                let at = self.paths.method_call(base, name);
                if self.paths.is_known(at) {
                    let whole = Receiver {
                        value: receiver.clone(),
                        var: None,
                    };
                    return Some(self.call_member(frame, base, name, whole, args));
                }
            }
            return None;
        }
        let mut result = Value::default();
        for method in methods {
            let part = match self.takes_receiver(method) {
                true => self.call_function(frame, method, &args.behind(receiver.clone())),
                false => self.call_function(frame, method, args),
            };
            result.join(&part);
        }
        Some(result)
    }

    /// A function kept in a member.
    pub(super) fn class_field_call(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let value = self.load_field(frame, receiver, name);
        let callable = value.atoms.iter().any(|atom| {
            matches!(
                atom,
                Atom::Function(_) | Atom::Class(_) | Atom::Path(_) | Atom::Bound(..)
            )
        });
        let kept = Kept::Field(class, name.clone());
        (callable && self.shared.value(kept).is_some())
            .then(|| self.call_value(frame, &value, args))
    }

    /// Of methods of one name, those that take so many arguments, if any does.
    pub(super) fn by_arity(&self, methods: Vec<FuncRef>, args: &Args) -> Vec<FuncRef> {
        if methods.len() < 2 {
            return methods;
        }
        let fits: Vec<FuncRef> = methods
            .iter()
            .copied()
            .filter(|method| {
                let own = usize::from(self.takes_receiver(*method));
                self.program.function(*method).params.len() == args.places.len() + own
            })
            .collect();
        if fits.is_empty() { methods } else { fits }
    }

    /// Whether the first parameter of a method is its object.
    pub(super) fn takes_receiver(&self, method: FuncRef) -> bool {
        let function = self.program.function(method);
        let Some(class) = self.program.class_of_method(method) else {
            return false;
        };
        let name = function.name.rsplit('.').next().unwrap_or_default();
        let member = self.shared.value(Kept::Member(class, name.into()));
        // A decorator that makes a function out of a method leaves a mark of the library.
        let is_static = member.is_some_and(|value| {
            value
                .atoms
                .iter()
                .any(|atom| matches!(atom, Atom::Path(path) if self.paths.text(*path).starts_with("builtins.staticmethod")))
        });
        !is_static && !function.is_static && !function.params.is_empty()
    }

    pub(super) fn class_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let member = self.class_member(class, name)?;
        let mut result = Value::default();
        for atom in &member.atoms {
            let Atom::Function(method) = atom else {
                continue;
            };
            let params = self.program.function(*method).params.len();
            let first = self.program.function(*method).params.first();
            let of_class = first
                .and_then(|param| {
                    self.program
                        .function(*method)
                        .vars
                        .get(param.var.0 as usize)
                })
                .and_then(|info| info.name.as_deref())
                .is_some_and(|name| matches!(name, "cls" | "klass" | "mcs"));
            let args = match of_class && params > args.places.len() {
                true => args.behind(Value::atom(Atom::Class(class))),
                false => args.clone(),
            };
            let part = self.call_function(frame, *method, &args);
            result.join(&part);
        }
        (!result.is_bottom()).then_some(result)
    }

    pub(super) fn call_super(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Value {
        let own = self.program.class_of_method(frame.func);
        let Some(class) = own else {
            return self.unknown_method(frame, receiver, None, name, args);
        };
        let above = self.ancestors(class);
        let mut found = above.iter().skip(1);
        let methods = found.find_map(|at| self.program.class(*at).methods.get(name));
        if let Some(methods) = methods.cloned() {
            let mut result = Value::default();
            for method in self.by_arity(methods, args) {
                let part = self.call_function(frame, method, &args.behind(receiver.clone()));
                result.join(&part);
            }
            return result;
        }
        for base in self.library_bases(class) {
            let at = self.paths.method_call(base, name);
            if self.paths.is_known(at) {
                let whole = Receiver {
                    value: receiver.clone(),
                    var: None,
                };
                return self.call_member(frame, base, name, whole, args);
            }
        }
        self.unknown_method(frame, receiver, None, name, args)
    }

    /// A method of something of unknown type.
    pub(super) fn unknown_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: &Value,
        var: Option<Var>,
        name: &Name,
        args: &Args,
    ) -> Value {
        let anything = self.paths.place("?");
        let place = self.paths.method_call(anything, name);
        let whole = Receiver {
            value: receiver.clone(),
            var,
        };
        if self.paths.is_known(place) {
            return self.call_member(frame, anything, name, whole, args);
        }
        let by_name = match name.starts_with('<') {
            true => None,
            false => self.program.with_method(name),
        };
        if let Some(methods) = by_name {
            let mut result = Value::default();
            for method in self.by_arity(methods, args) {
                let part = self.call_function(frame, method, &args.behind(receiver.clone()));
                result.join(&part);
            }
            if !result.is_bottom() {
                result.taint = result.taint.unsure();
                return result;
            }
        }
        let mut taint = frame.state.deep_taint(receiver).unsure();
        for value in args.values() {
            taint.join(&frame.state.deep_taint(value).unsure());
        }
        self.call_back(frame, args, &taint);
        let taken_in: Vec<Value> = args.values().cloned().collect();
        if let Some(var) = var
            && frame.name(var).is_some()
        {
            for value in &taken_in {
                self.soil(frame, var, value);
            }
        }
        Value::tainted(taint)
    }

    /// A method that changes a parameter in a way that is known by its name.
    pub(super) fn given_method(
        &mut self,
        frame: &mut Frame<'p>,
        atom: &Atom,
        name: &Name,
        args: &Args,
    ) {
        let adds = matches!(
            name.as_ref(),
            "append"
                | "add"
                | "insert"
                | "extend"
                | "push"
                | "put"
                | "update"
                | "setdefault"
                | "addAll"
                | "putAll"
                | "appendleft"
                | "write"
        );
        if adds {
            let target = Value::atom(atom.clone());
            for value in args.places.clone() {
                let taints = frame.state.deep_taint(&value);
                if !taints.is_empty() {
                    self.add_element(frame, &target, &value);
                }
            }
        }
    }
}
