//! Tokens: who may ask what, for how long, and how a new token is got.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::{answer::ApiError, requests::Bearer, seed::Random};

/// All scopes that the served operations need.
pub(crate) const ALL_SCOPES: &[&str] =
    &["ads:read", "boards:read", "catalogs:read", "pins:read", "user_accounts:read"];
/// 30 days, as Pinterest gives.
pub(crate) const LIFETIME_SECONDS: u64 = 30 * 24 * 60 * 60;
/// 60 days, as Pinterest gives for a refresh token that is replaced with each refresh.
const REFRESH_LIFETIME_SECONDS: u64 = 60 * 24 * 60 * 60;

/// How tokens live.
#[derive(Clone)]
pub(crate) struct TokenRules {
    pub(crate) seed: u64,
    /// Epoch seconds of the data's "now".
    pub(crate) now: i64,
    pub(crate) lifetime_seconds: u64,
    pub(crate) expire_after: Option<usize>,
    /// After so many refreshes the refresh token is kept and the answer has none.
    pub(crate) rotations: usize,
    pub(crate) scopes: Vec<String>,
}

/// The tokens of the one user of this server.
pub(crate) struct Tokens {
    rules: TokenRules,
    access: Vec<AccessToken>,
    refresh: String,
    refreshes: usize,
}

struct AccessToken {
    value: String,
    issued: Instant,
    requests: usize,
}

impl Tokens {
    pub(crate) fn new(rules: TokenRules) -> Self {
        let refresh = secret(rules.seed, "pinr", 0);
        let mut tokens = Self { rules, access: Vec::new(), refresh, refreshes: 0 };
        tokens.issue();
        tokens
    }

    /// Moves the moment from which the lives of refresh tokens are counted.
    pub(crate) fn set_now(&mut self, now: i64) {
        self.rules.now = now;
    }

    pub(crate) fn client_id(&self) -> String {
        format!("{}", 1_480_000 + self.rules.seed % 10_000)
    }

    pub(crate) fn client_secret(&self) -> String {
        secret(self.rules.seed, "secret", 0)
    }

    pub(crate) fn first_access_token(&self) -> String {
        self.access.first().map(|token| token.value.clone()).unwrap_or_default()
    }

    pub(crate) fn refresh_token(&self) -> &str {
        &self.refresh
    }

    pub(crate) fn refreshes(&self) -> usize {
        self.refreshes
    }

    fn issue(&mut self) -> String {
        let value = secret(self.rules.seed, "pina", self.access.len());
        self.access.push(AccessToken { value: value.clone(), issued: Instant::now(), requests: 0 });
        value
    }

    /// Which token an `Authorization` header holds.
    pub(crate) fn bearer(&self, authorization: Option<&str>) -> Bearer {
        let Some(value) = authorization.and_then(|header| header.strip_prefix("Bearer ")) else {
            return Bearer::Absent;
        };
        self.access.iter().position(|token| token.value == value).map_or(Bearer::Unknown, Bearer::Issued)
    }

    /// Lets a request with this token pass, or says why not.
    pub(crate) fn authorize(&mut self, bearer: Bearer, scopes: &[&str]) -> Result<(), ApiError> {
        let Bearer::Issued(serial) = bearer else { return Err(ApiError::authentication_failed()) };
        let lifetime = Duration::from_secs(self.rules.lifetime_seconds);
        let Some(token) = self.access.get_mut(serial) else { return Err(ApiError::authentication_failed()) };
        let is_used_up = self.rules.expire_after.is_some_and(|limit| token.requests >= limit);
        if is_used_up || token.issued.elapsed() >= lifetime {
            return Err(ApiError::authentication_failed());
        }
        token.requests += 1;
        if scopes.iter().any(|scope| !self.rules.scopes.iter().any(|granted| granted == scope)) {
            return Err(ApiError::new(
                401,
                3,
                "Your token does not have sufficient permissions to perform this operation.",
            ));
        }
        Ok(())
    }

