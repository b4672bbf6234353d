//! One provider that fails costs its own entries and nothing else (`session` 3.1, 6.4).

use super::*;
use crate::address_book::Verdict;
use crate::address_book::display_type::{DT_GLOBAL, DT_LOCAL};
use crate::error::Failure;
use crate::memory::{Fault, Trigger};
use crate::session::AB_NO_DIALOG;

fn fail(world: &World, provider: usize, method: &'static str) {
    let failure = Failure::new(Code::NetworkError, "the cable is out");
    world.providers[provider].faults.schedule(Some(method), Trigger::Every, Fault::Fail(failure));
}

#[test]
fn a_provider_that_fails_to_log_on_does_not_hinder_the_others() {
    let world = World::new(2);
    world.container(0, "Lost", PERSONAL, DT_LOCAL);
    world.container(1, "Kept", PERSONAL, DT_LOCAL);
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (provider, is_down) = (Arc::clone(&world.providers[0]), Arc::clone(&down));
    world.host.add_address_book_opener("b0", move |_| {
        if is_down.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Failure::new(Code::NetworkError, "the cable is out"));
        }
        Ok(crate::backend::Opened {
            provider: Rc::new(Arc::clone(&provider)) as Rc<dyn AddressBook>,
            section_changes: Vec::new(),
            status_row: Vec::new(),
            warning: None,
        })
    });
    let open = || world.session.open_address_book(0, None, AB_NO_DIALOG).unwrap();
    let root = |book: &AddrBook| match book.open_entry(None, None, 0).unwrap() {
        OpenedAbEntry::Container(root) => shown(&root.get_hierarchy_table(UNICODE).unwrap().value),
        _ => panic!("no container"),
    };
    for _ in 0..2 {
        let opened = open();
        assert_eq!(opened.warning, Some(Code::WErrorsReturned), "as long as one is missing");
        let details = world.session.get_last_error(Code::WErrorsReturned, UNICODE).unwrap().unwrap();
        assert!(details.error.contains("Book 0: the cable is out"), "{}", details.error);
        assert_eq!(root(&opened.value), ["Kept"]);
    }
    down.store(false, std::sync::atomic::Ordering::Relaxed);
    let opened = open();
    assert_eq!(opened.warning, None, "a lost network is tried again");
    assert_eq!(root(&opened.value), ["Lost", "Kept"], "in profile order");
    assert_eq!(code(world.session.open_address_book(0, None, 2)), Code::UnknownFlags);
    assert_eq!(code(world.session.open_address_book(0, Some(Guid([1; 16])), 0)), Code::InterfaceNotSupported);
}

#[test]
fn a_provider_that_is_disabled_owns_no_identifier() {
    let world = World::new(1);
    let object = world.container(0, "Lost", PERSONAL, DT_LOCAL);
    world.host.add_address_book_opener("b0", |_| Err(Failure::new(Code::Failoneprovider, "broken")));
    let book = world.book();
    let id = world.id(0, &object);
    assert_eq!(code(book.open_entry(Some(&id), None, 0)), Code::UnknownEntryid);
    assert_eq!(code(book.compare_entry_ids(&id, &id, 0)), Code::UnknownEntryid);
    assert!(book.create_one_off(None, "SMTP", "a@b.c", UNICODE).is_ok(), "the book can still make recipients");
    assert_eq!(book.resolve_name(0, UNICODE, names(&["a@b.c"])).unwrap().verdicts, [Verdict::Resolved]);
}

#[test]
fn the_containers_of_a_failing_provider_are_missing_from_the_root() {
    let world = World::new(2);
    world.container(0, "Lost", PERSONAL, DT_LOCAL);
    world.container(1, "Kept", PERSONAL, DT_LOCAL);
    let book = world.book();
    fail(&world, 0, "scan");
    let OpenedAbEntry::Container(root) = book.open_entry(None, None, 0).unwrap() else { panic!("no container") };
    let opened = root.get_hierarchy_table(UNICODE).unwrap();
    assert_eq!(opened.warning, Some(Code::WErrorsReturned));
    assert!(root.get_last_error(Code::WErrorsReturned, UNICODE).unwrap().unwrap().error.contains("Book 0"));
    assert_eq!(shown(&opened.value), ["Kept"]);
    world.providers[0].faults.clear();
    fail(&world, 0, "read_rows");
    let opened = root.get_hierarchy_table(UNICODE).unwrap();
    let logged = world.host.log.lines().len();
    assert_eq!(shown(&opened.value), ["Kept"], "one that fails later loses its rows");
    let (_, line) = world.host.log.lines().pop().unwrap();
    assert_eq!(line, "containers cannot be read: Book 0: MAPI_E_NETWORK_ERROR");
    assert!(world.host.log.lines().len() > logged, "{line}");
}

