//! Why a git source could not be fetched: a closed list for `details.reason` of `ingest_failed`.
//!
//! `git` says what went wrong in English sentences that hold paths and URLs; only their meaning
//! passes this file, never their text.

use crate::error::{Error, ErrorCode};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $text:literal;)+) => {
        /// Why a git source was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum GitReason {
            $($(#[$doc])* $variant,)+
        }

        impl GitReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason as shown in `details.reason`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

reasons! {
    /// No such repository, or no right to see it.
    NotFoundOrPrivate = "not_found_or_private",
        "The repository does not exist, or it is private and needs a (valid) token.";
    /// No such branch, tag or commit.
    RefNotFound = "ref_not_found",
        "The repository has no such branch, tag or commit (commit ids must be complete).";
    /// The host leads to an address that is not public.
    HostRefused = "host_refused",
        "The host leads to a private or local address; an operator can allow it.";
    /// A token would travel unencrypted.
    InsecureToken = "insecure_token",
        "A token is only sent over https.";
    /// The server answered with a redirect.
    RedirectRefused = "redirect_refused",
        "The server redirects elsewhere; use the repository's final URL.";
    /// The time limit was reached.
    Timeout = "timeout", "Git took longer than allowed.";
    /// The transfer or the tree is larger than allowed.
    TooLarge = "too_large", "The repository is larger than allowed.";
    /// The name could not be resolved or the connection failed.
    Network = "network", "The host could not be reached.";
    /// The TLS certificate was not accepted.
    Tls = "tls", "The host's certificate could not be verified.";
    /// What answers is not a git server Vega can read.
    NotARepository = "not_a_repository", "The URL does not lead to a git repository.";
    /// Nothing to scan.
    Empty = "empty", "The repository or the commit has no files.";
    /// Anything else.
    FetchFailed = "fetch_failed", "Git could not fetch the repository.";
}

impl GitReason {
    /// `ingest_failed` with this reason.
    pub(super) fn error(self) -> Error {
        Error::new(ErrorCode::IngestFailed, self.text()).with_detail("reason", self.as_str())
    }

    /// What git's complaint means. The first match counts: special cases come first.
    pub(super) fn of_complaint(stderr: &str) -> Self {
        const MEANINGS: &[(&str, GitReason)] = &[
            ("returned error: 301", GitReason::RedirectRefused),
            ("returned error: 302", GitReason::RedirectRefused),
            ("returned error: 303", GitReason::RedirectRefused),
            ("returned error: 307", GitReason::RedirectRefused),
            ("returned error: 308", GitReason::RedirectRefused),
            ("unable to update url base", GitReason::RedirectRefused),
            ("couldn't find remote ref", GitReason::RefNotFound),
            ("not our ref", GitReason::RefNotFound),
            ("unadvertised object", GitReason::RefNotFound),
            ("terminal prompts disabled", GitReason::NotFoundOrPrivate),
            ("could not read username", GitReason::NotFoundOrPrivate),
            ("could not read password", GitReason::NotFoundOrPrivate),
            ("authentication failed", GitReason::NotFoundOrPrivate),
            ("returned error: 401", GitReason::NotFoundOrPrivate),
            ("returned error: 403", GitReason::NotFoundOrPrivate),
            ("returned error: 404", GitReason::NotFoundOrPrivate),
            ("' not found", GitReason::NotFoundOrPrivate),
            ("repository not found", GitReason::NotFoundOrPrivate),
            ("certificate", GitReason::Tls),
            ("ssl", GitReason::Tls),
            ("tls", GitReason::Tls),
            ("could not resolve", GitReason::Network),
            ("failed to connect", GitReason::Network),
            ("couldn't connect", GitReason::Network),
            ("connection refused", GitReason::Network),
            ("connection reset", GitReason::Network),
            ("empty reply", GitReason::Network),
            ("early eof", GitReason::Network),
            ("hung up unexpectedly", GitReason::Network),
            ("returned error: 5", GitReason::Network),
            (
                "not valid: is this a git repository",
                GitReason::NotARepository,
            ),
            ("not a git repository", GitReason::NotARepository),
            ("dumb http transport", GitReason::NotARepository),
            ("invalid server response", GitReason::NotARepository),
            ("protocol error", GitReason::NotARepository),
            ("bad line length", GitReason::NotARepository),
            ("file size limit exceeded", GitReason::TooLarge),
            ("file too large", GitReason::TooLarge),
            ("out of memory", GitReason::TooLarge),
        ];
        let stderr = stderr.to_ascii_lowercase();
        MEANINGS
            .iter()
            .find(|(words, _)| stderr.contains(words))
            .map_or(Self::FetchFailed, |(_, reason)| *reason)
    }
}
