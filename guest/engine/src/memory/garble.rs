//! Nonsense in place of the answers of a backend: what [`super::Faulty`] makes of them.

use crate::backend::{
    AddressBookIdentity, Batch, CheckReport, ColumnData, Committed, ConfigureOutcome, Effect, FeedCursor, FeedPage, GroupBatch,
    InboundMessage, LoadedProfile, NamedProperty, ObjectHead, ObjectId, ObjectKind, OptionData, Outcome, Plan, ProfileEntry,
    Quota, Resolution, ScanPage, SectionChange, ServiceDefinition, StoreIdentity, Support, TagSize, TransportIdentity,
    TransportNotice,
};
use crate::error::Code;
use crate::properties::{Guid, PropTag, Property, Value};

/// An answer that can be made nonsense of.
pub(super) trait Garble {
    fn garbled(self) -> Self;
}

macro_rules! garble {
    ($($type:ty: $value:ident => $garbled:expr;)*) => { $(
        impl Garble for $type {
            fn garbled(self) -> Self {
                let $value = self;
                $garbled
            }
        }
    )* };
}

garble! {
    (): _value => ();
    bool: value => !value;
    u64: _value => u64::MAX;
    Vec<u8>: value => value.iter().map(|byte| !byte).chain([0xFF; 9]).collect();
    (ObjectHead, Vec<Property>): value => {
        let (mut head, mut properties) = value;
        head.kind = ObjectKind::Recipient;
        head.parent = Some(ObjectId::from(u64::MAX));
        for property in &mut properties {
            property.value = Value::MvLong(Vec::new());
        }
        (head, properties)
    };
    Vec<TagSize>: value => value.into_iter().map(|found| TagSize { size: u64::MAX, ..found }).collect();
    Batch: value => {
        let mut batch = value;
        for column in &mut batch.columns {
            column.present = vec![0xFF];
            column.data = ColumnData::Text("é".to_owned(), vec![1, 0, u32::MAX]);
        }
        batch.columns.pop();
        batch.kinds.pop();
        batch.arrivals = vec![0; batch.arrivals.len()];
        batch
    };
    ScanPage: value => ScanPage { batch: value.batch.garbled(), last: None, more: true };
    Plan: _value => Plan { filters: Vec::new(), order: Support::Inexact, counts: true, positions: true, groups: true };
    Vec<PropTag>: _value => vec![PropTag(0), PropTag(u32::MAX)];
    Vec<ObjectId>: value => value.into_iter().skip(1).collect();
    Committed: value => Committed { objects: Vec::new(), ..value };
    FeedCursor: _value => FeedCursor(vec![0xFF; 3]);
    FeedPage: value => FeedPage { more: true, cursor: FeedCursor::default(), ..value };
    GroupBatch: value => GroupBatch { values: Vec::new(), unread: vec![u64::MAX], ..value };
    Vec<OptionData>: value => value.into_iter().map(|option| OptionData { defaults: Vec::new(), ..option }).collect();
    Vec<Option<u16>>: _value => vec![Some(0)];
    Vec<Option<NamedProperty>>: _value => Vec::new();
    Vec<(u16, NamedProperty)>: value => value.into_iter().map(|(_, name)| (0, name)).collect();
    Quota: _value => Quota { used: u64::MAX, limit: 1 };
    CheckReport: value => value;
    Vec<Resolution>: _value => Vec::new();
    u32: _value => u32::MAX;
    Option<String>: value => value.map(|name| format!("{name}\u{0}"));
    Option<Vec<u8>>: value => value.map(Garble::garbled);
    StoreIdentity: value => StoreIdentity { root: ObjectId::from(u64::MAX), private_entry: Vec::new(), ..value };
    AddressBookIdentity: value => AddressBookIdentity { root: ObjectId::from(u64::MAX), kind: Guid::default(), ..value };
    TransportIdentity: _value => TransportIdentity {
        address_types: Some(vec![String::new(), "\u{0}".to_owned()]),
        uids: vec![Guid::default()],
        polls: true,
        idles: true,
    };
    Outcome: value => Outcome {
        retry_after: u32::MAX,
        end: u32::MAX,
        recipients: value.recipients.into_iter().map(|(row, outcome)| (!row, outcome)).collect(),
        set: vec![Property::new(PropTag(u32::MAX), Value::MvLong(Vec::new()))],
        ..value
    };
    Option<InboundMessage>: value => value.map(|message| InboundMessage {
        size: u64::MAX,
        properties: vec![Property::new(PropTag(0), Value::MvLong(Vec::new()))],
        recipients: vec![String::new()],
        ..message
    });
    Vec<TransportNotice>: _value => vec![
        TransportNotice::Spooler { flags: u32::MAX, entry_id: Some(vec![0xFF; 3]) },
        TransportNotice::StatusRow(vec![Property::new(PropTag(0), Value::MvLong(Vec::new()))]),
        TransportNotice::StatusRecips { entry_id: vec![0xFF; 3], recipients: vec![Vec::new()] },
    ];
    Vec<Effect>: _value => vec![
        Effect::StatusRow { columns: vec![Property::new(PropTag(0), Value::MvLong(Vec::new()))], update: true },
        Effect::StatusRow { columns: Vec::new(), update: true },
        Effect::Section { set: vec![Property::new(PropTag(0xFFFF_000D), Value::MvLong(Vec::new()))], delete: vec![PropTag(0)] },
        Effect::ModifyProfile,
    ];
    Vec<(PropTag, Code)>: _value => vec![(PropTag(0), Code::SOk), (PropTag(u32::MAX), Code::from_raw(u32::MAX))];
    Vec<ProfileEntry>: value => value.into_iter().map(|entry| ProfileEntry { name: format!("{}\u{0}", entry.name), ..entry }).collect();
    LoadedProfile: value => LoadedProfile { bytes: value.bytes.garbled(), version: u64::MAX };
    Vec<ServiceDefinition>: value => value
        .into_iter()
        .map(|service| ServiceDefinition { name: String::new(), providers: Vec::new(), ..service })
        .collect();
    ConfigureOutcome: value => ConfigureOutcome {
        sections: vec![SectionChange { uid: Guid::default(), set: Vec::new(), delete: vec![PropTag(0)] }],
        delete: vec![Guid::default()],
        ..value
    };
}
