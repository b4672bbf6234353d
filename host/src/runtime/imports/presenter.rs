//! The import `form-presenter`: the prompts a user interface of the host has; every other one is impossible.

use crate::runtime::SharedPresenter;
use crate::runtime::convert::{flags as bits, forms, map, to_option_data, wires};
use crate::runtime::provider::Weight;
use crate::runtime::state::HostState;
use crate::runtime::world::mapi::session::{form_presenter as wit, method_flags as flags, types};
use mapi_engine::error::{Code, Failure, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

fn no_interface<T>() -> Result<T> {
    Err(Failure::new(Code::NoSupport, "this host shows no user interface"))
}

impl HostState {
    /// Calls the user interface, which may take as long as a person takes.
    async fn prompt<R: Send + 'static>(&mut self, ask: impl FnOnce(&SharedPresenter) -> Result<R> + Send + 'static) -> Result<R> {
        let Some(presenter) = &self.presenter else { return no_interface() };
        presenter.call(&self.context, Weight::Person, ask).await
    }
}

impl wit::Host for HostState {
    async fn offers_ui(&mut self) -> wasmtime::Result<bool> {
        // An interface that breaks down when it is asked is none.
        let offers = |presenter: &Arc<SharedPresenter>| catch_unwind(AssertUnwindSafe(|| presenter.offers_ui())).unwrap_or(false);
        Ok(self.backends.presenter.as_ref().is_some_and(offers))
    }

    async fn show(&mut self, ui: u64, request: wit::FormRequest) -> Result<wit::FormOutcome> {
        let request = forms::request(request)?;
        Ok(forms::outcome(self.prompt(move |presenter| presenter.show(ui, &request)).await?))
    }

    async fn forms(&mut self, library: wit::FormLibrary) -> Result<Vec<wit::FormDefinition>> {
        if self.presenter.is_none() {
            return Ok(Vec::new());
        }
        let library = forms::library(library);
        let known = self.prompt(move |presenter| presenter.forms(library)).await?;
        Ok(known.into_iter().map(forms::form).collect())
    }

    async fn install_form(
        &mut self,
        ui: u64,
        how: flags::InstallFormFlags,
        library: wit::FormLibrary,
        definition: String,
    ) -> Result<()> {
        let (how, library) = (bits::install_form(how), forms::library(library));
        self.prompt(move |presenter| presenter.install_form(ui, how, library, &definition)).await
    }

    async fn remove_form(&mut self, library: wit::FormLibrary, message_class: String) -> Result<()> {
        let library = forms::library(library);
        self.prompt(move |presenter| presenter.remove_form(library, &message_class)).await
    }

    async fn choose_profile(&mut self, ui: u64, prompt: wit::ProfilePrompt) -> Result<String> {
        let prompt = forms::profile_prompt(prompt);
        self.prompt(move |presenter| presenter.choose_profile(ui, &prompt)).await
    }

    async fn ask(&mut self, ui: u64, question: wit::Question, text: String) -> Result<bool> {
        let question = forms::question(question);
        self.prompt(move |presenter| presenter.ask(ui, question, &text)).await
    }

    async fn resolve(&mut self, _ui: u64, _prompt: wit::ResolvePrompt) -> Result<wit::ResolveChoice> {
        no_interface()
    }

    async fn choose_recipients(&mut self, _ui: u64, _prompt: wit::AddressPrompt) -> Result<wit::AddressChoice> {
        no_interface()
    }

    async fn details(&mut self, _ui: u64, _prompt: wit::DetailsPrompt) -> Result<Vec<types::Property>> {
        no_interface()
    }

    async fn new_entry(&mut self, _ui: u64, _prompt: wit::NewEntryPrompt) -> Result<wit::NewEntryChoice> {
        no_interface()
    }

    async fn edit_options(&mut self, ui: u64, prompt: wit::OptionsPrompt) -> Result<Vec<types::Property>> {
        let options = prompt.options.into_iter().map(to_option_data).collect::<Result<Vec<_>>>()?;
        let present = map(prompt.properties)?;
        Ok(wires(self.prompt(move |presenter| presenter.edit_options(ui, &options, &present)).await?))
    }

    async fn select_forms(&mut self, ui: u64, prompt: wit::SelectFormsPrompt) -> Result<Vec<u32>> {
        let prompt = forms::forms_prompt(prompt)?;
        self.prompt(move |presenter| presenter.select_forms(ui, &prompt)).await
    }

    async fn select_form_library(
        &mut self,
        ui: u64,
        scope: wit::FormScope,
        folder_id: Option<Vec<u8>>,
    ) -> Result<wit::FormLibrary> {
        let scope = forms::scope(scope);
        let select = move |presenter: &SharedPresenter| presenter.select_form_library(ui, scope, folder_id.as_deref());
        Ok(forms::wire_library(self.prompt(select).await?))
    }
}
