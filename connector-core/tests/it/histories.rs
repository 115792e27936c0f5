//! Whole histories of a connection. Whatever happens to its syncs, the first one without trouble has brought every row, and
//! the next one the newest numbers of the days that it looks back to.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use airbyte_protocol::RawJson;
use chrono::{Days, NaiveDate};
use connector_core::testing::{self, Run};
use connector_core::{
    ClientFiltered, Clock, Concurrency, CursorFormat, CursorPolicy, Failure, Page, Pages, Slice, Window,
    WindowUnit, Windowed,
};
use futures::{StreamExt, stream};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::{Map, Value, json};

use crate::made::{Made, Table};

/// The partitions of the stream of rows.
const IDS: [u32; 5] = [1, 2, 3, 4, 5];

/// The numbers of a day are final so many days later.
const FINAL_AFTER: Days = Days::new(2);

/// A day by its number; rows begin with the first.
fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 10).unwrap() + Days::new(number)
}

/// The day on which a connection begins.
const FIRST_TODAY: u64 = 10;

/// Most days have a row of the first partition, few have one of the last.
fn has_row(id: u32, day: NaiveDate) -> bool {
    let mut hasher = DefaultHasher::new();
    (id, day).hash(&mut hasher);
    hasher.finish() % 6 >= u64::from(id)
}

/// The day of the last change that a row of this day has seen. It changes daily until its numbers are final.
fn version(day: NaiveDate, today: NaiveDate) -> NaiveDate {
    today.min(day + FINAL_AFTER)
}

/// The rows that the source has of a slice.
fn rows(slice: &Slice, today: NaiveDate) -> Vec<Value> {
    let Window { start, end } = slice.window().copied().unwrap_or(Window { start: day(0), end: today });
    // What an earlier sync has begun holds the numbers of its day.
    let as_of = slice.kept().map_or(today, |day| day.as_str().unwrap().parse().unwrap());
    let ids = slice.partitions().iter().map(|partition| partition.get("id").unwrap().parse().unwrap());
    let rows_of = |id: u32| {
        let days = start.iter_days().take_while(move |day| *day <= end).filter(move |day| has_row(id, *day));
        days.map(move |day| json!({"of": id.to_string(), "day": day, "version": version(day, as_of)}))
    };
    ids.flat_map(rows_of).collect()
}

/// The stream of rows.
#[derive(Clone, Copy, Debug)]
struct Rows {
    cursor: Kind,
    batch: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Windowed,
    ClientFiltered { reread_shared: bool },
}

impl Rows {
    fn cursor(self, settings: &Settings) -> CursorPolicy {
        let field = "day".to_owned();
        match self.cursor {
            Kind::Windowed => CursorPolicy::Windowed(Windowed {
                field,
                start: Some(day(0)),
                horizon_days: 60,
                step_days: settings.step_days,
                lookback_days: settings.lookback_days,
                unit: WindowUnit::Day,
            }),
            Kind::ClientFiltered { reread_shared } => {
                let format = CursorFormat::EpochSeconds;
                CursorPolicy::ClientFiltered(ClientFiltered { field, format, start: None, reread_shared })
            }
        }
    }

    /// The first day of which every row of a partition is wanted.
    fn first_wanted(self, beginning: &Beginning, id: u32) -> NaiveDate {
        let shared = matches!(beginning, Beginning::Flat(_) | Beginning::Global(_));
        let left_aside = shared && self.cursor == Kind::ClientFiltered { reread_shared: true };
        if left_aside { day(0) } else { beginning.cursor_of(id).unwrap_or(day(0)) }
    }
}

/// The state that a connection begins with.
#[derive(Clone, Debug)]
enum Beginning {
    Nothing,
    Flat(NaiveDate),
    Global(NaiveDate),
    /// Some partitions, some of them twice.
    Each(Vec<Entry>),
}

#[derive(Clone, Debug)]
struct Entry {
    id: u32,
    id_is_text: bool,
    parent: Parent,
    cursor: NaiveDate,
}

/// How a state names the parent of a partition.
#[derive(Clone, Copy, Debug)]
enum Parent {
    Missing,
    WithoutItsOwn,
    Whole,
}

impl Entry {
    fn state(&self) -> Value {
        let id = if self.id_is_text { json!(self.id.to_string()) } else { json!(self.id) };
        let partition = match self.parent {
            Parent::Missing => json!({"id": id}),
            Parent::WithoutItsOwn => json!({"id": id, "parent_slice": {"id": "P"}}),
            Parent::Whole => json!({"id": id, "parent_slice": {"id": "P", "parent_slice": {}}}),
        };
        json!({"partition": partition, "cursor": {"day": self.cursor}})
    }
}

