//! `vega maintenance engine`: what the built-in auditor makes of a file, to see why it does or does
//! not find something.

use crate::{
    engine::{self, Language, ModelList},
    error::{Error, ErrorCode, Result},
    settings::{self, Env},
};
use clap::{Subcommand, ValueEnum};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

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
    /// Print the models of libraries in force: what brings untrusted data in, what it must not
    /// reach, what makes it harmless.
    ///
    /// Those that are part of Vega, and your own: every *.yaml below models/<language>/ in the
    /// folder VEGA_V16_ROOT. A fault in one of your own is an error, as it is for an audit.
    Models {
        /// Only those of this language.
        #[arg(long, value_enum)]
        language: Option<ModelLanguage>,
        /// text is for reading; yaml and json hold rows as they stand in files of models.
        #[arg(long, value_enum, default_value_t = ModelFormat::Text)]
        format: ModelFormat,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ModelLanguage {
    Python,
    Java,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ModelFormat {
    Text,
    Json,
    Yaml,
}

pub(super) fn run(env: &Env, command: &EngineCommand) -> Result<ExitCode> {
    match command {
        EngineCommand::DumpIr { file } => dump_ir(file),
        EngineCommand::Models { language, format } => models(env, *language, *format),
    }
}

fn models(env: &Env, language: Option<ModelLanguage>, format: ModelFormat) -> Result<ExitCode> {
    let overrides = settings::engine_overrides(env)?;
    let languages = language.map(|language| match language {
        ModelLanguage::Python => Language::Python,
        ModelLanguage::Java => Language::Java,
    });
    let languages: Vec<Language> = languages.into_iter().collect();
    let models = ModelList::read(overrides.as_deref(), &languages)?;
    match format {
        ModelFormat::Text => super::print(&models.to_text()),
        ModelFormat::Json => super::print_json(&models),
        ModelFormat::Yaml => super::print(&models.to_yaml()?),
    }
}

fn dump_ir(file: &Path) -> Result<ExitCode> {
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
