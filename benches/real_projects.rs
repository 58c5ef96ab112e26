//! Scans the folders given as arguments and prints every finding with the time it took.
//!
//! `cargo bench --bench real_projects -- <folder>…`; used by hand to judge findings on real code.

use std::{path::Path, time::Instant};
use tokio_util::sync::CancellationToken;
use vega::{
    engine::{Checkpoints, EngineEvent, EngineSettings, EventSink, scan_source},
    error::Result,
};

struct Nothing;

impl EventSink for Nothing {
    fn emit(&self, _: EngineEvent) {}
}

impl Checkpoints for Nothing {
    fn load(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn save(&self, _: &str, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

fn main() -> Result<()> {
    for folder in std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
    {
        let start = Instant::now();
        let settings = EngineSettings {
            threads: 1,
            ..EngineSettings::default()
        };
        let cancel = CancellationToken::new();
        let outcome = scan_source(
            Path::new(&folder),
            None,
            &Nothing,
            &cancel,
            &Nothing,
            &settings,
        )?;
        for finding in &outcome.report.findings {
            let content = &finding.content;
            println!(
                "{}{}\t{}\t{}:{}\t{}\t{}",
                if content.lead { "lead " } else { "" },
                content.severity,
                content.rule_id,
                content.location.file_path,
                content.location.start_line,
                content.summary,
                content.evidence[0]
                    .snippet
                    .replace('\n', "\\n")
                    .chars()
                    .take(160)
                    .collect::<String>(),
            );
        }
        println!(
            "# {folder}: {} files, {} findings, {} leads, {} ms, gaps {:?}",
            outcome.report.coverage_summary.files,
            outcome.report.summary.findings.total(),
            outcome.report.summary.leads,
            start.elapsed().as_millis(),
            outcome.report.coverage_summary.gaps,
        );
    }
    Ok(())
}
