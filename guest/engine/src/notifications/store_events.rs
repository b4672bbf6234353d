//! Object events of one store, made from its change feed (`session` 8.2, `stores` 2.3, 11).
//!
//! The records of one commit are taken together: each object it changed gets one event, and each folder whose
//! children came, went or changed their read state another.

use crate::backend::{FeedPage, FeedRecord, FeedVerb, ObjectId, ObjectKind, Store, StoreIdentity, Want};
use crate::entry_id::ProviderEntryId;
use crate::error::{Code, Failure, Result};
use crate::notifications::{Connected, HandleQueue, NewMailNotification, Notification, ObjectNotification, mask};
use crate::properties::{Guid, PropTag, Value, tags};
use crate::stores::reference::object_type;
use crate::tables::{FeedListener, touched_folders};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};

/// What a store can be asked to tell.
const EVENTS: u32 = mask::CRITICAL_ERROR
    | mask::NEW_MAIL
    | mask::OBJECT_CREATED
    | mask::OBJECT_DELETED
    | mask::OBJECT_MODIFIED
    | mask::OBJECT_MOVED
    | mask::OBJECT_COPIED
    | mask::SEARCH_COMPLETE
    | mask::EXTENDED;

/// Records of one commit that are taken together; a larger commit is told in parts.
const RECORDS_AT_ONCE: usize = 8192;

/// A registration.
struct Registration {
    queue: Weak<HandleQueue>,
    connection: u32,
    mask: u32,
    /// The object; `None`: the whole store.
    object: Option<ObjectId>,
    /// The store's identifier as that client knows it.
    store: Rc<[u8]>,
}

/// The commit whose records are coming in.
#[derive(Default)]
struct Gathered {
    commit: u64,
    records: Vec<FeedRecord>,
    /// Objects told of in earlier parts of the commit.
    told: BTreeSet<ObjectId>,
}

/// An event before it is known who gets it: identifiers are the backend's.
struct Happened {
    make: fn(ObjectNotification) -> Notification,
    object: ObjectId,
    kind: ObjectKind,
    parent: ObjectId,
    old: Option<(ObjectId, ObjectId)>,
    tags: Vec<PropTag>,
}

/// The registrations at one store backend, and the events of its feed.
pub struct StoreEvents {
    backend: Rc<dyn Store>,
    uid: Guid,
    store: ObjectId,
    registrations: RefCell<Vec<Registration>>,
    gathered: RefCell<Gathered>,
}

impl StoreEvents {
    /// Events of that backend, told by its feed.
    #[must_use]
    pub fn new(backend: Rc<dyn Store>, identity: &StoreIdentity) -> Rc<Self> {
        Rc::new(Self {
            backend,
            uid: identity.uid,
            store: identity.store.clone(),
            registrations: RefCell::default(),
            gathered: RefCell::default(),
        })
    }

    /// Checks the mask of an `Advise` of a store or one of its objects.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for 0, `MAPI_E_NO_SUPPORT` for events a store cannot tell.
    pub fn check_mask(mask: u32) -> Result<()> {
        if mask == 0 {
            return Err(Failure::invalid("mask", "Advise needs at least one event to tell."));
        }
        if mask & !EVENTS != 0 {
            return Err(Failure::new(Code::NoSupport, "A message store does not tell all of these events.").with_argument("mask"));
        }
        Ok(())
    }

