//! Which ad accounts are read, and entities of which status.

use fake_pinterest::{Counts, FakePinterest, Size, operation_of};
use serde_json::{Value, json};

use crate::connection::{Connection, assert_complete, assert_incomplete, ids, in_order};

/// Streams of what an ad account holds.
const CHILDREN: [&str; 4] = ["campaigns", "ads", "audiences", "conversion_tags"];
const ANALYTICS: [&str; 2] = ["ad_account_analytics", "campaign_analytics"];
/// Streams of the user, seen as the owner of an ad account where one is chosen.
const OF_USER: [&str; 3] = ["boards", "catalogs", "catalogs_feeds"];

/// Four ad accounts, the last of which has nothing in it, and what the config chooses of them.
async fn with(key: &str, choose: impl Fn(&[String]) -> Value) -> (Connection, Vec<String>) {
    let counts = Counts { ad_accounts: 4, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(counts))).await;
    let accounts = connection.fake.edit(|data| data.ad_account_ids());
    connection.config.insert(key.into(), choose(&accounts));
    (connection, accounts)
}

/// What a stream has of these ad accounts.
fn truth_of(connection: &Connection, stream: &str, accounts: &[&String]) -> Vec<Value> {
    let (from, to) = ("2026-08-27".parse().unwrap(), "2026-11-24".parse().unwrap());
    let (all, name) = if ANALYTICS.contains(&stream) {
        (connection.fake.rows(stream, from, to), "AD_ACCOUNT_ID")
    } else {
        (connection.truth(stream), "ad_account_id")
    };
    let is_of_them = |record: &Value| accounts.iter().any(|account| record[name] == **account);
    in_order(all.into_iter().filter(is_of_them).collect())
}

fn requests_of(connection: &Connection, operation: &str) -> Vec<(String, String)> {
    let requests = connection.fake.requests().into_iter();
    let requests = requests.filter(|seen| seen.operation == Some(operation));
    requests.map(|seen| (seen.path, seen.query)).collect()
}

fn asks_about(connection: &Connection, account: &str) -> bool {
    connection.fake.requests().iter().any(|seen| seen.path.contains(account) || seen.query.contains(account))
}

#[tokio::test]
async fn named_accounts_are_asked_for_one_by_one_and_only_their_children_are_read() {
    let (mut connection, accounts) = with("account_ids", |all| json!([all[2], all[0]])).await;
    let chosen = [&accounts[0], &accounts[2]];
    let run = connection.sync(&[&["ad_accounts"][..], &CHILDREN, &ANALYTICS, &OF_USER].concat()).await;
    assert!(run.success, "{:?}", run.errors());
    let paths: Vec<_> =
        requests_of(&connection, "ad_accounts/get").into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [2, 0].map(|index| format!("/v5/ad_accounts/{}", accounts[index])));
    assert_eq!(requests_of(&connection, "ad_accounts/list"), []);
    assert_eq!(ids(&run.records("ad_accounts")), chosen);
    for stream in [CHILDREN.as_slice(), &ANALYTICS].concat() {
        let expected = truth_of(&connection, stream, &chosen);
        assert!(!expected.is_empty(), "{stream}");
        assert_eq!(in_order(run.records(stream)), expected, "{stream}");
    }
    assert!(!asks_about(&connection, &accounts[1]) && !asks_about(&connection, &accounts[3]));
    // Nobody is the owner of both.
    for stream in OF_USER {
        let asked = requests_of(&connection, operation_of(stream));
        assert!(!asked.is_empty(), "{stream}");
        assert!(asked.iter().all(|(_, query)| !query.contains("ad_account_id")), "{stream}: {asked:?}");
        assert_eq!(in_order(run.records(stream)), connection.truth(stream), "{stream}");
    }
}

#[tokio::test]
async fn a_named_account_that_does_not_exist_is_told_and_does_not_cost_the_others() {
    for unknown_first in [true, false] {
        let (mut connection, accounts) =
            with(
                "account_ids",
                |all| {
                    if unknown_first { json!(["999", all[0]]) } else { json!([all[0], "999"]) }
                },
            )
            .await;
        let streams = ["ad_accounts", "campaigns", "campaign_analytics"];
        let run = connection.sync(&streams).await;
        assert_eq!(ids(&run.records("ad_accounts")), [accounts[0].as_str()]);
        for stream in streams {
            assert_incomplete(&run, stream);
            let told = run.errors().into_iter().find(|error| error.contains(stream)).unwrap();
            assert!(told.contains("999"), "{told}");
        }
        for stream in &streams[1..] {
            let expected = truth_of(&connection, stream, &[&accounts[0]]);
            assert_eq!(in_order(run.records(stream)), expected, "{stream}");
        }

        // What was read is kept: once the other is no longer named, only what is new comes.
        connection.config.insert("account_ids".into(), json!([accounts[0]]));
        let rest = connection.sync(&streams).await;
        assert!(rest.success, "{:?}", rest.errors());
        assert!(rest.records("campaign_analytics").len() < run.records("campaign_analytics").len());
    }
}