impl Beginning {
    fn state(&self) -> Option<Value> {
        let cursor = |day: &NaiveDate| json!({"day": day});
        Some(match self {
            Self::Nothing => return None,
            Self::Flat(day) => cursor(day),
            Self::Global(day) => {
                json!({"use_global_cursor": true, "state": cursor(day), "lookback_window": 1})
            }
            // Beside partitions, `state` says nothing of those that are not listed.
            Self::Each(entries) => json!({
                "states": entries.iter().map(Entry::state).collect::<Vec<_>>(),
                "state": (!entries.is_empty()).then(|| cursor(&day(FIRST_TODAY - 1))),
                "lookback_window": 1,
            }),
        })
    }

    /// The cursor of a partition; the oldest of several.
    fn cursor_of(&self, id: u32) -> Option<NaiveDate> {
        match self {
            Self::Nothing => None,
            Self::Flat(day) | Self::Global(day) => Some(*day),
            Self::Each(entries) => {
                entries.iter().filter(|entry| entry.id == id).map(|entry| entry.cursor).min()
            }
        }
    }
}

fn some_day() -> impl Strategy<Value = NaiveDate> {
    (0..FIRST_TODAY).prop_map(day)
}

fn some_id() -> impl Strategy<Value = u32> {
    prop::sample::select(&IDS[..])
}

fn beginning() -> impl Strategy<Value = Beginning> {
    let parent = prop::sample::select(vec![Parent::Missing, Parent::WithoutItsOwn, Parent::Whole]);
    let entry = (some_id(), any::<bool>(), parent, some_day())
        .prop_map(|(id, id_is_text, parent, cursor)| Entry { id, id_is_text, parent, cursor });
    prop_oneof![
        Just(Beginning::Nothing),
        some_day().prop_map(Beginning::Flat),
        some_day().prop_map(Beginning::Global),
        prop::collection::vec(entry, 0..9).prop_map(Beginning::Each),
    ]
}

/// What a user or a release changes between syncs.
#[derive(Clone, Debug, Default)]
struct Settings {
    concurrency: usize,
    step_days: u32,
    lookback_days: u32,
    /// Whether it is asked which days are final.
    skips_final_days: bool,
    /// Whether the parents are wanted, too.
    with_parents: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    (1..=4_usize, 1..=7_u32, 0..=4_u32, any::<bool>(), any::<bool>()).prop_map(
        |(concurrency, step_days, lookback_days, skips_final_days, with_parents)| Settings {
            concurrency,
            step_days,
            lookback_days,
            skips_final_days,
            with_parents,
        },
    )
}

/// What goes wrong in a sync.
#[derive(Clone, Debug)]
struct Trouble {
    /// The partitions that the parent lists.
    listed: Vec<u32>,
    /// Whether it fails after it has listed them.
    parent_fails: bool,
    /// Larger batches are refused.
    largest_batch: usize,
    faults: Vec<Fault>,
    /// Whether slices keep the day they were begun on, as those do that wait for a report: another sync goes on with it.
    keeps: bool,
    /// The messages after this one never arrive.
    last_message: Option<Index>,
}

/// Slices with this day of this partition fail after some rows. Without windows, any day is theirs.
#[derive(Clone, Debug)]
struct Fault {
    id: u32,
    day: NaiveDate,
    after: usize,
    is_divisible: bool,
}

impl Fault {
    fn strikes(&self, slice: &Slice) -> bool {
        let id = self.id.to_string();
        slice.partitions().iter().any(|partition| partition.get("id") == Some(&id))
            && slice.window().is_none_or(|window| (window.start..=window.end).contains(&self.day))
    }
}

impl Trouble {
    fn none() -> Self {
        Self {
            listed: IDS.to_vec(),
            parent_fails: false,
            largest_batch: usize::MAX,
            faults: Vec::new(),
            keeps: false,
            last_message: None,
        }
    }

    /// How many rows of a slice are served before it fails, and why.
    fn failure(&self, slice: &Slice) -> Option<(usize, Failure)> {
        if slice.partitions().len() > self.largest_batch {
            return Some((0, Failure::config("too many").divisible()));
        }
        let fault = self.faults.iter().find(|fault| fault.strikes(slice))?;
        let failure = Failure::config("a broken row");
        Some((fault.after, if fault.is_divisible { failure.divisible() } else { failure }))
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let listed = prop_oneof![Just(IDS.to_vec()), subsequence(&IDS[..], 1..IDS.len())];
    let fault = (some_id(), (0..FIRST_TODAY + 6).prop_map(day), 0..12_usize, any::<bool>())
        .prop_map(|(id, day, after, is_divisible)| Fault { id, day, after, is_divisible });
    let faults = prop::collection::vec(fault, 0..8);
    let keeps = prop::bool::weighted(0.3);
    (listed, prop::bool::weighted(0.3), 1..=4_usize, faults, keeps, prop::option::of(any::<Index>()))
        .prop_map(|(listed, parent_fails, largest_batch, faults, keeps, last_message)| Trouble {
            listed,
            parent_fails,
            largest_batch,
            faults,
            keeps,
            last_message,
        })
}

/// Something that happens to a connection.
#[derive(Clone, Debug)]
enum Step {
    NextDay,
    Migrate,
    Sync(Settings, Trouble),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::NextDay),
        1 => Just(Step::Migrate),
        4 => (settings(), trouble()).prop_map(|(settings, trouble)| Step::Sync(settings, trouble)),
    ]
}

