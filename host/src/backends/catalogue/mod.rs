//! The service catalogue: the built-in services, and one TOML file a person edits (`profiles` 1.6).
//!
//! A data folder outlives the version that made it, so the built-in services are not in its file: they are
//! always known ([`BUILT_IN`]), and the file adds to them or replaces them by name. Its form is described in
//! the file that is written when there is none ([`TEMPLATE`]). A service with `settings` has an entry point, and this module is it (`profiles` 6): it
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

/// The services that are always known.
pub const BUILT_IN: &str = include_str!("built_in.toml");

/// The file of a data folder whose owner never wrote one: it explains itself and adds nothing.
pub const TEMPLATE: &str = include_str!("services.toml");

/// A service with what a user may set of it.
#[derive(Clone, Debug, PartialEq)]
struct Service {
    definition: ServiceDefinition,
    settings: Vec<PropTag>,
    required: Vec<PropTag>,
}

/// The built-in services, and those of one catalogue file.
#[derive(Clone, Debug, PartialEq)]
pub struct TomlCatalogue(Vec<Service>);

impl TomlCatalogue {
    /// The built-in services, and what that text adds to them or puts in place of them; `name` is the file it
    /// comes from, for messages.
    ///
    /// # Errors
    /// `MAPI_E_CORRUPT_DATA` with the line, the column and what is wrong there.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let mut services = parse(BUILT_IN, "the built-in services")?;
        for service in parse(text, name)? {
            match services.iter_mut().find(|known| known.definition.name == service.definition.name) {
                Some(known) => *known = service,
                None => services.push(service),
            }
        }
        Ok(Self(services))
    }

    /// The catalogue of that file; when there is none, [`TEMPLATE`] is written there for its owner to edit.
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
                std::fs::write(path, TEMPLATE).map_err(|error| trouble("made", &error))?;
                TEMPLATE.to_owned()
            }
            Err(error) => return Err(trouble("read", &error)),
        };
        Self::parse(&text, &path.display().to_string())
    }
}

fn parse(text: &str, name: &str) -> Result<Vec<Service>> {
    file::parse(text).map_err(|mistake| Failure::new(Code::CorruptData, mistake.sentence(text, name)))
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
