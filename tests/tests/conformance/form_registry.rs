//! The form registry (`session` 9.4): InstallForm, RemoveForm, CalcFormPropSet, SelectForm, SelectFormContainer.

use crate::bench::{Bench, text};
use crate::desk::Desk;
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::session::FormContainer;
use mapi_session::backend::{FormDefinition, FormLibrary, FormScope};
use mapi_session::flags::{self, InstallFormFlags, LogoffFlags, ResolveMessageClassFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Folder, FormSource};

const REPLACE: InstallFormFlags = InstallFormFlags::MAPIFORM_INSTALL_OVERWRITEONCONFLICT;
const ASK: InstallFormFlags = InstallFormFlags::MAPIFORM_INSTALL_DIALOG;

/// The libraries that are folders.
const FOLDERS: [FormLibrary; 2] = [FormLibrary::Folder, FormLibrary::Personal];

fn none() -> InstallFormFlags {
    InstallFormFlags::empty()
}

fn given(class: &str, version: &str, platforms: &[i32]) -> FormSource {
    let version = Property::new(tags::FORM_VERSION, text(version));
    let map = (!platforms.is_empty()).then(|| Property::new(tags::FORM_HOST_MAP, Value::MvLong(platforms.to_vec())));
    FormSource::Given { message_class: class.to_owned(), properties: [version].into_iter().chain(map).collect() }
}

fn called(name: &str) -> FormSource {
    FormSource::Named(name.to_owned())
}

/// A session with a folder whose library is empty.
struct Shelf {
    desk: Desk,
    folder: Folder,
}

impl Shelf {
    async fn new(bench: &Bench) -> Self {
        bench.presenter.appear();
        let desk = Desk::new(bench).await;
        let how = flags::CreateFolderFlags::empty();
        let folder = desk.folder.create_folder(mapi_session::FolderType::Generic, "Forms", None, how).await.unwrap();
        Self { desk, folder }
    }

    /// A library as an argument.
    fn folder_of(&self, library: FormLibrary) -> Option<&Folder> {
        (library == FormLibrary::Folder).then_some(&self.folder)
    }

    async fn install(&self, library: FormLibrary, source: &FormSource, how: InstallFormFlags) -> Result<()> {
        self.desk.session.install_form(library, self.folder_of(library), source, how).await
    }

    async fn remove(&self, library: FormLibrary, class: &str) -> Code {
        code(self.desk.session.remove_form(library, self.folder_of(library), class).await)
    }

