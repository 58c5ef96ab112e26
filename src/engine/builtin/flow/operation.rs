//! What each operation does to the state.

use super::{
    analysis::Analysis,
    arithmetic,
    frame::Frame,
    memory::Kept,
    state::{Kind, Object},
    value::{Atom, Const, Loc, Note, Value},
};
use crate::engine::builtin::ir::{
    Container, Entry, FunctionId, Item, Literal, Name, Op, OpKind, Var,
};

use super::program::FuncRef;

impl<'p> Analysis<'p> {
    pub(super) fn operation(&mut self, frame: &mut Frame<'p>, op: &Op) {
        match &op.kind {
            OpKind::Literal(to, literal) => self.assign(frame, *to, literal_value(literal)),
            OpKind::Copy(to, from) | OpKind::Enter(to, from) | OpKind::Await(to, from) => {
                let value = frame.get(*from);
                self.assign(frame, *to, value);
            }
            OpKind::Binary(to, op, left, right) => {
                let (left, right) = (frame.get(*left), frame.get(*right));
                let value = self.binary(frame, *op, &left, &right);
                self.assign(frame, *to, value);
            }
            OpKind::Unary(to, op, of) => {
                let value = arithmetic::unary(*op, &frame.get(*of));
                self.assign(frame, *to, value);
            }
            OpKind::Format(to, pieces) => {
                let value = self.format(frame, pieces);
                self.assign(frame, *to, value);
            }
            OpKind::LoadGlobal(to, name) => {
                let value = self.load_global(frame, name);
                self.assign(frame, *to, value);
            }
            OpKind::StoreGlobal(name, from) => {
                let value = frame.get(*from);
                self.store_global(frame, name, &value);
            }
            OpKind::LoadOuter(to, function, var) => {
                let value = self.load_outer(frame, *function, *var);
                self.assign(frame, *to, value);
            }
            OpKind::StoreOuter(function, var, from) => {
                let value = self.lasting_value(&frame.state, &frame.get(*from));
                let of = FuncRef {
                    unit: frame.func.unit,
                    id: *function,
                };
                self.shared.keep(&Kept::Outer(of, *var), &value);
            }
            OpKind::LoadField(to, object, name) => {
                let value = frame.get(*object);
                let value = self.load_field(frame, &value, name);
                self.assign(frame, *to, value);
            }
            OpKind::StoreField(object, name, from) => {
                let value = frame.get(*from);
                self.store_field(frame, *object, name, &value);
            }
            OpKind::LoadIndex(to, object, key) => {
                let (object, key) = (frame.get(*object), frame.get(*key));
                let value = self.load_index(frame, &object, &key);
                self.assign(frame, *to, value);
            }
            OpKind::StoreIndex(object, key, from) => {
                let (key, value) = (frame.get(*key), frame.get(*from));
                self.store_index(frame, *object, &key, &value);
            }
            OpKind::DeleteIndex(object, key) => {
                let (object, key) = (frame.get(*object), frame.get(*key));
                self.delete_index(frame, &object, &key);
            }
            OpKind::Slice(to, of, bounds) => {
                let of = frame.get(*of);
                let bounds = bounds.map(|bound| bound.map(|var| frame.get(var)));
                let value = self.slice(frame, &of, &bounds);
                self.assign(frame, *to, value);
            }
            OpKind::Make(to, container, items) => {
                let value = self.make(frame, *container, items);
                self.assign(frame, *to, value);
            }
            OpKind::MakeMap(to, entries) => {
                let value = self.make_map(frame, entries);
                self.assign(frame, *to, value);
            }
            OpKind::Append(to, from) => {
                let (to, value) = (frame.get(*to), frame.get(*from));
                self.add_element(frame, &to, &value);
            }
            OpKind::Call {
                to,
                callee,
                args,
                named,
            } => {
                let value = self.call(frame, callee, args, named);
                self.assign(frame, *to, value);
            }
            OpKind::Closure(to, id) => {
                let function = FuncRef {
                    unit: frame.func.unit,
                    id: *id,
                };
                self.assign(frame, *to, Value::atom(Atom::Function(function)));
            }
            OpKind::Class(to, body, bases) => {
                let value = self.define_class(frame, *body, bases);
                self.assign(frame, *to, value);
            }
            OpKind::Import(to, path) => {
                let value = self.import(frame.func.unit, path);
                self.assign(frame, *to, value);
            }
            OpKind::ImportAll(module) => self.import_all(frame, module),
            OpKind::Element(to, of) => {
                let of = frame.get(*of);
                let value = self.element(frame, &of);
                self.assign(frame, *to, value);
            }
            OpKind::HasNext(to, of) => {
                let value = match self.length(frame, &frame.get(*of)) {
                    Some(0) => Value::bool(false),
                    _ => Value::unknown(),
                };
                self.assign(frame, *to, value);
            }
            OpKind::Caught(to, _) | OpKind::Matches(to, ..) => {
                self.assign(frame, *to, Value::unknown());
            }
            OpKind::Yield(to, from) | OpKind::YieldFrom(to, from) => {
                let value = frame.get(*from);
                frame.out.result.join(&value);
                self.assign(frame, *to, Value::unknown());
            }
            OpKind::Opaque(to, parts) => {
                let mut value = Value::unknown();
                for part in parts {
                    let taints = frame.state.deep_taint(&frame.get(*part)).unsure();
                    value.taint.join(&taints);
                }
                self.assign(frame, *to, value);
            }
        }
    }

