//! How scripts write the vendor's paths: with the prefix doubled, with two slashes, with one at the end, in any letter case.
//! All of it becomes the one path that is registered, before routing.

use crate::authn::api_client;
use crate::http::Surface;
use crate::http::routes::Listed;
use crate::kernel::Edition;
use std::sync::OnceLock;

/// What family A begins with.
pub const A: &str = "/services/api/smart-accounts-and-licensing";
/// What family B begins with.
pub const B: &str = "/v1/software/apis";
/// What the older addresses of Plug and Play begin with.
pub const D: &str = "/services/api/software/dms/v2/smartaccounts";
/// What the vendor's API of an On-Prem server begins with. Without `/backend` it begins as our own does: then the access
/// token says whose it is.
pub const E: &str = "/backend/api/v1";

/// The first words of paths that may be the vendor's.
const FIRST: [&str; 7] = ["services", "v1", "as", "idp", "oauth2", "oauth", "backend"];

/// A registered path in its parts; those in braces are parameters.
type Template = Vec<String>;

fn templates(edition: Edition, routes: &[Listed]) -> &'static [Template] {
    static CLOUD: OnceLock<Vec<Template>> = OnceLock::new();
    static ON_PREM: OnceLock<Vec<Template>> = OnceLock::new();
    let known = if edition.is_on_prem() { &ON_PREM } else { &CLOUD };
    known.get_or_init(|| {
        let mut all: Vec<Template> = routes
            .iter()
            .filter(|route| Surface::of(&route.path) == Surface::Vendor)
            .map(|route| parts(&route.path).into_iter().map(str::to_owned).collect())
            .collect();
        // Fixed words before parameters, as in routing.
        all.sort_by_key(|template| template.iter().filter(|part| part.starts_with('{')).count());
        all.dedup();
        all
    })
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn is(part: Option<&&str>, word: &str) -> bool {
    part.is_some_and(|part| part.eq_ignore_ascii_case(word))
}

/// The path under which a request is routed; none when it is not the vendor's.
pub fn routed(edition: Edition, routes: &[Listed], path: &str, bearer: Option<&str>) -> Option<String> {
    let mut parts = parts(path);
    let first = parts.first()?.to_ascii_lowercase();
    let is_shared = edition.is_on_prem()
        && first == "api"
        && is(parts.get(1), "v1")
        && (is(parts.get(2), "accounts") || is(parts.get(2), "upstream_satellites"));
    if is_shared {
        // Ours know accounts by number alone: a name is asked for by the vendor's scripts, unless they hold a token of ours.
        let is_named = is(parts.get(2), "upstream_satellites")
            || parts
                .get(3)
                .is_some_and(|account| !account.bytes().all(|b| b.is_ascii_digit()));
        let (vendors, ours) = bearer.map_or((false, false), |token| {
            (
                api_client::speaks_as_vendor(token),
                api_client::speaks_as_we_do(token),
            )
        });
        if !vendors && (ours || !is_named) {
            return None;
        }
        parts.insert(0, "backend");
    } else if !FIRST.contains(&first.as_str()) || (first == "v1" && !is(parts.get(1), "software")) {
        return None;
    }
    while is(parts.first(), "services")
        && is(parts.get(1), "api")
        && is(parts.get(2), "services")
        && is(parts.get(3), "api")
    {
        parts.drain(..2);
    }
    if is(parts.first(), "backend") && is(parts.get(1), "oauth") {
        parts.remove(0);
    }
    let is_a = is(parts.first(), "services") && is(parts.get(2), "smart-accounts-and-licensing");
    // A fallback of one client: the paths of family B below family A.
    if is_a
        && is(parts.get(3), "v3")
        && ["pnp", "licensing", "accounts", "clc", "ea"]
            .iter()
            .any(|word| is(parts.get(4), word) && parts.len() > 5 && is_version(parts.get(5)))
    {
        parts.splice(..4, ["v1", "software", "apis"]);
    }
    // The kind of account, where a path names one: ours are all of one kind.
    if is_a && is(parts.get(4), "accounts") && is(parts.get(6), "customer") {
        parts.remove(6);
    }
    if is(parts.first(), "backend") && is(parts.get(3), "accounts") && is(parts.get(5), "customer") {
        parts.remove(5);
    }
    let known = templates(edition, routes);
    let found = known.iter().find(|template| {
        template.len() == parts.len()
            && template
                .iter()
                .zip(&parts)
                .all(|(word, part)| word.starts_with('{') || word.eq_ignore_ascii_case(part))
    });
    let path = match found {
        Some(template) => join(template.iter().zip(&parts).map(|(word, part)| {
            if word.starts_with('{') {
                part
            } else {
                word.as_str()
            }
        })),
        // Nobody knows it, and it is told so as the vendor's scripts expect.
        None => join(
            parts
                .iter()
                .enumerate()
                .map(|(at, part)| if at == 0 { first_word(part) } else { part }),
        ),
    };
    Some(path)
}

