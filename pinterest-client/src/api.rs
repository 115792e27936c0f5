//! The typed calls: what they are about, then what to do with it.

mod ad_accounts;
mod ads;
mod audiences;
mod boards;
mod catalogs;
mod keywords;
mod user_account;

use std::fmt;
use std::marker::PhantomData;

use crate::args::Args;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::open_enum;

/// What a call is about: the records of type `T` in one place, e.g. the campaigns of an ad account. What can be done
/// with them depends on `T`; `From` tells places apart that hold records of the same type.
pub struct Handle<T, From = ()> {
    client: Client,
    args: Args,
    marker: PhantomData<fn() -> (T, From)>,
}

impl<T, From> Handle<T, From> {
    fn new(client: &Client, args: Args) -> Self {
        Self { client: client.clone(), args, marker: PhantomData }
    }

    fn of_ad_account(client: &Client, ad_account: &AdAccountId) -> Self {
        Self::new(client, Args::new().path("ad_account_id", ad_account))
    }

    fn list_at(&self, endpoint: &Endpoint) -> List<T, From> {
        List::new(&self.client, *endpoint, self.args.clone())
    }
}

impl<T, From> Clone for Handle<T, From> {
    fn clone(&self) -> Self {
        Self::new(&self.client, self.args.clone())
    }
}

impl<T, From> fmt::Debug for Handle<T, From> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("client", &self.client).field("args", &self.args).finish()
    }
}

open_enum! {
    /// In which order records are listed: by id, where a higher one is newer.
    Order { Ascending = "ASCENDING", Descending = "DESCENDING" }
}
