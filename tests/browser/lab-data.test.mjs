// The data of a lab, on its pages: a scenario file goes out and comes back, a wrong one is told line by line; an account
// comes of exported tables; a fleet runs, meets trouble and ends. With script and without.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { checkPage, contexts, inEachContext, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const OLGA = "olga@licensing.example";
let portal;
let browser;
let folder;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ env: { LICENTRAL_ON_PREM_LISTEN: "off" } }), openBrowser()]);
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "licentral-lab-data-"));
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

const both = [contexts[0], contexts.find((context) => context.options.javaScriptEnabled === false)];

for (const context of both) {
  test(`a fleet runs, meets trouble and ends (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/fleet");
    await page.getByLabel("Domain of the Smart Account").fill("nobody.example");
    await page.getByRole("button", { name: "Start the fleet" }).click();
    await page.getByText("No Active Smart Account has this domain.").first().waitFor();
    await page.getByLabel("Domain of the Smart Account").fill("xyz.example");
    await page.getByLabel("How many devices").fill("3");
    await page.getByRole("button", { name: "Start the fleet" }).click();
    await page.getByText("The fleet was started.").first().waitFor();
    for (let tries = 0; tries < 40 && !(await page.locator("#running").innerText()).match(/Registered\s+3\b/); tries++) {
      await page.waitForTimeout(250);
      await visit(page, "/simulator/fleet");
    }
    await page.getByText("fleet-0003").first().waitFor();
    await checkPage(page, "a fleet that runs");
    await page.getByLabel("To how many").fill("2");
    await page.getByRole("button", { name: "Let it happen" }).click();
    await page.getByText("Goes silent: 2 devices.").first().waitFor();
    assert.match(await page.locator("#running").innerText(), /Silent\s+2\b/);
    await shot(page, `lab-fleet-${context.name}`);
    await page.getByRole("button", { name: "Stop the fleet" }).click();
    await page.getByText("The fleet was stopped.").first().waitFor();
    await page.context().close();
  });

  test(`an account comes of exported tables (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/account-like-yours");
    const domain = `like-${context.name}.example`.toLowerCase();
    await page.getByLabel("Smart Account Name").fill(`Like ${context.name}`);
    await page.getByLabel("Account Domain Identifier").fill(domain);
    const table = "License,Purchased,Virtual Account\nOur Own License,5,Secret Site\nNothing,none,Secret Site\n";
    const file = { name: "licenses.csv", mimeType: "text/csv", buffer: Buffer.from(table) };
    await page.getByLabel("File of Licenses").setInputFiles(file);
    await page.getByRole("button", { name: "Read the tables" }).click();
    await page.getByText("What would be made").first().waitFor();
    await page.getByText("Licenses, line 3:").first().waitFor();
    await checkPage(page, "what would be made");
    await shot(page, `lab-like-yours-${context.name}`);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText(`The Smart Account Like ${context.name} was made`).first().waitFor();
    await page.context().close();
  });

  test(`a scenario file goes out and comes back (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/scenarios");
    const wrong = { name: "bad.yaml", mimeType: "text/yaml", buffer: Buffer.from("licentral_scenario: 1\nname: ours\ncolour: red\n") };
    await page.locator("#f-file").setInputFiles(wrong);
    await page.getByRole("button", { name: "Replace everything by the file" }).click();
    await page.getByText("Line 3: colour is not known here").first().waitFor();
    await checkPage(page, "a wrong scenario file");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Export the present state" }).click(),
    ]);
    const kept = path.join(folder, `${context.name}.yaml`);
    await download.saveAs(kept);
    assert.match(await fs.readFile(kept, "utf8"), /^licentral_scenario: 1\n/);
    await page.locator("#f-file").setInputFiles(kept);
    await page.getByRole("button", { name: "Replace everything by the file" }).click();
    await page.getByText(/The scenario file .* was loaded\./).first().waitFor();
    await shot(page, `lab-scenario-file-${context.name}`);
    await page.context().close();
  });
}

test("the pages are sound in every window", async () => {
  await inEachContext(browser, portal, async (page, context) => {
    await signInAs(page, OLGA);
    for (const target of ["/simulator/scenarios", "/simulator/account-like-yours", "/simulator/fleet"]) {
      await visit(page, target);
      await checkPage(page, target);
      if (/^(1440-light|390-light)$/.test(context.name)) await shot(page, `lab-data-${target.split("/").at(-1)}-${context.name}`);
    }
  });
});
