//! Which form shows a message class (`session` 9.4): ResolveMessageClass, ResolveMultipleMessageClasses.

use crate::bench::{Bench, text};
use crate::desk::Desk;
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_session::Folder;
use mapi_session::backend::{FormDefinition, FormLibrary};
use mapi_session::flags::{self, LogoffFlags, ResolveMessageClassFlags};
use mapi_session::properties::{Property, tags};

const EXACT: ResolveMessageClassFlags = ResolveMessageClassFlags::MAPIFORM_EXACTMATCH;

fn none() -> ResolveMessageClassFlags {
    ResolveMessageClassFlags::empty()
}

/// The libraries, in the order in which they are searched.
const LIBRARIES: [FormLibrary; 4] = [FormLibrary::Local, FormLibrary::Folder, FormLibrary::Personal, FormLibrary::Organisation];

/// A session with a folder that has a library of its own.
struct Shelf {
    desk: Desk,
    folder: Folder,
}

impl Shelf {
    async fn new(bench: &Bench, forms: &[(&str, FormLibrary)]) -> Self {
        bench.presenter.appear();
        let desk = Desk::new(bench).await;
        let how = flags::CreateFolderFlags::empty();
        let folder = desk.folder.create_folder(mapi_session::FolderType::Generic, "Forms", None, how).await.unwrap();
        for (class, library) in forms {
            match library {
                FormLibrary::Local | FormLibrary::Organisation => bench.presenter.add_form(class, *library, Vec::new()),
                FormLibrary::Folder => register(&folder, class).await,
                FormLibrary::Personal => register(&desk.folder, class).await,
            }
        }
        Self { desk, folder }
    }

    /// The form of a class, the library of the folder searched too.
    async fn found(&self, class: &str, how: ResolveMessageClassFlags) -> String {
        told(self.desk.session.resolve_message_class(class, how, Some(&self.folder)).await)
    }

    async fn several(&self, classes: Option<&[String]>, how: ResolveMessageClassFlags) -> String {
        let found = self.desk.session.resolve_multiple_message_classes(classes, how, Some(&self.folder)).await;
        let shown = |form: Option<FormDefinition>| form.map_or_else(|| "none".to_owned(), |form| form.message_class);
        match found {
            Ok(found) => found.into_iter().map(shown).collect::<Vec<_>>().join(", "),
            Err(failure) => failure.code().to_string(),
        }
    }
}

/// Registers a form in the library of a folder.
async fn register(folder: &Folder, class: &str) {
    let definition = folder.create_message(flags::CreateMessageFlags::MAPI_ASSOCIATED).await.unwrap();
    let properties = definition.properties().await.unwrap();
    let of_form = vec![Property::new(tags::MESSAGE_CLASS, text(class)), Property::new(tags::FORM_VERSION, text("2"))];
    properties.set_props(of_form).await.unwrap();
    properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
}

fn told(found: mapi_session::error::Result<FormDefinition>) -> String {
    match found {
        Ok(form) => format!("{}, {:?}", form.message_class, form.library),
        Err(failure) => failure.code().to_string(),
    }
}

