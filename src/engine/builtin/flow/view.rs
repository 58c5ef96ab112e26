//! The program as a look sees it: whatever is asked for is told to the trace.

use super::{
    config::Setting,
    ground::Ground,
    memory::Kept,
    program::{Class, ClassRef, FuncRef, Program, SourceUnit, UnitRef},
    trace::{Seen, Trace},
};
use crate::engine::builtin::ir::{Function, Name, Var};
use std::{collections::BTreeSet, rc::Rc, sync::Arc};

/// What does not change, as a look sees it.
#[derive(Clone)]
pub(super) struct View<'p> {
    ground: &'p Ground<'p>,
    program: &'p Program,
    trace: Rc<Trace>,
}

impl<'p> View<'p> {
    pub(super) fn new(ground: &'p Ground<'p>, trace: Rc<Trace>) -> Self {
        Self {
            ground,
            program: ground.program,
            trace,
        }
    }

    pub(super) fn unit(&self, unit: UnitRef) -> &'p SourceUnit {
        self.trace.see_unit(unit);
        self.program.unit(unit)
    }

    pub(super) fn function(&self, function: FuncRef) -> &'p Function {
        self.trace.see_unit(function.unit);
        self.program.function(function)
    }

    pub(super) fn class(&self, class: ClassRef) -> &'p Class {
        let class = self.program.class(class);
        self.trace.see_unit(class.body.unit);
        class
    }

    pub(super) fn class_of_body(&self, body: FuncRef) -> Option<ClassRef> {
        self.trace.see_unit(body.unit);
        self.program.class_of_body(body)
    }

    pub(super) fn class_of_method(&self, method: FuncRef) -> Option<ClassRef> {
        self.trace.see_unit(method.unit);
        self.program.class_of_method(method)
    }

    pub(super) fn class_in(&self, unit: UnitRef, name: &Name) -> Option<ClassRef> {
        self.trace.see_unit(unit);
        self.program.class_in(unit, name)
    }

    pub(super) fn nested(&self, class: ClassRef, name: &Name) -> Option<ClassRef> {
        self.trace.see_unit(self.program.class(class).body.unit);
        self.program.nested(class, name)
    }

    pub(super) fn global_names(&self, unit: UnitRef) -> BTreeSet<&'p Name> {
        self.trace.see_unit(unit);
        self.program.global_names(unit)
    }

    pub(super) fn is_captured(&self, function: FuncRef, var: Var) -> bool {
        self.trace.see_unit(function.unit);
        self.program.captured.contains(&(function, var))
    }

    pub(super) fn declaring(&self, package: &str, name: &Name) -> Option<UnitRef> {
        self.trace
            .see(|| Seen::Declaring(package.into(), name.clone()));
        self.program.declaring(package, name)
    }

    pub(super) fn only_makers_set(&self, class: ClassRef, name: &Name) -> bool {
        self.trace.see(|| Seen::OnlyMakersSet(class, name.clone()));
        self.program.only_makers_set(class, name)
    }

    pub(super) fn module(&self, dotted: &str, from: UnitRef) -> Option<UnitRef> {
        self.trace.see(|| Seen::Module(dotted.into(), from));
        self.program.module(dotted, from)
    }

    /// Functions of a name, where they are few enough to say something.
    pub(super) fn with_method(&self, name: &Name) -> Option<Vec<FuncRef>> {
        self.trace.see(|| Seen::WithMethod(name.clone()));
        self.ground.with_method(name).map(<[_]>::to_vec)
    }

    /// The template that `name` means in `from`.
    pub(super) fn template(&self, from: UnitRef, name: &str) -> Option<UnitRef> {
        self.trace.see(|| Seen::Template(from, name.into()));
        self.ground.templates.find(self.program, from, name)
    }

    /// Where modules of settings set a name.
    pub(super) fn set_in_modules(&self, name: &Name) -> Arc<[Kept]> {
        self.trace.see(|| Seen::SetInModules(name.clone()));
        self.ground.set_in_modules(name)
    }

    pub(super) fn property(&self, key: &Name) -> Option<&'p Setting> {
        self.trace.see(|| Seen::Property(key.clone()));
        self.ground.config.property(key)
    }

    pub(super) fn framework(&self, key: &Name) -> Option<&'p Setting> {
        self.trace.see(|| Seen::Framework(key.clone()));
        self.ground.config.framework(key)
    }

    pub(super) fn environment(&self, key: &Name) -> Option<&'p Setting> {
        self.trace.see(|| Seen::Environment(key.clone()));
        self.ground.config.environment(key)
    }
}
