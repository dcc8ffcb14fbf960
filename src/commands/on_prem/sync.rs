//! Synchronization, as the dashboard and "Synchronisation" of the Admin Workspace do it.

use super::server::{Server, permit};
use super::{Done, Trouble, read_file, say, show, write_new};
use crate::authz::action::SynchronizeOnPrem;
use crate::http::widgets::counted;
use crate::kernel::Who;
use crate::local_accounts::{self, Schedule};
use std::path::Path;

fn who() -> Who {
    permit::<SynchronizeOnPrem>().who().clone()
}

impl Server {
    /// Writes a synchronization file.
    pub fn generate(&self, out: &Path) -> Done {
        if out.exists() {
            return Err(Trouble::Own(format!(
                "{} is there already. Name another file.",
                out.display()
            )));
        }
        let account = self.account()?;
        let (key, clock) = (self.key(&account)?, &self.inner.clock);
        let times = (clock.now(), clock.wall());
        let made = local_accounts::generate(&self.inner.db, &who(), times, account.id, &key)?;
        write_new(out, &made.bytes)?;
        say(&format!(
            "Written: {} (synchronization file {}, {}). Upload it in the cloud: Devices, Device Managers, Upload sync file. Then bring back the response file: sync apply FILE",
            out.display(),
            made.sequence,
            counted(made.devices, "product instance", "product instances")
        ))
    }

    /// Applies a response file.
    pub fn apply(&self, file: &Path) -> Done {
        let account = self.account()?;
        let bytes = read_file(file)?;
        let at = self.inner.clock.now();
        let applied = local_accounts::apply(&self.inner.db, &who(), at, account.id, &bytes)?;
        say(&show::applied(&applied))
    }

    /// Synchronizes over the network.
    pub fn now(&self) -> Done {
        let account = self.account()?;
        let key = self.key(&account)?;
        let inner = &self.inner;
        let applied = local_accounts::network(&inner.db, &inner.clock, &who(), account.id, &key, false)?;
        say(&show::applied(&applied))
    }

    /// Sets the schedule of the server: start, frequency, time; or none.
    pub fn schedule(&self, wanted: Option<(&str, &str, &str)>) -> Done {
        let wanted = wanted
            .map(|(start, frequency, time)| Schedule::typed(start, frequency, time))
            .transpose()?;
        let (who, at) = (who(), self.inner.clock.now());
        self.inner
            .db
            .write_now(|tx| local_accounts::set_schedule(tx, at, &who, wanted.as_ref()))?;
        say(&match wanted {
            Some(one) => format!(
                "{}. The served portal does it by itself; otherwise let a timer call \"sync run-due\" every few minutes.",
                show::schedule(&one, at)
            ),
            None => "The accounts do not synchronize by themselves any more.".to_owned(),
        })
    }

    /// Synchronizes those whose turn it is.
    pub fn run_due(&self) -> Done {
        let turns = local_accounts::run_due(&self.inner.db, &self.inner.clock, &self.inner.signing)?;
        if turns == 0 {
            return say("Nothing is due.");
        }
        self.status()
    }
}
