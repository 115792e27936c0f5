//! Response bodies to messages in one process: cut into records, filtered by the cursor, written as lines. All that a sync
//! does but the network. The bodies are pages of 250 ad groups as the fake serves them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, Stream as CatalogStream, SyncMode};
use bytes::Bytes;
use connector_core::testing::{self, Streams};
use connector_core::{
    ClientFiltered, CursorFormat, CursorPolicy, CursorValue, Descriptor, Failure, Page, Pages, RawRecord,
    Slice, Stream,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fake_pinterest::{Counts, FakePinterest, Size};
use futures::{StreamExt, TryStreamExt, stream};
use pinterest_client::{Args, Auth, Client, RawPage, endpoint};
use serde_json::Map;
use tokio::runtime::Runtime;

/// How often each body is read in one sync.
const TIMES: usize = 10;

struct AdGroups(Arc<Vec<Bytes>>);

impl Stream for AdGroups {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("ad_groups", Map::new()).primary_key(["id"])
    }

    fn cursor(&self) -> CursorPolicy {
        let (field, format) = ("updated_time".to_owned(), CursorFormat::EpochSeconds);
        CursorPolicy::ClientFiltered(ClientFiltered {
            field,
            format,
            start: CursorValue::from_epoch_seconds(0),
            reread_shared: false,
        })
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        let page = |body: &Bytes| {
            let page = RawPage::from_body(body, &endpoint::AD_GROUPS)
                .map_err(|error| Failure::system(error.to_string()))?;
            Ok(Page::new(page.items.into_iter().map(RawRecord::already_checked)))
        };
        stream::iter((0..TIMES).flat_map(move |_| self.0.iter().map(page))).boxed()
    }
}

/// The bodies of all pages of an ad account with 5,000 ad groups, put together again from what was served.
async fn bodies() -> Result<Vec<Bytes>, Box<dyn std::error::Error>> {
    let counts = Counts { ad_accounts: 1, ad_groups: 5_000, ..Counts::SMALL };
    let fake = FakePinterest::builder().size(Size::Custom(counts)).start().await?;
    let auth = Auth::access_token(fake.access_token().into());
    let client = Client::builder().base_url(&fake.url())?.auth(auth).build()?;
    let account = fake.edit(|data| data.ad_account_ids()).pop().unwrap_or_default();
    let pages = client.list(&endpoint::AD_GROUPS, Args::new().path("ad_account_id", account)).pages();
    let pages: Vec<RawPage> = pages.try_collect().await?;
    let body = |page: RawPage| {
        [b"{\"items\":[", page.items.join(&b","[..]).as_slice(), b"],\"bookmark\":null}"].concat()
    };
    Ok(pages.into_iter().map(|page| body(page).into()).collect())
}

fn sync(criterion: &mut Criterion) {
    let runtime = Runtime::new();
    assert!(runtime.is_ok(), "the runtime does not start");
    let Ok(runtime) = runtime else { return };
    let bodies = runtime.block_on(bodies());
    assert!(bodies.is_ok(), "the fake does not serve its ad groups: {:?}", bodies.err());
    let Ok(bodies) = bodies else { return };
    let bytes = bodies.iter().map(Bytes::len).sum::<usize>() * TIMES;
    let pages = bodies.len() * TIMES;
    let source = Streams(vec![Arc::new(AdGroups(Arc::new(bodies)))]);
    let modes = vec![SyncMode::FullRefresh, SyncMode::Incremental];
    let stream = CatalogStream::new("ad_groups", Map::new(), modes);
    let streams = vec![ConfiguredStream::new(stream, SyncMode::Incremental)];
    let catalog = ConfiguredCatalog { streams, ..ConfiguredCatalog::default() };
    let read = || {
        let read = testing::read_to(
            &source,
            Map::new(),
            &catalog,
            HashMap::new(),
            Arc::new(chrono::Utc::now),
            io::sink(),
        );
        assert!(
            runtime.block_on(read).is_ok_and(|complete| complete),
            "the pages were not read to their end"
        );
    };
    let mut group = criterion.benchmark_group("bodies to messages");
    group.sample_size(10);
    group
        .throughput(Throughput::Elements(pages as u64))
        .bench_function("pages", |bencher| bencher.iter(read));
    group.throughput(Throughput::Bytes(bytes as u64)).bench_function("bytes", |bencher| bencher.iter(read));
    group.finish();
}

criterion_group!(benches, sync);
criterion_main!(benches);
