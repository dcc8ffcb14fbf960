//! What a scenario file says: the documented schema, from the types that are read and written. One description serves
//! scenario files, throw-away tenants and accounts that are filled from exports.

use crate::authn::PlatformRole;
use crate::authz::Role;
use crate::catalog::{Billing, Term};
use crate::orders::{LineState, OrderStatus, OrderType};
use crate::smart_accounts::{State, Visibility};
use crate::virtual_accounts::{self, AccessLevel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The version of the schema.
pub const FORMAT: i64 = 1;

/// A scenario: what an empty lab is filled with. Times are written as 2026-11-29, as 2026-11-29T08:00:00Z, or as "-30 days"
/// and "+60 days" from the moment at which the file is loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of this schema: 1.
    #[schema(minimum = 1, maximum = 1)]
    pub licentral_scenario: i64,
    /// Small letters, digits and hyphens. Not the name of a scenario that comes with the portal.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9][a-z0-9-]*$")]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 500)]
    pub description: String,
    /// Everybody who can sign in. Their password is the one of everybody in a lab.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000)]
    pub people: Vec<PersonPart>,
    /// API clients. Their secret is the one of all API clients of a lab.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1_000)]
    pub api_clients: Vec<ClientPart>,
    /// Smart Accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    pub accounts: Vec<AccountPart>,
    /// Orders of all accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000)]
    pub orders: Vec<OrderPart>,
    /// What an export could not take along, in words. Nothing is done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub left_out: Vec<String>,
}

/// Somebody who can sign in, or is invited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonPart {
    /// Their address.
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The access level, 0 to 4: orders are assigned with 1 or 2.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 4)]
    pub access_level: i64,
    /// Roles over the whole portal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 3)]
    pub platform_roles: Vec<PlatformRole>,
    /// Has not set a password yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invited: bool,
    /// Since when; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub since: String,
}

/// An API client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientPart {
    /// Its id.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    pub id: String,
    /// The address of its owner, who is among the people.
    #[schema(max_length = 254)]
    pub person: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub name: String,
}

/// A Smart Account and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPart {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Its domain identifier.
    #[schema(min_length = 1, max_length = 253)]
    pub domain: String,
    /// active or inactive.
    #[serde(default = "active", skip_serializing_if = "is_active")]
    pub state: State,
    /// Who finds it.
    #[serde(default = "unrestricted", skip_serializing_if = "is_unrestricted")]
    pub visibility: Visibility,
    /// The headquarters address, in lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 500)]
    pub headquarters: String,
    /// Since when it is Active; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub since: String,
    /// Its Virtual Accounts. DEFAULT is there by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2_000)]
    pub virtual_accounts: Vec<PlacePart>,
    /// Who holds which role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000)]
    pub roles: Vec<RolePart>,
    /// The licenses below are all that lie in it, whatever its orders bring: so an export writes it, since licenses were moved
    /// on. Otherwise they lie there beside those that the lines of orders bring that are assigned to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub licenses_are_all: bool,
    /// The licenses that lie in it, one entry for each term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20_000)]
    pub licenses: Vec<LicensePart>,
    /// Its product instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20_000)]
    pub product_instances: Vec<DevicePart>,
    /// Its registration tokens. Their texts are made anew each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1_000)]
    pub registration_tokens: Vec<TokenPart>,
}

/// A Virtual Account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacePart {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 500)]
    pub description: String,
    /// Who finds it.
    #[serde(default = "open", skip_serializing_if = "is_open")]
    pub access_level: AccessLevel,
    /// Orders without a Virtual Account go to it. One of them is; DEFAULT when none is named.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
    /// The name of the one above it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub within: String,
    /// Preferred end date.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub preferred_end_date: String,
    /// Words by which it is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub tags: Vec<String>,
    /// Since when; since the Smart Account is Active when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub since: String,
}

/// A role in a Smart Account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePart {
    /// The address of whoever holds it, who is among the people.
    #[schema(max_length = 254)]
    pub person: String,
    /// Which.
    pub role: Role,
    /// In which Virtual Account; in the whole account when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub virtual_account: String,
}

/// So many licenses of one kind with one term in one Virtual Account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LicensePart {
    /// In which Virtual Account; in the default one when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub virtual_account: String,
    /// What programs know it by: an entitlement of the catalog, or one of your own with a name.
    #[schema(min_length = 1, max_length = 100)]
    pub license: String,
    /// What people know it by; the catalog's name when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub name: String,
    /// How many.
    #[schema(minimum = 1, maximum = 2_000_000_000)]
    pub quantity: i64,
    /// How it is paid for.
    #[serde(default = "prepaid", skip_serializing_if = "is_prepaid")]
    pub billing: Billing,
    /// How long it lasts. One with an end is a term.
    #[serde(default = "perpetual", skip_serializing_if = "is_perpetual")]
    pub term: Term,
    /// From when.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub starts: String,
    /// Its last day.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub ends: String,
    /// License tags, of the license in this Virtual Account whatever its term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub tags: Vec<String>,
}

/// A product instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePart {
    /// In which Virtual Account; in the default one when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub virtual_account: String,
    /// Product id.
    #[schema(min_length = 1, max_length = 60)]
    pub pid: String,
    /// Serial number.
    #[schema(min_length = 1, max_length = 60)]
    pub serial: String,
    /// Its host name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 253)]
    pub hostname: String,
    /// What kind of product it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub product: String,
    /// Which software it runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub software: String,
    /// Whether its token allowed export-controlled functionality.
    #[serde(default, skip_serializing_if = "is_false")]
    pub export_controlled: bool,
    /// Since when; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub registered: String,
    /// When its certificate was renewed last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub renewed: String,
    /// When it was heard of last; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub last_contact: String,
    /// What it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub uses: Vec<UsePart>,
}

