//! Traces in the form of OpenTelemetry, for whoever looks at several programs as one. They are off unless a collector is named
//! in the environment, and then nothing here does more than look whether they are.
//!
//! What a span says is chosen here alone: names of routes, jobs and kinds of transactions, numbers, and the id by which a request
//! stands in the log. No path, no query, no header, no body, no address of a person or a client.

mod call;
mod collector;
mod request;
mod transaction;
mod turn;

pub use call::{Call, Outgoing};
pub use collector::try_out;
pub use request::{Asked, Request};
pub use transaction::{Transaction, a_statement};
pub use turn::Turn;

use super::config::Collector;
use super::token;
use collector::Client;
use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, ContextGuard, Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// So long the end of the program waits for the last spans.
const LAST_WORDS: Duration = Duration::from_secs(2);

struct Tracing {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
    client: Arc<Client>,
}

static TRACING: OnceLock<Tracing> = OnceLock::new();

/// Switches traces on, if there is a collector for them. `name` is what the program calls itself where nobody named it.
pub fn start(collector: Option<&Collector>, name: &'static str) -> Result<(), String> {
    let Some(collector) = collector else {
        return Ok(());
    };
    let client = Arc::new(Client::of(collector)?);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(collector::exporter(collector, &client)?)
        .with_resource(resource(name))
        .build();
    let tracer = provider.tracer("licentral");
    let _ = TRACING.set(Tracing {
        tracer,
        provider,
        client,
    });
    Ok(())
}

/// Hands over what waits still, within a bound.
pub fn stop() {
    if let Some(tracing) = TRACING.get() {
        let _ = tracing.provider.shutdown_with_timeout(LAST_WORDS);
    }
}

/// Where spans go, and why they do not arrive, if they do not; none while traces are off.
pub fn standing() -> Option<(String, Option<String>)> {
    let client = &TRACING.get()?.client;
    Some((client.shown.clone(), client.failing()))
}

/// What the environment says of this process, and what it leaves out.
fn resource(name: &'static str) -> Resource {
    let builder = Resource::builder();
    let said = Resource::builder().build();
    let says = |key: &'static str| {
        said.get(&Key::from_static_str(key))
            .map(|value| value.to_string())
    };
    let mut more = Vec::new();
    if says("service.name").is_none_or(|said| said.starts_with("unknown_service")) {
        more.push(KeyValue::new("service.name", name));
    }
    for (key, value) in [
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", token::random()),
    ] {
        if says(key).is_none() {
            more.push(KeyValue::new(key, value));
        }
    }
    builder.with_attributes(more).build()
}

/// Ids of the trace and the span that this thread is at work for, as logs name them.
pub fn ids() -> Option<(String, String)> {
    TRACING.get()?;
    Context::map_current(|cx| {
        let span = cx.span();
        let ids = span.span_context();
        ids.is_valid()
            .then(|| (ids.trace_id().to_string(), ids.span_id().to_string()))
    })
}

/// What this thread is at work for, to be carried to another one. Nothing while traces are off.
pub struct Carried(Option<Context>);

/// While it is there, a thread is at work for something.
pub struct Attached {
    _guard: Option<ContextGuard>,
}

impl Carried {
    /// From this thread.
    pub fn on() -> Self {
        Self(TRACING.get().map(|_| Context::current()))
    }

    /// To that one.
    pub fn attach(self) -> Attached {
        Attached {
            _guard: self.0.map(Context::attach),
        }
    }
}

/// Below what a new span stands: the span of this thread, or that of the job whose turn it is. `does` begins the latter.
fn parent(does: bool) -> Option<Context> {
    let cx = Context::current();
    if cx.has_active_span() {
        return Some(cx);
    }
    cx.get::<Arc<turn::State>>()?.root(does)
}

/// Begins a span.
fn begin(tracing: &Tracing, builder: SpanBuilder, parent: &Context) -> Context {
    let span = tracing.tracer.build_with_context(builder, parent);
    Context::new().with_span(span)
}
