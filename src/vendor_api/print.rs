//! The page of the documentation that lists the operations: made from the routes themselves.

use super::paths::{A, B, E};
use crate::http::Surface;
use crate::http::routes::Listed;

/// The families, each with what its paths begin with and what is said of it.
const FAMILIES: &[(&str, &str, &str)] = &[
    (
        "Token addresses",
        "",
        "At each of them the parameters may stand in a form, in the address with an empty body, in JSON, or, for the client, in HTTP Basic. Grants: `client_credentials`, `password`, and `authorization_code` in the cloud. On an On-Prem server also below `/backend`. A client that is not subscribed is told `Invalid Client` with 403 by families A and B.",
    ),
    (
        "Family A: Smart Accounts and Licensing",
        A,
        "On the hosts apx, swapi and apmx. The prefix may stand twice.",
    ),
    (
        "Family B: Software APIs",
        B,
        "The newer addresses, on the host apx. Accounts, licensing and pnp are also understood below `/services/api/smart-accounts-and-licensing/v3`.",
    ),
    (
        "Family D: the older Plug and Play",
        super::paths::D,
        "On the host swapi. Their shape was not recorded: that of family B.",
    ),
    (
        "Enterprise Agreements",
        "/services/api/enterprise-agreements",
        "On the host swapi.",
    ),
    (
        "Family E: an On-Prem server",
        E,
        "With a token from `/oauth/token`, and without one for an account by its name, the same without `/backend`: `/api/v1/accounts/...`. `{sa}` is the account's name or its number.",
    ),
];

fn family(path: &str) -> usize {
    FAMILIES
        .iter()
        .position(|(_, begins, _)| !begins.is_empty() && path.starts_with(begins))
        .unwrap_or(0)
}

/// Whether an operation is there to say no.
fn state(route: &Listed) -> &'static str {
    if ["refused", "there are none", "not done here", "no poll id"]
        .iter()
        .any(|word| route.says.contains(word))
    {
        "refused"
    } else {
        "served"
    }
}

/// `docs/vendor-api.md`.
pub fn print(cloud: &[Listed], on_prem: &[Listed]) -> String {
    let mut page = "# The vendor's APIs\n\nWhat existing scripts call, and what the portal makes of it. Made from the code: `LICENTRAL_BLESS=1 cargo test --test it generated` writes it anew. How a script is led here: [guides/point-your-scripts-here.md](guides/point-your-scripts-here.md).\n\n- `{sa}` is the domain of a Smart Account, or its number; `{vname}` the name of a Virtual Account. Paths may be written with `//`, with a slash at the end and in any letter case; names keep their letters.\n- Every answer is compact JSON, also an error: `{\"status\":\"ERROR\",\"statusMessage\":\"...\"}` or the shape that the operation is known for. 401 without a good access token (403 at an On-Prem server that is shown nothing at all), 403 for what one may not, 404 for what one may not know of, 400 and 422 for what is not right.\n- Where a request holds a list, each item is done or refused on its own, with a status of its own; the whole is `SUCCESS`, `WARNING` or `ERROR`, with 200.\n- `limit` and `offset` stand in the body or in the address, 50 and 0 without them; a limit of -1 means all.\n".to_owned();
    let mut all: Vec<&Listed> = cloud.iter().chain(on_prem).collect();
    all.retain(|route| Surface::of(&route.path) == Surface::Vendor && route.method != "HEAD");
    all.sort_by(|a, b| (family(&a.path), &a.path, &a.method).cmp(&(family(&b.path), &b.path, &b.method)));
    all.dedup_by(|a, b| (&a.path, &a.method) == (&b.path, &b.method));
    let mut last = usize::MAX;
    for route in all {
        let family = family(&route.path);
        if family != last {
            last = family;
            if let Some((title, begins, says)) = FAMILIES.get(family) {
                page.push_str(&format!("\n## {title}\n\n"));
                if !begins.is_empty() {
                    page.push_str(&format!("Paths begin with `{begins}`. "));
                }
                page.push_str(&format!(
                    "{says}\n\n| operation | state | what it does |\n| --- | --- | --- |\n"
                ));
            }
        }
        let begins = FAMILIES.get(family).map_or("", |(_, begins, _)| *begins);
        let short = route
            .path
            .strip_prefix(begins)
            .unwrap_or(&route.path)
            .replace("{said}", "{sa}");
        page.push_str(&format!(
            "| {} `{short}` | {} | {} |\n",
            route.method,
            state(route),
            route.says
        ));
    }
    page
}
