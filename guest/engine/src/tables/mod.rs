//! Tables (`tables`).
