//! `mapi form list`, `install` and `remove`: the form registry (`session` 9.4).

use crate::context::Context;
use crate::forms::TerminalPresenter;
use crate::output::row_object;
use crate::target;
use crate::terminal::{Grid, harmless};
use anyhow::Context as _;
use mapi_session::backend::{FormDefinition, FormLibrary};
use mapi_session::flags::{InstallFormFlags, LogoffFlags, ResolveMessageClassFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Folder, FormSource, MessageStore, Session};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The definition of a form as a file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    class: String,
    name: Option<String>,
    version: Option<String>,
    category: Option<String>,
    subcategory: Option<String>,
    contact: Option<String>,
    designer: Option<String>,
    hidden: Option<bool>,
    #[serde(default)]
    platforms: Vec<i32>,
}

impl Definition {
    fn source(self) -> FormSource {
        let texts = [
            (tags::DISPLAY_NAME, self.name),
            (tags::FORM_VERSION, self.version),
            (tags::FORM_CATEGORY, self.category),
            (tags::FORM_CATEGORY_SUB, self.subcategory),
            (tags::FORM_CONTACT_NAME, self.contact),
            (tags::FORM_DESIGNER_NAME, self.designer),
        ];
        let texts = texts.into_iter().filter_map(|(tag, text)| Some(Property::new(tag, Value::Unicode(text?))));
        let hidden = self.hidden.map(|hidden| Property::new(tags::FORM_HIDDEN, Value::Boolean(hidden)));
        let platforms = Some(self.platforms).filter(|platforms| !platforms.is_empty());
        let platforms = platforms.map(|platforms| Property::new(tags::FORM_HOST_MAP, Value::MvLong(platforms)));
        FormSource::Given { message_class: self.class, properties: texts.chain(hidden).chain(platforms).collect() }
    }
}

/// A session with its default store open, and the folder named, if one is.
struct Shelf {
    session: Session,
    _store: MessageStore,
    folder: Option<Folder>,
}

impl Shelf {
    async fn open(context: &Context, folder: Option<&str>) -> anyhow::Result<Self> {
        // Nobody is asked anything; this is who knows the forms of the command itself.
        let subsystem = context.subsystem_with(Some(Arc::new(TerminalPresenter))).await?;
        let session = context.session(&subsystem).await?;
        let store = context.default_store(&session).await?;
        let folder = match folder {
            Some(path) => Some(target::folder(&store, path, false).await?),
            None => None,
        };
        Ok(Self { session, _store: store, folder })
    }

    const fn library(&self) -> FormLibrary {
        if self.folder.is_some() { FormLibrary::Folder } else { FormLibrary::Personal }
    }

    async fn close(self) -> anyhow::Result<ExitCode> {
        self.session.logoff(LogoffFlags::empty()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

const fn name_of(library: FormLibrary) -> &'static str {
    match library {
        FormLibrary::Local => "local",
        FormLibrary::Folder => "folder",
        FormLibrary::Personal => "personal",
        FormLibrary::Organisation => "organisation",
    }
}

fn text(form: &FormDefinition, tag: PropTag) -> String {
    match form.properties.iter().find(|property| property.tag == tag).map(|property| &property.value) {
        Some(Value::Unicode(text)) => harmless(text).into_owned(),
        _ => String::new(),
    }
}

fn object(form: &FormDefinition) -> Json {
    let columns: Vec<PropTag> = form.properties.iter().map(|property| property.tag).collect();
    json!({
        "class": form.message_class,
        "library": name_of(form.library),
        "properties": row_object(&columns, &form.properties),
    })
}

pub(crate) async fn list(context: &Context, folder: Option<&str>) -> anyhow::Result<ExitCode> {
    let shelf = Shelf::open(context, folder).await?;
    let none = ResolveMessageClassFlags::empty();
    let forms = shelf.session.resolve_multiple_message_classes(None, none, shelf.folder.as_ref()).await?;
    let forms: Vec<FormDefinition> = forms.into_iter().flatten().collect();
    if context.output.json {
        forms.iter().try_for_each(|form| context.output.object(&object(form)))?;
    } else {
        let mut grid = Grid::new(&[("class", false), ("library", false), ("name", false), ("version", false)]);
        for form in &forms {
            let (name, version) = (text(form, tags::DISPLAY_NAME), text(form, tags::FORM_VERSION));
            grid.row([harmless(&form.message_class).into_owned(), name_of(form.library).to_owned(), name, version]);
        }
        context.output.line(grid.to_string().trim_end())?;
    }
    shelf.close().await
}

pub(crate) async fn install(context: &Context, path: &Path, folder: Option<&str>, replace: bool) -> anyhow::Result<ExitCode> {
    let file = || format!("the definition {} is not understood", path.display());
    let written = std::fs::read_to_string(path).with_context(|| format!("the definition {} cannot be read", path.display()))?;
    let definition: Definition = toml::from_str(&written).with_context(file)?;
    let class = definition.class.clone();
    let shelf = Shelf::open(context, folder).await?;
    let how = if replace { InstallFormFlags::MAPIFORM_INSTALL_OVERWRITEONCONFLICT } else { InstallFormFlags::empty() };
    let source = definition.source();
    shelf.session.install_form(shelf.library(), shelf.folder.as_ref(), &source, how).await.with_context(file)?;
    say(context, "installed", &class, &shelf)?;
    shelf.close().await
}

pub(crate) async fn remove(context: &Context, class: &str, folder: Option<&str>) -> anyhow::Result<ExitCode> {
    let shelf = Shelf::open(context, folder).await?;
    let removed = shelf.session.remove_form(shelf.library(), shelf.folder.as_ref(), class).await;
    removed.with_context(|| format!("the form of {class:?} cannot be removed; `mapi form list` shows what there is"))?;
    say(context, "removed", class, &shelf)?;
    shelf.close().await
}

fn say(context: &Context, outcome: &str, class: &str, shelf: &Shelf) -> anyhow::Result<()> {
    let library = name_of(shelf.library());
    if context.output.json {
        return context.output.object(&json!({ "outcome": outcome, "class": class, "library": library }));
    }
    context.output.line(&format!("Form of {} {outcome} ({library} library).", harmless(class)))
}
