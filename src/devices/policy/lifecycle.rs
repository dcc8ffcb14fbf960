//! What becomes of a product instance that reports by policy.

use super::model::PolicyState;
use crate::kernel::Lifecycle;

/// Whatever its state, a report of it is counted. What an On-Prem server brings is counted and acknowledged by one write.
pub const LIFECYCLE: Lifecycle<PolicyState> = {
    use PolicyState::{Acknowledged, NotReported, Overdue, ReportDue, Reported};
    Lifecycle {
        of: "Product instance by policy",
        states: PolicyState::ALL,
        begins: &[NotReported],
        moves: &[
            (NotReported, "a report of it is counted", Reported),
            (ReportDue, "a report of it is counted", Reported),
            (Overdue, "a report of it is counted", Reported),
            (Acknowledged, "another report of it is counted", Reported),
            (Reported, "another report of it is counted", Reported),
            (Reported, "the acknowledgement is handed out", Acknowledged),
            (NotReported, "the day of its report comes", ReportDue),
            (Reported, "the day of its next report comes", ReportDue),
            (Acknowledged, "the day of its next report comes", ReportDue),
            (ReportDue, "that is 30 days ago", Overdue),
        ],
    }
};
