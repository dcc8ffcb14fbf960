//! The span of a transaction. Nothing stands below it, so it is made when all of it is known.

use super::{TRACING, parent, turn};
use opentelemetry::time::now;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use std::cell::Cell;
use std::sync::Arc;
use std::time::SystemTime;

thread_local! {
    static STATEMENTS: Cell<u64> = const { Cell::new(0) };
}

/// This thread asks a database something.
pub fn a_statement() {
    if TRACING.get().is_some() {
        STATEMENTS.set(STATEMENTS.get().wrapping_add(1));
    }
}

/// A transaction, from the wait for a connection to its end; nothing while traces are off or nobody's work is done.
pub struct Transaction(Option<Known>);

struct Known {
    kind: &'static str,
    database: &'static str,
    began: SystemTime,
    tries: i64,
    statements: u64,
}

impl Transaction {
    /// Begins it.
    pub fn begin(kind: &'static str, database: &'static str) -> Self {
        Self(TRACING.get().and_then(|_| {
            let is_traced =
                Context::map_current(|cx| cx.has_active_span() || cx.get::<Arc<turn::State>>().is_some());
            is_traced.then(|| Known {
                kind,
                database,
                began: now(),
                tries: 0,
                statements: 0,
            })
        }))
    }

    /// Tries it once.
    pub fn attempt<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let Some(known) = &mut self.0 else {
            return run();
        };
        let before = STATEMENTS.get();
        let done = run();
        known.tries += 1;
        known.statements += STATEMENTS.get().wrapping_sub(before);
        done
    }

    /// Ends it: whether anything was committed, or by what kind of fault it failed.
    pub fn end(self, committed: bool, failed: Option<&'static str>) {
        let (Some(known), Some(tracing)) = (self.0, TRACING.get()) else {
            return;
        };
        let Some(parent) = parent(committed || failed.is_some()) else {
            return;
        };
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let builder = SpanBuilder::from_name(known.kind)
            .with_kind(SpanKind::Client)
            .with_start_time(known.began)
            .with_attributes([
                KeyValue::new("db.system.name", known.database),
                KeyValue::new("licentral.db.statements", number(known.statements)),
                KeyValue::new("licentral.db.tries", known.tries),
                KeyValue::new("licentral.db.committed", committed),
            ]);
        let mut span = tracing.tracer.build_with_context(builder, &parent);
        if let Some(failed) = failed {
            span.set_attribute(KeyValue::new("error.type", failed));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}
