//! `IMAPIProp`.

use super::{AddressBookContainer, Control, DataStream, Message, Table, has_last_error, object};
use super::{raw_tags, values, warned};
use crate::runtime::convert::{Wire, map, wires};
use crate::runtime::flags;
use crate::runtime::world::exports::mapi::session::objects as wit;
use crate::runtime::world::mapi::session::types;
use mapi_engine::backend::NamedProperty;
use mapi_engine::error::{Code, Result, Warned};
use mapi_engine::properties::{Guid, PropTag, Property};

/// Why one property of several could not be treated (`SPropProblem`). The others were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropProblem {
    /// Its position in the caller's list.
    pub index: u32,
    /// The tag as given.
    pub tag: PropTag,
    /// Why.
    pub code: Code,
}

/// What `OpenProperty` is to open a property as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyInterface {
    /// `IID_IStream`.
    DataStream,
    /// `IID_IMAPITable`.
    Table,
    /// `IID_IMessage`.
    Message,
    /// `IID_IMAPIContainer`.
    Container,
    /// `IID_IMAPIControl`.
    Control,
    /// `IID_IStreamDocfile`.
    StreamDocfile,
}

/// What `OpenProperty` opens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OpenedProperty {
    /// A stream.
    DataStream(DataStream),
    /// A table.
    Table(Table),
    /// An embedded message.
    Message(Message),
    /// A container.
    Container(AddressBookContainer),
    /// A control.
    Control(Control),
}

object! {
    /// The properties of an object (`IMAPIProp`).
    Properties
}

impl Properties {
    has_last_error!(mapi_session_objects, properties);

