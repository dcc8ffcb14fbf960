// What the walks through both portals share: two tabs of one browser, and ways to find things by their labels.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { checkPage, contexts, openPage, openTab, program, signInAs, visit } from "./support.mjs";

/** On a screen, on a phone, and without script: the walks are done in each. */
export const windows = ["1440-light", "390-light", "no-script"].map((name) => contexts.find((one) => one.name === name));

/** Ines, System Administrator of the On-Prem server, and beside her in another tab Ada, administrator in the cloud. */
export async function openBoth(browser, portal, window) {
  const server = await openPage(browser, portal.onPrem, window);
  const cloud = await openTab(server, portal);
  if (window.options.javaScriptEnabled !== false) await server.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signInAs(server, "admin@on-prem.example");
  await signInAs(cloud, "ada@xyz.example");
  await enter(cloud);
  return { server, cloud };
}

export const title = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
export const message = (page, words) => page.getByRole("main").getByText(words).first().waitFor();
export const row = (page, name) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
/** What a row says, in one line. */
export const says = async (page, name) => (await row(page, name).first().innerText()).replace(/\s+/g, " ");

/** Goes where the left menu leads: a link, or a section and a link in it. On a phone the menu is opened first. */
export async function menu(page, section, label) {
  const opener = page.getByRole("button", { name: "Menu", exact: true });
  if (await opener.isVisible()) await opener.click();
  const nav = page.getByRole("navigation", { name: "Main menu" });
  if (!label) return follow(page, nav.getByRole("link", { name: section, exact: true }));
  const part = nav.locator("details").filter({ has: page.locator("summary", { hasText: section }) });
  const link = part.getByRole("link", { name: label });
  if (!(await link.first().isVisible())) await part.locator("summary").first().click();
  return follow(page, link.first());
}

/** Follows a link or presses a button, and waits until the page that comes of it is there. */
async function follow(page, target) {
  await target.click();
  await page.waitForLoadState("load");
}

const chosen = (within, word) =>
  within.getByRole("link", { name: word, exact: true }).or(within.getByRole("button", { name: word, exact: true }));

/** Opens the menu of a row, by its three dots or its button "Actions", and chooses a word of it. */
export async function choose(page, name, word) {
  await openMenu(page, name);
  await chosen(row(page, name).first(), word).click();
}

/** Opens the menu of a row. */
export async function openMenu(page, name) {
  await row(page, name).first().getByRole("button", { name: /^Actions/ }).click();
}

/** Opens a menu of the page by its button, and chooses a word of it. */
export async function pick(page, button, word) {
  await page.getByRole("button", { name: button, exact: true }).click();
  await chosen(page.getByRole("main"), word).and(page.locator(":visible")).first().click();
}

/** Opens a tab of the page. */
export async function tab(page, label) {
  const link = page.getByRole("main").getByRole("navigation").getByRole("link", { name: label });
  await link.first().click();
  await page.getByRole("main").getByRole("navigation").locator(`a[aria-current="page"]`).filter({ hasText: label }).waitFor();
}

/** Presses what downloads a file, and says where it is. */
export async function download(page, portal, press, as) {
  const [file] = await Promise.all([page.waitForEvent("download"), press()]);
  const target = path.join(portal.folder, as);
  await file.saveAs(target);
  return target;
}

/** From Software Central into the Smart Account, as the documents go. */
export async function enter(cloud) {
  await visit(cloud, "/software-central");
  await cloud.getByRole("link", { name: "Access Cisco License Central" }).click();
  await cloud.getByRole("heading", { level: 1 }).waitFor();
  const account = cloud.getByRole("main").getByRole("link", { name: /XYZ COMPANY/ });
  if (new URL(cloud.url()).pathname === "/select") {
    await cloud.getByRole("searchbox").filter({ visible: true }).last().fill("XYZ COMPANY");
    await cloud.keyboard.press("Enter");
    await account.first().click();
  }
}

/** Device Managers of the cloud, under Device Connections in the left menu. */
export async function deviceManagers(cloud) {
  await menu(cloud, "Devices", "Device Managers");
  await title(cloud, "Device Managers");
}

/** The simulated switch: runs a command of it and says what it printed. */
export function device(portal, ...words) {
  const run = spawnSync(program, ["device", ...words], { cwd: portal.folder, encoding: "utf8" });
  assert.equal(run.status, 0, `${words.join(" ")}\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

/** Checks a page on the screen and on the phone; without script the portal sends the same page. */
export async function look(page, window, label) {
  if (window === windows[2]) return;
  await checkPage(page, label, { source: window === windows[0] });
}

/** The dashboard of the server, and what it says of an account. */
export async function dashboard(server) {
  await menu(server, "Licensing workspace");
  await title(server, "On-Prem Accounts");
}

/** "Initiate network (online) sync", until Sync Status says that it went well. */
export async function synchronize(server, account) {
  await dashboard(server);
  await choose(server, account, "Initiate network (online) sync");
  await row(server, account).getByText("Synchronization Successful").waitFor({ timeout: 20_000 });
}

/** "Initiate manual (offline) sync": the file to the cloud, its wizard, and the response back. */
export async function byHand(server, cloud, portal, account, at) {
  await dashboard(server);
  await choose(server, account, "Initiate manual (offline) sync");
  const pop = server.getByRole("dialog", { name: "Initiate manual (offline) sync" });
  const generate = pop.getByRole("button", { name: "Generate an On-Prem Account synchronization file" });
  const usage = await download(server, portal, () => generate.click(), `${at}.sync`);
  await pop.getByRole("link", { name: "Close", exact: true }).last().click();
  await deviceManagers(cloud);
  await choose(cloud, account, "Upload sync file");
  await title(cloud, "Upload sync file");
  await cloud.locator("input[type=file]").setInputFiles(usage);
  await cloud.getByRole("button", { name: "Next" }).click();
  await title(cloud, "Review the file information");
  await cloud.getByRole("button", { name: "Submit" }).click();
  await title(cloud, "Confirmation");
  await cloud.getByRole("link", { name: "Close", exact: true }).click();
  await deviceManagers(cloud);
  await openMenu(cloud, account);
  const link = row(cloud, account).getByRole("link", { name: "Download latest response file", exact: true });
  const response = await download(cloud, portal, () => link.click(), `${at}.response`);
  await choose(server, account, "Initiate manual (offline) sync");
  await pop.locator("input[type=file]").setInputFiles(response);
  await pop.getByRole("button", { name: "Upload response file" }).click();
  await row(server, account).getByText("Synchronization Successful").waitFor();
}
