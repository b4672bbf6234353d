//! What a catalogue file may say, and what is said when it may not.

use super::*;
use mapi_engine::backend::ProviderKind;
use mapi_engine::properties::{Guid, Property, Value, tags};

const WHOLE: &str = r#"
[[service]]
name = "example"
display-name = "Example"
default = true
flags = ["SERVICE_SINGLE_COPY"]
settings = ["PR_RESOURCE_PATH"]
required = ["PR_RESOURCE_PATH"]
[service.properties]
PR_COMMENT = "for tests"
66000003 = 0xFFFFFFFF
66010102 = "00ff"
6602101F = ["a", "b"]
66030040 = 1970-01-01T00:00:01Z
[[service.provider]]
section = "one"
display-name = "One"
provider-display = "First"
backend = "sqlite"
kind = "store"
flags = ["STATUS_DEFAULT_STORE", "STATUS_NO_PRIMARY_IDENTITY"]
[[service.extra]]
uid = "{00020385-0000-0000-C000-000000000046}"
properties = { PR_COMMENT = "extra" }
"#;

fn message(text: &str) -> String {
    TomlCatalogue::parse(text, "catalogue.toml").unwrap_err().detail().message.to_string()
}

#[test]
fn a_whole_service_is_read() {
    let services = TomlCatalogue::parse(WHOLE, "c").unwrap().services().unwrap();
    let service = services.last().unwrap();
    assert_eq!((service.name.as_str(), service.default, service.configurable, service.flags), ("example", true, true, 2));
    let value = |id: u16| service.properties.iter().find(|property| property.tag.id() == id).map(|property| &property.value);
    assert_eq!(value(0x3004), Some(&Value::Unicode("for tests".into())));
    assert_eq!(value(0x6600), Some(&Value::Long(-1)));
    assert_eq!(value(0x6601), Some(&Value::Binary(vec![0, 255])));
    assert_eq!(value(0x6602), Some(&Value::MvUnicode(vec!["a".into(), "b".into()])));
    assert!(matches!(value(0x6603), Some(Value::SysTime(time)) if time.unix_seconds() == 1));
    let provider = &service.providers[0];
    assert_eq!((provider.kind, provider.flags, provider.backend.as_str()), (ProviderKind::Store, 0x22, "sqlite"));
    assert_eq!(service.extras[0].uid, Guid::mapi(0x0002_0385));
}

fn names(text: &str) -> Vec<String> {
    let services = TomlCatalogue::parse(text, "c").unwrap().services().unwrap();
    services.into_iter().map(|service| service.name).collect()
}

const BUILT_IN_NAMES: [&str; 5] = ["mapi.store", "mapi.pab", "mapi.memory", "mapi.smtp", "mapi.local"];

#[test]
fn built_in_services_are_known_whatever_the_file_says() {
    assert_eq!(names(""), BUILT_IN_NAMES);
    assert_eq!(names(TEMPLATE), BUILT_IN_NAMES);
    let told: Vec<&str> = BUILT_IN_NAMES.into_iter().filter(|name| TEMPLATE.contains(name)).collect();
    assert_eq!(told, BUILT_IN_NAMES, "the file names what it can replace");
    let (added, known) = (names(WHOLE), BUILT_IN_NAMES.len());
    assert_eq!((&added[known..], &added[..known]), (&["example".to_owned()][..], &names("")[..]));
}

