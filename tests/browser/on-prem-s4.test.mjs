// Founding document S4, steps 6 to 15: an On-Prem server is set up and gets an account, licenses and a token, and a switch
// that was registered with the cloud moves to it. Found by visible labels in both portals; on a screen, on a phone, and
// without script, each with servers of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage, startPortal, visit } from "./support.mjs";
import { choose, dashboard, device, deviceManagers, look, menu, message, openBoth, openMenu, pick, row, says, synchronize, tab, title, windows } from "./walk.mjs";

const ACCOUNT = "Plant-On-Prem-Account";
const PLACE = "Plant-Virtual-Account";
const LOCAL = "Campus Network Devices";
const SWITCH = "access-switch-01";
const LICENSES = ["C9200 Network Essentials, 48-port", "C9200 DNA Essentials, 48-port"];
const OWN = "teal cabin forty orbit";

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
});

/** "Inventory" of a Virtual Account, in either portal, with a tab open. */
async function inventory(page, entry, place, label) {
  await menu(page, ...entry);
  const chooser = page.getByRole("combobox", { name: /Virtual Account/ });
  if ((await chooser.locator("option:checked").innerText()) !== place) {
    await chooser.selectOption({ label: place });
    const show = page.getByRole("button", { name: "Show", exact: true });
    if (await show.isVisible()) await show.click();
    await page.getByRole("main").getByRole("navigation", { name: new RegExp(place) }).waitFor();
  }
  await tab(page, label);
}
const ofTheServer = ["Licenses", "Inventory by Local Virtual Account"];
const ofTheCloud = ["Licensing", "Inventory by Virtual Account"];

/** "General", "New Token", "Create Token", "Actions", "Copy": the text of a new token. */
async function newToken(page, window, description) {
  await page.getByRole("link", { name: "New Token" }).first().click();
  const form = page.getByRole("dialog");
  await form.getByRole("heading", { name: "Create Registration Token" }).waitFor();
  await form.getByLabel(/Description/).fill(description);
  await look(page, window, "s4 new token");
  await form.getByRole("button", { name: "Create Token" }).click();
  const token = page.getByRole("row").filter({ hasText: description });
  await token.getByRole("button", { name: /^Actions/ }).click();
  await token.getByRole("button", { name: "Copy", exact: true }).click();
  if (window === windows[2]) {
    const shown = page.getByRole("dialog", { name: "Copy registration token" });
    const text = await shown.locator("code").innerText();
    await shown.getByRole("link", { name: "Close", exact: true }).last().click();
    return text;
  }
  await message(page, "Copied to the clipboard");
  return page.evaluate("navigator.clipboard.readText()");
}

/** Ticks both licenses, opens the menu over the table, and transfers one of each. */
async function transfer(page, window, button, to) {
  for (const name of LICENSES) await page.getByRole("checkbox", { name: new RegExp(`^Select ${name}`) }).check();
  await pick(page, button, "Transfer");
  await page.getByLabel("Virtual Account").last().selectOption({ label: to });
  for (const name of LICENSES) await page.getByLabel(new RegExp(`^Quantity of ${name}`)).fill("1");
  await look(page, window, "s4 transfer");
  await page.getByRole("button", { name: "Next" }).click();
  await message(page, "Nothing has been transferred yet.");
  await look(page, window, "s4 transfer review");
  await page.getByRole("button", { name: "Transfer", exact: true }).click();
  await message(page, /transferred/);
}

/** What the row of a license says is in use, of how many. */
async function inUse(page, expected) {
  for (const name of LICENSES) {
    const cell = page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
    await cell.first().waitFor();
    const text = (await cell.first().innerText()).replace(/\s+/g, " ");
    assert.match(text, expected, name);
  }
}