    /// Gives a variable a value; names of the source are steps of the trace.
    pub(super) fn assign(&mut self, frame: &mut Frame<'p>, to: Var, mut value: Value) {
        if !value.taint.is_empty()
            && let Some(name) = frame.name(to)
        {
            let step = frame.step(name.clone(), Note::Assigned);
            value.taint = value.taint.with_step(&step);
        }
        if let Some(declared) = frame
            .function
            .vars
            .get(to.0 as usize)
            .and_then(|info| info.declared.as_ref())
        {
            value = self.typed(frame.func.unit, declared, value);
        }
        if frame.name(to).is_some() {
            self.publish(frame, to, &value);
        }
        frame.set(to, value);
    }

    fn make(&mut self, frame: &mut Frame<'p>, container: Container, items: &[Item]) -> Value {
        let kind = match container {
            Container::List => Kind::List,
            Container::Tuple => Kind::Tuple,
            Container::Set => Kind::Set,
        };
        let mut object = Object::new(kind);
        for item in items {
            match item {
                Item::One(var) => object.push(frame.get(*var)),
                Item::Spread(var) => {
                    let of = frame.get(*var);
                    self.spread_into(frame, &of, &mut object);
                }
            }
        }
        Self::place_object(frame, object)
    }

    /// Adds all elements of a value.
    pub(super) fn spread_into(&mut self, frame: &mut Frame<'p>, of: &Value, into: &mut Object) {
        match self.sequence(frame, of) {
            Some(items) => items.into_iter().for_each(|item| into.push(item)),
            None => {
                let element = self.element(frame, of);
                into.blur();
                into.rest.join(&element);
            }
        }
    }

    /// A new object of the current operation.
    pub(super) fn place_object(frame: &mut Frame<'p>, object: Object) -> Value {
        let site = frame.site;
        frame.state.insert(Loc::Site(site), object);
        Value::atom(Atom::Object(site))
    }

    fn make_map(&mut self, frame: &mut Frame<'p>, entries: &[Entry]) -> Value {
        let mut object = Object::new(Kind::Map);
        for entry in entries {
            match entry {
                Entry::One(key, value) => {
                    let (key, value) = (frame.get(*key), frame.get(*value));
                    match key.only_constant() {
                        Some(constant) => object.put(constant.clone(), value),
                        None => object.put_somewhere(&value.with_taint(&key.taint)),
                    }
                }
                Entry::Spread(var) => {
                    let of = frame.get(*var);
                    self.merge_map(frame, &of, &mut object);
                }
            }
        }
        Self::place_object(frame, object)
    }

