//! The world and its promise: hosts that implement the committed world can still run the component.
//!
//! Hosts implement the imports and hand over or receive every shared type, so imports and types must not
//! change; exports, which hosts only call, may grow. The committed copy is `wit/committed/session.wit`,
//! renewed by `cargo xtask world`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wit_parser::{Function, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A world as names and shapes, comparable across copies.
#[derive(Debug, Default)]
struct Shapes {
    /// The functions of each imported interface, by interface.
    imports: BTreeMap<String, BTreeMap<String, String>>,
    /// Likewise the exports.
    exports: BTreeMap<String, BTreeMap<String, String>>,
    /// Every named type of those interfaces.
    types: BTreeMap<String, String>,
}

impl Shapes {
    fn of(resolve: &Resolve, world: WorldId) -> Self {
        let mut shapes = Self::default();
        let world = &resolve.worlds[world];
        for (items, exported) in [(&world.imports, false), (&world.exports, true)] {
            for (key, item) in items {
                let WorldItem::Interface { id, .. } = item else { panic!("the world holds only interfaces") };
                let name = resolve.name_world_key(key);
                shapes.add_types(resolve, *id);
                let functions = &resolve.interfaces[*id].functions;
                let functions = functions.iter().map(|(name, function)| (name.clone(), signature(resolve, function))).collect();
                if exported { &mut shapes.exports } else { &mut shapes.imports }.insert(name, functions);
            }
        }
        shapes
    }

    fn add_types(&mut self, resolve: &Resolve, interface: InterfaceId) {
        for &id in resolve.interfaces[interface].types.values() {
            let shape = definition(resolve, &resolve.types[id].kind);
            self.types.insert(type_name(resolve, id), shape);
        }
    }

    /// What a host that implements `self` would miss or misread in `new`.
    fn broken_by(&self, new: &Self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, shape) in &self.types {
            match new.types.get(name) {
                None => broken.push(format!("type {name} is gone")),
                Some(other) if other != shape => broken.push(format!("type {name} was {shape} and is {other}")),
                Some(_) => {}
            }
        }
        for name in new.imports.keys().filter(|name| !self.imports.contains_key(*name)) {
            broken.push(format!("import {name} is new: no host has it"));
        }
        for (name, functions) in &self.imports {
            let Some(others) = new.imports.get(name) else {
                broken.push(format!("import {name} is gone"));
                continue;
            };
            compare(name, functions, others, &mut broken);
            for function in others.keys().filter(|function| !functions.contains_key(*function)) {
                broken.push(format!("{name} {function} is new: no host has it"));
            }
        }
        for (name, functions) in &self.exports {
            match new.exports.get(name) {
                None => broken.push(format!("export {name} is gone")),
                Some(others) => compare(name, functions, others, &mut broken),
            }
        }
        broken
    }
}

