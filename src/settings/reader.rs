//! Turns settings from text into values and collects every problem on the way.

use super::{Secret, catalogue, env::Env};
use crate::error::FieldError;
use std::{path::PathBuf, str::FromStr, time::Duration};

/// Reads typed values; what cannot be read becomes a problem and a harmless stand-in, so that one
/// start reports everything that is wrong.
#[derive(Debug)]
pub struct Reader<'a> {
    env: &'a Env,
    /// What was wrong so far.
    pub problems: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    /// Reads from `env`.
    pub fn new(env: &'a Env) -> Self {
        Self {
            env,
            problems: Vec::new(),
        }
    }

    /// Notes a problem with the setting `name`.
    pub fn problem(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(FieldError::new(name, message));
    }

    /// The text of a setting, or its default from the catalogue.
    pub fn optional(&self, name: &str) -> Option<String> {
        debug_assert!(
            catalogue::find(name).is_some(),
            "{name} is not in the catalogue"
        );
        self.env.get(name).map(str::to_owned).or_else(|| {
            let variable = catalogue::find(name)?;
            variable.default.map(str::to_owned)
        })
    }

    /// The text of a setting that has a default.
    pub fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    /// A setting whose value never is shown.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.optional(name).map(Secret::new)
    }

    /// A secret under a name that is not Vega's own.
    pub fn foreign_secret(&self, name: &str) -> Option<Secret> {
        self.env.get(name).map(Secret::new)
    }

    /// A path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.optional(name).map(PathBuf::from)
    }

    /// A whole number; `T::default()` (and a problem) when it is none.
    pub fn number<T: FromStr + Default>(&mut self, name: &str) -> T {
        self.optional_number(name).unwrap_or_default()
    }

    /// A whole number without a default.
    pub fn optional_number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.optional(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(name, format!("'{text}' is not a whole number in range"));
        }
        parsed
    }

    /// A whole number, at least one.
    pub fn at_least_one(&mut self, name: &str) -> u32 {
        let number = self.number(name);
        if number == 0 && !self.problems.iter().any(|problem| problem.path == name) {
            self.problem(name, "must be at least 1");
        }
        number
    }

    /// A duration in whole seconds, at least one.
    pub fn seconds(&mut self, name: &str) -> Duration {
        let seconds: u64 = self.number(name);
        if seconds == 0 {
            self.problem(name, "must be at least 1 second");
        }
        Duration::from_secs(seconds)
    }

    /// `true` or `false` (also 1/0, yes/no).
    pub fn flag(&mut self, name: &str) -> bool {
        let text = self.text(name);
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => true,
            "" | "false" | "0" | "no" => false,
            _ => {
                self.problem(name, format!("'{text}' is neither true nor false"));
                false
            }
        }
    }

    /// A comma list; empty items are dropped.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// One of a closed set of words.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)], fallback: T) -> T {
        let text = self.text(name);
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.problem(name, format!("'{text}' is not one of {}", words.join(", ")));
        fallback
    }

    /// An http or https address.
    pub fn url(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name)?;
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(text),
            _ => {
                self.problem(name, format!("'{text}' is not an http(s) address"));
                None
            }
        }
    }
}
