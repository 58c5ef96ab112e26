//! Dockerfiles as instructions and stages.
//!
//! A line parser, because the format is one: continuation lines (with the `escape` directive),
//! comments between them, heredocs. Variables are not expanded; a value with `$` in it is unknown.

use crate::engine::builtin::text::SourceText;
use std::ops::Range;

/// One instruction.
#[derive(Debug, Clone)]
pub(crate) struct Instruction {
    /// Upper case.
    pub(crate) keyword: String,
    /// What follows, with continuation lines joined and comments left out; heredocs at the end.
    pub(crate) value: String,
    /// From the keyword to the end of the last line.
    pub(crate) span: Range<usize>,
}

/// A stage: `FROM` and what follows.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) image: String,
    pub(crate) name: Option<String>,
    pub(crate) instructions: Vec<Instruction>,
}

/// A Dockerfile.
#[derive(Debug, Default)]
pub(crate) struct Dockerfile {
    /// Instructions before the first `FROM`.
    pub(crate) preamble: Vec<Instruction>,
    pub(crate) stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a file. Never fails: a line that is no instruction is one with an unknown keyword.
    pub(crate) fn parse(source: &SourceText) -> Self {
        let mut file = Self::default();
        for instruction in instructions(&source.text) {
            if instruction.keyword == "FROM" {
                let mut words = instruction
                    .value
                    .split_whitespace()
                    .skip_while(|word| word.starts_with("--"));
                let image = words.next().unwrap_or_default().to_owned();
                let name = words
                    .next()
                    .filter(|word| word.eq_ignore_ascii_case("as"))
                    .and_then(|_| words.next())
                    .map(str::to_lowercase);
                file.stages.push(Stage {
                    image,
                    name,
                    instructions: vec![instruction],
                });
            } else if let Some(stage) = file.stages.last_mut() {
                stage.instructions.push(instruction);
            } else {
                file.preamble.push(instruction);
            }
        }
        file
    }

    /// Every instruction with the name of its stage (or its number), for anchors.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Instruction, String)> + '_ {
        let preamble = self
            .preamble
            .iter()
            .map(|instruction| (instruction, String::new()));
        let staged = self.stages.iter().enumerate().flat_map(|(index, stage)| {
            let name = stage
                .name
                .clone()
                .unwrap_or_else(|| format!("stage{index}"));
            stage
                .instructions
                .iter()
                .map(move |instruction| (instruction, name.clone()))
        });
        preamble.chain(staged)
    }

    /// The earlier stage called `name`, before stage number `before`.
    pub(crate) fn stage(&self, name: &str, before: usize) -> Option<usize> {
        let name = name.to_lowercase();
        self.stages[..before.min(self.stages.len())]
            .iter()
            .rposition(|stage| stage.name.as_deref() == Some(name.as_str()))
    }
}

fn instructions(text: &str) -> Vec<Instruction> {
    let escape = escape_character(text);
    let mut found: Vec<Instruction> = Vec::new();
    let mut lines = lines_with_offsets(text).peekable();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.trim().is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let start = start + (line.len() - trimmed.len());
        let mut end = start + trimmed.trim_end().len();
        let mut joined = String::new();
        let mut current = trimmed.trim_end();
        loop {
            let Some(head) = current.strip_suffix(escape) else {
                joined.push_str(current);
                break;
            };
            joined.push_str(head);
            joined.push(' ');
            // Comment and empty lines between continuation lines do not end the instruction.
            let next = loop {
                match lines.next() {
                    Some((_, line))
                        if line.trim_start().starts_with('#') || line.trim().is_empty() => {}
                    other => break other,
                }
            };
            let Some((offset, line)) = next else { break };
            end = offset + line.trim_end().len();
            current = line.trim_end();
        }
        for tag in heredocs(&joined) {
            joined.push('\n');
            for (offset, line) in lines.by_ref() {
                end = offset + line.trim_end().len();
                if line.trim() == tag {
                    break;
                }
                joined.push_str(line.trim_end());
                joined.push('\n');
            }
        }
        let (keyword, value) = joined
            .split_once(char::is_whitespace)
            .unwrap_or((&joined, ""));
        found.push(Instruction {
            keyword: keyword.to_ascii_uppercase(),
            value: value.trim().to_owned(),
            span: start..end,
        });
    }
    found
}

/// `# escape=` in the first lines changes the continuation character.
fn escape_character(text: &str) -> char {
    for line in text.lines().take_while(|line| line.starts_with('#')) {
        let directive = line.trim_start_matches('#').trim().to_lowercase();
        if let Some(value) = directive.strip_prefix("escape=") {
            return if value.trim() == "`" { '`' } else { '\\' };
        }
    }
    '\\'
}

/// The end marks of heredocs an instruction opens.
fn heredocs(line: &str) -> Vec<String> {
    let keyword = line.split_whitespace().next().unwrap_or_default();
    if !["RUN", "COPY", "ADD"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(keyword))
    {
        return Vec::new();
    }
    let mut tags = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("<<") {
        rest = rest[at + 2..].trim_start_matches('-');
        let word: String = rest
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|character| character.is_alphanumeric() || *character == '_')
            .collect();
        if !word.is_empty() && tags.len() < 8 {
            tags.push(word);
        }
    }
    tags
}

fn lines_with_offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = offset;
        offset += line.len();
        (start, line)
    })
}
