//! Objects of backends, and the columnar batches their properties cross the border in.

use super::{Wire, map, wires};
use crate::runtime::world::mapi::session::{backend_types as backend, types as wit};
use mapi_engine::backend::{Batch, CheckReport, Column, ColumnData, IndexPlan, ObjectHead, ObjectId, ObjectKind, TagSize};
use mapi_engine::error::{Failure, Result};
use mapi_engine::properties::{PropTag, Value};

impl Wire for ObjectId {
    type Wit = Vec<u8>;

    fn into_wit(self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_wit(bytes: Vec<u8>) -> Result<Self> {
        Self::new(&bytes).ok_or_else(|| Failure::invalid("object", "an object identifier has 1 to 255 bytes"))
    }
}

impl Wire for ObjectKind {
    type Wit = backend::ObjectKind;

    fn into_wit(self) -> backend::ObjectKind {
        match self {
            Self::Store => backend::ObjectKind::Store,
            Self::Folder => backend::ObjectKind::Folder,
            Self::SearchFolder => backend::ObjectKind::SearchFolder,
            Self::Message => backend::ObjectKind::Message,
            Self::Associated => backend::ObjectKind::Associated,
            Self::Recipient => backend::ObjectKind::Recipient,
            Self::Attachment => backend::ObjectKind::Attachment,
            Self::EmbeddedMessage => backend::ObjectKind::EmbeddedMessage,
            Self::DistributionList => backend::ObjectKind::DistributionList,
        }
    }

    fn from_wit(kind: backend::ObjectKind) -> Result<Self> {
        Ok(match kind {
            backend::ObjectKind::Store => Self::Store,
            backend::ObjectKind::Folder => Self::Folder,
            backend::ObjectKind::SearchFolder => Self::SearchFolder,
            backend::ObjectKind::Message => Self::Message,
            backend::ObjectKind::Associated => Self::Associated,
            backend::ObjectKind::Recipient => Self::Recipient,
            backend::ObjectKind::Attachment => Self::Attachment,
            backend::ObjectKind::EmbeddedMessage => Self::EmbeddedMessage,
            backend::ObjectKind::DistributionList => Self::DistributionList,
        })
    }
}

pub(crate) fn head(head: ObjectHead) -> backend::ObjectHead {
    let ObjectHead { kind, parent, version, arrival, deleted } = head;
    backend::ObjectHead { kind: kind.into_wit(), parent: parent.map(Wire::into_wit), version, arrival, deleted }
}

pub(crate) fn tag_size(tag: TagSize) -> backend::TagSize {
    backend::TagSize { tag: tag.tag.0, size: tag.size }
}

pub(crate) fn index_plan(plan: IndexPlan) -> backend::IndexPlan {
    let IndexPlan { ordered, searched, key_version } = plan;
    backend::IndexPlan { ordered: wires(ordered), searched: wires(searched), key_version }
}

impl Wire for Column {
    type Wit = wit::Column;

    fn into_wit(self) -> wit::Column {
        let data = match self.data {
            ColumnData::Longs(cells) => wit::ColumnData::Longs(cells),
            ColumnData::I64s(cells) => wit::ColumnData::I64s(cells),
            ColumnData::Text(text, ends) => wit::ColumnData::Text(wit::TextArena { text, ends }),
            ColumnData::Bytes(bytes, ends) => wit::ColumnData::Bytes(wit::ByteArena { bytes, ends }),
            ColumnData::Mixed(cells) => wit::ColumnData::Mixed(wires(cells)),
        };
        wit::Column { tag: self.tag.0, present: self.present, data }
    }

    fn from_wit(column: wit::Column) -> Result<Self> {
        let data = match column.data {
            wit::ColumnData::Longs(cells) => ColumnData::Longs(cells),
            wit::ColumnData::I64s(cells) => ColumnData::I64s(cells),
            wit::ColumnData::Text(arena) => ColumnData::Text(arena.text, arena.ends),
            wit::ColumnData::Bytes(arena) => ColumnData::Bytes(arena.bytes, arena.ends),
            wit::ColumnData::Mixed(cells) => ColumnData::Mixed(map::<Value>(cells)?),
        };
        Ok(Self { tag: PropTag(column.tag), present: column.present, data })
    }
}

pub(crate) fn batch(batch: Batch) -> Result<backend::Batch> {
    let Batch { ids, arrivals, parents, kinds, columns } = batch;
    Ok(backend::Batch {
        ids: identifiers(&ids)?,
        arrivals,
        parents: identifiers(&parents)?,
        kinds: wires(kinds),
        columns: wires(columns),
    })
}

fn identifiers(ids: &[ObjectId]) -> Result<wit::ByteArena> {
    let mut bytes = Vec::with_capacity(ids.iter().map(|id| id.as_bytes().len()).sum());
    let mut ends = Vec::with_capacity(ids.len());
    for id in ids {
        bytes.extend_from_slice(id.as_bytes());
        let end = u32::try_from(bytes.len());
        ends.push(end.map_err(|_| Failure::new(mapi_engine::error::Code::TooBig, "a page of rows must stay below 4 GiB"))?);
    }
    Ok(wit::ByteArena { bytes, ends })
}

pub(crate) fn check_report(report: CheckReport) -> backend::CheckReport {
    let finding = |finding: mapi_engine::backend::CheckFinding| backend::CheckFinding {
        object: finding.object.map(Wire::into_wit),
        message: finding.message,
        repaired: finding.repaired,
    };
    backend::CheckReport { objects: report.objects, findings: report.findings.into_iter().map(finding).collect() }
}
