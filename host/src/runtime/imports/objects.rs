//! What store and address book imports have in common.

use crate::runtime::convert::{self, Wire};
use crate::runtime::provider::{Context, Provider, Weight};
use crate::runtime::world::mapi::session::backend_types as wit;
use mapi_engine::backend::{FeedCursor, ObjectId, Objects, PlanRequest, RowKey, ScanRequest, Want};
use mapi_engine::error::Result;
use mapi_engine::properties::PropTag;

/// Rows a scan without a filter may ask for to be a short call: as many as the engine reads at once.
const SHORT_SCAN: u32 = 1_024;

/// A filtered answer may have to look at every row.
fn weight(filters: &[Vec<wit::FilterTest>]) -> Weight {
    if filters.is_empty() { Weight::Short } else { Weight::Long }
}

impl<T: Objects + ?Sized + Send + Sync + 'static> Provider<T> {
    pub(crate) async fn read(&self, context: &Context, object: Vec<u8>, want: wit::Want, limit: u32) -> Result<wit::ObjectState> {
        let object = ObjectId::from_wit(object)?;
        let tags: Option<Vec<PropTag>> = match want {
            wit::Want::All => None,
            wit::Want::Tags(tags) => Some(convert::map(tags)?),
        };
        let read = move |backend: &T| backend.read(&object, tags.as_deref().map_or(Want::All, Want::Tags), limit);
        let (head, properties) = self.call(context, Weight::Short, read).await?;
        Ok(wit::ObjectState { head: convert::head(head), properties: convert::wires(properties) })
    }

    pub(crate) async fn list_tags(&self, context: &Context, object: Vec<u8>) -> Result<Vec<wit::TagSize>> {
        let object = ObjectId::from_wit(object)?;
        let sizes = self.call(context, Weight::Short, move |backend| backend.list_tags(&object)).await?;
        Ok(sizes.into_iter().map(convert::tag_size).collect())
    }

    pub(crate) async fn read_rows(
        &self,
        context: &Context,
        objects: Vec<Vec<u8>>,
        columns: Vec<u32>,
        cell_limit: u32,
    ) -> Result<wit::Batch> {
        let (objects, columns): (Vec<ObjectId>, Vec<PropTag>) = (convert::map(objects)?, convert::map(columns)?);
        let read = move |backend: &T| backend.read_rows(&objects, &columns, cell_limit);
        convert::batch(self.call(context, Weight::Short, read).await?)
    }

    pub(crate) async fn plan(&self, context: &Context, request: wit::PlanRequest) -> Result<wit::Plan> {
        let scope = convert::scope(request.scope)?;
        let (filters, order) = (convert::filters(request.filters)?, convert::order(request.order));
        let kind = convert::scan_kind(request.kind);
        let plan = move |backend: &T| backend.plan(&PlanRequest { scope: &scope, kind, filters: &filters, order: &order });
        Ok(convert::plan(self.call(context, Weight::Short, plan).await?))
    }

    pub(crate) async fn scan(&self, context: &Context, request: wit::ScanRequest) -> Result<wit::ScanPage> {
        let weight = if request.max > SHORT_SCAN { Weight::Long } else { weight(&request.filters) };
        let scope = convert::scope(request.scope)?;
        let columns: Vec<PropTag> = convert::map(request.columns)?;
        let (filters, order) = (convert::filters(request.filters)?, convert::order(request.order));
        let from = convert::scan_from(request.start)?;
        let kind = convert::scan_kind(request.kind);
        let (cell_limit, backwards, max) = (request.cell_limit, request.backwards, request.max);
        let scan = move |backend: &T| {
            backend.scan(&ScanRequest {
                scope: &scope,
                kind,
                columns: &columns,
                cell_limit,
                filters: &filters,
                order: &order,
                from,
                backwards,
                max,
            })
        };
        convert::scan_page(self.call(context, weight, scan).await?)
    }

    pub(crate) async fn count(&self, context: &Context, request: wit::CountRequest) -> Result<u64> {
        let weight = weight(&request.filters);
        let (scope, filters) = (convert::scope(request.scope)?, convert::filters(request.filters)?);
        let kind = convert::scan_kind(request.kind);
        self.call(context, weight, move |backend| backend.count(&scope, kind, &filters)).await
    }

    pub(crate) async fn rank(
        &self,
        context: &Context,
        request: wit::CountRequest,
        order: Vec<wit::OrderKey>,
        key: wit::RowKey,
    ) -> Result<u64> {
        let weight = weight(&request.filters);
        let (scope, filters) = (convert::scope(request.scope)?, convert::filters(request.filters)?);
        let kind = convert::scan_kind(request.kind);
        let (order, key) = (convert::order(order), RowKey::from_wit(key)?);
        self.call(context, weight, move |backend| backend.rank(&scope, kind, &filters, &order, &key)).await
    }

    pub(crate) async fn container_tags(&self, context: &Context, container: Vec<u8>, kind: wit::ScanKind) -> Result<Vec<u32>> {
        let (container, kind) = (ObjectId::from_wit(container)?, convert::scan_kind(kind));
        let tags = self.call(context, Weight::Short, move |backend| backend.container_tags(&container, kind)).await?;
        Ok(convert::wires(tags))
    }

    pub(crate) async fn read_range(
        &self,
        context: &Context,
        object: Vec<u8>,
        tag: u32,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>> {
        let object = ObjectId::from_wit(object)?;
        let read = move |backend: &T| {
            let mut bytes = backend.read_range(&object, PropTag(tag), offset, length)?;
            // More than was asked for would be the component's problem.
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            Ok(bytes)
        };
        self.call(context, Weight::Short, read).await
    }

    pub(crate) async fn reserve(&self, context: &Context, count: u32) -> Result<Vec<Vec<u8>>> {
        Ok(convert::wires(self.call(context, Weight::Short, move |backend| backend.reserve(count)).await?))
    }

    pub(crate) async fn stage(&self, context: &Context) -> Result<u64> {
        self.call(context, Weight::Short, |backend| backend.stage()).await
    }

    pub(crate) async fn append(&self, context: &Context, staged: u64, bytes: Vec<u8>) -> Result<()> {
        self.call(context, Weight::Short, move |backend| backend.append(staged, &bytes)).await
    }

    /// The component hears nothing of it: a staged value that is not forgotten now vanishes with the logon.
    pub(crate) async fn discard(&self, context: &Context, staged: u64) {
        let discarded = self.call(context, Weight::Short, move |backend| {
            backend.discard(staged);
            Ok(())
        });
        if let Err(failure) = discarded.await {
            tracing::debug!(%failure, "a staged value could not be forgotten");
        }
    }

    pub(crate) async fn commit(&self, context: &Context, request: wit::CommitRequest) -> Result<wit::Committed> {
        let commit = convert::commit(request)?;
        Ok(convert::committed(self.call(context, Weight::Long, move |backend| backend.commit(commit)).await?))
    }

    pub(crate) async fn feed_cursor(&self, context: &Context) -> Result<Vec<u8>> {
        Ok(self.call(context, Weight::Short, |backend| backend.feed_cursor()).await?.0)
    }

    pub(crate) async fn changes(&self, context: &Context, since: Vec<u8>, max: u32) -> Result<wit::FeedPage> {
        let since = FeedCursor(since);
        Ok(convert::feed_page(self.call(context, Weight::Short, move |backend| backend.changes(&since, max)).await?))
    }
}

