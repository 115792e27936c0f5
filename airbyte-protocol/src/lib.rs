//! The messages of the Airbyte protocol, and reading and writing them as JSON lines.
