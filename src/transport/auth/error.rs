//! Why there is no token, and what to do about it.

use serde_json::Value;

use crate::transport::cause::Cause;
use crate::transport::redact::{blot, scrub};
use crate::wire::Refusal;

use super::settings::Method;

/// Why no token could be had, or ours was not accepted. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No method has this name. A typing mistake.
    #[error("no authentication method is called `{name}`")]
    UnknownMethod {
        /// The name as given.
        name: String,
    },
    /// A value that the method needs was not given; set it.
    #[error("{method}: {what}")]
    Missing {
        /// The method.
        method: Method,
        /// What is missing, as a sentence, e.g. `AZURE_CLIENT_ID is not set`.
        what: String,
    },
    /// A value was given and does not serve: a file that cannot be read, a key of the wrong kind.
    #[error("{method}: {what}")]
    Input {
        /// The method.
        method: Method,
        /// What is wrong.
        what: String,
        /// The cause beneath.
        #[source]
        source: Option<Cause>,
    },
    /// The identity platform, or the service that vouches for us, refused. The secret, certificate or federation of the app
    /// registration is usually what needs attention.
    #[error("{method}: {code}{}{message}; {help}", if code.is_empty() { "" } else { ": " })]
    Refused {
        /// The method.
        method: Method,
        /// Microsoft's number, e.g. `AADSTS7000215`, else the OAuth error, e.g. `invalid_client`.
        code: String,
        /// The first line of Microsoft's description.
        message: String,
        /// What to do, as a clause.
        help: &'static str,
        /// Microsoft's id of the refusal, for its support.
        trace_id: Option<String>,
    },
    /// The host that gives tokens cannot be reached.
    #[error("{method}: cannot reach {host}: {}", source.root())]
    Unreachable {
        /// The method.
        method: Method,
        /// The origin.
        host: String,
        /// What broke.
        #[source]
        source: Cause,
    },
    /// Something else went wrong inside the method, e.g. `az` is signed out.
    #[error("{method}: {source}")]
    Failed {
        /// The method.
        method: Method,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// `auto` found no method that is configured.
    #[error("no authentication method is configured:{}", list(links))]
    Nothing {
        /// Each method tried, and why it was passed over.
        links: Vec<(Method, String)>,
    },
    /// The service wants a token with more claims (Conditional Access, continuous access evaluation), which this program
    /// cannot ask for. Wait for the policy's event to pass, sign in anew, or exempt the workload identity.
    #[error(
        "the service demands a token with further claims ({claims}); sign in anew, or exempt this identity from the policy"
    )]
    ClaimsChallenge {
        /// The demanded claims as JSON, or the error name when it gave none.
        claims: String,
    },
    /// The service refused a token that was fetched for the purpose. The token is for another cloud, the machine's clock is
    /// far off, or the app was disabled.
    #[error("the service does not accept a fresh token: {0}")]
    Rejected(Refusal),
    /// The token is not a JSON web token, so that nobody can say whose it is.
    #[error("the token is not a JSON web token, so its tenant is unknown")]
    Opaque,
}

fn list(links: &[(Method, String)]) -> String {
    links.iter().map(|(method, why)| format!("\n  {method}: {why}")).collect()
}

impl AuthError {
    /// Returns a missing environment variable.
    pub(super) fn unset(method: Method, variable: &str) -> Self {
        Self::Missing { method, what: format!("{variable} is not set") }
    }

    /// Returns the same without `secret`, should the platform repeat what it was sent.
    pub(super) fn without(mut self, secret: &str) -> Self {
        if let Self::Refused { code, message, .. } = &mut self {
            blot(code, secret);
            blot(message, secret);
        }
        self
    }

    /// Decodes an OAuth error answer: `error`, `error_description` (`AADSTS… …`), `error_codes`, `trace_id` (graph.md 10);
    /// the instance metadata service answers `error` as an object now and then.
    pub(super) fn refused(method: Method, status: u16, body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
        let description = text("error_description")
            .or_else(|| text("message"))
            .or_else(|| Some(json.get("error")?.get("message")?.as_str()?.to_owned()))
            .unwrap_or_default();
        let first_line = description.lines().next().unwrap_or_default().trim();
        let number = json.get("error_codes").and_then(|codes| codes.get(0)).and_then(Value::as_u64);
        let (code, message) = match (first_line.split_once(':'), number) {
            (Some((code, rest)), _) if code.starts_with("AADSTS") => (code.to_owned(), rest.trim()),
            (_, Some(number)) => (format!("AADSTS{number}"), first_line),
            _ => (text("error").unwrap_or_else(|| format!("HTTP {status}")), first_line),
        };
        let message = if message.is_empty() { format!("HTTP {status} without an explanation") } else { scrub(message) };
        Self::Refused { method, help: help(&code), message, trace_id: text("trace_id"), code: scrub(&code) }
    }
}

/// Returns what to do about one of Microsoft's numbers (graph.md 10).
fn help(code: &str) -> &'static str {
    match code.strip_prefix("AADSTS").unwrap_or_default() {
        "7000215" => "the secret is wrong: pass the secret's value, not its id",
        "7000222" => "the secret has expired: create a new one for the app registration",
        "700016" => "no such application in this tenant: check the client id and the tenant",
        "90002" | "900023" => "no such tenant: check the tenant id and the cloud",
        "700024" => "the assertion is outside its time: check this machine's clock",
        "700027" => "the certificate is not registered with the application, or the key does not belong to it",
        "70021" | "700211" | "700213" | "700212" => {
            "no federated credential of the application matches this issuer, subject and audience"
        }
        "65001" => "an administrator has to consent to the application's permissions",
        "53003" => "Conditional Access blocks this sign-in",
        "50034" | "50126" | "50057" => "check the account",
        "50076" | "50079" => "multi-factor authentication is demanded: sign in interactively",
        "65002" => "use an app registration of your own: Microsoft's own clients may not ask for this",
        "7000218" => "the app registration does not allow public client flows: enable them for device-code",
        _ => "look the code up at https://login.microsoftonline.com/error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_number_and_first_line_are_shown() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x\r\nCorrelation ID: y","error_codes":[7000215],"trace_id":"t-1"}"#;
        let error = AuthError::refused(Method::ClientSecret, 401, body);
        assert_eq!(
            error.to_string(),
            "client-secret: AADSTS7000215: Invalid client secret provided.; the secret is wrong: pass the secret's value, not its id"
        );
        assert!(matches!(error, AuthError::Refused { trace_id: Some(id), .. } if id == "t-1"));
    }

    #[test]
    fn anything_else_is_survived() {
        for (body, want) in [
            (&b"<html>"[..], "client-secret: HTTP 502: HTTP 502 without an explanation"),
            (
                br#"{"error":"invalid_request","error_description":"Identity not found"}"#,
                "client-secret: invalid_request: Identity not found",
            ),
            (br#"{"error":{"code":"x","message":"bad"}}"#, "client-secret: HTTP 502: bad"),
        ] {
            let text = AuthError::refused(Method::ClientSecret, 502, body).to_string();
            assert!(text.starts_with(want), "{text}");
        }
    }
}
