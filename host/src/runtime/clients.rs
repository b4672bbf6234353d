//! The session's exports as the imports of another component: how untrusted clients are run.
//!
//! A client component imports the interfaces a session exports. [`define`] puts each of their functions into the
//! linker of such a client; a call is made, with the same values, in a subsystem the client was given for itself
//! ([`Link`]). So a client can reach what that subsystem was granted, and nothing else. Its handles of objects are
//! made here and checked by the runtime: it cannot forge one, and those of another client mean nothing to it.
//!
//! What a client may do and how often is for the embedder to say ([`Client`]), as are the limits of the store the
//! client itself runs in.

use crate::runtime::Subsystem;
use crate::runtime::engine::Engine;
use crate::runtime::subsystem::Handle;
use mapi_engine::error::Failure;
use std::sync::Arc;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, Linker, LinkerInstance, ResourceAny, ResourceDynamic, ResourceType, Val,
};
use wasmtime::{AsContextMut, Result, Store, StoreContextMut, bail, format_err};

/// The runtime, as the types of this module are its.
pub use wasmtime;

/// A call a client makes.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The interface without version: `mapi:session/tables`.
    pub interface: &'a str,
    /// The function as the world calls it: `[method]table.query-rows`.
    pub function: &'a str,
    /// The arguments; objects are the client's own handles.
    pub arguments: &'a [Val],
}

/// The data of the store a client runs in.
pub trait Client: Send + 'static {
    /// The session the client was given.
    fn link(&mut self) -> &mut Link;

    /// Asked before each call.
    ///
    /// # Errors
    /// Ends the client, with that error.
    fn before(&mut self, call: Call<'_>) -> Result<()>;

    /// Told what came of each call: what the session answered, failures of MAPI among it, or why it could not answer,
    /// which ends the client.
    ///
    /// # Errors
    /// Ends the client, with that error.
    fn after(&mut self, call: Call<'_>, answer: Result<&[Val], &Failure>) -> Result<()>;
}

/// A subsystem as a client uses it, with the objects the client holds there.
#[derive(Debug)]
pub struct Link {
    subsystem: Subsystem,
    /// By the number the client's handle stands for.
    held: Vec<Option<Handle>>,
    free: Vec<u32>,
}

impl Link {
    /// To that subsystem, which should be used by nobody else.
    #[must_use]
    pub const fn new(subsystem: Subsystem) -> Self {
        Self { subsystem, held: Vec::new(), free: Vec::new() }
    }

    /// How many objects the client holds.
    #[must_use]
    pub fn handles(&self) -> usize {
        self.held.len() - self.free.len()
    }

    fn insert(&mut self, handle: Handle) -> Result<u32> {
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.held.get_mut(number as usize) {
                *place = Some(handle);
            }
            return Ok(number);
        }
        let number = u32::try_from(self.held.len())?;
        self.held.push(Some(handle));
        Ok(number)
    }

    fn take(&mut self, number: u32) -> Result<Handle> {
        let handle = self.held.get_mut(number as usize).and_then(Option::take).ok_or_else(unknown)?;
        self.free.push(number);
        Ok(handle)
    }

    fn get(&self, number: u32) -> Result<ResourceAny> {
        Ok(self.held.get(number as usize).and_then(Option::as_ref).ok_or_else(unknown)?.resource)
    }
}

fn unknown() -> wasmtime::Error {
    format_err!("the client holds no such object")
}

/// A kind of object: its number is the type of the client's handles.
type Kinds = Arc<Vec<ComponentExportIndex>>;

/// Puts every function the session exports into the linker of a client.
///
/// # Errors
/// Something of the same name is in the linker already.
pub fn define<T: Client>(engine: &Engine, linker: &mut Linker<T>) -> Result<()> {
    let (runtime, component) = (engine.runtime(), engine.component());
    let ty = component.component_type();
    let interfaces: Vec<_> = ty
        .exports(runtime)
        .filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentInstance(interface) => Some((name, interface)),
            _ => None,
        })
        .collect();
    let mut known: Vec<ResourceType> = Vec::new();
    let mut kinds = Vec::new();
    for (name, interface) in &interfaces {
        let mut instance = linker.instance(name)?;
        for (item_name, item) in interface.exports(runtime) {
            let ComponentItem::Resource(ty) = item.ty else { continue };
            let kind = match known.iter().position(|known| *known == ty) {
                Some(kind) => kind,
                None => {
                    known.push(ty);
                    kinds.push(index(component, name, item_name)?);
                    known.len() - 1
                }
            };
            instance.resource(item_name, ResourceType::host_dynamic(u32::try_from(kind)?), |mut store, number| {
                store.data_mut().link().take(number).map(drop)
            })?;
        }
    }
    let kinds = Arc::new(kinds);
    for (name, interface) in &interfaces {
        let mut instance = linker.instance(name)?;
        for (item_name, item) in interface.exports(runtime) {
            if let ComponentItem::ComponentFunc(_) = item.ty {
                forward(&mut instance, name, item_name, index(component, name, item_name)?, &kinds)?;
            }
        }
    }
    Ok(())
}

fn index(component: &Component, interface: &str, item: &str) -> Result<ComponentExportIndex> {
    let interface = component.get_export_index(None, interface);
    interface
        .and_then(|interface| component.get_export_index(Some(&interface), item))
        .ok_or_else(|| format_err!("the session does not export {item}"))
}

