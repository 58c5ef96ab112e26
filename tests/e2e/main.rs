//! End-to-end tests: the real binary, in processes of its own, killed, signalled and starved.
//!
//! Every process works in a temporary folder with a cleared environment and listens on a free port
//! of the loopback address. Whatever a test starts ends with it, however the test ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say what they expect by unwrapping, their helpers too"
)]

mod cancel;
mod cli;
mod disk;
mod gaps;
mod git_push;
mod kills;
mod logs;
mod mint_token;
mod models;
mod rescan;
mod settings;
mod shutdown;
mod source;
mod support;
mod transfer;
mod two_terminals;
mod users;
mod webhooks;
