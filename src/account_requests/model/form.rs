//! What a request is sent with: for a customer, for oneself.

use super::{LONGEST_ADDRESS, LONGEST_NOTE, MOST_CUSTOMERS};
use crate::error::{Error, Problems, Result};
use crate::kernel::addresses::{one_of, recipients};
use crate::kernel::{DomainIdentifier, EmailAddress, Name, text};
use crate::smart_accounts::Visibility;

/// The 1 to 10 customer addresses of a request, no two the same.
#[derive(Debug, Clone)]
pub struct Customers(Vec<EmailAddress>);

impl Customers {
    /// Reads what was typed or pasted: addresses between commas, semicolons, spaces or line ends, with or without names.
    pub fn parse(typed: &str) -> Result<Self, String> {
        Self::of(recipients(typed).iter().map(String::as_str))
    }

    /// Reads a list of which each element is one address.
    pub fn of<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut list: Vec<EmailAddress> = Vec::new();
        for one in typed.into_iter().map(str::trim).filter(|one| !one.is_empty()) {
            if list.len() == MOST_CUSTOMERS {
                return Err(format!(
                    "Enter at most {MOST_CUSTOMERS} customer email addresses."
                ));
            }
            let address = EmailAddress::parse(&one_of(one)?)?;
            if list.iter().any(|known| known.key() == address.key()) {
                return Err(format!("{address} is named twice. Enter each address once."));
            }
            list.push(address);
        }
        if list.is_empty() {
            return Err("Enter at least one customer email address.".to_owned());
        }
        Ok(Self(list))
    }

    /// The addresses.
    pub fn list(&self) -> &[EmailAddress] {
        &self.0
    }
}

/// What is asked for a customer.
#[derive(Debug, Clone)]
pub struct ForCustomer {
    /// Smart Account Name.
    pub name: Name,
    /// Account Domain Identifier.
    pub domain: DomainIdentifier,
    /// Customer Email addresses.
    pub customers: Customers,
    /// Note to Cisco Approver.
    pub note_to_approver: String,
    /// Note to Customer.
    pub note_to_customer: String,
}

impl ForCustomer {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(
        name: &str,
        domain: &str,
        customers: Result<Customers, String>,
        note_to_approver: &str,
        note_to_customer: &str,
    ) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Smart Account Name"));
        let domain = problems.take("domain", DomainIdentifier::parse(domain));
        let note_to_approver = problems.take(
            "note_to_approver",
            text::note(note_to_approver, "Note to Cisco Approver", LONGEST_NOTE),
        );
        let customers = problems.take("customer_emails", customers);
        let note_to_customer = problems.take(
            "note_to_customer",
            text::note(note_to_customer, "Note to Customer", LONGEST_NOTE),
        );
        match (name, domain, customers, note_to_approver, note_to_customer) {
            (Some(name), Some(domain), Some(customers), Some(note_to_approver), Some(note_to_customer)) => {
                Ok(Self {
                    name,
                    domain,
                    customers,
                    note_to_approver,
                    note_to_customer,
                })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// What is asked for one's own organization.
#[derive(Debug, Clone)]
pub struct ForOwn {
    /// Smart Account Name.
    pub name: Name,
    /// Account Domain Identifier.
    pub domain: DomainIdentifier,
    /// Note to the approver.
    pub note_to_approver: String,
    /// Headquarters address.
    pub headquarters: String,
    /// Smart Account search visibility.
    pub visibility: Visibility,
}

impl ForOwn {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(
        name: &str,
        domain: &str,
        note_to_approver: &str,
        headquarters: &str,
        visibility: &str,
    ) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Smart Account Name"));
        let domain = problems.take("domain", DomainIdentifier::parse(domain));
        let note_to_approver = problems.take(
            "note_to_approver",
            text::note(note_to_approver, "Note to the approver", LONGEST_NOTE),
        );
        let headquarters = problems.take(
            "headquarters",
            text::note(headquarters, "Headquarters", LONGEST_ADDRESS).and_then(|address| {
                if address.is_empty() {
                    Err("Enter the Headquarters address.".to_owned())
                } else {
                    Ok(address)
                }
            }),
        );
        let visibility = problems.take(
            "visibility",
            visibility
                .parse()
                .map_err(|_| "Choose who finds the account in a search.".to_owned()),
        );
        match (name, domain, note_to_approver, headquarters, visibility) {
            (Some(name), Some(domain), Some(note_to_approver), Some(headquarters), Some(visibility)) => {
                Ok(Self {
                    name,
                    domain,
                    note_to_approver,
                    headquarters,
                    visibility,
                })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}
