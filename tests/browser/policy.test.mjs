// Usage by policy on its pages: a device saves its usage, a person uploads the file and downloads the acknowledgement.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { checkPage, contexts, openBrowser, openPage, program, shot, signInAs, startPortal, visit } from "./support.mjs";
import { dashboard, download as save, menu, openBoth, says, synchronize, title, windows } from "./walk.mjs";

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
