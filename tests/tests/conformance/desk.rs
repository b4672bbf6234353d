//! Where messages are written: a session with its default store open, and a folder in it.

use crate::bench::{Bench, column, list, open_store, root, text, value};
use mapi_session::error::{Failure, Result};
use mapi_session::flags::{self, ShowFormFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Folder, FormMessage, Message, MessageStore, Object, Session};

/// The class of its messages.
pub(crate) const CLASS: &str = "IPM.Note";

pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) store: MessageStore,
    /// The root folder of the store.
    pub(crate) folder: Folder,
}

impl Desk {
    pub(crate) async fn new(bench: &Bench) -> Self {
        Self::of(bench.session(&["store"]).await).await
    }

    /// The desk of a session on a profile with a store.
    pub(crate) async fn of(session: Session) -> Self {
        let store = open_store(&session, 0, flags::OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
        let folder = root(&store).await;
        Self { session, store, folder }
    }

    /// A message to somebody that was never saved.
    pub(crate) async fn draft(&self) -> Message {
        written(&self.folder).await
    }

    /// One that was.
    pub(crate) async fn saved_draft(&self) -> Message {
        let message = self.draft().await;
        let how = flags::SaveChangesFlags::KEEP_OPEN_READWRITE;
        message.properties().await.unwrap().save_changes(how).await.unwrap();
        message
    }

    pub(crate) async fn prepared(&self) -> u64 {
        self.session.prepare_form(self.draft().await).await.unwrap()
    }

    pub(crate) async fn show(&self, token: u64, how: ShowFormFlags) -> Result<()> {
        self.show_as(token, how, FormMessage::of_class(CLASS)).await
    }

    pub(crate) async fn show_as(&self, token: u64, how: ShowFormFlags, shown: FormMessage) -> Result<()> {
        self.session.show_form((&self.store, &self.folder), token, how, shown).await
    }

    /// A message is submitted and waits to be sent.
    pub(crate) async fn submit(&self) {
        let Value::Binary(id) = value(&self.store.properties().await.unwrap(), tags::IPM_OUTBOX_ENTRYID).await else {
            panic!("there is no Outbox")
        };
        let opened = self.store.open_entry(Some(&id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object;
        let Object::Folder(outbox) = opened else { panic!("the Outbox is no folder: {opened:?}") };
        written(&outbox).await.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
    }

    /// What lies in the folder.
    pub(crate) async fn saved(&self, tag: PropTag) -> String {
        list(&column(&self.folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap(), tag).await)
    }

    /// What waits to be sent.
    pub(crate) async fn queued(&self, tag: PropTag) -> String {
        list(&column(&self.store.get_outgoing_queue().await.unwrap(), tag).await)
    }

    /// The subjects of both.
    pub(crate) async fn subjects(&self) -> String {
        format!("saved [{}], queued [{}]", self.saved(tags::SUBJECT).await, self.queued(tags::SUBJECT).await)
    }
}

async fn written(folder: &Folder) -> Message {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let properties = message.properties().await.unwrap();
    properties.set_props(vec![Property::new(tags::SUBJECT, text("Draft"))]).await.unwrap();
    message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, vec![recipient("Ben")]).await.unwrap();
    message
}

/// A recipient row.
pub(crate) fn recipient(name: &str) -> Vec<Property> {
    vec![
        Property::new(tags::DISPLAY_NAME, text(name)),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text(&format!("{name}@example.org"))),
        Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
    ]
}

/// What a person answers who does not want to.
pub(crate) fn cancelled<T>() -> Result<T> {
    Err(Failure::new(mapi_engine::error::Code::UserCancel, "no"))
}
