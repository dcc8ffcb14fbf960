//! Makes the account.

use super::model::Likeness;
use crate::authn::people;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::Portal;
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Event, Kind, Name, Secret};
use crate::platform::db::off_the_loop;
use crate::simulator::scenario::PASSWORD;
use crate::simulator::scenario::file::{self, FORMAT, Means, PersonPart, Scenario};
use crate::smart_accounts::SmartAccount;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Only a lab's cloud has such accounts.
pub fn makes_them(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() && !portal.config.edition.is_on_prem() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Makes the account with everybody who is in it: all of it or nothing. Whoever has a user account already keeps it.
pub async fn make(portal: &Portal, permit: &Permit<Operate>, likeness: Likeness) -> Result<SmartAccount> {
    makes_them(portal)?;
    let hasher = portal.hasher.clone();
    let hash = off_the_loop(move || hasher.hash_now(&Secret::new(PASSWORD))).await?;
    let (who, now, signing) = (permit.who().clone(), portal.clock.now(), portal.signing.clone());
    let made = portal
        .db
        .write(move |tx| {
            let means = Means {
                now,
                who: who.clone(),
                signing: &signing,
                hash: &hash,
                at: RefCell::default(),
            };
            let mut known: BTreeMap<String, PersonId> = BTreeMap::new();
            for one in &likeness.people {
                let email = EmailAddress::parse(&one.email).map_err(Error::internal)?;
                let id = match people::by_email(tx, &email)? {
                    Some(person) => person.id,
                    None => {
                        let name =
                            Name::parse(&one.name, "Name").map_err(|says| Error::invalid("users", says))?;
                        people::add(tx, now, PersonId::new(), &email, &name, Some(&hash), 2)?.id
                    }
                };
                known.insert(email.key().to_owned(), id);
            }
            let account = file::write_account(tx, &means, &likeness.account, &known, "")?;
            let says = format!("The Smart Account {} was filled from exports.", account.name);
            let event = Event::new(Kind::AccountActivated, account.number, says).within(account.id);
            tx.record(now, &who, &event, account)
        })
        .await;
    made.map_err(beside_the_field)
}

/// What the services of the rooms refuse is said beside the fields of this form.
fn beside_the_field(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.code == "smart-accounts.domain-in-use" => {
            Error::invalid("domain", refusal.says)
        }
        Error::Invalid(problems) => {
            let mut here = Problems::default();
            for one in problems.list() {
                let field = if one.field == "file" {
                    "licenses"
                } else {
                    one.field.as_str()
                };
                here.add(field, one.says.clone());
            }
            Error::Invalid(here)
        }
        other => other,
    }
}

/// The account as a scenario file of its own, with somebody who operates the lab.
pub fn as_file(likeness: Likeness) -> Result<String> {
    let operator = PersonPart {
        email: "olga@licensing.example".to_owned(),
        name: "Olga Brandt".to_owned(),
        access_level: 0,
        platform_roles: vec![crate::authn::PlatformRole::Operator],
        invited: false,
        since: String::new(),
    };
    let mut people = vec![operator];
    people.extend(likeness.people);
    file::to_yaml(&Scenario {
        licentral_scenario: FORMAT,
        name: "like-yours".to_owned(),
        description: format!("{}, filled from exports.", likeness.account.name),
        people,
        api_clients: vec![file::ClientPart {
            id: "demo-olga".to_owned(),
            person: "olga@licensing.example".to_owned(),
            name: String::new(),
        }],
        accounts: vec![likeness.account],
        orders: Vec::new(),
        left_out: Vec::new(),
    })
}