/// The methods of an import resource that [`Provider`] has for every kind of [`Objects`].
macro_rules! object_imports {
    ($handle:ty) => {
        async fn read(
            &mut self,
            this: Resource<$handle>,
            object: Vec<u8>,
            want: wit::Want,
            inline_limit: u32,
            _hints: wit::ReadHints,
        ) -> Result<wit::ObjectState> {
            self.provider(&this)?.read(&self.context, object, want, inline_limit).await
        }

        async fn list_tags(&mut self, this: Resource<$handle>, object: Vec<u8>) -> Result<Vec<wit::TagSize>> {
            self.provider(&this)?.list_tags(&self.context, object).await
        }

        async fn read_rows(
            &mut self,
            this: Resource<$handle>,
            objects: Vec<Vec<u8>>,
            columns: Vec<u32>,
            cell_limit: u32,
        ) -> Result<wit::Batch> {
            self.provider(&this)?.read_rows(&self.context, objects, columns, cell_limit).await
        }

        async fn plan(&mut self, this: Resource<$handle>, request: wit::PlanRequest) -> Result<wit::Plan> {
            self.provider(&this)?.plan(&self.context, request).await
        }

        async fn scan(&mut self, this: Resource<$handle>, request: wit::ScanRequest) -> Result<wit::ScanPage> {
            self.provider(&this)?.scan(&self.context, request).await
        }

        async fn count(&mut self, this: Resource<$handle>, request: wit::CountRequest) -> Result<u64> {
            self.provider(&this)?.count(&self.context, request).await
        }

        async fn rank(
            &mut self,
            this: Resource<$handle>,
            request: wit::CountRequest,
            order: Vec<wit::OrderKey>,
            key: wit::RowKey,
        ) -> Result<u64> {
            self.provider(&this)?.rank(&self.context, request, order, key).await
        }

        async fn container_tags(&mut self, this: Resource<$handle>, container: Vec<u8>, kind: wit::ScanKind) -> Result<Vec<u32>> {
            self.provider(&this)?.container_tags(&self.context, container, kind).await
        }

        async fn read_range(
            &mut self,
            this: Resource<$handle>,
            object: Vec<u8>,
            tag: u32,
            offset: u64,
            length: u32,
        ) -> Result<Vec<u8>> {
            self.provider(&this)?.read_range(&self.context, object, tag, offset, length).await
        }

        async fn reserve(&mut self, this: Resource<$handle>, count: u32) -> Result<Vec<Vec<u8>>> {
            self.provider(&this)?.reserve(&self.context, count).await
        }

        async fn stage(&mut self, this: Resource<$handle>) -> Result<u64> {
            self.provider(&this)?.stage(&self.context).await
        }

        async fn append(&mut self, this: Resource<$handle>, staged: u64, bytes: Vec<u8>) -> Result<()> {
            self.provider(&this)?.append(&self.context, staged, bytes).await
        }

        async fn discard(&mut self, this: Resource<$handle>, staged: u64) -> wasmtime::Result<()> {
            if let Ok(provider) = self.provider(&this) {
                provider.discard(&self.context, staged).await;
            }
            Ok(())
        }

        async fn commit(&mut self, this: Resource<$handle>, request: wit::CommitRequest) -> Result<wit::Committed> {
            self.provider(&this)?.commit(&self.context, request).await
        }

        async fn feed_cursor(&mut self, this: Resource<$handle>) -> Result<Vec<u8>> {
            self.provider(&this)?.feed_cursor(&self.context).await
        }

        async fn changes(&mut self, this: Resource<$handle>, since: Vec<u8>, max: u32) -> Result<wit::FeedPage> {
            self.provider(&this)?.changes(&self.context, since, max).await
        }

        async fn take_effects(&mut self, this: Resource<$handle>) -> wasmtime::Result<Vec<wit::Effect>> {
            let Ok(provider) = self.provider(&this) else { return Ok(Vec::new()) };
            let reported = provider.call(&self.context, Weight::Short, |provider| Ok(provider.effects())).await;
            Ok(provider.reported(reported).into_iter().map(crate::runtime::convert::effect).collect())
        }

        async fn validate_state(&mut self, this: Resource<$handle>, _ui: u64, how: flags::ValidateStateFlags) -> Result<()> {
            let how = crate::runtime::convert::flags::validate_state(how);
            self.provider(&this)?.call(&self.context, Weight::Long, move |provider| provider.validate(how)).await
        }

        async fn settings_dialog(&mut self, this: Resource<$handle>, ui: u64, how: flags::SettingsDialogFlags) -> Result<()> {
            let how = crate::runtime::convert::flags::settings_dialog(how);
            let provider = self.provider(&this)?;
            provider.call(&self.context, Weight::Person, move |provider| provider.settings_dialog(ui, how)).await
        }

        async fn change_password(&mut self, this: Resource<$handle>, old: String, new: String) -> Result<()> {
            let provider = self.provider(&this)?;
            provider.call(&self.context, Weight::Long, move |provider| provider.change_password(&old, &new)).await
        }

        async fn set_status_properties(
            &mut self,
            this: Resource<$handle>,
            properties: Vec<types::Property>,
        ) -> Result<Vec<wit::StatusProblem>> {
            let properties: Vec<mapi_engine::properties::Property> = crate::runtime::convert::map(properties)?;
            let set = move |provider: &<HostState as Find<$handle>>::Provider| provider.set_status_properties(&properties);
            let problems = self.provider(&this)?.call(&self.context, Weight::Long, set).await?;
            Ok(crate::runtime::convert::status_problems(problems))
        }

        async fn drop(&mut self, this: Resource<$handle>) -> wasmtime::Result<()> {
            self.providers.delete(this)?;
            Ok(())
        }
    };
}

pub(super) use object_imports;
