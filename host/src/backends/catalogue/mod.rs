//! The service catalogue: one TOML file a person edits (`profiles` 1.6).
//!
//! [`TomlCatalogue`] answers what the file says; its form is described at the head of the default file
//! ([`DEFAULT`]). A service with `settings` has an entry point, and this module is it (`profiles` 6): it
//! accepts exactly these properties, puts them into the section of the service's first provider, and
//! answers `MAPI_E_UNCONFIGURED` while a required one is missing.

mod file;
mod values;

use mapi_engine::backend::{
    Catalogue, ConfigureContext, ConfigureOutcome, ConfigureRequest, SectionChange, SectionValues, ServiceDefinition,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::PropTag;
use std::io::ErrorKind;
use std::path::Path;

/// The catalogue of a host whose user never wrote one.
pub const DEFAULT: &str = include_str!("default.toml");

/// A service with what a user may set of it.
#[derive(Clone, Debug, PartialEq)]
struct Service {
    definition: ServiceDefinition,
    settings: Vec<PropTag>,
    required: Vec<PropTag>,
}

/// The services of one catalogue file.
#[derive(Clone, Debug, PartialEq)]
pub struct TomlCatalogue(Vec<Service>);

impl TomlCatalogue {
    /// The catalogue in that text; `name` is the file it comes from, for messages.
    ///
    /// # Errors
    /// `MAPI_E_CORRUPT_DATA` with the line, the column and what is wrong there.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        file::parse(text).map(Self).map_err(|mistake| Failure::new(Code::CorruptData, mistake.sentence(text, name)))
    }

    /// The catalogue in that file; when there is none, [`DEFAULT`] is written there for its owner to edit.
    ///
    /// # Errors
    /// As [`TomlCatalogue::parse`]; `MAPI_E_NO_ACCESS` when the file can be neither read nor written.
    pub fn in_file(path: &Path) -> Result<Self> {
        let trouble = |doing: &str, error: &std::io::Error| {
            Failure::new(Code::NoAccess, format!("The service catalogue {} cannot be {doing}: {error}.", path.display()))
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| trouble("made", &error))?;
                }
                std::fs::write(path, DEFAULT).map_err(|error| trouble("made", &error))?;
                DEFAULT.to_owned()
            }
            Err(error) => return Err(trouble("read", &error)),
        };
        Self::parse(&text, &path.display().to_string())
    }
}

impl Catalogue for TomlCatalogue {
    fn services(&self) -> Result<Vec<ServiceDefinition>> {
        Ok(self.0.iter().map(|service| service.definition.clone()).collect())
    }

    fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome> {
        let Some(service) = self.0.iter().find(|service| service.definition.name == request.service) else {
            return Err(Failure::not_found(format!("The catalogue has no service {:?}.", request.service)));
        };
        Ok(match request.context {
            ConfigureContext::Create | ConfigureContext::Configure => service.configure(&request),
            _ => ConfigureOutcome::default(),
        })
    }
}

impl Service {
    fn configure(&self, request: &ConfigureRequest) -> ConfigureOutcome {
        let refuse = |failure: Failure| ConfigureOutcome { failure: Some(failure), ..ConfigureOutcome::default() };
        let setting = |tag: PropTag| self.settings.iter().find(|setting| setting.id() == tag.id());
        for property in &request.properties {
            if !setting(property.tag).is_some_and(|setting| setting.kind().same_family(property.tag.kind())) {
                let failure = Failure::invalid("properties", format!("{} is no setting of this service", property.tag));
                return refuse(failure.with_tag(property.tag));
            }
        }
        let Some(section) = request.providers.first() else {
            return refuse(Failure::new(Code::CorruptData, "the service has no provider left"));
        };
        let has = |section: &SectionValues, tag: PropTag| section.properties.iter().any(|held| held.tag.id() == tag.id());
        let given = |tag: PropTag| request.properties.iter().any(|held| held.tag.id() == tag.id());
        if let Some(missing) = self.required.iter().find(|tag| !given(**tag) && !has(section, **tag)) {
            let name = crate::expression::property_name(*missing);
            let failure = Failure::new(Code::Unconfigured, format!("the service needs a value of {name}"));
            return refuse(failure.with_tag(*missing));
        }
        if request.properties.is_empty() {
            return ConfigureOutcome::default();
        }
        let change = SectionChange { uid: section.uid, set: request.properties.clone(), delete: Vec::new() };
        ConfigureOutcome { sections: vec![change], ..ConfigureOutcome::default() }
    }
}

#[cfg(test)]
mod tests;
