//! Rows of an array while they arrive, over a real connection.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fake_pinterest::{FakePinterest, Fault, OddBody};
use futures::{StreamExt, TryStreamExt};
use pinterest_client::{
    Args, Auth, Client, ClientBuilder, Endpoint, Error, Held, Observer, RawList, RetryPolicy, endpoint,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::Account;

/// How a server ends a body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Whole,
    Broken,
    /// It stays silent.
    Never,
}

type Chunks = Box<dyn Iterator<Item = String> + Send>;

/// A server that sends chunks as fast as they are taken, and counts the requests and their bytes.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request, counted from 1, with what a test makes of its number.
    async fn start(answer: impl Fn(usize) -> (Chunks, End) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v5", listener.local_addr().unwrap());
        let (asked, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (Arc::clone(&asked), Arc::clone(&sent));
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let (chunks, end) = answer(counted.0.fetch_add(1, Ordering::Relaxed) + 1);
                let sent = Arc::clone(&counted.1);
                tokio::spawn(async move {
                    // An error says that the client is gone.
                    let _ = serve(connection, chunks, end, &sent).await;
                });
            }
        });
        Self { url, asked, sent }
    }

    /// The bytes that it has sent when it can send no more.
    async fn sent_at_most(&self) -> usize {
        let mut before = None;
        loop {
            for _ in 0..2_000 {
                tokio::task::yield_now().await;
            }
            let now = self.sent.load(Ordering::Relaxed);
            if before == Some(now) {
                return now;
            }
            before = Some(now);
        }
    }

    fn client(&self, more: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let moment = Duration::from_millis(1);
        let retry = RetryPolicy { first_wait: moment, longest_wait: moment, ..RetryPolicy::default() };
        let builder = Client::builder().base_url(&self.url).unwrap().retry(retry);
        more(builder.auth(Auth::access_token("token".into()))).build().unwrap()
    }
}

/// One request on one connection.
async fn serve(
    mut connection: TcpStream,
    chunks: Chunks,
    end: End,
    sent: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(connection.read_u8().await?);
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    connection.write_all(head).await?;
    for chunk in chunks {
        connection.write_all(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes()).await?;
        sent.fetch_add(chunk.len(), Ordering::Relaxed);
    }
    match end {
        End::Whole => connection.write_all(b"0\r\n\r\n").await,
        End::Broken => Ok(()),
        End::Never => std::future::pending().await,
    }
}

/// A row of about a kilobyte.
fn row(number: usize) -> String {
    json!({"NUMBER": number, "TEXT": "x".repeat(1000)}).to_string()
}

/// An array with these rows, a row a chunk; without its end.
fn rows(numbers: impl Iterator<Item = usize> + Send + 'static) -> Chunks {
    let rows = numbers.enumerate();
    Box::new(rows.map(|(at, number)| format!("{}{}", if at == 0 { '[' } else { ',' }, row(number))))
}

fn whole(numbers: impl Iterator<Item = usize> + Send + 'static) -> (Chunks, End) {
    (Box::new(rows(numbers).chain(["]".to_owned()])), End::Whole)
}

fn list(client: &Client) -> RawList {
    client.list(&endpoint::AD_ANALYTICS, Args::new().path("ad_account_id", "7"))
}

fn number(row: &Bytes) -> usize {
    let row: Value = serde_json::from_slice(row).unwrap();
    row["NUMBER"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn rows_come_before_the_body_has_ended() {
    let server = Server::start(|_| (rows(0..100), End::Never)).await;
    let mut groups = pin!(list(&server.client(|builder| builder)).rows());
    let first = groups.next().await.unwrap().unwrap();
    assert!((50..100).contains(&first.len()), "{}", first.len());
    assert_eq!(number(&first[7]), 7);
}

#[tokio::test]
async fn a_reader_that_is_slow_makes_the_server_wait_and_that_is_no_silence() {
    const ROWS: usize = 60_000;
    let server = Server::start(|_| whole(0..ROWS)).await;
    let client = server.client(|builder| builder.timeout(Duration::from_secs(60)));
    let mut groups = pin!(list(&client).rows());
    let first = groups.next().await.unwrap().unwrap().len();
    // What the system keeps for a connection, and no more: the whole body has 60 MB.
    let sent = server.sent_at_most().await;
    assert!(sent < 30 << 20, "{sent} bytes were sent to a reader that has taken {first} rows");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600)).await;
    tokio::time::resume();
    let rest: usize =
        groups.map(|rows| rows.unwrap().len()).fold(0, |sum, rows| async move { sum + rows }).await;
    assert_eq!((first + rest, server.asked.load(Ordering::Relaxed)), (ROWS, 1));
}

