//! Calls: what is meant by the callee, and what each meaning gives.

use super::{
    analysis::Analysis,
    frame::Frame,
    library::Receiver,
    program::{ClassRef, FuncRef},
    state::{Kind, Object},
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::ir::{Callee, Item, Name, NamedItem, Var};

/// Functions of this name that may be meant when nothing is known of the receiver.
const MAX_BY_NAME: usize = 2;

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
    fn array(frame: &mut Frame<'p>, name: &Name, args: &Args) -> Value {
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

    fn arguments(&mut self, frame: &mut Frame<'p>, args: &[Item], named: &[NamedItem]) -> Args {
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
                Atom::Path(path) => self.call_path(frame, *path, None, args),
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
        let mut known = false;
        for atom in &receiver.atoms {
            let meant = Value {
                atoms: vec![atom.clone()],
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
                    let whole = Receiver {
                        value: meant,
                        var,
                    };
                    let function = self.paths.field(*path, name);
                    let text = self.paths.text(function).to_owned();
                    match self.submodule_call(frame, &text) {
                        Some(function) => Some(self.call_value(frame, &function, args)),
                        None => Some(self.call_member(frame, *path, name, whole, args)),
                    }
                }
                Atom::Const(Const::Text(text)) => {
                    self.text_method(frame, text, &meant, name, args)
                }
                Atom::Param(_) => {
                    self.given_method(frame, atom, name, args);
                    None
                }
                _ => None,
            };
            if let Some(part) = part {
                known = true;
                result.join(&part);
            }
        }
        if !known || receiver.open {
            let unknown = self.unknown_method(frame, receiver, var, name, args);
            result.join(&unknown);
        }
        result
    }

    /// `package.module.function` where the package is a folder of the program.
    fn submodule_call(&mut self, frame: &Frame<'p>, text: &str) -> Option<Value> {
        let (module, name) = text.rsplit_once('.')?;
        if module.contains('(') || !module.contains('.') {
            return None;
        }
        let module = self.submodule(module, frame.func.unit)?;
        Some(self.module_member(module, &name.into()))
    }

    fn object_method(
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
    fn set_member(&mut self, frame: &mut Frame<'p>, loc: &Loc, name: &Name, args: &Args) {
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
    fn instance_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let exact = !receiver.atoms.contains(&Atom::Instance(class));
        let methods = if exact {
            let own = self.ancestors(class).into_iter();
            let mut own = own.filter_map(|at| self.program.class(at).methods.get(name));
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
    fn class_field_call(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let value = self.load_field(frame, receiver, name);
        let callable = value.atoms.iter().any(|atom| {
            matches!(atom, Atom::Function(_) | Atom::Class(_) | Atom::Path(_) | Atom::Bound(..))
        });
        let known = self.learned[class.0 as usize].fields.contains_key(name);
        (callable && known).then(|| self.call_value(frame, &value, args))
    }

    /// Of methods of one name, those that take so many arguments, if any does.
    fn by_arity(&self, methods: Vec<FuncRef>, args: &Args) -> Vec<FuncRef> {
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
    fn takes_receiver(&self, method: FuncRef) -> bool {
        let function = self.program.function(method);
        let Some(class) = self.program.class_of_method(method) else {
            return false;
        };
        let name = function.name.rsplit('.').next().unwrap_or_default();
        let member = self.learned[class.0 as usize].members.get(name);
        // A decorator that makes a function out of a method leaves a mark of the library.
        let is_static = member.is_some_and(|value| {
            value
                .atoms
                .iter()
                .any(|atom| matches!(atom, Atom::Path(path) if self.paths.text(*path).starts_with("builtins.staticmethod")))
        });
        !is_static && !function.is_static && !function.params.is_empty()
    }

    fn class_method(
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
                .and_then(|param| self.program.function(*method).vars.get(param.var.0 as usize))
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

    fn call_super(
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
        let above = self.ancestors(class).into_iter().skip(1);
        let mut found = above.filter_map(|at| self.program.class(at).methods.get(name));
        if let Some(methods) = found.next().cloned() {
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

    /// A new object of a class of the program.
    pub(super) fn create(&mut self, frame: &mut Frame<'p>, class: ClassRef, args: &Args) -> Value {
        let value = Self::place_object(frame, Object::new(Kind::Instance(class)));
        let makers = ["__init__", "<init>", "<fields>"].iter().find_map(|name| {
            let name: Name = (*name).into();
            let found = self
                .ancestors(class)
                .into_iter()
                .find_map(|at| self.program.class(at).methods.get(&name).cloned());
            found
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

    /// A method of something of unknown type.
    fn unknown_method(
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
        let by_name = self.program.with_method.get(name).cloned();
        let by_name = by_name.filter(|_| !name.starts_with('<'));
        if let Some(methods) = by_name.filter(|found| found.len() <= MAX_BY_NAME) {
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
    fn given_method(&mut self, frame: &mut Frame<'p>, atom: &Atom, name: &Name, args: &Args) {
        let adds = matches!(
            name.as_ref(),
            "append" | "add" | "insert" | "extend" | "push" | "put" | "update" | "setdefault"
                | "addAll" | "putAll" | "appendleft" | "write"
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
