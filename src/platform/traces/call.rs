//! The span of a call to somebody else.

use super::{TRACING, begin, parent};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::http::{Request, Response, Uri};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, SendBody};

/// A call; nothing while traces are off.
pub struct Call(Option<Context>);

impl Call {
    /// Begins one that is no HTTP.
    pub fn begin(name: &'static str) -> Self {
        Self::with(name, Vec::new)
    }

    fn with(name: &str, attributes: impl FnOnce() -> Vec<KeyValue>) -> Self {
        Self(TRACING.get().and_then(|tracing| {
            let parent = parent(true)?;
            let builder = SpanBuilder::from_name(name.to_owned())
                .with_kind(SpanKind::Client)
                .with_attributes(attributes());
            Some(begin(tracing, builder, &parent))
        }))
    }

    /// An address may hold a receiver's secret, so only the computer and the port are said of it.
    fn http(method: &str, uri: &Uri) -> Self {
        Self::with(method, || {
            let usual = if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            };
            vec![
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("server.address", uri.host().unwrap_or_default().to_owned()),
                KeyValue::new("server.port", i64::from(uri.port_u16().unwrap_or(usual))),
            ]
        })
    }

    /// By what the other side finds its caller's span (W3C Trace Context).
    fn traceparent(&self) -> Option<HeaderValue> {
        let span = self.0.as_ref()?.span();
        let ids = span.span_context();
        let flags = u8::from(ids.is_sampled());
        HeaderValue::from_str(&format!("00-{}-{}-{flags:02x}", ids.trace_id(), ids.span_id())).ok()
    }

    /// Ends it: with a status of HTTP, or the kind of fault.
    pub fn end(self, answered: Result<Option<u16>, &'static str>) {
        let Some(cx) = self.0 else {
            return;
        };
        let span = cx.span();
        let fault = match answered {
            Ok(status) => {
                if let Some(status) = status {
                    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
                }
                status
                    .filter(|status| *status >= 400)
                    .map(|status| status.to_string())
            }
            Err(fault) => Some(fault.to_owned()),
        };
        if let Some(fault) = fault {
            span.set_attribute(KeyValue::new("error.type", fault));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Makes a span of each call of a client.
#[derive(Debug, Clone, Copy)]
pub enum Outgoing {
    /// To whom is told by whose span it is called: another portal, or a webhook.
    Told,
    /// To whom that is nothing: a provider of sign-in.
    NotTold,
}

impl Middleware for Outgoing {
    fn handle(
        &self,
        mut request: Request<SendBody>,
        next: MiddlewareNext,
    ) -> Result<Response<Body>, ureq::Error> {
        if TRACING.get().is_none() {
            return next.handle(request);
        }
        let call = Call::http(request.method().as_str(), request.uri());
        if matches!(self, Self::Told)
            && let Some(traceparent) = call.traceparent()
        {
            let name = HeaderName::from_static("traceparent");
            request.headers_mut().insert(name, traceparent);
        }
        let answer = next.handle(request);
        call.end(match &answer {
            Ok(answer) => Ok(Some(answer.status().as_u16())),
            Err(ureq::Error::Timeout(_)) => Err("timeout"),
            Err(ureq::Error::HostNotFound) => Err("name_not_known"),
            Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed) => Err("connection"),
            Err(_) => Err("_OTHER"),
        });
        answer
    }
}
