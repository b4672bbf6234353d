//! Notifications, out of the component.

use super::{Wire, map};
use crate::runtime::world::mapi::session::types as wit;
use mapi_engine::error::{Code, MapiError, Result};
use mapi_engine::notifications::{
    ErrorNotification, ExtendedNotification, NewMailNotification, Notification, ObjectNotification, StatusObjectNotification,
    TableEvent, TableNotification,
};
use mapi_engine::properties::{PropTag, Property};

/// # Errors
/// `MAPI_E_INVALID_PARAMETER` for a value the engine has no form for.
pub(crate) fn notification(event: wit::Notification) -> Result<Notification> {
    Ok(match event {
        wit::Notification::CriticalError(payload) => Notification::CriticalError(error(payload)?),
        wit::Notification::NewMail(payload) => Notification::NewMail(new_mail(payload)),
        wit::Notification::ObjectCreated(payload) => Notification::ObjectCreated(object(payload)),
        wit::Notification::ObjectDeleted(payload) => Notification::ObjectDeleted(object(payload)),
        wit::Notification::ObjectModified(payload) => Notification::ObjectModified(object(payload)),
        wit::Notification::ObjectMoved(payload) => Notification::ObjectMoved(object(payload)),
        wit::Notification::ObjectCopied(payload) => Notification::ObjectCopied(object(payload)),
        wit::Notification::SearchComplete(payload) => Notification::SearchComplete(object(payload)),
        wit::Notification::TableModified(payload) => Notification::TableModified(table(payload)?),
        wit::Notification::StatusObjectModified(payload) => Notification::StatusObjectModified(status(payload)?),
        wit::Notification::Indexing(payload) => Notification::Indexing(extended(payload)),
        wit::Notification::Extended(payload) => Notification::Extended(extended(payload)),
    })
}

fn error(payload: wit::ErrorNotification) -> Result<ErrorNotification> {
    let wit::ErrorNotification { entry_id, code, error } = payload;
    Ok(ErrorNotification { entry_id, code: Code::from_wit(code)?, error: error.map(MapiError::from_wit).transpose()? })
}

fn new_mail(payload: wit::NewMailNotification) -> NewMailNotification {
    let wit::NewMailNotification { entry_id, parent_id, message_class, message_flags } = payload;
    NewMailNotification { entry_id, parent_id, message_class, message_flags }
}

fn object(payload: wit::ObjectNotification) -> ObjectNotification {
    let wit::ObjectNotification { entry_id, object_type, parent_id, old_id, old_parent_id, tags } = payload;
    let tags = tags.map(|tags| tags.into_iter().map(PropTag).collect());
    ObjectNotification { entry_id, object_type, parent_id, old_id, old_parent_id, tags }
}

fn table(payload: wit::TableNotification) -> Result<TableNotification> {
    let wit::TableNotification { event, code, index, prior, row } = payload;
    let event = match event {
        wit::TableEvent::Changed => TableEvent::Changed,
        wit::TableEvent::Error => TableEvent::Error,
        wit::TableEvent::RowAdded => TableEvent::RowAdded,
        wit::TableEvent::RowDeleted => TableEvent::RowDeleted,
        wit::TableEvent::RowModified => TableEvent::RowModified,
        wit::TableEvent::SortDone => TableEvent::SortDone,
        wit::TableEvent::RestrictDone => TableEvent::RestrictDone,
        wit::TableEvent::SetcolDone => TableEvent::SetColDone,
        wit::TableEvent::Reload => TableEvent::Reload,
    };
    Ok(TableNotification {
        event,
        code: Code::from_wit(code)?,
        index: Property::from_wit(index)?,
        prior: Property::from_wit(prior)?,
        row: map(row)?,
    })
}

fn status(payload: wit::StatusObjectNotification) -> Result<StatusObjectNotification> {
    let wit::StatusObjectNotification { entry_id, properties } = payload;
    Ok(StatusObjectNotification { entry_id, properties: map(properties)? })
}

fn extended(payload: wit::ExtendedNotification) -> ExtendedNotification {
    let wit::ExtendedNotification { event, data } = payload;
    ExtendedNotification { event, data }
}
