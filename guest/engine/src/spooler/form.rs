//! The form in which messages leave: `mime`'s composer, reading through the spooler's reference.

use crate::backend::ObjectId;
use crate::error::Result;
use crate::messages::Message;
use crate::mime::{self, ComposeOptions};
use crate::spooler::transfer::{Composer, Content};
use crate::stores::reference::StoreReference;
use std::rc::Rc;

/// Composes messages for transports.
pub(crate) struct MailComposer;

struct Form(mime::Composer);

impl Content for Form {
    fn read(&mut self, max: usize) -> Result<Vec<u8>> {
        self.0.read(max)
    }
}

impl Composer for MailComposer {
    fn compose(&self, store: &Rc<StoreReference>, message: &ObjectId) -> Result<Box<dyn Content>> {
        let (head, _) = store.read(message, &[])?;
        let message = Message::open(Rc::clone(store), message.clone(), &head, false)?;
        Ok(Box::new(Form(mime::Composer::open(&message, ComposeOptions::TRANSMISSION)?)))
    }
}
