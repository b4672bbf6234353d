//! MIME (`messages` 10).
