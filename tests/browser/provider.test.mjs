// Sign-in by an identity provider. The provider is oidc-provider, which is OpenID Certified; here it has keys, a client and people
// of the test's own. Answers that no good provider gives are tried in tests/it/rooms/provider.rs.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Provider } from "oidc-provider";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

/** Those who have an account at the provider. Any password will do there. */
const people = {
  nia: { email: "nia@company.example", email_verified: true, name: "Nia Okafor", groups: ["portal-operators"] },
  noah: { email: "noah@company.example", email_verified: true, name: "Noah Lind", groups: [] },
  cy: { email: "cy@xyz.example", email_verified: true, name: "Somebody Else", groups: [] },
  dan: { email: "dan@xyz.example", email_verified: true, name: "Somebody Else", groups: [] },
  una: { email: "una@company.example", email_verified: false, name: "Una Verified", groups: [] },
};

let portal;
let browser;
let server;
let issuer;
let answer;

/** The provider begins anew, with a key of this name. */
function provide(kid) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "licentral",
        client_secret: "a secret of the test: 1+1=2",
        redirect_uris: [`${portal.base}/login/provider/callback`],
        post_logout_redirect_uris: [`${portal.base}/login`],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }] },
    cookies: { keys: ["a key of the test"] },
    features: { devInteractions: { enabled: true } },
  });
  answer = provider.callback();
}

before(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Another site than the portal's: cookies and forms go between the two as they do between two hosts.
  issuer = `http://localhost:${server.address().port}`;
  const env = {
    LICENTRAL_OIDC_ISSUER: issuer,
    LICENTRAL_OIDC_CLIENT_ID: "licentral",
    LICENTRAL_OIDC_CLIENT_SECRET: "a secret of the test: 1+1=2",
    LICENTRAL_OIDC_NAME: "Company",
    LICENTRAL_OIDC_SCOPES: "openid email profile groups",
    LICENTRAL_OIDC_GROUPS: "portal-operators=operator",
  };
  [portal, browser] = await Promise.all([startPortal({ env }), openBrowser()]);
  provide("first");
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  server?.closeAllConnections();
  server?.close();
});

/** A page of the portal. The provider's own pages want a typeface from elsewhere, which no test asks for. */
async function open(context) {
  const page = await openPage(browser, portal, context);
  await page.route(/^https:/, (route) => route.fulfill({ contentType: "text/css", body: "" }));
  return page;
}

/** From the portal's page to the provider, and with this account back again. */
async function comeAs(page, who) {
  await page.getByRole("link", { name: "Sign in with Company" }).click();
  await page.getByPlaceholder("Enter any login").fill(who);
  await page.getByPlaceholder("and password").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  const consent = page.getByRole("button", { name: "Continue" });
  await consent.click();
  await page.waitForURL((url) => url.href.startsWith(portal.base));
}

const withoutScript = contexts.find((context) => context.options.javaScriptEnabled === false);

for (const [context, label, newcomer, member] of [
  [contexts[0], "with script", "nia", "cy"],
  [withoutScript, "without script", "noah", "dan"],
]) {
  test(`somebody new comes in, and goes out at both places, ${label}`, async () => {
    const page = await open(context);
    await visit(page, "/login?next=/profile/sessions");
    await checkPage(page, `${label} login`);
    await shot(page, `provider ${label} login`);
    await comeAs(page, newcomer);
    assert.equal(new URL(page.url()).pathname, "/profile/sessions");
    await page.getByRole("cell", { name: "Identity provider" }).waitFor();
    await checkPage(page, `${label} sessions`);
    await visit(page, "/profile");
    await page.getByRole("main").getByText(people[newcomer].email).first().waitFor();
    await visit(page, "/operator", { status: newcomer === "nia" ? 200 : 403 });

    await visit(page, "/confirm-password?next=/profile");
    await page.getByRole("link", { name: "Sign in with Company again" }).waitFor();
    await checkPage(page, `${label} confirm`);
    await shot(page, `provider ${label} confirm`);

    await visit(page, "/profile");
    await page.getByRole("button", { name: "your account" }).click();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByText("still knows you in this browser").waitFor();
    await checkPage(page, `${label} signed out`);
    await shot(page, `provider ${label} signed out`);
    await page.getByRole("link", { name: "Sign out of Company" }).click();
    await page.getByRole("button", { name: "Yes, sign me out" }).click();
    await page.waitForURL((url) => url.href === `${portal.base}/login`);
    await page.getByRole("link", { name: "Sign in with Company" }).click();
    await page.getByPlaceholder("Enter any login").waitFor();
  });

  test(`a user account that is there is linked by its password, ${label}`, async () => {
    const page = await open(context);
    await visit(page, "/login?next=/profile");
    await comeAs(page, member);
    await page.getByRole("heading", { name: "Link your user account" }).waitFor();
    await checkPage(page, `${label} link`);
    await shot(page, `provider ${label} link`);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Link and sign in" }).click();
    await page.getByText("The password is not right.").first().waitFor();
    await checkPage(page, `${label} link refused`);
    await page.getByLabel("Password", { exact: true }).fill("licentral-demo");
    await page.getByRole("button", { name: "Link and sign in" }).click();
    await page.getByRole("main").getByText(people[member].email).first().waitFor();
    assert.equal(new URL(page.url()).pathname, "/profile");

    const later = await open(context);
    await visit(later, "/login?next=/profile");
    await comeAs(later, member);
    assert.equal(new URL(later.url()).pathname, "/profile");
  });
}

test("an address that is not verified lets nobody in", async () => {
  const page = await open(contexts[2]);
  await visit(page, "/login");
  await checkPage(page, "login of a phone");
  await comeAs(page, "una");
  await page.getByText("no e-mail address that it has verified").waitFor();
  await checkPage(page, "not verified");
  await shot(page, "provider not verified");
});

test("a code is good once, and in the browser that asked for it", async () => {
  const page = await open(contexts[0]);
  await visit(page, "/login?next=/profile");
  const back = page.waitForRequest((request) => request.url().startsWith(`${portal.base}/login/provider/callback`));
  await page.getByRole("link", { name: "Sign in with Company" }).click();
  await page.getByPlaceholder("Enter any login").waitFor();
  const cookies = await page.context().cookies(portal.base);
  await page.getByPlaceholder("Enter any login").fill("noah");
  await page.getByPlaceholder("and password").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  const address = (await back).url();
  await page.waitForURL((url) => url.href === `${portal.base}/profile`);

  const thief = await open(contexts[0]);
  await visit(thief, address);
  await thief.getByText("not begun in this browser").waitFor();
  await thief.context().addCookies(cookies);
  await visit(thief, address);
  await thief.getByText("does not take the code").waitFor();
  assert.equal(new URL(thief.url()).pathname, "/login");
});

test("the provider changes its keys", async () => {
  provide("second");
  const page = await open(contexts[0]);
  await visit(page, "/login?next=/profile");
  await comeAs(page, "nia");
  assert.equal(new URL(page.url()).pathname, "/profile");
});

test("whoever has a password still comes in by it", async () => {
  const page = await open(contexts[0]);
  await signInAs(page, "ada@xyz.example");
});
