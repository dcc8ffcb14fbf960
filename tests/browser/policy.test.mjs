// Usage by policy on its pages: a device saves its usage, a person uploads the file and downloads the acknowledgement.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { checkPage, contexts, openBrowser, openPage, program, shot, signInAs, startPortal, visit } from "./support.mjs";
import { byHand, dashboard, download as save, menu, message, openBoth, says, synchronize, title, windows } from "./walk.mjs";

const run = promisify(execFile);
const ADA = "ada@xyz.example";
let portal;
let browser;
let folder;
before(async () => {
  [portal, browser, folder] = await Promise.all([
    startPortal({ onPrem: true }),
    openBrowser(),
    mkdtemp(path.join(os.tmpdir(), "licentral-policy-")),
  ]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function account(page) {
  await visit(page, "/select");
  await page.getByRole("link", { name: /XYZ COMPANY/ }).first().click();
  await page.waitForURL(/\/sa\/\d+/);
  return new URL(page.url()).pathname.match(/^\/sa\/\d+/)[0];
}

const both = [contexts[0], contexts.find((context) => context.options.javaScriptEnabled === false)];

for (const [n, context] of both.entries()) {
  test(`usage is reported by file (${context.name})`, async () => {
    const state = path.join(folder, `device-${n}.json`);
    const device = async (...words) => (await run(program, ["device", "--state", state, ...words])).stdout;
    const usage = path.join(folder, `usage-${n}.txt`);
    await device("license", "smart", "transport", "off");
    await device("license", "smart", "save", "usage", "all", "file", usage);
    const serial = JSON.parse(await readFile(state, "utf8")).serial;

    const ada = await openPage(browser, portal, context);
    await signInAs(ada, ADA);
    const base = await account(ada);
    await visit(ada, `${base}/devices/usage-data-files`);
    await checkPage(ada);
    await ada.getByRole("link", { name: "Upload Usage Data" }).first().click();
    await checkPage(ada);
    await ada.getByLabel("Virtual Account").selectOption({ label: "DEFAULT" });
    await ada.locator("input[type=file]").setInputFiles(usage);
    await ada.getByRole("button", { name: "Upload Data" }).click();
    await ada.getByText("No Errors").waitFor();
    await ada.getByText(serial).first().waitFor();
    await checkPage(ada);
    await shot(ada, `policy-file-${context.name}`);
    const [download] = await Promise.all([
      ada.waitForEvent("download"),
      ada.getByRole("button", { name: "Download Acknowledgement" }).click(),
    ]);
    const acknowledgement = path.join(folder, `ack-${n}.txt`);
    await download.saveAs(acknowledgement);
    assert.match(await device("license", "smart", "import", acknowledgement), /2 usage reports are acknowledged/);

    await visit(ada, `${base}/devices/device-inventory?mode=slp`);
    await ada.getByRole("link", { name: new RegExp(serial) }).first().click();
    await ada.getByText("Acknowledged", { exact: true }).first().waitFor();
    await checkPage(ada);
    await shot(ada, `policy-device-${context.name}`);
    await visit(ada, `${base}/devices/reporting-policy`);
    await checkPage(ada);
    await ada.getByLabel("Subscription licenses: reporting interval, days").fill("366");
    await ada.getByRole("button", { name: "Save" }).click();
    await ada.getByText("Enter a whole number of days").first().waitFor();
    await checkPage(ada);
    await shot(ada, `policy-rules-${context.name}`);
    await ada.context().close();
  });
}

const ACCOUNT = "Smart-On-Prem-Account";

for (const [n, window] of [windows[0], windows[1], windows[2]].entries()) {
  test(`usage is reported through On-Prem, by network and by hand (${window.name})`, async () => {
    const { server, cloud } = await openBoth(browser, portal, window);
    const state = path.join(folder, `on-prem-${n}.json`);
    const device = async (...words) => (await run(program, ["device", "--state", state, ...words])).stdout;
    const token = (
      await run(program, [
        "on-prem", "--data", portal.onPrem.databaseUrl, "--keys", path.join(portal.folder, "licentral-on-prem.key"),
        "--account", ACCOUNT, "device", "token",
      ])
    ).stdout.trim();
    await device("license", "smart", "transport", "cslu");
    await device("license", "smart", "url", "cslu", `${portal.onPrem.base}/cslu/v1/pi/${ACCOUNT}-1`);
    await device("license", "smart", "trust", "idtoken", token, "local");
    assert.match(await device("license", "smart", "sync", "all"), /2 sent, 0 acknowledged\. 2 wait for the synchronization/);
    assert.match(await device("show", "license", "rum", "id", "all"), /OPEN +c9200-ne-48/);
    const serial = JSON.parse(await readFile(state, "utf8")).serial;

    // By the network: the server tells the cloud, and has the acknowledgement afterwards.
    await dashboard(server);
    assert.match(await says(server, ACCOUNT), /reporting by policy, last report/);
    await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
    await menu(server, "Devices", "SL Using Policy");
    await title(server, "SL Using Policy");
    await server.getByRole("row").filter({ hasText: serial }).getByText("Reported, awaiting acknowledgement").waitFor();
    await checkPage(server);
    await shot(server, `policy-on-prem-waits-${window.name}`);
    await dashboard(server);
    await synchronize(server, ACCOUNT);
    assert.match(await device("license", "smart", "sync", "all"), /2 acknowledged/);
    await checkPage(server);
    await shot(server, `policy-on-prem-dashboard-${window.name}`);

    // By hand: exported, taken in by the cloud, and its acknowledgement imported.
    await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
    await menu(server, "Devices", "SL Using Policy");
    const usage = await save(server, portal, () => server.getByRole("link", { name: "Export Usage to Cisco" }).click(), `usage-${n}.tar`);
    await menu(cloud, "Devices", "Usage Data Files");
    await cloud.getByRole("link", { name: "Upload Usage Data" }).first().click();
    await cloud.getByLabel("Virtual Account").selectOption({ label: "Local-Virtual-Account" });
    await cloud.locator("input[type=file]").setInputFiles(usage);
    await cloud.getByRole("button", { name: "Upload Data" }).click();
    await cloud.getByText("No Errors").waitFor();
    const acknowledgement = await save(
      cloud,
      portal,
      () => cloud.getByRole("button", { name: "Download Acknowledgement" }).click(),
      `ack-on-prem-${n}.txt`,
    );
    await server.getByRole("link", { name: "Import From Cisco" }).click();
    await title(server, "Import From Cisco");
    await checkPage(server);
    await server.locator("input[type=file]").setInputFiles(acknowledgement);
    await server.getByRole("button", { name: "Import" }).click();
    await server.getByText(/usage reports acknowledged/).waitFor();
    await checkPage(server);
    await shot(server, `policy-on-prem-${window.name}`);
    await menu(cloud, "Devices", "Device Inventory");
    await visit(cloud, `${new URL(cloud.url()).pathname}?mode=slp&q=${serial}`);
    await cloud.getByRole("row").filter({ hasText: serial }).getByRole("link").first().click();
    await cloud.waitForURL(/device-inventory\/[0-9a-f-]+$/);
    await cloud.getByText("Acknowledged", { exact: true }).first().waitFor();
    await server.context().close();
  });
}

/** An access token of an API client of the scenario. */
async function bearer(client) {
  const answer = await fetch(`${portal.base}/api/v1/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: client, client_secret: "licentral-demo-secret" }),
  });
  return (await answer.json()).access_token;
}

async function ask(client, method, path, body) {
  const answer = await fetch(`${portal.base}${path}`, {
    method,
    headers: { authorization: `Bearer ${await bearer(client)}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.status < 300, `${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** An order of export-controlled licenses, assigned to a Virtual Account of XYZ COMPANY. */
async function buy(number, identifier, place) {
  await ask("demo-olga", "PUT", "/api/v1/simulator/orders", { delay_seconds: 0, failing_percent: 0 });
  const lines = [{ sku: "HSEC-C8300", quantity: 1 }];
  const order = { identifier, customer: "XYZ COMPANY", customer_domain: "xyz.example", lines };
  await ask("demo-olga", "POST", "/api/v1/order-imports", { orders: [order] });
  const target = { smart_account: "xyz.example", virtual_account: place };
  await ask("demo-ada", "POST", `/api/v1/accounts/${number}/order-assignments`, { orders: [identifier], target });
}

/** Says the words again until the device has what it asks for: an order completes a moment later. */
async function until(device, words, wanted) {
  for (let tries = 0; tries < 50; tries += 1) {
    const said = await device(...words).catch((error) => `${error.stdout}${error.stderr}`);
    if (wanted.test(said)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(`${words.join(" ")} never said ${wanted}`);
}

const ASK = ["license", "smart", "authorization", "request", "add", "hsec-k9", "local"];
const BACK = ["license", "smart", "authorization", "return", "local", "online"];

test("usage is reported and an export-controlled license is authorized online, at the cloud", async () => {
  const state = path.join(folder, "online.json");
  const device = async (...words) => (await run(program, ["device", "--state", state, "--portal", portal.base, ...words])).stdout;
  const ada = await openPage(browser, portal, contexts[0]);
  await signInAs(ada, ADA);
  const base = await account(ada);
  const number = base.split("/").pop();
  await buy(number, "HSEC-ONLINE", "DEFAULT");
  const { items } = await ask("demo-ada", "GET", `/api/v1/accounts/${number}/virtual-accounts`);
  const place = items.find((one) => one.name === "DEFAULT").id;
  const made = await ask("demo-ada", "POST", `/api/v1/accounts/${number}/registration-tokens`, {
    virtual_accounts: [place], description: "online",
  });
  await device("license", "smart", "transport", "smart");
  await device("license", "smart", "trust", "idtoken", made.items[0].token, "local");
  assert.match(await device("license", "smart", "sync", "all"), /2 sent, 2 acknowledged/);
  await until(device, ASK, /Authorized: hsec-k9=1/);
  const serial = JSON.parse(await readFile(state, "utf8")).serial;
  await visit(ada, `${base}/devices/device-inventory?mode=slp&q=${serial}`);
  await ada.getByRole("link", { name: /access-switch/ }).first().click();
  await ada.getByText("Acknowledged", { exact: true }).first().waitFor();
  await checkPage(ada);
  await visit(ada, `${new URL(ada.url()).pathname}/license-authorization`);
  await title(ada, "License authorization");
  await ada.getByText("High Security").first().waitFor();
  await checkPage(ada);
  await shot(ada, "policy-authorized");
  assert.match(await device(...BACK), /Its licenses came back/);
  await ada.context().close();
});

for (const [n, window] of [windows[0], windows[1], windows[2]].entries()) {
  test(`an authorization code comes through On-Prem, by network and by hand (${window.name})`, async () => {
    const { server, cloud } = await openBoth(browser, portal, window);
    const number = new URL(cloud.url()).pathname.match(/\/sa\/(\d+)/)[1];
    await buy(number, `HSEC-ON-PREM-${n}`, "Local-Virtual-Account");
    const state = path.join(folder, `slac-${n}.json`);
    const device = async (...words) => (await run(program, ["device", "--state", state, ...words])).stdout;
    const token = (
      await run(program, [
        "on-prem", "--data", portal.onPrem.databaseUrl, "--keys", path.join(portal.folder, "licentral-on-prem.key"),
        "--account", ACCOUNT, "device", "token",
      ])
    ).stdout.trim();
    await device("license", "smart", "transport", "cslu");
    await device("license", "smart", "url", "cslu", `${portal.onPrem.base}/cslu/v1/pi/${ACCOUNT}-1`);
    await device("license", "smart", "trust", "idtoken", token, "local");
    const serial = JSON.parse(await readFile(state, "utf8")).serial;
    const page = async () => {
      await server.getByRole("row").filter({ hasText: serial }).getByRole("link", { name: /authorization code of/ }).click();
      await title(server, "License authorization");
      await checkPage(server);
    };
    const tab = async () => {
      await dashboard(server);
      await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
      await menu(server, "Devices", "SL Using Policy");
      await title(server, "SL Using Policy");
    };

    // The device asks; the network brings the answer.
    assert.match(await device(...ASK), /waits for the synchronization/);
    await tab();
    await server.getByRole("row").filter({ hasText: serial }).getByText("Waits for the synchronization").waitFor();
    await checkPage(server);
    await dashboard(server);
    await synchronize(server, ACCOUNT);
    assert.match(await device(...ASK), /Authorized: hsec-k9=1/);
    assert.match(await device(...BACK), /The return waits for the synchronization/);
    await dashboard(server);
    await synchronize(server, ACCOUNT);
    assert.match(await device(...BACK), /Its licenses came back/);

    // Somebody asks for it; files are carried by hand.
    await tab();
    await page();
    await server.getByLabel("License").selectOption({ label: "High Security (HSECK9), export-controlled" });
    await server.getByLabel("Quantity").fill("1");
    await server.getByRole("button", { name: "Request Authorization Code" }).click();
    await message(server, "The authorization code is asked for");
    await checkPage(server);
    await shot(server, `policy-slac-asked-${window.name}`);
    await byHand(server, cloud, portal, ACCOUNT, `slac-${n}-1`);
    await tab();
    await page();
    const code = (await server.locator("code").filter({ hasText: /^[A-Z2-7]{6}-/ }).first().innerText()).trim();
    assert.match(await device("license", "smart", "authorization", "install", code), /Authorized: hsec-k9=1/);
    await shot(server, `policy-slac-granted-${window.name}`);
    const proof = (await device("license", "smart", "authorization", "return", "local")).trim().split("\n").pop();
    await server.getByLabel("Return Code").fill("AAAAAA-AAAAAA");
    await server.getByRole("button", { name: "Return Authorization" }).click();
    await server.getByText("This is not the return code").first().waitFor();
    await checkPage(server);
    await server.getByLabel("Return Code").fill(proof);
    await server.getByRole("button", { name: "Return Authorization" }).click();
    await message(server, "The authorization code was given back");
    await byHand(server, cloud, portal, ACCOUNT, `slac-${n}-2`);
    await tab();
    await server.getByRole("row").filter({ hasText: serial }).getByText("Returned", { exact: true }).waitFor();
    await server.context().close();
  });
}
