//! A person signs in on another device (OAuth 2.0 device authorization grant), for an app registration of one's own.

use std::fmt;

use jiff::SignedDuration;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method as HttpMethod, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::transport::cause::Cause;
use crate::transport::web::{Lost, Reply};

use super::error::AuthError;
use super::platform::Platform;
use super::settings::{DevicePrompt, Method, ShowPrompt};
use super::token::{Token, TokenSource};

const METHOD: Method = Method::DeviceCode;

/// Signs in once; later tokens, other scopes included, come from the refresh token.
pub(super) struct Device {
    pub(super) platform: Platform,
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) prompt: ShowPrompt,
    pub(super) refresh: Mutex<Option<SecretString>>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Started {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    message: String,
    expires_in: i64,
    interval: Option<i64>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_in: i64,
}

#[async_trait::async_trait]
impl TokenSource for Device {
    async fn token(&self, scope: &str) -> Result<Token, AuthError> {
        let mut refresh = self.refresh.lock().await;
        // Without offline_access there is no refresh token, and a second scope would ask the person again.
        let scopes = format!("{scope} offline_access");
        if let Some(held) = refresh.as_ref() {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", &self.client_id),
                ("scope", &scopes),
                ("refresh_token", held.expose_secret()),
            ];
            let reply = self.post("token", &form).await?;
            if reply.status == 200 {
                return self.granted(&reply, &mut refresh);
            }
            // Revoked or too old: the person signs in again.
            *refresh = None;
        }
        let started: Started = {
            let reply = self.post("devicecode", &[("client_id", &self.client_id), ("scope", &scopes)]).await?;
            if reply.status != 200 {
                return Err(AuthError::refused(METHOD, reply.status, &reply.body));
            }
            serde_json::from_slice(&reply.body).map_err(|_| unreadable())?
        };
        self.prompt.show(&DevicePrompt {
            user_code: started.user_code.clone(),
            verification_uri: started.verification_uri.clone(),
            message: started.message.clone(),
        });
        let deadline = self.platform.clock.now() + SignedDuration::from_secs(started.expires_in.clamp(0, 3600));
        let mut interval = SignedDuration::from_secs(started.interval.unwrap_or(5).clamp(1, 60));
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", &self.client_id),
            ("device_code", started.device_code.expose_secret()),
        ];
        loop {
            self.platform.clock.sleep(interval).await;
            let reply = self.post("token", &form).await;
            let is_over = self.platform.clock.now() >= deadline;
            let reply = match reply {
                // The person is typing; a network that blinks meanwhile costs nothing.
                Err(AuthError::Unreachable { .. }) if !is_over => continue,
                other => other?,
            };
            if reply.status == 200 {
                return self.granted(&reply, &mut refresh);
            }
            let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            match json.get("error").and_then(Value::as_str) {
                Some("authorization_pending") if !is_over => {}
                Some("slow_down") if !is_over => interval += SignedDuration::from_secs(5),
                _ if matches!(reply.status, 429 | 500..=599) && !is_over => {}
                _ => return Err(AuthError::refused(METHOD, reply.status, &reply.body)),
            }
        }
    }
}

impl Device {
    fn granted(&self, reply: &Reply, refresh: &mut Option<SecretString>) -> Result<Token, AuthError> {
        let granted: Granted = serde_json::from_slice(&reply.body).map_err(|_| unreadable())?;
        if let Some(next) = granted.refresh_token {
            *refresh = Some(next);
        }
        let now = self.platform.clock.now();
        let life = SignedDuration::from_secs(granted.expires_in.clamp(0, 7 * 24 * 3600));
        Ok(Token::new(granted.access_token, now, now + life))
    }

    async fn post(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<Reply, AuthError> {
        let path = format!("/{}/oauth2/v2.0/{endpoint}", self.tenant);
        let url = self.platform.login.at(&path).ok_or_else(|| AuthError::Input {
            method: METHOD,
            what: "the tenant is not an id or a domain".to_owned(),
            source: None,
        })?;
        let mut body = url.clone();
        body.set_query(None);
        body.query_pairs_mut().extend_pairs(form);
        let encoded = body.query().unwrap_or_default().to_owned();
        let mut request = Request::new(HttpMethod::POST, url.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *request.body_mut() = Some(encoded.into());
        self.platform.web.send(request).await.map_err(|lost| match lost {
            Lost::NotSent(source) | Lost::Unknown(source) => {
                AuthError::Unreachable { method: METHOD, host: self.platform.login.to_string(), source }
            }
            other => AuthError::Failed { method: METHOD, source: Cause::of(&other.into_error(&url)) },
        })
    }
}

fn unreadable() -> AuthError {
    AuthError::Input { method: METHOD, what: "the identity platform's answer cannot be read".to_owned(), source: None }
}
