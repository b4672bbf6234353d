//! The form of the catalogue file, and where exactly it is broken.

use super::{Service, values};
use mapi_engine::backend::{ExtraDefinition, ProviderDefinition, ProviderKind, ServiceDefinition};
use mapi_engine::properties::{PropTag, Property};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::{Spanned, Value as Toml};

/// What is wrong, and where: bytes of the text.
#[derive(Debug)]
pub(super) struct Mistake {
    at: Range<usize>,
    message: String,
}

impl Mistake {
    /// A sentence with line and column, both counted from 1, columns in characters.
    pub(super) fn sentence(&self, text: &str, name: &str) -> String {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{name}, line {line}, column {column}: {}.", self.message)
    }
}

type Properties = BTreeMap<Spanned<String>, Spanned<Toml>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    service: Vec<Spanned<ServiceEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ServiceEntry {
    name: Spanned<String>,
    display_name: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    flags: Vec<Spanned<String>>,
    #[serde(default)]
    settings: Vec<Spanned<String>>,
    #[serde(default)]
    required: Vec<Spanned<String>>,
    #[serde(default)]
    properties: Properties,
    #[serde(default)]
    provider: Vec<ProviderEntry>,
    #[serde(default)]
    extra: Vec<ExtraEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProviderEntry {
    section: Spanned<String>,
    display_name: String,
    provider_display: String,
    backend: Spanned<String>,
    kind: Kind,
    #[serde(default)]
    flags: Vec<Spanned<String>>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtraEntry {
    uid: Spanned<String>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Store,
    AddressBook,
    Transport,
    Hook,
}

/// `PR_RESOURCE_FLAGS` a catalogue may set on services (`profiles` 2.3).
const SERVICE_FLAGS: &[(&str, u32)] =
    &[("SERVICE_SINGLE_COPY", 0x2), ("SERVICE_PRIMARY_IDENTITY", 0x8), ("SERVICE_NO_PRIMARY_IDENTITY", 0x20)];

/// And on providers.
const PROVIDER_FLAGS: &[(&str, u32)] = &[
    ("STATUS_DEFAULT_OUTBOUND", 0x1),
    ("STATUS_DEFAULT_STORE", 0x2),
    ("STATUS_PRIMARY_IDENTITY", 0x4),
    ("STATUS_XP_PREFER_LAST", 0x10),
    ("STATUS_NO_PRIMARY_IDENTITY", 0x20),
    ("STATUS_NO_DEFAULT_STORE", 0x40),
    ("STATUS_OWN_STORE", 0x100),
    ("HOOK_INBOUND", 0x200),
    ("HOOK_OUTBOUND", 0x400),
    ("STATUS_PRIMARY_STORE", 0x1000),
    ("STATUS_SECONDARY_STORE", 0x2000),
];

/// The services of a catalogue text, in order.
pub(super) fn parse(text: &str) -> Result<Vec<Service>, Mistake> {
    let file: File = toml::from_str(text).map_err(|error| Mistake {
        at: error.span().unwrap_or_default(),
        message: error.message().trim_end_matches('.').replace('\n', ", "),
    })?;
    let mut services: Vec<Service> = Vec::new();
    for entry in file.service {
        let name = entry.get_ref().name.clone();
        if services.iter().any(|known| known.definition.name == *name.get_ref()) {
            return Err(mistake(&name, format!("there is a service {:?} already", name.get_ref())));
        }
        services.push(service(entry)?);
    }
    Ok(services)
}

fn mistake<T>(at: &Spanned<T>, message: impl Into<String>) -> Mistake {
    Mistake { at: at.span(), message: message.into() }
}

fn service(entry: Spanned<ServiceEntry>) -> Result<Service, Mistake> {
    let at = entry.span();
    let entry = entry.into_inner();
    named(&entry.name)?;
    let name = entry.name.get_ref();
    if entry.provider.is_empty() {
        let message = format!("the service {name:?} has no provider; add a [[service.provider]]");
        return Err(Mistake { at, message });
    }
    let settings = tags(&entry.settings)?;
    let required = tags(&entry.required)?;
    if let Some((tag, at)) = required.iter().zip(&entry.required).find(|(tag, _)| !settings.contains(tag)) {
        return Err(mistake(at, format!("{tag} is required but is not among the settings")));
    }
    let providers = entry.provider.into_iter().map(provider).collect::<Result<_, _>>()?;
    let extras = entry.extra.iter().map(extra).collect::<Result<_, _>>()?;
    Ok(Service {
        definition: ServiceDefinition {
            name: name.clone(),
            display_name: entry.display_name,
            flags: flags(&entry.flags, SERVICE_FLAGS)?,
            default: entry.default,
            configurable: !settings.is_empty(),
            properties: properties(&entry.properties)?,
            providers,
            extras,
        },
        settings,
        required,
    })
}

fn provider(entry: ProviderEntry) -> Result<ProviderDefinition, Mistake> {
    named(&entry.section)?;
    named(&entry.backend)?;
    Ok(ProviderDefinition {
        section: entry.section.into_inner(),
        display_name: entry.display_name,
        provider_display: entry.provider_display,
        backend: entry.backend.into_inner(),
        kind: match entry.kind {
            Kind::Store => ProviderKind::Store,
            Kind::AddressBook => ProviderKind::AddressBook,
            Kind::Transport => ProviderKind::Transport,
            Kind::Hook => ProviderKind::Hook,
        },
        flags: flags(&entry.flags, PROVIDER_FLAGS)?,
        properties: properties(&entry.properties)?,
    })
}

fn extra(entry: &ExtraEntry) -> Result<ExtraDefinition, Mistake> {
    let uid = values::guid(entry.uid.get_ref()).ok_or_else(|| {
        mistake(&entry.uid, "write the key as \"{11111111-2222-3333-4444-555555555555}\" or as 32 hexadecimal digits")
    })?;
    Ok(ExtraDefinition { uid, properties: properties(&entry.properties)? })
}

fn named(name: &Spanned<String>) -> Result<(), Mistake> {
    if name.get_ref().trim().is_empty() { Err(mistake(name, "this name is empty")) } else { Ok(()) }
}

fn tags(names: &[Spanned<String>]) -> Result<Vec<PropTag>, Mistake> {
    names.iter().map(|name| values::tag(name.get_ref()).map_err(|message| mistake(name, message))).collect()
}

fn flags(names: &[Spanned<String>], known: &[(&str, u32)]) -> Result<u32, Mistake> {
    names.iter().try_fold(0, |flags, name| match known.iter().find(|(flag, _)| flag == name.get_ref()) {
        Some((_, bits)) => Ok(flags | bits),
        None => {
            let all: Vec<&str> = known.iter().map(|(flag, _)| *flag).collect();
            Err(mistake(name, format!("{:?} is no flag here; the flags are {}", name.get_ref(), all.join(", "))))
        }
    })
}

fn properties(entries: &Properties) -> Result<Vec<Property>, Mistake> {
    let mut properties: Vec<Property> = Vec::new();
    for (name, value) in entries {
        let at = if values::tag(name.get_ref()).is_ok() { value.span() } else { name.span() };
        let property = values::property(name.get_ref(), value.get_ref()).map_err(|message| Mistake { at, message })?;
        if properties.iter().any(|known| known.tag.id() == property.tag.id()) {
            return Err(mistake(name, format!("{} is given twice", name.get_ref())));
        }
        properties.push(property);
    }
    Ok(properties)
}
