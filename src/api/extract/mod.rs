//! Extractors: everything a handler takes from a request, checked, with errors of the catalogue.

mod address;
mod basic;
mod caller;
mod json_body;
mod path_id;
mod query;
mod upload;

pub use address::{ClientAddress, origin};
pub use basic::basic;
pub use caller::{
    Caller, Counted, NeededScope, OpsScope, ReadScope, RequiredScope, WriteScope, bearer,
};
pub use json_body::JsonBody;
pub use path_id::PathId;
pub use query::{QueryParams, one_of};
pub use upload::{
    ARCHIVE, Accepted, SARIF, Upload, clean_label, receive_bytes, receive_upload, spool,
};

use super::error::ApiError;
use crate::{
    context::ServeContext,
    error::{Error, ErrorCode},
};
use actix_web::{HttpRequest, web::Data};

/// The context of this server.
fn context(request: &HttpRequest) -> Result<Data<ServeContext>, ApiError> {
    request
        .app_data::<Data<ServeContext>>()
        .cloned()
        .ok_or_else(|| {
            ApiError::from(Error::new(
                ErrorCode::InternalError,
                "the server has no context",
            ))
        })
}
