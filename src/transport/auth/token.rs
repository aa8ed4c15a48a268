//! Tokens, where they come from, and how long they are kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::clock::SharedClock;
use crate::transport::redact::REDACTED;

use super::error::AuthError;

/// How long before its end a token is renewed, as Microsoft's libraries do.
const EARLY: SignedDuration = SignedDuration::from_mins(5);

/// An access token. Prints as `[redacted]`.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    fetched: Timestamp,
    expires: Timestamp,
}

impl Token {
    /// Returns a token that was fetched and ends at these instants of our clock.
    pub fn new(secret: SecretString, fetched: Timestamp, expires: Timestamp) -> Self {
        Self { secret, fetched, expires }
    }

    /// Returns when it ends.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    pub(in crate::transport) fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Tells whether it is time for a new one: five minutes before the end, or half-way through a life too short for that.
    fn is_due(&self, now: Timestamp) -> bool {
        let life = self.expires.duration_since(self.fetched);
        let early = EARLY.min(life / 2);
        self.expires.duration_since(now) <= early
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("secret", &REDACTED).field("expires", &self.expires).finish()
    }
}

/// Something that can get a token. Keeps none: the client does.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// Fetches a new token for `scope`, e.g. `https://graph.microsoft.com/.default`.
    async fn token(&self, scope: &str) -> Result<Token, AuthError>;
}

/// The tokens of a run, one per scope.
#[derive(Debug)]
pub(in crate::transport) struct Tokens {
    source: Arc<dyn TokenSource>,
    clock: SharedClock,
    // Held while fetching, so that many requests at the start of a run fetch one token.
    held: Mutex<HashMap<String, Token>>,
}

impl Tokens {
    pub(in crate::transport) fn new(source: Arc<dyn TokenSource>, clock: SharedClock) -> Self {
        Self { source, clock, held: Mutex::default() }
    }

    /// Returns the token held for `scope`, fetching one when there is none or its end is near. When renewal fails while the
    /// old one is still good, the old one serves on.
    pub(in crate::transport) async fn get(&self, scope: &str) -> Result<Token, AuthError> {
        let mut held = self.held.lock().await;
        let old = held.get(scope);
        if let Some(token) = old.filter(|token| !token.is_due(self.clock.now())) {
            return Ok(token.clone());
        }
        match self.source.token(scope).await {
            Ok(token) => {
                held.insert(scope.to_owned(), token.clone());
                Ok(token)
            }
            Err(error) => match old.filter(|token| token.expires > self.clock.now()) {
                Some(token) => {
                    tracing::debug!(scope, %error, "the token could not be renewed early");
                    Ok(token.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Drops `refused` unless it was replaced meanwhile.
    pub(in crate::transport) async fn discard(&self, scope: &str, refused: &Token) {
        let mut held = self.held.lock().await;
        if held.get(scope).is_some_and(|token| token.secret.expose_secret() == refused.secret.expose_secret()) {
            held.remove(scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::ManualClock;

    #[derive(Debug)]
    struct Mint {
        clock: SharedClock,
        life: SignedDuration,
        made: AtomicU32,
        broken_after: u32,
    }

    #[async_trait::async_trait]
    impl TokenSource for Mint {
        async fn token(&self, scope: &str) -> Result<Token, AuthError> {
            let n = self.made.fetch_add(1, Ordering::SeqCst);
            if n >= self.broken_after {
                return Err(AuthError::Opaque);
            }
            let now = self.clock.now();
            Ok(Token::new(format!("{scope}#{n}").into(), now, now + self.life))
        }
    }

    fn tokens(life: i64, broken_after: u32) -> (ManualClock, Tokens) {
        let manual = ManualClock::new(Timestamp::UNIX_EPOCH);
        let clock: SharedClock = Arc::new(manual.clone());
        let life = SignedDuration::from_secs(life);
        let mint = Mint { clock: Arc::clone(&clock), life, made: AtomicU32::new(0), broken_after };
        (manual, Tokens::new(Arc::new(mint), clock))
    }

    async fn text(tokens: &Tokens, scope: &str) -> String {
        tokens.get(scope).await.expect("a token").secret.expose_secret().to_owned()
    }

    #[tokio::test]
    async fn kept_per_scope_and_renewed_five_minutes_early() {
        let (clock, tokens) = tokens(3600, 99);
        assert_eq!(text(&tokens, "a").await, "a#0");
        assert_eq!(text(&tokens, "b").await, "b#1");
        clock.advance(SignedDuration::from_secs(3600 - 301));
        assert_eq!(text(&tokens, "a").await, "a#0");
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(text(&tokens, "a").await, "a#2");
    }

    #[tokio::test]
    async fn short_lives_are_used_to_the_half() {
        let (clock, tokens) = tokens(60, 99);
        assert_eq!(text(&tokens, "a").await, "a#0");
        clock.advance(SignedDuration::from_secs(29));
        assert_eq!(text(&tokens, "a").await, "a#0");
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(text(&tokens, "a").await, "a#1");
    }

    #[tokio::test]
    async fn a_good_token_outlives_a_failed_renewal_but_not_its_end() {
        let (clock, tokens) = tokens(3600, 1);
        assert_eq!(text(&tokens, "a").await, "a#0");
        clock.advance(SignedDuration::from_secs(3500));
        assert_eq!(text(&tokens, "a").await, "a#0");
        clock.advance(SignedDuration::from_secs(100));
        assert!(tokens.get("a").await.is_err());
    }

    #[tokio::test]
    async fn only_the_refused_token_is_discarded() {
        let (_, tokens) = tokens(3600, 99);
        let first = tokens.get("a").await.expect("a token");
        tokens.discard("a", &first).await;
        assert_eq!(text(&tokens, "a").await, "a#1");
        tokens.discard("a", &first).await;
        assert_eq!(text(&tokens, "a").await, "a#1");
        assert!(!format!("{first:?}{tokens:?}").contains("a#0"));
    }
}