#[test]
fn a_service_of_the_file_takes_the_place_of_the_built_in_one() {
    let text = WHOLE.replace("name = \"example\"", "name = \"mapi.pab\"");
    assert_eq!(names(&text), BUILT_IN_NAMES);
    let services = TomlCatalogue::parse(&text, "c").unwrap().services().unwrap();
    let book = services.iter().find(|service| service.name == "mapi.pab").unwrap();
    assert_eq!((book.display_name.as_str(), book.providers[0].backend.as_str()), ("Example", "sqlite"));
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    for (text, place) in [
        ("[[service]]\nname = \"a\"\n", "line 1, column 1: missing field `display-name`"),
        ("[[service]\n", "line 1, column 11"),
        ("[[service]]\nname = \"a\"\ndisplay-name = \"A\"\ncolour = 1\n", "line 4, column 1: unknown field `colour`"),
        ("[[service]]\nname = \"a\"\ndisplay-name = \"A\"\n", "has no provider"),
    ] {
        let message = message(text);
        assert!(message.starts_with("catalogue.toml, ") && message.contains(place), "{message}");
    }
    for (from, to, place) in [
        ("PR_COMMENT = \"for tests\"", "PR_COMENT = \"x\"", "line 10, column 1: there is no property \"PR_COMENT\""),
        ("PR_COMMENT = \"for tests\"", "PR_COMMENT = 1", "line 10, column 14: PR_COMMENT needs a text"),
        ("PR_COMMENT = \"for tests\"", "PR_SERVICE_UID = \"00\"", "line 10, column 18: PR_SERVICE_UID is made"),
        ("66000003 = 0xFFFFFFFF", "67F0001F = \"password\"", "is a secret"),
        ("SERVICE_SINGLE_COPY", "SINGLE", "line 6, column 10: \"SINGLE\" is no flag"),
        ("kind = \"store\"", "kind = \"shop\"", "line 20, column 8: unknown variant `shop`"),
        ("settings = [\"PR_RESOURCE_PATH\"]", "settings = []", "line 8, column 13: "),
        ("uid = \"{00020385", "uid = \"{0385", "line 23, column 7: write the key as"),
    ] {
        let message = message(&WHOLE.replace(from, to));
        assert!(message.contains(place), "{message}");
    }
    assert!(message(&format!("{WHOLE}{WHOLE}")).contains("there is a service \"example\" already"));
}

#[test]
fn a_missing_file_is_written_for_its_owner_to_edit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("services.toml");
    let first = TomlCatalogue::in_file(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TEMPLATE);
    assert_eq!(TomlCatalogue::in_file(&path).unwrap(), first);
    assert_eq!(TomlCatalogue::in_file(folder.path()).unwrap_err().code(), Code::NoAccess);
}

fn request(context: ConfigureContext, properties: Vec<Property>, held: Vec<Property>) -> ConfigureRequest {
    ConfigureRequest {
        service: "example".into(),
        context,
        flags: 0,
        ui: 0,
        properties,
        profile: "p".into(),
        section: SectionValues { uid: Guid([1; 16]), properties: Vec::new() },
        providers: vec![SectionValues { uid: Guid([2; 16]), properties: held }],
        extras: Vec::new(),
        provider: None,
    }
}

#[test]
fn settings_go_to_the_first_provider_and_required_ones_must_be_there() {
    let catalogue = TomlCatalogue::parse(WHOLE, "c").unwrap();
    let path = Property::new(tags::RESOURCE_PATH, Value::Unicode("/tmp/x".into()));
    let configure = |context, given: &[&Property], held: &[&Property]| {
        let owned = |properties: &[&Property]| properties.iter().map(|property| (*property).clone()).collect();
        catalogue.configure(request(context, owned(given), owned(held))).unwrap()
    };
    let missing = configure(ConfigureContext::Create, &[], &[]);
    assert_eq!(missing.failure.unwrap().code(), Code::Unconfigured);
    let done = configure(ConfigureContext::Configure, &[&path], &[]);
    assert_eq!(done.failure, None);
    assert_eq!(done.sections, [SectionChange { uid: Guid([2; 16]), set: vec![path.clone()], delete: Vec::new() }]);
    assert_eq!(configure(ConfigureContext::Configure, &[], &[&path]).failure, None);
    let foreign = Property::new(tags::COMMENT, Value::Unicode("x".into()));
    let refused = configure(ConfigureContext::Configure, &[&path, &foreign], &[]);
    assert_eq!(refused.failure.unwrap().code(), Code::InvalidParameter);
    assert_eq!(configure(ConfigureContext::Delete, &[], &[]).failure, None);
}
