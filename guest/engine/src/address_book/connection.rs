//! An address book provider that is logged on, and all of them in profile order (`address-book` 1).

use super::computed::EntryColumns;
use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Change, Commit, Committed, Environment, Expected, LogLevel, Named, ObjectHead,
    ObjectId, ObjectKind, Objects, StagedValue, StoredProperty, StoredValue, Want,
};
use crate::entry_id::ProviderEntryId;
use crate::error::{Code, Failure, Result};
use crate::messages::{Values, stored_size};
use crate::properties::{Guid, INLINE_LIMIT, PropTag, Property, Value};
use crate::stores::Indexing;
use crate::tables::{Abilities, DefaultOrder, Feed, RowSource, StoredRows, StoredRowsOptions};
use std::cell::RefCell;
use std::rc::Rc;

/// Values above this many bytes are staged instead of travelling in the commit itself.
const STAGE_ABOVE: u64 = 1 << 20;

/// Bytes handed over in one call while a value is staged.
const STAGE_CHUNK: usize = 1 << 20;

/// The address book providers of a session that are active, in profile order.
#[derive(Default)]
pub(crate) struct ActiveBooks(RefCell<Vec<Rc<BookConnection>>>);

impl ActiveBooks {
    /// All of them.
    pub(crate) fn all(&self) -> Vec<Rc<BookConnection>> {
        self.0.borrow().clone()
    }

    /// The first one with that MAPIUID.
    pub(crate) fn by_uid(&self, uid: Guid) -> Option<Rc<BookConnection>> {
        self.0.borrow().iter().find(|book| book.uid() == uid).cloned()
    }

    /// The provider of a profile section.
    pub(crate) fn by_section(&self, section: Guid) -> Option<Rc<BookConnection>> {
        self.all().into_iter().find(|book| book.section == section)
    }

    /// Whether the provider of that profile section is active.
    pub(crate) fn contains(&self, section: Guid) -> bool {
        self.0.borrow().iter().any(|book| book.section == section)
    }

    /// Adds a provider; `order` are the sections of the profile in its order.
    pub(crate) fn add(&self, book: Rc<BookConnection>, order: &[Guid]) {
        let mut books = self.0.borrow_mut();
        books.push(book);
        books.sort_by_key(|book| order.iter().position(|section| *section == book.section));
    }

    /// Ends all logons. Dropping a provider calls the host, so that nothing is borrowed then.
    pub(crate) fn end(&self) {
        let books = self.0.take();
        drop(books);
    }
}

/// One provider.
pub(crate) struct BookConnection {
    backend: Rc<dyn AddressBook>,
    identity: AddressBookIdentity,
    indexing: Indexing,
    feed: Option<Rc<Feed>>,
    environment: Environment,
    token: u64,
    /// Its profile section.
    section: Guid,
    /// Its name, for people.
    name: String,
}

impl BookConnection {
    /// Its profile section.
    pub(crate) const fn section(&self) -> Guid {
        self.section
    }

    /// Takes a provider over.
    ///
    /// # Errors
    /// The provider's own.
    pub(crate) fn new(backend: Rc<dyn AddressBook>, environment: Environment, section: Guid, name: &str) -> Result<Rc<Self>> {
        let backend: Rc<dyn AddressBook> = Rc::new(Named::new(backend, name, section));
        let identity = backend.identity();
        let feed = if identity.feed { Feed::open(backend.clone())? } else { None };
        let mut token = [0; 8];
        environment.entropy.fill(&mut token);
        Ok(Rc::new(Self {
            backend,
            indexing: Indexing::of(&identity.index),
            identity,
            feed,
            environment,
            token: u64::from_le_bytes(token),
            section,
            name: name.to_owned(),
        }))
    }

    pub(crate) fn backend(&self) -> &Rc<dyn AddressBook> {
        &self.backend
    }

    pub(crate) fn uid(&self) -> Guid {
        self.identity.uid
    }

    /// `PR_AB_PROVIDER_ID`.
    pub(crate) fn kind(&self) -> Guid {
        self.identity.kind
    }

    pub(crate) fn root(&self) -> &ObjectId {
        &self.identity.root
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.identity.writable
    }

