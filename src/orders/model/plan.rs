//! What an assignment would do with each line.

use super::draft::{Content, Target, Work};
use super::order::{Line, LineState, Order, OrderStatus};
use crate::catalog::LineKind;

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It goes there.
    Goes(Target),
    /// It stays as it is, for this reason.
    Stays(String),
}

impl Plan {
    /// Where to.
    #[cfg(test)]
    pub const fn target(&self) -> Option<Target> {
        match self {
            Self::Goes(to) => Some(*to),
            Self::Stays(_) => None,
        }
    }
}

/// What becomes of the lines of an order: one plan a line. `partner` is where the partner who sold it keeps their
/// own branded services, when the partner has a Smart Account here.
pub fn plan(order: &Order, lines: &[Line], content: &Content, partner: Option<Target>) -> Vec<Plan> {
    lines
        .iter()
        .map(|line| plan_line(order, line, content, partner))
        .collect()
}

fn plan_line(order: &Order, line: &Line, content: &Content, partner: Option<Target>) -> Plan {
    let stays = |why: &str| Plan::Stays(why.to_owned());
    if let Some(why) = order.order_type.against_assigning() {
        return stays(why);
    }
    if line.customer_active {
        return stays("The end customer\u{2019}s Smart Account came with the order and is Active.");
    }
    let Some(target) = content.target else {
        return stays("No Smart Account has been chosen.");
    };
    let target = match (line.kind, content.separate, content.services) {
        (LineKind::CiscoService, true, Some(services)) => services,
        (LineKind::CiscoService, true, None) => {
            return stays("No Smart Account has been chosen for services.");
        }
        _ => target,
    };
    let is_open = matches!(line.state, LineState::Unassigned | LineState::Failed);
    match (content.work, line.state) {
        (_, LineState::Requested) => stays("The assignment has been requested already."),
        (_, LineState::Hold) => stays("The line is on Smart Account Hold."),
        (_, LineState::NotAssignable) => stays("The line is not assignable."),
        (Work::Assign, LineState::Assigned) => stays("The line is assigned already."),
        (Work::Assign, _) => match partner {
            // Partner branded services stay with the partner until they are assigned separately.
            Some(own) if line.kind == LineKind::PartnerService && own.account != target.account => {
                Plan::Goes(own)
            }
            _ => Plan::Goes(target),
        },
        (Work::PartnerServices, _) if line.kind != LineKind::PartnerService => {
            stays("The line is not a partner branded service.")
        }
        (Work::PartnerServices, LineState::Assigned) if line.account == Some(target.account) => {
            stays("The line is assigned to this Smart Account already.")
        }
        (Work::PartnerServices, LineState::Assigned)
            if partner.is_none_or(|own| line.account != Some(own.account)) =>
        {
            stays("The line is not with the partner any more.")
        }
        (Work::Reassign, _) if !content.lines.contains(&line.id) => stays("The line was not chosen."),
        (Work::Reassign, _) if is_open => stays("The line is not assigned yet."),
        (Work::Reassign, _) if order.status != OrderStatus::Pending => stays(
            "Delivery of the order has begun: lines can be reassigned only while its order status is Pending.",
        ),
        (Work::Reassign, _)
            if line.account == Some(target.account) && line.virtual_account == target.virtual_account =>
        {
            stays("The line is assigned there already.")
        }
        (Work::PartnerServices | Work::Reassign, _) => Plan::Goes(target),
    }
}
