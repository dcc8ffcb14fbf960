//! The people of the tests, and how they are made: through the faces of the floors and rooms.

use super::{Browser, Portal};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use licentral::authn::{Person, PlatformRole, people, session};
use licentral::authz::action::CreateTopVirtualAccount;
use licentral::authz::{Permit, Role, grants};
use licentral::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use licentral::kernel::{DomainIdentifier, EmailAddress, Name};
use licentral::platform::token;
use licentral::{smart_accounts, virtual_accounts};
use std::sync::OnceLock;

/// Everyone's password.
pub const PASSWORD: &str = "licentral-demo";

/// A Smart Account of a test.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: SmartAccountId,
    /// As it stands in addresses: `/sa/{number}`.
    pub number: i64,
    pub name: String,
    pub default: VirtualAccountId,
}

/// Who is there after [`Portal::with_cast`].
#[derive(Debug, Clone)]
pub struct Cast {
    /// Of Ada, Bob, Cy, Vera, Dan and Una.
    pub xyz: Account,
    /// Of Eve. Restricted.
    pub harborview: Account,
    /// Of Pat, a partner.
    pub bramwell: Account,
    /// "Corporate Network Devices" of XYZ COMPANY; Dan is its administrator.
    pub corporate: VirtualAccountId,
    /// "Public Network Devices" of XYZ COMPANY; Una is its user.
    pub public: VirtualAccountId,
}

impl Cast {
    /// Everyone, with the words under which the golden tables show them.
    pub const EVERYONE: &'static [(&'static str, &'static str)] = &[
        ("admin", "ada@xyz.example"),
        ("approver", "bob@xyz.example"),
        ("user", "cy@xyz.example"),
        ("viewer", "vera@xyz.example"),
        ("va-admin", "dan@xyz.example"),
        ("va-user", "una@xyz.example"),
        ("stranger", "eve@harborview.example"),
        ("partner", "pat@bramwell.example"),
        ("no-role", "noa@newcomer.example"),
        ("domains", "drew@licensing.example"),
        ("support", "sam@licensing.example"),
        ("operator", "olga@licensing.example"),
    ];
}

fn draft(name: &str, domain: &str, visibility: smart_accounts::Visibility) -> smart_accounts::Draft {
    smart_accounts::Draft {
        name: Name::parse(name, "name").unwrap(),
        domain: DomainIdentifier::parse(domain).unwrap(),
        visibility,
        headquarters: "1 Sample Street, Springfield".to_owned(),
        requested_by: None,
        detail: smart_accounts::PendingDetail::CustomerAcceptance,
    }
}

/// A hash that is made in no time: the parameters stand in the hash, so signing in is quick as well.
fn quick_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let salt = b"not-very-random.";
        let mut key = [0; 32];
        Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, Some(32)).unwrap(),
        )
        .hash_password_into(PASSWORD.as_bytes(), salt, &mut key)
        .unwrap();
        format!(
            "$argon2id$v=19$m=8,t=1,p=1${}${}",
            BASE64_NOPAD.encode(salt),
            BASE64_NOPAD.encode(&key)
        )
    })
}

impl Portal {
    /// The cast of the demo, without its data.
    pub fn with_cast() -> (Self, Cast) {
        Self::with_cast_as(|_| {})
    }

    /// The same with other settings.
    pub fn with_cast_as(change: impl FnOnce(&mut licentral::platform::config::Config)) -> (Self, Cast) {
        let p = Self::start_as(change);
        let cast = p.add_cast();
        (p, cast)
    }

    /// Adds the cast to a portal.
    pub fn add_cast(&self) -> Cast {
        for (email, name, level) in [
            ("ada@xyz.example", "Ada Lindqvist", 2),
            ("bob@xyz.example", "Bob Tanaka", 0),
            ("cy@xyz.example", "Cy Okafor", 1),
            ("vera@xyz.example", "Vera Moreau", 0),
            ("dan@xyz.example", "Dan Petrov", 2),
            ("una@xyz.example", "Una Haddad", 0),
            ("eve@harborview.example", "Eve Castellan", 2),
            ("pat@bramwell.example", "Pat Quill", 2),
            ("noa@newcomer.example", "Noa Brandt", 0),
            ("drew@licensing.example", "Drew Ashby", 0),
            ("sam@licensing.example", "Sam Whitlock", 0),
            ("olga@licensing.example", "Olga Verhoeven", 0),
        ] {
            self.person_at(email, name, level);
        }
        let xyz = self.account("XYZ COMPANY", "xyz.example");
        let harborview = self.account_as(
            "Harborview Clinics",
            "harborview.example",
            smart_accounts::Visibility::Restricted,
        );
        let bramwell = self.account("Bramwell Distribution", "bramwell.example");
        let corporate = self.virtual_account(&xyz, "Corporate Network Devices");
        let public = self.virtual_account(&xyz, "Public Network Devices");
        self.role("ada@xyz.example", &xyz, None, Role::AccountAdmin);
        self.role("bob@xyz.example", &xyz, None, Role::AccountApprover);
        self.role("cy@xyz.example", &xyz, None, Role::AccountUser);
        self.role("vera@xyz.example", &xyz, None, Role::AccountViewer);
        self.role("dan@xyz.example", &xyz, Some(corporate), Role::VirtualAdmin);
        self.role("una@xyz.example", &xyz, Some(public), Role::VirtualUser);
        self.role("eve@harborview.example", &harborview, None, Role::AccountAdmin);
        self.role("pat@bramwell.example", &bramwell, None, Role::AccountAdmin);
        self.platform_role("drew@licensing.example", PlatformRole::DomainApprover);
        self.platform_role("sam@licensing.example", PlatformRole::Support);
        self.platform_role("olga@licensing.example", PlatformRole::Operator);
        Cast {
            xyz,
            harborview,
            bramwell,
            corporate,
            public,
        }
    }

