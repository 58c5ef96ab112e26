//! People who sign in.

use super::{ids::UserId, text_enum, time::Timestamp};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a user may do beyond their own projects.
    Group {
        /// Everything an operator may, and user administration.
        Root = "root",
        /// Operations endpoints.
        Operator = "operator",
        /// Own projects only.
        User = "user",
    }
}

text_enum! {
    /// Where a user is known from.
    IdentityProvider {
        /// Vega's own accounts.
        Custom = "custom",
        /// AWS Cognito.
        Cognito = "cognito",
    }
}

/// A person who signs in. Emails are unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// Sign-in name, stored in lower case.
    pub email: String,
    /// The name shown to others.
    pub display_name: String,
    /// Groups, without duplicates.
    pub groups: Vec<Group>,
    /// Who vouches for this user.
    pub provider: IdentityProvider,
    /// The provider's own id of the user; the email for local accounts.
    pub subject: String,
    /// argon2id hash in PHC format; absent when another provider checks the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// A disabled user keeps everything and can do nothing.
    pub is_active: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

/// The comparable form of an email address.
pub fn normalise_email(email: &str) -> String {
    email.trim().to_lowercase()
}
