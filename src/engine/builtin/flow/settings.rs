//! What code gets that asks for a setting: what the files of [`super::config`] say, or its default.
//!
//! A program that loads a file of the tree gets what stands there. What comes out of the environment
//! or of a framework may be set otherwise where the program runs: it is [`Const::Setting`], a text
//! that builds texts but decides nothing.

use super::{
    analysis::Analysis,
    call::Args,
    config::Setting,
    frame::Frame,
    memory::Kept,
    models::{Model, SettingRow},
    paths::PathId,
    program::ClassRef,
    text::concatenation,
    value::{Atom, Const, Taints, Value},
};
use crate::engine::builtin::ir::{Annotation, Name};

/// Settings within settings that are followed.
const MAX_DEPTH: u32 = 4;
/// Settings that are put into texts in one analysis: each text may stand in many others.
pub(super) const MAX_EXPANDED: usize = 100_000;
/// Arguments by name that are what is given where nothing is set.
const DEFAULTS: [&str; 3] = ["default", "default_value", "defaultValue"];

impl<'p> Analysis<'p> {
    /// A key of a `.properties` that the program loaded.
    pub(super) fn property(&self, key: &Value, default: Option<Value>) -> Value {
        let Some(key) = key.only_text() else {
            return Value::unknown();
        };
        match self.program.property(key) {
            Some(setting) => values(setting, Value::text),
            // Perhaps a file outside of the tree says otherwise.
            None => default.map_or_else(Value::unknown, |it| it.as_setting()),
        }
    }

    /// A call whose first argument names a setting; `None` where neither a file nor the call says
    /// what it is.
    pub(super) fn setting_call(&mut self, from: SettingRow, args: &Args) -> Option<Value> {
        let is_type = |value: &Value| {
            let mut atoms = value.atoms.iter();
            value.taint.is_empty() && atoms.any(|it| matches!(it, Atom::Path(_) | Atom::Class(_)))
        };
        let named = DEFAULTS.iter().filter_map(|name| args.name(name));
        let mut defaults = args.places.iter().skip(1).chain(named);
        let default = defaults.find(|value| !is_type(value));
        let key = args.places.first()?;
        self.setting(from, key, default)
    }

    /// A member or an element of an object that holds settings.
    pub(super) fn setting_member(&mut self, of: PathId, key: &Value) -> Option<Value> {
        let from = self.paths.model(of)?.row.setting?;
        self.setting(from, key, None)
    }

    /// A method of a text that stands in a setting.
    pub(super) fn setting_method(
        &mut self,
        frame: &mut Frame<'p>,
        text: &Name,
        receiver: &Value,
        name: &Name,
        args: &Args,
    ) -> Option<Value> {
        let value = self.text_method(frame, text, receiver, name, args)?;
        let is_text = |atom: &Atom| matches!(atom, Atom::Const(Const::Text(_)));
        // How long it is, what it contains and into what it falls apart decides nothing.
        let gives_text = value.open || value.atoms.iter().all(is_text);
        gives_text.then(|| value.as_setting())
    }

    /// What fields are set to by those who make the objects of a class, as they are annotated.
    pub(super) fn set_fields(&mut self, class: ClassRef) {
        let body = self.program.class(class).body;
        let function = self.program.function(body);
        for (field, annotation) in &function.field_annotations {
            let Some(field) = function.vars.get(field.0 as usize) else {
                continue;
            };
            let place = self.annotation(body.unit, &annotation.name);
            let model = place.and_then(|place| self.paths.model(place).cloned());
            let set = self.injected(model.as_deref(), annotation, field.declared.as_ref());
            if let (Some(value), Some(name)) = (set, &field.name) {
                self.shared.keep(&Kept::Field(class, name.clone()), &value);
            }
        }
    }

    /// What a framework gives a parameter or a field with such an annotation: a text with settings
    /// in it, or the name of one and its default.
    pub(super) fn injected(
        &mut self,
        model: Option<&Model>,
        annotation: &Annotation,
        declared: Option<&Name>,
    ) -> Option<Value> {
        let from = model?.row.setting?;
        declared.filter(|declared| declared.as_ref() == "String")?;
        let arg = |wanted: &str| {
            let mut args = annotation.args.iter();
            let found = args.find(|(name, _)| name.as_ref() == wanted);
            found.map(|(_, value)| value)
        };
        if let Some(key) = arg("name") {
            let default = arg("defaultValue").map(|text| self.expanded(from, text, 0));
            return self.setting(from, &Value::text(key), default.as_ref());
        }
        let text = arg("value").filter(|text| text.contains("${"))?;
        Some(self.expanded(from, text, 0).as_setting())
    }

