//! A Pinterest API server with seeded data and faults, for tests and demonstrations.
