//! What a state holds, in words for people.

use super::StreamState;
use super::saved::{Form, Shared};
use crate::cursor::{CursorFormat, CursorValue};

impl StreamState {
    /// What the saved state held, in a few words.
    pub(crate) fn in_words(&self) -> String {
        let shared = self.shared.value().map(moment);
        match (self.form, shared, self.listed().count()) {
            (Form::Mark { done: true }, ..) => "read in full".to_owned(),
            (Form::Mark { done: false }, ..) => "a mark of a full refresh".to_owned(),
            (Form::Empty, ..) | (_, None, 0) => "nothing yet".to_owned(),
            _ if self.single => format!("one cursor ({})", self.only().map_or_else(String::new, moment)),
            (Form::Global, Some(shared), 0) => {
                format!("one cursor for all, because there were many ({shared})")
            }
            (_, Some(shared), 0) => format!("one cursor for all partitions ({shared})"),
            (_, shared, partitions) => {
                let each = match partitions {
                    1 => "a cursor for one partition".to_owned(),
                    many => format!("a cursor for each of {many} partitions"),
                };
                match shared.filter(|_| self.has_shared_cursor()) {
                    Some(shared) => format!("{each}, one for all others ({shared})"),
                    None => each,
                }
            }
        }
    }

    /// Whether partitions that have no cursor of their own go on at one that they share.
    fn has_shared_cursor(&self) -> bool {
        !self.single && matches!(self.shared, Shared::ForAll(_))
    }

    /// Whether no partition has a cursor of its own yet, but all share one.
    pub(crate) fn is_shared(&self) -> bool {
        self.has_shared_cursor() && self.listed().next().is_none()
    }
}

/// A moment as people write it: without its time where that is midnight.
fn moment(value: CursorValue) -> String {
    let text = value.render(CursorFormat::DateTime);
    text.strip_suffix("T00:00:00Z").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use airbyte_protocol::RawJson;
    use serde_json::{Value, json};

    use super::*;
    use crate::cursor::{ClientFiltered, CursorPolicy};
    use crate::partition::{Division, Partition};

    fn words(division: &Division, saved: Value) -> String {
        let policy = CursorPolicy::ClientFiltered(ClientFiltered {
            field: "t".into(),
            format: CursorFormat::EpochSeconds,
            start: None,
            reread_shared: false,
        });
        let now = "2026-11-24T00:00:00Z".parse().unwrap();
        StreamState::new(policy, Some(division), Some(&RawJson::from(saved)), now).unwrap().in_words()
    }

    #[test]
    fn every_form_is_told_in_words() {
        let by_id = Division::of(&Partition::root().child([("id", "A")]));
        let entry = |id: &str| json!({"partition": {"id": id}, "cursor": {"t": 1}});
        for (saved, expected) in [
            (json!({}), "nothing yet"),
            (json!({"states": []}), "nothing yet"),
            (json!({"t": null}), "nothing yet"),
            (json!({"__ab_no_cursor_state_message": true}), "read in full"),
            (json!({"next_page_token": "x"}), "a mark of a full refresh"),
            (json!({"t": 1_794_268_800}), "one cursor for all partitions (2026-11-10)"),
            (json!({"t": "1794268805"}), "one cursor for all partitions (2026-11-10T00:00:05Z)"),
            (json!({"states": [], "state": {"t": 0}}), "one cursor for all partitions (1970-01-01)"),
            (
                json!({"use_global_cursor": true, "state": {"t": "2026-11-10"}}),
                "one cursor for all, because there were many (2026-11-10)",
            ),
            (json!({"states": [entry("A")]}), "a cursor for one partition"),
            (
                json!({"states": [entry("A"), entry("B")], "state": {"t": 1}}),
                "a cursor for each of 2 partitions",
            ),
            (
                json!({"states": [entry("A"), entry("B")], "state": {"t": 0}, "state_is_for_all": true}),
                "a cursor for each of 2 partitions, one for all others (1970-01-01)",
            ),
        ] {
            assert_eq!(words(&by_id, saved.clone()), expected, "{saved}");
        }
        for saved in [json!({"t": 0}), json!({"states": [{"partition": {}, "cursor": {"t": 0}}]})] {
            assert_eq!(words(&Division::default(), saved.clone()), "one cursor (1970-01-01)", "{saved}");
        }
    }
}
