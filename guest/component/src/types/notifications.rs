//! Notifications, for the world.

use crate::types::{wire_properties, wire_tags};
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Failure, Result};
use mapi_engine::notifications::{
    ErrorNotification, ExtendedNotification, NewMailNotification, Notification, NotificationBatch, ObjectNotification,
    StatusObjectNotification, TableEvent, TableNotification,
};
use mapi_engine::properties::Property;

impl TryFrom<NotificationBatch> for wire::NotificationBatch {
    type Error = Failure;

    fn try_from(batch: NotificationBatch) -> Result<Self> {
        let NotificationBatch { handle, connection, events } = batch;
        let events = events.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
        Ok(Self { handle, connection, events })
    }
}

impl TryFrom<Notification> for wire::Notification {
    type Error = Failure;

    fn try_from(event: Notification) -> Result<Self> {
        Ok(match event {
            Notification::CriticalError(payload) => Self::CriticalError(payload.into()),
            Notification::NewMail(payload) => Self::NewMail(payload.into()),
            Notification::ObjectCreated(payload) => Self::ObjectCreated(payload.into()),
            Notification::ObjectDeleted(payload) => Self::ObjectDeleted(payload.into()),
            Notification::ObjectModified(payload) => Self::ObjectModified(payload.into()),
            Notification::ObjectMoved(payload) => Self::ObjectMoved(payload.into()),
            Notification::ObjectCopied(payload) => Self::ObjectCopied(payload.into()),
            Notification::SearchComplete(payload) => Self::SearchComplete(payload.into()),
            Notification::TableModified(payload) => Self::TableModified(payload.try_into()?),
            Notification::StatusObjectModified(payload) => Self::StatusObjectModified(payload.try_into()?),
            Notification::Indexing(payload) => Self::Indexing(payload.into()),
            Notification::Extended(payload) => Self::Extended(payload.into()),
        })
    }
}

impl From<ErrorNotification> for wire::ErrorNotification {
    fn from(payload: ErrorNotification) -> Self {
        let ErrorNotification { entry_id, code, error } = payload;
        Self { entry_id, code: code.into(), error: error.map(Into::into) }
    }
}

impl From<NewMailNotification> for wire::NewMailNotification {
    fn from(payload: NewMailNotification) -> Self {
        let NewMailNotification { entry_id, parent_id, message_class, message_flags } = payload;
        Self { entry_id, parent_id, message_class, message_flags }
    }
}

impl From<ObjectNotification> for wire::ObjectNotification {
    fn from(payload: ObjectNotification) -> Self {
        let ObjectNotification { entry_id, object_type, parent_id, old_id, old_parent_id, tags } = payload;
        Self { entry_id, object_type, parent_id, old_id, old_parent_id, tags: tags.map(|tags| wire_tags(&tags)) }
    }
}

impl TryFrom<TableNotification> for wire::TableNotification {
    type Error = Failure;

    fn try_from(payload: TableNotification) -> Result<Self> {
        let TableNotification { event, code, index, prior, row } = payload;
        let event = match event {
            TableEvent::Changed => wire::TableEvent::Changed,
            TableEvent::Error => wire::TableEvent::Error,
            TableEvent::RowAdded => wire::TableEvent::RowAdded,
            TableEvent::RowDeleted => wire::TableEvent::RowDeleted,
            TableEvent::RowModified => wire::TableEvent::RowModified,
            TableEvent::SortDone => wire::TableEvent::SortDone,
            TableEvent::RestrictDone => wire::TableEvent::RestrictDone,
            TableEvent::SetColDone => wire::TableEvent::SetcolDone,
            TableEvent::Reload => wire::TableEvent::Reload,
        };
        let key = |key: Property| wire::Property::try_from(key);
        Ok(Self { event, code: code.into(), index: key(index)?, prior: key(prior)?, row: wire_properties(row)? })
    }
}

impl TryFrom<StatusObjectNotification> for wire::StatusObjectNotification {
    type Error = Failure;

    fn try_from(payload: StatusObjectNotification) -> Result<Self> {
        let StatusObjectNotification { entry_id, properties } = payload;
        Ok(Self { entry_id, properties: wire_properties(properties)? })
    }
}

impl From<ExtendedNotification> for wire::ExtendedNotification {
    fn from(payload: ExtendedNotification) -> Self {
        let ExtendedNotification { event, data } = payload;
        Self { event, data }
    }
}
