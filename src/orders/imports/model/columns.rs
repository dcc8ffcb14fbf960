//! The columns that a file of orders may have: how each is called, guessed and read.

use crate::catalog;
use crate::kernel::DomainIdentifier;
use crate::kernel::addresses::one_address;
use crate::kernel::table::{Guess, Meaning};
use crate::orders::intake::quantity;

/// What the columns of a file of orders may mean: their keys are those of the API.
pub const MEANINGS: [Meaning; 13] = [
    Meaning {
        needed: true,
        ..Meaning::headed(
            "identifier",
            "Order Identifier",
            &[
                "identifier",
                "order identifier",
                "order id",
                "order",
                "order number",
                "web order id",
            ],
        )
    },
    Meaning {
        needed: true,
        ..Meaning::headed(
            "customer",
            "customer",
            &["customer", "customer name", "end customer", "end customer name"],
        )
    },
    Meaning {
        looks: Some(is_domain),
        guess: Guess::Unnamed,
        needed: true,
        ..Meaning::headed(
            "customer_domain",
            "domain of the customer",
            &[
                "customer domain",
                "domain",
                "domain identifier",
                "domain of customer",
                "domain of the customer",
            ],
        )
    },
    Meaning {
        looks: Some(|cell| one_address(cell).is_some()),
        ..Meaning::headed(
            "customer_email",
            "Email ID of the customer",
            &[
                "customer email",
                "email",
                "email id of customer",
                "email id of the customer",
                "email id",
                "email address",
            ],
        )
    },
    Meaning::headed(
        "partner_domain",
        "domain of the partner",
        &["partner domain", "partner", "domain of the partner"],
    ),
    Meaning::headed("order_type", "order type", &["order type", "type"]),
    Meaning::headed("order_status", "order status", &["order status", "status"]),
    Meaning::headed(
        "purchase_order",
        "purchase order",
        &[
            "purchase order",
            "po",
            "po number",
            "purchase order number",
            "customer po",
        ],
    ),
    Meaning::headed(
        "ordered_at",
        "order date",
        &[
            "ordered at",
            "order date",
            "date",
            "ordered",
            "ordered on",
            "date ordered",
        ],
    ),
    Meaning::headed(
        "end_customer_account",
        "end customer\u{2019}s Smart Account",
        &[
            "end customer account",
            "ecsa",
            "end customer smart account",
            "end customer s smart account",
        ],
    ),
    Meaning {
        looks: Some(|cell| catalog::find(cell).is_some()),
        guess: Guess::Unnamed,
        needed: true,
        ..Meaning::headed(
            "sku",
            "SKU",
            &[
                "sku",
                "product",
                "part",
                "part number",
                "product number",
                "product id",
                "item",
                "pid",
            ],
        )
    },
    Meaning {
        looks: Some(|cell| quantity(cell).is_ok()),
        guess: Guess::Unnamed,
        needed: true,
        ..Meaning::headed(
            "quantity",
            "quantity",
            &["quantity", "quantity ordered", "ordered quantity"],
        )
    },
    Meaning {
        looks: Some(|cell| quantity(cell).is_ok()),
        ..Meaning::headed(
            "term_months",
            "term in months",
            &[
                "term months",
                "term in months",
                "term",
                "months",
                "duration months",
                "subscription term",
                "subscription term months",
                "duration in months",
            ],
        )
    },
];

fn is_domain(cell: &str) -> bool {
    cell.contains('.') && !cell.contains([' ', '@']) && DomainIdentifier::parse(cell).is_ok()
}