    /// Registers a client; `object`: `None` for the whole store. `store` is the store's identifier as the
    /// client knows it. The feed must have been read to its end before.
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_RESOURCES`.
    pub fn advise(
        self: &Rc<Self>,
        queue: &Rc<HandleQueue>,
        object: Option<ObjectId>,
        mask: u32,
        store: Vec<u8>,
        through_session: bool,
    ) -> Result<u32> {
        let events = Rc::downgrade(self);
        let connection =
            queue.connect(if through_session { Connected::ThroughSession(events) } else { Connected::Store(events) })?;
        self.registrations.borrow_mut().push(Registration {
            queue: Rc::downgrade(queue),
            connection,
            mask,
            object,
            store: store.into(),
        });
        Ok(connection)
    }

    /// Takes a registration back.
    pub fn unadvise(&self, queue: &HandleQueue, connection: u32) {
        self.registrations.borrow_mut().retain(|registration| registration.connection != connection);
        queue.disconnect(connection);
    }

    /// A search folder has finished its first pass.
    pub fn search_complete(&self, folder: &ObjectId, parent: &ObjectId) {
        self.tell(&Happened {
            make: Notification::SearchComplete,
            object: folder.clone(),
            kind: ObjectKind::SearchFolder,
            parent: parent.clone(),
            old: None,
            tags: Vec::new(),
        });
    }

    /// Tells what was gathered of a commit.
    fn flush(&self) {
        let Gathered { commit, records, told } = self.gathered.take();
        *self.gathered.borrow_mut() = Gathered { commit, records: Vec::new(), told: told.clone() };
        let mut told = told;
        let mut own: BTreeMap<&ObjectId, Vec<&FeedRecord>> = BTreeMap::new();
        for record in records.iter().filter(|record| has_events(record.kind)) {
            own.entry(&record.object).or_default().push(record);
        }
        for record in &records {
            let Some(of_object) = own.get(&record.object) else { continue };
            if told.insert(record.object.clone())
                && let Some(happened) = merged(of_object)
            {
                self.tell(&happened);
                if let Some(record) = of_object.iter().find(|record| is_arrival(record)) {
                    self.tell_new_mail(record, &happened.parent);
                }
            }
            for folder in touched_folders(record) {
                // A folder the commit changes itself has an event of its own.
                if !own.contains_key(folder) && told.insert(folder.clone()) {
                    self.tell_counts(folder);
                }
            }
        }
        self.gathered.borrow_mut().told = told;
    }

    fn entry_id(&self, object: &ObjectId) -> Vec<u8> {
        ProviderEntryId::of_object(self.uid, object).to_bytes()
    }

    fn tell(&self, happened: &Happened) {
        let Happened { make, object, kind, parent, old, tags } = happened;
        let payload = ObjectNotification {
            entry_id: self.entry_id(object),
            object_type: object_type(*kind).cast_unsigned(),
            parent_id: (*object != self.store).then(|| self.entry_id(parent)),
            old_id: old.as_ref().map(|(old, _)| self.entry_id(old)),
            old_parent_id: old.as_ref().map(|(_, parent)| self.entry_id(parent)),
            tags: (!tags.is_empty()).then(|| tags.clone()),
        };
        let concerns = |watched: &ObjectId| watched == object || old.as_ref().is_some_and(|(old, _)| old == watched);
        self.send(&make(payload), concerns, *object == self.store);
    }

    /// Counts of a folder changed.
    fn tell_counts(&self, folder: &ObjectId) {
        // The folder may have gone since; then its own event follows, and its parent is not known any more.
        let parent = match self.backend.read(folder, Want::Tags(&[]), 0) {
            Ok((head, _)) => head.parent,
            Err(_) => None,
        };
        let payload = ObjectNotification {
            entry_id: self.entry_id(folder),
            object_type: object_type(ObjectKind::Folder).cast_unsigned(),
            parent_id: parent.map(|parent| self.entry_id(&parent)),
            old_id: None,
            old_parent_id: None,
            tags: None,
        };
        self.send(&Notification::ObjectModified(payload), |watched| watched == folder, false);
    }

    fn tell_new_mail(&self, record: &FeedRecord, parent: &ObjectId) {
        // A message that has gone since was delivered all the same.
        let values = self.backend.read(&record.object, Want::Tags(&[tags::MESSAGE_CLASS, tags::MESSAGE_FLAGS]), 1024);
        let (mut message_class, mut message_flags) = (String::new(), 0);
        for property in values.map(|(_, values)| values).unwrap_or_default() {
            match property.value {
                Value::Unicode(class) => message_class = class,
                Value::Long(flags) => message_flags = flags.cast_unsigned(),
                _ => {}
            }
        }
        let payload = NewMailNotification {
            entry_id: self.entry_id(&record.object),
            parent_id: self.entry_id(parent),
            message_class,
            message_flags,
        };
        self.send(&Notification::NewMail(payload), |watched| watched == parent, false);
    }

    /// Queues an event for those it concerns. `of_store`: the payload is about the store, which each client
    /// knows by an identifier of its own.
    fn send(&self, event: &Notification, concerns: impl Fn(&ObjectId) -> bool, of_store: bool) {
        let mut registrations = self.registrations.borrow_mut();
        registrations.retain(|registration| registration.queue.upgrade().is_some_and(|queue| queue.is_open()));
        for registration in registrations.iter() {
            let always = matches!(event, Notification::CriticalError(_));
            if registration.mask & event.mask() == 0 && !always {
                continue;
            }
            if !always && registration.object.as_ref().is_some_and(|watched| !concerns(watched)) {
                continue;
            }
            let mut event = event.clone();
            if of_store && let Notification::ObjectModified(payload) = &mut event {
                payload.entry_id = registration.store.to_vec();
            }
            if let Some(queue) = registration.queue.upgrade() {
                queue.push(registration.connection, event);
            }
        }
    }
}

impl FeedListener for StoreEvents {
    fn listens(&self) -> bool {
        let mut registrations = self.registrations.borrow_mut();
        registrations.retain(|registration| registration.queue.upgrade().is_some_and(|queue| queue.is_open()));
        !registrations.is_empty()
    }

    fn heard(&self, page: &FeedPage) {
        if page.gap {
            self.flush();
            self.send(&Notification::lost(), |_| true, false);
        }
        for record in &page.records {
            let (commit, full) = {
                let gathered = self.gathered.borrow();
                (gathered.commit, gathered.records.len() >= RECORDS_AT_ONCE)
            };
            if commit != record.commit {
                self.flush();
                *self.gathered.borrow_mut() = Gathered { commit: record.commit, ..Gathered::default() };
            } else if full {
                self.flush();
            }
            self.gathered.borrow_mut().records.push(record.clone());
        }
        if !page.more {
            self.flush();
        }
    }
}

/// Whether objects of that kind have events of their own; a message's parts change with it.
const fn has_events(kind: ObjectKind) -> bool {
    !matches!(kind, ObjectKind::Recipient | ObjectKind::Attachment | ObjectKind::EmbeddedMessage)
}

/// The one event of all that a commit did to an object.
fn merged(records: &[&FeedRecord]) -> Option<Happened> {
    let (first, last) = (*records.first()?, *records.last()?);
    let deleted = matches!(last.verb, FeedVerb::Deleted { .. });
    let origin = records.iter().find_map(|record| match &record.verb {
        FeedVerb::Created => Some(None),
        FeedVerb::Copied { source, source_parent } => Some(Some((source.clone(), source_parent.clone()))),
        _ => None,
    });
    let from = records.iter().find_map(|record| match &record.verb {
        FeedVerb::Moved { from } => Some(from.clone()),
        _ => None,
    });
    let happened = |make: fn(ObjectNotification) -> Notification, old, tags| Happened {
        make,
        object: last.object.clone(),
        kind: last.kind,
        parent: last.parent.clone(),
        old,
        tags,
    };
    match (origin, from, deleted) {
        // It came and went within the commit: nobody ever saw it.
        (Some(_), _, true) => None,
        (Some(None), ..) => Some(happened(Notification::ObjectCreated, None, Vec::new())),
        (Some(old), ..) => Some(happened(Notification::ObjectCopied, old, Vec::new())),
        (None, _, true) => Some(Happened {
            // Where others knew it to be.
            parent: match &first.verb {
                FeedVerb::Moved { from } => from.clone(),
                _ => first.parent.clone(),
            },
            ..happened(Notification::ObjectDeleted, None, Vec::new())
        }),
        (None, Some(from), _) => Some(happened(Notification::ObjectMoved, Some((last.object.clone(), from)), Vec::new())),
        (None, None, _) => {
            let unknown = records.iter().any(|record| record.tags.is_empty());
            let mut tags: Vec<PropTag> = records.iter().flat_map(|record| record.tags.iter().copied()).collect();
            tags.sort_unstable();
            tags.dedup();
            Some(happened(Notification::ObjectModified, None, if unknown { Vec::new() } else { tags }))
        }
    }
}

/// Whether the record is the delivery of a message.
fn is_arrival(record: &FeedRecord) -> bool {
    let arrives = matches!(record.verb, FeedVerb::Created | FeedVerb::Copied { .. } | FeedVerb::Moved { .. });
    record.delivery && record.kind == ObjectKind::Message && arrives
}
