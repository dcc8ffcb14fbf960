//! The span of a request.

use super::{Attached, TRACING, begin};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{FutureExt, SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use url::Url;

/// What is known of a request before it is looked at. Where it came from is not among it.
pub struct Asked<'r> {
    /// The method, whatever was sent as such.
    pub method: &'r str,
    /// The address by which people reach the portal.
    pub base_url: &'r str,
    /// Which portal, in a word.
    pub edition: &'static str,
    /// By which the request stands in the log.
    pub id: &'r str,
    /// The caller's span (W3C Trace Context), if it named one and no more than one.
    pub traceparent: Option<&'r str>,
    /// What the caller's tools say beside it.
    pub tracestate: Option<&'r str>,
}

impl Extractor for Asked<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent,
            "tracestate" => self.tracestate,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Methods that stand in the name of a span. Others are made up by whoever asks, and names are to be few.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The span of a request; nothing while traces are off.
pub struct Request(Option<(Context, &'static str)>);

impl Request {
    /// Begins it.
    pub fn begin<'r>(asked: impl FnOnce() -> Option<Asked<'r>>) -> Self {
        Self(TRACING.get().and_then(|tracing| {
            let asked = asked()?;
            let known = METHODS.iter().find(|method| **method == asked.method).copied();
            let method = known.unwrap_or("HTTP");
            let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &asked);
            let mut attributes = vec![
                KeyValue::new("http.request.method", known.unwrap_or("_OTHER")),
                KeyValue::new("licentral.edition", asked.edition),
                KeyValue::new("licentral.request_id", asked.id.to_owned()),
            ];
            if let Ok(url) = Url::parse(asked.base_url) {
                attributes.push(KeyValue::new("url.scheme", url.scheme().to_owned()));
                attributes.extend(
                    url.host_str()
                        .map(|host| KeyValue::new("server.address", host.to_owned())),
                );
                let port = url.port_or_known_default();
                attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
            }
            let builder = SpanBuilder::from_name(method)
                .with_kind(SpanKind::Server)
                .with_attributes(attributes);
            Some((begin(tracing, builder, &parent), method))
        }))
    }

    /// What is done within it.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some((cx, _)) => work.with_context(cx.clone()).await,
        }
    }

    /// Until what is returned is dropped, this thread is at work for it.
    pub fn attach(&self) -> Attached {
        Attached {
            _guard: self.0.as_ref().map(|(cx, _)| cx.clone().attach()),
        }
    }

    /// Ends it. `route` is the pattern of the path; none where no route fits.
    pub fn end(self, route: Option<&str>, status: u16) {
        let Some((cx, method)) = self.0 else {
            return;
        };
        let span = cx.span();
        if let Some(route) = route {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.to_string()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}
