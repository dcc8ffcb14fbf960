//! Guides: the founding procedures step by step, and what refuses on the way. Each is one template under
//! `templates/home/guides`; they speak of both portals, the cloud's and the On-Prem server's.

use crate::http::{Answer, Crumb, Public, Routes, Shell, page};
use crate::kernel::{Sought, search_key};
use askama::Template;

/// A guide.
#[derive(Debug)]
pub struct Guide {
    /// Its address.
    pub path: &'static str,
    /// Its question.
    pub title: &'static str,
    /// Its answer in one sentence.
    pub says: &'static str,
    /// Other words by which it is found.
    words: &'static str,
    related: &'static [&'static str],
}

impl Guide {
    fn related(&self) -> impl Iterator<Item = &'static Guide> {
        self.related
            .iter()
            .filter_map(|path| ALL.iter().find(|guide| guide.path == *path))
    }
}

macro_rules! guides {
    ($($name:ident: $path:literal, $file:literal, $title:literal, $says:literal, $words:literal, [$($related:literal),*];)+) => {
        /// All of them, in the order of the index.
        pub const ALL: &[Guide] = &[$(Guide { path: $path, title: $title, says: $says, words: $words, related: &[$($related),*] },)+];

        /// Their routes.
        pub fn routes(routes: &mut Routes) {
            $(routes.get($path, $name);)+
        }

        $(async fn $name(visit: Public) -> Answer {
            #[derive(Template)]
            #[template(path = $file)]
            struct GuidePage {
                shell: Shell,
                guide: &'static Guide,
            }
            #[allow(dead_code, reason = "not every guide leads to a page of an account")]
            impl GuidePage {
                /// The address of a page of the account that is open in the cloud.
                fn way(&self, path: &str) -> String {
                    if self.shell.edition.is_on_prem() { String::new() } else { way(&self.shell, path) }
                }
                /// The address of a page of the account that is open on an On-Prem server.
                fn local(&self, path: &str) -> String {
                    if self.shell.edition.is_on_prem() { way(&self.shell, path) } else { String::new() }
                }
                /// The address of a page of the On-Prem server, where this is one, for whoever has it in their menu.
                fn server(&self, path: &str) -> String {
                    if self.shell.edition.is_on_prem() { own(&self.shell, path) } else { String::new() }
                }
                /// The address of a page of the cloud, where this is the cloud.
                fn cloud(&self, path: &str) -> String {
                    if self.shell.edition.is_on_prem() { String::new() } else { path.to_owned() }
                }
            }
            let guide = ALL.iter().find(|guide| guide.path == $path).ok_or(crate::error::Error::NotFound)?;
            let mut shell = visit.shell(guide.title);
            shell.crumbs = vec![Crumb::link("Help", "/help"), Crumb::text(guide.title)];
            page(&GuidePage { shell, guide })
        })+
    };
}

