//! The span of a job's turn. Jobs look around every second, and mostly there is nothing to do: the span is begun when a turn does
//! something, which is to commit, to call somebody or to fail.

use super::{Attached, TRACING, begin};
use opentelemetry::time::now;
use opentelemetry::trace::{FutureExt, SpanBuilder, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// What those who work for a turn find in their context.
pub(super) struct State {
    job: &'static str,
    began: SystemTime,
    root: OnceLock<Context>,
}

impl State {
    /// The span, if it was begun; `does` begins it.
    pub(super) fn root(&self, does: bool) -> Option<Context> {
        let tracing = TRACING.get()?;
        if !does {
            return self.root.get().cloned();
        }
        let root = self.root.get_or_init(|| {
            let builder = SpanBuilder::from_name(format!("job {}", self.job))
                .with_start_time(self.began)
                .with_attributes([KeyValue::new("licentral.job", self.job)]);
            begin(tracing, builder, &Context::new())
        });
        Some(root.clone())
    }
}

/// A job's turn; nothing while traces are off.
pub struct Turn(Option<Arc<State>>);

impl Turn {
    /// Begins it.
    pub fn of(job: &'static str) -> Self {
        Self(TRACING.get().map(|_| {
            Arc::new(State {
                job,
                began: now(),
                root: OnceLock::new(),
            })
        }))
    }

    /// What is done in it.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some(state) => {
                let cx = Context::new().with_value(state.clone());
                work.with_context(cx).await
            }
        }
    }

    /// Ends it. Until what is returned is dropped, this thread is still at work for it: what is said of a failure belongs to it.
    pub fn end(&self, failed: bool) -> Attached {
        let root = self.0.as_ref().and_then(|state| state.root(failed));
        if let Some(root) = &root {
            let span = root.span();
            if failed {
                span.set_status(Status::error(""));
            }
            span.end();
        }
        Attached {
            _guard: root.map(Context::attach),
        }
    }
}
