//! Searches of one account take turns, so that whoever searches a million rows again and again keeps none of the connections
//! and processors that others need. Nearly every search takes a millisecond or two; a word of two letters among a million
//! product instances takes seventy.

use super::portal::Portal;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::Semaphore;

/// So many searches of one account are carried out at once; the others wait, the first come first.
const AT_ONCE: usize = 1;

/// The turns of the accounts of a portal in which somebody searches at this moment: one that nobody holds or waits for is gone by
/// itself, also when whoever asked went away.
#[derive(Debug, Default)]
pub struct SearchTurns(Mutex<HashMap<i64, Weak<Semaphore>>>);

impl SearchTurns {
    fn of(&self, account: i64) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&account).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        all.insert(account, Arc::downgrade(&turns));
        turns
    }
}

/// Lets a search of an account wait for its turn; everything else goes on at once.
pub async fn around<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let account = searched(req.path(), req.query_string()).filter(|_| req.method() == Method::GET);
    let (Some(account), Some(portal)) = (account, req.app_data::<Data<Portal>>()) else {
        return next.call(req).await;
    };
    let turns = portal.searches.of(account);
    let _turn = turns.acquire().await;
    next.call(req).await
}

/// The number of the account in whose lists words are looked for.
fn searched(path: &str, query: &str) -> Option<i64> {
    let has_words = query
        .split('&')
        .any(|pair| pair.strip_prefix("q=").is_some_and(|words| !words.is_empty()));
    let rest = path
        .strip_prefix("/sa/")
        .or_else(|| path.strip_prefix("/api/v1/accounts/"))?;
    let number = rest.split('/').next()?.parse().ok()?;
    has_words.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_for_words_in_an_account_is_a_search() {
        for (path, query, wanted) in [
            ("/sa/100001/devices/device-inventory", "q=ab", Some(100_001)),
            (
                "/sa/100001/devices/device-inventory",
                "page=2&q=ab",
                Some(100_001),
            ),
            ("/api/v1/accounts/7/devices", "q=ab&sort=name", Some(7)),
            ("/sa/100001/devices/device-inventory", "q=&page=2", None),
            ("/sa/100001/devices/device-inventory", "sort=name", None),
            ("/sa/nobody/devices/device-inventory", "q=ab", None),
            ("/access", "q=ab", None),
        ] {
            assert_eq!(searched(path, query), wanted, "{path}?{query}");
        }
    }
}