fn compare(interface: &str, functions: &BTreeMap<String, String>, others: &BTreeMap<String, String>, broken: &mut Vec<String>) {
    for (name, signature) in functions {
        match others.get(name) {
            None => broken.push(format!("{interface} {name} is gone")),
            Some(other) if other != signature => {
                broken.push(format!("{interface} {name} was {signature} and is {other}"));
            }
            Some(_) => {}
        }
    }
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, shape(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map_or_else(String::new, |result| format!(" -> {}", shape(resolve, result)));
    format!("({}){result}", parameters.join(", "))
}

fn type_name(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    let name = definition.name.as_deref().unwrap_or("anonymous");
    match definition.owner {
        TypeOwner::Interface(interface) => {
            let interface = resolve.id_of(interface).expect("interfaces of the world have names");
            format!("{interface}.{name}")
        }
        _ => name.to_owned(),
    }
}

/// A use of a type: its name if it has one, else its structure.
fn shape(resolve: &Resolve, of: &Type) -> String {
    match of {
        Type::Id(id) if resolve.types[*id].name.is_some() => type_name(resolve, *id),
        Type::Id(id) => definition(resolve, &resolve.types[*id].kind),
        primitive => format!("{primitive:?}").to_lowercase(),
    }
}

fn optional(resolve: &Resolve, of: Option<&Type>) -> String {
    of.map_or_else(|| "_".to_owned(), |of| shape(resolve, of))
}

fn definition(resolve: &Resolve, kind: &TypeDefKind) -> String {
    match kind {
        TypeDefKind::Record(record) => {
            let fields: Vec<_> =
                record.fields.iter().map(|field| format!("{}: {}", field.name, shape(resolve, &field.ty))).collect();
            format!("record {{{}}}", fields.join(", "))
        }
        TypeDefKind::Variant(variant) => {
            let cases: Vec<_> =
                variant.cases.iter().map(|case| format!("{}({})", case.name, optional(resolve, case.ty.as_ref()))).collect();
            format!("variant {{{}}}", cases.join(", "))
        }
        TypeDefKind::Enum(cases) => {
            let cases: Vec<_> = cases.cases.iter().map(|case| case.name.as_str()).collect();
            format!("enum {{{}}}", cases.join(", "))
        }
        TypeDefKind::Flags(flags) => {
            let flags: Vec<_> = flags.flags.iter().map(|flag| flag.name.as_str()).collect();
            format!("flags {{{}}}", flags.join(", "))
        }
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|of| shape(resolve, of)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Option(of) => format!("option<{}>", shape(resolve, of)),
        TypeDefKind::List(of) => format!("list<{}>", shape(resolve, of)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", optional(resolve, result.ok.as_ref()), optional(resolve, result.err.as_ref()))
        }
        TypeDefKind::Handle(Handle::Own(id)) => format!("own {}", type_name(resolve, *id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow {}", type_name(resolve, *id)),
        TypeDefKind::Resource => "resource".to_owned(),
        TypeDefKind::Type(of) => shape(resolve, of),
        other => panic!("the world must not use {other:?}"),
    }
}

fn current() -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the world is well formed");
    let world = resolve.select_world(&[package], Some("session")).unwrap();
    (resolve, world)
}

fn parsed(text: &str) -> Shapes {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("session.wit", text).expect("the world is well formed");
    let world = resolve.select_world(&[package], Some("session")).unwrap();
    Shapes::of(&resolve, world)
}

#[test]
fn a_host_of_the_committed_world_can_run_the_component() {
    let committed = std::fs::read_to_string(root().join("wit/committed/session.wit")).unwrap();
    let (resolve, world) = current();
    let broken = parsed(&committed).broken_by(&Shapes::of(&resolve, world));
    assert!(broken.is_empty(), "hosts that implement the committed world would break:\n{}", broken.join("\n"));
}

#[test]
fn the_gate_lets_exports_grow_and_nothing_else() {
    let world = |types: &str, import: &str, export: &str| {
        parsed(&format!(
            "package a:b@0.1.0;
            interface types {{ {types} }}
            interface i {{ use types.{{r}}; {import} }}
            interface e {{ use types.{{r}}; {export} }}
            world session {{ import i; export e; }}"
        ))
    };
    let old = world("record r { a: u32 } enum c { x }", "f: func(r: r);", "g: func() -> r;");
    let same = |new: Shapes| old.broken_by(&new);
    assert!(same(world("record r { a: u32 } enum c { x }", "f: func(r: r);", "g: func() -> r; h: func();")).is_empty());
    assert_eq!(same(world("record r { a: u32, b: u8 } enum c { x }", "f: func(r: r);", "g: func() -> r;")).len(), 1);
    assert_eq!(same(world("record r { a: u32 } enum c { x, y }", "f: func(r: r);", "g: func() -> r;")).len(), 1);
    assert_eq!(same(world("record r { a: u32 } enum c { x }", "f: func(r: r); h: func();", "g: func() -> r;")).len(), 1);
    assert_eq!(same(world("record r { a: u32 } enum c { x }", "f: func(r: r);", "g: func(x: u8) -> r;")).len(), 1);
    assert_eq!(same(world("record r { a: u32 } enum c { x }", "", "g: func() -> r;")).len(), 1);
}

#[test]
fn nothing_in_the_world_is_undocumented() {
    let (resolve, world) = current();
    let mut bare = Vec::new();
    let items = resolve.worlds[world].imports.iter().chain(&resolve.worlds[world].exports);
    for (key, item) in items {
        let name = resolve.name_world_key(key);
        if !name.starts_with("mapi:") {
            continue;
        }
        let WorldItem::Interface { id, .. } = item else { panic!("the world holds only interfaces") };
        let interface = &resolve.interfaces[*id];
        let mut check = |what: String, docs: &wit_parser::Docs| {
            if docs.contents.as_deref().unwrap_or_default().trim().is_empty() {
                bare.push(format!("{name} {what}"));
            }
        };
        check(String::new(), &interface.docs);
        for (function, item) in &interface.functions {
            check(function.clone(), &item.docs);
        }
        for (of, id) in &interface.types {
            let definition = &resolve.types[*id];
            match &definition.kind {
                // A type used from another interface is documented there.
                TypeDefKind::Type(Type::Id(_)) => continue,
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| check(format!("{of}.{}", field.name), &field.docs));
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| check(format!("{of}.{}", case.name), &case.docs));
                }
                TypeDefKind::Enum(cases) => {
                    cases.cases.iter().for_each(|case| check(format!("{of}.{}", case.name), &case.docs));
                }
                TypeDefKind::Flags(flags) => {
                    flags.flags.iter().for_each(|flag| check(format!("{of}.{}", flag.name), &flag.docs));
                }
                _ => {}
            }
            check(of.clone(), &definition.docs);
        }
    }
    assert!(bare.is_empty(), "undocumented:\n{}", bare.join("\n"));
}

