//! "Product Catalog", for everybody who is signed in.

use super::list::LIST;
use super::model::Item;
use crate::http::list::Listing;
use crate::http::{Answer, Crumb, Shell, SignedIn, page};
use askama::Template;

#[derive(Template)]
#[template(path = "catalog/list.html")]
struct CatalogPage {
    shell: Shell,
    found: Listing<&'static Item>,
}

/// GET /catalog
pub async fn list(visit: SignedIn) -> Answer {
    let found = LIST.page_at_hand(&visit);
    page(&CatalogPage {
        shell: visit.list_shell("Product Catalog", &[Crumb::text("Orders")], &found.list),
        found,
    })
}
