//! The tables of a store file (docs/format.md) and the numbers kept in them.

use crate::backends::sqlite::database::Schema;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{ObjectId, ObjectKind, ScanKind};

/// `MAPI` in ASCII.
pub(super) const STORE: Schema = Schema {
    what: "message store",
    application: 0x4D41_5049,
    migrations: &[
        include_str!("store_v1.sql"),
        include_str!("store_v2.sql"),
        include_str!("store_v3.sql"),
        include_str!("store_v4.sql"),
        include_str!("store_v5.sql"),
    ],
};

/// The object with the store's own properties.
pub(super) const STORE_OBJECT: i64 = 1;

/// The root folder.
pub(super) const ROOT: i64 = 2;

/// What an object is to the container it lies in: which of its tables lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Class(pub(super) i64);

impl Class {
    /// Listed nowhere: the store object and the root folder.
    pub(super) const NONE: Self = Self(0);
    pub(super) const SUBFOLDER: Self = Self(1);
    pub(super) const CONTENT: Self = Self(2);
    pub(super) const ASSOCIATED: Self = Self(3);
    const RECIPIENT: Self = Self(4);
    const ATTACHMENT: Self = Self(5);
    /// Added for soft-deleted objects.
    const DELETED: i64 = 8;

    /// The class of a live object of that kind.
    pub(super) fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Store => Self::NONE,
            ObjectKind::Folder | ObjectKind::SearchFolder => Self::SUBFOLDER,
            ObjectKind::Message | ObjectKind::EmbeddedMessage | ObjectKind::DistributionList => Self::CONTENT,
            ObjectKind::Associated => Self::ASSOCIATED,
            ObjectKind::Recipient => Self::RECIPIENT,
            ObjectKind::Attachment => Self::ATTACHMENT,
        }
    }

    /// The class a scan lists; the queue is no class.
    pub(super) fn scanned(kind: ScanKind) -> Option<Self> {
        Some(match kind {
            ScanKind::Subfolders => Self::SUBFOLDER,
            ScanKind::Contents => Self::CONTENT,
            ScanKind::Associated => Self::ASSOCIATED,
            ScanKind::Recipients => Self::RECIPIENT,
            ScanKind::Attachments => Self::ATTACHMENT,
            ScanKind::DeletedSubfolders => Self::SUBFOLDER.deleted(),
            ScanKind::DeletedContents => Self::CONTENT.deleted(),
            ScanKind::DeletedAssociated => Self::ASSOCIATED.deleted(),
            ScanKind::Queue => return None,
        })
    }

    /// The class after a soft deletion.
    pub(super) const fn deleted(self) -> Self {
        Self(self.0 | Self::DELETED)
    }

    /// The class after a restoration.
    pub(super) const fn live(self) -> Self {
        Self(self.0 & !Self::DELETED)
    }

    /// Whether the object is soft-deleted.
    pub(super) const fn is_deleted(self) -> bool {
        self.0 & Self::DELETED != 0
    }

    /// Whether orders are kept for it: contents, which may be millions.
    pub(super) fn is_ordered(self) -> bool {
        self == Self::CONTENT || self == Self::ASSOCIATED
    }

    /// The column of the table `counters` that counts it.
    pub(super) fn counter(self) -> Option<usize> {
        match self {
            Self::SUBFOLDER => Some(0),
            Self::CONTENT => Some(1),
            Self::ASSOCIATED => Some(2),
            Self(9) => Some(4),
            Self(10) => Some(5),
            Self(11) => Some(6),
            _ => None,
        }
    }
}

const KINDS: [ObjectKind; 9] = [
    ObjectKind::Store,
    ObjectKind::Folder,
    ObjectKind::SearchFolder,
    ObjectKind::Message,
    ObjectKind::Associated,
    ObjectKind::Recipient,
    ObjectKind::Attachment,
    ObjectKind::EmbeddedMessage,
    ObjectKind::DistributionList,
];

/// The number a kind is stored as.
pub(super) fn kind_number(kind: ObjectKind) -> i64 {
    KINDS.iter().position(|known| *known == kind).and_then(|place| i64::try_from(place).ok()).unwrap_or_default()
}

/// The kind stored as that number.
pub(super) fn kind_of(number: i64) -> Outcome<ObjectKind> {
    usize::try_from(number)
        .ok()
        .and_then(|place| KINDS.get(place))
        .copied()
        .ok_or_else(|| Trouble::damaged("an object is of an unknown kind"))
}

/// Whether the orders and tags of what lies in it are kept: folders, and distribution lists for their members.
pub(super) fn keeps_lists(kind: ObjectKind) -> bool {
    is_folder(kind) || kind == ObjectKind::DistributionList
}

/// Whether objects of that kind hold subfolders and contents.
pub(super) fn is_folder(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Folder | ObjectKind::SearchFolder)
}

/// The engine's name for an object.
pub(super) fn name_of(object: i64) -> Outcome<ObjectId> {
    ObjectId::new(&object.to_be_bytes()).ok_or_else(|| Trouble::damaged("an object has no identifier"))
}

/// The number behind the engine's name, `None` for a forged one.
pub(super) fn number_of(object: &ObjectId) -> Option<i64> {
    object.as_bytes().try_into().ok().map(i64::from_be_bytes).filter(|number| *number > 0)
}