#[test]
fn codes_carry_their_names_and_numbers() {
    use mapi_engine::error::Code;
    let (resolve, _) = current();
    let (_, code) = resolve.types.iter().find(|(_, of)| of.name.as_deref() == Some("code")).unwrap();
    let TypeDefKind::Enum(cases) = &code.kind else { panic!("codes are an enum") };
    let mut names: Vec<_> = Code::NAMED.iter().map(|code| code.name().unwrap().to_lowercase().replace('_', "-")).collect();
    names.push("other".to_owned());
    assert_eq!(cases.cases.iter().map(|case| case.name.clone()).collect::<Vec<_>>(), names);
    for (case, code) in cases.cases.iter().zip(Code::NAMED) {
        let number = format!("`0x{:08X}`", code.raw());
        assert!(case.docs.contents.as_deref().unwrap().contains(&number), "{} is not documented as {number}", case.name);
    }
}

#[test]
fn the_component_imports_what_a_session_needs_and_nothing_else() {
    // Written by the build of `mapi-session`, on which this crate depends.
    let component = std::fs::read(root().join("target/guest/session.wasm")).unwrap();
    let decoded = wit_component::decode(&component).unwrap();
    let resolve = decoded.resolve();
    let (_, world) = resolve.worlds.iter().next().unwrap();
    let allowed = [
        "mapi:session/address-book-backend@0.1.0",
        "mapi:session/backend-types@0.1.0",
        "mapi:session/form-presenter@0.1.0",
        "mapi:session/logging@0.1.0",
        "mapi:session/method-flags@0.1.0",
        "mapi:session/profile-storage@0.1.0",
        "mapi:session/progress@0.1.0",
        "mapi:session/service-catalogue@0.1.0",
        "mapi:session/store-backend@0.1.0",
        "mapi:session/transport-backend@0.1.0",
        "mapi:session/types@0.1.0",
        "wasi:clocks/monotonic-clock@0.2.6",
        "wasi:clocks/wall-clock@0.2.6",
        "wasi:random/random@0.2.6",
    ];
    for import in world.imports.keys().map(|key| resolve.name_world_key(key)) {
        assert!(allowed.contains(&import.as_str()), "the component must not import {import}");
    }
    let mut exports: Vec<_> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
    exports.sort();
    let expected =
        ["address-books", "objects", "profiles", "sessions", "status", "tables"].map(|name| format!("mapi:session/{name}@0.1.0"));
    assert_eq!(exports, expected);
}
