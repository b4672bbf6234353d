//! A store that no profile has (`session` 12, the end of item 5): its row appears only after ModifyProfile.

use crate::bench::Bench;
use mapi_session::backend::{ProviderLogon, Store as _};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::error::{Failure, Result};
use mapi_session::flags::{self, LogonFlags, OpenMsgStoreFlags};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{Backends, Limits, LogonOptions, Object, Opened, Session, SharedStore, Support, Threading};
use mapi_tests::clients::{column, list, open_store, root, store_ids, store_table, text};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The backend of stores in SQLite that are in files of other profiles.
const LINKED: &str = "linked";

type Supports = Arc<Mutex<Vec<Support>>>;

fn find(stores: &Path, wanted: &[u8]) -> Result<SqliteStore> {
    let files = std::fs::read_dir(stores).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "mapi")) {
        let store = SqliteStore::open(&file, Access::Write)?;
        if store.identity().private_entry == wanted {
            return Ok(store);
        }
    }
    Err(Failure::not_found("no file has that store"))
}

/// Grants the backend.
fn with_linked(backends: &Backends, stores: PathBuf, supports: &Supports) -> Backends {
    let supports = Arc::clone(supports);
    backends.clone().with_store(LINKED, Threading::Prompt, move |_: &ProviderLogon, entry| {
        let wanted = entry.ok_or_else(|| Failure::not_found("a linked store is named by its identifier"))?;
        let store: Arc<SharedStore> = Arc::new(find(&stores, wanted)?);
        let kept = Arc::clone(&supports);
        let section_changes = vec![Property::new(tags::DISPLAY_NAME, text("Mail at home"))];
        let opened = Opened { section_changes, ..Opened::new(store) };
        Ok(opened.with_support(move |support| kept.lock().unwrap().push(support)))
    })
}

async fn names(session: &Session) -> String {
    list(&column(&store_table(session).await, tags::DISPLAY_NAME).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_in_a_file_of_another_profile_stays_when_it_asks_to() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let how = flags::CreateMsgServiceFlags::empty();
    bench.admin.admin_services("Home").await.unwrap().create_msg_service_ex("mapi.store", None, how).await.unwrap();
    let home = bench.logon(Some("Home"), LogonFlags::MAPI_NEW_SESSION).await.unwrap();
    let folder = root(&open_store(&home, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap()).await;
    let how = flags::CreateFolderFlags::empty();
    folder.create_folder(mapi_session::FolderType::Generic, "At home", None, how).await.unwrap();
    let wrapped = mapi_engine::entry_id::WrappedStoreId::parse(&store_ids(&home).await[0]).unwrap();
    let id = mapi_engine::entry_id::WrappedStoreId::new(LINKED, wrapped.private()).unwrap().to_bytes();

    // The service that names the backend is known to the host, and in no profile.
    let services = std::fs::read_to_string(bench.path().join("services.toml")).unwrap();
    let linked = "\n[[service]]\nname = \"linked\"\ndisplay-name = \"Linked\"\n\n[[service.provider]]\n\
                  section = \"linked\"\ndisplay-name = \"Linked\"\nprovider-display = \"Store of somebody else\"\n\
                  backend = \"linked\"\nkind = \"store\"\n";
    std::fs::write(bench.path().join("services.toml"), services + linked).unwrap();
    let supports = Supports::default();
    let backends = Backends::embedded(bench.path()).unwrap();
    let backends = bench.providers.grant(with_linked(&backends, bench.path().join("stores"), &supports));
    let subsystem = crate::bench::engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Work")).await.unwrap();

    let opened = session.open_msg_store(&id, OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
    assert_eq!(names(&session).await, "Mailbox", "open, and not in the profile");
    supports.lock().unwrap()[0].modify_profile(false).unwrap();
    while subsystem.pump(std::time::Duration::from_millis(20)).await.unwrap().more {}
    assert_eq!(names(&session).await, "Mailbox, Mail at home");
    let folder = root(&opened).await;
    let how = flags::CreateFolderFlags::OPEN_IF_EXISTS;
    let found = folder.create_folder(mapi_session::FolderType::Generic, "At home", None, how).await.unwrap();
    drop((opened, found, session, subsystem));

    // The next program finds it in the profile, and opens it by the identifier it has there.
    let subsystem = crate::bench::engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Work")).await.unwrap();
    assert_eq!(names(&session).await, "Mailbox, Mail at home");
    assert_eq!(column(&store_table(&session).await, tags::DEFAULT_STORE).await, [true, false].map(Value::Boolean));
    let store = open_store(&session, 1, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    assert_eq!(store_ids(&session).await[1], id);
    let opened = store.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await.unwrap().object;
    assert!(matches!(opened, Object::Folder(_)));
}
