//! The HTTP layer of `vega serve`: extract, authorise, call one service, map the answer.
//!
//! Every route stands in [`routes`]; the OpenAPI document derives from the same list. Every failure
//! leaves as the envelope of [`error`]. No rule about projects, scans or findings lives here.

pub mod app;
mod cors;
mod docs;
pub mod dto;
pub mod error;
pub mod extract;
pub mod handlers;
mod idempotency;
mod known;
pub mod observe;
pub mod openapi;
pub mod paging;
pub mod routes;
mod stall;
