// Passkeys with Chromium's virtual authenticator: added, used without a password and as a second factor, removed; and what the
// pages say without script. Answers that no authenticator gives are tried in tests/it/rooms/passkeys.rs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const person = "cy@xyz.example";
let portal;
let browser;

before(async () => {
  // Browsers make passkeys for names, and for no address of numbers.
  [portal, browser] = await Promise.all([startPortal({ host: "localhost" }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** An authenticator inside the computer, which checks who it is. */
async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

async function signOut(page) {
  await visit(page, "/profile/sessions");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByText("You are signed out everywhere").first().waitFor();
}

test("a passkey is added, signs in by itself and after the password, and is removed", async () => {
  const page = await openPage(browser, portal, contexts[0]);
  const { cdp, authenticatorId } = await authenticator(page);
  await signInAs(page, person);
  await visit(page, "/profile/second-factor");
  await checkPage(page, "no passkeys");
  await shot(page, "passkeys none");
  await page.getByRole("link", { name: "Add a passkey" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Laptop");
  await checkPage(page, "add a passkey");
  await shot(page, "passkeys add");
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  await checkPage(page, "first passkey");
  await shot(page, "passkeys first");
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].rpId, "localhost");

  await signOut(page);
  await page.getByRole("link", { name: "Sign in with a passkey" }).click();
  // The page asks by itself.
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
  await visit(page, "/profile/sessions");
  await page.getByRole("cell", { name: "Passkey", exact: true }).waitFor();
  await checkPage(page, "signed in with a passkey");
  await shot(page, "passkeys sessions");

  await signOut(page);
  await visit(page, "/login");
  await checkPage(page, "sign-in page");
  await shot(page, "passkeys sign-in");
  await page.getByLabel("Email", { exact: true }).fill(person);
  await page.getByLabel("Password", { exact: true }).fill("licentral-demo");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Show your second factor" }).waitFor();
  await checkPage(page, "second step");
  await shot(page, "passkeys second step");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
  await visit(page, "/profile/sessions");
  await page.getByText("Password and passkey").waitFor();

  // Somebody says no.
  await signOut(page);
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await visit(page, "/login/passkey");
  await page.getByText("No passkey was used").waitFor();
  await checkPage(page, "refused");
  await shot(page, "passkeys refused");
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));

  await visit(page, "/profile/second-factor");
  await page.getByText("Laptop").first().waitFor();
  await checkPage(page, "passkeys listed");
  await shot(page, "passkeys listed");
  await page.getByRole("link", { name: "Remove the passkey Laptop" }).click();
  await page.getByRole("heading", { name: "Remove passkey?" }).waitFor();
  await checkPage(page, "remove");
  await shot(page, "passkeys remove");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByText("The passkey Laptop is removed").first().waitFor();
  await checkPage(page, "removed");
  await signOut(page);
  await visit(page, "/login/passkey");
  await page.getByText("not known here").first().waitFor();
});

test("on a phone, and without script, the pages stand", async () => {
  for (const context of [contexts[2], contexts.find((one) => one.options.javaScriptEnabled === false)]) {
    const page = await openPage(browser, portal, context);
    await visit(page, "/login/passkey");
    await checkPage(page, `${context.name} passkey sign-in`);
    await shot(page, `passkeys ${context.name} sign-in`);
    if (context.options.javaScriptEnabled === false) {
      await page.getByText("A passkey needs JavaScript in this browser").waitFor();
      assert.equal(await page.getByRole("button", { name: "Use a passkey" }).count(), 0);
    }
    await signInAs(page, "dan@xyz.example");
    await visit(page, "/profile/second-factor");
    await checkPage(page, `${context.name} second factor`);
    await shot(page, `passkeys ${context.name} second factor`);
    await page.getByRole("link", { name: "Add a passkey" }).click();
    await page.getByRole("heading", { name: "Add a passkey", exact: true }).waitFor();
    await checkPage(page, `${context.name} add`);
    await shot(page, `passkeys ${context.name} add`);
  }
});