/// What a product instance uses of a license.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsePart {
    /// What programs know it by.
    #[schema(min_length = 1, max_length = 100)]
    pub license: String,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
}

/// A registration token, whose text is made anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPart {
    /// In which Virtual Account; in the default one when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub virtual_account: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub description: String,
    /// When it was made; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub created: String,
    /// For how many days it is good.
    #[serde(default = "month", skip_serializing_if = "is_month")]
    #[schema(minimum = 1, maximum = 365)]
    pub days: i64,
    /// How often it can be used; 0 for as often as one likes.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 10_000)]
    pub max_uses: i64,
    /// How often it was used.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 10_000)]
    pub uses: i64,
    /// Whether export-controlled functionality is allowed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub export_controlled: bool,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub revoked: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderPart {
    /// The Order Identifier.
    #[schema(min_length = 1, max_length = 60)]
    pub identifier: String,
    /// The customer's name.
    #[schema(min_length = 1, max_length = 100)]
    pub customer: String,
    /// The customer's domain.
    #[schema(min_length = 1, max_length = 253)]
    pub customer_domain: String,
    /// The Email ID of the customer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 254)]
    pub customer_email: String,
    /// The domain of the Smart Account of the partner who sold it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 253)]
    pub partner_domain: String,
    /// Its type.
    #[serde(default = "standard", skip_serializing_if = "is_standard")]
    pub order_type: OrderType,
    /// How far it is delivered.
    #[serde(default = "pending", skip_serializing_if = "is_pending")]
    pub status: OrderStatus,
    /// The customer's purchase order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 60)]
    pub purchase_order: String,
    /// When; now when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40)]
    pub ordered: String,
    /// What was ordered.
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Vec<LinePart>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinePart {
    /// What: a SKU of the catalog.
    #[schema(min_length = 1, max_length = 60)]
    pub sku: String,
    /// How many.
    #[schema(minimum = 1, maximum = 2_000_000_000)]
    pub quantity: i64,
    /// For how many months; as the catalog has it when it is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 120)]
    pub term_months: i64,
    /// Where it stands. Lines of orders that cannot be assigned say so by themselves.
    #[serde(default = "unassigned", skip_serializing_if = "is_unassigned")]
    pub state: LineState,
    /// The domain of the Smart Account to which it is, or is being, assigned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 253)]
    pub account: String,
    /// The Virtual Account there; the default one when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub virtual_account: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 500)]
    pub reason: String,
    /// The end customer's Smart Account came with the order: it cannot be reassigned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub came_with_order: bool,
}

impl AccountPart {
    /// An empty one.
    pub fn named(name: &str, domain: &str) -> Self {
        Self {
            name: name.to_owned(),
            domain: domain.to_owned(),
            state: State::Active,
            visibility: Visibility::Unrestricted,
            headquarters: String::new(),
            since: String::new(),
            virtual_accounts: Vec::new(),
            roles: Vec::new(),
            licenses_are_all: false,
            licenses: Vec::new(),
            product_instances: Vec::new(),
            registration_tokens: Vec::new(),
        }
    }
    /// The name of the Virtual Account in which is what names none.
    pub fn default_place(&self) -> &str {
        self.virtual_accounts
            .iter()
            .find(|place| place.is_default)
            .map_or(virtual_accounts::DEFAULT, |place| place.name.as_str())
    }
}

impl LicensePart {
    /// So many of one of the catalog, for good, in the default Virtual Account.
    pub fn of(license: &str, quantity: i64) -> Self {
        Self {
            virtual_account: String::new(),
            license: license.to_owned(),
            name: String::new(),
            quantity,
            billing: Billing::Prepaid,
            term: Term::Perpetual,
            starts: String::new(),
            ends: String::new(),
            tags: Vec::new(),
        }
    }
}

impl PlacePart {
    /// One at the top.
    pub fn named(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            access_level: AccessLevel::Unrestricted,
            is_default: false,
            within: String::new(),
            preferred_end_date: String::new(),
            tags: Vec::new(),
            since: String::new(),
        }
    }
}

/// Defaults, and whether something is one: then it is not written.
macro_rules! defaults {
    ($($name:ident, $is:ident: $kind:ty = $value:expr;)+) => {
        $(
            fn $name() -> $kind { $value }
            #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde lends what it asks about")]
            fn $is(it: &$kind) -> bool { *it == $value }
        )+
    };
}

defaults! {
    active, is_active: State = State::Active;
    unrestricted, is_unrestricted: Visibility = Visibility::Unrestricted;
    open, is_open: AccessLevel = AccessLevel::Unrestricted;
    prepaid, is_prepaid: Billing = Billing::Prepaid;
    perpetual, is_perpetual: Term = Term::Perpetual;
    standard, is_standard: OrderType = OrderType::Standard;
    pending, is_pending: OrderStatus = OrderStatus::Pending;
    unassigned, is_unassigned: LineState = LineState::Unassigned;
    month, is_month: i64 = 30;
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde lends what it asks about")]
fn is_zero(it: &i64) -> bool {
    *it == 0
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde lends what it asks about")]
fn is_false(it: &bool) -> bool {
    !*it
}