#[derive(Clone, Debug)]
struct History {
    beginning: Beginning,
    steps: Vec<Step>,
    /// Nothing goes wrong in the last two syncs, one a day.
    calm: [Settings; 2],
}

fn history() -> impl Strategy<Value = History> {
    let calm = (settings(), settings()).prop_map(|(one, other)| [one, other]);
    (beginning(), prop::collection::vec(step(), 0..10), calm).prop_map(|(beginning, steps, calm)| History {
        beginning,
        steps,
        calm,
    })
}

/// A connection, and what its destination holds.
struct Connection {
    rows: Rows,
    beginning: Beginning,
    today: NaiveDate,
    saved: HashMap<String, RawJson>,
    /// The version of each row that arrived.
    arrived: BTreeMap<(u32, NaiveDate), NaiveDate>,
    /// Whether the last sync read everything.
    succeeded: bool,
    /// The state after each step, for whoever looks for the cause of a failure.
    told: Vec<String>,
}

impl Connection {
    fn new(rows: Rows, beginning: Beginning) -> Self {
        let saved = beginning.state().map(|state| ("rows".to_owned(), state.into()));
        Self {
            rows,
            beginning,
            today: day(FIRST_TODAY),
            saved: saved.into_iter().collect(),
            arrived: BTreeMap::new(),
            succeeded: true,
            told: Vec::new(),
        }
    }

    async fn go_through(&mut self, step: &Step) {
        match step {
            Step::NextDay => self.today = self.today + Days::new(1),
            Step::Migrate => self.migrate().await,
            Step::Sync(settings, trouble) => self.sync(settings, trouble).await,
        }
        let state = self.saved.get("rows").map_or("nothing", RawJson::get);
        self.told.push(format!("{}: {step:?} leaves {state}", self.today));
    }

    fn clock(&self) -> Clock {
        let noon = self.today.and_hms_opt(12, 0, 0).unwrap().and_utc();
        Arc::new(move || noon)
    }

    fn source(&self, settings: &Settings, trouble: &Trouble) -> Made {
        let grandparents =
            Table::new("grandparents", |_| in_turns([Page::from_values([json!({"id": "P"})])]));
        let Trouble { listed, parent_fails, .. } = trouble.clone();
        let parents = Table::new("parents", move |_| {
            let page = |ids: &[u32]| Page::from_values(ids.iter().map(|id| json!({"id": id.to_string()})));
            let failure = parent_fails.then(|| Err(Failure::config("closed")));
            in_turns(listed.chunks(2).map(page).chain(failure))
        });
        let mut rows =
            self.table(trouble.clone()).batched(self.rows.batch).kept_by(self.rows.cursor(settings));
        if settings.skips_final_days {
            rows = rows.final_up_to(&(self.today - FINAL_AFTER).to_string());
        }
        let (parents, rows) = (parents.child_of("grandparents"), rows.child_of("parents"));
        Made {
            concurrency: Concurrency::fixed(settings.concurrency),
            ..Made::of([&grandparents, &parents, &rows])
        }
    }

    fn table(&self, trouble: Trouble) -> Table {
        let (today, newest_first) = (self.today, self.rows.cursor != Kind::Windowed);
        Table::new("rows", move |slice| {
            let mut rows = rows(&slice, today);
            if newest_first {
                rows.reverse();
            }
            if trouble.keeps && slice.partitions().len() == 1 && slice.kept().is_none() {
                slice.keep(Some(json!(today)));
            }
            let failure = trouble.failure(&slice);
            rows.truncate(failure.as_ref().map_or(usize::MAX, |(after, _)| *after));
            let failure = failure.map(|(_, failure)| Err(failure));
            in_turns(rows.chunks(3).map(Page::from_values).chain(failure))
        })
    }

    async fn migrate(&mut self) {
        let source = self.source(&Settings::default(), &Trouble::none());
        let outcome =
            testing::migrate(&source, Map::new(), &source.catalog(), &self.saved, self.clock()).await;
        self.saved = outcome.unwrap().saved;
    }

