//! What stands around a page.

use super::Visit;
use crate::authz::{Action, TenantKind, matrix};
use crate::http::list::ListQuery;
use crate::http::shell::{AccountCard, Crumb, Flash, FlashKind, LabStrip, PersonCard, Shell};

impl Visit {
    /// What stands around a page with this title.
    pub fn shell(&self, title: impl Into<String>) -> Shell {
        let person = self.actor.as_ref().map(|actor| PersonCard {
            name: actor.person.name.clone(),
            email: actor.person.email.to_string(),
            role: self.role_words(),
        });
        let lab = self.portal.config.is_lab().then(|| LabStrip {
            now: self.portal.clock.now().utc(),
            frozen: matches!(
                self.portal.clock.setting(),
                crate::kernel::clock::Setting::Frozen { .. }
            ),
            letters: self.portal.letters.load(std::sync::atomic::Ordering::Relaxed),
        });
        Shell {
            title: title.into(),
            theme: self.theme,
            csrf: self.csrf(),
            person,
            account: self.tenant.as_ref().map(|t| AccountCard {
                number: t.number,
                name: t.name.clone(),
                domain: t.domain.clone(),
            }),
            menu: self.portal.menu.sections(self),
            crumbs: Vec::new(),
            flash: self.flash.clone(),
            lab,
            path: self.path.clone(),
            view_as: self.preview.map(|_| self.role_words()),
            alerts: self.waiting(crate::http::menu::ALERTS),
            edition: self.portal.config.edition,
            lab_base: match &self.portal.config.neighbour {
                Some(cloud) if self.portal.config.edition.is_on_prem() => cloud.clone(),
                _ => String::new(),
            },
            may_view_as: self.tenant.is_some() && self.holds(Action::ViewAs),
            ..Shell::default()
        }
    }

    /// The shell of a page within a Smart Account: crumbs begin with its name.
    pub fn account_shell(&self, title: impl Into<String>, between: &[Crumb]) -> Shell {
        let edition = self.portal.config.edition;
        let mut shell = self.shell(edition.words(&title.into()).into_owned());
        if let Some(tenant) = &self.tenant {
            shell
                .crumbs
                .push(Crumb::link(&tenant.name, format!("/sa/{}", tenant.number)));
        }
        if let Some(tenant) = self.tenant.as_ref().filter(|tenant| tenant.is_out_of_use()) {
            let (label, to) = match tenant.kind {
                TenantKind::Smart => (
                    "Smart Account properties",
                    format!("/sa/{}/account", tenant.number),
                ),
                TenantKind::Local => ("Account Properties", format!("/sa/{}/account", tenant.number)),
            };
            shell.flash.push(Flash {
                kind: FlashKind::Warn,
                text: matrix::out_of_use(tenant).to_owned(),
                link: Some((label.to_owned(), to)),
            });
        }
        // The sections of the cloud's menu are not those of an On-Prem server.
        let crumbs = between
            .iter()
            .filter(|crumb| crumb.href.is_some() || !edition.is_on_prem());
        shell.crumbs.extend(crumbs.map(|crumb| Crumb {
            label: match crumb.label.as_str() {
                "Virtual Accounts" => edition.say("Virtual Accounts").to_owned(),
                other => other.to_owned(),
            },
            href: crumb.href.clone(),
        }));
        shell.crumbs.push(Crumb::text(shell.title.clone()));
        shell
    }

    /// The shell of a list: what could not be used of its address is said above it.
    pub fn list_shell(&self, title: impl Into<String>, between: &[Crumb], list: &ListQuery) -> Shell {
        self.account_shell(title, between).with_dropped(list)
    }

    /// The same in the Admin Workspace of an On-Prem server.
    pub fn workspace_shell(&self, title: &str, list: &ListQuery) -> Shell {
        let mut shell = self.shell(title);
        shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text(title)];
        shell.with_dropped(list)
    }

    /// The name of a file with a list: what it is, of which Smart Account, and when.
    pub fn file_name(&self, what: &str) -> String {
        let domain = self
            .tenant
            .as_ref()
            .map(|t| match t.kind {
                TenantKind::Smart => format!("_{}", t.domain),
                TenantKind::Local => format!("_{}", t.number),
            })
            .unwrap_or_default();
        let now = self.portal.clock.now().utc();
        format!("{what}{domain}_{}.csv", now.format("%Y%m%dT%H%MZ"))
    }
}
