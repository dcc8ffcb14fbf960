//! A portal of the On-Prem edition, its users, and a local account that is registered.

use super::{Account, Portal};
use diesel::prelude::*;
use licentral::authn::PlatformRole;
use licentral::authn::system_users::{self, UserName};
use licentral::authz::{Permit, Role};
use licentral::kernel::Edition;
use licentral::kernel::ids::{DeviceManagerId, PersonId, VirtualAccountId};
use licentral::local_accounts::{self, Cloud, New, Requested};
use licentral::platform::config::Config;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::local_accounts as rows;
use licentral::platform::settings;
use licentral::virtual_accounts;

/// Who is there after [`Portal::with_local_cast`].
#[derive(Debug, Clone)]
pub struct LocalCast {
    /// "Smart-On-Prem-Account", of Lara, Luis, Vito and Ulla.
    pub ours: Account,
    /// "Branch-Account", of Bela.
    pub theirs: Account,
    /// "Corporate Network Devices" of ours; Vito is its administrator.
    pub corporate: VirtualAccountId,
    /// "Public Network Devices" of ours; Ulla is its user.
    pub public: VirtualAccountId,
}

impl LocalCast {
    /// Everyone, with the words under which the golden tables show them.
    pub const EVERYONE: &'static [(&'static str, &'static str)] = &[
        ("sys-admin", "ines@on-prem.example"),
        ("sys-operator", "omar@on-prem.example"),
        ("sys-user", "uma@on-prem.example"),
        ("local-admin", "lara@on-prem.example"),
        ("local-user", "luis@on-prem.example"),
        ("lva-admin", "vito@on-prem.example"),
        ("lva-user", "ulla@on-prem.example"),
        ("stranger", "bela@on-prem.example"),
    ];
}

impl Portal {
    /// An On-Prem server on a fresh database, without users.
    pub fn start_on_prem() -> Self {
        Self::start_on_prem_as(|_| {})
    }

    /// The same with other settings.
    pub fn start_on_prem_as(change: impl FnOnce(&mut Config)) -> Self {
        let p = Self::start_as(|config| {
            config.edition = Edition::OnPrem;
            change(config);
        });
        settings::claim(&p.db, Edition::OnPrem).unwrap().unwrap();
        p
    }

    /// A user of the server, with the password of everyone.
    pub fn system_user(&self, email: &str, name: &str, role: PlatformRole) -> PersonId {
        let id = self.person(email, name);
        let (user_name, _) = email.split_once('@').unwrap();
        let user_name = UserName::parse(user_name).unwrap();
        self.db
            .housekeeping_now(|tx| system_users::add(tx, id, &user_name, role, false))
            .unwrap();
        id
    }

    /// A registered local account with its DEFAULT, bound to a Virtual Account of its name in the cloud.
    pub fn local_account(&self, name: &str) -> Account {
        let (at, place) = (self.clock.now(), format!("{name} here"));
        let cloud = Cloud {
            url: None,
            manager: DeviceManagerId::new(),
            smart_account: 100_001,
            smart_account_name: "XYZ COMPANY".to_owned(),
            domain: "xyz.example".to_owned(),
            virtual_account: place.clone(),
            public_key: self.parts.signing.files().public_key().to_owned(),
            registered_at: at,
        };
        let wanted = Requested::parse(name, "XYZ COMPANY", &place, "lara@on-prem.example").unwrap();
        let new = New::make(&self.parts.signing, at).unwrap();
        let permit = Permit::by_the_portal("tests");
        let made = self
            .db
            .write_now(|tx| local_accounts::registered(tx, &permit, &new, &wanted, None, &cloud))
            .unwrap();
        let default = self
            .db
            .read_now(|r| virtual_accounts::default_of(r, made.id))
            .unwrap();
        Account {
            id: made.id,
            number: made.number,
            name: made.name,
            default: default.id,
        }
    }

    /// A local account that somebody has asked for, by its number.
    pub fn asked_for(&self, name: &str, by: PersonId) -> i64 {
        let wanted = Requested::parse(name, "XYZ COMPANY", name, "lara@on-prem.example").unwrap();
        let new = New::make(&self.parts.signing, self.clock.now()).unwrap();
        let permit = Permit::by_the_portal("tests");
        let made = self
            .db
            .write_now(|tx| local_accounts::request(tx, &permit, &new, &wanted, None))
            .unwrap();
        self.db
            .housekeeping_now(|tx| {
                diesel::update(rows::table.find(made.id))
                    .set(rows::requested_by.eq(Some(by)))
                    .execute(tx.conn())?;
                Ok(())
            })
            .unwrap();
        made.number
    }

    /// An On-Prem server with two local accounts and somebody of each role.
    pub fn with_local_cast() -> (Self, LocalCast) {
        let p = Self::start_on_prem();
        let cast = p.add_local_cast();
        (p, cast)
    }

    /// Adds the cast to a server.
    pub fn add_local_cast(&self) -> LocalCast {
        use PlatformRole::{SystemAdministrator, SystemOperator, SystemUser};
        for (email, name, role) in [
            ("ines@on-prem.example", "Ines Okoro", SystemAdministrator),
            ("omar@on-prem.example", "Omar Feld", SystemOperator),
            ("uma@on-prem.example", "Uma Sato", SystemUser),
            ("lara@on-prem.example", "Lara Nowak", SystemUser),
            ("luis@on-prem.example", "Luis Amado", SystemUser),
            ("vito@on-prem.example", "Vito Kern", SystemUser),
            ("ulla@on-prem.example", "Ulla Strand", SystemUser),
            ("bela@on-prem.example", "Bela Fekete", SystemUser),
        ] {
            self.system_user(email, name, role);
        }
        let ours = self.local_account("Smart-On-Prem-Account");
        let theirs = self.local_account("Branch-Account");
        let corporate = self.virtual_account(&ours, "Corporate Network Devices");
        let public = self.virtual_account(&ours, "Public Network Devices");
        self.role("lara@on-prem.example", &ours, None, Role::AccountAdmin);
        self.role("luis@on-prem.example", &ours, None, Role::AccountUser);
        self.role("vito@on-prem.example", &ours, Some(corporate), Role::VirtualAdmin);
        self.role("ulla@on-prem.example", &ours, Some(public), Role::VirtualUser);
        self.role("bela@on-prem.example", &theirs, None, Role::AccountAdmin);
        LocalCast {
            ours,
            theirs,
            corporate,
            public,
        }
    }
}
