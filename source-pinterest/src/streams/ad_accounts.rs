//! The ad accounts: all, those that the config names, or all but some.

use connector_core::{Cost, Descriptor, Failure, Page, Pages, RawRecord, Slice, Stream};
use futures::{StreamExt, TryStreamExt, stream};
use pinterest_client::{Args, Client, endpoint};

use super::listings::Listing;
use super::{id, page};
use crate::policy;

/// The listing of ad accounts, or the accounts that the config names, each asked for alone.
pub(super) struct AdAccounts(pub(super) Listing);

impl Stream for AdAccounts {
    fn descriptor(&self) -> Descriptor {
        self.0.descriptor()
    }

    fn cost(&self, slice: &Slice, records: Option<u64>) -> Cost {
        match self.0.config().named_accounts().len() {
            0 => self.0.cost(slice, records),
            named => Cost::exactly(named as u64).of(endpoint::AD_ACCOUNT.category.as_str()),
        }
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        let config = self.0.config();
        let named = config.named_accounts();
        if !named.is_empty() {
            return match self.0.client(slice) {
                Ok(client) => one_by_one(client, named).boxed(),
                Err(failure) => stream::iter([Err(failure)]).boxed(),
            };
        }
        let pages = self.0.read(slice);
        if config.excluded_account_ids.is_empty() {
            return pages;
        }
        let wanted = |record: &RawRecord| id(record.as_bytes()).is_none_or(|id| config.wants_account(id));
        pages.map_ok(move |page| Page { records: page.records.into_iter().filter(wanted).collect() }).boxed()
    }
}

/// Asks for each account; one that fails is told when the others have been read.
fn one_by_one<'a>(
    client: Client,
    accounts: Vec<&'a str>,
) -> impl futures::Stream<Item = Result<Page, Failure>> + Send + 'a {
    let first_failure = None;
    stream::try_unfold((accounts.into_iter(), first_failure), move |(mut accounts, mut first_failure)| {
        let client = client.clone();
        async move {
            for account in accounts.by_ref() {
                let args = Args::new().path("ad_account_id", account);
                match client.list(&endpoint::AD_ACCOUNT, args).page(None).await {
                    Ok(found) => return Ok(Some((page(found), (accounts, first_failure)))),
                    Err(error) => {
                        let failure = policy::failure(error).about(format!("ad account {account}"));
                        first_failure = first_failure.or(Some(failure));
                    }
                }
            }
            first_failure.map_or(Ok(None), Err)
        }
    })
}