    /// A person with the password of everyone.
    pub fn person(&self, email: &str, name: &str) -> PersonId {
        self.person_at(email, name, 0)
    }

    /// A person who was invited and has no password yet.
    pub fn invited(&self, email: &str, name: &str) -> PersonId {
        let (id, at) = (PersonId::new(), self.clock.now());
        let email = EmailAddress::parse(email).unwrap();
        let name = Name::parse(name, "name").unwrap();
        self.db
            .housekeeping_now(|tx| people::add(tx, at, id, &email, &name, None, 0))
            .unwrap();
        id
    }

    /// The same with an access level.
    pub fn person_at(&self, email: &str, name: &str, access_level: i32) -> PersonId {
        let (id, at) = (PersonId::new(), self.clock.now());
        let email = EmailAddress::parse(email).unwrap();
        let name = Name::parse(name, "name").unwrap();
        self.db
            .housekeeping_now(|tx| people::add(tx, at, id, &email, &name, Some(quick_hash()), access_level))
            .unwrap();
        id
    }

    /// The person with this address.
    #[track_caller]
    pub fn find_person(&self, email: &str) -> Person {
        let address = EmailAddress::parse(email).unwrap();
        self.db
            .read_now(|r| people::by_email(r, &address))
            .unwrap()
            .unwrap_or_else(|| panic!("nobody is {email}"))
    }

    /// An Active Smart Account with its DEFAULT Virtual Account.
    pub fn account(&self, name: &str, domain: &str) -> Account {
        self.account_as(name, domain, smart_accounts::Visibility::Unrestricted)
    }

    /// The same, restricted or not.
    pub fn account_as(&self, name: &str, domain: &str, visibility: smart_accounts::Visibility) -> Account {
        let (id, default, at) = (SmartAccountId::new(), VirtualAccountId::new(), self.clock.now());
        let draft = draft(name, domain, visibility);
        let account = self
            .db
            .housekeeping_now(|tx| {
                smart_accounts::request(tx, at, id, &draft)?;
                let account = smart_accounts::activate(tx, at, id)?;
                virtual_accounts::create_default(tx, at, id, default)?;
                Ok(account)
            })
            .unwrap();
        Account {
            id,
            number: account.number,
            name: name.to_owned(),
            default,
        }
    }

    /// A Virtual Account beside DEFAULT.
    pub fn virtual_account(&self, account: &Account, name: &str) -> VirtualAccountId {
        let (id, at) = (VirtualAccountId::new(), self.clock.now());
        let permit = Permit::<CreateTopVirtualAccount>::by_the_portal_in(account.id, "tests");
        let new = virtual_accounts::NewVirtualAccount::named(name, "Made by a test.");
        self.db
            .write_now(|tx| virtual_accounts::create(tx, &permit, at, id, &new))
            .unwrap();
        id
    }

    /// Gives a role.
    pub fn role(&self, email: &str, account: &Account, within: Option<VirtualAccountId>, role: Role) {
        let (person, at) = (self.find_person(email).id, self.clock.now());
        self.db
            .housekeeping_now(|tx| grants::give(tx, at, account.id, within, person, role))
            .unwrap();
    }

    /// Gives a role over the portal.
    pub fn platform_role(&self, email: &str, role: PlatformRole) {
        let person = self.find_person(email).id;
        self.db
            .housekeeping_now(|tx| people::give_platform_role(tx, person, role))
            .unwrap();
    }

    /// A browser in which this person is signed in, with a password given just now.
    #[track_caller]
    pub fn sign_in(&self, email: &str) -> Browser {
        self.browser_of(self.session_of(email))
    }

    /// A session of this person.
    pub fn session_of(&self, email: &str) -> String {
        let (person, cookie, wall) = (self.find_person(email).id, token::random(), self.clock.wall());
        self.db
            .housekeeping_now(|tx| {
                let beginning = session::Beginning {
                    address: "127.0.0.1",
                    agent: "test browser",
                    way: session::Way::Password,
                    fresh_at: wall,
                };
                session::start(tx, wall, person, &cookie, beginning)
            })
            .unwrap();
        cookie
    }

    /// A browser with this session.
    pub fn browser_of(&self, cookie: String) -> Browser {
        let mut browser = self.browser();
        browser.cookies.insert(browser.session_cookie.clone(), cookie);
        browser
    }
}