    /// What a key is set to, or its default; `None` where nothing says.
    fn setting(&mut self, from: SettingRow, key: &Value, default: Option<&Value>) -> Option<Value> {
        let set = key.only_text().cloned();
        let set = set.and_then(|key| self.set_to(from, &key, 0));
        if set.is_none() && default.is_none() {
            return None;
        }
        let value = Value::any_of(set.iter().chain(default)).as_setting();
        let says = !value.atoms.is_empty() || value.prefix.is_some() || !value.taint.is_empty();
        says.then_some(value)
    }

    fn set_to(&mut self, from: SettingRow, key: &Name, depth: u32) -> Option<Value> {
        let program = self.program.clone();
        match from {
            SettingRow::Environment => {
                let setting = program.environment(key)?;
                // What a shell would put in is not known.
                Some(values(setting, begun))
            }
            SettingRow::Framework => {
                let setting = program.framework(key)?;
                Some(values(setting, |text| self.expanded(from, text, depth)))
            }
            SettingRow::Modules => {
                let of_files = program.framework(key);
                let of_files = of_files.map(|setting| values(setting, Value::text));
                let found = self.of_modules(key);
                let all = Value::any_of(of_files.iter().chain(&found));
                (!all.is_bottom()).then_some(all)
            }
        }
    }

    /// What modules of settings, and classes in them, set a name to.
    fn of_modules(&mut self, name: &Name) -> Vec<Value> {
        let mut found = Vec::new();
        for kept in self.program.set_in_modules(name).iter() {
            let unit = match kept {
                Kept::Global(unit, _) => *unit,
                Kept::Member(class, _) => self.program.class(*class).body.unit,
                _ => continue,
            };
            self.top_level(unit);
            found.extend(self.shared.value(kept.clone()).cloned());
        }
        for value in &mut found {
            // Who asks for a setting trusts it.
            value.taint = Taints::default();
        }
        found
    }

    /// A text with the settings in it, as `${key}` or `${key:default}`.
    fn expanded(&mut self, from: SettingRow, text: &str, depth: u32) -> Value {
        self.known.expanded += 1 + text.matches("${").count();
        let is_computed = text.contains("#{");
        let is_too_much = self.world.known.expanded + self.known.expanded > MAX_EXPANDED;
        if is_too_much {
            self.trace.give_up();
        }
        if depth > MAX_DEPTH || is_computed || is_too_much {
            return begun(text);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            parts.push(Value::text(before));
            let Some(end) = closing(behind) else {
                parts.push(Value::unknown());
                rest = "";
                break;
            };
            let (inside, after) = behind.split_at(end);
            parts.push(self.placeholder(from, inside, depth + 1));
            rest = after.get(1..).unwrap_or_default();
        }
        parts.push(Value::text(rest));
        concatenation(&parts, self.language)
    }

    /// What stands for `key` or `key:default`.
    fn placeholder(&mut self, from: SettingRow, inside: &str, depth: u32) -> Value {
        let (key, default) = match inside.split_once(':') {
            Some((key, default)) => (key, Some(default)),
            None => (inside, None),
        };
        let set = self.set_to(from, &key.trim().into(), depth);
        let default = default.map(|text| self.expanded(from, text, depth));
        let value = Value::any_of(set.iter().chain(&default)).as_setting();
        match value.is_bottom() {
            true => Value::unknown(),
            false => value,
        }
    }
}

/// What a setting may be.
fn values(setting: &Setting, mut text: impl FnMut(&str) -> Value) -> Value {
    let values: Vec<Value> = setting
        .values()
        .map(|value| value.map_or_else(Value::unknown, &mut text))
        .collect();
    Value::any_of(&values)
}

/// A text that is known up to where something is put in.
fn begun(text: &str) -> Value {
    let marks = ["#{", "$"].iter().filter_map(|mark| text.find(mark));
    match marks.min() {
        None => Value::text(text),
        Some(end) => Value {
            prefix: text.get(..end).filter(|it| !it.is_empty()).map(Into::into),
            ..Value::unknown()
        },
    }
}

/// Where the `}` is that ends what `${` began.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}
