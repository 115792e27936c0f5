//! A core for Airbyte sources with incremental streams and substreams.
