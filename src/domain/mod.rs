//! The one domain module every role shares: entities, ids, states and the rules between them.
//!
//! Pure data and pure functions: no I/O, no async, no clock, no randomness. State changes go
//! through one `transition` per entity. The serialised form of these types is what the JSON store
//! keeps (with a format version, see `store/json`); the HTTP API has its own types in `api/dto`.

pub mod access;
pub mod api_key;
pub mod audit;
pub mod auth_session;
pub mod coverage;
pub mod event;
pub mod finding;
pub mod git_upload;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod lease;
pub mod matching;
pub mod object_key;
pub mod portable;
pub mod project;
pub mod repository;
pub mod retention;
pub mod runner_job;
pub mod scan;
pub mod snapshot;
pub mod threat_profile;
pub mod throttle;
pub mod time;
pub mod timeline;
pub mod usage;
pub mod user;
pub mod webhook;
pub mod worker;

/// Declares an enum with one stable text per variant: `as_str`, `parse`, `ALL`, `Display`, serde.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable text of this value, as stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value written as `text`, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use text_enum;
