//! What is asked of the cloud when an account is registered. Each function waits for an answer: it is called off the loop,
//! and never inside a transaction.

use super::model::LocalAccount;
use crate::kernel::search_key;
use crate::platform::outbound::{Client, Failed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A cloud in which somebody is signed in. The secret is not kept: the token stands for it for a short while.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// Address of the cloud.
    pub url: String,
    /// The access token.
    pub token: String,
    /// Number of the Smart Account.
    pub smart_account: i64,
    /// Whether the cloud knows this account as a device manager, so that it is registered again and not added.
    pub is_known: bool,
}

/// What the cloud tells of the Smart Account and the Virtual Account that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Number of the Smart Account.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
    /// Whether the Virtual Account is there already.
    pub has_place: bool,
}

/// Which field is wrong, and why.
pub type Complaint = (&'static str, String);

fn at(field: &'static str) -> impl Fn(Failed) -> Complaint {
    move |failed| (field, failed.says().to_owned())
}

fn items(answer: &Value) -> &[Value] {
    answer
        .get("items")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.get("number").and_then(Value::as_i64).unwrap_or_default()
}

/// Signs in with an API client of somebody of the cloud, and looks up what the account is to be registered with.
pub fn sign_in(
    account: &LocalAccount,
    url: &str,
    client_id: &str,
    client_secret: &str,
) -> Result<(SignedIn, Pulled), Complaint> {
    let client = Client::of(url).map_err(|says| ("cloud", says))?;
    let token = client
        .token(client_id, client_secret)
        .map_err(|failed| match failed {
            Failed::Refused(says) => ("client_id", says),
            Failed::Unreachable(says) => ("cloud", says),
        })?;
    let known = client.get(&token, "/api/v1/accounts").map_err(at("cloud"))?;
    let typed = search_key(&account.smart_account);
    let theirs: Vec<&Value> = items(&known)
        .iter()
        .filter(|one| {
            one.get("roles")
                .and_then(Value::as_array)
                .is_some_and(|roles| !roles.is_empty())
        })
        .collect();
    let found = theirs.iter().find(|one| {
        [text(one, "name"), text(one, "domain")]
            .iter()
            .any(|word| search_key(word) == typed)
            || number(one).to_string() == typed
    });
    let Some(found) = found else {
        let names: Vec<&str> = theirs.iter().take(5).map(|one| text(one, "name")).collect();
        let has = if names.is_empty() {
            "This person has access to no Cisco Smart Account in the cloud.".to_owned()
        } else {
            format!("This person has access to {}.", names.join(", "))
        };
        return Err((
            "client_id",
            format!(
                "There is no Cisco Smart Account {} in the cloud to which this person has access. {has} Sign in as somebody else, or reject the request and have it sent again with the right Cisco Smart Account.",
                account.smart_account
            ),
        ));
    };
    let mut pulled = Pulled {
        number: number(found),
        name: text(found, "name").to_owned(),
        domain: text(found, "domain").to_owned(),
        has_place: false,
    };
    let base = format!("/api/v1/accounts/{}", pulled.number);
    let places = client
        .get(&token, &format!("{base}/virtual-accounts"))
        .map_err(at("client_id"))?;
    let place = search_key(&account.virtual_account);
    pulled.has_place = items(&places)
        .iter()
        .any(|one| search_key(text(one, "name")) == place);
    let is_known = account.cloud.as_ref().is_some_and(|cloud| {
        client
            .get(&token, &format!("{base}/device-managers/{}", cloud.manager))
            .is_ok()
    });
    let signed_in = SignedIn {
        url: url.trim().trim_end_matches('/').to_owned(),
        token,
        smart_account: pulled.number,
        is_known,
    };
    Ok((signed_in, pulled))
}

/// Registers an account with its registration file; the answer is the text of the authorization file.
pub fn register(
    account: &LocalAccount,
    signed_in: &SignedIn,
    registration: &str,
    again: Option<&str>,
) -> Result<String, Failed> {
    let client = Client::of(&signed_in.url).map_err(Failed::Unreachable)?;
    let known = account
        .cloud
        .as_ref()
        .filter(|_| signed_in.is_known)
        .map(|cloud| cloud.manager);
    let (path, body) = match (again, known) {
        (Some(reason), Some(manager)) => (
            format!("device-managers/{manager}/re-register"),
            json!({ "registration": registration, "reason": reason }),
        ),
        _ => (
            "device-managers".to_owned(),
            json!({
                "name": account.name,
                "virtual_account": account.virtual_account,
                "registration": registration,
            }),
        ),
    };
    client.register(&signed_in.token, signed_in.smart_account, &path, &body)
}
