//! Handlers, one file per resource: extract, authorise (by the extractor), one service, map.

pub mod accounts;
pub mod archive_uploads;
pub mod billing;
pub mod code;
pub mod exports;
pub mod findings;
pub mod git_remote;
pub mod git_uploads;
pub mod imports;
pub mod inbox;
pub mod members;
pub mod objects;
pub mod ops;
pub mod projects;
pub mod repositories;
pub mod scan_tools;
pub mod scans;
pub mod sessions;
pub mod stream;
pub mod system;
pub mod timeline;
pub mod webhooks;

use crate::context::ServeContext;

/// The context as handlers take it.
type Ctx = actix_web::web::Data<ServeContext>;
