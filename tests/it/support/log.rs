//! What the portals of this process log at level error: a test during which that happens has failed.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// An error as it was logged.
#[derive(Debug, Clone, Default)]
pub struct Logged {
    /// Of the request during which it happened, or empty.
    pub request_id: String,
    /// Everything that was said.
    pub words: String,
    thread: Option<ThreadId>,
}

static ERRORS: Mutex<Vec<Logged>> = Mutex::new(Vec::new());

struct Collect;

impl<S: tracing::Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() != tracing::Level::ERROR {
            return;
        }
        let mut logged = Logged {
            thread: Some(std::thread::current().id()),
            ..Logged::default()
        };
        event.record(&mut logged);
        ERRORS.lock().unwrap_or_else(PoisonError::into_inner).push(logged);
    }
}

impl Visit for Logged {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "request_id" {
            value.clone_into(&mut self.request_id);
        }
        self.words.push_str(&format!("{}={value} ", field.name()));
    }
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "request_id" {
            format!("{value:?}")
                .trim_matches('"')
                .clone_into(&mut self.request_id);
        }
        self.words.push_str(&format!("{}={value:?} ", field.name()));
    }
}

/// Begins to collect; once per process.
pub fn collect() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Collect));
    });
}

/// The errors of these requests and of this thread; they count once.
pub fn take(request_ids: &[String]) -> Vec<Logged> {
    let here = Some(std::thread::current().id());
    let mut errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
    let (ours, others) = errors
        .drain(..)
        .partition(|e| request_ids.contains(&e.request_id) || (e.request_id.is_empty() && e.thread == here));
    *errors = others;
    ours
}
