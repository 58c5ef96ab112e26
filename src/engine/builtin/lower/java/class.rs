//! Classes, interfaces, enums, records and annotation types: their members and what instances
//! begin with.

use super::Java;
use crate::engine::builtin::{
    ir::{Callee, FunctionId, FunctionKind, Item, Name, OpKind, Param, ParamKind, Var},
    syntax::tree::NodeId,
};
use std::collections::{BTreeSet, HashMap};

/// What is known of a class around the place.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    pub(super) place: Place,
    /// Whether its instances belong to one of the class around it.
    pub(super) is_inner: bool,
    pub(super) fields: HashMap<&'a str, Field>,
    /// Its methods, and whether they need no instance (all overloads of them).
    pub(super) methods: HashMap<&'a str, bool>,
    /// Its inner types.
    pub(super) types: BTreeSet<&'a str>,
    /// Whether there is a class above it that has a constructor to call.
    has_base: bool,
    /// The function that gives an instance its first values.
    beginning: Option<FunctionId>,
    /// What a record is made of, with the types.
    pub(super) components: Vec<(&'a str, Option<Name>)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) var: Var,
    pub(super) is_static: bool,
}

/// Where a class is found as a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Global,
    /// A member of the class around it.
    Member,
    /// A variable of the function around it.
    Local(FunctionId, Var),
    Nameless,
}

/// The name of classes without one.
const NAMELESS: &str = "<anonymous>";
/// The name of constructors.
pub(super) const CONSTRUCTOR: &str = "<init>";
/// The name of the function that gives an instance its first values.
const BEGINNING: &str = "<fields>";

pub(super) fn is_type(kind: &str) -> bool {
    matches!(
        kind,
        "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration"
    )
}

impl Class<'_> {
    /// The function that gives an instance its first values.
    pub(super) fn beginning(&self) -> Option<FunctionId> {
        self.beginning
    }
}

impl<'a> Java<'a> {
    /// A type of the top level, of a class or of a block.
    pub(super) fn type_declaration(&mut self, node: NodeId) {
        let name = self.field(node, "name").map_or("", |it| self.of(it));
        let scope = self.scope();
        let (place, var) = if scope.class.is_some() && scope.frames.is_empty() {
            (Place::Member, Some(scope.builder.named(name.into(), None)))
        } else if self.scopes.len() == 1 {
            (Place::Global, None)
        } else {
            let var = self.declare(name, None);
            (Place::Local(self.scope().id, var), Some(var))
        };
        let mut bases = Vec::new();
        self.bases(node, &mut bases);
        let body = self.class(node, name, place);
        let value = self.value(node, |to| OpKind::Class(to, body, bases));
        match var {
            Some(var) => self.push(node, OpKind::Copy(var, value)),
            None => self.push(node, OpKind::StoreGlobal(name.into(), value)),
        }
    }