    /// `SaveChanges`.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when another has saved meanwhile.
    pub async fn save_changes(&self, flags: flags::SaveChangesFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPIProp::SaveChanges", |live| {
            live.world.mapi_session_objects().properties().call_save_changes(&mut live.store, this, flags).await
        })
    }

    /// `GetProps`, in the order of the tags; all properties without tags. A property that is not there
    /// shows as an error value, with `MAPI_W_ERRORS_RETURNED`.
    ///
    /// # Errors
    /// `properties` 4.
    pub async fn get_props(&self, tags: Option<&[PropTag]>, flags: flags::GetPropsFlags) -> Result<Warned<Vec<Property>>> {
        let (this, tags) = (self.handle.resource, raw_tags(tags));
        values(call!(self.subsystem(), "IMAPIProp::GetProps", |live| {
            live.world.mapi_session_objects().properties().call_get_props(&mut live.store, this, tags.as_deref(), flags).await
        })?)
    }

    /// `GetPropList`.
    ///
    /// # Errors
    /// `properties` 4.
    pub async fn get_prop_list(&self, flags: flags::GetPropListFlags) -> Result<Vec<PropTag>> {
        let this = self.handle.resource;
        map(call!(self.subsystem(), "IMAPIProp::GetPropList", |live| {
            live.world.mapi_session_objects().properties().call_get_prop_list(&mut live.store, this, flags).await
        })?)
    }

    /// `OpenProperty`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_INTERFACE_NOT_SUPPORTED`.
    pub async fn open_property(
        &self,
        tag: PropTag,
        interface: PropertyInterface,
        options: flags::OpenPropertyOptions,
        flags: flags::OpenPropertyFlags,
    ) -> Result<OpenedProperty> {
        let this = self.handle.resource;
        let interface = match interface {
            PropertyInterface::DataStream => wit::PropertyInterface::DataStream,
            PropertyInterface::Table => wit::PropertyInterface::Table,
            PropertyInterface::Message => wit::PropertyInterface::Message,
            PropertyInterface::Container => wit::PropertyInterface::Container,
            PropertyInterface::Control => wit::PropertyInterface::Control,
            PropertyInterface::StreamDocfile => wit::PropertyInterface::StreamDocfile,
        };
        let opened = call!(self.subsystem(), "IMAPIProp::OpenProperty", |live| {
            let properties = live.world.mapi_session_objects().properties();
            properties.call_open_property(&mut live.store, this, tag.0, interface, options, flags).await
        })?;
        let subsystem = self.subsystem();
        Ok(match opened {
            wit::OpenedProperty::DataStream(stream) => OpenedProperty::DataStream(DataStream::new(subsystem.hold(stream))),
            wit::OpenedProperty::Table(table) => OpenedProperty::Table(Table::new(subsystem.hold(table))),
            wit::OpenedProperty::Message(message) => OpenedProperty::Message(Message::new(subsystem.hold(message))),
            wit::OpenedProperty::Container(container) => {
                OpenedProperty::Container(AddressBookContainer::new(subsystem.hold(container)))
            }
            wit::OpenedProperty::Control(control) => OpenedProperty::Control(Control::new(subsystem.hold(control))),
        })
    }

    /// `SetProps`; durable after `save_changes`.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` for an object opened read-only.
    pub async fn set_props(&self, properties: Vec<Property>) -> Result<Vec<PropProblem>> {
        let (this, properties) = (self.handle.resource, wires(properties));
        problems(call!(self.subsystem(), "IMAPIProp::SetProps", |live| {
            live.world.mapi_session_objects().properties().call_set_props(&mut live.store, this, &properties).await
        })?)
    }

    /// `DeleteProps`; durable after `save_changes`.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` for an object opened read-only.
    pub async fn delete_props(&self, tags: &[PropTag]) -> Result<Vec<PropProblem>> {
        let (this, tags): (_, Vec<u32>) = (self.handle.resource, tags.iter().map(|tag| tag.0).collect());
        problems(call!(self.subsystem(), "IMAPIProp::DeleteProps", |live| {
            live.world.mapi_session_objects().properties().call_delete_props(&mut live.store, this, &tags).await
        })?)
    }

    /// `CopyTo`: copies all properties but those excluded to an object of the same kind, and what a folder, a
    /// message or an attachment holds; to be saved afterwards. `MAPI_W_PARTIAL_COMPLETION` says that some of
    /// what it holds could not be copied.
    ///
    /// # Errors
    /// `properties` 4.7; `MAPI_E_INVALID_PARAMETER` for an object of another subsystem.
    pub async fn copy_to(
        &self,
        excluded_interfaces: &[Guid],
        excluded: Option<&[PropTag]>,
        destination: &Properties,
        flags: flags::CopyToFlags,
    ) -> Result<Warned<Vec<PropProblem>>> {
        let (this, to) = (self.handle.resource, self.handle.beside(&destination.handle)?);
        let interfaces: Vec<_> = excluded_interfaces.iter().map(|interface| interface.into_wit()).collect();
        let excluded = raw_tags(excluded);
        let copied = call!(self.subsystem(), "IMAPIProp::CopyTo", |live| {
            let properties = live.world.mapi_session_objects().properties();
            properties.call_copy_to(&mut live.store, this, &interfaces, excluded.as_deref(), to, flags).await
        })?;
        warned(problems(copied.problems)?, copied.warning)
    }

    /// `CopyProps`: copies the properties named; messages, folders, recipients and attachments by the
    /// `PT_OBJECT` tag that stands for them.
    ///
    /// # Errors
    /// `properties` 4.8; `MAPI_E_INVALID_PARAMETER` for an object of another subsystem.
    pub async fn copy_props(
        &self,
        tags: &[PropTag],
        destination: &Properties,
        flags: flags::CopyPropsFlags,
    ) -> Result<Warned<Vec<PropProblem>>> {
        let (this, to) = (self.handle.resource, self.handle.beside(&destination.handle)?);
        let tags: Vec<u32> = tags.iter().map(|tag| tag.0).collect();
        let copied = call!(self.subsystem(), "IMAPIProp::CopyProps", |live| {
            let properties = live.world.mapi_session_objects().properties();
            properties.call_copy_props(&mut live.store, this, &tags, to, flags).await
        })?;
        warned(problems(copied.problems)?, copied.warning)
    }

    /// `GetNamesFromIDs`; `None` for a tag without a name, with `MAPI_W_ERRORS_RETURNED`.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`.
    pub async fn get_names_from_ids(
        &self,
        tags: Option<&[PropTag]>,
        set: Option<Guid>,
        flags: flags::GetNamesFromIdsFlags,
    ) -> Result<Warned<Vec<(PropTag, Option<NamedProperty>)>>> {
        let (this, tags, set) = (self.handle.resource, raw_tags(tags), set.map(Wire::into_wit));
        let names = call!(self.subsystem(), "IMAPIProp::GetNamesFromIDs", |live| {
            let properties = live.world.mapi_session_objects().properties();
            properties.call_get_names_from_ids(&mut live.store, this, tags.as_deref(), set, flags).await
        })?;
        let named = |name: wit::TagName| Ok((PropTag(name.tag), name.name.map(NamedProperty::from_wit).transpose()?));
        warned(names.names.into_iter().map(named).collect::<Result<_>>()?, names.warning)
    }

    /// `GetIDsFromNames`; type `PT_ERROR` for a name without an identifier, with `MAPI_W_ERRORS_RETURNED`.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` when names are to be made and may not be.
    pub async fn get_ids_from_names(
        &self,
        names: Option<Vec<NamedProperty>>,
        flags: flags::GetIdsFromNamesFlags,
    ) -> Result<Warned<Vec<PropTag>>> {
        let (this, names) = (self.handle.resource, names.map(wires));
        let tags = call!(self.subsystem(), "IMAPIProp::GetIDsFromNames", |live| {
            let properties = live.world.mapi_session_objects().properties();
            properties.call_get_ids_from_names(&mut live.store, this, names.as_deref(), flags).await
        })?;
        warned(map(tags.tags)?, tags.warning)
    }
}

fn problems(problems: Vec<types::PropProblem>) -> Result<Vec<PropProblem>> {
    let problem = |problem: types::PropProblem| {
        Ok(PropProblem { index: problem.index, tag: PropTag(problem.tag), code: Code::from_wit(problem.code)? })
    };
    problems.into_iter().map(problem).collect()
}
