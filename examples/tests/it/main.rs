//! The examples at work.

mod bookshop;
