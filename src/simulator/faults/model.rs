//! Fault rules as they are asked for: by name, or in detail.

use crate::error::{Error, Problems, Result};
use crate::kernel::Moment;
use crate::platform::faults::{Effect, EffectKind, LONGEST_DELAY, NewRule, Surface};
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;

/// Seconds that a rule may hold at most: a day.
const LONGEST: u64 = 86_400;
/// Characters of another body at most.
const LONGEST_BODY: usize = 2_000;
/// Hits at most.
const MOST_TIMES: u64 = 1_000_000;

/// A rule with a name, for those who do not want to think of one.
pub struct Preset {
    /// For scripts.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// What it does.
    pub says: &'static str,
    surface: Surface,
    effect: fn() -> Effect,
}

/// All of them.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "slow-portal",
        label: "Slow portal",
        says: "Every request takes two seconds longer.",
        surface: Surface::Any,
        effect: || Effect::Delay(2_000),
    },
    Preset {
        name: "api-rate-limit",
        label: "API rate limit",
        says: "The API answers 429 Too Many Requests.",
        surface: Surface::Api,
        effect: || Effect::Status(429),
    },
    Preset {
        name: "ok-with-an-error",
        label: "200 with an error",
        says: "The API answers 200, and the body says that it did not work.",
        surface: Surface::Api,
        effect: || {
            Effect::Answer(
                "{\"status\":\"ERROR\",\"statusMessage\":\"A fault rule of this lab: it did not work.\"}"
                    .to_owned(),
            )
        },
    },
    Preset {
        name: "answers-cut-off",
        label: "Answers cut off",
        says: "The API does what it is asked for, and half of the answer arrives.",
        surface: Surface::Api,
        effect: || Effect::Cut,
    },
    Preset {
        name: "mail-server-down",
        label: "Mail server down",
        says: "No letter goes out; each is tried again later.",
        surface: Surface::Mail,
        effect: || Effect::Drop,
    },
    Preset {
        name: "webhooks-fail",
        label: "Webhooks fail",
        says: "No webhook goes out; each is tried again later.",
        surface: Surface::Webhooks,
        effect: || Effect::Drop,
    },
    Preset {
        name: "sync-file-rejected",
        label: "Sync file rejected",
        says: "What On-Prem servers send over the network is answered with 422.",
        surface: Surface::OnPrem,
        effect: || Effect::Status(422),
    },
    Preset {
        name: "cloud-down-for-on-prem",
        label: "Cloud down for On-Prem",
        says: "Connections of On-Prem servers end without an answer.",
        surface: Surface::OnPrem,
        effect: || Effect::Drop,
    },
    Preset {
        name: "devices-cut-off",
        label: "Product instances cut off",
        says: "Connections of product instances end without an answer.",
        surface: Surface::Devices,
        effect: || Effect::Drop,
    },
];

/// A rule as it is asked for: a preset, or an effect of its own.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFault)]
pub struct Wanted {
    /// A rule by its name, such as slow-portal; then no effect is named.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    pub preset: Option<String>,
    /// By which way requests come: any, pages, api, devices, on-prem, vendor, mail or webhooks.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    pub surface: Option<String>,
    /// GET, POST, PUT, PATCH or DELETE.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 10)]
    pub method: Option<String>,
    /// With what their path begins.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = "^/")]
    pub path: Option<String>,
    /// The address of a person, or the id of an API client.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 254)]
    pub who: Option<String>,
    /// So many of a hundred: all, when it is left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    pub share: Option<u64>,
    /// So many in all; then the rule ends.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub times: Option<u64>,
    /// So many seconds; then the rule ends.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86_400)]
    pub for_seconds: Option<u64>,
    /// delay, status, answer, cut or drop.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    pub effect: Option<String>,
    /// For delay.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60_000)]
    pub delay_ms: Option<u64>,
    /// For status: 400 to 599.
    #[serde(default)]
    #[schema(minimum = 400, maximum = 599)]
    pub status: Option<u64>,
    /// For answer: the body that is sent with 200.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub body: Option<String>,
}

fn within(problems: &mut Problems, field: &str, value: Option<u64>, least: u64, most: u64) -> Option<u64> {
    let value = value?;
    if (least..=most).contains(&value) {
        Some(value)
    } else {
        problems.add(field, format!("Use a whole number from {least} to {most}."));
        None
    }
}

fn known<T: std::str::FromStr>(
    problems: &mut Problems,
    field: &str,
    value: Option<&str>,
    words: &[&str],
) -> Option<T> {
    let value = value?;
    let found = value.parse().ok();
    if found.is_none() {
        problems.add(field, format!("Use one of: {}.", words.join(", ")));
    }
    found
}