guides! {
    request_account: "/help/request-a-smart-account", "home/guides/request_account.html",
        "How to request a Smart Account for a customer",
        "Search first, then Create Smart Account, Request for a customer; the customer approves by the link in an email.",
        "create pending approve deny forward account creator domain TLD restricted holding partner",
        ["/help/access-requests", "/help/directory"];
    access_requests: "/help/access-requests", "home/guides/access_requests.html",
        "How to approve or decline a Smart and Virtual Account access request",
        "Ask for access from the directory; administrators decide under Pending Access Requests.",
        "request access role scope delegation automation withdraw",
        ["/help/directory", "/help/request-a-smart-account"];
    directory: "/help/directory", "home/guides/directory.html",
        "How to view the Smart Account and Virtual Account directory and admin contacts",
        "Your Smart and Virtual Account access lists accounts, their Virtual Accounts and their administrators.",
        "hierarchy directory contacts administrators search find",
        ["/help/access-requests", "/help/request-a-smart-account"];
    assign_order: "/help/assign-an-order", "home/guides/assign_order.html",
        "How to assign an order to a Smart Account",
        "Orders, Order Inventory, Unassigned: choose orders, a Smart Account and a Virtual Account, and Assign.",
        "orders stocking enterprise agreement EA branded services line unassigned access level retry reassign CSSM",
        ["/help/first-steps", "/help/request-a-smart-account"];
    first_steps: "/help/first-steps", "home/guides/first_steps.html",
        "How to register devices and share licenses with an On-Prem server",
        "A walk from the first license to a device that runs behind an On-Prem server.",
        "smart licensing devices product instance token register license status balance in use transfer inventory DEFAULT virtual account tags satellite on-prem local account",
        ["/help/synchronize-on-prem", "/help/remove-a-device", "/help/assign-an-order"];
    synchronize: "/help/synchronize-on-prem", "home/guides/synchronize.html",
        "How to perform On-Prem synchronization with License Central",
        "Over the network, with files, or by a schedule: what to do on the On-Prem server and what in License Central.",
        "sync on-prem online offline upload sync file download latest response file scheduled device managers CLP usage file overdue",
        ["/help/remove-a-device", "/help/delete-an-on-prem-account", "/help/first-steps"];
    remove_device: "/help/remove-a-device", "home/guides/remove_device.html",
        "How to remove a device within an On-Prem deployment",
        "On the server that it is registered with, and then a synchronization: the server is the source of truth.",
        "devices product instance PI remove deregister on-prem device inventory",
        ["/help/synchronize-on-prem", "/help/delete-an-on-prem-account"];
    delete_on_prem: "/help/delete-an-on-prem-account", "home/guides/delete_on_prem.html",
        "How to delete an On-Prem account",
        "Remove its product instances, synchronize, deactivate and delete it on the server, then remove its device manager in License Central.",
        "on-prem local account deactivate delete device manager remove case number proceed",
        ["/help/remove-a-device", "/help/synchronize-on-prem"];
    report_usage: "/help/report-usage-by-policy", "home/guides/report_usage.html",
        "How to report license usage by policy",
        "Over the network or with a file: product instances by policy report what they use, and are acknowledged.",
        "smart licensing using policy SLP RUM usage report acknowledgement ACK upload usage data trust overdue",
        ["/help/first-steps", "/help/remove-a-device"];
    webhooks: "/help/webhooks", "home/guides/webhooks.html",
        "How to be told of events by a webhook",
        "Add Webhook with an address, keep its secret, and verify each signature.",
        "webhook signature HMAC secret rotate replay delivery receiver kinds of events",
        ["/help/first-steps"];
    second_factor: "/help/second-factor", "home/guides/second_factor.html",
        "How to sign in with a second factor",
        "Your profile, Second factor, Set up; from then on a code of your authenticator is asked for after the password.",
        "2FA MFA TOTP two-factor authenticator phone code recovery codes lost security sign-in",
        ["/help/access-requests"];
}

/// The address of a page of the account that is open, for whoever has it in their menu; "" otherwise.
fn way(shell: &Shell, path: &str) -> String {
    let Some(account) = &shell.account else {
        return String::new();
    };
    let href = format!("/sa/{}{path}", account.number);
    let mut items = shell
        .menu
        .iter()
        .flat_map(|section| &section.groups)
        .flat_map(|group| &group.items);
    items
        .find(|item| item.href == href)
        .map(|item| item.href.clone())
        .unwrap_or_default()
}

/// The address of a page of an On-Prem server, when the menu leads to it or to the list that it belongs to; "" otherwise.
fn own(shell: &Shell, path: &str) -> String {
    let items = shell.menu.iter().flat_map(|section| &section.groups);
    let mut hrefs = items
        .flat_map(|group| &group.items)
        .map(|item| &item.href)
        .chain(shell.menu.iter().filter_map(|section| section.href.as_ref()));
    if hrefs.any(|href| path.starts_with(href.as_str())) {
        path.to_owned()
    } else {
        String::new()
    }
}

/// The guides that speak of these words: each word, however short, in the title, the answer or the other words.
pub fn matching(words: &str) -> Vec<&'static Guide> {
    let (sought, key) = (Sought::parse(words), search_key(words));
    let wanted: Vec<&str> = key.split(' ').collect();
    ALL.iter()
        .filter(|guide| {
            let text = search_key(&format!("{} {} {}", guide.title, guide.says, guide.words));
            sought.fits(&text) || wanted.iter().all(|word| text.contains(word))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn related_guides_are_there() {
        for guide in ALL {
            assert_eq!(guide.related().count(), guide.related.len(), "{}", guide.path);
        }
    }

    #[test]
    fn a_guide_is_found_by_its_words_in_any_order() {
        let titles: Vec<&str> = matching("File  SYNC").iter().map(|guide| guide.path).collect();
        assert_eq!(titles, ["/help/synchronize-on-prem"]);
        assert_eq!(matching("\u{201c}sync file\u{201d}").len(), 1);
        assert!(matching("no such thing").is_empty() && matching("\"\"").is_empty());
    }
}
