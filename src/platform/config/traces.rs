//! Where traces go. The names are OpenTelemetry's own, the same for every program that is watched, so there are no flags beside
//! them; what is not looked at here (service name, headers, sizes of the queue) its library reads by itself.

use std::time::Duration;
use url::Url;

/// A collector of traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// Where spans are sent, by POST.
    pub endpoint: String,
    /// For so long an answer is waited for.
    pub patience: Duration,
}

impl Collector {
    /// Without what stands behind a question mark, for logs and pages.
    pub fn shown(&self) -> &str {
        self.endpoint.split('?').next().unwrap_or_default()
    }
}

const SAMPLERS: &[&str] = &[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// The collector of the environment, of which `get` gives the variables; none where traces are off.
pub(super) fn check(get: &dyn Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> Option<Collector> {
    // The specification has an empty variable be as good as none.
    let get = |name: &str| get(name).filter(|text| !text.trim().is_empty());
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, get(name)?)));
    let (name, given) = first([
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ])?;
    if get("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        return None;
    }
    match get("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return None,
        Some(other) => wrong.push(format!("OTEL_TRACES_EXPORTER is {other:?}. Use otlp or none.")),
    }
    if let Some((name, given)) = first([
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ]) && given != "http/protobuf"
    {
        wrong.push(format!(
            "{name} is {given:?}. Use http/protobuf: collectors take it on port 4318, beside gRPC on 4317."
        ));
    }
    if let Some((name, given)) = first([
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
    ]) && !matches!(given.as_str(), "gzip" | "none")
    {
        wrong.push(format!("{name} is {given:?}. Use gzip or none."));
    }
    sampler(&get, wrong);
    let mut patience = Duration::from_secs(10);
    if let Some((name, given)) = first(["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]) {
        match given.parse() {
            Ok(milliseconds @ 1..=600_000) => patience = Duration::from_millis(milliseconds),
            _ => wrong.push(format!(
                "{name} is {given:?}. Use milliseconds, 1 to 600000, for example 10000."
            )),
        }
    }
    let endpoint = endpoint(name, &given, wrong)?;
    Some(Collector { endpoint, patience })
}

/// Which of the traces are kept. The library takes what it does not know for all of them.
fn sampler(get: &dyn Fn(&str) -> Option<String>, wrong: &mut Vec<String>) {
    let Some(given) = get("OTEL_TRACES_SAMPLER") else {
        return;
    };
    if !SAMPLERS.contains(&given.as_str()) {
        wrong.push(format!(
            "OTEL_TRACES_SAMPLER is {given:?}. Use one of {}.",
            SAMPLERS.join(", ")
        ));
    } else if given.ends_with("traceidratio") {
        let share = get("OTEL_TRACES_SAMPLER_ARG").unwrap_or_default();
        if !share
            .parse::<f64>()
            .is_ok_and(|share| (0.0..=1.0).contains(&share))
        {
            wrong.push(format!(
                "OTEL_TRACES_SAMPLER_ARG is {share:?}, and {given} needs a share from 0 to 1, for example 0.1."
            ));
        }
    }
}

/// The address of the collector for traces; the general one is that of a folder.
fn endpoint(name: &str, given: &str, wrong: &mut Vec<String>) -> Option<String> {
    let url = Url::parse(given).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.fragment().is_none()
    });
    let is_general = name == "OTEL_EXPORTER_OTLP_ENDPOINT";
    match url {
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong.push(format!(
                "{name} holds a user name or a password. Leave them out: what a collector wants to see goes into OTEL_EXPORTER_OTLP_HEADERS, for example authorization=Basic%20..."
            ));
            None
        }
        Some(url) if is_general && url.query().is_none() => {
            Some(format!("{}/v1/traces", url.as_str().trim_end_matches('/')))
        }
        Some(url) if !is_general => Some(url.into()),
        _ => {
            let example = if is_general {
                "http://127.0.0.1:4318"
            } else {
                "http://127.0.0.1:4318/v1/traces"
            };
            wrong.push(format!(
                "{name} is {given:?}. Use the address of a collector of OpenTelemetry, for example {example}."
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(variables: &[(&str, &str)]) -> (Option<String>, String) {
        let mut wrong = Vec::new();
        let found = check(
            &|name| {
                variables
                    .iter()
                    .find(|(given, _)| *given == name)
                    .map(|(_, value)| (*value).to_owned())
            },
            &mut wrong,
        );
        (found.map(|one| one.endpoint), wrong.join("\n"))
    }

    const GENERAL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

    #[test]
    fn a_collector_of_traces_is_named_by_the_variables_of_the_field() {
        let endpoint = |variables: &[(&str, &str)]| {
            let (endpoint, wrong) = checked(variables);
            assert_eq!(wrong, "");
            endpoint
        };
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[(GENERAL, "")]), None);
        assert_eq!(endpoint(&[("OTEL_TRACES_SAMPLER", "nonsense")]), None);
        let local = Some("http://127.0.0.1:4318/v1/traces".to_owned());
        assert_eq!(endpoint(&[(GENERAL, "http://127.0.0.1:4318")]), local);
        assert_eq!(endpoint(&[(GENERAL, "http://127.0.0.1:4318/")]), local);
        let both = [
            (GENERAL, "http://127.0.0.1:4318"),
            (TRACES, "https://a.example/x?y=z"),
        ];
        assert_eq!(endpoint(&both).as_deref(), Some("https://a.example/x?y=z"));
        for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert_eq!(endpoint(&[both[0], off]), None);
        }
    }

    #[test]
    fn what_cannot_be_meant_of_traces_is_refused_with_its_name() {
        for (name, value) in [
            (GENERAL, "127.0.0.1:4318"),
            (GENERAL, "grpc://a.example:4317"),
            (GENERAL, "http://a.example/?key=x"),
            (GENERAL, "https://user:password@a.example"),
            (TRACES, "nowhere"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_TRACES_SAMPLER", "some"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ] {
            let (_, wrong) = checked(&[(name, value), (GENERAL, "http://127.0.0.1:4318")]);
            assert!(wrong.starts_with(name), "{name}={value}: {wrong:?}");
            assert!(!wrong.contains("password@"), "{wrong}");
        }
        let share = [
            (GENERAL, "http://a.example"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ];
        assert!(checked(&share).1.starts_with("OTEL_TRACES_SAMPLER_ARG"));
    }
}