    /// Adds all entries of a value.
    pub(super) fn merge_map(&mut self, frame: &mut Frame<'p>, of: &Value, into: &mut Object) {
        let mut known = false;
        for atom in &of.atoms {
            if let Atom::Object(site) = atom
                && let Some(object) = frame.state.object(&Loc::Site(*site))
            {
                known = true;
                for (key, value) in &object.entries {
                    into.put(key.clone(), value.clone());
                }
                into.rest.join(&object.rest);
            }
        }
        if !known {
            let element = self.element(frame, of);
            into.put_somewhere(&element);
        }
    }

    fn define_class(&mut self, frame: &mut Frame<'p>, body: FunctionId, bases: &[Var]) -> Value {
        let body = FuncRef {
            unit: frame.func.unit,
            id: body,
        };
        let Some(class) = self.program.class_of_body(body) else {
            return Value::unknown();
        };
        let bases = bases.iter().map(|base| frame.get(*base)).collect();
        self.class_body(class, bases);
        Value::atom(Atom::Class(class))
    }

    fn load_outer(&mut self, frame: &Frame<'p>, function: FunctionId, var: Var) -> Value {
        let of = FuncRef {
            unit: frame.func.unit,
            id: function,
        };
        let known = self.shared.value(Kept::Outer(of, var)).cloned();
        known
            .filter(|value| !value.is_bottom())
            .unwrap_or_else(Value::unknown)
    }

    fn load_global(&mut self, frame: &Frame<'p>, name: &Name) -> Value {
        if Self::is_top(frame)
            && let Some(object) = frame.state.object(&globals_place())
            && let Some(value) = object.fields.get(name)
        {
            return self.entered(frame, name, value.clone());
        }
        let value = self.global(frame.func.unit, name);
        if value.is_bottom() {
            Value::unknown()
        } else {
            self.entered(frame, name, value)
        }
    }

    /// With the data that comes in by a name that was imported, as `from sys import argv`.
    fn entered(&self, frame: &Frame<'p>, name: &Name, mut value: Value) -> Value {
        if let [Atom::Path(path)] = value.atoms.as_slice()
            && let Some(model) = self.paths.model(*path)
            && let Some(source) = &model.row.source
        {
            let trust = source.trust.into();
            let taint = self.source(frame.func, frame.span, trust, &source.what, name.clone());
            value.taint.join(&taint.safe_for(model.safe_for));
        }
        value
    }

    fn store_global(&mut self, frame: &mut Frame<'p>, name: &Name, value: &Value) {
        let step = frame.step(name.clone(), Note::Assigned);
        let mut value = value.clone();
        value.taint = value.taint.with_step(&step);
        if Self::is_top(frame) {
            let place = globals_place();
            if frame.state.object(&place).is_none() {
                frame.state.insert(place.clone(), Object::new(Kind::Map));
            }
            // Changed in place: a copy for each name of a large file would be quadratic.
            if let Some(globals) = frame.state.change(&place) {
                globals.fields.insert(name.clone(), value.clone());
            }
        }
        self.keep_of(frame, &Kept::Global(frame.func.unit, name.clone()), &value);
    }
}

/// Where the names of the file are while its top level runs.
fn globals_place() -> Loc {
    Loc::Site(0)
}

fn literal_value(literal: &Literal) -> Value {
    Value::constant(match literal {
        Literal::None => Const::None,
        Literal::Bool(value) => Const::Bool(*value),
        Literal::Int(value) => Const::Int(*value),
        Literal::Number(text) => Const::Number(text.clone()),
        Literal::Text(text) | Literal::Bytes(text) => Const::Text(text.clone()),
    })
}
