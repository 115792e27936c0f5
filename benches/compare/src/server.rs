//! The server: finds what is asked, counts it, waits as long as it was told, and sends prepared bytes.

mod analytics;
mod data;
mod entities;
mod report;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::traffic::{Limit, Traffic};
use data::Data;
use entities::Kind;
use report::Reports;

/// No request has a body longer than this.
const LONGEST_BODY: usize = 1 << 20;

/// What there is to be read, and how it is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// How many ad accounts.
    pub accounts: u64,
    /// How many campaigns, ad groups and ads each, in each ad account.
    pub ads: u64,
    /// How long each answer is held back.
    pub latency: Duration,
    /// How long a report is, at least, in bytes.
    pub report_bytes: u64,
    /// The poll at which a report is finished, the first being 1.
    pub report_polls: u32,
    /// What is refused.
    pub limits: Vec<Limit>,
}

struct Server {
    options: Options,
    origin: String,
    data: Data,
    reports: Mutex<Reports>,
    traffic: Mutex<Traffic>,
}

/// A server that listens.
#[derive(Debug)]
pub struct FastServer {
    listener: TcpListener,
    address: SocketAddr,
    options: Options,
}

impl FastServer {
    /// Listens on this machine only.
    ///
    /// # Errors
    /// The port is not free.
    pub async fn listen(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, options })
    }

    /// Where it is, e.g. `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The listener is gone.
    pub async fn serve(self) -> io::Result<()> {
        let server = Arc::new(Server {
            origin: self.url(),
            data: Data::new(&self.options),
            reports: Mutex::default(),
            traffic: Mutex::new(Traffic::new(self.options.limits.clone())),
            options: self.options,
        });
        let router = axum::Router::new().fallback(answer).with_state(server);
        let listener = self.listener.tap_io(|stream| {
            // Small answers in one go; without this a local request can wait for 40 ms.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await
    }
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call<'a> {
    Token,
    User,
    Boards,
    Accounts,
    Account(u64),
    Entities(Kind, u64),
    Analytics(u64),
    CreateReport,
    PollReport,
    Download(&'a str),
    Counts,
    Reset,
}

impl<'a> Call<'a> {
    fn find(method: &Method, path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let account = |id: &str| data::account_number(id);
        Some(match (method.as_str(), parts.as_slice()) {
            ("POST", ["v5", "oauth", "token"]) => Self::Token,
            ("GET", ["v5", "user_account"]) => Self::User,
            ("GET", ["v5", "boards"]) => Self::Boards,
            ("GET", ["v5", "ad_accounts"]) => Self::Accounts,
            ("GET", ["v5", "ad_accounts", id]) => Self::Account(account(id)?),
            ("GET", ["v5", "ad_accounts", id, "ads", "analytics"]) => Self::Analytics(account(id)?),
            ("GET", ["v5", "ad_accounts", id, "reports"]) => account(id).map(|_| Self::PollReport)?,
            ("POST", ["v5", "ad_accounts", id, "reports"]) => account(id).map(|_| Self::CreateReport)?,
            ("GET", ["v5", "ad_accounts", id, kind]) => Self::Entities(Kind::find(kind)?, account(id)?),
            ("GET", ["downloads", number]) => Self::Download(number),
            ("GET", ["control", "counts"]) => Self::Counts,
            ("POST", ["control", "reset"]) => Self::Reset,
            _ => return None,
        })
    }

    /// The operation and its rate category, as Pinterest's API description names them. `None`: it is not counted.
    fn operation(self) -> Option<(&'static str, Option<&'static str>)> {
        Some(match self {
            Self::Token => ("oauth/token", Some("org_read")),
            Self::User => ("user_account/get", Some("org_read")),
            Self::Boards => ("boards/list", Some("org_read")),
            Self::Accounts => ("ad_accounts/list", Some("ads_read")),
            Self::Account(_) => ("ad_accounts/get", Some("ads_read")),
            Self::Entities(kind, _) => (kind.operation(), Some("ads_read")),
            Self::Analytics(_) => ("ads/analytics", Some("ads_analytics")),
            Self::CreateReport => ("analytics/create_report", Some("ads_analytics")),
            Self::PollReport => ("analytics/get_report", Some("ads_analytics")),
            Self::Download(_) => ("report/download", None),
            Self::Counts | Self::Reset => return None,
        })
    }
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(call) = Call::find(&head.method, head.uri.path()) else {
        return failure(
            StatusCode::NOT_FOUND,
            2,
            "The requested resource could not be found on this server.",
        );
    };
    if let Some((operation, category)) = call.operation() {
        let taken = lock(&server.traffic).take(operation, category, Instant::now());
        if !server.options.latency.is_zero() {
            tokio::time::sleep(server.options.latency).await;
        }
        if let Err(refused) = taken {
            let refusal = failure(
                StatusCode::TOO_MANY_REQUESTS,
                8,
                "You have exceeded your rate limit. Try again later.",
            );
            let reset = HeaderName::from_static("x-ratelimit-reset");
            return ([(reset, refused.seconds.to_string())], refusal).into_response();
        }
    }
    let query: HashMap<_, _> =
        form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).collect();
    let query = |name: &str| query.get(name).map(AsRef::as_ref);
    match call {
        Call::Token => json_answer(&json!({
            "access_token": "pina_fast", "refresh_token": "pinr_fast", "response_type": "authorization_code",
            "token_type": "bearer", "expires_in": 2_592_000, "refresh_token_expires_in": 31_536_000,
            "scope": "ads:read boards:read catalogs:read pins:read user_accounts:read",
        })),
        Call::User => {
            json_answer(&json!({"account_type": "BUSINESS", "id": "383791336903426391", "username": "shop"}))
        }
        Call::Boards => json_answer(&json!({"items": [], "bookmark": null})),
        Call::Accounts => server.data.accounts(query("page_size"), query("bookmark")),
        Call::Account(account) => json_answer(&data::account(account)),
        Call::Entities(kind, account) => {
            server.data.page(kind, account, query("page_size"), query("bookmark"))
        }
        Call::Analytics(account) => analytics::answer(account, query),
        Call::CreateReport => match to_bytes(body, LONGEST_BODY).await {
            Ok(body) => lock(&server.reports).create(&body, &server.options),
            Err(error) => failure(StatusCode::BAD_REQUEST, 1, &error.to_string()),
        },
        Call::PollReport => {
            lock(&server.reports).poll(query("token"), &server.origin, server.options.report_polls)
        }
        Call::Download(number) => report::download(lock(&server.reports).body(number)),
        Call::Counts => json_answer(&lock(&server.traffic).to_json()),
        Call::Reset => {
            lock(&server.traffic).reset();
            *lock(&server.reports) = Reports::default();
            json_answer(&json!({}))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn json_answer(value: &Value) -> Response {
    sent(Body::from(value.to_string()))
}

fn sent(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// An answer that is made while it is sent; its length is known before.
fn streamed(length: u64, body: Body) -> Response {
    ([(header::CONTENT_LENGTH, length.to_string())], sent(body)).into_response()
}

fn failure(status: StatusCode, code: i32, message: &str) -> Response {
    (status, json_answer(&json!({"code": code, "message": message}))).into_response()
}
