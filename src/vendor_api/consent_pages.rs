//! The grant with a code: a script sends a person's browser here, the person lets it in, and the browser goes back to the
//! script with a code (RFC 6749, section 4.1). Of the vendor's addresses this is the one that people open: it leads to a page.

use crate::authn::{api_client, people};
use crate::error::{Error, Problems, Result};
use crate::http::{Answer, FormState, Posted, Public, Routes, Shell, SignedIn, form, page, reply};
use crate::kernel::Moment;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;
use url::{Host, Url};

/// The page; the vendor's address leads to it.
const PAGE: &str = "/authorize";

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::GET,
        "/as/authorization.oauth2",
        "Where a script sends the browser of a person who is to let it in: leads to a page of the portal.",
        lead,
    );
    routes.get(PAGE, show);
    routes.post(PAGE, decide);
}

#[derive(Template)]
#[template(path = "vendor_api/consent.html")]
struct ConsentView {
    shell: Shell,
    form: FormState,
    client: String,
    owner: String,
    /// Where the browser goes afterwards.
    place: String,
}

/// What a script says of itself.
struct Asked {
    client: String,
    back: Url,
    state: String,
}

async fn lead(visit: Public) -> Answer {
    let base = &visit.portal.config.base_url;
    Ok(reply::redirect(&format!("{base}{PAGE}?{}", visit.query)))
}

/// Where a code may be sent: to the machine of the person, in a lab also elsewhere.
fn back(text: &str, is_lab: bool) -> Result<Url> {
    let wrong = |says: &'static str| Error::BadRequest(says.into());
    let url = Url::parse(text).map_err(|_| wrong("redirect_uri is no address."))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.fragment().is_some() {
        return Err(wrong(
            "redirect_uri is an address that begins with http:// or https://, without a fragment.",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("redirect_uri names no user."));
    }
    if !is_lab && !is_here {
        return Err(wrong(
            "redirect_uri leads to another machine than the one of the person. Use http://localhost.",
        ));
    }
    Ok(url)
}

impl Asked {
    fn of(client: &str, back_to: &str, state: &str, is_lab: bool) -> Result<Self> {
        Ok(Self {
            client: client.trim().to_owned(),
            back: back(back_to.trim(), is_lab)?,
            state: state.to_owned(),
        })
    }
    fn from_query(who: &SignedIn) -> Result<Self> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(who.query.as_bytes())
            .into_owned()
            .collect();
        let of = |name: &str| {
            pairs
                .iter()
                .find(|(known, _)| known == name)
                .map_or("", |(_, value)| value.as_str())
        };
        if of("response_type") != "code" {
            return Err(Error::BadRequest("The response_type is code.".into()));
        }
        Self::of(
            of("client_id"),
            of("redirect_uri"),
            of("state"),
            who.portal.config.is_lab(),
        )
    }
    /// The address with what the script is told.
    fn told(mut self, name: &str, value: &str) -> Url {
        self.back.query_pairs_mut().append_pair(name, value);
        if !self.state.is_empty() {
            self.back.query_pairs_mut().append_pair("state", &self.state);
        }
        self.back
    }
}

/// Name and owner of the client that asks.
async fn client(who: &SignedIn, id: &str) -> Result<(String, String)> {
    let id = id.to_owned();
    who.portal
        .db
        .read(move |r| {
            let (name, owner) = api_client::asking(r, &id)?
                .ok_or_else(|| Error::BadRequest("client_id names no API client.".into()))?;
            Ok((name, people::find(r, owner)?.label()))
        })
        .await
}

async fn show(who: SignedIn) -> Answer {
    let asked = Asked::from_query(&who)?;
    let (client, owner) = client(&who, &asked.client).await?;
    let place = asked.back.origin().ascii_serialization();
    let mut answer = page(&ConsentView {
        shell: who.shell("Let a script in?"),
        form: form::fresh()
            .with_value("client_id", &asked.client)
            .with_value("redirect_uri", asked.back.as_str())
            .with_value("state", &asked.state),
        client,
        owner,
        place: place.clone(),
    })?;
    // The answer to the form goes on to the script, which browsers hold against the page that has the form.
    crate::http::lets_forms_lead_to(&mut answer, &place);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(rename = "decision")]
    says: String,
}

async fn decide(who: SignedIn, posted: Posted<Decision>) -> Answer {
    let sent = &posted.value;
    let asked = Asked::of(
        &sent.client_id,
        &sent.redirect_uri,
        &sent.state,
        who.portal.config.is_lab(),
    )?;
    client(&who, &asked.client).await?;
    let to = match sent.says.as_str() {
        "allow" => {
            let code = code(&who, &asked, who.portal.clock.wall())?;
            asked.told("code", &code)
        }
        "deny" => asked.told("error", "access_denied"),
        _ => {
            let mut problems = Problems::default();
            problems.add("decision", "Choose one of the two.");
            return Err(Error::Invalid(problems));
        }
    };
    reply::see_other(to.as_str())
}

fn code(who: &SignedIn, asked: &Asked, wall: Moment) -> Result<String> {
    let person = who.actor().person.id;
    api_client::code_for(
        &who.portal.signing,
        wall,
        &asked.client,
        person,
        asked.back.as_str(),
    )
}
