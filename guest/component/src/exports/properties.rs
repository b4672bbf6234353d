//! The properties of objects and their streams.

use crate::exports::tables::exported as exported_table;
use crate::types::{Bits, properties, scode, tags, wire_properties, wire_tags};
use crate::world::exports::mapi::session::objects as export;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Result as EngineResult, Warned};
use mapi_engine::properties::interface::{
    IID_IMAPICONTAINER, IID_IMAPIPROP, IID_IMAPITABLE, IID_IMESSAGE, IID_ISTREAM, IID_ISTREAMDOCFILE,
};
use mapi_engine::properties::{DataStream, Guid, OpenedProperty, Problem, PropertyObject, SeekOrigin};

/// `IID_IMAPIControl`.
const IID_IMAPICONTROL: Guid = Guid::mapi(0x0002_031B);

/// The properties of an object.
pub(crate) struct ExportedProperties(PropertyObject);

/// A stream.
pub(crate) struct ExportedStream(DataStream);

/// The properties of an object for the world.
pub(crate) fn exported(properties: PropertyObject) -> export::Properties {
    export::Properties::new(ExportedProperties(properties))
}

/// The values an opening call returns along.
pub(crate) fn along(wanted: Option<Vec<u32>>, object: impl FnOnce() -> PropertyObject) -> EngineResult<Option<export::Values>> {
    let Some(wanted) = wanted else { return Ok(None) };
    let read = object().get_props(Some(&tags(wanted)), flags::GetPropsFlags::MAPI_UNICODE.raw())?;
    Ok(Some(export::Values { properties: wire_properties(read.value)?, warning: scode(read.warning) }))
}

fn problems(problems: Vec<Problem>) -> Vec<wire::PropProblem> {
    let problem = |problem: Problem| wire::PropProblem { index: problem.index, tag: problem.tag.0, code: problem.code.into() };
    problems.into_iter().map(problem).collect()
}

fn copied(copied: Warned<Vec<Problem>>) -> export::Copied {
    export::Copied { problems: problems(copied.value), warning: scode(copied.warning) }
}

impl export::GuestProperties for ExportedProperties {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn save_changes(&self, how: flags::SaveChangesFlags) -> Result<(), wire::Failure> {
        Ok(self.0.save_changes(how.raw())?)
    }

    fn get_props(&self, wanted: Option<Vec<u32>>, how: flags::GetPropsFlags) -> Result<export::Values, wire::Failure> {
        let read = self.0.get_props(wanted.map(tags).as_deref(), how.raw())?;
        Ok(export::Values { properties: wire_properties(read.value)?, warning: scode(read.warning) })
    }

    fn get_prop_list(&self, how: flags::GetPropListFlags) -> Result<Vec<u32>, wire::Failure> {
        Ok(wire_tags(&self.0.get_prop_list(how.raw())?))
    }

    fn open_property(
        &self,
        tag: u32,
        what: export::PropertyInterface,
        options: flags::OpenPropertyOptions,
        how: flags::OpenPropertyFlags,
    ) -> Result<export::OpenedProperty, wire::Failure> {
        let interface = match what {
            export::PropertyInterface::DataStream => IID_ISTREAM,
            export::PropertyInterface::Table => IID_IMAPITABLE,
            export::PropertyInterface::Message => IID_IMESSAGE,
            export::PropertyInterface::Container => IID_IMAPICONTAINER,
            export::PropertyInterface::Control => IID_IMAPICONTROL,
            export::PropertyInterface::StreamDocfile => IID_ISTREAMDOCFILE,
        };
        let opened = self.0.open_property(mapi_engine::properties::PropTag(tag), Some(interface), options.raw(), how.raw())?;
        Ok(match opened {
            OpenedProperty::Stream(stream) => export::OpenedProperty::DataStream(export::DataStream::new(ExportedStream(stream))),
            OpenedProperty::Table(table) => export::OpenedProperty::Table(exported_table(table)),
            OpenedProperty::Message(message) => export::OpenedProperty::Message(super::objects::exported_message(message)),
        })
    }