#[test]
fn a_container_that_fails_is_skipped_when_names_are_resolved() {
    let world = World::new(2);
    let lost = world.container(0, "Lost", PERSONAL, DT_GLOBAL);
    let kept = world.container(1, "Kept", PERSONAL, DT_GLOBAL);
    world.user(0, &lost, "Ann", "lost@x.y");
    world.user(1, &kept, "Ann", "kept@x.y");
    let book = world.book();
    let path: Vec<Vec<Property>> =
        [world.id(0, &lost), world.id(1, &kept)].map(|id| vec![Property::new(tags::ENTRYID, Value::Binary(id))]).to_vec();
    book.set_search_path(0, &path).unwrap();
    let resolve = || {
        let resolved = book.resolve_name(0, UNICODE, names(&["Ann"])).unwrap();
        crate::address_book::text_of(&resolved.list[0], tags::EMAIL_ADDRESS)
    };
    assert_eq!(resolve().as_deref(), Some("lost@x.y"));
    for method in ["scan", "read", "read_rows", "resolve", "plan"] {
        world.providers[0].faults.clear();
        fail(&world, 0, method);
        assert_eq!(resolve().as_deref(), Some("kept@x.y"), "{method}");
    }
    world.providers[0].faults.clear();
    for method in ["scan", "read_rows", "plan"] {
        world.providers[0].faults.clear();
        world.providers[0].faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
        assert!(book.resolve_name(0, UNICODE, names(&["Ann", "Nobody"])).is_ok(), "{method}");
    }
}

#[test]
fn a_failed_save_keeps_the_entry_open_and_what_was_written() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let user = container.create_entry(None, 0x1).unwrap();
    fail(&world, 0, "commit");
    assert_eq!(fill(&user, "Ann", "a@b.c"), Code::NetworkError);
    world.providers[0].faults.clear();
    user.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(contents(&container), ["Ann"]);
}

#[test]
fn a_lying_provider_costs_no_panic() {
    let world = World::new(2);
    let (personal, container) = world.personal(0);
    let ann = world.user(0, &personal, "Ann", "a@b.c");
    let book = world.book();
    for method in
        ["read", "list_tags", "read_rows", "plan", "scan", "count", "rank", "container_tags", "reserve", "commit", "resolve"]
    {
        world.providers[0].faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
    }
    let _ = book.get_pab();
    let _ = book.get_default_dir();
    let _ = book.get_search_path(UNICODE);
    let _ = book.open_entry(Some(&ann), None, 1).map(|opened| opened.properties().get_props(None, UNICODE));
    let _ = book.resolve_name(0, UNICODE, names(&["Ann"]));
    let mut list = vec![vec![Property::new(tags::ENTRYID, Value::Binary(ann.clone()))]];
    let _ = book.prepare_recips(0, Some(&[tags::EMAIL_ADDRESS]), &mut list);
    let _ = container.create_entry(None, 0x7).map(|entry| fill(&entry, "Bob", "b@b.c"));
    let _ = container.copy_entries(std::slice::from_ref(&ann), 0x4);
    let _ = container.delete_entries(&[ann], 0);
    let _ = container.get_contents_table(UNICODE).map(|table| table.query_all_rows(None, None, None, 0));
    let OpenedAbEntry::Container(root) = book.open_entry(None, None, 0).unwrap() else { panic!("no container") };
    let _ = root.get_hierarchy_table(UNICODE).map(|table| table.value.query_all_rows(None, None, None, 0));
}
