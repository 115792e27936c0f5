//! Hands the rows of an answer from the layer that receives them to the caller, while they arrive.

use std::collections::HashMap;
use std::hash::BuildHasher;

use bytes::Bytes;
use foldhash::quality::RandomState;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, stream};
use tokio::sync::mpsc;

use crate::args::Args;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::transport::body::BodyRows;

/// The rows of an answer that is an array, in groups. The request begins when the first is asked for, and ends with the
/// stream. After an error there is nothing more.
pub(crate) fn arriving(
    client: Client,
    endpoint: Endpoint,
    args: Args,
) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static {
    let (sink, handed) = mpsc::channel(1);
    let request = async move { client.hand_rows(&endpoint, &args, RowSink(sink)).await };
    let reader = Reader { request: request.boxed(), handed, given: Given::default() };
    stream::try_unfold(
        reader,
        |mut reader| async move { Ok(reader.next().await?.map(|rows| (rows, reader))) },
    )
}

/// What a request hands to its reader.
enum Handed {
    /// An attempt begins: what follows are all rows again.
    Attempt,
    Rows(Vec<Bytes>),
}

/// Where a request hands the rows of its answer. The reader is the one who drives the request, so there always is one.
#[derive(Clone)]
pub(crate) struct RowSink(mpsc::Sender<Handed>);

impl RowSink {
    /// Says that another attempt begins.
    pub(crate) async fn begin(&self) {
        self.hand(Handed::Attempt).await;
    }

    /// Hands on all rows of a body, and comes back when they have been taken.
    ///
    /// # Errors
    /// Those of the body.
    pub(crate) async fn hand_all(&self, mut rows: BodyRows) -> Result<()> {
        while let Some(group) = rows.next().await? {
            self.hand(Handed::Rows(group)).await;
        }
        Ok(())
    }

    /// Comes back when it has been taken and more is wanted: nothing is received ahead of a slow reader, and whoever waits
    /// below is always driven.
    async fn hand(&self, handed: Handed) {
        let _ = self.0.send(handed).await;
        let _ = self.0.reserve().await;
    }
}

/// Drives a request and takes what it hands over.
struct Reader {
    request: BoxFuture<'static, Result<()>>,
    handed: mpsc::Receiver<Handed>,
    given: Given,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Vec<Bytes>>> {
        loop {
            let handed = tokio::select! {
                biased;
                Some(handed) = self.handed.recv() => handed,
                answered = &mut self.request => return answered.map(|()| None),
            };
            match handed {
                Handed::Attempt => self.given.begin_again(),
                Handed::Rows(mut rows) => {
                    rows.retain(|row| self.given.is_new(row));
                    if !rows.is_empty() {
                        return Ok(Some(rows));
                    }
                }
            }
        }
    }
}

/// The rows that the caller has, by their hashes, for the attempts after one that broke. Equal rows count as often as they
/// came. A row would be lost to hashes that meet by chance: among the rows of an answer, once in billions of broken ones.
#[derive(Default)]
struct Given {
    /// Every row is hashed and hardly any answer breaks, so it is a quick one.
    hasher: RandomState,
    rows: Vec<u64>,
    /// Those that this attempt has not brought yet.
    expected: HashMap<u64, usize>,
}

impl Given {
    fn begin_again(&mut self) {
        self.expected.clear();
        for hash in &self.rows {
            *self.expected.entry(*hash).or_default() += 1;
        }
    }

