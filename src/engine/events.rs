//! What the engine says while it runs.

use crate::domain::{finding::DetectedFinding, text_enum};
use serde::{Deserialize, Serialize};

text_enum! {
    /// The pipeline's stages, in order.
    Phase {
        /// Listing files, languages and roles.
        Inventory = "inventory",
        /// Making components and their questions.
        Plan = "plan",
        /// Choosing what fits paths and budget.
        Selection = "selection",
        /// Auditing component by component.
        Audit = "audit",
        /// Checking claims.
        Verify = "verify",
        /// Ordering and merging.
        Rank = "rank",
        /// Writing reports.
        Report = "report",
    }
}

text_enum! {
    /// How serious a log line is.
    LogLevel {
        /// For the curious.
        Info = "info",
        /// Something was left out or went wrong without stopping the scan.
        Warn = "warn",
        /// A part of the scan broke.
        Error = "error",
    }
}

/// One thing the engine says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EngineEvent {
    /// Where the pipeline stands.
    Progress {
        /// The stage.
        phase: Phase,
        /// The component at work, in `audit`.
        component: Option<String>,
        /// 0–100, never going back.
        progress: u8,
        /// What is being done.
        message: String,
    },
    /// A line for the log. May be dropped under pressure.
    Log {
        /// How serious.
        level: LogLevel,
        /// The line; never source code.
        message: String,
    },
    /// A component is finished (or was resumed from its checkpoint). Every finding of a file comes
    /// in exactly one such event. Never dropped.
    ComponentFinished {
        /// The component's id: stable for the same tree, `[a-z0-9-]`.
        component: String,
        /// What was found in it: verified, deduplicated, worst first.
        findings: Vec<DetectedFinding>,
    },
}

/// Where events go. `emit` never blocks the audit.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: EngineEvent);
}
