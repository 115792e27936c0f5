//! Boards, their sections and their pins.

use super::Handle;
use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{BOARD_PINS, BOARD_SECTION_PINS, BOARD_SECTIONS, BOARDS};
use crate::ids::{AdAccountId, BoardId, BoardSectionId};
use crate::list::List;
use crate::model::{Board, BoardPrivacy, BoardSection, CreativeType, Pin};

impl Client {
    /// The boards of the account.
    #[must_use]
    pub fn boards(&self) -> Handle<Board> {
        Handle::new(self, Args::new())
    }

    /// The sections of a board.
    #[must_use]
    pub fn board_sections(&self, board: &BoardId) -> Handle<BoardSection> {
        Handle::new(self, Args::new().path("board_id", board))
    }

    /// The pins of a board, those in its sections included.
    #[must_use]
    pub fn board_pins(&self, board: &BoardId) -> Handle<Pin, Board> {
        Handle::new(self, Args::new().path("board_id", board))
    }

    /// The pins of a section of a board.
    #[must_use]
    pub fn board_section_pins(&self, board: &BoardId, section: &BoardSectionId) -> Handle<Pin, BoardSection> {
        Handle::new(self, Args::new().path("board_id", board).path("section_id", section))
    }
}

impl Handle<Board> {
    /// Lists them.
    pub fn list(&self) -> List<Board> {
        self.list_at(&BOARDS)
    }
}

impl Handle<BoardSection> {
    /// Lists them.
    pub fn list(&self) -> List<BoardSection> {
        self.list_at(&BOARD_SECTIONS)
    }
}

impl Handle<Pin, Board> {
    /// Lists them.
    pub fn list(&self) -> List<Pin, Board> {
        self.list_at(&BOARD_PINS)
    }
}

impl Handle<Pin, BoardSection> {
    /// Lists them.
    pub fn list(&self) -> List<Pin, BoardSection> {
        self.list_at(&BOARD_SECTION_PINS)
    }
}

/// The option that all listings of this family have in common.
macro_rules! common_options {
    ($($list:ty),*) => {$(
        impl $list {
            /// Lists what belongs to the owner of this ad account, instead of the token's own.
            pub fn ad_account_id(self, id: &AdAccountId) -> Self {
                self.option("ad_account_id", id)
            }
        }
    )*};
}

common_options!(List<Board>, List<BoardSection>, List<Pin, Board>, List<Pin, BoardSection>);

impl List<Board> {
    /// Only boards that these people see.
    pub fn privacy(self, privacy: BoardPrivacy) -> Self {
        self.option("privacy", privacy)
    }
}

impl List<Pin, Board> {
    /// Only pins of these forms.
    pub fn creative_types(self, types: impl IntoIterator<Item = CreativeType>) -> Self {
        self.options("creative_types", types)
    }

    /// Whether pins come with their numbers of the last 90 days and of all time.
    pub fn pin_metrics(self, include: bool) -> Self {
        self.option("pin_metrics", include)
    }
}
