//! Orders line by line, as a file that "Import orders" reads again.

use super::super::list;
use super::super::model::{Line, Order};
use super::lines::Names;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::{Answer, May};
use crate::kernel::Moment;
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::platform::db::{Db, Reads};
use crate::smart_accounts;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use std::collections::HashMap;

/// How many orders are read at a time while a file is sent.
const PIECE: usize = 200;
/// The most orders that one file holds.
const MOST_EXPORTED: u64 = 20_000;

/// The columns: of the line, then of its order, under the headings that the import knows.
pub const HEAD: [&str; 20] = [
    "Order Identifier",
    "Line",
    "SKU",
    "Description",
    "Kind",
    "Quantity",
    "Term in months",
    "Assignment",
    "Smart Account",
    "Virtual Account",
    "Reason",
    "Settled on",
    "Customer",
    "Customer domain",
    "Email ID of the customer",
    "Partner domain",
    "Order type",
    "Order status",
    "Purchase order",
    "Order date",
];

/// The rows of some orders.
pub fn rows(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    orders: Vec<(Order, Vec<Line>)>,
) -> Result<Vec<[String; 20]>> {
    let mut partners: Vec<SmartAccountId> =
        orders.iter().filter_map(|(one, _)| one.partner_account).collect();
    partners.sort_unstable();
    partners.dedup();
    let partners: HashMap<SmartAccountId, String> = smart_accounts::find_many(read, &partners)?
        .into_iter()
        .map(|account| (account.id, account.domain))
        .collect();
    let lines: Vec<Line> = orders
        .iter()
        .flat_map(|(_, lines)| lines.iter().cloned())
        .collect();
    let names = Names::of(read, permit.within(), &lines)?;
    let mut rows = Vec::with_capacity(lines.len());
    for (order, lines) in orders {
        let partner = order.partner_account.and_then(|id| partners.get(&id)).cloned();
        for line in lines {
            let view = names.line(line);
            let line = &view.line;
            rows.push([
                order.identifier.clone(),
                line.number.to_string(),
                line.sku.clone(),
                line.description.clone(),
                line.kind.label().to_owned(),
                line.quantity.to_string(),
                line.term_months.map(|n| n.to_string()).unwrap_or_default(),
                line.state.label().to_owned(),
                view.account.clone(),
                view.place.clone(),
                line.reason.clone(),
                line.settled_at.map(Moment::rfc3339).unwrap_or_default(),
                order.customer.clone(),
                order.customer_domain.clone(),
                order.customer_email.clone(),
                partner.clone().unwrap_or_default(),
                order.order_type.label().to_owned(),
                order.status.label().to_owned(),
                order.purchase_order.clone(),
                order.ordered_at.rfc3339(),
            ]);
        }
    }
    Ok(rows)
}

/// "Export lines" of the list: the orders that match, read and sent piece by piece.
pub async fn lines(may: May<ViewInventory>) -> Answer {
    let asked = super::inventory::asked(&may, &may.query);
    asked.list.understood()?;
    let ids = may
        .reads(move |r, permit| list::matching(r, permit.within(), &asked, MOST_EXPORTED))
        .await?;
    let name = may.file_name("order-lines");
    let file = File {
        db: may.portal.db.clone(),
        permit: may.permit.clone(),
        ids,
        sent: 0,
        table: Some(Table::new(&HEAD)?),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(futures_util::stream::try_unfold(file, File::next)))
}

/// A file on its way: of the lines only those of one piece are in memory.
struct File {
    db: Db,
    permit: Permit<ViewInventory>,
    ids: Vec<OrderId>,
    sent: usize,
    table: Option<Table>,
}

impl File {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let Some(mut table) = self.table.take() else {
            return Ok(None);
        };
        let some: Vec<OrderId> = self.ids.iter().skip(self.sent).take(PIECE).copied().collect();
        self.sent += some.len();
        let permit = self.permit.clone();
        let rows = self
            .db
            .read(move |r| {
                let orders = list::with_lines(r, permit.within(), &some)?;
                rows(r, &permit, orders)
            })
            .await?;
        for row in rows {
            table.row(row)?;
        }
        let bytes = table.take()?;
        if self.sent < self.ids.len() {
            self.table = Some(table);
        }
        Ok(Some((Bytes::from(bytes), self)))
    }
}
