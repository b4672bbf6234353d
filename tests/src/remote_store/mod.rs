//! A store or address book of another process, in whatever language: so the conformance kit judges backends that are
//! not written in Rust.
//!
//! The process answers one line with one line. A request is `{"call": METHOD, "arguments": [...]}`, an answer
//! `{"ok": RESULT}` or `{"failure": FAILURE}`; methods, arguments and results are those of `mapi:session/store-backend`
//! and `mapi:session/address-book-backend` in the shapes jco gives them, with what JSON lacks written as [`wire`] says.
//! `{"call": "open", "arguments": ["store", PATH]}`, or `"address-book"`, comes first and answers nothing.

mod requests;
pub mod wire;

use mapi_engine::backend::{
    AddressBook, AddressBookIdentity, Batch, CheckReport, Commit, Committed, FeedCursor, FeedPage, Filter, GroupBatch,
    GroupRequest, NamedProperty, ObjectHead, ObjectId, Objects, OrderKey, Plan, PlanRequest, Quota, Resolution, RowKey, ScanKind,
    ScanPage, ScanRequest, Scope, Store, StoreIdentity, StoredProperty, TagSize, Want,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::forward_objects;
use mapi_engine::properties::{Guid, PropTag, Property};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use wire::Wire;

/// Objects of another process.
#[derive(Debug)]
pub struct Remote {
    process: Mutex<Process>,
    uid: Guid,
}

/// A store of another process.
#[derive(Debug)]
pub struct RemoteStore {
    objects: Remote,
    identity: StoreIdentity,
}

/// An address book of another process.
#[derive(Debug)]
pub struct RemoteAddressBook {
    objects: Remote,
    identity: AddressBookIdentity,
}

#[derive(Debug)]
struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

fn broken(why: impl std::fmt::Display) -> Failure {
    Failure::new(Code::CallFailed, format!("The process of the store does not answer as it must: {why}."))
}

impl Process {
    fn call(&mut self, method: &str, arguments: &[Json]) -> Result<Json> {
        let request = json!({ "call": method, "arguments": arguments });
        let requests = self.requests.as_mut().ok_or_else(|| broken("it has ended"))?;
        writeln!(requests, "{request}").and_then(|()| requests.flush()).map_err(broken)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(broken)?;
        let answer: Json = serde_json::from_str(&line).map_err(|error| broken(format!("{error} in {line:?}")))?;
        match answer.get("failure") {
            Some(failure) => Err(wire::failure(failure)),
            None => Ok(answer.get("ok").cloned().unwrap_or_default()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends the process; the file is free when it is gone.
        drop(self.requests.take());
        drop(self.child.wait());
    }
}

impl RemoteStore {
    /// Starts the process and has it open the store at that path.
    ///
    /// # Errors
    /// `MAPI_E_CALL_FAILED` when the process cannot be started, and those of the opening.
    pub fn open(command: &mut Command, path: &Path) -> Result<Self> {
        let objects = Remote::open(command, "store", path)?;
        Ok(Self { identity: objects.call("identity", &[])?, objects })
    }
}

impl RemoteAddressBook {
    /// Starts the process and has it open the address book at that path.
    ///
    /// # Errors
    /// As [`RemoteStore::open`].
    pub fn open(command: &mut Command, path: &Path) -> Result<Self> {
        let objects = Remote::open(command, "address-book", path)?;
        Ok(Self { identity: objects.call("identity", &[])?, objects })
    }
}

impl Remote {
    fn open(command: &mut Command, kind: &str, path: &Path) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(broken)?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or_else(|| broken("it has no output"))?);
        let mut process = Process { child, requests, answers };
        process.call("open", &[json!(kind), json!(path)])?;
        let identity = process.call("identity", &[])?;
        let uid = Guid::of_json(identity.get("uid").ok_or_else(|| broken("it has no identifier"))?)?;
        Ok(Self { process: Mutex::new(process), uid })
    }

    fn call<T: Wire>(&self, method: &str, arguments: &[Json]) -> Result<T> {
        let answer = self.process.lock().unwrap_or_else(PoisonError::into_inner).call(method, arguments)?;
        T::of_json(&answer)
    }
}

impl Objects for Remote {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.call("read", &[object.to_json(), requests::want(want), json!(inline_limit)])
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.call("listTags", &[object.to_json()])
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        self.call("readRows", &[objects.to_vec().to_json(), columns.to_vec().to_json(), json!(cell_limit)])
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        self.call("plan", &[requests::plan_request(request)])
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        self.call("scan", &[requests::scan_request(request)])
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        self.call("count", &[requests::count_request(scope, kind, filter)])
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.call("rank", &[requests::count_request(scope, kind, filter), requests::order(order), key.to_json()])
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        self.call("containerTags", &[container.to_json(), kind.to_json()])
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.call("readRange", &[object.to_json(), tag.to_json(), offset.to_json(), json!(length)])
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        self.call("reserve", &[json!(count)])
    }

    fn stage(&self) -> Result<u64> {
        self.call("stage", &[])
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.call("append", &[staged.to_json(), bytes.to_vec().to_json()])
    }

    fn discard(&self, staged: u64) {
        // There is nobody to tell; a process that is gone fails the next call.
        drop(self.call::<()>("discard", &[staged.to_json()]));
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        self.call("commit", &[requests::commit(&commit)])
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.call("feedCursor", &[])
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.call("changes", &[since.0.to_json(), json!(max)])
    }

    fn uid(&self) -> Guid {
        self.uid
    }
}

forward_objects!([] RemoteStore, self => self.objects);

impl Store for RemoteStore {
    fn identity(&self) -> StoreIdentity {
        self.objects.call("identity", &[]).unwrap_or_else(|_| self.identity.clone())
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        self.objects.call("groups", &[requests::group_request(request)])
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        self.objects.call("idsOfNames", &[names.to_vec().to_json(), json!(create)])
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        self.objects.call("namesOfIds", &[json!(ids)])
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        self.objects.call("allNames", &[])
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        let objects: Vec<Json> = objects
            .iter()
            .map(|(object, properties)| json!({ "object": object.to_json(), "properties": requests::stored(properties) }))
            .collect();
        self.objects.call("rekey", &[json!(objects), json!(key_version), json!(finished)])
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        self.objects.call("indexStep", &[budget_us.to_json()])
    }

    fn quota(&self) -> Result<Quota> {
        self.objects.call("quota", &[])
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        self.objects.call("check", &[json!(repair)])
    }

    fn compact(&self) -> Result<()> {
        self.objects.call("compact", &[])
    }

    fn backup(&self, target: &str) -> Result<()> {
        self.objects.call("backup", &[json!(target)])
    }
}

forward_objects!([] RemoteAddressBook, self => self.objects);

impl AddressBook for RemoteAddressBook {
    fn identity(&self) -> AddressBookIdentity {
        self.objects.call("identity", &[]).unwrap_or_else(|_| self.identity.clone())
    }

    fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>> {
        let how = json!({ "emsAbAddressLookup": addresses_only });
        self.objects.call("resolve", &[container.to_json(), json!(names), tags.to_vec().to_json(), how])
    }
}
