//! A service catalogue by value, with entry points in Rust (`profiles` 1.6, 6).

use super::lock;
use crate::backend::{Catalogue, ConfigureOutcome, ConfigureRequest, ProviderDefinition, ProviderKind, ServiceDefinition};
use crate::error::Result;
use std::sync::Mutex;

/// An entry point.
type EntryPoint = Box<dyn Fn(&ConfigureRequest) -> Result<ConfigureOutcome> + Send + Sync>;

/// A catalogue in memory. It keeps the requests its entry points got.
#[derive(Default)]
pub struct MemoryCatalogue {
    services: Vec<ServiceDefinition>,
    entry_points: Vec<(String, EntryPoint)>,
    requests: Mutex<Vec<ConfigureRequest>>,
}

impl MemoryCatalogue {
    /// A catalogue of these services.
    #[must_use]
    pub fn new(services: Vec<ServiceDefinition>) -> Self {
        Self { services, ..Self::default() }
    }

    /// A service without entry point and with one provider, whose section bears the service's name.
    #[must_use]
    pub fn service(name: &str, display_name: &str, kind: ProviderKind, backend: &str) -> ServiceDefinition {
        ServiceDefinition {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            flags: 0,
            default: true,
            configurable: false,
            properties: Vec::new(),
            providers: vec![ProviderDefinition {
                section: name.to_owned(),
                display_name: display_name.to_owned(),
                provider_display: display_name.to_owned(),
                backend: backend.to_owned(),
                kind,
                flags: 0,
                properties: Vec::new(),
            }],
            extras: Vec::new(),
        }
    }

    /// Adds a service.
    #[must_use]
    pub fn with(mut self, service: ServiceDefinition) -> Self {
        self.services.push(service);
        self
    }

    /// Gives a service an entry point; the service counts as configurable from then on.
    #[must_use]
    pub fn with_entry_point(
        mut self,
        service: &str,
        entry_point: impl Fn(&ConfigureRequest) -> Result<ConfigureOutcome> + Send + Sync + 'static,
    ) -> Self {
        for known in self.services.iter_mut().filter(|known| known.name == service) {
            known.configurable = true;
        }
        self.entry_points.push((service.to_owned(), Box::new(entry_point)));
        self
    }

    /// The calls of entry points so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ConfigureRequest> {
        lock(&self.requests).clone()
    }
}

impl Catalogue for MemoryCatalogue {
    fn services(&self) -> Result<Vec<ServiceDefinition>> {
        Ok(self.services.clone())
    }

    fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome> {
        lock(&self.requests).push(request.clone());
        match self.entry_points.iter().find(|(service, _)| *service == request.service) {
            Some((_, entry_point)) => entry_point(&request),
            None => Ok(ConfigureOutcome::default()),
        }
    }
}
