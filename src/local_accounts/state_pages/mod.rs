//! Reject, Start again, Deactivate, Activate and Delete, and the checklist that leads to the end of an account.

mod checklist;
mod decide;

use crate::http::Routes;
use checklist::checklist;
use decide::{
    activate, activate_form, deactivate, deactivate_confirmation, deactivate_form, delete, delete_form,
    reject, reject_form, start_again,
};

const ONE: &str = "/admin/accounts/{account}";

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/reject"), reject_form);
    routes.post(&format!("{ONE}/reject"), reject);
    routes.post(&format!("{ONE}/start-again"), start_again);
    routes.get(&format!("{ONE}/deactivate"), deactivate_confirmation);
    routes.get(&format!("{ONE}/deactivate/reason"), deactivate_form);
    routes.post(&format!("{ONE}/deactivate/reason"), deactivate);
    routes.get(&format!("{ONE}/activate"), activate_form);
    routes.post(&format!("{ONE}/activate"), activate);
    routes.get(&format!("{ONE}/delete"), delete_form);
    routes.post(&format!("{ONE}/delete"), delete);
    routes.get(&format!("{ONE}/deletion"), checklist);
}
