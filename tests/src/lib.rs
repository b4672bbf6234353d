//! Tests that need more than one crate, and the kits others test their own parts with.

pub mod clients;
pub mod configured_provider;
pub mod conformance;
pub mod folder_programs;
pub mod remote_store;
pub mod scripted_transport;