#[tokio::test]
async fn a_server_that_falls_silent_in_the_middle_is_asked_again() {
    let server = Server::start(|number| match number {
        1 => (rows(0..200), End::Never),
        _ => whole((0..300).rev()),
    })
    .await;
    let client = server.client(|builder| builder.timeout(Duration::from_millis(100)));
    let mut numbers: Vec<_> = list(&client).rows().try_concat().await.unwrap().iter().map(number).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..300));
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_loses_and_doubles_no_row() {
    let server = Server::start(|number| match number {
        1 => (rows(0..200), End::Broken),
        2 => (rows((0..300).rev()), End::Broken),
        3 => (rows(0..10), End::Broken),
        _ => whole((150..300).chain(0..150)),
    })
    .await;
    let rows = list(&server.client(|builder| builder)).rows();
    let mut numbers: Vec<_> = rows.try_concat().await.unwrap().iter().map(number).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..300));
}

#[tokio::test]
async fn a_connection_that_always_breaks_is_an_error_behind_the_rows_that_came() {
    let server = Server::start(|_| (rows(0..200), End::Broken)).await;
    let mut groups = pin!(list(&server.client(|builder| builder)).rows());
    let mut count = 0;
    let error = loop {
        match groups.next().await.unwrap() {
            Ok(rows) => count += rows.len(),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, Error::Transport { endpoint: "ads/analytics", timed_out: false, .. }),
        "{error:?}"
    );
    assert!((50..=200).contains(&count), "{count}");
    assert!(groups.next().await.is_none());
}

#[tokio::test]
async fn white_space_before_an_array_does_not_matter() {
    let blank = || ["", "\r\n", " \t", "\n"].into_iter().filter(|text| !text.is_empty()).map(str::to_owned);
    let server = Server::start(move |_| (Box::new(blank().chain(whole(0..3).0)), End::Whole)).await;
    let rows = list(&server.client(|builder| builder)).rows().try_concat().await.unwrap();
    assert!(rows.iter().map(number).eq(0..3));
    let server = Server::start(move |_| (Box::new(blank()), End::Whole)).await;
    let error = list(&server.client(|builder| builder)).rows().try_concat().await.unwrap_err();
    assert!(error.to_string().ends_with("is empty"), "{error}");
}

/// Gives each request a place of these, and keeps how long answers took.
struct Places(Arc<Semaphore>, Arc<std::sync::Mutex<Vec<Duration>>>);

#[async_trait]
impl Observer for Places {
    async fn turn(&self) -> Option<Held> {
        Some(Box::new(Arc::clone(&self.0).acquire_owned().await.unwrap()))
    }

    fn answered(&self, _: &Endpoint, took: Duration) {
        self.1.lock().unwrap().push(took);
    }
}

#[tokio::test]
async fn a_place_is_held_until_more_is_wanted_after_the_last_row_and_a_slow_reader_is_no_slow_server() {
    let server = Server::start(|_| whole(0..200)).await;
    let (places, answered) = (Arc::new(Semaphore::new(1)), Arc::default());
    let observer = Arc::new(Places(Arc::clone(&places), Arc::clone(&answered)));
    let mut groups = pin!(list(&server.client(|builder| builder.observer(observer))).rows());
    let mut count = 0;
    while count < 200 {
        count += groups.next().await.unwrap().unwrap().len();
        assert_eq!(places.available_permits(), 0);
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600)).await;
    tokio::time::resume();
    assert!(answered.lock().unwrap().is_empty());
    assert!(groups.next().await.is_none());
    assert_eq!(places.available_permits(), 1);
    let answered = answered.lock().unwrap();
    assert!(answered.len() == 1 && answered[0] < Duration::from_secs(3600), "{answered:?}");
}

#[tokio::test]
async fn what_is_no_array_is_told_as_a_page_tells_it() {
    for fault in [
        (|fault| fault.body(OddBody::Html)) as fn(Fault) -> Fault,
        |fault| fault.body(OddBody::Empty),
        |fault| fault.body(OddBody::Null),
        |fault| fault.body(OddBody::NoItems),
        |fault| fault.status(400),
        |fault| fault.status(503),
        |fault| fault.status_with_body(500, json!([{}])),
        |fault| fault.status_with_body(200, json!({"code": 8, "message": "Slow down."})),
    ] {
        let account = Account::with(FakePinterest::builder()).await;
        account.fake.add_fault(fault(Fault::on("ads/analytics").for_ever()));
        let list = list(&account.client);
        let page = list.page(None).await.unwrap_err();
        let rows = list.rows().try_concat().await.unwrap_err();
        assert_eq!(rows.to_string(), page.to_string());
        let asked = account.asked("ads/analytics");
        assert_eq!(asked, if page.is_retryable() { 12 } else { 2 }, "{page}");
    }
}

#[tokio::test]
async fn a_body_may_be_larger_than_a_body_may_be_but_not_a_row() {
    let server = Server::start(|_| whole(0..2000)).await;
    let read = |most| list(&server.client(|builder| builder.max_body(most))).rows().try_concat();
    assert_eq!(read(2000).await.unwrap().len(), 2000);
    let error = read(500).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { endpoint: "ads/analytics", limit: 500 }), "{error:?}");
}