    async fn sync(&mut self, settings: &Settings, trouble: &Trouble) {
        let source = self.source(settings, trouble);
        let wanted: &[&str] = if settings.with_parents { &["rows", "parents"] } else { &["rows"] };
        let catalog = source.catalog_of(wanted);
        let Run { success, mut messages } =
            testing::read(&source, Map::new(), &catalog, &self.saved, self.clock()).await;
        if let Some(last) = trouble.last_message {
            messages.truncate(last.index(messages.len() + 1));
        }
        let run = Run { success, messages };
        for row in run.records("rows") {
            let date = |field: &str| row[field].as_str().unwrap().parse::<NaiveDate>().unwrap();
            let id = row["of"].as_str().unwrap().parse().unwrap();
            self.arrived.insert((id, date("day")), date("version"));
        }
        self.saved.extend(run.saved());
        self.succeeded = success;
    }

    /// A sync in which nothing goes wrong.
    async fn calm_sync(&mut self, settings: &Settings) -> Result<(), TestCaseError> {
        self.go_through(&Step::Sync(settings.clone(), Trouble::none())).await;
        prop_assert!(self.succeeded, "a sync without trouble fails\n{}", self.told.join("\n"));
        Ok(())
    }

    /// The newest day that a partition's cursor can stand at.
    fn newest(&self, id: u32) -> NaiveDate {
        let rows = self.arrived.range((id, NaiveDate::MIN)..=(id, NaiveDate::MAX));
        rows.map(|((_, day), _)| *day).next_back().max(self.beginning.cursor_of(id)).unwrap_or(day(0))
    }

    /// Fails when of some row since these days, by partition, no version has arrived that is as new as this one.
    fn expect(
        &self,
        since: impl Fn(u32) -> NaiveDate,
        version: impl Fn(NaiveDate) -> NaiveDate,
        what: &str,
    ) -> Result<(), TestCaseError> {
        let days = |id: u32| since(id).max(day(0)).iter_days().take_while(|day| *day <= self.today);
        let rows = IDS.iter().flat_map(|id| days(*id).map(|day| (*id, day)));
        let is_missing = |(id, day): &(u32, NaiveDate)| {
            has_row(*id, *day) && self.arrived.get(&(*id, *day)).copied() < Some(version(*day))
        };
        let missing: Vec<_> = rows.filter(is_missing).map(|(id, day)| format!("{id} of {day}")).collect();
        prop_assert!(missing.is_empty(), "{what}: {missing:?}\n{}", self.told.join("\n"));
        Ok(())
    }
}

/// Pages with a pause before each, so that whatever is read at the same time takes turns.
fn in_turns<I: IntoIterator<Item = Result<Page, Failure>>>(pages: I) -> Pages<'static> {
    let pages: Vec<_> = pages.into_iter().collect();
    let after_a_pause = async |page| {
        tokio::task::yield_now().await;
        page
    };
    stream::iter(pages).then(after_a_pause).boxed()
}

async fn live(rows: Rows, history: History) -> Result<(), TestCaseError> {
    let History { beginning, steps, calm: [first, second] } = history;
    let mut connection = Connection::new(rows, beginning);
    for step in &steps {
        connection.go_through(step).await;
    }
    connection.calm_sync(&first).await?;
    let first_wanted = |id| rows.first_wanted(&connection.beginning, id);
    connection.expect(first_wanted, |_| NaiveDate::MIN, "rows are lost")?;

    let newest: HashMap<_, _> = IDS.into_iter().map(|id| (id, connection.newest(id))).collect();
    connection.go_through(&Step::NextDay).await;
    connection.calm_sync(&second).await?;
    if rows.cursor == Kind::Windowed {
        let again_since = |id| newest[&id] - Days::new(second.lookback_days.into());
        let today = connection.today;
        connection.expect(again_since, |day| version(day, today), "rows that changed are old")?;
    }
    Ok(())
}

fn check(cursor: Kind, batch: usize, history: History) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(live(Rows { cursor, batch }, history))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn partitions_read_in_windows_one_by_one_lose_nothing(history in history()) {
        check(Kind::Windowed, 1, history)?;
    }

    #[test]
    fn partitions_read_in_windows_two_at_a_time_lose_nothing(history in history()) {
        check(Kind::Windowed, 2, history)?;
    }

    #[test]
    fn partitions_read_in_windows_three_at_a_time_lose_nothing(history in history()) {
        check(Kind::Windowed, 3, history)?;
    }

    #[test]
    fn partitions_filtered_one_by_one_lose_nothing(history in history(), reread_shared in any::<bool>()) {
        check(Kind::ClientFiltered { reread_shared }, 1, history)?;
    }

    #[test]
    fn partitions_filtered_three_at_a_time_lose_nothing(history in history(), reread_shared in any::<bool>()) {
        check(Kind::ClientFiltered { reread_shared }, 3, history)?;
    }
}
