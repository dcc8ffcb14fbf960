//! The tabs "Product Instances": of a Virtual Account, and of a license.

use super::super::service::{self, Using};
use super::base;
use super::list;
use crate::authz::action::ViewInventory;
use crate::http::form::PathPart;
use crate::http::list::Pager;
use crate::http::widgets::number;
use crate::http::{Answer, ListQuery, ListSpec, May, Shell, page};
use crate::kernel::ids::{LicenseStockId, VirtualAccountId};
use crate::licenses::{LicenseHead, LicenseTab};
use askama::Template;

/// GET /sa/{said}/licensing/inventory/{va}/product-instances
pub async fn of_place(may: May<ViewInventory>, place: PathPart<VirtualAccountId>) -> Answer {
    list::in_place(&may, place.0).await
}

#[derive(Template)]
#[template(path = "devices/of_license.html")]
struct OfLicensePage {
    shell: Shell,
    head: LicenseHead,
    rows: Vec<Using>,
    pager: Pager,
    base: String,
}

impl OfLicensePage {
    fn quantity(row: &Using) -> String {
        number(&row.usage.quantity.unsigned_abs())
    }
}

/// GET /sa/{said}/licensing/licenses/{license}/product-instances
pub async fn of_license(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let (visit, id) = (crate::http::Visit::clone(&may), id.0);
    let (path, raw) = (may.path.clone(), may.query.clone());
    let (head, pager, rows) = may
        .reads(move |r, permit| {
            let head = LicenseHead::of(r, &visit, permit, id, LicenseTab::ProductInstances)?;
            let mut list = ListQuery::parse(
                &raw,
                &ListSpec {
                    path,
                    sorts: &["quantity"],
                    default_sort: "-quantity",
                    filters: &[],
                    columns: &[],
                },
            );
            let (place, key) = (head.stock().virtual_account, head.stock().entitlement.clone());
            let (_, total) = service::using(r, permit.within(), place, &key, 0, 0)?;
            list.clamp(total);
            let (rows, _) = service::using(r, permit.within(), place, &key, list.limit(), list.offset())?;
            Ok((head, list.pager(total), rows))
        })
        .await?;
    page(&OfLicensePage {
        shell: head.shell(&may),
        head,
        rows,
        pager,
        base: base(&may),
    })
}
