//! What `migrate` tells people: one table for each file.

use comfy_table::{ContentArrangement, Table, presets};

/// How wide a table may be.
const COLUMNS: u16 = 120;

/// What is told of one file: the heads of a table and its rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    heads: Row,
    rows: Vec<Row>,
    /// What holds for several rows.
    note: Option<&'static str>,
}

/// The cells of a line of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(Vec<String>);

impl<T: Into<String>, const N: usize> From<[T; N]> for Row {
    fn from(cells: [T; N]) -> Self {
        Self(cells.map(Into::into).into())
    }
}

impl Row {
    /// Whether a cell has these words.
    pub(super) fn says(&self, words: &str) -> bool {
        self.0.iter().any(|cell| cell.contains(words))
    }
}

impl Section {
    pub(crate) fn new(heads: impl Into<Row>) -> Self {
        Self { heads: heads.into(), rows: Vec::new(), note: None }
    }

    pub(super) fn push(&mut self, row: impl Into<Row>) {
        self.rows.push(row.into());
    }

    /// Says something below the table.
    pub(super) fn note(&mut self, note: &'static str) {
        self.note = Some(note);
    }

    /// The table as text that ends with a new line; nothing without rows.
    pub(crate) fn render(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(presets::ASCII_FULL);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
        table.set_header(&self.heads.0);
        for Row(cells) in &self.rows {
            table.add_row(cells);
        }
        let note = self.note.map(|note| format!("{note}\n")).unwrap_or_default();
        format!("{}\n{note}", table.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_no_wider_than_a_terminal() {
        let mut section = Section::new(["stream", "was"]);
        assert_eq!(section.render(), "");
        section.push(["campaigns".to_owned(), "one cursor ".repeat(40)]);
        let table = section.render();
        assert!(table.lines().count() > 5 && table.lines().all(|line| line.len() <= 120), "{table}");
    }
}
