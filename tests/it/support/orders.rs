//! Orders for tests: they come in as those of a script do.

use super::{Account, Portal};
use licentral::kernel::Who;
use licentral::kernel::ids::OrderId;
use licentral::orders::{self, Source, Told, ToldLine};

/// An order that is to come in.
#[derive(Debug, Clone)]
pub struct Sold(Told);

impl Sold {
    /// One switch for a customer, ordered directly and not delivered yet.
    pub fn to(customer: &Account, domain: &str) -> Self {
        Self::to_name(&customer.name, domain)
    }
    /// The same, for a customer who may have no Smart Account.
    pub fn to_name(customer: &str, domain: &str) -> Self {
        Self(Told {
            identifier: "118402000".to_owned(),
            customer: customer.to_owned(),
            customer_domain: domain.to_owned(),
            customer_email: format!("buyer@{domain}"),
            purchase_order: "4500182000".to_owned(),
            lines: vec![line("C9200-48P-E", 1)],
            ..Told::default()
        })
    }
    pub fn named(mut self, identifier: &str) -> Self {
        self.0.identifier = identifier.to_owned();
        self
    }
    pub fn by(mut self, partner_domain: &str) -> Self {
        self.0.partner_domain = partner_domain.to_owned();
        self
    }
    pub fn of_type(mut self, word: &str) -> Self {
        self.0.order_type = word.to_owned();
        self
    }
    pub fn status(mut self, word: &str) -> Self {
        self.0.status = word.to_owned();
        self
    }
    pub fn on(mut self, day: &str) -> Self {
        self.0.ordered_at = day.to_owned();
        self
    }
    /// These lines instead.
    pub fn lines(mut self, lines: &[(&str, i64)]) -> Self {
        self.0.lines = lines.iter().map(|(sku, quantity)| line(sku, *quantity)).collect();
        self
    }
}

fn line(sku: &str, quantity: i64) -> ToldLine {
    ToldLine {
        sku: sku.to_owned(),
        quantity: quantity.to_string(),
        term_months: String::new(),
    }
}

impl Portal {
    /// Takes an order in.
    #[track_caller]
    pub fn order(&self, sold: &Sold) -> OrderId {
        let at = self.clock.now();
        let new = orders::check_order(&sold.0, Source::Api, at).unwrap();
        let id = new.id();
        self.db
            .housekeeping_now(|tx| orders::receive(tx, &Who::portal("tests"), at, std::slice::from_ref(&new)))
            .unwrap();
        id
    }
}