    fn is_new(&mut self, row: &[u8]) -> bool {
        let hash = self.hasher.hash_one(row);
        match self.expected.get_mut(&hash) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => {
                self.rows.push(hash);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::pin::pin;
    use std::sync::Arc;

    use async_trait::async_trait;
    use futures::{StreamExt, TryStreamExt};
    use serde_json::{Value, json};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::auth::Auth;
    use crate::endpoint::{AD_ANALYTICS, BOARDS, USER_ACCOUNT, USER_ACCOUNT_ANALYTICS};
    use crate::error::Error;
    use crate::list::RawList;
    use crate::observer::{Held, Observer};
    use crate::transport::http::scripted::{Scripted, answer};

    /// What a body of an array holds, about a kilobyte a row, so that rows are given before the end.
    fn body(numbers: impl IntoIterator<Item = u64>) -> String {
        let row = |number| json!({"NUMBER": number, "TEXT": "x".repeat(1000)});
        Value::from(numbers.into_iter().map(row).collect::<Vec<_>>()).to_string()
    }

    fn analytics(network: &Arc<Scripted>) -> RawList {
        list(network, AD_ANALYTICS)
    }

    fn list(network: &Arc<Scripted>, endpoint: Endpoint) -> RawList {
        let builder = Client::builder().auth(Auth::access_token("token".into())).max_body(1 << 20);
        let client = builder.transport(Arc::clone(network) as _).build().unwrap();
        client.list(&endpoint, Args::new().path("ad_account_id", "7"))
    }

    /// Answers these in turn; the last stays.
    fn turns(bodies: Vec<String>) -> Arc<Scripted> {
        Scripted::new(move |_, number| Ok(answer(200, bodies[number.min(bodies.len()) - 1].clone())))
    }

    fn number(row: &Bytes) -> u64 {
        serde_json::from_slice::<Value>(row).unwrap()["NUMBER"].as_u64().unwrap()
    }

    /// The rows in the order in which they came, and how it ended.
    async fn read(list: RawList) -> (Vec<u64>, Result<()>) {
        let mut groups = pin!(list.rows());
        let mut numbers = Vec::new();
        while let Some(group) = groups.next().await {
            match group {
                Ok(rows) => {
                    assert!(!rows.is_empty());
                    numbers.extend(rows.iter().map(number));
                }
                Err(error) => {
                    assert!(groups.next().await.is_none(), "nothing follows an error");
                    return (numbers, Err(error));
                }
            }
        }
        (numbers, Ok(()))
    }

    async fn read_all(list: RawList) -> Vec<u64> {
        let (numbers, ended) = read(list).await;
        ended.unwrap();
        numbers
    }

    #[tokio::test(start_paused = true)]
    async fn rows_come_in_groups_as_slices_of_the_body() {
        let whole = Bytes::from(body(0..500));
        let sent = whole.clone();
        let network = Scripted::new(move |_, _| Ok(answer(200, sent.clone())));
        let groups: Vec<_> = analytics(&network).rows().try_collect().await.unwrap();
        assert!(groups.len() > 5, "{}", groups.len());
        let rows = groups.concat();
        assert_eq!(rows.iter().map(number).collect::<Vec<_>>(), (0..500).collect::<Vec<_>>());
        // All but the one that is spread over two pieces.
        let copied = rows.iter().filter(|row| !whole.as_ptr_range().contains(&row.as_ptr())).count();
        assert!(copied < groups.len(), "{copied}");
        assert_eq!(network.requests().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_asked_for_before_rows_are_wanted() {
        let network = turns(vec![body(0..3)]);
        let mut rows = pin!(analytics(&network).rows());
        assert!(network.requests().is_empty());
        assert_eq!(rows.next().await.unwrap().unwrap().len(), 3);
        assert!(rows.next().await.is_none());
        assert_eq!(network.requests().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_array_and_a_pretty_one_are_read() {
        for empty in ["[]", " [ ]\r\n"] {
            assert_eq!(read_all(analytics(&turns(vec![empty.to_owned()]))).await, [0; 0]);
        }
        let pretty = format!("\n{:#}", serde_json::from_str::<Value>(&body(0..200)).unwrap());
        let rows = read_all(analytics(&turns(vec![pretty]))).await;
        assert_eq!(rows, (0..200).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_breaks_is_asked_again_and_each_row_comes_once_in_whatever_order() {
        let all: Vec<u64> = (0..300).collect();
        let whole = body(0..300);
        for (kept, again) in [0, 1, 5000, 70_000, 200_000, whole.len() - 1].into_iter().flat_map(|kept| {
            [body(0..300), body((0..300).rev()), body((150..300).chain(0..150))].map(|again| (kept, again))
        }) {
            // Broken twice, and each time at another place.
            let broken = [whole[..kept].to_owned(), again[..again.len() / 2].to_owned()];
            let network = turns([broken.as_slice(), &[again]].concat());
            let mut rows = read_all(analytics(&network)).await;
            assert_eq!(network.requests().len(), 3);
            rows.sort_unstable();
            assert_eq!(rows, all, "{kept}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn equal_rows_come_as_often_as_there_are_of_them() {
        let numbers = || (0..200).chain(0..200).chain(0..100);
        let whole = body(numbers());
        let again = body((0..100).chain((0..200).rev()).chain(0..200));
        let network = turns(vec![whole[..250_000].to_owned(), again]);
        let mut rows = read_all(analytics(&network)).await;
        rows.sort_unstable();
        let mut expected: Vec<u64> = numbers().collect();
        expected.sort_unstable();
        assert_eq!(rows, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_has_changed_between_two_attempts_comes_again() {
        let network = turns(vec![body(0..300)[..200_000].to_owned(), body((0..5).chain(1000..1300))]);
        let rows = read_all(analytics(&network)).await;
        let given = rows.iter().filter(|row| **row < 300).count();
        assert!((100..200).contains(&given), "{given}");
        assert_eq!(rows[given..], (1000..1300).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_breaks_in_every_attempt_is_an_error() {
        let network = turns(vec![body(0..300)[..200_000].to_owned()]);
        let (rows, ended) = read(analytics(&network)).await;
        let error = ended.unwrap_err();
        assert!(matches!(error, Error::Decode { endpoint: "ads/analytics", .. }), "{error:?}");
        assert!(error.to_string().ends_with("ends in the middle"), "{error}");
        assert_eq!(network.requests().len(), 6);
        assert!(!rows.is_empty() && rows.len() < 200);
        assert_eq!(rows.iter().collect::<HashSet<_>>().len(), rows.len(), "none comes twice");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_array_is_told_as_a_page_tells_it() {
        for (status, body) in [
            (200, ""),
            (200, " \n"),
            (200, "null"),
            (200, "7"),
            (200, r#"{"items":[]}"#),
            (200, "<html><body>Bad gateway</body></html>"),
            (200, r#"{"code":8,"message":"You have exceeded your rate limit."}"#),
            (200, r#"{"code":12,"message":"Something went wrong"}"#),
            (400, r#"{"code":1,"message":"Invalid parameters."}"#),
            (403, r#"{"code":29,"message":"Not permitted."}"#),
            (413, "<html></html>"),
            (429, r#"{"code":29,"message":"Slow down."}"#),
            (500, ""),
            // An array is no success of its own.
            (500, "[]"),
            (302, "[{}]"),
        ] {
            let network = Scripted::new(move |_, _| Ok(answer(status, body)));
            let error = analytics(&network).page(None).await.unwrap_err();
            let asked = network.requests().len();
            let (rows, ended) = read(analytics(&network)).await;
            assert_eq!(ended.unwrap_err().to_string(), error.to_string(), "{status} {body}");
            assert_eq!((network.requests().len(), rows.len()), (2 * asked, 0), "{status} {body}");
            // It is asked for again where that may help.
            if error.is_retryable() {
                let network = Scripted::new(move |_, number| {
                    Ok(if number < 3 { answer(status, body) } else { answer(200, self::body(0..3)) })
                });
                assert_eq!(read_all(analytics(&network)).await, [0, 1, 2], "{status} {body}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_row_can_be_too_large() {
        let rows = read_all(analytics(&turns(vec![body(0..2000)]))).await;
        assert_eq!(rows.len(), 2000);
        let large = json!([{"TEXT": "x".repeat(1 << 20)}]).to_string();
        let network = turns(vec![large]);
        let error = read(analytics(&network)).await.1.unwrap_err();
        assert!(matches!(error, Error::TooLarge { endpoint: "ads/analytics", .. }), "{error}");
        assert_eq!(network.requests().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn of_other_answers_a_page_is_a_group() {
        let pages =
            [r#"{"items":[{"NUMBER":1},{"NUMBER":2}],"bookmark":"a"}"#, r#"{"items":[],"bookmark":"b"}"#];
        let pages = [pages.as_slice(), &[r#"{"items":[{"NUMBER":3}]}"#]].concat();
        let network = turns(pages.into_iter().map(str::to_owned).collect());
        let groups: Vec<_> = list(&network, BOARDS).rows().try_collect().await.unwrap();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        let network = turns(vec![r#"{"all":{"daily_metrics":[{"NUMBER":1},{"NUMBER":2}]}}"#.to_owned()]);
        assert_eq!(read_all(list(&network, USER_ACCOUNT_ANALYTICS)).await, [1, 2]);
        let network = turns(vec![r#"{"NUMBER":1}"#.to_owned()]);
        assert_eq!(read_all(list(&network, USER_ACCOUNT)).await, [1]);
    }

    /// Gives each request a place of these.
    struct Places(Arc<Semaphore>);

    #[async_trait]
    impl Observer for Places {
        async fn turn(&self) -> Option<Held> {
            Some(Box::new(Arc::clone(&self.0).acquire_owned().await.unwrap()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_held_while_there_are_rows() {
        let network = turns(vec![body(0..200)]);
        let places = Arc::new(Semaphore::new(1));
        let auth = Auth::access_token("token".into());
        let builder = Client::builder().auth(auth).transport(Arc::clone(&network) as _);
        let client = builder.observer(Arc::new(Places(Arc::clone(&places)))).build().unwrap();
        let list = client.list(&AD_ANALYTICS, Args::new().path("ad_account_id", "7"));
        let mut groups = pin!(list.clone().rows());
        let mut rows = 0;
        while rows < 200 {
            let group = groups.next().await.unwrap().unwrap();
            assert_eq!(places.available_permits(), 0);
            rows += group.len();
        }
        assert!(groups.next().await.is_none());
        assert_eq!(places.available_permits(), 1);
        // Whoever does not want the rest gives it back, too.
        let mut groups = Box::pin(list.rows());
        groups.next().await.unwrap().unwrap();
        assert_eq!(places.available_permits(), 0);
        drop(groups);
        assert_eq!(places.available_permits(), 1);
    }
}
