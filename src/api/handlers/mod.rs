//! Handlers, one file per resource: extract, authorise (by the extractor), one service, map.

pub mod accounts;
pub mod billing;
pub mod findings;
pub mod objects;
pub mod ops;
pub mod projects;
pub mod repositories;
pub mod scans;
pub mod system;

use crate::context::ServeContext;

/// The context as handlers take it.
type Ctx = actix_web::web::Data<ServeContext>;
