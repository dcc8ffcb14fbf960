//! The checklist for deletion.

use crate::authz::Action;
use crate::authz::action::ViewAdminWorkspace;
use crate::devices;
use crate::http::form::PathPart;
use crate::http::{Answer, May, Shell, page};
use crate::local_accounts::admin_pages::{self, href, tab_of};
use crate::local_accounts::lifecycle::{Move, Next};
use crate::local_accounts::model::{AccountState, LocalAccount, Number};
use crate::local_accounts::{service, store};
use askama::Template;

const HERE: &str = "On this server";

const IN_THE_CLOUD: &str = "In the cloud";

/// How far a step of the checklist is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Next,
    Later,
}

struct Step {
    /// In which portal.
    portal: &'static str,
    title: &'static str,
    says: String,
    mark: Mark,
    /// Where it is done.
    link: Option<(&'static str, String)>,
}

impl Step {
    fn badge(&self) -> (&'static str, &'static str) {
        match self.mark {
            Mark::Done => ("ok", "Done"),
            Mark::Next => ("info", "Next"),
            Mark::Later => ("", "Later"),
        }
    }
}

#[derive(Template)]
#[template(path = "local_accounts/checklist.html")]
struct Checklist {
    shell: Shell,
    account: LocalAccount,
    steps: Vec<Step>,
    back: &'static str,
}

/// What is seen of the way to the end of an account. Whether the cloud has removed the device manager is not known here:
/// that step is never told to be done.
#[expect(clippy::too_many_lines, reason = "the steps of the list, one after the other")]
fn steps_to_the_end(
    account: &LocalAccount,
    devices: u64,
    behind: bool,
    neighbour: Option<&str>,
) -> Vec<Step> {
    let base = href(account.number);
    let place = format!("/sa/{}", account.number);
    let is_inactive = account.state == AccountState::Inactive;
    let cloud = account.cloud.as_ref();
    let in_the_cloud = cloud
        .and_then(|cloud| {
            cloud
                .url
                .clone()
                .or_else(|| neighbour.map(str::to_owned))
                .map(|url| (cloud, url))
        })
        .map(|(cloud, url)| {
            (
                "Open the device manager in the cloud",
                format!(
                    "{url}/sa/{}/devices/device-managers/{}",
                    cloud.smart_account, cloud.manager
                ),
            )
        });
    let mut steps = vec![
        Step {
            portal: HERE,
            title: "Remove all Product Instances on all Local Virtual Accounts",
            says: match devices {
                0 => "No product instance is registered with this account.".to_owned(),
                1 => "1 product instance is left.".to_owned(),
                more => format!("{more} product instances are left."),
            },
            mark: if devices == 0 { Mark::Done } else { Mark::Later },
            link: Some(("Device Inventory", format!("{place}/devices/device-inventory"))),
        },
        Step {
            portal: HERE,
            title: "Synchronize, so that the cloud reflects that the Product Instances are gone",
            says: if behind {
                "The cloud still knows product instances of this account.".to_owned()
            } else {
                "The cloud knows of no product instance of this account.".to_owned()
            },
            mark: if devices == 0 && !behind {
                Mark::Done
            } else {
                Mark::Later
            },
            link: Some(("Synchronize", "/on-prem-accounts".to_owned())),
        },
        Step {
            portal: HERE,
            title: "Deactivate the Local Account",
            says: if is_inactive {
                "The account is Inactive.".to_owned()
            } else {
                "A reason is asked for. The requester is sent it by email.".to_owned()
            },
            mark: if is_inactive { Mark::Done } else { Mark::Later },
            link: (!is_inactive).then(|| ("Deactivate", format!("{base}/deactivate"))),
        },
        Step {
            portal: IN_THE_CLOUD,
            title: "Remove the device manager in the cloud",
            says: match cloud {
                Some(cloud) => format!(
                    "Smart Account {} ({}): Devices, Device Connections, Device Managers, {}, Remove. Do it before the account is deleted here, or note its name: this server does not know whether it was done.",
                    cloud.smart_account_name, cloud.domain, account.name
                ),
                None => "The account was never registered with a cloud.".to_owned(),
            },
            mark: if cloud.is_none() { Mark::Done } else { Mark::Later },
            link: in_the_cloud,
        },
        Step {
            portal: HERE,
            title: "Delete the Local Account",
            says: "Only an Inactive account can be deleted.".to_owned(),
            mark: Mark::Later,
            link: is_inactive.then(|| ("Delete", format!("{base}/delete"))),
        },
    ];
    // The first that is not done is next; with the account Inactive, so is what is left beside it.
    if let Some(first) = steps.iter_mut().find(|step| step.mark != Mark::Done) {
        first.mark = Mark::Next;
    }
    if is_inactive && let Some(last) = steps.last_mut() {
        last.mark = Mark::Next;
    }
    steps
}

pub(super) async fn checklist(may: May<ViewAdminWorkspace>, number: PathPart<Number>) -> Answer {
    let (account, devices, behind) = may
        .portal
        .db
        .read(move |r| {
            let account = store::by_number(r, number.0.0)?;
            let devices = devices::count_in(r, account.id)?;
            let behind = service::cloud_is_behind(r, &account)?;
            Ok((account, devices, behind))
        })
        .await?;
    if Move::Deactivate.from(account.state).is_none() && Move::Delete.from(account.state) != Some(Next::Gone)
    {
        return Err(Move::Deactivate.refusal(&account.name, account.state));
    }
    let mut steps = steps_to_the_end(&account, devices, behind, may.portal.config.neighbour.as_deref());
    // An operator reads what is to be done, and does not do it.
    let (opens, manages) = (
        may.opens(account.id),
        may.holds_by_platform(Action::ManageOnPremAccounts),
    );
    for step in &mut steps {
        step.link.take_if(|(_, to)| {
            (to.starts_with("/sa/") && !opens) || (to.starts_with(admin_pages::ACCOUNTS) && !manages)
        });
    }
    page(&Checklist {
        shell: admin_pages::shell(&may, "Checklist for deletion", &account),
        steps,
        back: tab_of(account.state),
        account,
    })
}
