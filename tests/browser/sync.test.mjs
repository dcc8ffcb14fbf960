// Founding documents S2 (manual synchronization) and S0 (removal of an On-Prem account), with a real counterpart, an account of
// the On-Prem server beside the cloud: registered by file, synchronized by file, emptied, and removed. The cloud's pages are
// found by visible labels; the server is told what to do by its command (its own pages: on-prem-*.test.mjs).

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { checkPage, contexts, openBrowser, openPage, program, shot, signInAs, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ onPrem: true }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const title = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** Opens "Device Managers" by the menu on the left. */
async function openList(page) {
  await visit(page, "/sa/100001");
  const menu = page.getByRole("navigation").filter({ has: page.getByText("Licensing") }).first();
  const link = menu.getByRole("link", { name: "Device Managers", exact: true });
  if (!(await link.isVisible())) await menu.locator("span", { hasText: /^Devices$/ }).click();
  await link.click();
  await title(page, "Device Managers");
}

/** Chooses a word of the row menu of a device manager. */
async function choose(page, name, word) {
  await openList(page);
  await row(page, name).getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("link", { name: word, exact: true }).and(page.locator(":visible")).first().click();
}

/** Presses what downloads, and says where the file is. */
async function download(page, press, as) {
  const [file] = await Promise.all([page.waitForEvent("download"), press()]);
  const target = path.join(portal.folder, as);
  await file.saveAs(target);
  return target;
}

/** Runs the program in a folder of the portal, and says what it printed. What the portal logs meanwhile is read on. */
async function run(...words) {
  const done = await promisify(execFile)(program, words, { cwd: portal.folder, encoding: "utf8" });
  return done.stdout;
}

/** An account of the On-Prem server: what runs a command for it and says what it printed. */
const onPremAccount =
  (name) =>
  (...words) =>
    run("on-prem", "--data", portal.onPrem.databaseUrl, "--keys", "licentral-on-prem.key", "--account", name, ...words);

/** Registers an On-Prem server, by file in both directions. */
async function register(page, onPrem, label, name) {
  await onPrem("account", "new", "--name", name, "--smart-account", "XYZ COMPANY", "--virtual-account", `${name} licenses`, "--email", "plant@xyz.example");
  await onPrem("register", "--out", `${label}.registration`);
  await openList(page);
  await page.getByRole("link", { name: "Add device manager" }).click();
  await title(page, "Add device manager");
  await page.getByLabel("Registration file").setInputFiles(path.join(portal.folder, `${label}.registration`));
  await page.getByLabel("Virtual Account", { exact: true }).selectOption({ label: "A new Virtual Account" });
  await page.getByLabel("Name of the new Virtual Account").fill(`${name} licenses`);
  await page.getByRole("button", { name: "Add device manager" }).click();
  await title(page, `${name} is registered`);
  await checkPage(page, `${label} registered`);
  const authorization = await download(page, () => page.getByRole("link", { name: "Download authorization file" }).click(), `${label}.authorization`);
  await onPrem("authorize", authorization);
}

/** Uploads a synchronization file, as far as its review. */
async function upload(page, name, file) {
  await choose(page, name, "Upload sync file");
  await title(page, "Upload sync file");
  await checkPage(page, `${file} upload`);
  await page.getByLabel("Synchronization file", { exact: true }).and(page.locator("input")).setInputFiles(path.join(portal.folder, file));
  await page.getByRole("button", { name: "Next" }).click();
  await title(page, "Review the file information");
}

/** Downloads the latest response file, from the list, and applies it on the server. */
async function takeResponse(page, name, as) {
  await row(page, name).getByRole("button", { name: `Actions for ${name}` }).click();
  const response = await download(
    page,
    () => page.getByRole("link", { name: "Download latest response file", exact: true }).and(page.locator(":visible")).first().click(),
    as,
  );
  await onPremAccount(name)("sync", "apply", response);
}

for (const context of [contexts[0], contexts.at(-1)]) {
  const label = context.name;
  const name = `Plant ${label}`;
  const large = `Large plant ${label}`;

  test(`an On-Prem account is registered, synchronized by file, emptied and removed (${label})`, async () => {
    const onPrem = onPremAccount(name);
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await openList(page);
    await checkPage(page, `${label} device managers`);
    await register(page, onPrem, label, name);

    // S2: the file goes up, the response comes back.
    const token = (await onPrem("device", "token")).trim();
    await run("device", "--state", `${label}.json`, "license", "smart", "register", "idtoken", token, "--portal", portal.onPrem.base);
    await onPrem("sync", "generate", "--out", `${label}-1.sync`);
    await upload(page, name, `${label}-1.sync`);
    await page.getByText("Nothing has been applied yet.").waitFor();
    await checkPage(page, `${label} review sync file`);
    await page.getByRole("button", { name: "Submit" }).click();
    await title(page, "Confirmation");
    await checkPage(page, `${label} sync confirmation`);
    await page.getByRole("link", { name: "Close", exact: true }).click();
    await openList(page);
    await row(page, name).getByText("Synchronization Successful").waitFor();
    await takeResponse(page, name, `${label}-1.response`);
    assert.match(await onPrem("status"), /Synchronization Successful/);

    // S0: not while it has product instances.
    await choose(page, name, "Remove");
    const pop = page.getByRole("dialog", { name: "Remove Device Manager?" });
    await pop.getByText("source of truth").waitFor();
    assert.equal(await pop.getByRole("link", { name: "Remove device manager" }).count(), 0);
    await checkPage(page, `${label} remove refused`);
    await onPrem("device", "remove", "--all");
    await onPrem("sync", "generate", "--out", `${label}-2.sync`);
    await upload(page, name, `${label}-2.sync`);
    await page.getByRole("button", { name: "Submit" }).click();
    await title(page, "Confirmation");
    await choose(page, name, "View sync history");
    await title(page, "Sync history");
    await checkPage(page, `${label} sync history`);
    await choose(page, name, "Remove");
    await pop.getByRole("link", { name: "Remove device manager" }).click();
    const number = page.getByRole("dialog", { name: "Enter Active Case Number" });
    await number.getByLabel("Case number").fill("695123456");
    await checkPage(page, `${label} case number`);
    await number.getByRole("button", { name: "Proceed", exact: true }).click();
    await title(page, "Device Managers");
    await page.getByText(`The device manager ${name} was removed.`).first().waitFor();
    assert.equal(await row(page, name).count(), 0);
    await page.context().close();
  });

  test(`a large file is applied by a job, and the page says how far it is (${label})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    const onPrem = onPremAccount(large);
    await register(page, onPrem, `large-${label}`, large);
    // Beyond 5,000 a file is not applied while somebody waits for the answer.
    const token = (await onPrem("device", "token")).trim();
    const seed = String(contexts.indexOf(context) + 1);
    await run("device", "fleet", "--count", "5100", "--seed", seed, "--licenses", "none", "--token", token, "--portal", portal.onPrem.base);
    await onPrem("sync", "generate", "--out", `large-${label}.sync`);
    await upload(page, large, `large-${label}.sync`);
    await page.getByRole("button", { name: "Submit" }).click();
    await title(page, "The file is being applied");
    await page.getByRole("progressbar").waitFor();
    await shot(page, `${label} file being applied`);
    // By itself, with script and without.
    await page.getByRole("heading", { level: 1, name: "Confirmation", exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: "Close", exact: true }).click();
    await openList(page);
    await row(page, large).getByText("5,100").waitFor();
    await page.context().close();
  });
}
