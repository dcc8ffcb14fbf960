//! The life of a local account: which moves there are, from which states, and where they lead. Services ask before they
//! change anything, pages for what a row offers.

use super::model::AccountState;
use crate::error::{Error, Result};
use crate::kernel::Life;

crate::words! {
    /// Something that changes the state of a local account.
    pub enum Move {
        /// A System Administrator approves the request, and the cloud is asked over the network.
        Approve = "approve", "Approve";
        /// The registration file is made, to be carried by hand.
        GenerateFile = "generate", "Generate Registration File";
        /// A System Administrator says no.
        Reject = "reject", "Reject";
        /// The cloud said yes, over the network or by file.
        Register = "register", "Register";
        /// The cloud could not be asked, or said no.
        Fail = "fail", "Fail";
        /// A registration that was begun is given up.
        StartAgain = "start-again", "Start again";
        /// It is registered with a new key.
        ReRegister = "re-register", "Re-register";
        /// It is taken out of use.
        Deactivate = "deactivate", "Deactivate";
        /// It is taken into use again.
        Activate = "activate", "Activate";
        /// It goes, with all that is in it.
        Delete = "delete", "Delete";
    }
}

/// Where a move leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// To this state.
    State(AccountState),
    /// The account is gone.
    Gone,
}

/// All of it: the move, the state that it starts from, and where it leads.
pub const TABLE: &[(Move, AccountState, Next)] = {
    use AccountState::{Active, AwaitingFile, Inactive, Pending, Registering, Rejected};
    use Next::{Gone, State};
    &[
        (Move::Approve, Pending, State(Registering)),
        (Move::GenerateFile, Pending, State(AwaitingFile)),
        (Move::GenerateFile, AwaitingFile, State(AwaitingFile)),
        (Move::Reject, Pending, State(Rejected)),
        (Move::Register, Registering, State(Active)),
        (Move::Register, AwaitingFile, State(Active)),
        (Move::Fail, Registering, State(Pending)),
        (Move::StartAgain, Registering, State(Pending)),
        (Move::StartAgain, AwaitingFile, State(Pending)),
        (Move::ReRegister, Active, State(Active)),
        (Move::Deactivate, Active, State(Inactive)),
        (Move::Activate, Inactive, State(Active)),
        (Move::Delete, Inactive, Gone),
        (Move::Delete, Rejected, Gone),
    ]
};

impl Move {
    /// Where it leads from a state; nowhere when it cannot be made there.
    pub fn from(self, state: AccountState) -> Option<Next> {
        TABLE
            .iter()
            .find(|(step, from, _)| *step == self && *from == state)
            .map(|(_, _, next)| *next)
    }

    /// The state that it leads to, or the refusal.
    pub fn to(self, name: &str, state: AccountState) -> Result<AccountState> {
        match self.from(state) {
            Some(Next::State(to)) => Ok(to),
            Some(Next::Gone) | None => Err(self.refusal(name, state)),
        }
    }

    /// Whether a person makes it, by a button.
    pub const fn is_chosen(self) -> bool {
        !matches!(self, Self::Register | Self::Fail)
    }

    /// Why it cannot be made.
    pub fn refusal(self, name: &str, state: AccountState) -> Error {
        let from: Vec<&str> = TABLE
            .iter()
            .filter(|(step, _, _)| *step == self)
            .map(|(_, from, _)| from.label())
            .collect();
        let way_out = match (self, state) {
            (_, AccountState::Registering) => {
                " Somebody has approved it already and the cloud is being asked: open it again in a moment, or start again."
            }
            (Self::Delete, AccountState::Active) => " Deactivate it first.",
            (Self::Delete, _) => " Reject the request first.",
            (Self::Approve | Self::Reject, AccountState::AwaitingFile) => {
                " Upload its authorization file, or start again."
            }
            (Self::Register, AccountState::Pending) => " Generate its registration file first.",
            _ => "",
        };
        Error::refused(
            "on-prem.wrong-state",
            format!(
                "The On-Prem account {name} is {state}. \u{201c}{}\u{201d} is for one that is {}.{way_out}",
                self.label(),
                from.join(" or "),
            ),
        )
    }
}

/// What people can do with an account in this state, in the order of the menu.
pub fn offers(state: AccountState) -> Vec<Move> {
    Move::ALL
        .iter()
        .copied()
        .filter(|step| step.is_chosen() && step.from(state).is_some())
        .collect()
}

/// The same table, for the documentation.
pub fn in_words() -> Life {
    Life {
        of: "Local account of an On-Prem server",
        states: AccountState::ALL.iter().map(ToString::to_string).collect(),
        begins: vec![AccountState::Pending.to_string()],
        moves: TABLE
            .iter()
            .map(|(step, from, next)| {
                let to = match next {
                    Next::State(to) => to.to_string(),
                    Next::Gone => "gone".to_owned(),
                };
                (from.to_string(), step.to_string(), to)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_names_each_step_once_and_each_move_at_least_once() {
        for (n, (step, from, _)) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[..n].iter().any(|(s, f, _)| s == step && f == from),
                "{step:?} from {from}"
            );
        }
        for step in Move::ALL {
            assert!(TABLE.iter().any(|(s, ..)| s == step), "{step:?}");
        }
    }

    #[test]
    fn every_state_has_a_way_out_and_a_request_can_end_in_use() {
        for state in AccountState::ALL {
            assert!(!offers(*state).is_empty(), "{state}");
        }
        assert_eq!(
            offers(AccountState::Pending),
            [Move::Approve, Move::GenerateFile, Move::Reject]
        );
        assert_eq!(offers(AccountState::Rejected), [Move::Delete]);
        assert_eq!(offers(AccountState::Inactive), [Move::Activate, Move::Delete]);
    }

    proptest! {
        #[test]
        fn whatever_is_tried_only_a_registration_makes_an_account_active_for_the_first_time(
            steps in proptest::collection::vec(0..Move::ALL.len(), 1..40)
        ) {
            let (mut state, mut registered) = (AccountState::Pending, false);
            for step in steps {
                let step = Move::ALL[step];
                match step.from(state) {
                    None => prop_assert!(step.to("X", state).is_err()),
                    Some(Next::Gone) => {
                        // Nothing in use is ever deleted.
                        prop_assert!(matches!(state, AccountState::Inactive | AccountState::Rejected));
                        break;
                    }
                    Some(Next::State(to)) => {
                        registered |= step == Move::Register;
                        prop_assert!(registered || to.is_request(), "{step:?} leads from {state} to {to}");
                        prop_assert!(!registered || !to.is_request(), "a registered account is no request again");
                        state = to;
                    }
                }
            }
        }
    }
}
