//! Opening a property as a stream (`properties` 4.6).

use super::{DataStream, StreamSource, StreamTarget, WriteTarget};
use crate::backend::{Log, Objects};
use crate::error::{Code, Failure, Result, check_flags};
use crate::properties::interface::{IID_ISTREAM, IID_ISTREAMDOCFILE};
use crate::properties::{OpenRequest, PropTag, PropType, SET_LIMIT};
use crate::session::Alive;
use std::rc::Rc;

/// `STGM_WRITE`, `STGM_READWRITE`.
const STGM_ACCESS: u32 = 0x3;
/// `STREAM_APPEND`.
const STREAM_APPEND: u32 = 0x4;
/// `STGM_TRANSACTED`.
const STGM_TRANSACTED: u32 = 0x1_0000;

/// What a stream is opened on.
pub(crate) struct StreamOn {
    pub(crate) alive: Alive,
    pub(crate) log: Rc<dyn Log>,
    /// Where a long value is put as it grows; `None`: values stay short.
    pub(crate) objects: Option<Rc<dyn Objects>>,
    /// The value there is, with its stored type.
    pub(crate) existing: Option<(StreamSource, PropType)>,
    /// Where a written value goes.
    pub(crate) target: Rc<dyn StreamTarget>,
    /// Why it may not be written, if so.
    pub(crate) may_write: Result<()>,
}

impl StreamOn {
    /// Opens the stream.
    pub(crate) fn open(self, request: &OpenRequest) -> Result<DataStream> {
        let kind = request.tag.kind();
        if request.interface != IID_ISTREAM && request.interface != IID_ISTREAMDOCFILE {
            return Err(Failure::new(Code::InterfaceNotSupported, "This property can only be opened as a stream (IID_IStream).")
                .with_tag(request.tag));
        }
        if !matches!(kind, PropType::BINARY | PropType::STRING8 | PropType::UNICODE | PropType::OBJECT) {
            return Err(no_stream(request.tag));
        }
        check_flags(request.options, STGM_ACCESS | STREAM_APPEND | STGM_TRANSACTED)?;
        if request.modify {
            self.may_write?;
        }
        let (source, stored) = match self.existing {
            Some((source, stored)) if stored.same_family(kind) || kind == PropType::OBJECT => (Some(source), stored),
            Some(_) if request.create => (None, kind),
            None if request.create => (None, kind),
            _ => return Err(Failure::not_found("The object has no such property of that type.").with_tag(request.tag)),
        };
        if !request.modify {
            let source = source.ok_or_else(|| Failure::not_found("The object has no such property.").with_tag(request.tag))?;
            if !stored.is_string() && stored != PropType::BINARY {
                return Err(no_stream(request.tag));
            }
            return Ok(DataStream::reader(
                self.alive,
                self.log,
                source,
                if kind == PropType::OBJECT { PropType::BINARY } else { kind },
            ));
        }
        let kind = if kind == PropType::OBJECT { PropType::BINARY } else { kind };
        let initial = match source {
            Some(source) if !request.create => whole(&DataStream::reader(self.alive.clone(), self.log.clone(), source, kind))?,
            _ => Vec::new(),
        };
        let target = WriteTarget {
            to: self.target,
            tag: request.tag.with_kind(kind),
            transacted: request.options & STGM_TRANSACTED != 0,
            append: request.options & STREAM_APPEND != 0,
            created: request.create,
        };
        Ok(DataStream::writer(self.alive, self.log, self.objects, initial, target))
    }
}

fn no_stream(tag: PropTag) -> Failure {
    Failure::new(Code::NoSupport, "Only strings and binary values can be opened as a stream; read others with GetProps.")
        .with_tag(tag)
}

/// The whole value, to be changed in memory.
fn whole(stream: &DataStream) -> Result<Vec<u8>> {
    if stream.size()? > SET_LIMIT {
        return Err(Failure::new(
            Code::NotEnoughMemory,
            "The value is too long to be changed in place; open it with MAPI_CREATE and write it anew.",
        ));
    }
    let mut bytes = Vec::new();
    loop {
        let piece = stream.read(1 << 20)?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece);
    }
}
