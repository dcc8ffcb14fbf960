//! Authorization codes of a device by policy, for enforced licenses: asked for over the network, or carried by hand like
//! those of reservations.

use super::client::Failed;
use super::policy::{of, trusted};
use super::state::{Aside, File, Reservation, State};
use super::{Done, Trouble, parse_needs, say};
use crate::devices::reservation::codes::{Authorization, return_code, sealed_to};
use crate::kernel::Moment;
use serde::Deserialize;
use serde_json::{Value, json};

/// `license smart authorization request add ENTITLEMENT[=N]... local|all`, or `request local`.
pub fn request(file: &File, state: &mut State, portal: Option<&str>, now: Moment, line: &[String]) -> Done {
    match line {
        [one] if one == "local" => by_hand(file, state),
        [add, licenses @ .., which] if add == "add" && !licenses.is_empty() && ["local", "all"].contains(&which.as_str()) => {
            online(file, state, portal, now, licenses)
        }
        _ => Err(
            "Say: license smart authorization request add ENTITLEMENT[=N] local, or license smart authorization request local"
                .to_owned()
                .into(),
        ),
    }
}

/// The request code of the device: the same one until it is answered.
fn request_code(state: &mut State) -> Result<String, String> {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    if policy.authorization.as_ref().is_some_and(Reservation::holds) {
        return Err(
            "The device has an authorization code. Return it first: license smart authorization return local"
                .to_owned(),
        );
    }
    let asked = Reservation::asked(policy.authorization.as_ref(), &pid, &serial)?;
    let request = asked.request.clone();
    policy.authorization = Some(asked);
    Ok(request)
}

/// Shows the code that is entered in the portal.
fn by_hand(file: &File, state: &mut State) -> Done {
    let request = request_code(state)?;
    file.write(state)?;
    say(&format!(
        "Enter this request code in the portal, at Generate license authorization:\n{request}"
    ))
}

/// What the portal says to a request.
#[derive(Deserialize)]
struct Said {
    state: String,
    authorization_code: String,
    code: String,
    says: String,
}

/// Sends what is asked for, or given back, to where the device is trusted.
fn ask(state: &mut State, portal: Option<&str>, body: &Value) -> Result<Said, Trouble> {
    let (client, credential) = trusted(state, portal)?;
    let (_, text) = client.post("/device/v1/authorization", Some(&credential), body)?;
    let said: Said = client.read(&text)?;
    if said.state == "refused" {
        return Err(Failed::Refused {
            code: said.code,
            says: said.says,
        }
        .into());
    }
    Ok(said)
}

/// Asks the cloud, or an On-Prem server, which has the answer after its synchronization: the same words again fetch it.
fn online(file: &File, state: &mut State, portal: Option<&str>, now: Moment, words: &[String]) -> Done {
    let needs = parse_needs(words)?;
    let request = request_code(state)?;
    // Kept before it is sent: if the answer is lost, the same request asks for the same code.
    file.write(state)?;
    let licenses: Vec<Value> = needs
        .iter()
        .map(|need| json!({ "entitlement": need.entitlement, "quantity": need.quantity }))
        .collect();
    let asked = ask(
        state,
        portal,
        &json!({ "request_code": request, "licenses": licenses }),
    );
    if let Err(Trouble::Theirs(Failed::Refused { .. })) = &asked {
        // Another try is another request.
        of(state)?.authorization = None;
        file.write(state)?;
    }
    let said = asked?;
    if said.state == "granted" {
        return install(file, state, now, &said.authorization_code);
    }
    say(
        "The request waits for the synchronization of the On-Prem server: say the same words again afterwards.",
    )
}

/// `license smart authorization return local online`: the portal has the code back, or has it after the synchronization of
/// the On-Prem server.
pub fn give_back_online(file: &File, state: &mut State, portal: Option<&str>) -> Done {
    let proof = returned(state)?;
    // Given up first: a code that may have come back elsewhere is not used here.
    file.write(state)?;
    let request = of(state)?
        .authorization
        .as_ref()
        .map(|one| one.request.clone())
        .unwrap_or_default();
    let said = ask(
        state,
        portal,
        &json!({ "request_code": request, "return_code": proof }),
    )?;
    say(if said.state == "returned" {
        "The authorization code was returned. Its licenses came back."
    } else {
        "The authorization code is given up. The return waits for the synchronization of the On-Prem server."
    })
}

