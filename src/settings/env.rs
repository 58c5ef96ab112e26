//! Where settings come from: the process environment and a `.env` file, read once.

use crate::{
    error::{Error, ErrorCode, Result},
    settings::catalogue,
};
use std::{collections::BTreeMap, path::Path};

/// What is wrong with a settings file. Its lines may hold secrets, so none is quoted.
fn broken(file: &Path, error: &dotenvy::Error, place: &str) -> Error {
    let what = match error {
        dotenvy::Error::LineParse(..) => {
            format!("{place} cannot be read (a value with spaces needs quotes)")
        }
        other => other.to_string(),
    };
    Error::new(
        ErrorCode::ValidationError,
        format!("{} is not a valid settings file: {what}", file.display()),
    )
}

/// Settings as text, before any is understood.
#[derive(Debug, Clone, Default)]
pub struct Env {
    values: BTreeMap<String, String>,
}

impl Env {
    /// The process environment alone. For `vega runner --source`, which trusts no file.
    pub fn from_process() -> Self {
        // Names and values that are not UTF-8 cannot be settings of Vega.
        let values = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { values }
    }

    /// The process environment, completed from `file` where that exists. The environment wins.
    pub fn with_file(file: &Path) -> Result<Self> {
        let mut env = Self::from_process();
        if !file.is_file() {
            return Ok(env);
        }
        let mut place = "its first setting".to_owned();
        for pair in dotenvy::from_path_iter(file).map_err(|error| broken(file, &error, &place))? {
            let (name, value) = pair.map_err(|error| broken(file, &error, &place))?;
            place = format!("the setting after {name}");
            env.values.entry(name).or_insert(value);
        }
        Ok(env)
    }

    /// Settings given directly, as tests and embedders do.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { values }
    }

    /// Sets a value, as a command-line flag does.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The value of `name`; an empty value counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Names that look like settings but are none (typing errors).
    pub fn unknown_names(&self) -> Vec<&str> {
        self.values
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with("VEGA_") && catalogue::find(name).is_none())
            .collect()
    }

    /// What a child process of `role` may see: the system's variables and the settings that role
    /// reads. Secrets of other roles stay behind.
    pub fn for_child(&self, role: super::Role) -> BTreeMap<String, String> {
        const SYSTEM: &[&str] = &[
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "TZ",
            "TMPDIR",
            "RUST_BACKTRACE",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ];
        self.values
            .iter()
            .filter(|(name, _)| {
                let read_by_role =
                    catalogue::find(name).is_some_and(|setting| setting.roles.contains(&role));
                read_by_role || SYSTEM.contains(&name.as_str())
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
