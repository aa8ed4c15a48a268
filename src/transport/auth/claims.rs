//! What a token says about its bearer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::error::AuthError;
use super::token::Token;

/// The claims we use. The signature is not checked: the token came from the issuer over TLS, and the service checks it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// `tid`: the tenant's id, which must be the manifest's.
    pub tenant: Option<String>,
    /// `oid`: the object id of the user or service principal.
    pub object: Option<String>,
    /// `appid`, or `azp` in tokens of version 2: the client id of the application.
    pub application: Option<String>,
    /// `idtyp`: `app` or `user`; optional in tokens.
    pub kind: Option<String>,
    /// `roles`: application permissions, e.g. `RoleManagement.Read.Directory`.
    pub roles: Vec<String>,
    /// `scp`: delegated permissions.
    pub scopes: Vec<String>,
}

impl Claims {
    /// Decodes the payload of a token.
    ///
    /// # Errors
    /// [`AuthError::Opaque`] when it is not a JSON web token.
    pub fn decode(token: &Token) -> Result<Self, AuthError> {
        let text = token.secret().expose_secret();
        let payload = text.split('.').nth(1).ok_or(AuthError::Opaque)?;
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| AuthError::Opaque)?;
        let raw: Raw = serde_json::from_slice(&bytes).map_err(|_| AuthError::Opaque)?;
        Ok(Self {
            tenant: raw.tid,
            object: raw.oid,
            application: raw.appid.or(raw.azp),
            kind: raw.idtyp,
            roles: raw.roles,
            scopes: raw.scp.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// Tells whether the bearer is an application rather than a person: by `idtyp`, else because there is no `scp`.
    pub fn is_application(&self) -> bool {
        self.kind.as_deref().map_or(self.scopes.is_empty(), |kind| kind.eq_ignore_ascii_case("app"))
    }
}

#[derive(Deserialize)]
struct Raw {
    tid: Option<String>,
    oid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    idtyp: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    scp: Option<String>,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn token(payload: &str) -> Token {
        let body = URL_SAFE_NO_PAD.encode(payload);
        Token::new(format!("e30.{body}.c2ln").into(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn reads_both_kinds_of_bearer() {
        let app = json!({"tid": "t", "oid": "o", "appid": "a", "idtyp": "app", "roles": ["R.Read"]}).to_string();
        let claims = Claims::decode(&token(&app)).expect("a token");
        assert_eq!((claims.tenant.as_deref(), claims.application.as_deref()), (Some("t"), Some("a")));
        assert!(claims.is_application() && claims.roles == ["R.Read"]);
        let user = json!({"tid": "t", "azp": "a", "scp": "User.Read Group.Read.All"}).to_string();
        let claims = Claims::decode(&token(&user)).expect("a token");
        assert!(!claims.is_application());
        assert_eq!((claims.application.as_deref(), claims.scopes.len()), (Some("a"), 2));
    }

    #[test]
    fn opaque_tokens_are_refused() {
        assert_eq!(Claims::decode(&token("no json")), Err(AuthError::Opaque));
        let opaque = Token::new("opaque".to_owned().into(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        assert_eq!(Claims::decode(&opaque), Err(AuthError::Opaque));
    }
}