for (const window of windows) {
  test(`a new server leads its first user through the language, a password of their own, and a review (${window.name})`, async () => {
    const portal = await startPortal({ words: ["on-prem", "serve"], env: { LICENTRAL_SCENARIO: "empty" } });
    try {
      const page = await openPage(browser, portal, window);
      await visit(page, "/login");
      await look(page, window, "s4 sign in");
      await page.getByLabel("User name or email").fill("admin");
      await page.getByLabel("Password", { exact: true }).fill("CiscoAdmin!2345");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByLabel("Language").selectOption({ label: "English" });
      await look(page, window, "s4 language");
      await page.getByRole("button", { name: "Next" }).click();
      for (const bad of ["CiscoAdmin!2345", "short"]) {
        await page.getByLabel("New password", { exact: true }).fill(bad);
        await page.getByLabel("New password, again").fill(bad);
        await page.getByRole("button", { name: "Next" }).click();
        await page.getByRole("alert").first().waitFor();
      }
      await look(page, window, "s4 password refused");
      await page.getByLabel("New password", { exact: true }).fill(OWN);
      await page.getByLabel("New password, again").fill(OWN);
      await page.getByRole("button", { name: "Next" }).click();
      await message(page, "Nothing is changed yet.");
      await look(page, window, "s4 review");
      await page.getByRole("button", { name: "Apply" }).click();
      await title(page, "Sign in");
      await page.getByLabel("User name or email").fill("admin");
      await page.getByLabel("Password", { exact: true }).fill(OWN);
      await page.getByRole("button", { name: "Sign in" }).click();
      await title(page, "On-Prem Accounts");
      await message(page, "No On-Prem account yet");
      await look(page, window, "s4 empty");
      for (const entry of ["Accounts", "Synchronisation"]) {
        await menu(page, "Admin Workspace", entry);
        await message(page, "No On-Prem account yet");
        await look(page, window, `s4 empty ${entry}`);
      }
      await page.context().close();
    } finally {
      await portal.stop();
    }
  });

  test(`an account, licenses, a token, and a switch that moves (${window.name})`, async () => {
    const portal = await startPortal({ onPrem: true });
    try {
      const { server, cloud } = await openBoth(browser, portal, window);

      // Steps 1 to 5, the cloud: the demo's own switch makes room, and the one of this walk registers with a token.
      await inventory(cloud, ofTheCloud, "DEFAULT", "Product Instances");
      await choose(cloud, `${SWITCH}.xyz.example`, "Remove");
      await cloud.getByRole("dialog").getByRole("button", { name: "Remove Product Instance" }).click();
      await message(cloud, "1 product instance removed.");
      await inventory(cloud, ofTheCloud, "DEFAULT", "General");
      const first = await newToken(cloud, window, "Switch of the walk-through");
      device(portal, "--portal", portal.base, "license", "smart", "register", "idtoken", first);
      await inventory(cloud, ofTheCloud, "DEFAULT", "Licenses");
      await inUse(cloud, /\b1\b.*\b1\b.*\b100%.*\b0\b/);

      // Steps 7 and 8: New Account, Accounts Requests, Approve, and the account is Active.
      await menu(server, "Admin Workspace", "Accounts");
      await server.getByRole("link", { name: "New Account" }).first().click();
      await title(server, "New Account");
      await server.getByRole("button", { name: "Submit" }).click();
      await server.getByRole("alert").first().waitFor();
      await look(server, window, "s4 new account, empty");
      await server.getByLabel("Account Name").fill(ACCOUNT);
      await server.getByLabel("Cisco Smart Account").fill("XYZ COMPANY");
      await server.getByLabel("Cisco Virtual Account").fill(PLACE);
      await server.getByLabel("Email for Notification").fill("plant@xyz.example");
      await server.getByRole("button", { name: "Submit" }).click();
      await message(server, "was submitted and requires approval.");
      await look(server, window, "s4 submitted");
      await server.getByRole("link", { name: "OK", exact: true }).click();
      await title(server, "Accounts");
      await menu(server, "Admin Workspace", "Accounts");
      await tab(server, "Accounts Requests");
      await row(server, ACCOUNT).getByText("Pending", { exact: true }).waitFor();
      await look(server, window, "s4 requests");
      await choose(server, ACCOUNT, "Approve");
      await title(server, "Approve");
      await look(server, window, "s4 approve");
      await server.getByLabel("Client secret").fill("not the secret");
      await server.getByRole("button", { name: "Submit" }).click();
      await server.getByRole("alert").first().waitFor();
      await look(server, window, "s4 approve refused");
      await server.getByRole("link", { name: "Cancel" }).click();
      await choose(server, ACCOUNT, "Approve");
      await server.getByRole("button", { name: "Submit" }).click();
      await title(server, "Review");
      await message(server, "XYZ COMPANY");
      await look(server, window, "s4 approve review");
      await server.getByRole("button", { name: "Next" }).click();
      await message(server, `The On-Prem account ${ACCOUNT} is registered and Active.`);
      await tab(server, "Accounts");
      await row(server, ACCOUNT).getByText("Active", { exact: true }).waitFor();

      // Step 8, the cloud: the account is listed, with General, Virtual Accounts and Event log.
      await deviceManagers(cloud);
      await cloud.getByRole("link", { name: ACCOUNT, exact: true }).click();
      await title(cloud, ACCOUNT);
      for (const label of ["Virtual Accounts", "Event log", "General"]) await tab(cloud, label);

      // Step 9: licenses go to its Virtual Account in the cloud; there they are not in use.
      await inventory(cloud, ofTheCloud, "DEFAULT", "Licenses");
      await transfer(cloud, window, "Available Actions", PLACE);
      await inventory(cloud, ofTheCloud, PLACE, "Licenses");
      await inUse(cloud, /\b1\b.*\b0 0%/);

      // Step 10: the synchronization.
      await synchronize(server, ACCOUNT);

      // Step 11: Account Properties, and a Virtual Account of its own.
      await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
      await menu(server, "Account Properties");
      await title(server, "Account Properties");
      await message(server, "Active");
      assert.equal(await server.getByLabel("Account Name").inputValue(), ACCOUNT);
      await look(server, window, "s4 account properties");
      await menu(server, "Local Virtual Accounts");
      await row(server, "DEFAULT").first().waitFor();
      await look(server, window, "s4 local virtual accounts");
      await server.getByRole("link", { name: "New Virtual Account" }).click();
      await look(server, window, "s4 new virtual account");
      await server.getByLabel("Name", { exact: true }).fill(LOCAL);
      await server.getByLabel(/Description/).fill("Switches of the campus.");
      await server.getByRole("button", { name: "Save", exact: true }).click();
      await title(server, LOCAL);

      // Step 12: what the cloud's Virtual Account holds is in the local DEFAULT, and goes to the new one.
      await inventory(server, ofTheServer, "DEFAULT", "Licenses");
      await inUse(server, /\b1\b.*\b0 0%/);
      await look(server, window, "s4 local licenses");
      await transfer(server, window, "Actions", LOCAL);

      // Steps 13 and 14: a token of the server; the switch leaves the cloud, calls another address, and registers there.
      await inventory(server, ofTheServer, LOCAL, "General");
      await message(server, portal.onPrem.base);
      const second = await newToken(server, window, "Campus");
      await look(server, window, "s4 general");
      device(portal, "license", "smart", "deregister");
      assert.match(device(portal, "show", "license", "status"), /UNREGISTERED/);
      for (const line of [
        "profile CiscoTAC-1 reporting smart-licensing-data",
        "profile CiscoTAC-1 destination transport-method http",
        `profile CiscoTAC-1 destination address http ${portal.onPrem.base}`,
        "no http secure server-identity-check",
      ]) {
        device(portal, "call-home", ...line.split(" "));
      }
      device(portal, ..."crypto pki trustpoint SLA-TrustPoint revocation-check none".split(" "));
      assert.match(device(portal, "show", "call-home"), new RegExp(portal.onPrem.base));
      device(portal, "license", "smart", "register", "idtoken", second);
      const status = device(portal, "show", "license", "status");
      for (const words of [/Status: REGISTERED/, new RegExp(ACCOUNT), new RegExp(LOCAL), /SUCCEEDED/, /AUTHORIZED/]) assert.match(status, words);

      // Step 15: In use goes up; Product Instances shows the host name and the product type.
      await inventory(server, ofTheServer, LOCAL, "Licenses");
      await inUse(server, /\b1\b.*\b1 100%/);
      await tab(server, "Product Instances");
      assert.match(await says(server, SWITCH), /C9200/);
      await look(server, window, "s4 product instances");
      await server.getByRole("link", { name: SWITCH, exact: true }).click();
      await title(server, SWITCH);
      await look(server, window, "s4 product instance");

      // Until the server synchronizes the cloud does not know; then both portals agree.
      await inventory(cloud, ofTheCloud, PLACE, "Licenses");
      await inUse(cloud, /\b1\b.*\b0 0%/);
      await dashboard(server);
      await row(server, ACCOUNT).getByText(/\d+ changes? not yet in the cloud/).waitFor();
      await synchronize(server, ACCOUNT);
      await inventory(cloud, ofTheCloud, PLACE, "Licenses");
      await inUse(cloud, /\b1\b.*\b1 100%/);
      await tab(cloud, "Product Instances");
      assert.match(await says(cloud, SWITCH), /C9200/);
      await openMenu(cloud, SWITCH);
      assert.equal(await row(cloud, SWITCH).getByRole("link", { name: "Remove", exact: true }).count(), 0, "it is changed where it is registered");
      await inventory(cloud, ofTheCloud, "DEFAULT", "Product Instances");
      assert.equal(await row(cloud, SWITCH).count(), 0);
      await server.context().close();
    } finally {
      await portal.stop();
    }
  });
}
