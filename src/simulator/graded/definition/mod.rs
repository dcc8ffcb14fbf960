//! What a graded lab is: a file that a teacher writes. docs/guides/graded-labs.md describes it.

mod fields;
mod names;
mod read;

pub use names::{Names, PLACEHOLDERS};

use crate::authz::Role;
use crate::catalog::Billing;
use crate::kernel::marked::{Bounds, Mistake};
use crate::orders::OrderType;
use crate::simulator::expressions::Expression;

/// How much a file may hold.
const BOUNDS: Bounds = Bounds {
    deepest: 16,
    parts: 10_000,
};
/// Bytes of a file at most.
pub const LARGEST: usize = 64 * 1024;
/// Steps of a lab at most.
pub const MOST_STEPS: usize = 30;

crate::words! {
    /// In which portal of the lab a condition is looked at.
    pub enum Place {
        /// License Central.
        Cloud = "cloud", "Cloud";
        /// The On-Prem server beside it.
        OnPrem = "on-prem", "On-Prem server";
    }
}

/// A graded lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// In addresses and commands.
    pub name: String,
    pub title: String,
    /// Paragraphs.
    pub says: Vec<String>,
    /// How long it takes about.
    pub minutes: u32,
    /// What every hint costs.
    pub hint_costs: u32,
    pub start: Start,
    pub steps: Vec<Step>,
}

impl Definition {
    /// Reads a file; names everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        read::definition(text)
    }
    /// The points that there are.
    pub fn points(&self) -> u32 {
        self.steps.iter().map(|step| step.points).sum()
    }
}

/// What is there when a learner begins: an account of their own, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The learner's role in it.
    pub role: Role,
    /// Beside DEFAULT.
    pub virtual_accounts: Vec<String>,
    pub licenses: Vec<Licenses>,
    pub orders: Vec<Ordered>,
    pub devices: Vec<Placed>,
    pub on_prem: Option<OnPrem>,
}

/// Licenses that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licenses {
    pub entitlement: String,
    /// What people know them by.
    pub name: String,
    pub billing: Billing,
    pub count: i64,
    /// The name of a Virtual Account.
    pub place: String,
    /// Of a term that ends so many days after the lab began.
    pub ends_in_days: Option<i64>,
}

/// An order that has come in and is not assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    pub identifier: String,
    pub order_type: OrderType,
    /// SKU and quantity.
    pub lines: Vec<(String, i64)>,
}

/// A product instance that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub name: String,
    pub serial: String,
    pub pid: String,
    /// What kind of product it is.
    pub product: String,
    /// The name of a Virtual Account.
    pub place: String,
    /// What it uses of which license.
    pub uses: Vec<(String, i64)>,
}

/// An On-Prem account that is registered and synchronized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnPrem {
    /// Its Virtual Account in the cloud, one of those that are there.
    pub virtual_account: String,
    /// In its DEFAULT.
    pub devices: Vec<Placed>,
    /// Whether licenses of its Virtual Account came there after it was synchronized: the server knows them after the next.
    pub knows_licenses: bool,
    /// Whether a file of it was generated, and never reached the cloud.
    pub has_lost_file: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    /// Paragraphs.
    pub says: Vec<String>,
    pub points: u32,
    pub done: Condition,
    pub hints: Vec<String>,
    pub wrong: Vec<Wrong>,
}

/// A wrong turn, and what whoever took it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub when: Condition,
    pub says: String,
    pub costs: u32,
}

/// What is looked at again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// With the names of the attempt to be put in.
    pub text: String,
    pub place: Place,
}

impl Condition {
    /// As it reads for an attempt.
    pub fn of(&self, names: &Names) -> crate::error::Result<Expression> {
        Expression::parse(&names.fill(&self.text))
    }
}
