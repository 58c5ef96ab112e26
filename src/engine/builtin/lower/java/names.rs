//! What a simple name means: a local variable, a member of a class around the place, or something
//! that is not in the file.
//!
//! What a class inherits cannot be seen in one file. A name that nothing here declares is taken for
//! an inherited field when it begins with a small letter, and for a type otherwise.

use super::{
    Java,
    class::{Field, Place},
};
use crate::engine::builtin::{
    ir::{Callee, FunctionId, Name, OpKind, Var},
    syntax::tree::NodeId,
};

/// The field of an inner instance that holds the instance around it.
pub(super) const OUTER: &str = "<outer>";

/// Where a value stands.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Var(Var),
    Outer(FunctionId, Var),
    Field(Var, Name),
    Index(Var, Var),
    Global(Name),
    /// Something that cannot be assigned to.
    Nothing,
}

/// What a name is declared as, and the index of the scope where it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    Local(usize, Var),
    Field(usize, Field),
    Type(usize),
}

impl<'a> Java<'a> {
    /// The value of a name.
    pub(super) fn load(&mut self, node: NodeId, name: &'a str) -> Var {
        let target = self.target_of(node, name);
        self.read(node, &target)
    }

    pub(super) fn read(&mut self, node: NodeId, target: &Target) -> Var {
        match target.clone() {
            Target::Var(var) => var,
            Target::Outer(function, var) => {
                self.value(node, |to| OpKind::LoadOuter(to, function, var))
            }
            Target::Field(object, name) => {
                self.value(node, |to| OpKind::LoadField(to, object, name))
            }
            Target::Index(object, key) => self.value(node, |to| OpKind::LoadIndex(to, object, key)),
            Target::Global(name) => self.value(node, |to| OpKind::LoadGlobal(to, name)),
            Target::Nothing => self.opaque(node, Vec::new()),
        }
    }

    pub(super) fn write(&mut self, node: NodeId, target: &Target, value: Var) {
        let op = match target.clone() {
            Target::Var(var) => OpKind::Copy(var, value),
            Target::Outer(function, var) => OpKind::StoreOuter(function, var, value),
            Target::Field(object, name) => OpKind::StoreField(object, name, value),
            Target::Index(object, key) => OpKind::StoreIndex(object, key, value),
            Target::Global(name) => OpKind::StoreGlobal(name, value),
            Target::Nothing => return,
        };
        self.push(node, op);
    }

    pub(super) fn target_of(&mut self, node: NodeId, name: &'a str) -> Target {
        if let Some(target) = self.visible(node, name) {
            return target;
        }
        let is_type = name.starts_with(char::is_uppercase);
        if is_type || self.global.contains(name) {
            return Target::Global(name.into());
        }
        match self.receiver(node) {
            Some(receiver) => Target::Field(receiver, name.into()),
            None => Target::Global(name.into()),
        }
    }

