//! Sessions (`session`).
