//! The JSON of members.

use super::model::Member;
use super::service;
use crate::authn::people::PersonState;
use crate::authz::Role;
use crate::authz::action::ViewUsers;
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, VirtualAccountId};
use actix_web::http::Method;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/users",
        Api::says("Who holds which role where, as far as one may see it.").gives::<MemberList>(200),
        all,
    );
}

/// A role that a member holds.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct HeldShape {
    /// Which role.
    #[schema(value_type = String)]
    role: Role,
    /// In which Virtual Account; none for the whole Smart Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// Its name.
    virtual_account_name: Option<String>,
    /// Since when.
    since: Moment,
}

/// A person with the roles that they hold here.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MemberShape {
    /// Their id.
    #[schema(value_type = String)]
    id: PersonId,
    /// Their name.
    name: String,
    /// Their e-mail address.
    email: String,
    /// active, invited or disabled.
    #[schema(value_type = String)]
    state: PersonState,
    /// What they hold.
    roles: Vec<HeldShape>,
}

/// Members.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MemberList {
    /// All of them, by name.
    items: Vec<MemberShape>,
    /// How many.
    total: usize,
}

impl From<Member> for MemberShape {
    fn from(member: Member) -> Self {
        Self {
            id: member.person.id,
            name: member.person.name,
            email: member.person.email.to_string(),
            state: member.person.state,
            roles: member
                .held
                .into_iter()
                .map(|held| {
                    let (virtual_account, virtual_account_name) = held.virtual_account.unzip();
                    HeldShape {
                        role: held.role,
                        virtual_account,
                        virtual_account_name,
                        since: held.since,
                    }
                })
                .collect(),
        }
    }
}

pub async fn all(may: May<ViewUsers>) -> Answer {
    let permit = may.permit.clone();
    let members = may.portal.db.read(move |r| service::list(r, &permit)).await?;
    let items: Vec<MemberShape> = members.into_iter().map(MemberShape::from).collect();
    json(
        200,
        &MemberList {
            total: items.len(),
            items,
        },
    )
}