/// What no class is.
fn malformed() -> [(&'static str, String); 5] {
    [
        ("empty", String::new()),
        ("256 characters", "x".repeat(256)),
        ("a final dot", "IPM.".to_owned()),
        ("an umlaut", "IPM.Nöte".to_owned()),
        ("a tab", "IPM.\tNote".to_owned()),
    ]
}

pub(super) fn rows(rows: &mut Rows) {
    one(rows);
    several(rows);
}

fn one(rows: &mut Rows) {
    rows.of("session 9.4", "IMAPIFormMgr::ResolveMessageClass");
    for (at, library) in LIBRARIES.into_iter().enumerate() {
        rows.row(format!("a form of {library:?}"), format!("IPM.Note, {library:?}"), move |b| async move {
            Shelf::new(&b, &[("IPM.Note", library)]).await.found("IPM.Note", none()).await
        });
        for later in LIBRARIES.into_iter().skip(at + 1) {
            rows.row(format!("the same class in {library:?} and {later:?}"), format!("IPM.Note, {library:?}"), move |b| async move {
                Shelf::new(&b, &[("IPM.Note", later), ("IPM.Note", library)]).await.found("IPM.Note", none()).await
            });
            let expected = format!("IPM.Note.Ours, {later:?}");
            rows.row(format!("the class in {later:?}, one above it in {library:?}"), expected, move |b| async move {
                let forms = [("IPM.Note", library), ("IPM.Note.Ours", later)];
                Shelf::new(&b, &forms).await.found("IPM.Note.Ours", none()).await
            });
        }
    }
    let searched: [(&str, &str, ResolveMessageClassFlags, &str); 10] = [
        ("one part below", "IPM.Note.Ours", none(), "IPM.Note, Local"),
        ("four parts below", "IPM.Note.a.b.c.d", none(), "IPM.Note, Local"),
        ("one part above", "IPM", none(), "MAPI_E_NOT_FOUND"),
        ("beside it", "IPM.Task", none(), "MAPI_E_NOT_FOUND"),
        ("only its beginning", "IPM.Notes", none(), "MAPI_E_NOT_FOUND"),
        ("other case", "ipm.NOTE", none(), "IPM.Note, Local"),
        ("other case, one part below", "ipm.note.ours", none(), "IPM.Note, Local"),
        ("itself, MAPIFORM_EXACTMATCH", "IPM.Note", EXACT, "IPM.Note, Local"),
        ("other case, MAPIFORM_EXACTMATCH", "IPM.NOTE", EXACT, "IPM.Note, Local"),
        ("one part below, MAPIFORM_EXACTMATCH", "IPM.Note.Ours", EXACT, "MAPI_E_NOT_FOUND"),
    ];
    for (name, class, how, expected) in searched {
        rows.row(format!("a form of IPM.Note; {name}"), expected, move |b| async move {
            Shelf::new(&b, &[("IPM.Note", FormLibrary::Local)]).await.found(class, how).await
        });
    }
    rows.row("a form of a folder, no folder given", Code::NotFound, |b| async move {
        let shelf = Shelf::new(&b, &[("IPM.Note", FormLibrary::Folder)]).await;
        code(shelf.desk.session.resolve_message_class("IPM.Note", none(), None).await)
    });
    for (library, expected) in [(FormLibrary::Local, "IPM.Note, Local"), (FormLibrary::Personal, "IPM.Note, Personal")] {
        rows.row(format!("a form of {library:?}, no folder given"), expected, move |b| async move {
            let shelf = Shelf::new(&b, &[("IPM.Note", library)]).await;
            told(shelf.desk.session.resolve_message_class("IPM.Note", none(), None).await)
        });
    }
    rows.row("no form at all", Code::NotFound, |b| async move {
        code(Shelf::new(&b, &[]).await.desk.session.resolve_message_class("IPM.Note", none(), None).await)
    });
    rows.row("a hidden message that is no form", "MAPI_E_NOT_FOUND", |b| async move {
        let shelf = Shelf::new(&b, &[]).await;
        let view = shelf.folder.create_message(flags::CreateMessageFlags::MAPI_ASSOCIATED).await.unwrap();
        let properties = view.properties().await.unwrap();
        properties.set_props(vec![Property::new(tags::MESSAGE_CLASS, text("IPM.View"))]).await.unwrap();
        properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
        shelf.found("IPM.View", none()).await
    });
    rows.row("what the definition says", "2", |b| async move {
        let shelf = Shelf::new(&b, &[("IPM.Note", FormLibrary::Folder)]).await;
        let form = shelf.desk.session.resolve_message_class("IPM.Note", none(), Some(&shelf.folder)).await.unwrap();
        let version = form.properties.iter().find(|held| held.tag == tags::FORM_VERSION);
        version.map_or_else(String::new, |held| crate::bench::shown(&held.value))
    });
    for (name, class) in malformed() {
        rows.row(format!("a class, {name}"), "MAPI_E_INVALID_PARAMETER", move |b| {
            let class = class.clone();
            async move { Shelf::new(&b, &[("IPM", FormLibrary::Local)]).await.found(&class, none()).await }
        });
    }
    rows.row("a class of 255 characters", "IPM, Local", |b| async move {
        let class = format!("IPM.{}", "x".repeat(251));
        Shelf::new(&b, &[("IPM", FormLibrary::Local)]).await.found(&class, none()).await
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(0x20, |flags| code(session.resolve_message_class("IPM.Note", flags, None)))
    });
    rows.raw("a malformed class and an undefined flag", Code::InvalidParameter, || {
        code(raw::session().1.resolve_message_class("", 1, None))
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.resolve_message_class("", none(), None).await)
    });
}

fn several(rows: &mut Rows) {
    const FORMS: [(&str, FormLibrary); 3] =
        [("IPM.Note", FormLibrary::Local), ("IPM.Task", FormLibrary::Folder), ("IPM.Contact", FormLibrary::Organisation)];
    let names = |classes: &'static [&'static str]| classes.iter().map(|class| (*class).to_owned()).collect::<Vec<_>>();
    rows.of("session 9.4", "IMAPIFormMgr::ResolveMultipleMessageClasses");
    for (name, classes, how, expected) in [
        ("no class", [].as_slice(), none(), ""),
        ("one that is known", ["IPM.Task"].as_slice(), none(), "IPM.Task"),
        ("one that is not", ["REPORT"].as_slice(), none(), "none"),
        ("some that are known and some that are not", &["REPORT", "IPM.Contact", "IPM"], none(), "none, IPM.Contact, none"),
        ("parts below", &["IPM.Note.Ours", "IPM.Task.Theirs"], none(), "IPM.Note, IPM.Task"),
        ("parts below, MAPIFORM_EXACTMATCH", &["IPM.Note.Ours", "IPM.Task"], EXACT, "none, IPM.Task"),
        ("one class twice, in other case", &["IPM.NOTE", "ipm.note"], none(), "IPM.Note, IPM.Note"),
        ("a malformed one among them", &["IPM.Note", "IPM."], none(), "MAPI_E_INVALID_PARAMETER"),
    ] {
        rows.row(name, expected, move |b| async move {
            Shelf::new(&b, &FORMS).await.several(Some(&names(classes)), how).await
        });
    }
    rows.row("the class list absent: all forms", "IPM.Note, IPM.Task, IPM.Contact", |b| async move {
        Shelf::new(&b, &FORMS).await.several(None, none()).await
    });
    rows.row("the class list absent, no folder given", "2 forms", |b| async move {
        let shelf = Shelf::new(&b, &FORMS).await;
        let found = shelf.desk.session.resolve_multiple_message_classes(None, none(), None).await.unwrap();
        format!("{} forms", found.iter().flatten().count())
    });
    rows.row("the class list absent, no forms", "", |b| async move { Shelf::new(&b, &[]).await.several(None, none()).await });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(0x20, |flags| code(session.resolve_multiple_message_classes(None, flags, None)))
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.resolve_multiple_message_classes(None, none(), None).await)
    });
}
