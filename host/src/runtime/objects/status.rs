//! `IMAPIStatus`.

use super::{has_properties, object};
use mapi_engine::error::Result;

object! {
    /// A status object (`IMAPIStatus`).
    StatusObject
}

impl StatusObject {
    has_properties!(mapi_session_status, status_object);
}
