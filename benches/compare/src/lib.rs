//! The instruments of the comparison with the official connector; `run` beside this crate plays on them.
//!
//! - [`server`] answers as Pinterest does, from prepared bytes: a page is one [`Template`](template::Template) whose ids are
//!   overwritten, so that any number of ads costs no memory and next to no time. Its [`traffic`] refuses what is over a limit
//!   in any moving span, and remembers when what was asked.
//! - [`process`] runs a program to its end and says what it took; [`records`] counts what it writes.
//!
//! ```
//! use compare::records::Counter;
//!
//! let mut counter = Counter::default();
//! counter.add(b"{\"type\":\"RECORD\",\"record\":{}}\n{\"type\":\"STATE\"}\n{\"type\":\"REC");
//! counter.add(b"ORD\",\"record\":{}}\n");
//! assert_eq!(counter.records(), 2);
//! ```

pub mod process;
pub mod records;
pub mod server;
pub mod template;
pub mod traffic;
