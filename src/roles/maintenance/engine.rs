//! `vega maintenance engine`: what the built-in auditor makes of a file, to see why it does or does
//! not find something.

use crate::{
    engine,
    error::{Error, ErrorCode, Result},
};
use clap::Subcommand;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum EngineCommand {
    /// Print the intermediate representation of a source file (Python, Java).
    ///
    /// One function after another, each a graph of blocks: what data flow works on. The form is for
    /// reading and may change with any version.
    DumpIr {
        /// The file; its name tells the language.
        file: PathBuf,
    },
}

pub(super) fn run(command: &EngineCommand) -> Result<ExitCode> {
    let EngineCommand::DumpIr { file } = command;
    let content = std::fs::read(file).map_err(|cause| {
        let message = format!("'{}' cannot be read: {cause}", file.display());
        Error::field("file", message)
    })?;
    match engine::dump_ir(&file.to_string_lossy(), content) {
        None => Err(Error::field(
            "file",
            "this language is not lowered yet; Python (.py) and Java (.java) are",
        )),
        Some(Err(problem)) => Err(Error::new(ErrorCode::ValidationError, problem)),
        Some(Ok(dump)) => {
            if let Some(gap) = dump.gap {
                eprintln!("warning: {gap}");
            }
            super::print(&dump.text)
        }
    }
}
