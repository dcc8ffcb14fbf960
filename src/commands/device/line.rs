//! The words of the command line, as a device of the vendor has them.

use super::{fleet, state};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// A simulated device.
#[derive(Args)]
pub struct DeviceArgs {
    /// The file in which the device keeps what it knows.
    #[arg(long, global = true, default_value = state::FILE)]
    pub(super) state: PathBuf,
    /// Address of the portal. A registered device goes on with the one where it registered.
    #[arg(long, global = true)]
    pub(super) portal: Option<String>,
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Subcommand)]
pub(super) enum What {
    /// What the real ones call "license smart ...".
    License {
        #[command(subcommand)]
        smart: License,
    },
    /// Shows how it stands.
    Show {
        #[command(subcommand)]
        what: Show,
    },
    /// Where it calls: call-home profile CiscoTAC-1 destination address http ADDRESS.
    CallHome {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// How it trusts: crypto pki trustpoint SLA-TrustPoint revocation-check none.
    Crypto {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// Says which licenses it needs: ENTITLEMENT or ENTITLEMENT=NUMBER, each; "none" for none. A registered device
    /// reports it at once.
    Use {
        /// The licenses.
        #[arg(required = true, value_name = "ENTITLEMENT[=N]")]
        licenses: Vec<String>,
    },
    /// Makes another device of it: a file that is there already is kept, unless "force" is said.
    Init {
        /// Product id.
        #[arg(long)]
        pid: Option<String>,
        /// Serial number.
        #[arg(long)]
        serial: Option<String>,
        /// Host name.
        #[arg(long)]
        hostname: Option<String>,
        /// What kind of product it is.
        #[arg(long)]
        product: Option<String>,
        /// Which software it runs.
        #[arg(long)]
        software: Option<String>,
        /// In place of the file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Registers and reports many devices at once, and prints how fast it went.
    Fleet(fleet::FleetArgs),
}

#[derive(Subcommand)]
pub(super) enum License {
    /// Smart Licensing.
    Smart {
        #[command(subcommand)]
        what: Smart,
    },
}

#[derive(Subcommand)]
pub(super) enum Smart {
    /// Registers with a token: register idtoken TOKEN [force].
    Register {
        /// The word "idtoken".
        #[arg(value_parser = ["idtoken"])]
        idtoken: String,
        /// A registration token of a Virtual Account.
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// The word "force": takes the place of an older registration.
        #[arg(value_parser = ["force"])]
        force: Option<String>,
    },
    /// Ends the registration. What was used is free again.
    Deregister,
    /// Renews: "auth" reports what is used and asks for authorization, "id" renews the certificate.
    Renew {
        /// auth or id.
        #[arg(value_parser = ["auth", "id"])]
        what: String,
    },
    /// How it reports by policy: smart, to the cloud; cslu, to an On-Prem server; or off, by file alone.
    Transport {
        /// smart, cslu or off.
        #[arg(value_parser = ["smart", "cslu", "off"])]
        kind: String,
    },
    /// Where it reports by policy: url smart ADDRESS, url cslu ADDRESS, or url default.
    Url {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// Lets the portal trust it, so that it can report by policy: trust idtoken TOKEN local|all [force].
    Trust {
        /// The word "idtoken".
        #[arg(value_parser = ["idtoken"])]
        idtoken: String,
        /// A registration token of a Virtual Account.
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// local or all: a simulated device is one alone.
        #[arg(value_parser = ["local", "all"])]
        which: String,
        /// The word "force": takes the place of an older trust or registration.
        #[arg(value_parser = ["force"])]
        force: Option<String>,
    },
    /// Reports what it uses by policy: sync all.
    Sync {
        /// all or local: a simulated device is one alone.
        #[arg(value_parser = ["all", "local"])]
        which: String,
    },
    /// Saves what it uses as a file to upload: save usage all file PATH.
    Save {
        /// The word "usage".
        #[arg(value_parser = ["usage"])]
        usage: String,
        /// The word "all".
        #[arg(value_parser = ["all"])]
        all: String,
        /// The word "file".
        #[arg(value_parser = ["file"])]
        file: String,
        /// The file.
        path: PathBuf,
    },
    /// Takes an acknowledgement in that was downloaded from the portal.
    Import {
        /// The file.
        path: PathBuf,
    },
    /// The authorization code of a device by policy, for enforced licenses.
    Authorization {
        #[command(subcommand)]
        what: Authorize,
    },
    /// Licenses that are reserved for a device that never calls.
    Reservation {
        #[command(subcommand)]
        what: Reserve,
    },
}

#[derive(Subcommand)]
pub(super) enum Authorize {
    /// Asks for an authorization code: request add ENTITLEMENT[=N]... local, over the network; request local, with a request
    /// code to enter in the portal.
    Request {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// Installs the authorization code that the portal generated.
    Install {
        /// The code.
        code: String,
    },
    /// Gives the licenses up: return local online, over the network; return local, with a return code to enter in the portal.
    Return {
        /// local or all: a simulated device is one alone.
        #[arg(value_parser = ["local", "all"])]
        which: String,
        /// The word "online".
        #[arg(value_parser = ["online"])]
        online: Option<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum Reserve {
    /// Shows the request code to enter in the portal: request local.
    Request {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
    /// Installs the authorization code that the portal gave.
    Install {
        /// The code.
        code: String,
    },
    /// Gives the licenses up and shows the return code to enter in the portal: return local.
    Return {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Show {
    /// Of the licenses.
    License {
        /// status, usage, summary, authorization, all, or rum.
        #[arg(value_parser = ["status", "usage", "summary", "authorization", "all", "rum"])]
        what: String,
        /// After rum: id all.
        rest: Vec<String>,
    },
    /// What kind of device it is.
    Version,
    /// Where it calls.
    CallHome,
}
