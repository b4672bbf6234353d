//! The status table and status objects (`status`).
