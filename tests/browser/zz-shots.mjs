import { spawnSync } from "node:child_process";
import path from "node:path";
import { mkdirSync } from "node:fs";
import { openBrowser, openPage, signInAs, startPortal, visit, contexts } from "./support.mjs";
const program = process.env.LICENTRAL_BIN; const dir = "/tmp/shots6"; mkdirSync(dir, { recursive: true });
const portal = await startPortal(), browser = await openBrowser();
const on = (...w) => { const r = spawnSync(program, ["on-prem", "--data", "x.db", ...w], { cwd: portal.folder, encoding: "utf8" }); if (r.status) console.log(w, r.stdout, r.stderr); return r.stdout; };
try {
const page = await openPage(browser, portal, contexts[0]);
const both = async (name) => {
  for (const [w, h] of [[1440, 900], [390, 844]]) { await page.setViewportSize({ width: w, height: h }); await page.waitForTimeout(350); await page.screenshot({ path: `${dir}/${name}-${w}.png` }); }
  await page.setViewportSize({ width: 1440, height: 900 });
};
await signInAs(page, "ada@xyz.example");
const L = "/sa/100001/devices/device-managers";
await visit(page, L); await both("list");
on("account", "new", "--name", "Plant Springfield with quite a long name of its own"); on("register", "--out", "r.txt");
await page.getByRole("link", { name: "Add device manager" }).click();
await page.getByLabel("Registration file").setInputFiles(path.join(portal.folder, "r.txt"));
await page.getByLabel("Virtual Account", { exact: true }).selectOption({ label: "A new Virtual Account" });
await page.getByLabel("Name of the new Virtual Account").fill("Plant licenses"); await both("add");
await page.getByRole("button", { name: "Add device manager" }).click();
await page.getByRole("heading", { level: 1, name: /is registered/ }).waitFor(); await both("added");
const [f] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download authorization file" }).click()]);
await f.saveAs(path.join(portal.folder, "a.txt")); on("authorize", path.join(portal.folder, "a.txt"));
const base = page.url().replace(/\/authorization.*/, "");
on("device", "add", "--serial", "FOC", "--count", "5001", "--use", "c9200-ne-48");
on("sync", "generate", "--out", "1.sync");
await page.goto(base + "/upload-sync-file"); await both("upload");
await page.getByLabel("Synchronization file", { exact: true }).and(page.locator("input")).setInputFiles("/etc/hostname");
await page.getByRole("button", { name: "Next" }).click(); await page.getByText("not a").first().waitFor(); await both("upload-refused");
await page.getByLabel("Synchronization file", { exact: true }).and(page.locator("input")).setInputFiles(path.join(portal.folder, "1.sync"));
await page.getByRole("button", { name: "Next" }).click();
await page.getByRole("heading", { level: 1, name: "Review the file information" }).waitFor(); await both("review");
await page.getByRole("button", { name: "Submit" }).click();
await page.getByRole("heading", { level: 1, name: "The file is being applied" }).waitFor({ timeout: 5000 }).catch((e) => console.log("no applying", page.url()));
await page.waitForTimeout(1200);
await page.screenshot({ path: `${dir}/applying-1440.png` });
await page.getByRole("heading", { level: 1, name: "Confirmation" }).waitFor({ timeout: 60000 }); await both("confirmation");
await page.goto(base); await both("detail");
for (const t of ["Virtual Accounts", "Event log"]) { await page.getByRole("navigation").getByRole("link", { name: new RegExp("^"+t) }).last().click(); await page.waitForTimeout(500); await both("tab-" + t.split(" ")[0]); }
await page.goto(base + "/sync-history"); await both("history");
await page.goto(L); await both("list2");
await page.goto(base + "/remove"); await both("remove");
} catch (e) { console.log(e); }
await browser.close(); await portal.stop();
