//! Profiles, message services, providers (`profiles`).
