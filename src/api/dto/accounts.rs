//! Sign-in, the own account, API keys.

use crate::{
    auth::tokens::ACCESS_LIFETIME,
    domain::{
        api_key::{ApiKey, Scope},
        time::Timestamp,
        user::User,
    },
    error::{Error, Result},
    services::accounts::{ApiKeyWish, SignedIn},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Credentials of a local user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The sign-in name.
    #[schema(example = "debug@example.com")]
    pub email: String,
    /// The password.
    #[schema(example = "vega-debug-password")]
    pub password: String,
}

/// The refresh token of the last answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Works once.
    pub refresh_token: String,
}

/// A pair of fresh tokens.
#[derive(Serialize, ToSchema)]
pub struct TokenResponse {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Exchange it for the next pair before the access token ends.
    pub refresh_token: String,
    /// Always `bearer`.
    pub token_type: String,
    /// Seconds the access token lives.
    pub expires_in: u64,
    /// Who signed in.
    pub user: UserDto,
}

impl From<SignedIn> for TokenResponse {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token,
            token_type: "bearer".into(),
            expires_in: ACCESS_LIFETIME.as_secs(),
            user: signed_in.user.into(),
        }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserDto {
    /// Identity (`usr_…`).
    pub id: String,
    /// The sign-in name.
    pub email: String,
    /// The name shown to others.
    pub display_name: String,
    /// `root`, `operator`, `user`.
    pub groups: Vec<String>,
    /// `custom` or `cognito`.
    pub provider: String,
    /// Whether the user can sign in.
    pub is_active: bool,
    /// When the user was created (RFC 3339).
    pub created_at: String,
    /// When the user was last changed (RFC 3339).
    pub updated_at: String,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            display_name: user.display_name,
            groups: user.groups.iter().map(ToString::to_string).collect(),
            provider: user.provider.to_string(),
            is_active: user.is_active,
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// The wish for an API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    /// A name to recognise it by.
    #[schema(example = "ci")]
    pub name: String,
    /// `read`, `write`, `ops`; everything you have when absent.
    pub scopes: Option<Vec<String>>,
    /// When it stops working (RFC 3339).
    pub expires_at: Option<String>,
}

impl CreateApiKeyRequest {
    /// Checks the wish.
    pub fn check(self) -> Result<ApiKeyWish> {
        let scopes = match self.scopes {
            None => None,
            Some(words) => {
                let mut scopes = Vec::new();
                for (index, word) in words.iter().enumerate() {
                    scopes.push(Scope::parse(word).ok_or_else(|| {
                        Error::field(
                            format!("scopes[{index}]"),
                            format!("'{word}' is not one of read, write, ops"),
                        )
                    })?);
                }
                Some(scopes)
            }
        };
        Ok(ApiKeyWish {
            name: super::name("name", &self.name)?,
            scopes,
            expires_at: self
                .expires_at
                .as_deref()
                .map(|text| timestamp("expires_at", text))
                .transpose()?,
        })
    }
}

/// Reads a time given by a user.
pub fn timestamp(path: &str, text: &str) -> Result<Timestamp> {
    text.parse()
        .map_err(|_| Error::field(path, "must be a time like 2027-01-31T12:00:00Z"))
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyDto {
    /// Identity (`key_…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it stops working (RFC 3339).
    pub expires_at: Option<String>,
    /// When it was last used, to the hour (RFC 3339).
    pub last_used_at: Option<String>,
    /// When it was created (RFC 3339).
    pub created_at: String,
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            last_used_at: key.last_used_at.map(|time| time.to_string()),
            created_at: key.created_at.to_string(),
        }
    }
}

/// A new API key with its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct NewApiKeyDto {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKeyDto,
    /// The secret; it cannot be shown again.
    pub secret: String,
}