    /// Every form: its class, its library, its version and its platforms.
    async fn forms(&self) -> String {
        let none = ResolveMessageClassFlags::empty();
        let forms = self.desk.session.resolve_multiple_message_classes(None, none, Some(&self.folder)).await.unwrap();
        let shown = |form: FormDefinition| {
            let held = |tag: PropTag| form.properties.iter().find(|held| held.tag == tag).map(|held| held.value.clone());
            let version = held(tags::FORM_VERSION).map_or_else(String::new, |value| crate::bench::shown(&value));
            let platforms = held(tags::FORM_HOST_MAP).map_or_else(String::new, |value| format!(" {value:?}"));
            format!("{} {:?} {version}{platforms}", form.message_class, form.library)
        };
        forms.into_iter().flatten().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// Installs one form after the other, and shows what there is.
    async fn with(&self, library: FormLibrary, sources: &[(FormSource, InstallFormFlags)]) -> String {
        let mut codes = Vec::new();
        for (source, how) in sources {
            codes.push(code(self.install(library, source, *how).await).to_string());
        }
        format!("{}: {}", codes.join(", "), self.forms().await)
    }
}

pub(super) fn rows(rows: &mut Rows) {
    install(rows);
    remove(rows);
    property_sets(rows);
    select(rows);
    containers(rows);
}

fn install(rows: &mut Rows) {
    rows.of("session 9.4", "IMAPIFormContainer::InstallForm");
    for library in FOLDERS {
        rows.row(format!("{library:?}: a definition"), format!("S_OK: IPM.Task {library:?} 1"), move |b| async move {
            Shelf::new(&b).await.with(library, &[(given("IPM.Task", "1", &[]), none())]).await
        });
        let expected = format!("S_OK, S_OK: IPM.Task {library:?} 1");
        rows.row(format!("{library:?}: the class is there, other case, no flag"), expected, move |b| async move {
            let sources = [(given("IPM.Task", "1", &[]), none()), (given("ipm.task", "2", &[]), none())];
            Shelf::new(&b).await.with(library, &sources).await
        });
        let expected = format!("S_OK, S_OK: IPM.Task {library:?} 1 MvLong([1, 2])");
        rows.row(format!("{library:?}: the class is there, further platforms"), expected, move |b| async move {
            let sources = [(given("IPM.Task", "1", &[1]), none()), (given("IPM.Task", "2", &[2, 1]), none())];
            Shelf::new(&b).await.with(library, &sources).await
        });
        let expected = format!("S_OK, S_OK: IPM.Task {library:?} 2 MvLong([2])");
        rows.row(format!("{library:?}: the class is there, overwrite on conflict"), expected, move |b| async move {
            let sources = [(given("IPM.Task", "1", &[1]), none()), (given("IPM.Task", "2", &[2]), REPLACE)];
            Shelf::new(&b).await.with(library, &sources).await
        });
        for (answer, name, expected) in [
            (Ok(true), "yes", format!("S_OK, S_OK: IPM.Task {library:?} 2")),
            (Ok(false), "no", format!("S_OK, S_OK: IPM.Task {library:?} 1")),
            (
                Err(Failure::new(Code::UserCancel, "as told")),
                "cancelled",
                format!("S_OK, MAPI_E_USER_CANCEL: IPM.Task {library:?} 1"),
            ),
        ] {
            let call = format!("{library:?}: MAPI_DIALOG and overwrite on conflict, a person says {name}");
            rows.row(call, expected, move |b| {
                let answer = answer.clone();
                async move {
                    b.presenter.answer_question(answer);
                    let sources = [(given("IPM.Task", "1", &[]), none()), (given("IPM.Task", "2", &[]), ASK | REPLACE)];
                    Shelf::new(&b).await.with(library, &sources).await
                }
            });
        }
        rows.row(format!("{library:?}: a definition the host knows by name"), Code::NoSupport, move |b| async move {
            code(Shelf::new(&b).await.install(library, &called("IPM.Task"), none()).await)
        });
        let expected = "MAPI_E_EXTENDED_ERROR, explained: true";
        for (name, source) in invalid() {
            rows.row(format!("{library:?}: an invalid definition, {name}"), expected, move |b| {
                let source = source.clone();
                async move {
                    let shelf = Shelf::new(&b).await;
                    let done = code(shelf.install(library, &source, none()).await);
                    let error = shelf.desk.session.get_last_error(done).await.unwrap();
                    format!("{done}, explained: {}", error.is_some_and(|error| error.error.len() > 20))
                }
            });
        }
    }
    rows.row("Local: a name the host knows", "S_OK: IPM.Task Local 0", |b| async move {
        Shelf::new(&b).await.with(FormLibrary::Local, &[(called("IPM.Task"), none())]).await
    });
    rows.row("Local: overwrite on conflict reaches the host", "S_OK, S_OK: IPM.Task Local 16", |b| async move {
        let sources = [(called("IPM.Task"), none()), (called("IPM.Task"), REPLACE)];
        Shelf::new(&b).await.with(FormLibrary::Local, &sources).await
    });
    rows.row("Local: a definition the host cannot use", Code::ExtendedError, |b| async move {
        code(Shelf::new(&b).await.install(FormLibrary::Local, &called("invalid"), none()).await)
    });
    rows.row("Local: a definition itself", Code::NoSupport, |b| async move {
        code(Shelf::new(&b).await.install(FormLibrary::Local, &given("IPM.Task", "1", &[]), none()).await)
    });
    rows.row("Organisation, which the host only reads", Code::NoAccess, |b| async move {
        code(Shelf::new(&b).await.install(FormLibrary::Organisation, &called("IPM.Task"), none()).await)
    });
    rows.row("Folder without a folder", Code::InvalidParameter, |b| async move {
        let shelf = Shelf::new(&b).await;
        let source = given("IPM.Task", "1", &[]);
        code(shelf.desk.session.install_form(FormLibrary::Folder, None, &source, none()).await)
    });
    for library in [FormLibrary::Local, FormLibrary::Personal, FormLibrary::Organisation] {
        rows.row(format!("{library:?} with a folder"), Code::InvalidParameter, move |b| async move {
            let shelf = Shelf::new(&b).await;
            let source = given("IPM.Task", "1", &[]);
            code(shelf.desk.session.install_form(library, Some(&shelf.folder), &source, none()).await)
        });
    }
    rows.row("Personal, the default store is not open", Code::NotFound, |b| async move {
        let session = b.session(&["store"]).await;
        code(session.install_form(FormLibrary::Personal, None, &given("IPM.Task", "1", &[]), none()).await)
    });
    rows.row("MAPI_DIALOG, no user interface", Code::NoSupport, |b| async move {
        let desk = Desk::new(&b).await;
        code(desk.session.install_form(FormLibrary::Personal, None, &given("IPM.Task", "1", &[]), ASK).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let container = FormContainer { library: FormLibrary::Local, folder: None };
        raw::undefined(0x18, |flags| code(session.install_form(0, flags, container, &called("IPM.Task"))))
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.install_form(FormLibrary::Local, None, &called("IPM.Task"), none()).await)
    });
}

/// What is no definition.
fn invalid() -> [(&'static str, FormSource); 4] {
    let with = |property: Property| {
        let FormSource::Given { message_class, mut properties } = given("IPM.Task", "1", &[]) else { unreachable!() };
        properties.push(property);
        FormSource::Given { message_class, properties }
    };
    [
        ("a malformed class", given("IPM.", "1", &[])),
        ("no class", given("", "1", &[])),
        ("no property of a form", FormSource::Given { message_class: "IPM.Task".into(), properties: Vec::new() }),
        ("a property that is none of a form", with(Property::new(tags::SUBJECT, text("x")))),
    ]
}

fn remove(rows: &mut Rows) {
    rows.of("session 9.4", "IMAPIFormContainer::RemoveForm");
    for library in [FormLibrary::Local, FormLibrary::Folder, FormLibrary::Personal] {
        let source = if library == FormLibrary::Local { called("IPM.Task") } else { given("IPM.Task", "1", &[]) };
        for (name, class, expected) in [("the class", "IPM.Task", "S_OK: "), ("other case", "ipm.TASK", "S_OK: ")] {
            let source = source.clone();
            rows.row(format!("{library:?}: {name}"), expected, move |b| {
                let source = source.clone();
                async move {
                    let shelf = Shelf::new(&b).await;
                    shelf.install(library, &source, none()).await.unwrap();
                    format!("{}: {}", shelf.remove(library, class).await, shelf.forms().await)
                }
            });
        }
        rows.row(format!("{library:?}: a class below it"), Code::NotFound, move |b| {
            let source = source.clone();
            async move {
                let shelf = Shelf::new(&b).await;
                shelf.install(library, &source, none()).await.unwrap();
                shelf.remove(library, "IPM.Task.Ours").await
            }
        });
        rows.row(format!("{library:?}: an unknown class"), Code::NotFound, move |b| async move {
            Shelf::new(&b).await.remove(library, "IPM.Task").await
        });
        rows.row(format!("{library:?}: a malformed class"), Code::InvalidParameter, move |b| async move {
            Shelf::new(&b).await.remove(library, "IPM.").await
        });
    }
    rows.row("Organisation, which the host only reads", Code::NoAccess, |b| async move {
        Shelf::new(&b).await.remove(FormLibrary::Organisation, "IPM.Task").await
    });
    rows.row("Folder without a folder", Code::InvalidParameter, |b| async move {
        code(Shelf::new(&b).await.desk.session.remove_form(FormLibrary::Folder, None, "IPM.Task").await)
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.remove_form(FormLibrary::Local, None, "").await)
    });
}

fn property_sets(rows: &mut Rows) {
    let form = |published: &[u32]| FormDefinition {
        message_class: "IPM.Task".into(),
        library: FormLibrary::Local,
        properties: published.iter().map(|tag| Property::new(PropTag(*tag), Value::Long(0))).collect(),
    };
    let forms = [form(&[0x6801_0003, 0x6802_0003, 0x330A_0003]), form(&[0x6802_0003, 0x6803_0003])];
    rows.of("session 9.4", "IMAPIFormMgr::CalcFormPropSet");
    for (name, forms, common, expected) in [
        ("FORMPROPSET_UNION", forms.to_vec(), false, "3"),
        ("FORMPROPSET_INTERSECTION", forms.to_vec(), true, "1"),
        ("FORMPROPSET_UNION, no form", vec![], false, "0"),
        ("FORMPROPSET_INTERSECTION, no form", vec![], true, "0"),
        ("FORMPROPSET_UNION, none published", vec![form(&[0x330A_0003])], false, "0"),
        ("FORMPROPSET_INTERSECTION, one publishes none", vec![forms[0].clone(), form(&[])], true, "0"),
    ] {
        rows.row(name, expected, move |b| {
            let forms = forms.clone();
            async move { b.session(&[]).await.calc_form_prop_set(&forms, common).await.unwrap().len().to_string() }
        });
    }
    rows.row("a form of a folder publishes what its definition has", "1", |b| async move {
        let shelf = Shelf::new(&b).await;
        let FormSource::Given { message_class, mut properties } = given("IPM.Task", "1", &[]) else { unreachable!() };
        properties.push(Property::new(PropTag(0x6801_001F), text("x")));
        shelf.install(FormLibrary::Folder, &FormSource::Given { message_class, properties }, none()).await.unwrap();
        let session = &shelf.desk.session;
        let form = session.resolve_message_class("IPM.Task", ResolveMessageClassFlags::empty(), Some(&shelf.folder)).await.unwrap();
        session.calc_form_prop_set(&[form], false).await.unwrap().len().to_string()
    });
    rows.raw("any other value", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        code(session.calc_form_prop_set(&[], 2))
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.calc_form_prop_set(&[], false).await)
    });
}

