// Usage by policy on its pages: a device saves its usage, a person uploads the file and downloads the acknowledgement.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { checkPage, contexts, openBrowser, openPage, program, shot, signInAs, startPortal, visit } from "./support.mjs";

const run = promisify(execFile);
const ADA = "ada@xyz.example";
let portal;
let browser;
let folder;
before(async () => {
  [portal, browser, folder] = await Promise.all([
    startPortal({ env: { LICENTRAL_ON_PREM_LISTEN: "off" } }),
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
