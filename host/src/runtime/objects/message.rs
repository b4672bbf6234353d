//! `IMessage`.

use super::{Attachment, ExportOptions, MessageExport, Table, WithValues, has_properties, object};
use super::{completion, raw_tags, with_values};
use crate::runtime::convert::wires;
use crate::runtime::flags;
use mapi_engine::error::{Result, Warned};
use mapi_engine::properties::{PropTag, Property};

object! {
    /// A message (`IMessage`).
    Message
}

impl Message {
    has_properties!(mapi_session_objects, message);

    /// `GetAttachmentTable`.
    ///
    /// # Errors
    /// `messages` 3.
    pub async fn get_attachment_table(&self, flags: flags::GetAttachmentTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMessage::GetAttachmentTable", |live| {
            live.world.mapi_session_objects().message().call_get_attachment_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `OpenAttach`, by `PR_ATTACH_NUM`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn open_attach(
        &self,
        number: u32,
        flags: flags::OpenAttachFlags,
        tags: Option<&[PropTag]>,
    ) -> Result<WithValues<Attachment>> {
        let (this, tags) = (self.handle.resource, raw_tags(tags));
        let opened = call!(self.subsystem(), "IMessage::OpenAttach", |live| {
            let message = live.world.mapi_session_objects().message();
            message.call_open_attach(&mut live.store, this, number, flags, tags.as_deref()).await
        })?;
        with_values(Attachment::new(self.subsystem().hold(opened.attachment)), opened.values)
    }

    /// `CreateAttach`: the new attachment with its `PR_ATTACH_NUM`. It is saved before its message is.
    ///
    /// # Errors
    /// `messages` 3.
    pub async fn create_attach(&self, flags: flags::CreateAttachFlags) -> Result<(u32, Attachment)> {
        let this = self.handle.resource;
        let created = call!(self.subsystem(), "IMessage::CreateAttach", |live| {
            live.world.mapi_session_objects().message().call_create_attach(&mut live.store, this, flags).await
        })?;
        Ok((created.number, Attachment::new(self.subsystem().hold(created.attachment))))
    }

    /// `DeleteAttach`, by `PR_ATTACH_NUM`; others see it when the message is saved.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn delete_attach(&self, number: u32, flags: flags::DeleteAttachFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMessage::DeleteAttach", |live| {
            live.world.mapi_session_objects().message().call_delete_attach(&mut live.store, this, number, flags).await
        })
    }

    /// `ModifyRecipients`; a row is the properties of one recipient.
    ///
    /// # Errors
    /// `messages` 2.
    pub async fn modify_recipients(&self, flags: flags::ModifyRecipientsFlags, rows: Vec<Vec<Property>>) -> Result<()> {
        let (this, rows): (_, Vec<_>) = (self.handle.resource, rows.into_iter().map(wires).collect());
        call!(self.subsystem(), "IMessage::ModifyRecipients", |live| {
            live.world.mapi_session_objects().message().call_modify_recipients(&mut live.store, this, flags, &rows).await
        })
    }

    /// `GetRecipientTable`.
    ///
    /// # Errors
    /// `messages` 4.
    pub async fn get_recipient_table(&self, flags: flags::GetRecipientTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMessage::GetRecipientTable", |live| {
            live.world.mapi_session_objects().message().call_get_recipient_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `SubmitMessage`: saves the message and puts it into the outgoing queue. Afterwards it can only be
    /// dropped; it is sent at turns.
    ///
    /// # Errors
    /// `messages` 7.1.
    pub async fn submit_message(&self, flags: flags::SubmitMessageFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMessage::SubmitMessage", |live| {
            live.world.mapi_session_objects().message().call_submit_message(&mut live.store, this, flags).await
        })
    }

    /// Begins to export this message in RFC 5322 form, unsaved changes included.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn export_message(&self, options: ExportOptions) -> Result<MessageExport> {
        let (this, options) = (self.handle.resource, options.into_wit());
        let export = call_plain!(self.subsystem(), "ExportMessages", |live| {
            live.world.mapi_session_objects().message().call_export_message(&mut live.store, this, options).await
        })?;
        Ok(MessageExport::new(self.subsystem().hold(export)))
    }

    /// `SetReadFlag`: marks the message as read or unread, at once and whatever is unsaved.
    ///
    /// # Errors
    /// `messages` 1.1.
    pub async fn set_read_flag(&self, flags: flags::SetReadFlagFlags) -> Result<Warned<()>> {
        let this = self.handle.resource;
        completion(call!(self.subsystem(), "IMessage::SetReadFlag", |live| {
            live.world.mapi_session_objects().message().call_set_read_flag(&mut live.store, this, flags).await
        })?)
    }
}
