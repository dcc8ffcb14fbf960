// Founding document S1, "How to Request a Smart Account for a Customer", followed step by step by its visible labels:
// once with script and once without. Nothing is found by a class, an id or an address.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, letterTo, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const withScript = contexts[0];
const withoutScript = contexts.find((context) => context.options.javaScriptEnabled === false);

/** Steps 1 to 8: from Software Central to the directory that shows the new account as Pending. */
async function requestForCustomer(page, { name, domain, customers, label }) {
  await visit(page, "/software-central");
  await page.getByRole("link", { name: "Access Cisco License Central" }).click();
  // A person with one account is led straight into it; others select one.
  const one = page.getByRole("link", { name: /Bramwell Distribution/ });
  if (new URL(page.url()).pathname === "/select") await one.first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();

  const menu = page.getByRole("navigation", { name: "Main menu" });
  const directory = menu.getByRole("link", { name: "Your Smart and Virtual Account access" });
  if (!(await directory.isVisible())) await menu.getByText("Bramwell Distribution").first().click();
  await directory.click();
  await page.getByRole("heading", { level: 1, name: "Your Smart and Virtual Account access" }).waitFor();
  await checkPage(page, `${label} directory`);

  await page.getByRole("button", { name: "Create Smart Account" }).click();
  await page.getByRole("link", { name: "Request for a customer" }).click();
  await page.getByRole("heading", { level: 1, name: "Request a Smart Account for a Customer" }).waitFor();
  await checkPage(page, `${label} request form`);

  await page.getByText("Edit", { exact: true }).click();
  await page.getByLabel("Smart Account Name").fill(name);
  await page.getByLabel("Account Domain Identifier").fill(domain);
  await page.getByLabel(/Note to Cisco Approver/).fill("First order, nine switches.");
  await page.getByLabel("Customer Email addresses").fill(customers.join(", "));
  await page.getByLabel(/Note to Customer/).fill("Welcome. Your licenses will arrive in this account.");
  await checkPage(page, `${label} request form, filled`);
  await page.getByRole("button", { name: "Send Request" }).click();

  await page.getByRole("heading", { level: 1, name: "Your Smart and Virtual Account access" }).waitFor();
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByText("Pending", { exact: true }).waitFor();
  await checkPage(page, `${label} directory with the pending account`);
  await shot(page, `s1 ${label} directory`);
}

/** A customer without a user account follows the emailed link, names themselves, and sees the Pending Request. */
async function arriveByLetter(page, email, person, label) {
  await letterTo(page, email, /approv/i);
  await checkPage(page, `${label} letter`);
  // The words of the letter as plain text: its links lead on.
  await page.getByRole("link", { name: /^text/i }).click();
  await page.getByRole("main").getByRole("link", { name: /\/r\// }).first().click();
  await page.getByRole("heading", { level: 1, name: "Set up your user account" }).waitFor();
  await checkPage(page, `${label} set up`);
  await page.getByLabel(/name/i).first().fill(person);
  await page.getByLabel(/^password$/i).fill("teal cabin forty orbit");
  await page.getByLabel(/again/i).fill("teal cabin forty orbit");
  await page.getByRole("button", { name: "Set up and view the request" }).click();
  await page.getByRole("heading", { level: 1, name: "Pending Request" }).waitFor();
  await checkPage(page, `${label} pending request`);
  await shot(page, `s1 ${label} pending request`);
}

for (const context of [withScript, withoutScript]) {
  const script = context === withScript;
  const label = script ? "with script" : "without script";
  const tag = script ? "one" : "two";

  test(`a partner requests, the customer approves, ${label}`, async () => {
    const [pat, customer] = [await openPage(browser, portal, context), await openPage(browser, portal, context)];
    const [name, domain] = [`New Client ${tag}`, `client-${tag}.example`];
    await signInAs(pat, "pat@bramwell.example");
    await requestForCustomer(pat, { name, domain, customers: [`lee@${domain}`, `kim@${domain}`], label });
    await arriveByLetter(customer, `lee@${domain}`, "Lee Okafor", label);

    // Exactly four actions.
    for (const action of ["Cancel", "Forward", "Deny Request"]) await customer.getByRole("link", { name: action, exact: true }).waitFor();
    await customer.getByRole("button", { name: "Approve and Create the Account" }).click();
    await customer.getByText(/approved/i).first().waitFor();
    await checkPage(customer, `${label} approved`);
    await shot(customer, `s1 ${label} approved`);

    await visit(pat, "/access");
    await pat.getByRole("row").filter({ hasText: name }).getByText("Active", { exact: true }).waitFor();
    await letterTo(pat, "pat@bramwell.example", name);
    await Promise.all([pat.context().close(), customer.context().close()]);
  });

  test(`the customer denies with a reason, after forwarding, ${label}`, async () => {
    const [pat, first, second] = [await openPage(browser, portal, context), await openPage(browser, portal, context), await openPage(browser, portal, context)];
    const [name, domain] = [`Other Client ${tag}`, `other-${tag}.example`];
    await signInAs(pat, "pat@bramwell.example");
    await requestForCustomer(pat, { name, domain, customers: [`max@${domain}`], label });
    await arriveByLetter(first, `max@${domain}`, "Max Winter", label);

    await first.getByRole("link", { name: "Forward", exact: true }).click();
    const forward = first.getByRole("dialog");
    await forward.waitFor();
    await checkPage(first, `${label} forward`);
    await forward.getByRole("textbox").first().fill(`ida@${domain}`);
    await forward.getByRole("button", { name: "Forward" }).click();
    await first.getByText(`ida@${domain}`).first().waitFor();

    await arriveByLetter(second, `ida@${domain}`, "Ida Berg", label);
    await second.getByRole("link", { name: "Deny Request", exact: true }).click();
    const deny = second.getByRole("dialog");
    await deny.waitFor();
    await deny.getByRole("button", { name: "Deny Request" }).click();
    await second.getByText(/enter .*reason/i).first().waitFor();
    await checkPage(second, `${label} deny without a reason`);
    await second.getByRole("dialog").getByLabel("Deny reason").fill("We have an account under our parent company.");
    await second.getByRole("dialog").getByRole("button", { name: "Deny Request" }).click();
    await second.getByText(/denied/i).first().waitFor();
    await checkPage(second, `${label} denied`);

    await visit(pat, "/access");
    await pat.getByRole("row").filter({ hasText: name }).getByText("Denied", { exact: true }).waitFor();
    await letterTo(pat, "pat@bramwell.example", name);
    assert.match(await pat.getByRole("main").innerText(), new RegExp(name));
    await Promise.all([pat, first, second].map((page) => page.context().close()));
  });
}

test("by keyboard alone: to the main content, into the menu, through a dialog and back", async () => {
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "pat@bramwell.example");
  await visit(page, "/access");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "Skip to main content comes first");
  const create = page.getByRole("button", { name: "Create Smart Account" });
  await create.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Request for a customer" }).waitFor();
  await page.keyboard.press("Escape");
  assert.ok(await create.evaluate((button) => button === document.activeElement), "Escape gives the focus back to the button");
  await page.context().close();
});
