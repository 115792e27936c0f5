//! Scripts on the client, a second connector on the core, and the first command to run.