/// The classes that are chosen, where that is the answer.
async fn chosen(bench: Bench, answer: Result<Vec<u32>>, scope: FormScope, several: bool) -> String {
    let shelf = Shelf::new(&bench).await;
    bench.presenter.add_form("IPM.Note", FormLibrary::Local, Vec::new());
    let hidden = vec![Property::new(tags::FORM_HIDDEN, Value::Boolean(true))];
    bench.presenter.add_form("IPM.Hidden", FormLibrary::Local, hidden);
    shelf.install(FormLibrary::Folder, &given("IPM.Task", "1", &[]), none()).await.unwrap();
    bench.presenter.answer_selection(answer);
    let before = several.then_some([].as_slice());
    let chosen = shelf.desk.session.select_forms(scope, Some("Forms"), Some(&shelf.folder), before).await;
    let offered = bench.presenter.offered().last().map_or(0, |prompt| prompt.forms.len());
    match chosen {
        Ok(forms) => {
            let classes: Vec<_> = forms.into_iter().map(|form| form.message_class).collect();
            format!("{} of {offered}", classes.join(" and "))
        }
        Err(failure) => failure.code().to_string(),
    }
}

fn select(rows: &mut Rows) {
    use FormScope::{All, FolderOnly, NotFolder};
    let cancelled = || Err(Failure::new(Code::UserCancel, "as told"));
    rows.of("session 9.4", "IMAPIFormMgr::SelectMultipleForms");
    for (name, answer, scope, several, expected) in [
        ("one, ALL_REGISTRIES: hidden forms are not offered", Ok(vec![1]), All, false, "IPM.Task of 2"),
        ("one, FOLDER_REGISTRY_ONLY", Ok(vec![0]), FolderOnly, false, "IPM.Task of 1"),
        ("one, NON_FOLDER_REGISTRY_ONLY", Ok(vec![0]), NotFolder, false, "IPM.Note of 1"),
        ("several", Ok(vec![1, 0]), All, true, "IPM.Task and IPM.Note of 2"),
        ("several, none is chosen", Ok(vec![]), All, true, " of 2"),
        ("one, none is chosen", Ok(vec![]), All, false, "MAPI_E_USER_CANCEL"),
        ("one, cancelled", cancelled(), All, false, "MAPI_E_USER_CANCEL"),
        ("several, cancelled", cancelled(), All, true, "MAPI_E_USER_CANCEL"),
        ("one, two are chosen", Ok(vec![0, 1]), All, false, "MAPI_E_CALL_FAILED"),
        ("one that was not offered", Ok(vec![7]), All, false, "MAPI_E_CALL_FAILED"),
    ] {
        rows.row(name, expected, move |b| chosen(b, answer.clone(), scope, several));
    }
    rows.row("those chosen before are offered as such", "[1]", |b| async move {
        let shelf = Shelf::new(&b).await;
        for class in ["IPM.Note", "IPM.Task"] {
            b.presenter.add_form(class, FormLibrary::Local, Vec::new());
        }
        b.presenter.answer_selection(Ok(vec![]));
        let session = &shelf.desk.session;
        let before = session.resolve_message_class("IPM.Task", ResolveMessageClassFlags::empty(), None).await.unwrap();
        session.select_forms(All, None, None, Some(&[before])).await.unwrap();
        format!("{:?}", b.presenter.offered()[0].selected)
    });
    rows.row("FOLDER_REGISTRY_ONLY without a folder", Code::InvalidParameter, |b| async move {
        code(Shelf::new(&b).await.desk.session.select_forms(FolderOnly, None, None, None).await)
    });
    rows.row("no user interface", Code::NoSupport, |b| async move {
        code(b.session(&[]).await.select_forms(All, None, None, None).await)
    });
    rows.raw("any other scope", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        code(session.select_forms(0, 3, None, None, None))
    });
    rows.row("a handle that logged off", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(session.select_forms(FolderOnly, None, None, None).await)
    });
}

