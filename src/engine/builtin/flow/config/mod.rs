//! Settings that stand in files of the tree, so that code that asks for one is known to get it.
//!
//! Which files are read, and what they set; how a file is written is for `forms`, and what code gets
//! that asks for [`super::settings`]. Files of tests are left out: what runs does not see them.

mod forms;
#[cfg(test)]
mod tests;

use super::value::MAX_TEXT;
use crate::engine::inventory::{FileRole, Inventory, Language, SourceFile};
use forms::Form;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use tokio_util::sync::CancellationToken;

/// Larger files are data, not settings (bytes).
const MAX_FILE: u64 = 256 * 1024;
/// Settings of one tree that are read (bytes).
const MAX_ALL: u64 = 32 * 1024 * 1024;
/// More values of one key are "anything".
const MAX_VALUES: usize = 4;

/// What files set one key to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Setting {
    values: BTreeSet<String>,
    /// Whether it may be set to something else as well.
    is_open: bool,
}

impl Setting {
    /// One more file sets it; `None` is a value that is not known.
    fn add(&mut self, value: Option<String>) {
        match value {
            Some(value) if self.values.len() <= MAX_VALUES && value.len() <= MAX_TEXT => {
                self.values.insert(value);
            }
            _ => self.is_open = true,
        }
    }

    /// What it may be set to; `None` in place of what is not known.
    pub(super) fn values(&self) -> impl Iterator<Item = Option<&str>> {
        let is_many = self.values.len() > MAX_VALUES;
        let known = self.values.iter().filter(move |_| !is_many);
        let open = (self.is_open || is_many).then_some(None);
        known.map(|value| Some(value.as_str())).chain(open)
    }
}

/// Values by key.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Java's `.properties`, which programs load by themselves.
    properties: BTreeMap<String, Setting>,
    /// What frameworks look for in files of settings, by key in lower case.
    framework: BTreeMap<String, Setting>,
    /// Variables of the environment, as files say that set it up.
    environment: BTreeMap<String, Setting>,
    /// Whether a file on disk is another one than the inventory saw.
    pub(super) is_other: bool,
    /// Whether there is more than was read.
    is_cut: bool,
}

impl Config {
    /// Whether a file is one of settings.
    pub(super) fn is_read(file: &SourceFile) -> bool {
        let runs = matches!(file.role, FileRole::Production | FileRole::Config);
        runs && file.unread.is_none() && file.size <= MAX_FILE && form(&file.path).is_some()
    }

    /// The settings of a tree. What cannot be read is left out.
    pub(super) fn read(root: &Path, inventory: &Inventory, cancel: &CancellationToken) -> Self {
        let mut config = Self::default();
        let mut room = MAX_ALL;
        for file in inventory.files.iter().filter(|file| Self::is_read(file)) {
            let Some(left) = room.checked_sub(file.size) else {
                config.is_cut = true;
                break;
            };
            room = left;
            let bytes = std::fs::read(file.on_disk(root)).unwrap_or_default();
            config.is_other |= !file.holds(&bytes);
            config.add(&file.path, bytes, cancel);
        }
        config
    }

    /// Takes a file in, unless its name says that it is something else.
    pub(super) fn add(&mut self, path: &str, bytes: Vec<u8>, cancel: &CancellationToken) {
        let Some(form) = form(path) else { return };
        for (key, value) in form.entries(bytes, cancel) {
            let set = |settings: &mut BTreeMap<String, Setting>, key: String| {
                settings.entry(key).or_default().add(value.clone());
            };
            match form {
                Form::Environment => set(&mut self.environment, key),
                Form::Tree => set(&mut self.framework, key.to_lowercase()),
                Form::Properties => {
                    set(&mut self.framework, key.to_lowercase());
                    set(&mut self.properties, key);
                }
            }
        }
    }

    /// A key of `.properties`.
    pub(super) fn property(&self, key: &str) -> Option<&Setting> {
        self.whole(self.properties.get(key))
    }

    /// A key of whatever files a framework reads; letters of both cases are the same.
    pub(super) fn framework(&self, key: &str) -> Option<&Setting> {
        self.whole(self.framework.get(&key.to_lowercase()))
    }

    /// A variable of the environment.
    pub(super) fn environment(&self, key: &str) -> Option<&Setting> {
        self.whole(self.environment.get(key))
    }

    /// Where not all was read, everything may be set to something else.
    fn whole<'a>(&self, setting: Option<&'a Setting>) -> Option<&'a Setting> {
        static ANYTHING: Setting = Setting {
            values: BTreeSet::new(),
            is_open: true,
        };
        match self.is_cut {
            true => Some(&ANYTHING),
            false => setting,
        }
    }
}

/// How a file is written, when its name says that it holds settings of what runs.
fn form(path: &str) -> Option<Form> {
    let lower = path.rsplit('/').next()?.to_lowercase();
    if is_of_tests(&lower) {
        return None;
    }
    if lower == ".env" || lower.starts_with(".env.") || lower.ends_with(".env") {
        return Some(Form::Environment);
    }
    let (stem, extension) = lower.rsplit_once('.')?;
    match extension {
        "properties" => Some(Form::Properties),
        "yaml" | "yml" | "json" => {
            const STEMS: [&str; 5] = ["application", "bootstrap", "config", "default", "settings"];
            let first = parts(stem).next()?;
            STEMS.contains(&first).then_some(Form::Tree)
        }
        _ => None,
    }
}

/// Whether a name says that what runs does not see it.
fn is_of_tests(name: &str) -> bool {
    parts(name).any(|part| matches!(part, "test" | "tests" | "testing"))
}

/// The words of a name.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', '-', '_'])
}

/// Whether the names of a Python file are settings: of Django, or of what a Flask application is told
/// to take its own from.
pub(super) fn is_settings_module(path: &str) -> bool {
    let lower = path.to_lowercase();
    let role = crate::engine::inventory::role_of(&lower, Some(Language::Python), b"");
    let Some(module) = lower
        .strip_suffix(".py")
        .filter(|_| role == FileRole::Production)
    else {
        return false;
    };
    let mut names = module.rsplit('/');
    let name = names.next().unwrap_or_default();
    let says = |part: &str| matches!(part, "settings" | "config" | "conf" | "configuration");
    !is_of_tests(name) && (parts(name).any(says) || names.next().is_some_and(says))
}
