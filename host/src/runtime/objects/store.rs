//! `IMsgStore`.

use super::{AddressBookContainer, DistList, Folder, MailUser, Message, Properties, Table, WithValues, has_properties, object};
use super::{raw_tags, with_values};
use crate::runtime::subscription::Source;
use crate::runtime::world::exports::mapi::session::objects as wit;
use crate::runtime::{Subscription, Subsystem, flags};
use mapi_engine::error::Result;
use mapi_engine::properties::PropTag;

/// What an `OpenEntry` opens, by its type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Object {
    /// `MAPI_STORE`.
    Store(MessageStore),
    /// `MAPI_FOLDER`.
    Folder(Folder),
    /// `MAPI_ABCONT`.
    Container(AddressBookContainer),
    /// `MAPI_MESSAGE`.
    Message(Message),
    /// `MAPI_MAILUSER`.
    MailUser(MailUser),
    /// `MAPI_DISTLIST`.
    DistList(DistList),
    /// An object that has properties and nothing more.
    Properties(Properties),
}

object! {
    /// A message store (`IMsgStore`).
    MessageStore
}

impl MessageStore {
    has_properties!(mapi_session_objects, store);

    /// `OpenEntry`; without an identifier the root folder.
    ///
    /// # Errors
    /// `stores` 2.3.
    pub async fn open_entry(
        &self,
        entry_id: Option<&[u8]>,
        flags: flags::StoreOpenEntryFlags,
        tags: Option<&[PropTag]>,
    ) -> Result<WithValues<Object>> {
        let (this, entry_id, tags) = (self.handle.resource, entry_id.map(<[u8]>::to_vec), raw_tags(tags));
        let opened = call!(self.subsystem(), "IMsgStore::OpenEntry", |live| {
            let store = live.world.mapi_session_objects().store();
            store.call_open_entry(&mut live.store, this, entry_id.as_ref(), flags, tags.as_deref()).await
        })?;
        with_values(self.subsystem().object(opened.object), opened.values)
    }

    /// `Advise`: registers for events of the whole store, or of one folder or message.
    ///
    /// # Errors
    /// `stores` 2.3.
    pub async fn advise(&self, entry_id: Option<&[u8]>, events: flags::EventMask) -> Result<Subscription> {
        let this = self.handle.resource;
        let entry_id = entry_id.map(<[u8]>::to_vec);
        let advise = async {
            call!(self.subsystem(), "IMsgStore::Advise", |live| {
                live.world.mapi_session_objects().store().call_advise(&mut live.store, this, entry_id.as_ref(), events).await
            })
        };
        self.subsystem().subscribe(Source::Store(self.clone()), advise).await
    }

    pub(crate) async fn unadvise(&self, connection: u32) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMsgStore::Unadvise", |live| {
            live.world.mapi_session_objects().store().call_unadvise(&mut live.store, this, connection).await
        })
    }

    /// `SetReceiveFolder`: sets the folder that receives messages of a class, or without an identifier
    /// removes the entry of the class. Without a class it is the default one.
    ///
    /// # Errors
    /// `stores` 2.6.
    pub async fn set_receive_folder(&self, message_class: Option<&str>, entry_id: Option<&[u8]>) -> Result<()> {
        let (this, class, entry_id) = (self.handle.resource, message_class.map(str::to_owned), entry_id.map(<[u8]>::to_vec));
        call!(self.subsystem(), "IMsgStore::SetReceiveFolder", |live| {
            let store = live.world.mapi_session_objects().store();
            let flags = flags::SetReceiveFolderFlags::MAPI_UNICODE;
            store.call_set_receive_folder(&mut live.store, this, class.as_deref(), entry_id.as_ref(), flags).await
        })
    }

    /// `GetReceiveFolder`: the entry identifier of the folder that receives messages of a class, and the
    /// class that decided it, "" for the default.
    ///
    /// # Errors
    /// `stores` 2.6.
    pub async fn get_receive_folder(&self, message_class: Option<&str>) -> Result<(Vec<u8>, String)> {
        let (this, class) = (self.handle.resource, message_class.map(str::to_owned));
        let found = call!(self.subsystem(), "IMsgStore::GetReceiveFolder", |live| {
            let store = live.world.mapi_session_objects().store();
            let flags = flags::GetReceiveFolderFlags::MAPI_UNICODE;
            store.call_get_receive_folder(&mut live.store, this, class.as_deref(), flags).await
        })?;
        Ok((found.entry_id, found.message_class))
    }

    /// `CompareEntryIDs`.
    ///
    /// # Errors
    /// `stores` 2.4.
    pub async fn compare_entry_ids(&self, first: &[u8], second: &[u8]) -> Result<bool> {
        let (this, first, second) = (self.handle.resource, first.to_vec(), second.to_vec());
        call!(self.subsystem(), "IMsgStore::CompareEntryIDs", |live| {
            live.world.mapi_session_objects().store().call_compare_entry_ids(&mut live.store, this, &first, &second).await
        })
    }

    /// `AbortSubmit`.
    ///
    /// # Errors
    /// `stores` 2.8.
    pub async fn abort_submit(&self, entry_id: &[u8]) -> Result<()> {
        let (this, entry_id) = (self.handle.resource, entry_id.to_vec());
        call!(self.subsystem(), "IMsgStore::AbortSubmit", |live| {
            live.world.mapi_session_objects().store().call_abort_submit(&mut live.store, this, &entry_id).await
        })
    }

    /// `GetOutgoingQueue`.
    ///
    /// # Errors
    /// `stores` 2.9.
    pub async fn get_outgoing_queue(&self) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMsgStore::GetOutgoingQueue", |live| {
            live.world.mapi_session_objects().store().call_get_outgoing_queue(&mut live.store, this).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }
}

impl Subsystem {
    pub(super) fn object(&self, object: wit::Object) -> Object {
        match object {
            wit::Object::Store(store) => Object::Store(MessageStore::new(self.hold(store))),
            wit::Object::Folder(folder) => Object::Folder(Folder::new(self.hold(folder))),
            wit::Object::Container(container) => Object::Container(AddressBookContainer::new(self.hold(container))),
            wit::Object::Message(message) => Object::Message(Message::new(self.hold(message))),
            wit::Object::MailUser(user) => Object::MailUser(MailUser::new(self.hold(user))),
            wit::Object::DistList(list) => Object::DistList(DistList::new(self.hold(list))),
            wit::Object::Properties(properties) => Object::Properties(Properties::new(self.hold(properties))),
        }
    }
}