/// `license smart authorization install CODE`: made for the request code, or for the serial number.
pub fn install(file: &File, state: &mut State, now: Moment, code: &str) -> Done {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    if policy.authorization.as_ref().is_some_and(Reservation::holds) {
        return Err(
            "The device has an authorization code. Return it first: license smart authorization return local"
                .to_owned()
                .into(),
        );
    }
    if policy.returned.contains(&code.to_owned()) {
        return Err(
            "This authorization code was returned. Generate another one in the portal."
                .to_owned()
                .into(),
        );
    }
    let by_serial = sealed_to(&pid, &serial);
    let request = policy
        .authorization
        .as_ref()
        .filter(|one| one.installed.is_none())
        .map(|one| one.request.clone());
    let read = request
        .as_deref()
        .and_then(|request| Authorization::read(code, request).ok())
        .map_or_else(|| Authorization::read(code, &by_serial), Ok)?;
    if read.pid != pid || read.serial != serial {
        return Err(format!(
            "The authorization code is for another device: PID:{},SN:{}.",
            read.pid, read.serial
        )
        .into());
    }
    let licenses: Vec<Aside> = read
        .licenses
        .into_iter()
        .map(|one| Aside {
            entitlement: one.entitlement,
            quantity: one.quantity,
            ends_at: one.ends_at,
        })
        .collect();
    let words = in_words(&licenses);
    policy.authorization = Some(Reservation {
        request: request.unwrap_or(by_serial),
        installed: Some((code.to_owned(), now)),
        licenses,
        confirmation: None,
        returned: None,
    });
    file.write(state)?;
    say(&format!(
        "The authorization code is installed. Authorized: {words}."
    ))
}

/// `license smart authorization return local`: the device gives its licenses up and proves it.
pub fn give_back(file: &File, state: &mut State) -> Done {
    let proof = returned(state)?;
    file.write(state)?;
    say(&format!(
        "The licenses are given up. Enter this return code in the portal, at the product instance:\n{proof}"
    ))
}

/// Gives the licenses up; the same proof each time.
fn returned(state: &mut State) -> Result<String, String> {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    let Some(held) = policy.authorization.as_mut() else {
        return Err("The device has no authorization code.".to_owned());
    };
    let Some((code, _)) = held.installed.clone() else {
        return Err("No authorization code was installed yet, so there is nothing to return.".to_owned());
    };
    let proof = return_code(&code, &pid, &serial);
    held.returned = Some(proof.clone());
    held.licenses.clear();
    if !policy.returned.contains(&code) {
        policy.returned.push(code);
    }
    Ok(proof)
}

fn in_words(licenses: &[Aside]) -> String {
    let words: Vec<String> = licenses
        .iter()
        .map(|one| format!("{}={}", one.entitlement, one.quantity))
        .collect();
    words.join(", ")
}

/// `show license authorization`.
pub fn shown(state: &State) -> String {
    let held = state
        .policy
        .as_ref()
        .and_then(|policy| policy.authorization.as_ref());
    match held {
        Some(one) if one.holds() => format!(
            "License Authorizations:\n  {}\n  Status: SMART AUTHORIZATION INSTALLED on {}\n  Authorized: {}",
            state.udi(),
            one.installed
                .as_ref()
                .map_or_else(String::new, |(_, at)| super::state::time(*at)),
            in_words(&one.licenses)
        ),
        Some(one) => match &one.returned {
            Some(code) => format!(
                "License Authorizations:\n  {}\n  Status: RETURNED\n  Return code: {code}",
                state.udi()
            ),
            None => format!(
                "License Authorizations:\n  {}\n  Status: REQUESTED\n  Request code: {}",
                state.udi(),
                one.request
            ),
        },
        None => format!(
            "License Authorizations:\n  {}\n  Status: NOT INSTALLED",
            state.udi()
        ),
    }
}
