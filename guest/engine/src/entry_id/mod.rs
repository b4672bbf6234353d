//! Entry identifiers (`properties` 6, `session` 5).
