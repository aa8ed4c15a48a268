//! The token endpoint and the reading of tokens (graph.md 10).
//!
//! Tokens are JWTs signed with HMAC-SHA256 under a key that follows from the tenant id, so that a token outlives a restart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::instant::plus;
use super::tenant::{Credential, Kind, Tenant};
use super::{id, permission};

/// Who calls, by the claims of a verified token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// Object id of the service principal or the user.
    pub(crate) oid: String,
    /// Client id.
    pub(crate) app: String,
    /// The person's user principal name; `None` for an application.
    pub(crate) user: Option<String>,
    /// Application permissions or delegated scopes.
    pub(crate) permissions: Vec<String>,
    /// Whether the session has done multi-factor authentication.
    pub(crate) has_mfa: bool,
    /// Authentication contexts that the session satisfies.
    pub(crate) contexts: Vec<String>,
}

impl Caller {
    /// Tells whether the token carries the permission.
    pub(crate) fn has(&self, permission: &str) -> bool {
        self.permissions.iter().any(|name| name == permission)
    }

    /// Returns the caller as the journal and the throttle know it.
    pub(crate) fn label(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.app)
    }
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, format!("rolewright sandbox {}", id::TENANT).as_bytes())
}

/// Returns `claims` as a signed token.
fn sign(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": "sandbox"});
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mark = hmac::sign(&key(), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mark.as_ref()))
}

/// Returns the payload of a JWT without looking at its signature.
fn payload(token: &str) -> Option<Value> {
    let middle = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).ok()?).ok()
}

