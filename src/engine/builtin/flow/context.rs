//! What data can do harm in: one bit per way of reading text.

use serde::{Deserialize, Serialize};

/// A way in which a text is read at the end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Context {
    /// A value inside of a query.
    Sql,
    /// A command line for a shell.
    Shell,
    /// The program or an argument, with no shell.
    Argv,
    /// Source code of a language.
    Code,
    /// The name of a file.
    Path,
    /// The text of a page.
    Html,
    /// The address of a server that is asked.
    Url,
    /// An address the browser is sent to.
    Redirect,
    /// A header of a response.
    Header,
    /// A filter or a name of a directory.
    Ldap,
    /// An `XPath` expression.
    Xpath,
    /// A regular expression.
    Regex,
    /// A line of a log.
    Log,
    /// The text of a template.
    Template,
    /// Serialised objects.
    Deserialize,
    /// An XML document.
    Xml,
    /// Data the application trusts later: a session.
    Trust,
    /// The text of a query in another language.
    Query,
}

/// Several contexts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(crate) struct Contexts(u32);

impl Contexts {
    /// Harmless everywhere.
    pub(crate) const ALL: Self = Self(u32::MAX);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn has(self, context: Context) -> bool {
        self.0 & (1 << context as u32) != 0
    }
}

impl From<Context> for Contexts {
    fn from(context: Context) -> Self {
        Self(1 << context as u32)
    }
}

impl FromIterator<Context> for Contexts {
    fn from_iter<I: IntoIterator<Item = Context>>(contexts: I) -> Self {
        contexts
            .into_iter()
            .fold(Self::default(), |all, one| all.or(one.into()))
    }
}
