//! CopyProfile, RenameProfile, and what waits for the end of a session (`profiles` 1.5, 4.2).

use super::*;
use crate::profiles::MAPI_APP_PROFILE;

#[test]
fn a_copied_profile_has_everything_with_its_keys_and_a_search_key_of_its_own() {
    let fixture = fixture();
    let services = fixture.services("Work");
    let service = add(&services, "pair");
    let provider = providers(&services)[1];
    fill(&services, provider, "work");
    fill(&services, EXTRA, "extra");
    fixture.admin().set_default_profile(Some("Work"), 0).unwrap();
    let calls = fixture.catalogue.requests().len();
    fixture.admin().copy_profile("work", None, "Copy", 0, 0).unwrap();
    assert_eq!(fixture.catalogue.requests().len(), calls, "entry points are not called");
    let copy = fixture.services("Copy");
    assert_eq!(keys(&copy.get_msg_service_table(0).unwrap(), tags::SERVICE_UID), [service]);
    assert_eq!(providers(&copy), providers(&services));
    assert_eq!(filled(&copy, provider), [text("work"), text("work")]);
    assert_eq!(filled(&copy, EXTRA), [text("extra"), text("extra")]);
    assert_eq!(value(&open(&copy, service), tags::PROFILE_NAME), text("Copy"));
    assert_ne!(fixture.search_key("Copy"), fixture.search_key("Work"));
    let defaults = column(&fixture.admin().get_profile_table(MAPI_UNICODE).unwrap(), tags::DEFAULT_PROFILE);
    assert_eq!(defaults, [true, false, false].map(Value::Boolean));
    fill(&copy, provider, "copy");
    assert_eq!(filled(&services, provider), [text("work"), text("work")], "the two share nothing");
}

/// A call with the old name, the password, the new name and the flags.
type Call<'a> = &'a dyn Fn(&str, Option<&str>, &str, u32) -> Code;

#[test]
fn copies_and_new_names_are_refused_with_the_codes_of_the_table() {
    let fixture = fixture();
    let admin = fixture.admin();
    admin.create_profile("App", None, 0, MAPI_APP_PROFILE).unwrap();
    let long = "x".repeat(65);
    let copy = |old: &str, password: Option<&str>, new: &str, flags: u32| code(admin.copy_profile(old, password, new, 0, flags));
    let rename =
        |old: &str, password: Option<&str>, new: &str, flags: u32| code(admin.rename_profile(old, password, new, 0, flags));
    for call in [&copy as Call<'_>, &rename] {
        assert_eq!(call("Nobody", None, "New", 0), Code::NotFound);
        assert_eq!(call("Work", None, "HOME", 0), Code::NoAccess);
        assert_eq!(call("Work", Some("x"), "New", 0), Code::LogonFailed);
        assert_eq!(call("Work", None, "", 0), Code::InvalidParameter);
        assert_eq!(call("Work", None, " New", 0), Code::InvalidParameter);
        assert_eq!(call("Work", None, &long, 0), Code::StringTooLong);
        assert_eq!(call("Work", None, "New", 0x40), Code::UnknownFlags);
        assert_eq!(call("App", None, "New", 0), Code::NoAccess);
    }
    assert_eq!(rename("Work", None, "New", 8), Code::UnknownFlags);
    assert_eq!(fixture.names(), ["Work", "Home", "App"].map(text));
    assert_eq!(code(admin.change_profile_password("Nobody", "a", "b", MAPI_UNICODE)), Code::SOk);
    assert_eq!(code(admin.change_profile_password("Work", "", "", 4)), Code::UnknownFlags);
}

#[test]
fn a_copy_of_an_application_profile_is_one_and_of_another_profile_never() {
    let fixture = fixture();
    let admin = fixture.admin();
    admin.create_profile("App", None, 0, MAPI_APP_PROFILE).unwrap();
    admin.copy_profile("App", None, "App copy", 0, MAPI_APP_PROFILE).unwrap();
    admin.copy_profile("Work", None, "Work copy", 0, MAPI_APP_PROFILE).unwrap();
    let shown = column(&admin.get_profile_table(MAPI_UNICODE).unwrap(), tags::DISPLAY_NAME);
    assert_eq!(shown, ["Work", "Home", "Work copy"].map(text));
}

#[test]
fn a_renamed_profile_keeps_its_search_key_its_place_and_the_default_mark() {
    let fixture = fixture();
    let admin = fixture.admin();
    admin.set_default_profile(Some("Work"), 0).unwrap();
    let key = fixture.search_key("Work");
    admin.rename_profile("Work", None, "Office", 0, 0).unwrap();
    assert_eq!(fixture.names(), ["Office", "Home"].map(text));
    assert_eq!(fixture.search_key("Office"), key);
    assert_eq!(column(&admin.get_profile_table(0).unwrap(), tags::DEFAULT_PROFILE), [true, false].map(Value::Boolean));
    admin.rename_profile("office", None, "OFFICE", 0, 0).unwrap();
    assert_eq!(fixture.names(), ["OFFICE", "Home"].map(text), "the spelling alone may change");
    assert_eq!(code(fixture.subsystem.logon_ex(0, Some("Work"), None, 0x22)), Code::LogonFailed);
}

