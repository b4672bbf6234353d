//! `IAttach`.

use super::{has_properties, object};
use mapi_engine::error::Result;

object! {
    /// An attachment (`IAttach`). Its data are the property `PR_ATTACH_DATA`, a stream or a message.
    Attachment
}

impl Attachment {
    has_properties!(mapi_session_objects, attachment);
}
