//! The JSON of the directory.

use super::directory::{self, Row};
use crate::authz::Role;
use crate::authz::action::ViewDirectory;
use crate::error::Error;
use crate::http::{Answer, Api, May, Param, Routes, json};
use crate::kernel::ids::VirtualAccountId;
use crate::smart_accounts::AccountShape;
use actix_web::http::Method;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts",
        Api::says("The Smart Accounts that one has access to, and those that one has asked for.")
            .gives::<DirectoryList>(200),
        mine,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/search",
        Api::says(
            "Searches for Smart Accounts. A Restricted one is found by its entire name or domain identifier alone.",
        )
        .gives::<FoundList>(200)
        .query(&[Param::text("q", "Words in the name or in the domain identifier.").required()]),
        search,
    );
}

/// A role that one holds.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RoleShape {
    /// Which.
    #[schema(value_type = String)]
    role: Role,
    /// In which Virtual Account; none for the whole Smart Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
}

/// An account that one has access to, or has asked for, or that is under the domain of one's e-mail address.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DirectoryShape {
    /// The Smart Account ID.
    number: i64,
    /// The Smart Account name.
    name: String,
    /// The Account Domain Identifier.
    domain: String,
    /// As the directory shows it.
    status: String,
    /// One's roles; empty without access.
    roles: Vec<RoleShape>,
    /// The reference of the request by which one asked for its creation.
    request: Option<String>,
    /// The id of the pending request by which one asked for access.
    access_request: Option<String>,
}

/// One's part of the directory.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DirectoryList {
    /// With access first, then those to which one asked for access, then those whose creation one asked for, then those of one's e-mail domain.
    items: Vec<DirectoryShape>,
    /// How many.
    total: usize,
}

/// Somebody to write to.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ContactShape {
    /// Their name.
    name: String,
    /// Their e-mail address.
    email: String,
}

/// An account that a search found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct FoundShape {
    /// The Smart Account ID.
    number: i64,
    /// The Smart Account name.
    name: String,
    /// The Account Domain Identifier.
    domain: String,
    /// As the directory shows it.
    status: String,
    /// Who can give access.
    administrators: Vec<ContactShape>,
}

/// What a search found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct FoundList {
    /// By name; at most 50.
    items: Vec<FoundShape>,
    /// How many.
    total: usize,
}

impl From<Row> for DirectoryShape {
    fn from(row: Row) -> Self {
        let account = AccountShape::from(&row.account);
        Self {
            number: account.number,
            name: account.name,
            domain: account.domain,
            status: account.status,
            roles: row
                .held
                .iter()
                .map(|grant| RoleShape {
                    role: grant.role,
                    virtual_account: grant.virtual_account,
                })
                .collect(),
            request: row.reference,
            access_request: row.wanted.map(|wanted| wanted.id.to_string()),
        }
    }
}

pub async fn mine(may: May<ViewDirectory>) -> Answer {
    let rows = may.reads(move |r, permit| directory::own(r, permit)).await?;
    json(
        200,
        &DirectoryList {
            total: rows.len(),
            items: rows.into_iter().map(DirectoryShape::from).collect(),
        },
    )
}

pub async fn search(may: May<ViewDirectory>) -> Answer {
    let typed: String = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "q")
        .map(|(_, value)| value.trim().to_string())
        .unwrap_or_default();
    if typed.is_empty() || typed.chars().count() > 200 {
        return Err(Error::invalid(
            "q",
            "Give 1 to 200 characters of a name or of a domain identifier.",
        ));
    }
    let rows = may
        .portal
        .db
        .read(move |r| {
            let mut rows = directory::found(r, &typed, &[])?;
            directory::complete(r, &mut rows)?;
            Ok(rows)
        })
        .await?;
    json(
        200,
        &FoundList {
            total: rows.len(),
            items: rows
                .into_iter()
                .map(|row| FoundShape {
                    number: row.account.number,
                    name: row.account.name.clone(),
                    domain: row.account.domain.clone(),
                    status: row.account.status_words().to_owned(),
                    administrators: row
                        .administrators
                        .iter()
                        .map(|person| ContactShape {
                            name: person.name.clone(),
                            email: person.email.to_string(),
                        })
                        .collect(),
                })
                .collect(),
        },
    )
}
