//! Ids in paths. One of the wrong kind names nothing, so it is `not_found` like any other.

use crate::{
    api::error::ApiError,
    error::{Error, ErrorCode},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::{future::Ready, str::FromStr};
use type_safe_id::{StaticType, TypeSafeId};

/// The `{id}` of the path.
pub struct PathId<K: StaticType>(pub TypeSafeId<K>);

impl<K: StaticType> FromRequest for PathId<K> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        std::future::ready(match TypeSafeId::from_str(text) {
            Ok(id) => Ok(Self(id)),
            Err(_) => Err(ApiError::from(Error::new(
                ErrorCode::NotFound,
                format!(
                    "'{text}' is not the id of anything here; ids look like {}_…",
                    K::TYPE
                ),
            ))),
        })
    }
}
