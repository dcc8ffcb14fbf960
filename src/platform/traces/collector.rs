//! Hands spans to the collector, from the thread of the library's queue: whatever the collector does, it is this thread that
//! waits.

use crate::platform::config::Collector;
use crate::platform::portal_calls;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// Of an answer so much is read. Bytes.
const MOST_ANSWER: u64 = 64 * 1024;

/// Speaks with the collector, and knows how that went the last time.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    /// For logs and pages.
    pub shown: String,
    /// Why the last spans were not taken.
    failing: Mutex<Option<String>>,
}

impl Client {
    pub fn of(collector: &Collector) -> Result<Self, String> {
        let agent = portal_calls::agent(collector.patience)?.build().new_agent();
        Ok(Self {
            agent,
            shown: collector.shown().to_owned(),
            failing: Mutex::default(),
        })
    }

    /// Why the last spans were not taken; none when they were, or when there were none yet.
    pub fn failing(&self) -> Option<String> {
        self.failing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (head, body) = request.into_parts();
        let answer = self
            .agent
            .run(Request::from_parts(head, body.as_ref()))
            .map_err(|error| format!("it cannot be reached: {error}"))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("it answered {status}"));
        }
        let (head, mut body) = answer.into_parts();
        let bytes = body
            .with_config()
            .limit(MOST_ANSWER)
            .read_to_vec()
            .map_err(|error| format!("its answer broke off: {error}"))?;
        Ok(Response::from_parts(head, bytes.into()))
    }

    /// Keeps how it went. An outage is told once, and its end.
    fn keep(&self, failing: Option<String>) {
        let mut kept = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let collector = self.shown.as_str();
        match (&*kept, &failing) {
            (None, Some(why)) => {
                tracing::warn!(collector, why, "traces are lost until their collector takes them");
            }
            (Some(_), None) => tracing::info!(collector, "the collector of traces takes them again"),
            _ => {}
        }
        *kept = failing;
    }
}

type Sent<'f> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>;

impl HttpClient for Client {
    fn send_bytes<'c, 'f>(&'c self, request: Request<Bytes>) -> Sent<'f>
    where
        'c: 'f,
        Self: 'f,
    {
        let sent = self.send(request);
        self.keep(sent.as_ref().err().cloned());
        Box::pin(std::future::ready(sent.map_err(HttpError::from)))
    }
}

/// What turns spans into what is sent. Nothing is sent twice: while it waited, the queue would fill.
pub fn exporter(collector: &Collector, client: &Arc<Client>) -> Result<SpanExporter, String> {
    SpanExporter::builder()
        .with_http()
        .with_endpoint(&collector.endpoint)
        .with_timeout(collector.patience)
        .with_shared_http_client(client.clone())
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        .map_err(|error| format!("traces cannot be sent to {}: {error}", collector.shown()))
}

/// Sends no spans at all, which a collector takes as it takes any: whether it answers.
pub fn try_out(collector: &Collector) -> Result<(), String> {
    use opentelemetry_sdk::trace::SpanExporter as _;
    let client = Arc::new(Client::of(collector)?);
    let exporter = exporter(collector, &client)?;
    // It is sent at once, on this thread.
    let sent = futures_util::FutureExt::now_or_never(exporter.export(Vec::new()));
    match (sent, client.failing()) {
        (Some(Ok(())), None) => Ok(()),
        (_, Some(why)) => Err(why),
        (Some(Err(error)), None) => Err(error.to_string()),
        (None, None) => Err("it was not asked".to_owned()),
    }
}