impl Wanted {
    /// Checks it; names all that is wrong.
    pub fn rule(&self, wall: Moment) -> Result<NewRule> {
        let mut problems = Problems::default();
        let preset = self.preset.as_deref().and_then(|name| {
            let found = PRESETS.iter().find(|preset| preset.name == name);
            if found.is_none() {
                let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
                problems.add("preset", format!("Use one of: {}.", names.join(", ")));
            }
            found
        });
        let surfaces: Vec<&str> = Surface::ALL.iter().map(|one| one.word()).collect();
        let surface = known::<Surface>(&mut problems, "surface", self.surface.as_deref(), &surfaces)
            .or(preset.map(|preset| preset.surface))
            .unwrap_or(Surface::Any);
        let method = self.method.as_deref().map(str::to_ascii_uppercase);
        if let Some(method) = &method
            && !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str())
        {
            problems.add("method", "Use GET, POST, PUT, PATCH or DELETE.");
        }
        if let Some(path) = &self.path
            && (!path.starts_with('/') || path.len() > 200)
        {
            problems.add("path", "Use the beginning of a path, such as /api/v1/accounts/.");
        }
        if let Some(who) = &self.who
            && (who.is_empty() || who.len() > 254)
        {
            problems.add("who", "Use the address of a person, or the id of an API client.");
        }
        let share = within(&mut problems, "share", self.share, 1, 100).unwrap_or(100);
        let times = within(&mut problems, "times", self.times, 1, MOST_TIMES);
        let seconds = within(&mut problems, "for_seconds", self.for_seconds, 1, LONGEST);
        let effect = match preset {
            Some(preset) => Some((preset.effect)()),
            None if self.preset.is_some() => None,
            None => self.effect(&mut problems),
        };
        if surface.goes_out() && (method.is_some() || self.path.is_some() || self.who.is_some()) {
            problems.add(
                "surface",
                "Letters and webhooks have no method, path or sender: leave those out.",
            );
        }
        match effect {
            Some(effect) if problems.list().is_empty() => Ok(NewRule {
                name: preset.map_or_else(|| effect.words(), |preset| preset.label.to_owned()),
                surface,
                method,
                path: self.path.clone(),
                who: self.who.clone(),
                share: u8::try_from(share).unwrap_or(100),
                times,
                until: seconds
                    .map(|seconds| wall.plus(TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))),
                effect,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }

    fn effect(&self, problems: &mut Problems) -> Option<Effect> {
        let kinds: Vec<&str> = EffectKind::ALL.iter().map(|one| one.word()).collect();
        let Some(word) = self.effect.as_deref() else {
            problems.add(
                "effect",
                format!("Name a preset, or one of: {}.", kinds.join(", ")),
            );
            return None;
        };
        match known::<EffectKind>(problems, "effect", Some(word), &kinds)? {
            EffectKind::Delay => {
                let ms = within(
                    problems,
                    "delay_ms",
                    Some(self.delay_ms.unwrap_or(0)),
                    1,
                    LONGEST_DELAY,
                )?;
                Some(Effect::Delay(ms))
            }
            EffectKind::Status => {
                let status = within(problems, "status", Some(self.status.unwrap_or(0)), 400, 599)?;
                Some(Effect::Status(u16::try_from(status).unwrap_or(503)))
            }
            EffectKind::Answer => match self.body.as_deref() {
                Some(body) if !body.is_empty() && body.chars().count() <= LONGEST_BODY => {
                    Some(Effect::Answer(body.to_owned()))
                }
                _ => {
                    problems.add(
                        "body",
                        format!("Give a body of at most {LONGEST_BODY} characters."),
                    );
                    None
                }
            },
            EffectKind::Cut => Some(Effect::Cut),
            EffectKind::Drop => Some(Effect::Drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> Moment {
        Moment::parse("2026-11-28T12:00:00Z").unwrap()
    }

    #[test]
    fn every_preset_is_a_rule() {
        for preset in PRESETS {
            let wanted = Wanted {
                preset: Some(preset.name.to_owned()),
                times: Some(3),
                ..Wanted::default()
            };
            let rule = wanted.rule(wall()).unwrap();
            assert_eq!(
                (rule.name.as_str(), rule.times, rule.share),
                (preset.label, Some(3), 100)
            );
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let wanted = Wanted {
            surface: Some("letterbox".to_owned()),
            method: Some("FETCH".to_owned()),
            path: Some("api".to_owned()),
            share: Some(0),
            times: Some(0),
            for_seconds: Some(86_401),
            effect: Some("delay".to_owned()),
            ..Wanted::default()
        };
        let Err(Error::Invalid(problems)) = wanted.rule(wall()) else {
            panic!("it was taken");
        };
        let fields: Vec<&str> = problems.list().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "surface",
                "method",
                "path",
                "share",
                "times",
                "for_seconds",
                "delay_ms"
            ]
        );
        for (preset, effect) in [(None, None), (Some("no-such"), None), (None, Some("explode"))] {
            let wanted = Wanted {
                preset: preset.map(str::to_owned),
                effect: effect.map(str::to_owned),
                ..Wanted::default()
            };
            assert!(matches!(wanted.rule(wall()), Err(Error::Invalid(_))));
        }
    }
}
