//! The stored form of a profile: a magic word, a version, then the profile in the `postcard` encoding.
//!
//! The bytes come back from a storage other programs can reach, so reading checks everything: what is not
//! a profile of a known version is `MAPI_E_CORRUPT_DATA`. The order of fields and variants in this file
//! *is* the format; a change of it needs a new version.

use crate::backend::ProviderKind;
use crate::error::{Code, Failure, Result};
use crate::profiles::{ExtraSection, Profile, Provider, SectionProperties, Service};
use crate::properties::{FileTime, Guid, PropTag, Property, Value};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"MAPIPROF";
/// What most profiles are written as.
const FIRST: u16 = 1;
/// The first version with [`StoredAdditions`] behind it; written only where there is something to put there,
/// so that older programs can read all other profiles.
const WITH_ADDITIONS: u16 = 2;

/// Largest stored profile, in bytes: larger than any real one by far, small enough to read at every logon.
pub const FORM_LIMIT: usize = 4 << 20;

#[derive(Serialize, Deserialize)]
struct StoredProfile {
    search_key: [u8; 16],
    application: bool,
    deleted: bool,
    services: Vec<StoredService>,
    providers: Vec<StoredProvider>,
    extras: Vec<StoredExtra>,
}

/// What came with the second version.
#[derive(Default, Serialize, Deserialize)]
struct StoredAdditions {
    unfinished: bool,
    rename_to: Option<String>,
    transport_order: Vec<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
struct StoredService {
    uid: [u8; 16],
    name: String,
    flags: u32,
    configurable: bool,
    section: StoredSection,
}

#[derive(Serialize, Deserialize)]
struct StoredProvider {
    uid: [u8; 16],
    service: Option<[u8; 16]>,
    backend: String,
    /// `PR_RESOURCE_TYPE`.
    kind: i32,
    flags: u32,
    may_supply_identity: bool,
    section: StoredSection,
}

#[derive(Serialize, Deserialize)]
struct StoredExtra {
    uid: [u8; 16],
    service: Option<[u8; 16]>,
    section: StoredSection,
}

#[derive(Serialize, Deserialize)]
struct StoredSection {
    /// Tags and values, ascending by identifier.
    plain: Vec<(u32, StoredValue)>,
    /// Tags of protected properties.
    protected: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
enum StoredValue {
    I2(i16),
    Long(i32),
    R4(f32),
    Double(f64),
    Currency(i64),
    AppTime(f64),
    Boolean(bool),
    I8(i64),
    String8(Vec<u8>),
    Unicode(String),
    SysTime(u64),
    Clsid([u8; 16]),
    SvrEid(Vec<u8>),
    Actions(Vec<u8>),
    Binary(Vec<u8>),
    MvI2(Vec<i16>),
    MvLong(Vec<i32>),
    MvR4(Vec<f32>),
    MvDouble(Vec<f64>),
    MvCurrency(Vec<i64>),
    MvAppTime(Vec<f64>),
    MvI8(Vec<i64>),
    MvString8(Vec<Vec<u8>>),
    MvUnicode(Vec<String>),
    MvSysTime(Vec<u64>),
    MvClsid(Vec<[u8; 16]>),
    MvBinary(Vec<Vec<u8>>),
}

/// The stored form of a profile.
///
/// # Errors
/// `MAPI_E_INVALID_TYPE` for a value a section cannot hold, `MAPI_E_TOO_BIG` beyond [`FORM_LIMIT`].
pub(super) fn write(profile: &Profile) -> Result<Vec<u8>> {
    let stored = StoredProfile {
        search_key: profile.search_key.0,
        application: profile.application,
        deleted: profile.deleted,
        services: profile.services.iter().map(store_service).collect::<Result<_>>()?,
        providers: profile.providers.iter().map(store_provider).collect::<Result<_>>()?,
        extras: profile.extras.iter().map(store_extra).collect::<Result<_>>()?,
    };
    let has_additions = profile.unfinished || profile.rename_to.is_some() || !profile.transport_order.is_empty();
    let version = if has_additions { WITH_ADDITIONS } else { FIRST };
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    let unwritten = |error| Failure::new(Code::CallFailed, format!("The profile cannot be written: {error}."));
    let mut bytes = postcard::to_extend(&stored, bytes).map_err(unwritten)?;
    if has_additions {
        let additions = StoredAdditions {
            unfinished: profile.unfinished,
            rename_to: profile.rename_to.clone(),
            transport_order: profile.transport_order.iter().map(|uid| uid.0).collect(),
        };
        bytes = postcard::to_extend(&additions, bytes).map_err(unwritten)?;
    }
    if bytes.len() > FORM_LIMIT {
        return Err(Failure::new(Code::TooBig, format!("The profile would exceed {} MiB.", FORM_LIMIT >> 20)));
    }
    Ok(bytes)
}

/// The profile in its stored form.
///
/// # Errors
/// `MAPI_E_CORRUPT_DATA`; `MAPI_E_VERSION` for a form newer than this engine.
pub(super) fn read(bytes: &[u8]) -> Result<Profile> {
    let corrupt = || Failure::new(Code::CorruptData, "The stored profile is damaged; delete it and create it again.");
    if bytes.len() > FORM_LIMIT {
        return Err(corrupt());
    }
    let (version, body) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk::<2>).ok_or_else(corrupt)?;
    let version = u16::from_le_bytes(*version);
    match version {
        FIRST | WITH_ADDITIONS => {}
        0 => return Err(corrupt()),
        newer => {
            let message = format!("The profile was written by a newer program (form {newer}); update this one.");
            return Err(Failure::new(Code::Version, message));
        }
    }
    let (stored, rest): (StoredProfile, _) = postcard::take_from_bytes(body).map_err(|_| corrupt())?;
    let (additions, rest) = match version {
        WITH_ADDITIONS => postcard::take_from_bytes(rest).map_err(|_| corrupt())?,
        _ => (StoredAdditions::default(), rest),
    };
    let profile = Profile {
        search_key: Guid(stored.search_key),
        application: stored.application,
        deleted: stored.deleted,
        unfinished: additions.unfinished,
        rename_to: additions.rename_to,
        transport_order: additions.transport_order.into_iter().map(Guid).collect(),
        services: stored.services.into_iter().map(load_service).collect::<Option<_>>().ok_or_else(corrupt)?,
        providers: stored.providers.into_iter().map(load_provider).collect::<Option<_>>().ok_or_else(corrupt)?,
        extras: stored.extras.into_iter().map(load_extra).collect::<Option<_>>().ok_or_else(corrupt)?,
    };
    if rest.is_empty() && is_consistent(&profile) { Ok(profile) } else { Err(corrupt()) }
}

/// The stored form of a protected value.
///
/// # Errors
/// `MAPI_E_INVALID_TYPE`.
pub(super) fn write_value(value: &Value) -> Result<Vec<u8>> {
    postcard::to_allocvec(&store_value(value)?)
        .map_err(|error| Failure::new(Code::CallFailed, format!("The protected value cannot be written: {error}.")))
}

/// A protected value in its stored form, `None` if it is damaged.
#[must_use]
pub(super) fn read_value(bytes: &[u8]) -> Option<Value> {
    let (stored, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then(|| load_value(stored))
}

/// Keys name one section each, and every provider and extra section belongs to a service that is there.
fn is_consistent(profile: &Profile) -> bool {
    let mut keys: Vec<Guid> = profile.services.iter().map(|service| service.uid).collect();
    keys.extend(profile.providers.iter().map(|provider| provider.uid));
    keys.extend(profile.extras.iter().map(|extra| extra.uid));
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    let known = |owner: Option<Guid>| owner.is_none_or(|uid| profile.service(uid).is_some());
    keys.len() == count
        && profile.providers.iter().all(|provider| known(provider.service))
        && profile.extras.iter().all(|extra| known(extra.service))
}

fn store_service(service: &Service) -> Result<StoredService> {
    Ok(StoredService {
        uid: service.uid.0,
        name: service.name.clone(),
        flags: service.flags,
        configurable: service.configurable,
        section: store_section(&service.properties)?,
    })
}

fn load_service(stored: StoredService) -> Option<Service> {
    Some(Service {
        uid: Guid(stored.uid),
        name: stored.name,
        flags: stored.flags,
        configurable: stored.configurable,
        properties: load_section(stored.section)?,
    })
}

fn store_provider(provider: &Provider) -> Result<StoredProvider> {
    Ok(StoredProvider {
        uid: provider.uid.0,
        service: provider.service.map(|uid| uid.0),
        backend: provider.backend.clone(),
        kind: provider.kind.resource_type(),
        flags: provider.flags,
        may_supply_identity: provider.may_supply_identity,
        section: store_section(&provider.properties)?,
    })
}

fn load_provider(stored: StoredProvider) -> Option<Provider> {
    let kinds = [ProviderKind::Store, ProviderKind::AddressBook, ProviderKind::Transport, ProviderKind::Hook];
    Some(Provider {
        uid: Guid(stored.uid),
        service: stored.service.map(Guid),
        backend: stored.backend,
        kind: kinds.into_iter().find(|kind| kind.resource_type() == stored.kind)?,
        flags: stored.flags,
        may_supply_identity: stored.may_supply_identity,
        properties: load_section(stored.section)?,
    })
}

fn store_extra(extra: &ExtraSection) -> Result<StoredExtra> {
    Ok(StoredExtra { uid: extra.uid.0, service: extra.service.map(|uid| uid.0), section: store_section(&extra.properties)? })
}

fn load_extra(stored: StoredExtra) -> Option<ExtraSection> {
    let properties = load_section(stored.section)?;
    Some(ExtraSection { uid: Guid(stored.uid), service: stored.service.map(Guid), properties })
}

fn store_section(section: &SectionProperties) -> Result<StoredSection> {
    let plain = section.plain().map(|property| Ok((property.tag.0, store_value(&property.value)?))).collect::<Result<_>>()?;
    Ok(StoredSection { plain, protected: section.protected().map(|tag| tag.0).collect() })
}

/// `None` when a tag does not fit its value or is in the wrong list.
fn load_section(stored: StoredSection) -> Option<SectionProperties> {
    let mut section = SectionProperties::default();
    for (tag, value) in stored.plain {
        let (tag, value) = (PropTag(tag), load_value(value));
        if tag.kind() != value.kind() || crate::profiles::PROTECTED.contains(&tag.id()) {
            return None;
        }
        section.set(Property { tag, value });
    }
    for tag in stored.protected.into_iter().map(PropTag) {
        if !crate::profiles::PROTECTED.contains(&tag.id()) {
            return None;
        }
        // Only the tag of a protected property is kept, so its value does not matter here.
        section.set(Property { tag, value: Value::Null });
    }
    Some(section)
}

fn store_value(value: &Value) -> Result<StoredValue> {
    let times = |values: &[FileTime]| values.iter().map(|time| time.0).collect();
    Ok(match value {
        Value::I2(v) => StoredValue::I2(*v),
        Value::Long(v) => StoredValue::Long(*v),
        Value::R4(v) => StoredValue::R4(*v),
        Value::Double(v) => StoredValue::Double(*v),
        Value::Currency(v) => StoredValue::Currency(*v),
        Value::AppTime(v) => StoredValue::AppTime(*v),
        Value::Boolean(v) => StoredValue::Boolean(*v),
        Value::I8(v) => StoredValue::I8(*v),
        Value::String8(v) => StoredValue::String8(v.clone()),
        Value::Unicode(v) => StoredValue::Unicode(v.clone()),
        Value::SysTime(v) => StoredValue::SysTime(v.0),
        Value::Clsid(v) => StoredValue::Clsid(v.0),
        Value::SvrEid(v) => StoredValue::SvrEid(v.clone()),
        Value::Actions(v) => StoredValue::Actions(v.clone()),
        Value::Binary(v) => StoredValue::Binary(v.clone()),
        Value::MvI2(v) => StoredValue::MvI2(v.clone()),
        Value::MvLong(v) => StoredValue::MvLong(v.clone()),
        Value::MvR4(v) => StoredValue::MvR4(v.clone()),
        Value::MvDouble(v) => StoredValue::MvDouble(v.clone()),
        Value::MvCurrency(v) => StoredValue::MvCurrency(v.clone()),
        Value::MvAppTime(v) => StoredValue::MvAppTime(v.clone()),
        Value::MvI8(v) => StoredValue::MvI8(v.clone()),
        Value::MvString8(v) => StoredValue::MvString8(v.clone()),
        Value::MvUnicode(v) => StoredValue::MvUnicode(v.clone()),
        Value::MvSysTime(v) => StoredValue::MvSysTime(times(v)),
        Value::MvClsid(v) => StoredValue::MvClsid(v.iter().map(|guid| guid.0).collect()),
        Value::MvBinary(v) => StoredValue::MvBinary(v.clone()),
        Value::Null | Value::Error(_) | Value::Object | Value::Restriction(_) => {
            return Err(Failure::new(Code::InvalidType, "A profile section cannot hold a value of this type."));
        }
    })
}

fn load_value(stored: StoredValue) -> Value {
    match stored {
        StoredValue::I2(v) => Value::I2(v),
        StoredValue::Long(v) => Value::Long(v),
        StoredValue::R4(v) => Value::R4(v),
        StoredValue::Double(v) => Value::Double(v),
        StoredValue::Currency(v) => Value::Currency(v),
        StoredValue::AppTime(v) => Value::AppTime(v),
        StoredValue::Boolean(v) => Value::Boolean(v),
        StoredValue::I8(v) => Value::I8(v),
        StoredValue::String8(v) => Value::String8(v),
        StoredValue::Unicode(v) => Value::Unicode(v),
        StoredValue::SysTime(v) => Value::SysTime(FileTime(v)),
        StoredValue::Clsid(v) => Value::Clsid(Guid(v)),
        StoredValue::SvrEid(v) => Value::SvrEid(v),
        StoredValue::Actions(v) => Value::Actions(v),
        StoredValue::Binary(v) => Value::Binary(v),
        StoredValue::MvI2(v) => Value::MvI2(v),
        StoredValue::MvLong(v) => Value::MvLong(v),
        StoredValue::MvR4(v) => Value::MvR4(v),
        StoredValue::MvDouble(v) => Value::MvDouble(v),
        StoredValue::MvCurrency(v) => Value::MvCurrency(v),
        StoredValue::MvAppTime(v) => Value::MvAppTime(v),
        StoredValue::MvI8(v) => Value::MvI8(v),
        StoredValue::MvString8(v) => Value::MvString8(v),
        StoredValue::MvUnicode(v) => Value::MvUnicode(v),
        StoredValue::MvSysTime(v) => Value::MvSysTime(v.into_iter().map(FileTime).collect()),
        StoredValue::MvClsid(v) => Value::MvClsid(v.into_iter().map(Guid).collect()),
        StoredValue::MvBinary(v) => Value::MvBinary(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::tags;
    use proptest::prelude::*;

    fn sample() -> Profile {
        let mut profile = Profile::new(Guid([3; 16]), true);
        let mut section = SectionProperties::default();
        section.put(tags::DISPLAY_NAME, Value::Unicode("Mail".into()));
        section.set(Property { tag: PropTag(0x67F0_001F), value: Value::Unicode("secret".into()) });
        profile.services.push(Service {
            uid: Guid([1; 16]),
            name: "MSTORE".into(),
            flags: 1,
            configurable: true,
            properties: section.clone(),
        });
        profile.providers.push(Provider {
            uid: Guid([2; 16]),
            service: Some(Guid([1; 16])),
            backend: "memory".into(),
            kind: ProviderKind::Store,
            flags: 2,
            may_supply_identity: false,
            properties: section,
        });
        profile
    }

    #[test]
    fn a_profile_survives_its_form_and_the_form_holds_no_protected_value() {
        let bytes = write(&sample()).unwrap();
        assert_eq!(read(&bytes).unwrap(), sample());
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
    }

    /// The sample as the first version wrote it. It must be readable for ever.
    const VERSION_1: &[u8] =
        b"MAPIPROF\x01\x00\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x01\x00\x01\x01\x01\x01\
        \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x06MSTORE\x01\x01\x01\x9F\x80\x84\x80\x03\x09\x04Ma\
        il\x01\x9F\x80\xC0\xBF\x06\x01\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x01\x01\
        \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x06memoryB\x02\x00\x01\x9F\x80\x84\x80\x03\
        \x09\x04Mail\x01\x9F\x80\xC0\xBF\x06\x01\x13\xDB\xB0\xC8\xAA\x05\x10\x1A\x9B\xB0\x00\xAA\x00/\xC4Z\x00\
        \x00\x00";

    #[test]
    fn the_first_version_is_still_read_and_written() {
        assert_eq!(read(VERSION_1).unwrap(), sample());
        assert_eq!(write(&sample()).unwrap(), VERSION_1);
    }

    #[test]
    fn every_truncation_and_every_trailing_byte_is_corrupt() {
        for profile in [sample(), with_additions()] {
            let mut bytes = write(&profile).unwrap();
            for length in 0..bytes.len() {
                assert_eq!(read(&bytes[..length]).unwrap_err().code(), Code::CorruptData, "{length}");
            }
            bytes.push(0);
            assert_eq!(read(&bytes).unwrap_err().code(), Code::CorruptData);
        }
    }

    fn with_additions() -> Profile {
        Profile { rename_to: Some("New".into()), transport_order: vec![Guid([2; 16])], ..sample() }
    }

    #[test]
    fn a_pending_name_and_a_transport_order_make_the_second_version() {
        let bytes = write(&with_additions()).unwrap();
        assert_eq!(bytes[8], 2);
        assert_eq!(bytes[10..VERSION_1.len()], VERSION_1[10..]);
        assert_eq!(
            bytes[VERSION_1.len()..],
            *b"\x00\x01\x03New\x01\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02"
        );
        assert_eq!(read(&bytes).unwrap(), with_additions());
    }

    #[test]
    fn a_newer_form_says_so() {
        let mut bytes = write(&sample()).unwrap();
        bytes[8] = 3;
        assert_eq!(read(&bytes).unwrap_err().code(), Code::Version);
    }

    #[test]
    fn a_provider_of_no_service_there_is_corrupt() {
        let mut profile = sample();
        profile.services.clear();
        assert_eq!(read(&write(&profile).unwrap()).unwrap_err().code(), Code::CorruptData);
    }

    proptest! {
        #[test]
        fn garbage_is_corrupt_and_never_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..300), version in FIRST..=WITH_ADDITIONS) {
            let mut bytes = MAGIC.to_vec();
            bytes.extend_from_slice(&version.to_le_bytes());
            bytes.extend_from_slice(&tail);
            if let Err(failure) = read(&bytes) {
                prop_assert_eq!(failure.code(), Code::CorruptData);
            }
            prop_assert_eq!(read(&tail).unwrap_err().code(), Code::CorruptData);
        }

        #[test]
        fn one_flipped_byte_never_panics(at in 0usize..200, flip in 1u8..) {
            let mut bytes = write(&sample()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let _ = read(&bytes);
        }
    }
}
