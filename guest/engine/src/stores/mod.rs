//! Message stores and folders (`stores`).