fn is_version(part: Option<&&str>) -> bool {
    part.is_some_and(|part| part.len() == 2 && part.starts_with(['v', 'V']))
}

fn first_word(part: &str) -> &str {
    FIRST
        .iter()
        .find(|word| part.eq_ignore_ascii_case(word))
        .copied()
        .unwrap_or(part)
}

fn join<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        path.push_str(part);
    }
    // A folder of the vendor's is a folder, also where nothing stands behind it.
    if Surface::of(&path) != Surface::Vendor {
        path.push('/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(path: &str) -> Option<String> {
        let routes = crate::app::routes(Edition::Cloud).list();
        routed(Edition::Cloud, &routes, path, None)
    }

    #[test]
    fn every_way_in_which_a_path_is_written_leads_to_one() {
        let licenses = format!("{A}/v1/accounts/xyz.example/licenses");
        for path in [
            "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses",
            "/services/api/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses",
            "//services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses",
            "/services/api/smart-accounts-and-licensing//v1/accounts/xyz.example/licenses/",
            "/Services/API/Smart-Accounts-And-Licensing/V1/Accounts/xyz.example/Licenses",
        ] {
            assert_eq!(of(path).as_deref(), Some(licenses.as_str()), "{path}");
        }
        let places = format!("{A}/v1/accounts/xyz.example/virtual-accounts");
        for kind in ["CUSTOMER", "customer", "Customer"] {
            let path = format!("{A}/v1/accounts/xyz.example/{kind}/virtual-accounts");
            assert_eq!(of(&path).as_deref(), Some(places.as_str()));
        }
        // What is a name keeps its letters.
        let named = format!("{A}/v1/accounts/XYZ.example/virtual-accounts/Branch%20Switches/tokens");
        assert_eq!(of(&named).as_deref(), Some(named.as_str()));
        assert_eq!(
            of(&format!("{A}/v3/pnp/v2/accounts")).as_deref(),
            Some("/v1/software/apis/pnp/v2/accounts")
        );
        for ours in ["/", "/api/v1/me", "/login", "/v1/other", "/sa/100001/account"] {
            assert_eq!(of(ours), None, "{ours}");
        }
    }

    #[test]
    fn what_nobody_knows_stays_among_the_vendors_paths() {
        for path in [
            "/services",
            "/AS",
            "/Services/API/nothing",
            "/backend",
            "/OAUTH2//x/",
        ] {
            let routed = of(path).unwrap();
            assert_eq!(Surface::of(&routed), Surface::Vendor, "{path} became {routed}");
        }
    }

    proptest! {
        #[test]
        fn a_routed_path_is_routed_to_itself(path in "(/{0,2}(services|api|v1|V2|accounts|a%20b|software|apis|backend|oauth|token|customer|as|virtual-accounts|smart-accounts-and-licensing)){1,9}/?") {
            if let Some(first) = of(&path) {
                prop_assert_eq!(of(&first), Some(first.clone()));
                prop_assert_eq!(Surface::of(&first), Surface::Vendor);
            }
        }
    }
}
