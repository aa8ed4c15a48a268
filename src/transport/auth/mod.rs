//! Authentication: from settings to tokens. `azure_identity` does the exchanges it knows; certificates, build services and
//! device codes are our own.

mod certificate;
mod claims;
mod device;
mod error;
mod oidc;
mod platform;
mod settings;
mod source;
mod token;

pub use claims::Claims;
pub use error::AuthError;
pub use settings::{AuthSettings, DevicePrompt, Method, ShowPrompt};
pub use token::{Token, TokenSource};

pub(super) use source::{Surroundings, source};
pub(super) use token::Tokens;