#[tokio::test]
async fn one_account_in_the_list_is_as_good_as_the_one_account() {
    let mut seen = Vec::new();
    for key in ["account_id", "account_ids"] {
        let choose = |all: &[String]| if key == "account_id" { json!(all[1]) } else { json!([all[1]]) };
        let (mut connection, accounts) = with(key, choose).await;
        let run = connection.sync(&[&["ad_accounts"][..], &CHILDREN, &ANALYTICS, &OF_USER].concat()).await;
        assert!(run.success, "{:?}", run.errors());
        for stream in OF_USER {
            let asked = requests_of(&connection, operation_of(stream));
            let owner = format!("ad_account_id={}", accounts[1]);
            assert!(!asked.is_empty() && asked.iter().all(|(_, query)| query.contains(&owner)), "{asked:?}");
        }
        for stream in [CHILDREN.as_slice(), &ANALYTICS].concat() {
            let expected = truth_of(&connection, stream, &[&accounts[1]]);
            assert_eq!(in_order(run.records(stream)), expected, "{stream}");
        }
        let mut requests: Vec<_> =
            connection.fake.requests().into_iter().map(|seen| (seen.path, seen.query)).collect();
        requests.sort();
        seen.push(requests);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn accounts_that_are_left_out_are_no_records_and_have_no_children() {
    let (mut connection, accounts) = with("excluded_account_ids", |all| json!([all[1], "999"])).await;
    let others = [&accounts[0], &accounts[2], &accounts[3]];
    let run = connection.sync(&[&["ad_accounts"][..], &CHILDREN, &ANALYTICS, &OF_USER].concat()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(ids(&run.records("ad_accounts")), others);
    for stream in [CHILDREN.as_slice(), &ANALYTICS].concat() {
        let expected = truth_of(&connection, stream, &others);
        assert!(
            !expected.is_empty() && !truth_of(&connection, stream, &[&accounts[1]]).is_empty(),
            "{stream}"
        );
        assert_eq!(in_order(run.records(stream)), expected, "{stream}");
        assert_complete(&run, stream);
    }
    assert!(!asks_about(&connection, &accounts[1]));
    for stream in OF_USER {
        assert_eq!(in_order(run.records(stream)), connection.truth(stream), "{stream}");
    }
}

#[tokio::test]
async fn all_accounts_left_out_is_an_account_with_nothing_in_it() {
    let (mut connection, _) = with("excluded_account_ids", |all| json!(all)).await;
    let streams = [&["ad_accounts"][..], &CHILDREN, &ANALYTICS].concat();
    let run = connection.sync(&streams).await;
    assert!(run.success, "{:?}", run.errors());
    for stream in streams {
        assert!(run.records(stream).is_empty(), "{stream}");
        assert_complete(&run, stream);
    }
}

#[tokio::test]
async fn drafts_and_deleted_drafts_are_read_when_they_are_asked_for() {
    const STATUSES: [&str; 2] = ["DRAFT", "DELETED_DRAFT"];
    const STREAMS: [&str; 3] = ["campaigns", "ad_groups", "ads"];
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.config.insert("status".into(), json!(STATUSES));
    for stream in STREAMS {
        connection.fake.edit(|data| data.records_mut(stream)[0]["status"] = json!("DELETED_DRAFT"));
    }
    let run = connection.sync(&STREAMS).await;
    assert!(run.success, "{:?}", run.errors());
    for stream in STREAMS {
        let expected = in_order(connection.fake.truth_with_statuses(stream, &STATUSES));
        let found = |status: &str| expected.iter().filter(|record| record["status"] == status).count();
        assert!(found("DRAFT") > 0 && found("DELETED_DRAFT") > 0, "{stream}");
        assert_eq!(in_order(run.records(stream)), expected, "{stream}");
        let asked = requests_of(&connection, operation_of(stream));
        let sent = "entity_statuses=DRAFT,DELETED_DRAFT";
        assert!(!asked.is_empty() && asked.iter().all(|(_, query)| query.contains(sent)), "{asked:?}");
    }
}