/// Returns the caller behind an `Authorization` header, or 401 `InvalidAuthenticationToken`.
pub(crate) fn verify(
    header: Option<&str>,
    now: Timestamp,
    is_audience: impl Fn(&str) -> bool,
) -> Result<Caller, Problem> {
    let token = header
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| invalid("Access token is empty."))?;
    let (text, mark) = token.rsplit_once('.').ok_or_else(|| invalid("CompactToken parsing failed."))?;
    let mark = URL_SAFE_NO_PAD.decode(mark).map_err(|_| invalid("CompactToken parsing failed."))?;
    hmac::verify(&key(), text.as_bytes(), &mark)
        .map_err(|_| invalid("Access token validation failure. Invalid signature."))?;
    let claims = payload(token).ok_or_else(|| invalid("CompactToken parsing failed."))?;
    if claims["exp"].as_i64().is_none_or(|exp| exp <= now.as_second()) {
        return Err(invalid("Lifetime validation failed, the token is expired."));
    }
    if !claims["aud"].as_str().is_some_and(is_audience) {
        return Err(invalid("Access token validation failure. Invalid audience."));
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| -> Vec<String> {
        claims[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let is_user = claims["scp"].is_string();
    Ok(Caller {
        oid: text("oid"),
        app: text("appid"),
        user: is_user.then(|| text("upn")),
        permissions: if is_user { text("scp").split(' ').map(str::to_owned).collect() } else { list("roles") },
        has_mfa: list("amr").iter().any(|method| method == "mfa"),
        contexts: list("acrs"),
    })
}

/// Tells whether an audience is ARM's of the public cloud, which clients that know no other ask for (arm.md 0.1).
pub(crate) fn is_arm_audience(audience: &str) -> bool {
    ["https://management.azure.com", "https://management.core.windows.net"].contains(&audience.trim_end_matches('/'))
}

/// Returns the 401 that Graph answers.
pub(crate) fn invalid(message: &str) -> Problem {
    let mut problem = Problem::new(401, "InvalidAuthenticationToken", message);
    problem.headers.push(("www-authenticate", "Bearer realm=\"\", error=\"invalid_token\"".to_owned()));
    problem
}

/// What the token endpoint needs to know besides the form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) now: Timestamp,
    pub(crate) origin: &'a str,
    pub(crate) lifetime: SignedDuration,
}

impl Desk<'_> {
    /// Answers `POST /{tenant}/oauth2/v2.0/token`.
    pub(crate) fn issue(
        &self,
        directory: &str,
        form: &[(String, String)],
        is_audience: impl Fn(&str) -> bool,
    ) -> Answer {
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if !directory.eq_ignore_ascii_case(id::TENANT) && !directory.eq_ignore_ascii_case(&self.tenant.domain) {
            return self.refuse(400, 90002, "invalid_request", &format!("Tenant '{directory}' not found."));
        }
        let grant = field("grant_type").unwrap_or_default();
        if grant != "client_credentials" {
            let text = format!("The grant type '{grant}' is not supported by the sandbox.");
            return self.refuse(400, 70003, "unsupported_grant_type", &text);
        }
        let client = field("client_id").unwrap_or_default();
        let found = self.tenant.objects.values().find(|object| {
            object.kind == Kind::Application
                && object
                    .properties
                    .get("appId")
                    .and_then(Value::as_str)
                    .is_some_and(|id| id.eq_ignore_ascii_case(client))
        });
        let Some(application) = found else {
            let text = format!("Application with identifier '{client}' was not found in the directory 'Contoso'.");
            return self.refuse(400, 700_016, "unauthorized_client", &text);
        };
        let none = Credential::default();
        let credential = application.credential.as_ref().unwrap_or(&none);
        if let Some(assertion) = field("client_assertion") {
            let subject = payload(assertion).and_then(|claims| claims["sub"].as_str().map(str::to_owned));
            let is_known = subject.as_deref().is_some_and(|subject| {
                subject.eq_ignore_ascii_case(client) || credential.federated_subject.as_deref() == Some(subject)
            });
            if !credential.accepts_assertions || !is_known {
                let text = "No matching federated identity record found for presented assertion subject.";
                return self.refuse(401, 700_213, "invalid_client", text);
            }
        } else if let Some(secret) = field("client_secret") {
            if !credential.secrets.iter().any(|known| known == secret) {
                let text = "Invalid client secret provided. Ensure the secret being sent in the request is the client \
                            secret value, not the client secret ID, for a secret added to the app.";
                return self.refuse(401, 7_000_215, "invalid_client", text);
            }
        } else {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return self.refuse(401, 7_000_218, "invalid_client", text);
        }
        let scope = field("scope").unwrap_or_default();
        let Some(audience) = scope.strip_suffix("/.default").filter(|resource| is_audience(resource)) else {
            let text = format!("The resource principal named {scope} was not found in the tenant named Contoso.");
            return self.refuse(400, 500_011, "invalid_resource", &text);
        };
        let principal = self.tenant.objects.iter().find(|(_, object)| {
            object.kind == Kind::ServicePrincipal
                && object.properties.get("appId") == application.properties.get("appId")
        });
        let Some((oid, _)) = principal else {
            let text = format!("The client application {client} is missing service principal in the tenant.");
            return self.refuse(400, 7_000_229, "unauthorized_client", &text);
        };
        let claims = self.claims(
            audience,
            client,
            oid,
            json!({
            "idtyp": "app", "azpacr": "1", "roles": permission::expand(&credential.permissions)}),
        );
        let seconds = self.lifetime.as_secs();
        Ok(Reply::json(
            200,
            json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
            "access_token": sign(&claims)}),
        ))
    }

    /// Answers `POST /sandbox/token`: a delegated token for a person, with every scope unless `scopes` says less.
    ///
    /// Body `{"user": "alice@contoso.example", "mfa": true, "acrs": ["c1"], "scopes": ["User.Read.All"]}`.
    pub(crate) fn impersonate(&self, body: &Value) -> Answer {
        let user = body["user"].as_str().unwrap_or_default();
        let found = self.tenant.objects.iter().find(|(id, object)| {
            object.kind == Kind::User
                && (id.eq_ignore_ascii_case(user)
                    || object
                        .properties
                        .get("userPrincipalName")
                        .and_then(Value::as_str)
                        .is_some_and(|upn| upn.eq_ignore_ascii_case(user)))
        });
        let Some((oid, object)) = found else { return Err(Problem::missing(user)) };
        let scopes = match body["scopes"].as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            None => permission::ALL.join(" "),
        };
        let amr = if body["mfa"].as_bool().unwrap_or(false) { json!(["pwd", "mfa"]) } else { json!(["pwd"]) };
        let contexts = if body["acrs"].is_array() { body["acrs"].clone() } else { json!([]) };
        let claims = self.claims(
            self.origin,
            "00000000-0000-4000-8000-0000000000a9",
            oid,
            json!({
            "idtyp": "user", "scp": scopes, "amr": amr, "acrs": contexts,
            "upn": object.properties.get("userPrincipalName")}),
        );
        Ok(Reply::json(
            200,
            json!({"token_type": "Bearer", "expires_in": self.lifetime.as_secs(),
            "access_token": sign(&claims)}),
        ))
    }

    fn claims(&self, audience: &str, client: &str, oid: &str, more: Value) -> Value {
        let mut claims = json!({
            "aud": audience, "iss": format!("{}/{}/v2.0", self.origin, id::TENANT), "iat": self.now.as_second(),
            "nbf": self.now.as_second(), "exp": plus(self.now, self.lifetime).as_second(), "appid": client, "azp": client,
            "oid": oid, "sub": oid, "tid": id::TENANT, "ver": "2.0"});
        if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
            claims.extend(more);
        }
        claims
    }

    /// Returns an error in the form of the identity platform, which is not Graph's.
    fn refuse(&self, status: u16, number: u32, error: &str, text: &str) -> Answer {
        let (trace, correlation) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
        let stamp = self.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let text = format!("AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}");
        Ok(Reply::json(
            status,
            json!({"error": error, "error_description": text, "error_codes": [number],
            "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("{}/error?code={number}", self.origin)}),
        ))
    }
}
