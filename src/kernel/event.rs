//! Everything that can happen in the portal, on one page.

use crate::kernel::ids::{SmartAccountId, VirtualAccountId};

crate::words! {
    /// What happened. The word is stable: filters, exports and scripts use it.
    pub enum Kind {
        /// Somebody came in.
        SignedIn = "person.signed-in", "Signed in";
        /// Somebody could not come in.
        SignInFailed = "person.sign-in-failed", "Sign-in failed";
        /// A session was ended by its owner.
        SignedOut = "person.signed-out", "Signed out";
        /// Another session was ended.
        SessionEnded = "person.session-ended", "Session ended";
        /// A password was changed by its owner.
        PasswordChanged = "person.password-changed", "Password changed";
        /// A link for a new password was asked for.
        PasswordResetAsked = "person.password-reset-asked", "Password reset requested";
        /// A new password was set through an emailed link.
        PasswordReset = "person.password-reset", "Password reset";
        /// The password was right, and a code of the second factor was asked for.
        SecondStepAsked = "person.second-step-asked", "Second step asked";
        /// A person comes in by an account of the identity provider from now on.
        ProviderLinked = "person.provider-linked", "Identity provider linked";
        /// A second factor was set up.
        SecondFactorSet = "person.second-factor-set", "Second factor set up";
        /// A second factor was removed, by its owner or for them.
        SecondFactorRemoved = "person.second-factor-removed", "Second factor removed";
        /// A person signs in with a passkey from now on.
        PasskeyAdded = "person.passkey-added", "Passkey added";
        /// A passkey was removed, by its owner or for them.
        PasskeyRemoved = "person.passkey-removed", "Passkey removed";
        /// New recovery codes were made.
        RecoveryCodesMade = "person.recovery-codes-made", "Recovery codes made";
        /// A recovery code was used.
        RecoveryCodeUsed = "person.recovery-code-used", "Recovery code used";
        /// A person came to be.
        PersonAdded = "person.added", "User account created";
        /// A person named themselves and set a password.
        InvitationAccepted = "person.invitation-accepted", "Invitation accepted";
        /// A person was changed.
        PersonChanged = "person.changed", "Profile changed";
        /// The password was given again, for something sensitive.
        PasswordConfirmed = "person.password-confirmed", "Password confirmed";
        /// Somebody was asked to set up their user account.
        Invited = "person.invited", "Invitation sent";
        /// A person may no longer sign in, or may again.
        PersonState = "person.state", "User account enabled or disabled";
        /// A key for scripts was made.
        ClientAdded = "api-client.added", "API client created";
        /// A key for scripts was ended.
        ClientEnded = "api-client.ended", "API client revoked";
        /// An access token was handed out.
        TokenIssued = "api-client.token-issued", "Access token issued";
        /// The portal goes by other signing keys from now on.
        KeyReplaced = "portal.key-replaced", "Signing keys replaced";
        /// Somebody tried what they may not.
        Denied = "access.denied", "Access denied";
        /// A Smart Account came to be.
        AccountCreated = "smart-account.created", "Smart Account created";
        /// A Smart Account became Active.
        AccountActivated = "smart-account.activated", "Smart Account activated";
        /// The properties of a Smart Account were changed.
        AccountChanged = "smart-account.changed", "Smart Account properties changed";
        /// A Virtual Account came to be.
        VirtualAccountCreated = "virtual-account.created", "Virtual Account created";
        /// A Virtual Account was changed.
        VirtualAccountChanged = "virtual-account.changed", "Virtual Account changed";
        /// A Virtual Account was put below another, or at the top level.
        VirtualAccountMoved = "virtual-account.moved", "Parent Account changed";
        /// Another Virtual Account became the default one.
        VirtualAccountDefault = "virtual-account.default", "Default Virtual Account changed";
        /// A Virtual Account was deleted.
        VirtualAccountDeleted = "virtual-account.deleted", "Virtual Account deleted";
        /// A Smart Account was deactivated.
        AccountDeactivated = "smart-account.deactivated", "Smart Account deactivated";
        /// A Smart Account became Active again.
        AccountReactivated = "smart-account.reactivated", "Smart Account reactivated";
        /// Another Account Domain Identifier was asked for.
        DomainChangeAsked = "domain-change.requested", "Domain change requested";
        /// A Domain approver agreed with another Account Domain Identifier.
        DomainChangeApproved = "domain-change.approved", "Domain change approved";
        /// A Domain approver did not agree.
        DomainChangeDenied = "domain-change.denied", "Domain change denied";
        /// Whoever asked took it back.
        DomainChangeWithdrawn = "domain-change.withdrawn", "Domain change withdrawn";
        /// A role was given.
        RoleGranted = "role.granted", "Role granted";
        /// A role was taken back.
        RoleRemoved = "role.removed", "Role removed";
        /// A Smart Account was asked for.
        RequestSent = "account-request.sent", "Smart Account requested";
        /// The domain of a request was approved.
        RequestDomainGiven = "account-request.domain-approved", "Account Domain Identifier approved";
        /// A request was handed to another person.
        RequestForwarded = "account-request.forwarded", "Request forwarded";
        /// A request was approved.
        RequestApproved = "account-request.approved", "Request approved";
        /// A request was denied.
        RequestDenied = "account-request.denied", "Request denied";
        /// A request was taken back.
        RequestWithdrawn = "account-request.withdrawn", "Request withdrawn";
        /// Nobody decided a request in time.
        RequestExpired = "account-request.expired", "Request expired";
        /// Those who were asked were reminded.
        RequestReminded = "account-request.reminded", "Reminder sent";
        /// Access was asked for.
        AccessRequested = "access-request.sent", "Access requested";
        /// Access was given to somebody who asked.
        AccessApproved = "access-request.approved", "Access request approved";
        /// Access was not given to somebody who asked.
        AccessDeclined = "access-request.declined", "Access request declined";
        /// A request for access was taken back.
        AccessWithdrawn = "access-request.withdrawn", "Access request withdrawn";
        /// Nobody decided a request for access in time.
        AccessExpired = "access-request.expired", "Access request expired";
        /// The person was given access otherwise.
        AccessSuperseded = "access-request.superseded", "Access request superseded";
        /// Those who can decide a request for access were reminded.
        AccessReminded = "access-request.reminded", "Access request reminder sent";
        /// How requests for access are handled by themselves was changed.
        AccessAutomation = "access-request.automation", "Access request Automation settings changed";
        /// Somebody decides in another's stead for a while.
        AccessDelegated = "access-request.delegated", "Access decisions delegated";
        /// Somebody no longer decides in another's stead.
        AccessDelegationEnded = "access-request.delegation-ended", "Delegation ended";
        /// A letter could not be delivered.
        LetterGivenUp = "mail.given-up", "E-mail given up";
        /// A letter was queued once more.
        LetterRetried = "mail.retried", "E-mail queued again";
        /// Somebody began to see the portal as another role would.
        PreviewStarted = "view-as.started", "View as started";
        /// They see it with their own eyes again.
        PreviewEnded = "view-as.ended", "View as ended";
        /// The lab's clock was moved, stopped or started.
        ClockMoved = "lab.clock", "Clock changed";
        /// A scenario was loaded.
        ScenarioLoaded = "lab.scenario", "Scenario loaded";
        /// Data was taken out as a file.
        Exported = "export", "Exported as CSV";
        /// A link for making the first operator was printed.
        SetUpLinkMade = "portal.set-up-link", "Set-up link printed";
        /// The first operator was made.
        SetUp = "portal.set-up", "Portal set up";
        /// A list of people was added.
        UsersAdded = "users.added", "Users added";
        /// A person lost everything that they held in a Smart Account.
        UserRemoved = "user.removed", "User removed";
        /// A person left a Smart Account.
        UserLeft = "user.left", "User left";
        /// A user group came to be.
        GroupCreated = "user-group.created", "User group created";
        /// Name, description, role or Virtual Accounts of a user group were changed.
        GroupChanged = "user-group.changed", "User group changed";
        /// A user group was deleted.
        GroupDeleted = "user-group.deleted", "User group deleted";
        /// A person came into a user group.
        GroupJoined = "user-group.joined", "Added to user group";
        /// A person went out of a user group.
        GroupLeft = "user-group.left", "Removed from user group";
        /// A message was sent to everybody in a user group.
        GroupWritten = "user-group.message", "Message sent to user group";
        /// A user group asked for access to another Smart Account.
        GroupAsked = "user-group.requested", "Access requested for user group";
        /// A user group of another Smart Account was let in.
        GroupLetIn = "user-group.granted", "Access granted to external user group";
        /// A request of a user group was declined or taken back.
        GroupNotLetIn = "user-group.not-granted", "Access request of user group closed";
        /// The access of a user group to another Smart Account ended.
        GroupPutOut = "user-group.ended", "Access of external user group ended";
        /// An order came in.
        OrderReceived = "order.received", "Order received";
        /// The assignment of an order was asked for.
        OrderRequested = "order.assignment-requested", "Order assignment requested";
        /// An order, or some of its lines, reached the account to which it was assigned.
        OrderAssigned = "order.assigned", "Order assigned";
        /// Lines of an order wait for their Smart Account to become Active.
        OrderHeld = "order.held", "Smart Account Hold";
        /// They wait no longer.
        OrderReleased = "order.released", "Smart Account Hold released";
        /// Lines of an order could not be assigned.
        OrderFailed = "order.assignment-failed", "Order assignment failed";
        /// A file of orders was taken in.
        OrdersImported = "orders.imported", "Orders imported";
        /// Licenses came into a Virtual Account.
        LicensesAdded = "licenses.added", "Licenses added";
        /// Licenses were taken out of a Virtual Account again: their line goes elsewhere.
        LicensesTakenBack = "licenses.taken-back", "Licenses taken back";
        /// Licenses went from one Virtual Account to another.
        LicensesTransferred = "licenses.transferred", "Licenses transferred";
        /// The tags of licenses were changed.
        LicensesTagged = "licenses.tagged", "License tags changed";
        /// More licenses are used in a Virtual Account than there are.
        LicensesShort = "licenses.out-of-compliance", "Insufficient Licenses";
        /// There are enough again.
        LicensesEnough = "licenses.in-compliance", "In Compliance";
        /// The term of licenses ended.
        LicensesExpired = "licenses.expired", "Licenses expired";
        /// Licenses were set aside for a device.
        LicensesReserved = "licenses.reserved", "Licenses reserved";
        /// What was set aside for a device came back.
        ReservationReturned = "licenses.reservation-returned", "Reserved licenses returned";
        /// What is set aside for a device is to be more, or less, once the device confirms it.
        ReservationUpdated = "licenses.reservation-updated", "Reserved licenses updated";
        /// The device has confirmed it.
        ReservationConfirmed = "licenses.reservation-confirmed", "Update of reserved licenses confirmed";
        /// What was set aside for a failed device went to its replacement.
        ReservationRehosted = "licenses.reservation-rehosted", "Reserved licenses rehosted";
        /// What was set aside for a device that can return nothing was freed under a case.
        ReservationRemoved = "licenses.reservation-removed", "Reservation removed under a case";
        /// A registration token was made.
        RegistrationTokenCreated = "registration-token.created", "Registration token generated";
        /// A registration token opens nothing any more.
        RegistrationTokenRevoked = "registration-token.revoked", "Registration token revoked";
        /// A registration token was looked at, to be copied or downloaded.
        RegistrationTokenShown = "registration-token.shown", "Registration token copied";
        /// A device registered.
        DeviceRegistered = "device.registered", "Product instance registered";
        /// A device uses other licenses than before.
        DeviceReported = "device.reported", "License usage reported";
        /// A device renewed its registration.
        DeviceRenewed = "device.renewed", "Registration renewed";
        /// A device deregistered itself.
        DeviceDeregistered = "device.deregistered", "Product instance deregistered";
        /// A device was put into another Virtual Account.
        DeviceMoved = "device.transferred", "Product instance transferred";
        /// A device was removed by somebody.
        DeviceRemoved = "device.removed", "Product instance removed";
        /// Nothing was heard of a device for a month.
        DeviceSilent = "device.failed-to-connect", "Product instance failed to connect";
        /// Nothing was heard of a device for so long that its licenses are free again.
        DeviceReleased = "device.authorization-expired", "Authorization expired";
        /// Nothing was heard of a device for a year: it is registered no more.
        DeviceExpired = "device.registration-expired", "Registration expired";
        /// A silent device called again.
        DeviceBack = "device.connected", "Product instance connected again";
        /// A device that reports by policy became known.
        DeviceAdded = "device.added", "Product instance by policy added";
        /// What a device by policy reported was acknowledged to it.
        UsageAcknowledged = "device.usage-acknowledged", "License usage acknowledged";
        /// The day of a device's next report has come.
        ReportDue = "device.report-due", "Usage report due";
        /// It has long passed.
        ReportOverdue = "device.report-overdue", "Usage report overdue";
        /// A file of usage reports was taken in.
        UsageFileUploaded = "usage-file.uploaded", "Usage data file uploaded";
        /// A device by policy of an On-Prem server asked the cloud for such a code.
        AuthorizationCodeRequested = "authorization-code.requested", "License authorization requested";
        /// A code was made with which a device by policy may use enforced licenses.
        AuthorizationCodeGenerated = "authorization-code.generated", "License authorization generated";
        /// It came back.
        AuthorizationCodeReturned = "authorization-code.returned", "License authorization returned";
        /// How often devices by policy report was changed.
        ReportingPolicyChanged = "reporting-policy.changed", "Reporting policy changed";
        /// A local account of an On-Prem server was asked for.
        LocalRequested = "local-account.requested", "On-Prem account requested";
        /// It was taken over from a file of the command.
        LocalAdopted = "local-account.adopted", "On-Prem account taken over";
        /// It was registered with the cloud.
        LocalRegistered = "local-account.registered", "On-Prem account registered";
        /// Its registration began, waits for a file, or did not come about.
        LocalRegistration = "local-account.registration", "On-Prem account registration";
        /// Its request was rejected.
        LocalRejected = "local-account.rejected", "On-Prem account rejected";
        /// It was deactivated.
        LocalDeactivated = "local-account.deactivated", "On-Prem account deactivated";
        /// It became Active again.
        LocalActivated = "local-account.activated", "On-Prem account activated";
        /// It was deleted.
        LocalDeleted = "local-account.deleted", "On-Prem account deleted";
        /// Its properties were changed.
        LocalChanged = "local-account.changed", "On-Prem account changed";
        /// A synchronization file was made.
        LocalFileMade = "local-sync.generated", "Synchronization file generated";
        /// A response was applied.
        LocalSynchronized = "local-sync.applied", "Synchronization Successful";
        /// A response was refused, or the cloud did not answer.
        LocalSyncFailed = "local-sync.failed", "Synchronization failed";
        /// When accounts synchronize by themselves was changed.
        LocalSchedule = "local-sync.schedule", "Scheduled sync changed";
        /// A user of the server was added, changed or removed.
        SystemUserChanged = "system-user.changed", "User changed";
        /// A copy of the database was made.
        ServerBackedUp = "server.backed-up", "Backup made";
        /// The database was put back from a copy.
        ServerRestored = "server.restored", "Backup restored";
        /// The first events of a strand of the record went into the archive.
        RecordArchived = "record.archived", "Record archived";
        /// What was kept long enough was removed.
        ServerRemovedOld = "server.removed-old", "Old data removed";
        /// A setting of the server was changed.
        ServerChanged = "server.changed", "Server settings changed";
        /// What somebody is told by mail was changed.
        NotificationsChanged = "notifications.changed", "Notification settings changed";
        /// Additional addresses were added or removed.
        NotificationAddresses = "notifications.addresses", "Additional Email Addresses changed";
        /// A snapshot of the lab was taken.
        LabSnapshot = "lab.snapshot", "Snapshot taken";
        /// The lab was made what it was when a snapshot was taken.
        LabRestored = "lab.restored", "Snapshot restored";
        /// A snapshot was deleted.
        LabSnapshotDeleted = "lab.snapshot-deleted", "Snapshot deleted";
        /// A fault rule was added, or rules were removed.
        LabFaults = "lab.faults", "Fault rules changed";
        /// Throw-away tenants were made or removed.
        LabTenants = "lab.tenants", "Throw-away tenants changed";
        /// The last requests of API clients are kept, or no longer; or one was carried out again.
        LabRequests = "lab.requests", "Requests kept or replayed";
        /// A graded lab was begun, went on or ended; or labs and those who teach them were changed.
        LabGraded = "lab.graded", "Graded labs";
        /// How assignments complete in the lab was changed.
        LabOrders = "lab.orders", "Order settings changed";
        /// An account wants to be told of its events at an address.
        WebhookAdded = "webhook.added", "Webhook added";
        /// Name, address or kinds of a webhook were changed, or it was switched on or off.
        WebhookChanged = "webhook.changed", "Webhook changed";
        /// A webhook signs with another secret.
        WebhookSecret = "webhook.secret-rotated", "Webhook secret rotated";
        /// A webhook was removed.
        WebhookRemoved = "webhook.removed", "Webhook removed";
        /// Events are told once more.
        WebhookReplayed = "webhook.replayed", "Webhook deliveries replayed";
        /// Somebody wants to see whether a webhook arrives.
        WebhookTested = "webhook.tested", "Webhook tested";
        /// A webhook was tried often enough, and nobody took it.
        WebhookGivenUp = "webhook.given-up", "Webhook delivery given up";
        /// An On-Prem server was registered.
        ManagerAdded = "device-manager.added", "Device manager added";
        /// It was registered again, with a new key.
        ManagerAgain = "device-manager.registered-again", "Device manager registered again";
        /// It has another name.
        ManagerRenamed = "device-manager.renamed", "Device manager renamed";
        /// It was removed by somebody.
        ManagerRemoved = "device-manager.removed", "Device manager removed";
        /// It was lost, and removed with its product instances.
        ManagerLost = "device-manager.lost", "Lost device manager removed";
        /// It did not synchronize for a month.
        ManagerOverdue = "device-manager.overdue", "Synchronization overdue";
        /// It did not synchronize for so long that it was removed.
        ManagerExpired = "device-manager.expired", "Device manager failed to sync and removed";
        /// A synchronization file was uploaded and waits for Submit.
        SyncUploaded = "sync.uploaded", "Synchronization file uploaded";
        /// A large file was submitted, and a job applies it.
        SyncSubmitted = "sync.submitted", "Synchronization file submitted";
        /// A file that waited was withdrawn, or a newer one took its place.
        SyncWithdrawn = "sync.withdrawn", "Synchronization file withdrawn";
        /// A file was applied.
        SyncApplied = "sync.applied", "File synchronization";
        /// The same over the network.
        SyncAppliedByNetwork = "sync.applied-network", "Synchronized via network";
        /// A file was refused.
        SyncRefused = "sync.refused", "Synchronization failed";
    }
}

