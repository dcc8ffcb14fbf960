// Webhooks, "Why can't I?" and the record, on their pages: with script and without, on a wide window and on a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, inEachContext, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const OLGA = "olga@licensing.example";
const ADA = "ada@xyz.example";
let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ env: { LICENTRAL_ON_PREM_LISTEN: "off" } }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** The address of the account that is open. */
async function account(page) {
  await visit(page, "/select");
  await page.getByRole("link", { name: /XYZ COMPANY/ }).first().click();
  await page.waitForURL(/\/sa\/\d+/);
  return new URL(page.url()).pathname.match(/^\/sa\/\d+/)[0];
}

const both = [contexts[0], contexts.find((context) => context.options.javaScriptEnabled === false)];

for (const context of both) {
  test(`a webhook is added, tried, looked at and removed (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/receiver");
    const address = (await page.locator("#h-address").locator("xpath=ancestor::section").innerText()).match(/http:\S+receiver/)[0];
    await page.context().close();
    const ada = await openPage(browser, portal, context);
    await signInAs(ada, ADA);
    const base = await account(ada);
    await visit(ada, `${base}/webhooks`);
    await ada.getByRole("link", { name: "Add Webhook" }).first().click();
    await ada.getByRole("dialog").waitFor();
    await ada.getByLabel("Name").fill("Receiver");
    await ada.getByLabel("Address").fill("http://10.0.0.1/");
    await ada.getByRole("dialog").getByRole("button", { name: "Add Webhook" }).click();
    await ada.getByText("A lab calls this computer alone").first().waitFor();
    await ada.getByLabel("Address").fill(address);
    await ada.getByRole("dialog").getByRole("button", { name: "Add Webhook" }).click();
    await ada.getByText("Receiver was added").waitFor();
    assert.match(await ada.locator("section.secret").innerText(), /lcw_/);
    await checkPage(ada, "a new webhook");
    await visit(ada, `${base}/webhooks`);
    await ada.getByRole("link", { name: "Receiver", exact: true }).click();
    await ada.getByRole("button", { name: "Send a test" }).click();
    await ada.getByText("A test is on its way.").first().waitFor();
    const one = new URL(ada.url()).pathname;
    for (let tries = 0; tries < 40; tries += 1) {
      await visit(ada, one);
      const row = ada.locator("tbody tr").filter({ hasText: "webhook.tested" });
      if ((await row.count()) > 0 && /Delivered/.test(await row.first().innerText())) break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await ada.getByRole("link", { name: "Webhook tested" }).first().click();
    await ada.getByText("Licentral-Signature").first().waitFor();
    assert.match(await ada.locator("main").innerText(), /Status 204/);
    await checkPage(ada, "a delivery");
    await visit(ada, one);
    await checkPage(ada, "a webhook");
    await ada.getByRole("link", { name: "Remove" }).click();
    await ada.getByRole("button", { name: "Remove webhook" }).click();
    await ada.getByText("The webhook Receiver was removed.").first().waitFor();
    await ada.context().close();
  });

  test(`why somebody may not is told, and why a request was refused (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, ADA);
    const base = await account(page);
    await visit(page, `${base}/explain`);
    await page.getByLabel("Person").fill("cy@xyz.example");
    await page.getByLabel("May they").selectOption("ManageUsers");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.locator("#told").getByText("Does not count").first().waitFor();
    await checkPage(page, "an explanation");
    await page.context().close();
    const cy = await openPage(browser, portal, context);
    await signInAs(cy, "cy@xyz.example");
    await visit(cy, `${base}/webhooks`, { status: 403 });
    await cy.getByRole("link", { name: "Why?" }).click();
    await cy.locator("#refused").getByText("You may not manage webhooks.").waitFor();
    await checkPage(cy, "a refused request");
    await cy.context().close();
  });

  test(`the chain of the record is followed (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, ADA);
    const base = await account(page);
    await visit(page, `${base}/activity`);
    await page.getByRole("link", { name: "Record", exact: true }).click();
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("It holds").waitFor();
    await checkPage(page, "the record");
    await page.context().close();
  });
}

test("each page is sound in every window", async () => {
  await inEachContext(browser, portal, async (page, context) => {
    const is = (path) => path.replaceAll("/", "-").replace(/\d+/, "n");
    await signInAs(page, OLGA);
    for (const path of ["/simulator/receiver", "/simulator/explain", "/simulator/tenants", "/simulator/sync-files", "/simulator/scenarios", "/explain"]) {
      await visit(page, path);
      await checkPage(page, path);
      if (/^(1440-light|390-light)$/.test(context.name)) await shot(page, `lab${is(path)}-${context.name}`);
    }
    await page.context().clearCookies();
    await signInAs(page, ADA);
    const base = await account(page);
    for (const path of ["/webhooks", "/webhooks/new", "/explain", "/activity/record"]) {
      await visit(page, `${base}${path}`);
      await checkPage(page, path);
      if (/^(1440-light|390-light)$/.test(context.name)) await shot(page, `account${is(path)}-${context.name}`);
    }
  });
});

test("on a phone the buttons of scenarios stand below one another", async () => {
  const page = await openPage(browser, portal, contexts.find((context) => context.name === "390-light"));
  await signInAs(page, OLGA);
  for (const path of ["/simulator/scenarios", "/simulator/faults"]) {
    await visit(page, path);
    const lefts = await page.locator("table.cards td.right .btn").evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().left)));
    assert.ok(lefts.length > 2, path);
    assert.deepEqual([...new Set(lefts)], [lefts[0]], `${path}: ${lefts}`);
  }
  await page.context().close();
});
