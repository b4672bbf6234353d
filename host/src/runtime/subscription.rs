//! Registrations whose notifications come by themselves: as a stream, or to a callback (`session` 6.9, 8.4).

use crate::runtime::{MessageStore, Session, Subsystem, Table};
use futures_core::Stream;
use mapi_engine::error::Result;
use mapi_engine::notifications::{Notification, TableEvent, TableNotification};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Notifications kept for a client that does not fetch them. Beyond, one says that some were lost.
const KEPT: usize = 10_000;

/// The notifications of one registration on their way to the client.
#[derive(Default)]
pub(crate) struct Sink(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<Notification>,
    /// The last event stands for lost ones.
    lossy: bool,
    /// No more come.
    ended: bool,
    waker: Option<Waker>,
}

impl Sink {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, events: Vec<Notification>) {
        let mut waiting = self.lock();
        for event in events {
            let is_reload = matches!(&event, Notification::TableModified(TableNotification { event: TableEvent::Reload, .. }));
            if waiting.lossy {
                // Void keys are more than changed rows.
                if is_reload && let Some(last) = waiting.events.back_mut() {
                    *last = event;
                }
                continue;
            }
            waiting.lossy = waiting.events.len() >= KEPT;
            let event = match event {
                event if !waiting.lossy || is_reload => event,
                Notification::TableModified(_) => Notification::TableModified(TableNotification::plain(TableEvent::Changed)),
                _ => Notification::lost(),
            };
            waiting.events.push_back(event);
        }
        waiting.wake();
    }

    fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.wake();
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<Notification>> {
        let mut waiting = self.lock();
        if let Some(event) = waiting.events.pop_front() {
            waiting.lossy &= !waiting.events.is_empty();
            return Poll::Ready(Some(event));
        }
        if waiting.ended {
            return Poll::Ready(None);
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn take_all(&self) -> Vec<Notification> {
        let mut waiting = self.lock();
        waiting.lossy = false;
        waiting.events.drain(..).collect()
    }
}

impl Waiting {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The sinks of a subsystem, by connection number.
#[derive(Default)]
pub(crate) struct Sinks(Mutex<BTreeMap<u32, Arc<Sink>>>);

impl Sinks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Sink>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands events to the client that registered; those of a registration taken back go nowhere.
    pub(crate) fn deliver(&self, connection: u32, events: Vec<Notification>) {
        let sink = self.lock().get(&connection).cloned();
        if let Some(sink) = sink {
            sink.push(events);
        }
    }

    /// No more events come.
    pub(crate) fn end(&self) {
        let sinks = std::mem::take(&mut *self.lock());
        sinks.values().for_each(|sink| sink.end());
    }
}

/// Where a registration was made.
#[derive(Clone)]
pub(crate) enum Source {
    Session(Session),
    Store(MessageStore),
    Table(Table),
}

impl Source {
    fn subsystem(&self) -> &Subsystem {
        match self {
            Self::Session(session) => session.subsystem(),
            Self::Store(store) => store.subsystem(),
            Self::Table(table) => table.subsystem(),
        }
    }

    async fn unadvise(&self, connection: u32) -> Result<()> {
        match self {
            Self::Session(session) => session.unadvise(connection).await,
            Self::Store(store) => store.unadvise(connection).await,
            Self::Table(table) => table.unadvise(connection).await,
        }
    }
}

/// A registration for notifications (`Advise`): a stream of them, in the order they were raised.
///
/// Notifications come by themselves as soon as something happens, also by other programs; nobody has to ask.
/// Dropping it takes the registration back. The stream ends with the subsystem. A client that fetches too
/// slowly gets one notification in place of many: `TABLE_CHANGED` of a table, of anything else a critical
/// error `MAPI_E_NOT_ENOUGH_RESOURCES`; both mean "read again".
pub struct Subscription {
    source: Source,
    connection: u32,
    sink: Arc<Sink>,
}

impl Subscription {
    /// Takes charge of a registration just made.
    pub(crate) fn new(source: Source, connection: u32) -> Self {
        let sink = Arc::new(Sink::default());
        source.subsystem().sinks().lock().insert(connection, Arc::clone(&sink));
        Self { source, connection, sink }
    }

    /// The connection number.
    #[must_use]
    pub fn connection(&self) -> u32 {
        self.connection
    }

    /// The next notification; `None`: no more come.
    pub async fn next(&mut self) -> Option<Notification> {
        poll_fn(|context| self.sink.poll(context)).await
    }

    /// The next notifications, all that are there; they make sense read first to last. Empty: no more come.
    pub async fn next_batch(&mut self) -> Vec<Notification> {
        let Some(first) = self.next().await else { return Vec::new() };
        let mut batch = vec![first];
        batch.extend(self.sink.take_all());
        batch
    }

    /// Has every batch handed to a function, in a task of its own, until the answer is dropped or the
    /// subsystem ends. The function may call the session freely; a panic in it is logged and ends nothing.
    #[must_use = "dropping the listener ends it"]
    pub fn on_notify(mut self, mut handler: impl FnMut(&[Notification]) + Send + 'static) -> Listener {
        let connection = self.connection;
        let task = tokio::spawn(async move {
            loop {
                let batch = self.next_batch().await;
                if batch.is_empty() {
                    return;
                }
                if catch_unwind(AssertUnwindSafe(|| handler(&batch))).is_err() {
                    tracing::error!(connection, "a notification handler panicked");
                }
            }
        });
        Listener { task, connection }
    }

    /// `Unadvise`: takes the registration back, and returns when nothing comes any more.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT` when what it was made at has ended.
    pub async fn unadvise(self) -> Result<()> {
        self.source.subsystem().sinks().lock().remove(&self.connection);
        self.source.unadvise(self.connection).await
    }
}

impl Stream for Subscription {
    type Item = Notification;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notification>> {
        self.sink.poll(context)
    }
}

impl core::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.source.subsystem().sinks().lock().remove(&self.connection).is_none() {
            return;
        }
        let (source, connection) = (self.source.clone(), self.connection);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(failure) = source.unadvise(connection).await {
                    tracing::debug!(%failure, connection, "a registration had ended already");
                }
            });
        }
    }
}

/// A function that is handed notifications. Dropping it takes the registration back.
#[derive(Debug)]
pub struct Listener {
    task: tokio::task::JoinHandle<()>,
    connection: u32,
}

impl Listener {
    /// The connection number.
    #[must_use]
    pub fn connection(&self) -> u32 {
        self.connection
    }

    /// Whether no more notifications come.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed() -> Notification {
        Notification::TableModified(TableNotification::plain(TableEvent::RowModified))
    }

    #[test]
    fn a_client_that_does_not_fetch_costs_bounded_memory() {
        let sink = Sink::default();
        sink.push(vec![changed(); KEPT + 100]);
        let events = sink.take_all();
        assert_eq!(events.len(), KEPT + 1);
        assert_eq!(events.last(), Some(&Notification::TableModified(TableNotification::plain(TableEvent::Changed))));
        sink.push(vec![changed()]);
        assert_eq!(sink.take_all(), [changed()], "what follows is told again");
    }

    #[test]
    fn what_waits_is_handed_out_before_the_end() {
        let sink = Sink::default();
        sink.push(vec![changed()]);
        sink.end();
        let context = Context::from_waker(Waker::noop());
        assert_eq!(sink.poll(&context), Poll::Ready(Some(changed())));
        assert_eq!(sink.poll(&context), Poll::Ready(None));
    }
}