    pub(crate) fn feed(&self) -> Option<&Rc<Feed>> {
        self.feed.as_ref()
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The long-term entry identifier of one of its objects.
    pub(crate) fn entry_id(&self, object: &ObjectId) -> Vec<u8> {
        ProviderEntryId::of_object(self.uid(), object).to_bytes()
    }

    /// A failure of our own about the provider, with its name; those of the backend have it already.
    pub(crate) fn named(&self, failure: Failure) -> Failure {
        failure.from_provider(&self.name, self.section)
    }

    /// Writes down why something of the provider is missing where what others have is shown.
    pub(crate) fn note(&self, what: &str, failure: &Failure) {
        self.environment.log.log(LogLevel::Warn, &format!("{what}: {}", failure.brief()));
    }

    /// Reads an object that is not deleted.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, the provider's own.
    pub(crate) fn read(&self, object: &ObjectId, want: Want<'_>) -> Result<(ObjectHead, Vec<Property>)> {
        let (head, values) = self.backend.read(object, want, INLINE_LIMIT)?;
        if head.deleted || !matches!(head.kind, ObjectKind::Folder | ObjectKind::Message | ObjectKind::DistributionList) {
            return Err(self.named(Failure::not_found("The address book has no such entry; it may have been deleted.")));
        }
        Ok((head, values))
    }

    /// Reads columns of entries, computed ones included; entries that are gone are left out.
    ///
    /// # Errors
    /// The provider's own.
    pub(crate) fn read_columns(self: &Rc<Self>, objects: &[ObjectId], columns: &[PropTag]) -> Result<Batch> {
        if objects.is_empty() {
            return Ok(Batch::default());
        }
        let options = StoredRowsOptions {
            container: self.root().clone(),
            kind: crate::backend::ScanKind::Contents,
            abilities: Abilities::ENTRIES,
            default_columns: Vec::new(),
            default_order: DefaultOrder::default(),
        };
        let rows = StoredRows::new(self.backend.clone(), EntryColumns::of_members(self), None, options);
        rows.read(objects, columns, 0)
    }

    /// Allots the identifier of an entry to be created.
    ///
    /// # Errors
    /// The provider's own; `MAPI_E_CALL_FAILED` when it allots none.
    pub(crate) fn reserve(&self) -> Result<ObjectId> {
        let mut ids = self.backend.reserve(1)?;
        ids.pop().ok_or_else(|| {
            let text = "The address book did not allot an identifier for a new entry; check the address book.";
            self.named(Failure::new(Code::CallFailed, text))
        })
    }
}

/// Changes of one address book, made together. Values staged for them are given back when it is dropped
/// without a commit.
pub(crate) struct BookChanges<'a> {
    book: &'a BookConnection,
    changes: Vec<Change>,
    staged: Vec<u64>,
}

impl<'a> BookChanges<'a> {
    pub(crate) fn new(book: &'a BookConnection) -> Self {
        Self { book, changes: Vec::new(), staged: Vec::new() }
    }

    /// Creates an object.
    ///
    /// # Errors
    /// The provider's own, as with the others.
    pub(crate) fn create(&mut self, object: &ObjectId, parent: &ObjectId, kind: ObjectKind, values: Values) -> Result<()> {
        let properties = self.stored(values)?;
        self.changes.push(Change::Create { object: object.clone(), parent: parent.clone(), kind, properties });
        Ok(())
    }

    /// Sets and deletes values of an object.
    pub(crate) fn set(&mut self, object: &ObjectId, expected: Expected, values: Values, delete: Vec<PropTag>) -> Result<()> {
        let set = self.stored(values)?;
        self.changes.push(Change::Set { object: object.clone(), expected, set, delete, quiet: false });
        Ok(())
    }

    /// Removes an object with all below it.
    pub(crate) fn remove(&mut self, object: &ObjectId) {
        self.changes.push(Change::Remove { object: object.clone(), expected: Expected::Exists, hard: true });
    }

    fn stored(&mut self, values: Values) -> Result<Vec<StoredProperty>> {
        values.into_iter().map(|(tag, value)| self.stored_one(tag, value)).collect()
    }

    fn stored_one(&mut self, tag: PropTag, value: StoredValue) -> Result<StoredProperty> {
        let mut property = self.book.indexing.stored(tag, value);
        let long = match &property.value {
            StoredValue::Inline(Value::Unicode(text)) => text.as_bytes(),
            StoredValue::Inline(Value::Binary(bytes)) => bytes,
            _ => return Ok(property),
        };
        if long.len() as u64 <= STAGE_ABOVE {
            return Ok(property);
        }
        let size = stored_size(&property.value);
        let number = self.book.backend.stage()?;
        self.staged.push(number);
        for chunk in long.chunks(STAGE_CHUNK) {
            self.book.backend.append(number, chunk)?;
        }
        property.value = StoredValue::Staged(StagedValue { number, size });
        Ok(property)
    }

    /// The place of the last change of that object, and so of its version in what the commit answers.
    pub(crate) fn last_of(&self, object: &ObjectId) -> Option<usize> {
        self.changes.iter().rposition(|change| match change {
            Change::Create { object: of, .. } | Change::Set { object: of, .. } => of == object,
            _ => false,
        })
    }

    /// Commits, and lets every open view see it.
    ///
    /// # Errors
    /// The provider's own; nothing is changed then.
    pub(crate) fn commit(mut self) -> Result<Committed> {
        let commit = Commit { changes: core::mem::take(&mut self.changes), token: self.book.token, ..Commit::default() };
        let committed = self.book.backend.commit(commit)?;
        self.staged.clear();
        if let Some(feed) = self.book.feed() {
            feed.committed();
        }
        Ok(committed)
    }
}

impl Drop for BookChanges<'_> {
    fn drop(&mut self) {
        for number in self.staged.drain(..) {
            self.book.backend.discard(number);
        }
    }
}
