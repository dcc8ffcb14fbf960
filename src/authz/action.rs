//! Everything that one may be allowed to do: one line each.

/// Over what an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// One Smart Account, named in the address of the page.
    Account,
    /// Something that belongs to no Smart Account; a role in any of them counts.
    Anywhere,
    /// The portal itself.
    Platform,
}

/// Marks the type of an action, so that a permit for one cannot be taken for another.
pub trait Does: Send + Sync + Sized + 'static {
    /// Which.
    const ACTION: Action;
}

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident($over:ident): $words:literal $(, $sensitive:ident)?;)+) => {
        /// An action, as the matrix and the lists of routes name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$meta])* $name,)+ }

        impl Action {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// Its name in code.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => stringify!($name),)+ } }
            /// The action with this name, or with these words.
            pub fn named(typed: &str) -> Option<Self> {
                let typed = typed.trim();
                Self::ALL.iter().copied().find(|one| {
                    one.name().eq_ignore_ascii_case(typed) || one.words().eq_ignore_ascii_case(typed)
                })
            }
            /// Words that follow "may" and "may not".
            pub const fn words(self) -> &'static str { match self { $(Self::$name => $words,)+ } }
            /// Over what it reaches.
            pub const fn over(self) -> Over { match self { $(Self::$name => Over::$over,)+ } }
            /// Whether the password must have been given a short while ago.
            pub const fn needs_fresh_sign_in(self) -> bool { match self { $(Self::$name => actions!(@fresh $($sensitive)?),)+ } }
        }

        $($(#[$meta])* #[derive(Debug, Clone, Copy)] pub struct $name;
          impl Does for $name { const ACTION: Action = Action::$name; })+
    };
    (@fresh fresh) => { true };
    (@fresh) => { false };
}

actions! {
    /// See the directory and search for Smart Accounts, under the Restricted rule.
    ViewDirectory(Anywhere): "view the directory of Smart Accounts";
    /// Ask for a Smart Account for a customer.
    RequestForCustomer(Anywhere): "request a Smart Account for a customer";
    /// Ask for a Smart Account for one's own organisation.
    CreateOwnAccount(Anywhere): "create a Smart Account";
    /// See the requests that one has sent or was asked to decide.
    ViewAccountRequests(Anywhere): "view Smart Account requests";
    /// Decide the requests that one was asked to decide.
    DecideAccountRequest(Anywhere): "decide a pending Smart Account request";
    /// Ask for access to a Smart Account.
    RequestAccess(Anywhere): "request access to a Smart Account";
    /// Open a Smart Account and see its properties.
    ViewAccount(Account): "view this Smart Account";
    /// See the portal of this account as another role would.
    ViewAs(Account): "preview the portal as another role";
    /// Change its properties.
    EditAccount(Account): "edit Smart Account properties";
    /// Take the account out of use, or into use again.
    ChangeAccountState(Account): "deactivate or reactivate this Smart Account", fresh;
    /// Accept agreements.
    AcceptAgreements(Account): "accept agreements";
    /// See who holds which role.
    ViewUsers(Account): "view users";
    /// Add, change and remove users.
    ManageUsers(Account): "manage users", fresh;
    /// Give the Approver role.
    AssignApprover(Account): "assign the Approver role", fresh;
    /// Say whether an account opens only to those who sign in with a second factor.
    RequireSecondFactor(Account): "require a second factor", fresh;
    /// Make and change user groups.
    ManageGroups(Account): "manage user groups";
    /// Make a Virtual Account at the top level.
    CreateTopVirtualAccount(Account): "create a top level Virtual Account";
    /// Make a Virtual Account below another.
    CreateNestedVirtualAccount(Account): "create a nested Virtual Account";
    /// See Virtual Accounts.
    ViewVirtualAccounts(Account): "view Virtual Accounts";
    /// Change a Virtual Account.
    EditVirtualAccount(Account): "edit Virtual Accounts";
    /// Delete a Virtual Account.
    DeleteVirtualAccount(Account): "delete Virtual Accounts";
    /// See requests for access, and how they are handled.
    ViewAccessRequests(Account): "view access requests";
    /// Decide requests for access.
    DecideAccess(Account): "approve or decline access requests";
    /// Change how requests for access are handled by themselves.
    AutomateAccess(Account): "change access request Automation settings";
    /// See licences, devices and orders.
    ViewInventory(Account): "view licenses, devices and orders";
    /// Move licences and devices.
    Transfer(Account): "transfer licenses and devices";
    /// Change the tags of licences.
    TagLicenses(Account): "manage license tags";
    /// Make and revoke registration tokens.
    ManageTokens(Account): "generate or revoke tokens";
    /// Reserve licences.
    ReserveLicenses(Account): "reserve licenses";
    /// Report what devices by policy use, over the API or by file.
    ReportUsage(Account): "report license usage";
    /// Change how often devices by policy report.
    EditReportingPolicy(Account): "change the reporting policy";
    /// Remove a device.
    RemoveDevice(Account): "remove a device";
    /// Set an On-Prem account up.
    AuthorizeOnPrem(Account): "set up an On-Prem account";
    /// Exchange sync files.
    Synchronize(Account): "upload sync files and download response files";
    /// Remove a device manager.
    RemoveDeviceManager(Account): "remove a device manager";
    /// Assign an order.
    AssignOrder(Account): "assign orders";
    /// Read the event log.
    ViewEvents(Account): "view the event log";
    /// Follow the chain of the event log, and take all of it out.
    ViewRecord(Account): "verify and export the record";
    /// Change additional notification addresses.
    EditNotificationAddresses(Account): "change additional notification addresses";
    /// Say where the account is told of its events.
    ManageWebhooks(Account): "manage webhooks";
    /// See the local accounts of an On-Prem server that one may see.
    ViewOnPremAccounts(Anywhere): "view On-Prem accounts";
    /// Ask for a local account.
    RequestOnPremAccount(Anywhere): "request an On-Prem account";
    /// Open the Admin Workspace of an On-Prem server.
    ViewAdminWorkspace(Platform): "open the Admin Workspace";
    /// Approve, register and reject local accounts; deactivate, activate, delete and re-register them.
    ManageOnPremAccounts(Platform): "approve, register, deactivate or delete On-Prem accounts";
    /// Synchronize local accounts with the cloud, by network, file and schedule.
    SynchronizeOnPrem(Platform): "synchronize On-Prem accounts";
    /// Add, change and remove the users of an On-Prem server.
    ManageSystemUsers(Platform): "manage the users of this server", fresh;
    /// Change settings, security rules and API clients of an On-Prem server.
    ConfigureServer(Platform): "change the settings of this server";
    /// Approve the domain of a requested Smart Account.
    ApproveDomain(Platform): "approve Account Domain Identifiers";
    /// Look after the installation.
    Operate(Platform): "operate this installation";
    /// Say who may no longer sign in, and who may again.
    ManagePeople(Platform): "disable and enable user accounts", fresh;
    /// Move the lab's clock.
    ControlClock(Platform): "control the clock";
    /// See the graded labs that there are, and how one fares oneself.
    ViewLabs(Anywhere): "view one's own graded labs";
    /// Begin and end them, and take hints.
    TakeLabs(Anywhere): "take graded labs";
    /// See how all learners fare, and add and remove labs.
    TeachLabs(Platform): "teach graded labs";
}
