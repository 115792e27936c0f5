//! A typed client for version 5 of the Pinterest API.
