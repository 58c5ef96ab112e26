//! The `vega` binary: parse, call one role, turn its result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    vega::cli::main(std::env::args_os())
}
