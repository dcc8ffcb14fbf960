//! How often API clients may call in a minute, and how often a Smart Account may be called for. What is left is said with
//! each answer (`RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers-11); one call more is answered 429.
//!
//! This layer lies outside of the answers that are kept, so it may not ask the database who calls. It learns that from the
//! layers within: a token that was let in stands for its client from then on, and a name that was found for its account.
//! Whoever is not let in costs an account nothing. Counted by each process for itself, in memory.

use super::portal::Portal;
use super::refused::Whom;
use super::surface::{Surface, path_of};
use super::visit::bearer;
use crate::platform::config;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};
use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// Seconds for which calls are counted together.
const WINDOW: i64 = 60;
/// So much is remembered of each kind; what is over goes first.
const MOST: usize = 50_000;

const CLIENT: &str = "client";
const ACCOUNT: &str = "account";

/// What is limited, as headers and counters name it.
pub const POLICIES: &[&str] = &[CLIENT, ACCOUNT];

/// The API client of a request that was let in; an extension of the request.
#[derive(Debug, Clone)]
pub struct Caller(pub String);

/// How a quota stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    policy: &'static str,
    quota: u32,
    left: u32,
    /// Until all of it is there again.
    seconds: i64,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    until: i64,
    used: u32,
}

#[derive(Default)]
struct Counted {
    windows: HashMap<(&'static str, String), Window>,
    /// Clients by their tokens.
    clients: HashMap<u64, String>,
    /// Accounts by the names that stand in addresses and headers.
    accounts: HashMap<String, String>,
}

/// What was counted by this process.
#[derive(Default)]
pub struct Quotas {
    counted: Mutex<Counted>,
    hasher: RandomState,
}

impl Counted {
    /// Counts a call when there is one left, or only looks.
    fn call(
        &mut self,
        policy: &'static str,
        whose: &str,
        quota: u32,
        now: i64,
        counts: bool,
    ) -> Result<Standing, Standing> {
        if self.windows.len() >= MOST {
            self.windows.retain(|_, window| window.until > now);
        }
        let window = self.windows.entry((policy, whose.to_owned())).or_insert(Window {
            until: now + WINDOW,
            used: 0,
        });
        if window.until <= now {
            *window = Window {
                until: now + WINDOW,
                used: 0,
            };
        }
        let is_left = window.used < quota;
        if is_left && counts {
            window.used += 1;
        }
        let standing = Standing {
            policy,
            quota,
            left: quota.saturating_sub(window.used),
            seconds: (window.until - now).max(1),
        };
        if is_left { Ok(standing) } else { Err(standing) }
    }
}

/// A request to which quotas apply.
struct Asked {
    quotas: Arc<Quotas>,
    limits: config::Quotas,
    path: String,
    token: u64,
    /// How the request names an account.
    named: Option<String>,
    now: i64,
}

/// What was found out before the request went on.
struct Before {
    client: Option<Standing>,
    account: Option<Standing>,
}

impl Asked {
    /// None where nothing is limited.
    fn of(req: &ServiceRequest) -> Option<Self> {
        let portal = req.app_data::<Data<Portal>>()?;
        let limits = portal.config.quotas;
        if (limits.client == 0 && limits.account == 0) || req.method() == Method::OPTIONS {
            return None;
        }
        let token = bearer(req.request())?;
        let path = path_of(req.request());
        if !Surface::of(&path).takes_access_tokens() {
            return None;
        }
        let named = match path.split_once("/accounts/") {
            Some((_, rest)) => Some(rest.split('/').next().unwrap_or_default().to_owned()),
            None => req
                .headers()
                .get(portal.dialect.account_header)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        };
        Some(Self {
            token: portal.quotas.hasher.hash_one(&token),
            quotas: portal.quotas.clone(),
            limits,
            named: named.filter(|name| !name.is_empty() && name.len() <= 300),
            now: portal.clock.wall().utc().timestamp(),
            path,
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Counted) -> T) -> T {
        f(&mut self.quotas.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts the call of a client that is known, and looks whether its account has calls left.
    fn before(&self) -> Result<Before, Standing> {
        self.with(|counted| {
            let account = match self
                .named
                .as_ref()
                .and_then(|name| counted.accounts.get(name).cloned())
            {
                Some(account) if self.limits.account > 0 => {
                    Some(counted.call(ACCOUNT, &account, self.limits.account, self.now, false)?)
                }
                _ => None,
            };
            let client = match counted.clients.get(&self.token).cloned() {
                Some(client) if self.limits.client > 0 => {
                    Some(counted.call(CLIENT, &client, self.limits.client, self.now, true)?)
                }
                _ => None,
            };
            Ok(Before { client, account })
        })
    }

    /// Counts what was not counted before, now that it is known who called, and for which account.
    fn after(&self, before: Before, status: StatusCode, found: &Found) -> Vec<Standing> {
        self.with(|counted| {
            let mut standings = Vec::new();
            if self.limits.client > 0 {
                standings.extend(match (before.client, &found.client) {
                    (Some(standing), _) => Some(standing),
                    (None, Some(client)) => {
                        if counted.clients.len() >= MOST {
                            counted.clients.clear();
                        }
                        counted.clients.insert(self.token, client.clone());
                        let counted = counted.call(CLIENT, client, self.limits.client, self.now, true);
                        Some(counted.unwrap_or_else(|standing| standing))
                    }
                    (None, None) => None,
                });
            }
            // For whom an account does not exist, that costs it nothing.
            let is_theirs = ![StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED].contains(&status);
            if self.limits.account > 0 && is_theirs {
                let learned = found.account.clone();
                if let (Some(name), Some(account)) = (&self.named, &learned) {
                    if counted.accounts.len() >= MOST {
                        counted.accounts.clear();
                    }
                    counted.accounts.insert(name.clone(), account.clone());
                }
                let whose = learned.or_else(|| {
                    let name = self.named.as_ref().filter(|_| before.account.is_some())?;
                    counted.accounts.get(name).cloned()
                });
                if let Some(account) = whose {
                    let counted = counted.call(ACCOUNT, &account, self.limits.account, self.now, true);
                    standings.push(counted.unwrap_or_else(|standing| standing));
                }
            }
            standings
        })
    }

    /// One call too many.
    fn refusal(&self, portal: &Portal, standing: Standing, request_id: &str) -> HttpResponse {
        metrics::counter!("licentral_rate_limited_total", "policy" => standing.policy).increment(1);
        let status = StatusCode::TOO_MANY_REQUESTS;
        let says = format!(
            "{} may make {} calls in {WINDOW} seconds. Try again in {}.",
            match standing.policy {
                ACCOUNT => "All API clients of this account together",
                _ => "This API client",
            },
            standing.quota,
            super::errors::wait(std::time::Duration::from_secs(standing.seconds.unsigned_abs()))
        );
        let mut answer = if Surface::of(&self.path) == Surface::Vendor {
            (portal.dialect.told)(&self.path, status, &says)
        } else {
            let body = serde_json::json!({
                "type": "/help/problems#too-many", "title": "Too Many Requests", "status": 429, "code": "too-many",
                "detail": says, "request_id": request_id, "violated-policies": [standing.policy],
            });
            HttpResponse::build(status)
                .insert_header((header::CONTENT_TYPE, "application/problem+json"))
                .body(body.to_string())
        };
        super::reply::set_header(&mut answer, "retry-after", &standing.seconds.to_string());
        say(answer.headers_mut(), &[standing]);
        answer
    }
}

/// Who was let in, and where.
struct Found {
    client: Option<String>,
    account: Option<String>,
}

impl Found {
    fn of<B>(res: &ServiceResponse<B>) -> Self {
        let extensions = res.request().extensions();
        Self {
            client: extensions.get::<Caller>().map(|caller| caller.0.clone()),
            account: extensions
                .get::<Whom>()
                .and_then(|whom| whom.account)
                .map(|account| account.to_string()),
        }
    }
}

/// What there is, and what is left of it, in the words of the draft.
fn say(headers: &mut HeaderMap, standings: &[Standing]) {
    if standings.is_empty() {
        return;
    }
    let (mut policies, mut left) = (String::new(), String::new());
    for (at, one) in standings.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(policies, "{comma}\"{}\";q={};w={WINDOW}", one.policy, one.quota);
        let _ = write!(left, "{comma}\"{}\";r={};t={}", one.policy, one.left, one.seconds);
    }
    for (name, value) in [("ratelimit-policy", policies), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Counts calls of programs, where that is set.
pub async fn around<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let Some(asked) = Asked::of(&req) else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let before = match asked.before() {
        Ok(before) => before,
        Err(standing) => {
            let request_id = super::headers::request_id(req.request());
            let portal = req
                .app_data::<Data<Portal>>()
                .map(|portal| portal.get_ref().clone());
            let answer = match portal {
                Some(portal) => asked.refusal(&portal, standing, &request_id),
                None => HttpResponse::new(StatusCode::TOO_MANY_REQUESTS),
            };
            return Ok(req.into_response(answer).map_into_right_body());
        }
    };
    let mut res = next.call(req).await?;
    let standings = asked.after(before, res.status(), &Found::of(&res));
    say(res.headers_mut(), &standings);
    Ok(res.map_into_left_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_calls_and_the_next_one_has_them_again() {
        let mut counted = Counted::default();
        let left: Vec<u32> = (0..3)
            .map(|n| counted.call(CLIENT, "a", 3, 1_000 + n, true).unwrap().left)
            .collect();
        assert_eq!(left, [2, 1, 0]);
        let over = counted.call(CLIENT, "a", 3, 1_010, true).unwrap_err();
        assert_eq!((over.left, over.seconds), (0, 50));
        assert!(
            counted.call(CLIENT, "b", 3, 1_010, true).is_ok(),
            "another client"
        );
        assert!(counted.call(ACCOUNT, "a", 3, 1_010, true).is_ok(), "an account");
        assert_eq!(counted.call(CLIENT, "a", 3, 1_060, true).unwrap().left, 2);
        assert_eq!(
            counted.call(CLIENT, "a", 3, 1_060, false).unwrap().left,
            2,
            "only looked"
        );
    }

    #[test]
    fn what_is_over_makes_room() {
        let mut counted = Counted::default();
        for n in 0..MOST {
            let _ = counted.call(CLIENT, &n.to_string(), 1, 0, true);
        }
        let _ = counted.call(CLIENT, "new", 1, WINDOW, true);
        assert_eq!(counted.windows.len(), 1);
    }
}