    fn bases(&mut self, node: NodeId, bases: &mut Vec<Var>) {
        // The language says what these are derived from.
        let implied = match self.kind(node) {
            "enum_declaration" => Some("Enum"),
            "record_declaration" => Some("Record"),
            "annotation_type_declaration" => Some("Annotation"),
            _ => None,
        };
        if let Some(name) = implied {
            bases.push(self.value(node, |to| OpKind::LoadGlobal(to, name.into())));
        }
        for part in self.children(node) {
            match self.kind(part) {
                "superclass" => {
                    if let Some(base) = self.first_child(part) {
                        bases.push(self.load_type(base));
                    }
                }
                "super_interfaces" | "extends_interfaces" => {
                    if let Some(list) = self.child_of_kind(part, "type_list") {
                        for base in self.children(list) {
                            bases.push(self.load_type(base));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A class that is derived where an instance of it is made; gives the class and what gives the
    /// instance its first values.
    pub(super) fn nameless(&mut self, body: NodeId, base: Var) -> (Var, Option<FunctionId>) {
        let (function, beginning) = self.class_and_beginning(body, NAMELESS, Place::Nameless);
        let class = self.value(body, |to| OpKind::Class(to, function, vec![base]));
        (class, beginning)
    }

    fn class(&mut self, node: NodeId, name: &'a str, place: Place) -> FunctionId {
        self.class_and_beginning(node, name, place).0
    }

    /// The body of a class; `node` is its declaration, or the body alone when it has no name.
    fn class_and_beginning(
        &mut self,
        node: NodeId,
        name: &'a str,
        place: Place,
    ) -> (FunctionId, Option<FunctionId>) {
        let holder = self.kind(self.tree.parent(node));
        let in_interface = matches!(holder, "interface_body" | "annotation_type_body");
        let is_inner = matches!(self.kind(node), "class_declaration" | "class_body")
            && matches!(place, Place::Member)
            && !self.has_modifier(node, "static")
            && !in_interface;
        let qualified = self.qualified(name);
        let span = self.span(node);
        let annotations = self.annotations(node);
        self.open(qualified, FunctionKind::ClassBody, span);
        self.builder().annotate(annotations);
        self.scope().class = Some(Class {
            name,
            place,
            is_inner,
            fields: HashMap::new(),
            methods: HashMap::new(),
            types: BTreeSet::new(),
            has_base: self.child_of_kind(node, "superclass").is_some(),
            beginning: None,
            components: Vec::new(),
        });
        let body = self.field(node, "body").unwrap_or(node);
        let members = self.members(body);
        self.components(node);
        for member in &members {
            self.find_member(*member);
        }
        self.beginning(node, &members);
        let has_constructor = members
            .iter()
            .any(|it| self.kind(*it) == "constructor_declaration");
        match self.kind(node) {
            "record_declaration" => self.record(node, &members),
            "class_declaration" | "enum_declaration" if !has_constructor => {
                self.default_constructor(node);
            }
            _ => {}
        }
        for member in members {
            self.member(member);
        }
        let beginning = self.class_here().and_then(|class| class.beginning);
        (self.close(), beginning)
    }

    /// The class whose body is being lowered.
    pub(super) fn class_here(&mut self) -> Option<&mut Class<'a>> {
        self.scope().class.as_mut()
    }

    /// The class around a method that is being lowered.
    pub(super) fn class_around(&self) -> Option<&Class<'a>> {
        let (_, around) = self.scopes.split_last()?;
        around.last()?.class.as_ref()
    }

    fn members(&self, body: NodeId) -> Vec<NodeId> {
        let mut members = Vec::new();
        for child in self.children(body) {
            match self.kind(child) {
                "enum_body_declarations" => members.extend(self.children(child)),
                _ => members.push(child),
            }
        }
        members
    }

    pub(super) fn add_field(
        &mut self,
        name: &'a str,
        declared: Option<Name>,
        is_static: bool,
        holder: NodeId,
    ) {
        let annotations = self.annotations(holder);
        let var = self.builder().named(name.into(), declared);
        self.builder().annotate_field(var, annotations);
        if let Some(class) = self.class_here() {
            class.fields.insert(name, Field { var, is_static });
        }
    }

    /// Takes in what a member declares, before anything is lowered.
    fn find_member(&mut self, member: NodeId) {
        let kind = self.kind(member);
        match kind {
            "field_declaration" | "constant_declaration" => {
                let is_static = self.is_static(member);
                let written = self.field(member, "type");
                for declarator in self.fields(member, "declarator") {
                    if let Some(name) = self.field(declarator, "name") {
                        let declared = self.declared(written, declarator);
                        self.add_field(self.of(name), declared, is_static, member);
                    }
                }
            }
            "enum_constant" => {
                if let Some(name) = self.field(member, "name") {
                    let class = self.class_here().map_or("", |class| class.name);
                    self.add_field(self.of(name), Some(class.into()), true, member);
                }
            }
            "method_declaration" | "annotation_type_element_declaration" => {
                if let Some(name) = self.field(member, "name") {
                    let (name, is_static) = (self.of(name), self.is_static(member));
                    if let Some(class) = self.class_here() {
                        let all = class.methods.entry(name).or_insert(true);
                        *all &= is_static;
                    }
                }
            }
            _ if is_type(kind) => {
                if let Some(name) = self.field(member, "name") {
                    let name = self.of(name);
                    if let Some(class) = self.class_here() {
                        class.types.insert(name);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a member belongs to the class and not to its instances.
    pub(super) fn is_static(&self, member: NodeId) -> bool {
        // The fields of interfaces are constants.
        self.kind(member) == "constant_declaration" || self.has_modifier(member, "static")
    }

    /// The function that gives an instance its first values, when there is anything to do.
    fn beginning(&mut self, node: NodeId, members: &[NodeId]) {
        let of_instances = |it: &NodeId| match self.kind(*it) {
            "block" => true,
            "field_declaration" => {
                let mut all = self.fields(*it, "declarator").into_iter();
                !self.is_static(*it) && all.any(|it| self.field(it, "value").is_some())
            }
            _ => false,
        };
        let members: Vec<NodeId> = members.iter().copied().filter(of_instances).collect();
        if members.is_empty() {
            return;
        }
        self.open_with_this(BEGINNING, node);
        for member in members {
            if self.kind(member) == "block" {
                self.braces(member);
                continue;
            }
            for declarator in self.fields(member, "declarator") {
                if let Some((name, value)) = self
                    .field(declarator, "name")
                    .zip(self.field(declarator, "value"))
                {
                    let this = self.this(declarator);
                    let value = self.expression(value);
                    let name = self.name_of(name);
                    self.push(declarator, OpKind::StoreField(this, name, value));
                }
            }
        }
        let function = self.close();
        if let Some(class) = self.class_here() {
            class.beginning = Some(function);
        }
    }

    /// Begins a method that has an instance.
    pub(super) fn open_with_this(&mut self, name: &str, node: NodeId) {
        let declared = self.class_here().map_or("", |class| class.name);
        let qualified = self.qualified(name);
        let span = self.span(node);
        self.open(qualified, FunctionKind::Function, span);
        let builder = self.builder();
        let var = builder.named("this".into(), Some(declared.into()));
        builder.add_param(Param {
            var,
            kind: ParamKind::Plain,
            default: None,
            declared: Some(declared.into()),
            annotations: Vec::new(),
        });
        self.scope().this = Some(var);
    }

    /// Calls what gives the instance its first values.
    pub(super) fn begin(&mut self, node: NodeId, beginning: Option<FunctionId>, instance: Var) {
        if let Some(function) = beginning {
            let callee = self.value(node, |to| OpKind::Closure(to, function));
            let args = vec![Item::One(instance)];
            self.call_of(node, Callee::Value(callee), args);
        }
    }

    /// What a constructor does before its own text: the class above, then the first values.
    pub(super) fn implied_beginning(&mut self, node: NodeId) {
        let this = self.this(node);
        let class = self.class_around();
        let beginning = class.and_then(|class| class.beginning);
        if class.is_some_and(|class| class.has_base) {
            self.call_of(node, Callee::Super(this, CONSTRUCTOR.into()), Vec::new());
        }
        self.begin(node, beginning, this);
    }

    /// The constructor of a class that has none of its own, when it does anything.
    fn default_constructor(&mut self, node: NodeId) {
        let class = self.class_here();
        if class.is_some_and(|class| class.has_base || class.beginning.is_some()) {
            self.open_with_this(CONSTRUCTOR, node);
            self.implied_beginning(node);
            let function = self.close();
            self.add_method(CONSTRUCTOR, node, function);
        }
    }

    /// A method as a member of the class.
    pub(super) fn add_method(&mut self, name: &str, node: NodeId, function: FunctionId) {
        let closure = self.value(node, |to| OpKind::Closure(to, function));
        let member = self.builder().named(name.into(), None);
        self.push(node, OpKind::Copy(member, closure));
    }
}
