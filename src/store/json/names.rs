//! Texts that occur often (paths, weakness classes, event kinds), each kept once.
//!
//! Grows with the number of distinct texts and is built anew with the state.

use foldhash::fast::RandomState;
use std::{collections::HashMap, sync::Arc};

/// A text kept in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u32);

impl Name {
    /// Sorts before every other name, to begin ranges with.
    pub const MIN: Self = Self(0);
    /// The name nothing has.
    pub const NONE: Self = Self(u32::MAX);

    /// Where it stands among all names, from 0.
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// The texts behind names.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<Arc<str>>,
    /// Six lookups per finding read: the hash is seeded, but need not withstand more than that.
    known: HashMap<Arc<str>, Name, RandomState>,
}

impl Names {
    /// The name of `text`, added if it is new.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, name);
        name
    }

    /// The name of `text`, if anything carries it.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.known.get(text).copied()
    }

    /// How many distinct texts there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// The text of `name`.
    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", |text| text)
    }
}
