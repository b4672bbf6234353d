//! The scenario every host passes (`tests/scenario`), on the Rust host with its embedded backends: what is written
//! there about Rust holds, and with it what the runners of the other hosts are compared with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test panics")]

use mapi_engine::entry_id::OneOff;
use mapi_session::error::Failure;
use mapi_session::notifications::Notification;
use mapi_session::properties::{FileTime, PropTag, PropType, Property, Value, tags};
use mapi_session::restriction::{BitRelation, Relop, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, ImportOptions, Limits, Listener, LogonOptions, Message, MessageOptions,
    MessageStore, Object, Session, Subsystem, Table, Verdict, flags,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

fn number(json: &Json) -> u32 {
    u32::from_str_radix(text(json).trim_start_matches("0x"), 16).unwrap()
}

fn small(json: &Json, otherwise: u64) -> u32 {
    u32::try_from(json.as_u64().unwrap_or(otherwise)).unwrap()
}

fn list(json: &Json) -> &Vec<Json> {
    json.as_array().unwrap_or_else(|| panic!("{json} is no list"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cell as the scenario writes it.
fn written(value: &Value) -> Json {
    match value {
        Value::Unicode(text) => json!(text),
        Value::Long(number) => json!(number),
        Value::Boolean(is) => json!(is),
        Value::SysTime(time) => json!(time.0.to_string()),
        Value::Binary(bytes) => json!(hex(bytes)),
        Value::Error(_) => Json::Null,
        other => panic!("the scenario has no form for {other:?}"),
    }
}

fn failed(failure: &Failure) -> Json {
    json!({ "code": failure.code().to_string(), "number": format!("0x{:08x}", failure.code().raw()) })
}

struct Runner {
    tags: BTreeMap<String, PropTag>,
    subsystem: Subsystem,
    session: Option<Session>,
    store: Option<MessageStore>,
    events: Arc<Mutex<BTreeMap<&'static str, u32>>>,
    listener: Option<Listener>,
}

fn event_name(event: &Notification) -> &'static str {
    match event {
        Notification::NewMail(_) => "new-mail",
        Notification::ObjectCreated(_) => "object-created",
        _ => "other",
    }
}

impl Runner {
    fn tag(&self, name: &Json) -> PropTag {
        *self.tags.get(text(name)).unwrap_or_else(|| panic!("the scenario names no tag {name}"))
    }

    fn columns(&self, step: &Json) -> Vec<PropTag> {
        list(&step["columns"]).iter().map(|name| self.tag(name)).collect()
    }

    fn store(&self) -> &MessageStore {
        self.store.as_ref().expect("the scenario logs on first")
    }

    fn session(&self) -> &Session {
        self.session.as_ref().expect("the scenario logs on first")
    }

    fn constant(tag: PropTag, value: &Json) -> Property {
        let value = match tag.kind() {
            PropType::UNICODE => Value::Unicode(text(value).to_owned()),
            PropType::SYSTIME => Value::SysTime(FileTime(text(value).parse().unwrap())),
            kind => panic!("the scenario has no constant of type {kind:?}"),
        };
        Property::new(tag, value)
    }

    fn restriction(&self, form: &Json) -> Restriction {
        let (kind, value) = form.as_object().unwrap().iter().next().unwrap();
        let all = |value: &Json| list(value).iter().map(|part| self.restriction(part)).collect();
        match kind.as_str() {
            "and" => Restriction::And(all(value)),
            "or" => Restriction::Or(all(value)),
            "not" => Restriction::Not(Box::new(self.restriction(value))),
            "recipient" => {
                let child = Box::new(self.restriction(value));
                Restriction::SubRestriction { subobject: tags::MESSAGE_RECIPIENTS, child }
            }
            "exist" => Restriction::Exist { tag: self.tag(value) },
            "bits" => {
                let relation = if value["relation"] == "nez" { BitRelation::Nez } else { BitRelation::Eqz };
                Restriction::Bitmask { relation, tag: self.tag(&value["tag"]), mask: small(&value["mask"], 0) }
            }
            "property" => {
                let tag = self.tag(&value["tag"]);
                let relop = match text(&value["relop"]) {
                    "eq" => Relop::Eq,
                    "ge" => Relop::Ge,
                    other => panic!("the scenario has an unknown relation {other}"),
                };
                Restriction::Property { relop, tag, value: Self::constant(tag, &value["value"]) }
            }
            "content" => {
                let tag = self.tag(&value["tag"]);
                let bit = |name: &Json| match text(name) {
                    "substring" => 0x1,
                    "prefix" => 0x2,
                    "ignorecase" => 0x1_0000,
                    other => panic!("the scenario has an unknown match {other}"),
                };
                let fuzzy = list(&value["how"]).iter().map(bit).sum();
                Restriction::Content { fuzzy, tag, value: Self::constant(tag, &value["text"]) }
            }
            other => panic!("the scenario has an unknown restriction {other}"),
        }
    }

    async fn open_folder(&self, entry_id: &[u8]) -> Folder {
        match self.store().open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await.unwrap().object {
            Object::Folder(folder) => folder,
            other => panic!("no folder: {other:?}"),
        }
    }

    /// The folder a property of the store names.
    async fn named(&self, tag: PropTag) -> Folder {
        let properties = self.store().properties().await.unwrap();
        self.open_folder(&binary(&mapi_tests::clients::value(&properties, tag).await)).await
    }

    async fn folder(&self, name: &Json) -> Folder {
        let table = self.hierarchy().await;
        let rows = mapi_tests::clients::column(&table, tags::DISPLAY_NAME).await;
        let at = rows.iter().position(|known| written(known) == *name).unwrap_or_else(|| panic!("there is no folder {name}"));
        let ids = mapi_tests::clients::column(&table, tags::ENTRYID).await;
        self.open_folder(&binary(&ids[at])).await
    }

    async fn hierarchy(&self) -> Table {
        let top = self.named(tags::IPM_SUBTREE_ENTRYID).await;
        top.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap()
    }

    /// The contents table of a step, in its order.
    async fn view(&self, step: &Json, columns: &[PropTag]) -> Table {
        let table =
            self.folder(&step["folder"]).await.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(columns, flags::SetColumnsFlags::empty()).await.unwrap();
        let orders = step["sort"].as_array().into_iter().flatten().map(|key| {
            let tag = self.tag(&key[0]);
            if key[1] == "ascend" { SortOrder::ascending(tag) } else { SortOrder::descending(tag) }
        });
        let (categories, expanded) = (small(&step["categories"], 0), small(&step["expanded"], 0));
        let order = SortOrderSet { keys: orders.collect(), categories, expanded };
        table.sort_table(order, flags::SortTableFlags::empty()).await.unwrap();
        table
    }

    async fn message(&self, step: &Json) -> Message {
        let table = self.view(step, &[tags::ENTRYID]).await;
        let wanted = json!({ "property": { "tag": "internetMessageId", "relop": "eq", "value": step["messageId"] } });
        table.restrict(Some(&self.restriction(&wanted)), flags::RestrictFlags::empty()).await.unwrap();
        let rows = table.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
        let entry_id = binary(&rows[0][0].value);
        match self.store().open_entry(Some(&entry_id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await.unwrap().object {
            Object::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    async fn values(&self, folder: &Json, columns: &[(&str, PropTag)]) -> Json {
        let properties = self.folder(folder).await.properties().await.unwrap();
        let mut seen = serde_json::Map::new();
        for (name, tag) in columns {
            seen.insert((*name).to_owned(), written(&mapi_tests::clients::value(&properties, *tag).await));
        }
        Json::Object(seen)
    }

    async fn settle(&self) {
        for _ in 0..1000 {
            if !self.subsystem.pump(Duration::from_secs(1)).await.unwrap().more {
                self.subsystem.dispatch_notifications().await.unwrap();
                return;
            }
        }
        panic!("the session never comes to rest");
    }

    async fn profile(&self, step: &Json) {
        let admin = self.subsystem.admin_profiles().await.unwrap();
        admin.create_profile(text(&step["name"]), flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
        let services = admin.admin_services(text(&step["name"])).await.unwrap();
        for service in list(&step["services"]) {
            let how = flags::CreateMsgServiceFlags::empty();
            let uid = services.create_msg_service_ex(text(&service["name"]), None, how).await.unwrap();
            let settings = service["settings"].as_object().unwrap().iter();
            let settings = settings.map(|(tag, value)| Self::constant(PropTag(number(&json!(tag))), value)).collect();
            services.configure_msg_service(uid, settings).await.unwrap();
        }
    }

    async fn logon(&mut self, step: &Json) -> Json {
        let session = self.subsystem.logon(LogonOptions::profile(text(&step["profile"]))).await.unwrap();
        let stores = mapi_tests::clients::store_ids(&session).await;
        let how = flags::OpenMsgStoreFlags::MAPI_BEST_ACCESS;
        self.store = Some(mapi_tests::clients::open_store(&session, 0, how).await.unwrap());
        let types = session.enum_adr_types(flags::EnumAdrTypesFlags::MAPI_UNICODE).await.unwrap();
        self.session = Some(session);
        json!({ "stores": stores.len(), "addressTypes": types })
    }

    async fn import(&self, step: &Json) -> Json {
        let import = self.folder(&step["folder"]).await.import_messages(ImportOptions::default()).await.unwrap();
        let mut sizes = Vec::new();
        for message in list(&step["messages"]) {
            import.begin(MessageOptions { keep_original: true, ..MessageOptions::default() }).await.unwrap();
            import.write(text(message).as_bytes().to_vec()).await.unwrap();
            sizes.push(import.finish().await.unwrap().size);
        }
        import.flush().await.unwrap();
        let counts = [("contentCount", tags::CONTENT_COUNT), ("unreadCount", tags::CONTENT_UNREAD)];
        let mut seen = self.values(&step["folder"], &counts).await;
        seen["sizes"] = json!(sizes);
        seen
    }

    async fn table(&self, step: &Json) -> Json {
        let table = self.view(step, &self.columns(step)).await;
        if let Some(restriction) = step.get("restrict") {
            table.restrict(Some(&self.restriction(restriction)), flags::RestrictFlags::empty()).await.unwrap();
        }
        let (from, count) = (small(&step["from"], 0).cast_signed(), small(&step["count"], 1000).cast_signed());
        table.seek_row(Bookmark::BEGINNING, from).await.unwrap();
        let by_columns = table.query_rows_columnar(count, flags::QueryRowsFlags::empty()).await.unwrap().into_rows();
        table.seek_row(Bookmark::BEGINNING, from).await.unwrap();
        let rows = table.query_rows(count, flags::QueryRowsFlags::empty()).await.unwrap();
        assert_eq!(by_columns, rows);
        let rows: Vec<Vec<Json>> = rows.iter().map(|row| row.iter().map(|cell| written(&cell.value)).collect()).collect();
        json!({ "count": table.get_row_count().await.unwrap().value, "rows": rows })
    }

    async fn find(&self, step: &Json) -> Json {
        let table = self.view(step, &[tags::INTERNET_MESSAGE_ID]).await;
        let restriction = self.restriction(&step["restrict"]);
        match table.find_row(&restriction, Bookmark::BEGINNING, flags::FindRowFlags::empty()).await {
            Ok(_) => json!({ "position": table.query_position().await.unwrap().row }),
            Err(failure) => failed(&failure),
        }
    }

    async fn read(&self, step: &Json) -> Json {
        let message = self.message(step).await;
        let properties = message.properties().await.unwrap();
        let columns = self.columns(step);
        let values = properties.get_props(Some(&columns), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
        let values: Vec<_> = values.iter().map(|property| written(&property.value)).collect();
        let recipients = message.get_recipient_table(flags::GetRecipientTableFlags::MAPI_UNICODE).await.unwrap();
        let columns = [tags::DISPLAY_NAME, tags::EMAIL_ADDRESS, tags::RECIPIENT_TYPE];
        recipients.set_columns(&columns, flags::SetColumnsFlags::empty()).await.unwrap();
        let recipients = recipients.query_all_rows(100).await.unwrap();
        let recipients: Vec<Vec<_>> =
            recipients.iter().map(|row| row.iter().map(|cell| written(&cell.value)).collect()).collect();
        let table = message.get_attachment_table(flags::GetAttachmentTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::ATTACH_NUM], flags::SetColumnsFlags::empty()).await.unwrap();
        let mut attachments = Vec::new();
        for row in table.query_all_rows(100).await.unwrap() {
            let Value::Long(number) = row[0].value else { panic!("no number: {row:?}") };
            let columns = [tags::ATTACH_LONG_FILENAME, tags::ATTACH_DATA_BIN];
            let opened =
                message.open_attach(number.cast_unsigned(), flags::OpenAttachFlags::empty(), Some(&columns)).await.unwrap();
            let values = opened.values.unwrap().value;
            attachments.push(values.iter().map(|property| written(&property.value)).collect::<Vec<_>>());
        }
        json!({ "properties": values, "recipients": recipients, "attachments": attachments })
    }

    async fn add_entry(&self, step: &Json) {
        let book = self.session().open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
        let id = book.get_pab().await.unwrap().unwrap();
        let how = flags::AddressBookOpenEntryFlags::MAPI_BEST_ACCESS;
        let Object::Container(personal) = book.open_entry(Some(&id), how, None).await.unwrap().object else {
            panic!("no container")
        };
        let created = personal.create_entry(None, flags::CreateEntryFlags::empty()).await.unwrap();
        let Object::MailUser(user) = created else { panic!("no user: {created:?}") };
        let properties = user.properties().await.unwrap();
        let smtp = json!("SMTP");
        let values =
            [(tags::DISPLAY_NAME, &step["displayName"]), (tags::ADDRTYPE, &smtp), (tags::EMAIL_ADDRESS, &step["emailAddress"])];
        properties.set_props(values.map(|(tag, value)| Self::constant(tag, value)).into()).await.unwrap();
        properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    }

    async fn resolve(&self, step: &Json) -> Json {
        let book = self.session().open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
        let names = vec![vec![Self::constant(tags::DISPLAY_NAME, &step["name"])]];
        let resolved = book.resolve_name(flags::ResolveNameFlags::MAPI_UNICODE, names).await.unwrap();
        let recipient = &resolved.recipients[0];
        let value =
            |tag: PropTag| recipient.properties.iter().find(|property| property.tag == tag).map(|found| written(&found.value));
        match recipient.verdict {
            Verdict::Resolved => json!({
                "verdict": "resolved", "displayName": value(tags::DISPLAY_NAME), "emailAddress": value(tags::EMAIL_ADDRESS),
            }),
            Verdict::Unresolved => json!({ "verdict": "unresolved" }),
            Verdict::Ambiguous => json!({ "verdict": "ambiguous" }),
        }
    }

    async fn watch(&mut self, step: &Json) {
        let mut mask = flags::EventMask::empty();
        for event in list(&step["events"]) {
            mask |= match text(event) {
                "new-mail" => flags::EventMask::FNEV_NEW_MAIL,
                "object-created" => flags::EventMask::FNEV_OBJECT_CREATED,
                other => panic!("the scenario has an unknown event {other}"),
            };
        }
        let events = Arc::clone(&self.events);
        let subscription = self.store().advise(None, mask).await.unwrap();
        self.listener = Some(subscription.on_notify(move |batch| {
            for event in batch {
                *events.lock().unwrap().entry(event_name(event)).or_default() += 1;
            }
        }));
    }

    async fn submit(&self, step: &Json) {
        let message =
            self.named(tags::IPM_OUTBOX_ENTRYID).await.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        let sent = self.named(tags::IPM_SENTMAIL_ENTRYID).await.properties().await.unwrap();
        let sent = mapi_tests::clients::value(&sent, tags::ENTRYID).await;
        let values = vec![
            Self::constant(tags::MESSAGE_CLASS, &json!("IPM.Note")),
            Self::constant(tags::SUBJECT, &step["subject"]),
            Self::constant(tags::BODY, &step["body"]),
            Property::new(tags::SENTMAIL_ENTRYID, sent),
        ];
        message.properties().await.unwrap().set_props(values).await.unwrap();
        let rows = list(&step["to"]).iter().map(|to| {
            let one_off = OneOff::new(text(&to["name"]), "SMTP", text(&to["address"])).to_bytes();
            vec![
                Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
                Self::constant(tags::DISPLAY_NAME, &to["name"]),
                Self::constant(tags::ADDRTYPE, &json!("SMTP")),
                Self::constant(tags::EMAIL_ADDRESS, &to["address"]),
                Property::new(tags::ENTRYID, Value::Binary(one_off)),
            ]
        });
        message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, rows.collect()).await.unwrap();
        message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
        self.settle().await;
    }

    /// What is seen in a step.
    async fn step(&mut self, step: &Json) -> Json {
        match text(&step["do"]) {
            "profile" => self.profile(step).await,
            "logon" => return self.logon(step).await,
            "logon-fails" => {
                let logon = self.subsystem.logon(LogonOptions::profile(text(&step["profile"]))).await;
                return failed(&logon.expect_err("the logon must fail").failure);
            }
            "folders" => {
                let names = mapi_tests::clients::column(&self.hierarchy().await, tags::DISPLAY_NAME).await;
                let mut names: Vec<String> = names.iter().map(|name| text(&written(name)).to_owned()).collect();
                names.sort();
                return json!(names);
            }
            "create-folder" => {
                let top = self.named(tags::IPM_SUBTREE_ENTRYID).await;
                let how = flags::CreateFolderFlags::MAPI_UNICODE;
                top.create_folder(FolderType::Generic, text(&step["name"]), Some(text(&step["comment"])), how).await.unwrap();
                return self.values(&step["name"], &[("comment", tags::COMMENT), ("contentCount", tags::CONTENT_COUNT)]).await;
            }
            "import" => return self.import(step).await,
            "table" => return self.table(step).await,
            "find" => return self.find(step).await,
            "message" => return self.read(step).await,
            "mark-read" => {
                self.message(step).await.set_read_flag(flags::SetReadFlagFlags::SUPPRESS_RECEIPT).await.unwrap();
                return self.values(&step["folder"], &[("unreadCount", tags::CONTENT_UNREAD)]).await;
            }
            "add-entry" => self.add_entry(step).await,
            "resolve" => return self.resolve(step).await,
            "watch" => self.watch(step).await,
            "submit" => self.submit(step).await,
            "notifications" => {
                self.settle().await;
                let events = self.events.lock().unwrap();
                let names = step["expect"].as_object().unwrap().keys();
                return names.map(|name| (name.clone(), json!(events.get(name.as_str()).copied().unwrap_or(0)))).collect();
            }
            "open" => {
                let id = text(&step["entryId"]).as_bytes().chunks(2);
                let id: Vec<u8> = id.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
                let opened = self.store().open_entry(Some(&id), flags::StoreOpenEntryFlags::empty(), None).await;
                return failed(&opened.expect_err("a forged identifier must fail"));
            }
            "logoff" => {
                let root = mapi_tests::clients::root(self.store()).await;
                let table = root.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap();
                self.session().logoff(flags::LogoffFlags::empty()).await.unwrap();
                return failed(&table.get_row_count().await.expect_err("a table of a session that ended must fail"));
            }
            other => panic!("the scenario has an unknown step {other}"),
        }
        Json::Null
    }
}

fn binary(value: &Value) -> Vec<u8> {
    match value {
        Value::Binary(bytes) => bytes.clone(),
        other => panic!("an identifier was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn the_scenario_passes_in_rust() {
    let scenario = std::fs::read_to_string(root().join("tests/scenario/scenario.json")).unwrap();
    let scenario: Json = serde_json::from_str(&scenario).unwrap();
    let data = tempfile::tempdir().unwrap();
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
    let engine = Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(1)).unwrap();
    let subsystem = engine.pulled_subsystem(&Backends::embedded(data.path()).unwrap(), Limits::default()).await.unwrap();
    let tags = scenario["tags"].as_object().unwrap().iter();
    let mut runner = Runner {
        tags: tags.map(|(name, tag)| (name.clone(), PropTag(number(tag)))).collect(),
        subsystem,
        session: None,
        store: None,
        events: Arc::default(),
        listener: None,
    };
    let steps = list(&scenario["steps"]);
    assert!(steps.len() >= 30, "the scenario has only {} steps", steps.len());
    for step in steps {
        let seen = runner.step(step).await;
        if let Some(expected) = step.get("expect") {
            assert_eq!(seen, *expected, "{}: {}", step["do"], step["rule"]);
        }
    }
}