    /// Where in the file a name is declared that is seen from the place.
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        for (index, scope) in self.scopes.iter().enumerate().rev() {
            let mut frames = scope.frames.iter().rev();
            if let Some(var) = frames.find_map(|frame| frame.get(name)) {
                return Some(Found::Local(index, *var));
            }
            let Some(class) = &scope.class else {
                continue;
            };
            if let Some(field) = class.fields.get(name) {
                return Some(Found::Field(index, *field));
            }
            if class.types.contains(name) {
                return Some(Found::Type(index));
            }
        }
        None
    }

    /// What a name means that is declared in the file and seen from the place.
    pub(super) fn visible(&mut self, node: NodeId, name: &str) -> Option<Target> {
        let innermost = self.scopes.len() - 1;
        Some(match self.find(name)? {
            Found::Local(index, var) if index == innermost => Target::Var(var),
            Found::Local(index, var) => Target::Outer(self.scopes[index].id, var),
            Found::Field(index, field) if field.is_static && index == innermost => {
                Target::Var(field.var)
            }
            Found::Field(index, field) => {
                let object = match field.is_static {
                    true => self.class_value(node, index),
                    false => self.instance(node, index),
                };
                Target::Field(object, name.into())
            }
            Found::Type(index) => Target::Field(self.class_value(node, index), name.into()),
        })
    }

    /// What a call of a name alone calls.
    pub(super) fn simple_callee(&mut self, node: NodeId, name: &'a str) -> Callee {
        for index in (0..self.scopes.len()).rev() {
            let class = self.scopes[index].class.as_ref();
            if let Some(is_static) = class.and_then(|class| class.methods.get(name).copied()) {
                let receiver = match is_static {
                    true => self.class_value(node, index),
                    false => self.instance(node, index),
                };
                return Callee::Method(receiver, name.into());
            }
        }
        if !self.global.contains(name)
            && let Some(receiver) = self.receiver(node)
        {
            return Callee::Method(receiver, name.into());
        }
        Callee::Value(self.value(node, |to| OpKind::LoadGlobal(to, name.into())))
    }

    /// The instance of the innermost class, or the class itself where there is none.
    pub(super) fn receiver(&mut self, node: NodeId) -> Option<Var> {
        let index = self.scopes.iter().rposition(|it| it.class.is_some())?;
        Some(self.instance(node, index))
    }

    /// `this`.
    pub(super) fn this(&mut self, node: NodeId) -> Var {
        match self.receiver(node) {
            Some(receiver) => receiver,
            None => self.opaque(node, Vec::new()),
        }
    }

    /// `Name.this`.
    pub(super) fn this_of(&mut self, node: NodeId, name: &str) -> Var {
        let is_it = |class: &super::Class<'_>| class.name == name;
        let found = |it: &super::Scope<'_>| it.class.as_ref().is_some_and(is_it);
        match self.scopes.iter().rposition(found) {
            Some(index) => self.instance(node, index),
            None => self.this(node),
        }
    }

    /// The instance of the class whose body is the scope at `index`. Where none can be reached, a
    /// member of it must have been inherited: then it is the innermost instance. The class itself
    /// where there is no instance at all.
    fn instance(&mut self, node: NodeId, index: usize) -> Var {
        if let Some(instance) = self.instance_at(node, index) {
            return instance;
        }
        let inherits = self.scopes.iter().rposition(|it| it.this.is_some());
        match inherits.filter(|at| *at > index) {
            Some(at) => self
                .this_at(node, at)
                .unwrap_or_else(|| self.opaque(node, Vec::new())),
            None => self.class_value(node, index),
        }
    }

    fn instance_at(&mut self, node: NodeId, index: usize) -> Option<Var> {
        if let Some(this) = self.this_at(node, index + 1) {
            return Some(this);
        }
        let inside = self.scopes.get(index + 1)?.class.as_ref()?;
        if !inside.is_inner {
            return None;
        }
        let inner = self.instance_at(node, index + 1)?;
        let name = self.class_name(index);
        let outer = self.value(node, |to| OpKind::LoadField(to, inner, OUTER.into()));
        Some(self.as_type(node, outer, name))
    }

    /// `this` of the function that is the scope at `index`.
    fn this_at(&mut self, node: NodeId, index: usize) -> Option<Var> {
        let scope = self.scopes.get(index)?;
        let (function, this) = (scope.id, scope.this?);
        Some(match index + 1 == self.scopes.len() {
            true => this,
            false => self.value(node, |to| OpKind::LoadOuter(to, function, this)),
        })
    }

    /// The value said to be of a type.
    pub(super) fn as_type(&mut self, node: NodeId, value: Var, declared: Name) -> Var {
        let typed = self.builder().typed(declared);
        self.push(node, OpKind::Copy(typed, value));
        typed
    }

    pub(super) fn class_name(&self, index: usize) -> Name {
        let class = self.scopes.get(index).and_then(|it| it.class.as_ref());
        class.map_or("", |class| class.name).into()
    }

    /// The class whose body is the scope at `index`.
    pub(super) fn class_value(&mut self, node: NodeId, index: usize) -> Var {
        let Some(class) = self.scopes.get(index).and_then(|it| it.class.as_ref()) else {
            return self.opaque(node, Vec::new());
        };
        let name = class.name;
        match class.place {
            Place::Global => self.value(node, |to| OpKind::LoadGlobal(to, name.into())),
            Place::Member => {
                let outer = self.class_value(node, index.saturating_sub(1));
                self.value(node, |to| OpKind::LoadField(to, outer, name.into()))
            }
            Place::Local(function, var) => {
                self.value(node, |to| OpKind::LoadOuter(to, function, var))
            }
            Place::Nameless => self.opaque(node, Vec::new()),
        }
    }
}
