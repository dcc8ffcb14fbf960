//! Logs (JSON lines on standard error) and counters.

use super::traces;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::fmt;
use std::sync::OnceLock;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The library calls it an error of ours when a stranger sends rubbish. What it has to say is said by
/// `http::server` at `debug`; whoever names the library in the filter hears it all the same.
fn with_quiet(log: &str) -> String {
    if log.contains(LIBRARY) {
        log.to_owned()
    } else {
        format!("{log},{LIBRARY}=off")
    }
}

const LIBRARY: &str = "actix_http";

/// Starts both. Later calls change nothing: in tests many portals run in one process.
pub fn start(log: &str) {
    METRICS.get_or_init(|| {
        let filter = EnvFilter::try_new(with_quiet(log)).unwrap_or_else(|_| EnvFilter::new("info"));
        // JSON escapes line ends and terminal codes, so that one event is one line whatever was typed.
        let _ = tracing_subscriber::fmt()
            .json()
            .event_format(OfTrace(
                tracing_subscriber::fmt::format().json().flatten_event(true),
            ))
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init();
        let handle = PrometheusBuilder::new().install_recorder().ok();
        for name in COUNTERS {
            metrics::counter!(*name).increment(0);
        }
        handle
    });
}

/// One line of JSON, which also says to which trace it belongs, where traces are on.
struct OfTrace(Format<Json>);

impl<S, N> FormatEvent<S, N> for OfTrace
where
    Format<Json>: FormatEvent<S, N>,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        of: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some((trace, span)) = traces::ids() else {
            return self.0.format_event(of, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(of, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(fields) => {
                writeln!(
                    writer,
                    "{fields},\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"}}"
                )
            }
            None => writer.write_str(&line),
        }
    }
}

/// Counters without labels, each there from the beginning: what has not happened yet is 0 and not unknown.
const COUNTERS: &[&str] = &[
    "licentral_connections_ended_for_room_total",
    "licentral_connections_refused_total",
    "licentral_db_retries_total",
    "licentral_letters_given_up_total",
    "licentral_letters_sent_total",
    "licentral_webhooks_given_up_total",
    "licentral_webhooks_sent_total",
];

/// The counters as Prometheus reads them.
pub fn print() -> String {
    METRICS
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}