impl Kind {
    /// Whether it is one of these kinds, with spaces between them. `licenses.*` stands for all that begin so, no kind at
    /// all for every one.
    pub fn is_among(self, kinds: &str) -> bool {
        let mut named = kinds.split_whitespace().peekable();
        named.peek().is_none()
            || named.any(|one| match one.strip_suffix('*') {
                Some(group) => self.word().starts_with(group),
                None => self.word() == one,
            })
    }
}

crate::words! {
    /// How it ended.
    pub enum Outcome {
        /// It was done.
        Done = "done", "Done";
        /// A rule or a missing right said no.
        Refused = "refused", "Refused";
        /// It was tried and did not work.
        Failed = "failed", "Failed";
    }
}

/// One thing that happened, about to be recorded.
#[derive(Debug, Clone)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// In which Smart Account; none for what belongs to no tenant.
    pub account: Option<SmartAccountId>,
    /// In which Virtual Account.
    pub virtual_account: Option<VirtualAccountId>,
    /// One sentence for people.
    pub message: String,
    /// Which thing: its id or reference.
    pub about: String,
    /// What was before and after, and other facts. Never a secret.
    pub detail: serde_json::Value,
}

impl Event {
    /// Something that belongs to no tenant.
    pub fn new(kind: Kind, about: impl ToString, message: impl Into<String>) -> Self {
        Self {
            kind,
            outcome: Outcome::Done,
            account: None,
            virtual_account: None,
            message: message.into(),
            about: about.to_string(),
            detail: serde_json::Value::Null,
        }
    }
    /// Something in a Smart Account.
    #[must_use]
    pub fn within(mut self, account: SmartAccountId) -> Self {
        self.account = Some(account);
        self
    }
    /// Something in one of its Virtual Accounts.
    #[must_use]
    pub fn in_virtual_account(mut self, id: VirtualAccountId) -> Self {
        self.virtual_account = Some(id);
        self
    }
    /// What was before and what is now.
    #[must_use]
    pub fn changed(mut self, before: &impl serde::Serialize, after: &impl serde::Serialize) -> Self {
        self.detail = serde_json::json!({ "before": before, "after": after });
        self
    }
    /// Other facts.
    #[must_use]
    pub fn with(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
    /// It did not come about.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_among_those_that_are_named_and_among_all() {
        assert!(Kind::LicensesShort.is_among("") && Kind::LicensesShort.is_among("  "));
        assert!(Kind::LicensesShort.is_among("order.received licenses.out-of-compliance"));
        assert!(Kind::LicensesShort.is_among("licenses.*") && !Kind::OrderReceived.is_among("licenses.*"));
        assert!(!Kind::LicensesShort.is_among("licenses."));
    }
}
