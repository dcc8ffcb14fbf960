// Founding document S4, its cloud half: a registration token, a switch that registers with it on the command line, both of
// its licenses in use and the balance 0, the host name on Product Instances, and licenses that go to another Virtual
// Account. Found by visible labels.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const program = path.resolve(
  process.env.LICENTRAL_BIN ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../target/debug/licentral"),
);
const licenses = ["C9200 Network Essentials, 48-port", "C9200 DNA Essentials, 48-port"];

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** The simulated switch: runs a command of it and says what it printed. */
function device(...words) {
  const run = spawnSync(program, ["device", "--portal", portal.base, ...words], { cwd: portal.folder, encoding: "utf8" });
  assert.equal(run.status, 0, `${words.join(" ")}\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

/** The row of a license on the tab Licenses. */
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** "Inventory" of DEFAULT, with this tab open. */
async function inventory(page, tab) {
  await visit(page, "/sa/100001/licensing/inventory");
  await page.getByRole("heading", { level: 1, name: "Inventory" }).waitFor();
  const tabs = page.getByRole("navigation", { name: "Virtual Account DEFAULT" });
  await tabs.getByRole("link", { name: tab, exact: true }).click();
  await tabs.locator(`a[aria-current="page"]`).filter({ hasText: tab }).waitFor();
}

/** What a row says, in one line. */
async function numbers(page, name) {
  return (await row(page, name).innerText()).replace(/\s+/g, " ");
}

test("a switch registers, uses both of its licenses, and the balance is 0", async () => {
  const page = await openPage(browser, portal, contexts[0]);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signInAs(page, "ada@xyz.example");

  // The demo's own switch makes room.
  await inventory(page, "Product Instances");
  await page.getByRole("button", { name: /^Actions for access-switch-01/ }).click();
  await page.getByRole("link", { name: "Remove", exact: true }).click();
  const removal = page.getByRole("dialog");
  await removal.getByText("These licenses come back to the pool").waitFor();
  for (const name of licenses) await removal.getByText(name).waitFor();
  await checkPage(page, "s4 remove");
  await removal.getByRole("button", { name: "Remove Product Instance" }).click();
  await page.getByRole("main").getByText("1 product instance removed.").waitFor();

  // Step 1: the token.
  await inventory(page, "General");
  await page.getByRole("link", { name: "New Token" }).first().click();
  const form = page.getByRole("dialog");
  await form.getByRole("heading", { name: "Create Registration Token" }).waitFor();
  await form.getByLabel(/Description/).fill("Switch of the walk-through");
  await form.getByRole("button", { name: "Create Token" }).click();
  const token = page.getByRole("row").filter({ hasText: "Switch of the walk-through" });
  await token.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("main").getByText("Copied to the clipboard").waitFor();
  const text = await page.evaluate("navigator.clipboard.readText()");

  // Step 2: the device.
  assert.match(device("show", "license", "status"), /UNREGISTERED[\s\S]*EVAL MODE/);
  device("license", "smart", "register", "idtoken", text);
  const status = device("show", "license", "status");
  for (const words of [/Status: REGISTERED/, /XYZ COMPANY/, /Virtual Account: DEFAULT/, /SUCCEEDED/, /AUTHORIZED/]) assert.match(status, words);

  // Step 3: both in use, balance 0, and the host name.
  await inventory(page, "Licenses");
  for (const name of licenses) assert.match(await numbers(page, name), /\b1\b[\s\S]*\b0\b/);
  await checkPage(page, "s4 licenses");
  await shot(page, "s4 licenses");
  await inventory(page, "Product Instances");
  await page.getByRole("link", { name: "access-switch-01", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "access-switch-01" }).waitFor();
  await page.getByRole("heading", { name: "License Usage" }).waitFor();
  for (const name of licenses) await page.getByRole("link", { name, exact: true }).waitFor();
  await checkPage(page, "s4 product instance");
  await shot(page, "s4 product instance");

  // Step 9: the licenses go elsewhere, and the switch is short of them.
  await page.getByRole("link", { name: "Edit Virtual Account assignment" }).click();
  await page.getByLabel("Target Virtual Account").selectOption({ label: "Public Network Devices" });
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("main").getByText("2 licenses will be short.").waitFor();
  await checkPage(page, "s4 transfer review");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("main").getByText("1 product instance transferred to Public Network Devices.").waitFor();
  device("license", "smart", "renew", "auth");
  assert.match(device("show", "license", "status"), /Virtual Account: Public Network Devices[\s\S]*OUT OF COMPLIANCE/);
  await page.context().close();
});

test("licenses are found again by their tags", async () => {
  for (const context of contexts) {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await visit(page, "/sa/100001/licensing/license-inventory?q=c9500");
    for (const box of await page.getByRole("checkbox", { name: /^Select C9500/ }).all()) await box.check();
    await page.getByRole("button", { name: "Available Actions" }).click();
    await page.getByRole("button", { name: "Manage License Tags" }).click();
    await page.getByRole("heading", { level: 1, name: "Manage License Tags" }).waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Enter a tag to add, or choose one to remove.").first().waitFor();
    await checkPage(page, `license tags ${context.name}`);
    await shot(page, `license tags ${context.name}`);
    await page.getByLabel("Add tags").fill(`Window ${context.name}, Spine`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("main").getByText(/^The tags of \d licenses? (was|were) changed\.$/).waitFor();
    await visit(page, `/sa/100001/licensing/license-inventory?license-tag=${encodeURIComponent(`Window ${context.name}`)}`);
    assert.ok((await page.getByRole("link", { name: /^C9500/ }).count()) > 0, "found by its tag");
    assert.equal(await page.getByRole("link", { name: /^C9300/ }).count(), 0, "and no other");
    await checkPage(page, `licenses with tags ${context.name}`);
    await shot(page, `licenses with tags ${context.name}`);
    await page.context().close();
  }
});

test("licenses are reserved for a product instance that never connects", async () => {
  const page = await openPage(browser, portal, contexts[0]);
  await signInAs(page, "ada@xyz.example");
  const request = device("--state", "reserved.json", "license", "smart", "reservation", "request", "local").match(/LC-\S+/)[0];
  await visit(page, "/sa/100001/licensing/reservation");
  await page.getByLabel("Enter Request Code").fill(request);
  await page.getByLabel("Virtual Account", { exact: true }).selectOption({ label: "Public Network Devices" });
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("group", { name: "Select Licenses" }).waitFor();
  await page.getByLabel("AIR DNA Advantage").fill("1000");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText(/^Enter a whole number from 1 to/).first().waitFor();
  await checkPage(page, "reservation licenses");
  await page.getByLabel("AIR DNA Advantage").fill("1");
  await page.getByLabel("AIR DNA Essentials").fill("2");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Nothing has happened yet.").waitFor();
  await checkPage(page, "reservation review");
  await page.getByRole("button", { name: "Generate Authorization Code" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await checkPage(page, "reservation done");
  await page.context().close();
});

test("tokens for two Virtual Accounts at once are reviewed and edited", async () => {
  const page = await openPage(browser, portal, contexts[0]);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/devices/token-management/generate/accounts");
  for (const name of ["DEFAULT", "Branch Offices"]) await page.getByLabel(name, { exact: true }).check();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("2 Virtual Accounts").first().waitFor();
  await checkPage(page, "token review");
  await page.getByRole("button", { name: "Generate Tokens" }).click();
  await page.getByText("2 tokens were generated.").waitFor();
  await checkPage(page, "tokens generated");
  await page.context().close();
});

test("Device Inventory in every window", async () => {
  for (const context of contexts) {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await visit(page, "/sa/100001/devices/device-inventory");
    await checkPage(page, `device inventory ${context.name}`);
    await page.getByRole("link", { name: "branch-edge-01.xyz.example" }).click();
    await page.getByRole("heading", { level: 1, name: "branch-edge-01.xyz.example" }).waitFor();
    await checkPage(page, `product instance ${context.name}`);
    await page.context().close();
  }
});