    /// Answers `POST /oauth/token`.
    pub(crate) fn refresh(&mut self, authorization: Option<&str>, form: &[u8]) -> Result<Value, ApiError> {
        let basic = STANDARD.encode(format!("{}:{}", self.client_id(), self.client_secret()));
        if authorization.and_then(|header| header.strip_prefix("Basic ")) != Some(&basic) {
            return Err(invalid_client());
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("refresh_token") {
            return Err(ApiError::unplanned("a grant_type other than refresh_token"));
        }
        if field("refresh_token") != Some(&self.refresh) {
            return Err(invalid_grant());
        }
        self.refreshes += 1;
        Ok(self.token_answer())
    }

    fn token_answer(&mut self) -> Value {
        let mut answer = json!({
            "response_type": "refresh_token",
            "access_token": self.issue(),
            "token_type": "bearer",
            "expires_in": self.rules.lifetime_seconds,
            "scope": self.rules.scopes.join(" "),
        });
        if self.refreshes <= self.rules.rotations {
            self.refresh = secret(self.rules.seed, "pinr", self.refreshes);
            let expires_at = self.rules.now.saturating_add_unsigned(REFRESH_LIFETIME_SECONDS);
            answer["refresh_token"] = self.refresh.clone().into();
            answer["refresh_token_expires_in"] = REFRESH_LIFETIME_SECONDS.into();
            answer["refresh_token_expires_at"] = expires_at.into();
        }
        answer
    }
}

/// The refusal of a refresh token that is unknown, or was replaced.
pub(crate) fn invalid_grant() -> ApiError {
    ApiError::new(400, 283, "invalid_grant: the refresh token is invalid or was revoked.")
}

/// The refusal of an app id and secret that do not belong together.
pub(crate) fn invalid_client() -> ApiError {
    ApiError::new(401, 2, "invalid_client: authentication failed.")
}

/// A value that looks like a credential and follows from the seed.
fn secret(seed: u64, prefix: &str, serial: usize) -> String {
    let mut random = Random::of(seed, prefix, serial);
    let parts: Vec<String> = (0..4).map(|_| format!("{:016X}", random.next())).collect();
    format!("{prefix}_{}", parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(change: impl FnOnce(&mut TokenRules)) -> Tokens {
        let mut rules = TokenRules {
            seed: 1,
            now: 0,
            lifetime_seconds: LIFETIME_SECONDS,
            expire_after: None,
            rotations: usize::MAX,
            scopes: ALL_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
        };
        change(&mut rules);
        Tokens::new(rules)
    }

    fn refresh(tokens: &mut Tokens, refresh_token: &str) -> Result<Value, ApiError> {
        let basic = STANDARD.encode(format!("{}:{}", tokens.client_id(), tokens.client_secret()));
        let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
        tokens.refresh(Some(&format!("Basic {basic}")), form.as_bytes())
    }

    #[test]
    fn a_refresh_token_works_once_when_tokens_rotate() {
        let mut tokens = tokens(|_| {});
        let first = tokens.refresh_token().to_owned();
        let answer = refresh(&mut tokens, &first).unwrap();
        assert_eq!(answer["refresh_token"], tokens.refresh_token());
        assert_eq!(refresh(&mut tokens, &first).unwrap_err(), invalid_grant());
        assert_eq!(tokens.refreshes(), 1);
    }

    #[test]
    fn a_refresh_token_stays_when_tokens_do_not_rotate() {
        let mut tokens = tokens(|rules| rules.rotations = 0);
        let first = tokens.refresh_token().to_owned();
        assert_eq!(refresh(&mut tokens, &first).unwrap().get("refresh_token"), None);
        assert!(refresh(&mut tokens, &first).is_ok());
    }

    #[test]
    fn a_wrong_client_is_refused() {
        let mut tokens = tokens(|_| {});
        assert_eq!(tokens.refresh(Some("Basic eDp5"), b"").unwrap_err().status, 401);
        assert_eq!(tokens.refresh(None, b"").unwrap_err().status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_with_its_lifetime() {
        let mut tokens = tokens(|rules| rules.lifetime_seconds = 60);
        assert!(tokens.authorize(Bearer::Issued(0), &["ads:read"]).is_ok());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(
            tokens.authorize(Bearer::Issued(0), &["ads:read"]),
            Err(ApiError::authentication_failed())
        );
    }

    #[test]
    fn a_scope_that_was_not_granted_is_refused() {
        let mut tokens = tokens(|rules| rules.scopes = vec!["ads:read".into()]);
        assert!(tokens.authorize(Bearer::Issued(0), &["ads:read"]).is_ok());
        assert_eq!(tokens.authorize(Bearer::Issued(0), &["boards:read"]).unwrap_err().code, 3);
    }
}