#[test]
fn a_profile_in_use_gets_its_name_with_the_end_of_its_last_session_and_both_names_are_taken_until_then() {
    let fixture = fixture();
    let admin = fixture.admin();
    let (first, second) = (fixture.logon("Work"), fixture.logon("Work"));
    admin.rename_profile("Work", None, "Office", 0, 0).unwrap();
    assert_eq!(fixture.names(), ["Work", "Home"].map(text));
    assert_eq!(code(admin.create_profile("OFFICE", None, 0, 0)), Code::NoAccess);
    assert_eq!(code(admin.copy_profile("Home", None, "office", 0, 0)), Code::NoAccess);
    assert_eq!(code(admin.rename_profile("Home", None, "Work", 0, 0)), Code::NoAccess);
    assert_eq!(code(fixture.subsystem.logon_ex(0, Some("Office"), None, 0x22)), Code::LogonFailed);
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(fixture.names(), ["Work", "Home"].map(text));
    second.logoff(0, 0, 0).unwrap();
    assert_eq!(fixture.names(), ["Office", "Home"].map(text));
    admin.create_profile("Work", None, 0, 0).unwrap();
}

#[test]
fn a_pending_name_can_be_taken_back_and_gives_way_to_a_deletion() {
    let fixture = fixture();
    let admin = fixture.admin();
    let session = fixture.logon("Work");
    admin.rename_profile("Work", None, "Office", 0, 0).unwrap();
    admin.rename_profile("Work", None, "Work", 0, 0).unwrap();
    session.logoff(0, 0, 0).unwrap();
    assert_eq!(fixture.names(), ["Work", "Home"].map(text));
    let session = fixture.logon("Work");
    admin.rename_profile("Work", None, "Office", 0, 0).unwrap();
    admin.delete_profile("Work", 0).unwrap();
    assert_eq!(fixture.names(), [text("Home")]);
    session.logoff(0, 0, 0).unwrap();
    assert_eq!(fixture.names(), [text("Home")]);
}

#[test]
fn a_start_completes_what_a_session_that_died_left() {
    let fixture = fixture();
    let admin = fixture.admin();
    let marks = crate::profiles::Profiles::new(&fixture.host);
    let pending = |name: &str, new: Option<&str>| {
        let change = |profile: &mut crate::profiles::Profile| {
            profile.rename_to = new.map(str::to_owned);
            profile.deleted = new.is_none();
            Ok(())
        };
        marks.update(name, change).unwrap();
    };
    pending("Work", Some("Office"));
    pending("Home", None);
    let session = fixture.logon("Office");
    assert_eq!(code(fixture.subsystem.logon_ex(0, Some("Home"), None, 0x22)), Code::LogonFailed);
    session.logoff(0, 0, 0).unwrap();
    assert_eq!(fixture.names(), [text("Office")]);
    pending("Office", Some("Work"));
    assert_eq!(code(admin.admin_services("Office", None, 0, 0)), Code::LogonFailed);
    assert!(admin.admin_services("Work", None, 0, 0).is_ok());
}

#[test]
fn of_two_profiles_that_want_one_name_the_second_keeps_its_own() {
    let fixture = fixture();
    let marks = crate::profiles::Profiles::new(&fixture.host);
    let change = |profile: &mut crate::profiles::Profile| {
        profile.rename_to = Some("Home".into());
        Ok(())
    };
    marks.update("Work", change).unwrap();
    assert_eq!(fixture.names(), ["Work", "Home"].map(text));
    assert!(fixture.admin().create_profile("New", None, 0, 0).is_ok());
    fixture.logon("Work").logoff(0, 0, 0).unwrap();
    assert_eq!(marks.load("Work").unwrap().0.rename_to, None, "nobody waits for it any more");
}

#[test]
fn a_name_used_again_has_another_search_key() {
    let fixture = fixture();
    let key = fixture.search_key("Work");
    let session = fixture.logon("Work");
    let table = fixture.admin().get_profile_table(MAPI_UNICODE).unwrap();
    fixture.admin().delete_profile("Work", 0).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2, "a profile table is static");
    assert_eq!(fixture.names(), [text("Home")]);
    assert!(session.get_msg_stores_table(0).is_ok(), "its session goes on");
    session.logoff(0, 0, 0).unwrap();
    fixture.admin().create_profile("Work", None, 0, 0).unwrap();
    assert_ne!(fixture.search_key("Work"), key);
}
