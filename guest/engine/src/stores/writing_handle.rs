//! A message that is open for writing: as long as one handle of the engine has it open so, it is neither
//! deleted nor marked as read (`stores` 5 "Multi-object rule").

use crate::backend::ObjectId;
use crate::stores::Connection;
use std::rc::Rc;

/// Lives as long as a message handle may write.
pub(crate) struct WritingHandle {
    connection: Rc<Connection>,
    message: ObjectId,
}

impl WritingHandle {
    pub(super) fn new(connection: Rc<Connection>, message: ObjectId) -> Self {
        Self { connection, message }
    }
}

impl Drop for WritingHandle {
    fn drop(&mut self) {
        self.connection.close_for_writing(&self.message);
    }
}