/// Defines one function.
fn forward<T: Client>(
    instance: &mut LinkerInstance<'_, T>,
    interface: &str,
    function: &str,
    export: ComponentExportIndex,
    kinds: &Kinds,
) -> Result<()> {
    let unversioned: Arc<str> = interface.split('@').next().unwrap_or(interface).into();
    let (name, kinds): (Arc<str>, _) = (function.into(), Arc::clone(kinds));
    instance.func_new_async(function, move |mut store: StoreContextMut<'_, T>, _, arguments, results| {
        let (interface, name, kinds) = (Arc::clone(&unversioned), Arc::clone(&name), Arc::clone(&kinds));
        Box::new(async move {
            let call = Call { interface: &interface, function: &name, arguments };
            store.data_mut().before(call)?;
            let passed = arguments.iter().map(|value| to_session(&mut store, value)).collect::<Result<Vec<_>>>()?;
            let subsystem = store.data_mut().link().subsystem.clone();
            let answer = match subsystem.call_export(export, kinds, passed, results.len()).await {
                Ok(answer) => answer,
                Err(failure) => {
                    store.data_mut().after(call, Err(&failure))?;
                    return Err(failure.into());
                }
            };
            let mut of_kind = answer.kinds.into_iter();
            for (result, value) in results.iter_mut().zip(answer.values) {
                *result = to_client(&mut store, &subsystem, value, &mut of_kind)?;
            }
            store.data_mut().after(call, Ok(results))
        })
    })
}

/// What an export answered, and the kinds of the objects in it, in their order.
pub(crate) struct Answer {
    values: Vec<Val>,
    kinds: Vec<u32>,
}

impl Subsystem {
    /// Calls an export by its place in the component.
    async fn call_export(
        &self,
        export: ComponentExportIndex,
        kinds: Kinds,
        arguments: Vec<Val>,
        results: usize,
    ) -> mapi_engine::error::Result<Answer> {
        call_plain!(self, "a client component's call", |live| {
            let instance = live.instance;
            match instance.get_func(&mut live.store, export) {
                None => Err(format_err!("the export is not there")),
                Some(function) => {
                    let mut values = vec![Val::Bool(false); results];
                    match function.call_async(&mut live.store, &arguments, &mut values).await {
                        Ok(()) => {
                            let mut found = Vec::new();
                            let looked_up = values.iter().try_for_each(|value| {
                                kinds_in(&mut live.store, value, &mut found, |store, ty| {
                                    let kind = kinds.iter().position(|kind| instance.get_resource(&mut *store, kind) == Some(ty));
                                    Ok(u32::try_from(kind.ok_or_else(|| format_err!("an object of an unknown kind"))?)?)
                                })
                            });
                            looked_up.map(|()| Answer { values, kinds: found })
                        }
                        Err(error) => Err(error),
                    }
                }
            }
        })
    }
}

/// The kinds of the objects in a value.
fn kinds_in<S>(
    store: &mut Store<S>,
    value: &Val,
    found: &mut Vec<u32>,
    kind: impl Fn(&mut Store<S>, ResourceType) -> Result<u32> + Copy,
) -> Result<()> {
    match value {
        Val::Resource(resource) => {
            found.push(kind(store, resource.ty())?);
            Ok(())
        }
        Val::List(values) | Val::Tuple(values) => values.iter().try_for_each(|value| kinds_in(store, value, found, kind)),
        Val::Record(fields) => fields.iter().try_for_each(|(_, value)| kinds_in(store, value, found, kind)),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) | Val::Result(Ok(Some(value)) | Err(Some(value))) => {
            kinds_in(store, value, found, kind)
        }
        _ => Ok(()),
    }
}

/// An argument, its objects those of the session.
fn to_session<T: Client>(store: &mut StoreContextMut<'_, T>, value: &Val) -> Result<Val> {
    convert(value.clone(), &mut |resource: ResourceAny| {
        if resource.owned() {
            bail!("the session takes no object for good")
        }
        let object = resource.try_into_resource_dynamic(store.as_context_mut())?;
        store.data_mut().link().get(object.rep())
    })
}

/// An answer, its objects handles of the client.
fn to_client<T: Client>(
    store: &mut StoreContextMut<'_, T>,
    subsystem: &Subsystem,
    value: Val,
    kinds: &mut impl Iterator<Item = u32>,
) -> Result<Val> {
    convert(value, &mut |resource| {
        let kind = kinds.next().ok_or_else(unknown)?;
        let number = store.data_mut().link().insert(subsystem.hold(resource))?;
        ResourceDynamic::new_own(number, kind).try_into_resource_any(store.as_context_mut())
    })
}

/// A value with its objects exchanged.
fn convert(value: Val, exchange: &mut impl FnMut(ResourceAny) -> Result<ResourceAny>) -> Result<Val> {
    fn boxed(value: Option<Box<Val>>, exchange: &mut impl FnMut(ResourceAny) -> Result<ResourceAny>) -> Result<Option<Box<Val>>> {
        value.map(|value| convert(*value, exchange).map(Box::new)).transpose()
    }
    Ok(match value {
        Val::Resource(resource) => Val::Resource(exchange(resource)?),
        Val::List(values) => Val::List(values.into_iter().map(|value| convert(value, exchange)).collect::<Result<_>>()?),
        Val::Tuple(values) => Val::Tuple(values.into_iter().map(|value| convert(value, exchange)).collect::<Result<_>>()?),
        Val::Record(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((name, convert(value, exchange)?)));
            Val::Record(fields.collect::<Result<_>>()?)
        }
        Val::Variant(name, value) => Val::Variant(name, boxed(value, exchange)?),
        Val::Option(value) => Val::Option(boxed(value, exchange)?),
        Val::Result(Ok(value)) => Val::Result(Ok(boxed(value, exchange)?)),
        Val::Result(Err(value)) => Val::Result(Err(boxed(value, exchange)?)),
        Val::Map(_) | Val::FixedLengthList(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            bail!("the session has no values of that type")
        }
        plain => plain,
    })
}
