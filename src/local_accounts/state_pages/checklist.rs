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

/// What is known of an account on the way to its end.
struct Way<'a> {
    account: &'a LocalAccount,
    /// How many product instances it has.
    devices: u64,
    /// Whether the cloud still knows product instances of it.
    behind: bool,
    /// Address of the cloud that runs beside this server.
    neighbour: Option<&'a str>,
}

const fn done_or_later(is_done: bool) -> Mark {
    if is_done { Mark::Done } else { Mark::Later }
}

impl Way<'_> {
    fn is_inactive(&self) -> bool {
        self.account.state == AccountState::Inactive
    }

    fn remove_devices(&self) -> Step {
        Step {
            portal: HERE,
            title: "Remove all Product Instances on all Local Virtual Accounts",
            says: match self.devices {
                0 => "No product instance is registered with this account.".to_owned(),
                1 => "1 product instance is left.".to_owned(),
                more => format!("{more} product instances are left."),
            },
            mark: done_or_later(self.devices == 0),
            link: Some((
                "Device Inventory",
                format!("/sa/{}/devices/device-inventory", self.account.number),
            )),
        }
    }

    fn synchronize(&self) -> Step {
        let says = if self.behind {
            "The cloud still knows product instances of this account."
        } else {
            "The cloud knows of no product instance of this account."
        };
        Step {
            portal: HERE,
            title: "Synchronize, so that the cloud reflects that the Product Instances are gone",
            says: says.to_owned(),
            mark: done_or_later(self.devices == 0 && !self.behind),
            link: Some(("Synchronize", "/on-prem-accounts".to_owned())),
        }
    }

    fn deactivate(&self) -> Step {
        let says = if self.is_inactive() {
            "The account is Inactive."
        } else {
            "A reason is asked for. The requester is sent it by email."
        };
        let form = || format!("{}/deactivate", href(self.account.number));
        Step {
            portal: HERE,
            title: "Deactivate the Local Account",
            says: says.to_owned(),
            mark: done_or_later(self.is_inactive()),
            link: (!self.is_inactive()).then(|| ("Deactivate", form())),
        }
    }

    /// Whether the cloud has removed the device manager is not known here: once registered, this is never done.
    fn remove_manager(&self) -> Step {
        let cloud = self.account.cloud.as_ref();
        let says = match cloud {
            Some(cloud) => format!(
                "Smart Account {} ({}): Devices, Device Connections, Device Managers, {}, Remove. Do it before the account is deleted here, or note its name: this server does not know whether it was done.",
                cloud.smart_account_name, cloud.domain, self.account.name
            ),
            None => "The account was never registered with a cloud.".to_owned(),
        };
        let link = cloud.and_then(|cloud| {
            let url = cloud.url.as_deref().or(self.neighbour)?;
            Some((
                "Open the device manager in the cloud",
                format!(
                    "{url}/sa/{}/devices/device-managers/{}",
                    cloud.smart_account, cloud.manager
                ),
            ))
        });
        Step {
            portal: IN_THE_CLOUD,
            title: "Remove the device manager in the cloud",
            says,
            mark: done_or_later(cloud.is_none()),
            link,
        }
    }

    fn delete(&self) -> Step {
        let form = || format!("{}/delete", href(self.account.number));
        Step {
            portal: HERE,
            title: "Delete the Local Account",
            says: "Only an Inactive account can be deleted.".to_owned(),
            mark: Mark::Later,
            link: self.is_inactive().then(|| ("Delete", form())),
        }
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = vec![
            self.remove_devices(),
            self.synchronize(),
            self.deactivate(),
            self.remove_manager(),
            self.delete(),
        ];
        // The first that is not done is next; with the account Inactive, so is what is left beside it.
        if let Some(first) = steps.iter_mut().find(|step| step.mark != Mark::Done) {
            first.mark = Mark::Next;
        }
        if self.is_inactive()
            && let Some(last) = steps.last_mut()
        {
            last.mark = Mark::Next;
        }
        steps
    }
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
    let way = Way {
        account: &account,
        devices,
        behind,
        neighbour: may.portal.config.neighbour.as_deref(),
    };
    let mut steps = way.steps();
    // An operator reads what is to be done, and does not do it.
    let (opens, manages) = (
        may.opens(account.id),
        may.holds_by_platform(Action::ManageOnPremAccounts),
    );
    for step in &mut steps {
        step.link.take_if(|(_, to)| {
            (to.starts_with("/sa/") && !opens)
                || (to.starts_with(crate::local_accounts::list::ACCOUNTS.path) && !manages)
        });
    }
    page(&Checklist {
        shell: admin_pages::shell(&may, "Checklist for deletion", &account),
        steps,
        back: tab_of(account.state),
        account,
    })
}
