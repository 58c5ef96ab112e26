//! Calls: what is meant by the callee, and what each meaning gives.

use super::{
    analysis::Analysis,
    frame::Frame,
    library::Receiver,
    paths::PathId,
    program::ClassRef,
    state::{Kind, Object},
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::ir::{Callee, Item, Name, NamedItem, Var};
use smallvec::smallvec;

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Args {
    pub(super) places: Vec<Value>,
    /// The variables the places were read from.
    pub(super) vars: Vec<Option<Var>>,
    pub(super) names: Vec<(Name, Value)>,
    /// Any of further arguments whose number is not known.
    pub(super) rest: Value,
}

impl Args {
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.places
            .iter()
            .chain(self.names.iter().map(|(_, value)| value))
            .chain([&self.rest])
    }

    pub(super) fn name(&self, wanted: &str) -> Option<&Value> {
        let found = self.names.iter().find(|(name, _)| name.as_ref() == wanted);
        found.map(|(_, value)| value)
    }

    /// With something in front.
    pub(super) fn behind(&self, first: Value) -> Self {
        let mut args = self.clone();
        args.places.insert(0, first);
        args.vars.insert(0, None);
        args
    }
}

impl<'p> Analysis<'p> {
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'p>,
        callee: &Callee,
        args: &[Item],
        named: &[NamedItem],
    ) -> Value {
        let args = self.arguments(frame, args, named);
        match callee {
            Callee::Value(var) => {
                let function = frame.get(*var);
                self.call_value(frame, &function, &args)
            }
            Callee::Method(var, name) => {
                let receiver = frame.get(*var);
                self.call_method(frame, &receiver, Some(*var), name, &args)
            }
            Callee::Super(var, name) => {
                let receiver = frame.get(*var);
                self.call_super(frame, &receiver, name, &args)
            }
            Callee::New(name) if name.ends_with("[]") => Self::array(frame, name, &args),
            Callee::New(name) => {
                // A class without a name is derived from the one that is named.
                let class = match args.name("<class>") {
                    Some(class) => class.clone(),
                    None => self.type_named(frame.func, name),
                };
                self.call_value(frame, &class, &args)
            }
        }
    }

    /// An array of so many elements.
    pub(super) fn array(frame: &mut Frame<'p>, name: &Name, args: &Args) -> Value {
        if name.ends_with("[][]") {
            // Rows are not told apart.
            let mut row = Object::new(Kind::List);
            row.blur();
            let site = frame.site_for(1);
            frame.state.insert(Loc::Site(site), row);
            let mut rows = Object::new(Kind::List);
            rows.blur();
            rows.rest = Value::atom(Atom::Object(site));
            return Self::place_object(frame, rows);
        }
        let mut object = Object::new(Kind::List);
        match args.places.first().and_then(Value::only_constant) {
            Some(Const::Int(length @ 0..=16)) => {
                for _ in 0..*length {
                    object.push(Value::constant(Const::None));
                }
            }
            _ => object.blur(),
        }
        Self::place_object(frame, object)
    }

    pub(super) fn arguments(
        &mut self,
        frame: &mut Frame<'p>,
        args: &[Item],
        named: &[NamedItem],
    ) -> Args {
        let mut all = Args::default();
        for item in args {
            match item {
                Item::One(var) if all.rest.is_bottom() => {
                    all.places.push(frame.get(*var));
                    all.vars.push(Some(*var));
                }
                Item::One(var) => {
                    let value = frame.get(*var);
                    all.rest.join(&value);
                }
                Item::Spread(var) => {
                    let of = frame.get(*var);
                    match self.sequence(frame, &of) {
                        Some(items) if all.rest.is_bottom() => {
                            all.vars.extend(items.iter().map(|_| None));
                            all.places.extend(items);
                        }
                        _ => {
                            let element = self.element(frame, &of);
                            all.rest.join(&element);
                        }
                    }
                }
            }
        }
        for item in named {
            match item {
                NamedItem::One(name, var) => all.names.push((name.clone(), frame.get(*var))),
                NamedItem::Spread(var) => {
                    let of = frame.get(*var);
                    let mut map = Object::new(Kind::Map);
                    self.merge_map(frame, &of, &mut map);
                    for (key, value) in &map.entries {
                        if let Const::Text(name) = key {
                            all.names.push((name.clone(), value.clone()));
                        }
                    }
                    all.rest.join(&map.rest);
                }
            }
        }
        all
    }

    /// Calls a value.
    pub(super) fn call_value(
        &mut self,
        frame: &mut Frame<'p>,
        function: &Value,
        args: &Args,
    ) -> Value {
        let mut result = Value::default();
        for atom in &function.atoms {
            let part = match atom {
                Atom::Function(func) => self.call_function(frame, *func, args),
                Atom::Bound(func, receiver) => {
                    let args = args.behind(receiver.as_ref().clone());
                    self.call_function(frame, *func, &args)
                }
                Atom::Class(class) => self.create(frame, *class, args),
                Atom::Path(path) => {
                    let part = self.call_path(frame, *path, None, args);
                    let called = self.paths.call(*path);
                    match self.paths.model(called) {
                        Some(_) => part,
                        // A method that was kept still knows what it is of.
                        None => part.with_taint(&function.taint.unsure()),
                    }
                }
                Atom::Object(_) | Atom::Instance(_) => {
                    let receiver = Value::atom(atom.clone());
                    self.call_method(frame, &receiver, None, &"__call__".into(), args)
                }
                _ => continue,
            };
            result.join(&part);
        }
        if function.atoms.is_empty() || (result.is_bottom() && frame.alive) {
            let unknown = self.call_unknown(frame, function, args);
            result.join(&unknown);
        }
        if result.is_bottom() {
            // It calls itself, or never comes back.
            result = Value::unknown();
        }
        result
    }

    /// Calls a method of a value.
    pub(super) fn call_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: &Value,
        var: Option<Var>,
        name: &Name,
        args: &Args,
    ) -> Value {
        let mut result = Value::default();
        let (mut known, mut missed) = (false, false);
        // Beside a type what a caller gives is of that type.
        let is_plain = |atom: &Atom| matches!(atom, Atom::Param(_) | Atom::Const(_));
        let all_plain = receiver.atoms.iter().all(is_plain);
        for atom in &receiver.atoms {
            let meant = Value {
                atoms: smallvec![atom.clone()],
                open: false,
                prefix: receiver.prefix.clone(),
                taint: receiver.taint.clone(),
            };
            let part = match atom {
                Atom::Object(_) => self.object_method(frame, atom, &meant, var, name, args),
                Atom::Instance(class) => self.instance_method(frame, *class, receiver, name, args),
                Atom::Class(class) => self.class_method(frame, *class, name, args),
                Atom::Module(module) => {
                    let function = self.module_member(*module, name);
                    Some(self.call_value(frame, &function, args))
                }
                Atom::Path(path) => {
                    let whole = Receiver { value: meant, var };
                    match self.submodule_call(frame, *path, name) {
                        Some(function) => Some(self.call_value(frame, &function, args)),
                        None => Some(self.call_member(frame, *path, name, whole, args)),
                    }
                }
                Atom::Const(Const::Text(text)) => self.text_method(frame, text, &meant, name, args),
                Atom::Const(Const::Setting(text)) => {
                    self.setting_method(frame, text, &meant, name, args)
                }
                Atom::Param(_) => {
                    self.given_method(frame, atom, name, args);
                    None
                }
                _ => None,
            };
            match part {
                Some(part) => {
                    known = true;
                    result.join(&part);
                }
                // What is nothing has no methods.
                None if matches!(atom, Atom::Const(Const::None)) => {}
                // One text does not tell what is called for another, or for what a caller gives.
                None => missed |= all_plain,
            }
        }
        if !known || missed || receiver.open {
            let unknown = self.unknown_method(frame, receiver, var, name, args);
            result.join(&unknown);
        }
        result
    }

    /// `package.module.function` where the package is a folder of the program.
    pub(super) fn submodule_call(
        &mut self,
        frame: &Frame<'p>,
        path: PathId,
        name: &Name,
    ) -> Option<Value> {
        if !self.paths.text(path).contains('.') {
            return None;
        }
        let module = self.submodule(path, frame.func.unit)?;
        Some(self.module_member(module, name))
    }

    /// A new object of a class of the program.
    pub(super) fn create(&mut self, frame: &mut Frame<'p>, class: ClassRef, args: &Args) -> Value {
        let value = Self::place_object(frame, Object::new(Kind::Instance(class)));
        let makers = ["__init__", "<init>", "<fields>"].iter().find_map(|name| {
            let name: Name = (*name).into();
            let classes = self.ancestors(class);
            let mut classes = classes.iter();
            classes.find_map(|at| self.program.class(*at).methods.get(&name).cloned())
        });
        match makers {
            Some(makers) => {
                for maker in self.by_arity(makers, args) {
                    self.call_function(frame, maker, &args.behind(value.clone()));
                }
            }
            None => {
                // A class that declares members only takes them as named arguments.
                for (name, given) in &args.names {
                    if let Some(Atom::Object(site)) = value.atoms.first()
                        && let Some(object) = frame.state.change(&Loc::Site(*site))
                    {
                        object.fields.insert(name.clone(), given.clone());
                    }
                }
                let bare = args.places.iter().chain([&args.rest]);
                let mut taint = super::value::Taints::default();
                for given in bare {
                    taint.join(&frame.state.deep_taint(given).unsure());
                }
                return value.with_taint(&taint);
            }
        }
        value
    }

    /// Calls something of which nothing is known: what goes in may come out.
    pub(super) fn call_unknown(
        &mut self,
        frame: &mut Frame<'p>,
        function: &Value,
        args: &Args,
    ) -> Value {
        let mut taint = function.taint.unsure();
        for value in args.values() {
            taint.join(&frame.state.deep_taint(value).unsure());
        }
        self.call_back(frame, args, &taint);
        if let [only] = args.places.as_slice()
            && args.names.is_empty()
            && matches!(only.atoms.as_slice(), [Atom::Function(_) | Atom::Class(_)])
        {
            // What takes one function gives it back: a decorator.
            return only.clone();
        }
        Value::tainted(taint)
    }

    /// Functions given to something unknown are called with what else it has.
    pub(super) fn call_back(
        &mut self,
        frame: &mut Frame<'p>,
        args: &Args,
        taint: &super::value::Taints,
    ) {
        if taint.is_empty() {
            return;
        }
        let functions: Vec<Atom> = args
            .values()
            .flat_map(|value| &value.atoms)
            .filter(|atom| matches!(atom, Atom::Function(_) | Atom::Bound(..)))
            .cloned()
            .collect();
        for atom in functions {
            let func = match &atom {
                Atom::Function(func) | Atom::Bound(func, _) => *func,
                _ => continue,
            };
            let count = self.program.function(func).params.len();
            let own = usize::from(matches!(atom, Atom::Bound(..)));
            let given = Args {
                places: vec![Value::tainted(taint.clone()); count.saturating_sub(own)],
                vars: vec![None; count.saturating_sub(own)],
                ..Args::default()
            };
            self.call_value(frame, &Value::atom(atom), &given);
        }
    }
}