    fn set_props(&self, values: Vec<wire::Property>) -> Result<Vec<wire::PropProblem>, wire::Failure> {
        Ok(problems(self.0.set_props(properties(values)?)?))
    }

    fn delete_props(&self, unwanted: Vec<u32>) -> Result<Vec<wire::PropProblem>, wire::Failure> {
        Ok(problems(self.0.delete_props(&tags(unwanted))?))
    }

    fn copy_to(
        &self,
        excluded_interfaces: Vec<wire::Guid>,
        excluded: Option<Vec<u32>>,
        destination: export::PropertiesBorrow<'_>,
        how: flags::CopyToFlags,
    ) -> Result<export::Copied, wire::Failure> {
        let interfaces: Vec<Guid> = excluded_interfaces.into_iter().map(Into::into).collect();
        let excluded = excluded.map(tags);
        let destination = &destination.get::<Self>().0;
        Ok(copied(self.0.copy_to(&interfaces, excluded.as_deref(), Some(IID_IMAPIPROP), destination, how.raw())?))
    }

    fn copy_props(
        &self,
        wanted: Vec<u32>,
        destination: export::PropertiesBorrow<'_>,
        how: flags::CopyPropsFlags,
    ) -> Result<export::Copied, wire::Failure> {
        let destination = &destination.get::<Self>().0;
        Ok(copied(self.0.copy_props(&tags(wanted), Some(IID_IMAPIPROP), destination, how.raw())?))
    }

    fn get_names_from_ids(
        &self,
        wanted: Option<Vec<u32>>,
        set: Option<wire::Guid>,
        how: flags::GetNamesFromIdsFlags,
    ) -> Result<export::Names, wire::Failure> {
        let found = self.0.get_names_from_ids(wanted.map(tags).as_deref(), set.map(Into::into), how.raw())?;
        let names = found.value.into_iter().map(|(tag, name)| export::TagName { tag: tag.0, name: name.map(Into::into) });
        Ok(export::Names { names: names.collect(), warning: scode(found.warning) })
    }

    fn get_ids_from_names(
        &self,
        names: Option<Vec<wire::NamedProperty>>,
        how: flags::GetIdsFromNamesFlags,
    ) -> Result<export::NamedTags, wire::Failure> {
        let names: Option<Vec<_>> = names.map(|names| names.into_iter().map(Into::into).collect());
        let found = self.0.get_ids_from_names(names.as_deref(), how.raw())?;
        Ok(export::NamedTags { tags: wire_tags(&found.value), warning: scode(found.warning) })
    }
}

impl export::GuestDataStream for ExportedStream {
    fn read(&self, length: u32) -> Result<Vec<u8>, wire::Failure> {
        Ok(self.0.read(length)?)
    }

    fn write(&self, bytes: Vec<u8>) -> Result<(), wire::Failure> {
        // Everything is written or the call fails.
        self.0.write(&bytes)?;
        Ok(())
    }

    fn seek(&self, offset: i64, origin: export::SeekOrigin) -> Result<u64, wire::Failure> {
        let origin = match origin {
            export::SeekOrigin::Start => SeekOrigin::Start,
            export::SeekOrigin::Current => SeekOrigin::Current,
            export::SeekOrigin::End => SeekOrigin::End,
        };
        Ok(self.0.seek(origin, offset)?)
    }

    fn size(&self) -> Result<u64, wire::Failure> {
        Ok(self.0.size()?)
    }

    fn set_size(&self, size: u64) -> Result<(), wire::Failure> {
        Ok(self.0.set_size(size)?)
    }

    fn commit(&self) -> Result<(), wire::Failure> {
        Ok(self.0.commit()?)
    }

    fn revert(&self) -> Result<(), wire::Failure> {
        Ok(self.0.revert()?)
    }
}
