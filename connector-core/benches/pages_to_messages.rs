//! Pages to messages in one process: what the core costs for each record, from the bytes of an API to lines.
//!
//! Records of 2 KB in pages of 250 are kept in memory and handed out without a copy, and the lines go nowhere, so that
//! neither the network nor a disk is measured. `memcpy` of the same bytes is beside them: the ratio to it says more than
//! the time, which depends on the machine.

use std::collections::HashMap;
use std::hint::black_box;
use std::io;
use std::sync::Arc;

use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, Stream as CatalogStream, SyncMode};
use bytes::Bytes;
use connector_core::testing::{self, Streams};
use connector_core::{
    ClientFiltered, CursorFormat, CursorPolicy, CursorValue, Descriptor, Page, Pages, Partitions, RawRecord,
    Slice, Stream,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt, stream};
use serde_json::{Map, json};

const PAGES: usize = 40;
const RECORDS_A_PAGE: usize = 250;
const PARENTS: usize = 10;

#[derive(Clone)]
struct Records {
    name: &'static str,
    pages: Arc<Vec<Vec<Bytes>>>,
    parent: Option<&'static str>,
    cursor: CursorPolicy,
    dropped: Option<&'static str>,
}

impl Stream for Records {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.name, Map::new()).primary_key(["id"]).without_fields(self.dropped)
    }

    fn partitions(&self) -> Partitions {
        self.parent.map_or(Partitions::Single, |parent| Partitions::ChildrenOf {
            parent: parent.into(),
            key: "id".into(),
        })
    }

    fn cursor(&self) -> CursorPolicy {
        self.cursor.clone()
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        let share = if self.parent.is_some() { PAGES / PARENTS } else { PAGES };
        let page = |page: &Vec<Bytes>| Ok(Page::new(page.iter().cloned().map(RawRecord::already_checked)));
        stream::iter(self.pages.iter().take(share).map(page)).boxed()
    }
}

fn in_memory(streams: Vec<Records>) -> Streams {
    Streams(streams.into_iter().map(|stream| Arc::new(stream) as Arc<dyn Stream>).collect())
}

/// A record shaped like an ad group, with its time behind most other fields.
fn record(number: usize) -> Bytes {
    let record = json!({
        "id": format!("26800{number:08}"),
        "name": "Küche und Garten \"2026\"",
        "tracking_urls": {"click": vec!["https://shop.example/items?utm_source=pins"; 38]},
        "targeting_spec": {"LOCATION": ["US", "DE"], "INTEREST": (0..40).collect::<Vec<_>>()},
        "updated_time": 1_700_000_000 + number,
        "credentials": null,
    });
    record.to_string().into()
}

fn pages(criterion: &mut Criterion) {
    let pages: Vec<Vec<Bytes>> = (0..PAGES)
        .map(|page| (0..RECORDS_A_PAGE).map(|number| record(page * RECORDS_A_PAGE + number)).collect())
        .collect();
    let bytes: usize = pages.iter().flatten().map(Bytes::len).sum();
    let pages = Arc::new(pages);
    let plain = Records {
        name: "plain",
        pages: pages.clone(),
        parent: None,
        cursor: CursorPolicy::FullRefresh,
        dropped: None,
    };
    let by_time = CursorPolicy::ClientFiltered(ClientFiltered {
        field: "updated_time".into(),
        format: CursorFormat::EpochSeconds,
        start: CursorValue::from_epoch_seconds(0),
        reread_shared: false,
    });
    let parents = (0..PARENTS).map(|id| Bytes::from(json!({"id": id.to_string()}).to_string())).collect();
    let parents = Records { name: "parents", pages: Arc::new(vec![parents]), ..plain.clone() };
    let cases = [
        ("full refresh", vec![plain.clone()]),
        ("filtered by a cursor", vec![Records { cursor: by_time.clone(), ..plain.clone() }]),
        (
            "partitions of a parent",
            vec![Records { parent: Some("parents"), cursor: by_time, ..plain.clone() }, parents],
        ),
        ("a field dropped", vec![Records { dropped: Some("credentials"), ..plain }]),
    ];

    let mut group = criterion.benchmark_group("pages to messages");
    group.throughput(Throughput::Elements((PAGES * RECORDS_A_PAGE) as u64)).sample_size(10);
    for (name, streams) in cases {
        bench(&mut group, name, in_memory(streams));
    }
    group.finish();
    let mut group = criterion.benchmark_group("the same in bytes");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);
    bench(
        &mut group,
        "full refresh",
        in_memory(vec![Records {
            name: "plain",
            pages: pages.clone(),
            parent: None,
            cursor: CursorPolicy::FullRefresh,
            dropped: None,
        }]),
    );
    group.bench_function("memcpy", |bencher| {
        bencher
            .iter(|| black_box(pages.iter().map(|page| page.concat()).map(|page| page.len()).sum::<usize>()));
    });
    group.finish();
}

fn bench(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    source: Streams,
) {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()
    else {
        return;
    };
    let stream = CatalogStream::new("plain", Map::new(), vec![SyncMode::FullRefresh]);
    let catalog = ConfiguredCatalog {
        streams: vec![ConfiguredStream::new(stream, SyncMode::FullRefresh)],
        ..ConfiguredCatalog::default()
    };
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let read = testing::read_to(
                &source,
                Map::new(),
                &catalog,
                HashMap::new(),
                Arc::new(chrono::Utc::now),
                io::sink(),
            );
            assert!(runtime.block_on(read).is_ok_and(|complete| complete), "{name} was not read to its end");
        });
    });
}

criterion_group!(benches, pages);
criterion_main!(benches);
