//! Boards, their sections and their pins.

use super::Owned;
use crate::args::Args;
use crate::endpoint;
use crate::ids::{BoardId, BoardSectionId};
use crate::list::List;
use crate::model::{Board, BoardSection, Pin};

door! {
    /// The boards.
    Boards by boards()
}

impl Boards {
    /// All of them.
    pub fn list(&self) -> List<Board> {
        self.client.list_as(&endpoint::BOARDS, Args::new())
    }
}

impl Owned for Board {}

door! {
    /// The sections of a board.
    BoardSections by board_sections(board: BoardId)
}

impl BoardSections {
    /// All sections.
    pub fn list(&self) -> List<BoardSection> {
        self.client.list_as(&endpoint::BOARD_SECTIONS, Args::new().path("board_id", &self.board))
    }
}

door! {
    /// The pins of a board.
    BoardPins by board_pins(board: BoardId)
}

impl BoardPins {
    /// All pins of the board, those in its sections included.
    pub fn list(&self) -> List<Pin> {
        self.client.list_as(&endpoint::BOARD_PINS, Args::new().path("board_id", &self.board))
    }

    /// The pins of one section of the board.
    pub fn in_section(&self, section: &BoardSectionId) -> List<Pin> {
        let args = Args::new().path("board_id", &self.board).path("section_id", section);
        self.client.list_as(&endpoint::BOARD_SECTION_PINS, args)
    }
}
