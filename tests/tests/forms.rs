//! Forms and prompts through the component (`session` 2, 4, 9; `status` 4.2): tokens, what a form sees and changes, the
//! choice of a profile, the question at logoff, the settings of a provider.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{MemoryCatalogue, MemoryPresenter, MemoryProfiles, MemoryStore};
use mapi_session::backend::{FormLibrary, FormOutcome, FormRequest, MessageChanges, Presenter, ProviderKind};
use mapi_session::error::{Code, Result};
use mapi_session::properties::{Guid, PropTag, PropType, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FormMessage, Limits, LogonOptions, Message, MessageStore, Object, Opened, Session,
    SharedStore, SharedTransport, Subsystem, Table, Threading, flags,
};
use mapi_tests::scripted_transport::Scripted;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

/// One store, and whoever is asked.
fn backends(presenter: Arc<dyn Presenter + Send + Sync>) -> Backends {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "one"),
        MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire"),
    ]);
    let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([1; 16]), "one"));
    Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
        .with_store("one", Threading::Prompt, move |_, _| Ok(Opened::new(Arc::clone(&store))))
        .with_presenter(presenter)
}

struct Bench {
    subsystem: Subsystem,
    session: Session,
    store: MessageStore,
    folder: Folder,
}

impl Bench {
    async fn new(backends: &Backends) -> Self {
        let subsystem = engine().subsystem(backends, Limits::default()).await.unwrap();
        let admin = subsystem.admin_profiles().await.unwrap();
        admin.create_profile("Me", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
        let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
        let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
        let Value::Binary(entry_id) = column(&stores, tags::ENTRYID).await.remove(0) else { panic!("a store has one") };
        let store = session.open_msg_store(&entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
        let Object::Folder(folder) = store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object
        else {
            panic!("the root is a folder")
        };
        Self { subsystem, session, store, folder }
    }

    async fn draft(&self, subject: &str) -> Message {
        let message = self.folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        let properties = message.properties().await.unwrap();
        properties.set_props(vec![Property::new(tags::SUBJECT, text(subject))]).await.unwrap();
        let recipient = vec![
            Property::new(tags::DISPLAY_NAME, text("Ben")),
            Property::new(tags::ADDRTYPE, text("SMTP")),
            Property::new(tags::EMAIL_ADDRESS, text("ben@example.org")),
            Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
        ];
        message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, vec![recipient]).await.unwrap();
        message
    }

    async fn show(&self, token: u64, how: flags::ShowFormFlags) -> Result<()> {
        self.session.show_form((&self.store, &self.folder), token, how, FormMessage::of_class("IPM.Note")).await
    }

    async fn subjects(&self) -> Vec<Value> {
        column(&self.folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap(), tags::SUBJECT).await
    }

    async fn queued(&self) -> Vec<Value> {
        column(&self.store.get_outgoing_queue().await.unwrap(), tags::SUBJECT).await
    }
}

async fn column(table: &Table, column: PropTag) -> Vec<Value> {
    table.set_columns(&[column], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().flatten().map(|cell| cell.value).collect()
}

const NEW: flags::ShowFormFlags = flags::ShowFormFlags::MAPI_NEW_MESSAGE;
const POST: flags::ShowFormFlags = flags::ShowFormFlags::MAPI_POST_MESSAGE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_changes_a_message_that_is_saved_or_sent_afterwards() {
    let presenter = Arc::new(MemoryPresenter::default());
    let version = Property::new(tags::FORM_VERSION, text("3"));
    presenter.add_form("IPM", FormLibrary::Organisation, vec![version.clone()]);
    let subject = |subject: &str| MessageChanges {
        set: vec![Property::new(tags::SUBJECT, text(subject))],
        delete: vec![tags::PRIORITY],
        attachments_added: vec![vec![
            Property::new(tags::ATTACH_LONG_FILENAME, text("a.txt")),
            Property::new(tags::ATTACH_DATA_BIN, Value::Binary(vec![7; 100_000])),
        ]],
        ..MessageChanges::default()
    };
    let (posted, sent) = (subject("Posted"), subject("Sent"));
    presenter.answer_form(move |_: &FormRequest| Ok(FormOutcome::Closed(posted)));
    presenter.answer_form(move |_: &FormRequest| Ok(FormOutcome::Closed(sent)));
    let bench = Bench::new(&backends(presenter.clone())).await;
    let message = bench.draft("Draft").await;
    let body = vec![Property::new(tags::BODY, text(&"x".repeat(200_000)))];
    message.properties().await.unwrap().set_props(body).await.unwrap();
    let token = bench.session.prepare_form(message).await.unwrap();
    bench.show(token, NEW | POST).await.unwrap();
    assert_eq!(bench.subjects().await, [text("Posted")]);
    let request = presenter.shown().remove(0);
    assert_eq!((request.form.library, request.form.properties.as_slice()), (FormLibrary::Organisation, [version].as_slice()));
    assert_eq!((request.flags, request.viewer), (3, 0x4 | 0x8 | 0x20_0000 | 0x40_0000));
    let size = Property { tag: tags::BODY.with_kind(PropType::I8), value: Value::I8(400_000) };
    assert!(request.message.properties.contains(&size), "a long text is cut");
    assert_eq!(request.message.recipients.len(), 1);
    let token = bench.session.prepare_form(bench.draft("Draft").await).await.unwrap();
    bench.show(token, NEW).await.unwrap();
    assert_eq!((bench.subjects().await, bench.queued().await), (vec![text("Posted")], vec![text("Sent")]));
    assert_eq!(bench.show(token, NEW).await.unwrap_err().code(), Code::InvalidParameter);
    // The form of a class is told without showing it, and no answer is left for another form.
    let exact = flags::ResolveMessageClassFlags::MAPIFORM_EXACTMATCH;
    let found = bench.session.resolve_message_class("IPM.Task", flags::ResolveMessageClassFlags::empty(), Some(&bench.folder));
    assert_eq!(found.await.unwrap().message_class, "IPM");
    assert_eq!(bench.session.resolve_message_class("IPM.Task", exact, None).await.unwrap_err().code(), Code::NotFound);
    let classes = ["REPORT".to_owned(), "IPM.Note".to_owned()];
    let several = bench.session.resolve_multiple_message_classes(Some(&classes), flags::ResolveMessageClassFlags::empty(), None);
    assert_eq!(several.await.unwrap().iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    let token = bench.session.prepare_form(bench.draft("Draft").await).await.unwrap();
    assert_eq!(bench.show(token, NEW).await.unwrap_err().code(), Code::UserCancel);
    assert_eq!(bench.queued().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_chosen_at_logon_and_pending_mail_is_asked_about_at_logoff() {
    let presenter = Arc::new(MemoryPresenter::default());
    presenter.add_form("IPM", FormLibrary::Local, Vec::new());
    presenter.answer_form(|_: &FormRequest| Ok(FormOutcome::Closed(MessageChanges::default())));
    let bench = Bench::new(&backends(presenter.clone())).await;
    presenter.answer_profile(Ok("Me".into()));
    let ask = LogonOptions { profile: None, flags: flags::LogonFlags::MAPI_LOGON_UI | flags::LogonFlags::MAPI_NEW_SESSION };
    drop(bench.subsystem.logon(ask.clone()).await.unwrap());
    assert_eq!(presenter.choices()[0].profiles, ["Me"]);
    assert_eq!(bench.subsystem.logon(ask).await.unwrap_err().failure.code(), Code::UserCancel, "nobody answers any more");
    let token = bench.session.prepare_form(bench.draft("Waits").await).await.unwrap();
    bench.show(token, NEW).await.unwrap();
    presenter.answer_question(Ok(false));
    presenter.answer_question(Ok(true));
    let how = flags::LogoffFlags::MAPI_LOGOFF_UI;
    assert_eq!(bench.session.logoff(how).await.unwrap_err().code(), Code::UserCancel);
    assert_eq!(bench.queued().await, [text("Waits")], "the session goes on");
    bench.session.logoff(how).await.unwrap();
    assert_eq!(presenter.questions().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transport_takes_another_password_and_shows_its_settings_where_there_is_a_user_interface() {
    let wire = Scripted::default();
    let with_wire = |backends: Backends| {
        let wire = wire.clone();
        backends.with_transport("wire", Threading::Immediate, move |_| {
            let provider: Arc<SharedTransport> = Arc::new(wire.clone());
            let status_row = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x6))];
            Ok(Opened { status_row, ..Opened::new(provider) })
        })
    };
    let presenter = Arc::new(MemoryPresenter::default());
    let settings = async |backends: Backends| {
        let bench = Bench::new(&backends).await;
        let rows = bench.session.get_status_table(flags::GetStatusTableFlags::MAPI_UNICODE).await.unwrap();
        let transport = column(&rows, tags::RESOURCE_TYPE).await.iter().position(|kind| *kind == Value::Long(36)).unwrap();
        rows.seek_row(mapi_session::tables::Bookmark::BEGINNING, 0).await.unwrap();
        let Value::Binary(id) = column(&rows, tags::ENTRYID).await.remove(transport) else { panic!("a row has one") };
        let opened = bench.session.open_entry(&id, flags::SessionOpenEntryFlags::empty(), None).await.unwrap().object;
        let mapi_session::Entry::Status(object) = opened else { panic!("no status object: {opened:?}") };
        object.change_password("old", "new").await.unwrap();
        object.settings_dialog(flags::SettingsDialogFlags::UI_READONLY).await
    };
    assert_eq!(settings(with_wire(backends(presenter.clone()))).await.unwrap_err().code(), Code::NoSupport);
    presenter.appear();
    settings(with_wire(backends(presenter))).await.unwrap();
    assert_eq!(wire.wire().settings, [1]);
    assert_eq!(wire.wire().passwords, [("old".to_owned(), "new".to_owned()), ("old".to_owned(), "new".to_owned())]);
}

/// A person who takes their time.
struct Slow {
    begun: Mutex<mpsc::Sender<()>>,
    end: Mutex<mpsc::Receiver<()>>,
}

impl Presenter for Slow {
    fn offers_ui(&self) -> bool {
        true
    }

    fn show(&self, _: u64, _: &FormRequest) -> Result<FormOutcome> {
        self.begun.lock().unwrap().send(()).unwrap();
        self.end.lock().unwrap().recv().unwrap();
        Ok(FormOutcome::Cancelled)
    }

    fn forms(&self, library: FormLibrary) -> Result<Vec<mapi_session::backend::FormDefinition>> {
        let message_class = "IPM".to_owned();
        Ok(vec![mapi_session::backend::FormDefinition { message_class, library, properties: Vec::new() }])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logon_of_little_patience_leaves_the_queue_after_five_seconds() {
    let ((begun, has_begun), (end, ends)) = (mpsc::channel(), mpsc::channel());
    let slow = Slow { begun: Mutex::new(begun), end: Mutex::new(ends) };
    let bench = Bench::new(&backends(Arc::new(slow))).await;
    let token = bench.session.prepare_form(bench.draft("Draft").await).await.unwrap();
    let subsystem = bench.subsystem.clone();
    let form = tokio::spawn(async move { bench.show(token, NEW).await });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    let started = Instant::now();
    let hasty = LogonOptions::profile("Me").with(flags::LogonFlags::MAPI_TIMEOUT_SHORT);
    let failed = subsystem.logon(hasty.clone()).await.unwrap_err();
    assert_eq!(failed.failure.code(), Code::Timeout);
    assert!(started.elapsed() >= Duration::from_secs(5) && started.elapsed() < Duration::from_secs(15));
    let patient = tokio::spawn({
        let subsystem = subsystem.clone();
        async move { subsystem.logon(LogonOptions::profile("Me")).await.map(drop) }
    });
    end.send(()).unwrap();
    assert_eq!(form.await.unwrap().unwrap_err().code(), Code::UserCancel);
    patient.await.unwrap().unwrap();
    drop(subsystem.logon(hasty).await.unwrap());
}
