//! What does not change while a language is looked at.

use super::{
    config::{Config, is_settings_module},
    memo::Memo,
    memory::Kept,
    program::{ClassRef, FuncRef, Program, UnitRef},
    templates::Templates,
};
use crate::engine::{builtin::ir::Name, inventory::Language};
use foldhash::HashMap;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Functions of one name that may be meant when nothing is known of the receiver.
const MAX_BY_NAME: usize = 2;

/// Which variables of a function more than one block uses.
pub(super) type Slots = Arc<[Option<u32>]>;
/// Where each name of modules of settings is set: of the file, or of a class in it.
type SettingPlaces = HashMap<Name, Arc<[Kept]>>;

/// What does not change while a language is looked at.
pub(super) struct Ground<'p> {
    pub(super) language: Language,
    pub(super) program: &'p Program,
    pub(super) config: &'p Config,
    pub(super) templates: Templates,
    /// Of each function of each file.
    pub(super) slots: Vec<Vec<OnceLock<Slots>>>,
    settings: OnceLock<SettingPlaces>,
    /// What the last scan found out, where this one is to know.
    pub(super) memo: Option<&'p Memo>,
    pub(super) cancel: CancellationToken,
}

impl<'p> Ground<'p> {
    pub(super) fn new(
        language: Language,
        program: &'p Program,
        config: &'p Config,
        memo: Option<&'p Memo>,
        cancel: &CancellationToken,
    ) -> Self {
        let functions = program.units.iter().map(|it| it.unit.functions.len());
        Self {
            language,
            program,
            config,
            templates: Templates::of(program),
            slots: functions
                .map(|count| vec![OnceLock::new(); count])
                .collect(),
            settings: OnceLock::new(),
            memo,
            cancel: cancel.clone(),
        }
    }

    /// Methods of a name, where they are few enough to say something.
    pub(super) fn with_method(&self, name: &Name) -> Option<&'p [FuncRef]> {
        let found = self.program.with_method.get(name)?;
        (found.len() <= MAX_BY_NAME).then_some(found)
    }

    /// Where modules of settings set a name.
    pub(super) fn set_in_modules(&self, name: &Name) -> Arc<[Kept]> {
        let places = self.settings.get_or_init(|| places(self.program));
        places.get(name).cloned().unwrap_or_default()
    }
}

fn places(program: &Program) -> SettingPlaces {
    let mut places: HashMap<Name, Vec<Kept>> = HashMap::default();
    let is_settings = |unit: UnitRef| is_settings_module(&program.unit(unit).path);
    let units = (0_u32..).map(UnitRef).take(program.units.len());
    for unit in units.filter(|unit| is_settings(*unit)) {
        for name in program.global_names(unit) {
            let kept = Kept::Global(unit, name.clone());
            places.entry(name.clone()).or_default().push(kept);
        }
    }
    for (class, at) in program.classes.iter().zip(0_u32..) {
        if is_settings(class.body.unit) {
            let members = program.function(class.body).vars.iter();
            for name in members.filter_map(|info| info.name.as_ref()) {
                let kept = Kept::Member(ClassRef(at), name.clone());
                places.entry(name.clone()).or_default().push(kept);
            }
        }
    }
    places
        .into_iter()
        .map(|(name, at)| (name, at.into()))
        .collect()
}
