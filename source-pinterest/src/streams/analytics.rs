//! The analytics streams: a table, and the engine's view of one row.

use std::sync::Arc;

use chrono::NaiveDate;
use connector_core::{
    Batch, Cost, CursorPolicy, Descriptor, Failure, Page, Pages, Partitions, RawRecord, Slice, Stream,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use pinterest_client::model::Granularity;
use pinterest_client::{Args, Endpoint, Reach, endpoint};

use super::client_for;
use super::reporting::Reporting;
use super::schema::{self, Schema};
use crate::policy;

/// The most entities that a request takes. Source: `maxItems` of the OpenAPI description.
const MOST_ENTITIES: usize = 250;

/// One stream: what differs from the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnalyticsDef {
    pub(super) name: &'static str,
    endpoint: &'static Endpoint,
    schema: &'static str,
    of: Of,
    /// The field that holds the day.
    date: &'static str,
}

/// Whose metrics they are.
#[derive(Clone, Copy, Debug)]
enum Of {
    User,
    AdAccount,
    /// Of the records of the parent stream: how a request names them, and how a row does.
    Entities {
        parent: &'static str,
        parameter: &'static str,
        column: &'static str,
    },
}

const OF_ADS: AnalyticsDef = AnalyticsDef {
    name: "ad_account_analytics",
    endpoint: &endpoint::AD_ACCOUNT_ANALYTICS,
    schema: schema::text!("ad_account_analytics"),
    of: Of::AdAccount,
    date: "DATE",
};

/// All of them, in the order of the catalog.
pub(super) const ALL: &[AnalyticsDef] = &[
    AnalyticsDef {
        name: "user_account_analytics",
        endpoint: &endpoint::USER_ACCOUNT_ANALYTICS,
        schema: schema::text!("user_account_analytics"),
        of: Of::User,
        date: "date",
    },
    OF_ADS,
    AnalyticsDef {
        name: "campaign_analytics",
        endpoint: &endpoint::CAMPAIGN_ANALYTICS,
        schema: schema::text!("campaign_analytics"),
        of: Of::Entities { parent: "campaigns", parameter: "campaign_ids", column: "CAMPAIGN_ID" },
        ..OF_ADS
    },
    AnalyticsDef {
        name: "ad_group_analytics",
        endpoint: &endpoint::AD_GROUP_ANALYTICS,
        of: Of::Entities { parent: "ad_groups", parameter: "ad_group_ids", column: "AD_GROUP_ID" },
        ..OF_ADS
    },
    AnalyticsDef {
        name: "ad_analytics",
        endpoint: &endpoint::AD_ANALYTICS,
        of: Of::Entities { parent: "ads", parameter: "ad_ids", column: "AD_ID" },
        ..OF_ADS
    },
];

/// A row of the table with what it is read with.
pub(super) struct Analytics {
    def: AnalyticsDef,
    schema: Schema,
    columns: Vec<String>,
    reporting: Arc<Reporting>,
}

impl Analytics {
    pub(super) fn new(def: AnalyticsDef, reporting: Arc<Reporting>) -> Result<Self, Failure> {
        let mut schema = schema::parse(def.name, def.schema)?;
        let columns = match def.of {
            Of::User => Vec::new(),
            _ => reporting.columns(def.name, schema::names(&schema).filter(|name| *name != def.date)),
        };
        schema::add(&mut schema, columns.iter().map(String::as_str));
        Ok(Self { def, schema, columns, reporting })
    }

    fn args(&self, slice: &Slice) -> Args {
        let mut args = Args::new();
        if let Some(window) = slice.window() {
            args = args.query("start_date", window.start).query("end_date", window.end);
        }
        let partition = slice.partition();
        let ad_account = match self.def.of {
            Of::User => return args,
            Of::AdAccount => partition,
            Of::Entities { parameter, .. } => {
                let ids: Vec<_> =
                    slice.partitions().iter().filter_map(|partition| partition.get("id")).collect();
                args = args.query(parameter, ids.join(","));
                partition.parent()
            }
        };
        args = args.path("ad_account_id", ad_account.get("id").unwrap_or_default());
        args = args.query("granularity", Granularity::Day).query("columns", self.columns.join(","));
        let attribution = &self.reporting.config.attribution;
        for (name, days) in [
            ("click_window_days", attribution.click_window_days),
            ("engagement_window_days", attribution.engagement_window_days),
            ("view_window_days", attribution.view_window_days),
        ] {
            if let Some(days) = days {
                args = args.query(name, days);
            }
        }
        match attribution.conversion_report_time {
            Some(time) => args.query("conversion_report_time", time),
            None => args,
        }
    }
}

impl Stream for Analytics {
    fn descriptor(&self) -> Descriptor {
        let descriptor = Descriptor::new(self.def.name, self.schema.clone());
        if !self.reporting.config.primary_keys {
            return descriptor;
        }
        match self.def.of {
            Of::User => descriptor.primary_key([self.def.date]),
            Of::AdAccount => descriptor.primary_key(["AD_ACCOUNT_ID", self.def.date]),
            Of::Entities { column, .. } => descriptor.primary_key([column, self.def.date]),
        }
    }

    fn partitions(&self) -> Partitions {
        let parent = match self.def.of {
            Of::User => return Partitions::Single,
            Of::AdAccount => "ad_accounts",
            Of::Entities { parent, .. } => parent,
        };
        Partitions::ChildrenOf { parent: parent.to_owned(), key: "id".to_owned() }
    }

    fn cursor(&self) -> CursorPolicy {
        let reach = Reach::of_analytics(Granularity::Day);
        self.reporting.cursor(self.def.date, self.reporting.config.start_date, reach, Granularity::Day)
    }

    fn batch(&self) -> Batch {
        match self.def.of {
            Of::Entities { column, .. } => {
                Batch::UpTo { size: MOST_ENTITIES, partition_of: column.to_owned() }
            }
            Of::User | Of::AdAccount => Batch::One,
        }
    }

    fn final_up_to(&self) -> BoxFuture<'_, Option<NaiveDate>> {
        match self.def.of {
            // Pinterest says it of the metrics of ads only.
            Of::User => std::future::ready(None).boxed(),
            Of::AdAccount | Of::Entities { .. } => self.reporting.final_up_to().boxed(),
        }
    }

    fn cost(&self, _: &Slice, _: Option<u64>) -> Cost {
        Cost::exactly(1).of(self.def.endpoint.category.as_str())
    }

    /// The rows go on while they arrive. When an answer fails for good in the middle, those before it have been handed on, and
    /// come again with what the engine makes of the batch: every row at least once.
    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        let client = match client_for(slice, &self.reporting.sign_in) {
            Ok(client) => client,
            Err(failure) => return stream::iter([Err(failure)]).boxed(),
        };
        let is_batch = slice.partitions().len() > 1;
        let rows = client.list(self.def.endpoint, self.args(slice)).rows();
        // The client has read each of them as a JSON object already.
        rows.map_ok(|rows| Page::new(rows.into_iter().map(RawRecord::already_checked)))
            .map_err(if is_batch { policy::batch_failure } else { policy::failure })
            .boxed()
    }
}
