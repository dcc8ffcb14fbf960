//! Signs of life.

use super::access::Public;
use super::reply::{Answer, json};
use super::routes::Routes;

/// Whether the process lives, and whether it can serve.
pub fn routes(routes: &mut Routes) {
    routes.get("/livez", livez);
    routes.get("/readyz", readyz);
}

async fn livez(_: Public) -> Answer {
    json(200, &serde_json::json!({ "alive": true }))
}

async fn readyz(visit: Public) -> Answer {
    let ready = visit.portal.db.answers().await;
    json(
        if ready { 200 } else { 503 },
        &serde_json::json!({ "ready": ready }),
    )
}