fn containers(rows: &mut Rows) {
    use FormScope::{All, FolderOnly, NotFolder};
    rows.of("session 9.4", "IMAPIFormMgr::SelectFormContainer");
    for (name, answer, scope, folder, expected) in [
        ("ALL_REGISTRIES", Ok(FormLibrary::Local), All, true, "Local"),
        ("ALL_REGISTRIES, the folder's", Ok(FormLibrary::Folder), All, true, "Folder"),
        ("ALL_REGISTRIES, the folder's, no folder given", Ok(FormLibrary::Folder), All, false, "MAPI_E_CALL_FAILED"),
        ("FOLDER_REGISTRY_ONLY", Ok(FormLibrary::Folder), FolderOnly, true, "Folder"),
        ("FOLDER_REGISTRY_ONLY, another one", Ok(FormLibrary::Personal), FolderOnly, true, "MAPI_E_CALL_FAILED"),
        ("FOLDER_REGISTRY_ONLY without a folder", Ok(FormLibrary::Folder), FolderOnly, false, "MAPI_E_INVALID_PARAMETER"),
        ("NON_FOLDER_REGISTRY_ONLY", Ok(FormLibrary::Personal), NotFolder, true, "Personal"),
        ("NON_FOLDER_REGISTRY_ONLY, the folder's", Ok(FormLibrary::Folder), NotFolder, true, "MAPI_E_CALL_FAILED"),
        ("cancelled", Err(Failure::new(Code::UserCancel, "as told")), All, true, "MAPI_E_USER_CANCEL"),
    ] {
        rows.row(name, expected, move |b| {
            let answer = answer.clone();
            async move {
                let shelf = Shelf::new(&b).await;
                b.presenter.answer_library(answer);
                match shelf.desk.session.select_form_container(scope, folder.then_some(&shelf.folder)).await {
                    Ok(library) => format!("{library:?}"),
                    Err(failure) => failure.code().to_string(),
                }
            }
        });
    }
    rows.row("no user interface", Code::NoSupport, |b| async move {
        code(b.session(&[]).await.select_form_container(All, None).await)
    });
    rows.raw("any other scope", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        code(session.select_form_container(0, 3, None))
    });
}
