// S3, "How can I assign an order to a Smart Account": step by step, by the labels of the founding document, once with
// script and once without. A partner assigns for a customer, with one order and with separate accounts; an administrator
// assigns twenty; Stocking and Enterprise Agreement orders stay where they are.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

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
const phone = contexts.find((context) => context.name === "390-light");

/** Software Central ▸ Access Cisco License Central ▸ Orders ▸ Order Inventory. */
async function orderInventory(page, account) {
  await visit(page, "/software-central");
  await page.getByRole("link", { name: "Access Cisco License Central" }).click();
  if (new URL(page.url()).pathname === "/select") await page.getByRole("link", { name: account }).first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  const menu = page.getByRole("navigation", { name: "Main menu" });
  const link = menu.getByRole("link", { name: "Order Inventory", exact: true });
  const open = page.getByRole("button", { name: "Menu", exact: true });
  if (await open.isVisible()) await open.click();
  if (!(await link.isVisible())) await menu.getByText("Orders", { exact: true }).first().click();
  await link.click();
  await page.getByRole("heading", { level: 1, name: "Order Inventory" }).waitFor();
}

const card = (page, title) => page.locator("section.donut").filter({ has: page.getByRole("heading", { name: title }) });

/** A slice of a card: filters, in place or by a new page. */
async function slice(page, title, name) {
  await card(page, title).getByRole("link", { name: new RegExp(`^${name}\\s*\\d`) }).click();
  await card(page, title).locator("a[aria-current]").waitFor();
}

const rows = (page) => page.getByRole("main").locator("tbody tr");

/** The page "Assign to Smart Account and Virtual Account": Select, search, choose. */
async function select(page, button, by, words, account) {
  await page.getByRole("button", { name: button, exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Select a Smart Account" });
  await dialog.getByLabel("Search by").selectOption(by);
  await dialog.getByLabel("Search for").fill(words);
  await dialog.getByRole("button", { name: "Search" }).click();
  await dialog.getByRole("radio", { name: account }).check();
  return dialog;
}

async function settled(page) {
  // Without script the page asks again by itself; both ways the words come without a reload by hand.
  await page.getByText("Everything is assigned.").waitFor({ timeout: 30_000 });
}

for (const context of [withScript, withoutScript]) {
  const label = context === withScript ? "orders with script" : "orders without script";
  // Each has a customer of its own, so that neither takes the other's order.
  const customer = context === withScript ? ["fairwater", "Fairwater", /Fairwater Foods/] : ["xyz", "XYZ", /XYZ COMPANY/];

  test(`a partner assigns an order to its customer (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "pat@bramwell.example");
    await orderInventory(page, /Bramwell Distribution/);
    for (const title of ["Smart Account assignment status", "Order type", "Order status"]) {
      assert.equal(await card(page, title).count(), 1, title);
    }
    await checkPage(page, `${label} inventory`);
    await slice(page, "Smart Account assignment status", "Unassigned");
    await page.getByRole("link", { name: /^Assignment status: Unassigned/ }).waitFor();
    // Search bar on the left side of the table view.
    const find = page.getByRole("searchbox", { name: "Search orders" });
    await find.fill(customer[0]);
    await find.press("Enter");
    await page.getByRole("link", { name: new RegExp(`^Search: ${customer[0]}`) }).waitFor();
    await checkPage(page, `${label} searched`);

    // The three-dot menu of a single order; a Standard one with Cisco branded services.
    const row = rows(page).filter({ hasText: "Standard" }).filter({ hasText: "With Cisco branded services" }).first();
    const identifier = (await row.getByRole("rowheader").getByRole("link").textContent()).trim();
    await row.getByRole("button", { name: `Actions for order ${identifier}` }).click();
    await checkPage(page, `${label} row menu`);
    await page.getByRole("button", { name: "Assign to Smart Account", exact: true }).filter({ visible: true }).last().click();
    await page.getByRole("heading", { level: 1, name: "Assign to Smart Account and Virtual Account" }).waitFor();
    await checkPage(page, `${label} first step`);
    await shot(page, `${label} first step`);

    let dialog = await select(page, "Select a Smart Account", "Smart Account name", customer[1], customer[2]);
    await checkPage(page, `${label} select`);
    await dialog.getByRole("button", { name: "Select", exact: true }).click();
    await page.getByRole("main").getByText(customer[2]).first().waitFor();
    await page.getByLabel("Virtual Account", { exact: true }).first().selectOption("DEFAULT");
    const separate = page.getByRole("checkbox", { name: /^Assign Product line and Cisco branded Services to separate Accounts/ });
    const second = page.getByRole("heading", { level: 2, name: "Smart Account for Cisco branded services" });
    assert.ok(!(await second.isVisible()), "the second account shows only when it is wanted");
    await separate.check();
    await second.waitFor();
    await checkPage(page, `${label} separate accounts`);
    dialog = await select(page, "Select a Smart Account for Cisco branded services", "Domain Identifier", "bramwell.example", /Bramwell Distribution/);
    await dialog.getByRole("button", { name: "Select", exact: true }).click();
    await second.waitFor();
    await checkPage(page, `${label} both accounts`);
    await shot(page, `${label} both accounts`);
    await page.getByRole("button", { name: "Next", exact: true }).last().click();

    await page.getByRole("heading", { level: 2, name: "Every line" }).waitFor();
    await checkPage(page, `${label} review`);
    await shot(page, `${label} review`);
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByText("Your Smart Account and Virtual Account assignment has been requested.").waitFor();
    await checkPage(page, `${label} requested`);
    await settled(page);
    await checkPage(page, `${label} assigned`);
    await shot(page, `${label} assigned`);
    await page.getByRole("main").getByRole("link", { name: identifier }).first().click();
    await page.getByRole("heading", { level: 1, name: `Order ${identifier}` }).waitFor();
    await page.getByRole("heading", { level: 2, name: "History" }).waitFor();
    await checkPage(page, `${label} order`);
    await shot(page, `${label} order`);
    await page.context().close();
  });
}

test("an administrator assigns several orders, ticked on two pages", async () => {
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "ada@xyz.example");
  await orderInventory(page, /XYZ COMPANY/);
  await slice(page, "Smart Account assignment status", "Unassigned");
  const button = page.getByRole("main").locator("#bulk").getByRole("button", { name: "Assign to Smart Account" });
  assert.equal(await button.getAttribute("aria-disabled"), "true", "nothing is ticked yet");
  // A Stocking or an Enterprise Agreement order among the ticked ones turns the button off, and says why.
  const stocking = rows(page).filter({ hasText: "Not assignable" }).first();
  await stocking.getByRole("checkbox").check();
  await page.getByText(/1 of them cannot be assigned/).first().waitFor();
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  await checkPage(page, "orders ticked stocking");
  await shot(page, "orders ticked stocking");
  await stocking.getByRole("button", { name: /^Actions for order/ }).click();
  const off = page.getByRole("button", { name: /^Assign to Smart Account.*not available to assign/ }).filter({ visible: true });
  assert.equal(await off.getAttribute("aria-disabled"), "true");
  await page.keyboard.press("Escape");
  // Beside it two that can be assigned: these go on, and it is named.
  const name = (await stocking.getByRole("rowheader").getByRole("link").textContent()).trim();
  const standard = rows(page).filter({ hasText: "Standard" });
  for (const at of [0, 1]) await standard.nth(at).getByRole("checkbox").check();
  await page.getByText(`1 of them cannot be assigned: ${name}.`).first().waitFor();
  await page.getByText("What can be assigned goes on without them.").first().waitFor();
  assert.equal(await button.getAttribute("aria-disabled"), "false");
  await checkPage(page, "orders ticked mixed");
  await button.click();
  await page.getByText(/^2 orders, /).waitFor();
  await orderInventory(page, /XYZ COMPANY/);
  await slice(page, "Smart Account assignment status", "Unassigned");

  await slice(page, "Order type", "Standard");
  await page.goto(`${page.url()}&per=10`);
  await page.getByRole("checkbox", { name: "Select all orders on this page" }).check();
  await page.getByText("10 orders selected").first().waitFor();
  const next = page.getByRole("link", { name: "Next page" });
  let picked = 10;
  if ((await next.count()) > 0) {
    await next.click();
    // The count of what is ticked stood on the page before, too.
    await page.getByText(/^11–\d+ of \d+/).first().waitFor();
    await page.getByText("10 orders selected").first().waitFor();
    await rows(page).first().getByRole("checkbox").check();
    picked = 11;
    await page.getByText("11 orders selected").first().waitFor();
  }
  await button.click();
  await page.getByText(new RegExp(`^${picked} orders, `)).waitFor();
  await checkPage(page, "orders several first step");
  const dialog = await select(page, "Select a Smart Account", "Email ID of the customer", "purchasing@xyz.example", /XYZ COMPANY/);
  await dialog.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Virtual Account", { exact: true }).first().selectOption("Corporate Network Devices");
  await page.getByRole("button", { name: "Next", exact: true }).last().click();
  await page.getByRole("heading", { level: 2, name: "Every line" }).waitFor();
  await checkPage(page, "orders several review");
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByText("Your Smart Account and Virtual Account assignment has been requested.").waitFor();
  await settled(page);
  await page.context().close();
});

test("a view is saved, and all that match are selected", async () => {
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "ada@xyz.example");
  await orderInventory(page, /XYZ COMPANY/);
  await slice(page, "Order type", "Stocking");
  await page.getByRole("link", { name: "Saved views" }).click();
  const dialog = page.getByRole("dialog", { name: "Saved views" });
  await dialog.getByLabel("Name").fill("Stock");
  await checkPage(page, "orders save view");
  await dialog.getByRole("button", { name: "Save this view" }).click();
  await page.getByText("The view “Stock” was saved.").first().waitFor();
  await rows(page).first().getByRole("checkbox").check();
  await page.getByRole("link", { name: /^Select all \d+ matching orders/ }).click();
  await page.getByText(/^All \d+ orders that match are selected/).first().waitFor();
  await checkPage(page, "orders all that match");
  await shot(page, "orders all that match");
  await page.getByRole("link", { name: "Clear selection" }).click();
  await page.getByText(/that match are selected/).first().waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Saved views" }).click();
  await dialog.getByRole("link", { name: "Stock" }).waitFor();
  await checkPage(page, "orders manage views");
  await dialog.getByRole("button", { name: "Remove the saved view Stock" }).click();
  await page.getByText("was removed").first().waitFor();
  await page.context().close();
});

test("a Stocking order among those ticked is named and left out, without script", async () => {
  const page = await openPage(browser, portal, withoutScript);
  await signInAs(page, "ada@xyz.example");
  await orderInventory(page, /XYZ COMPANY/);
  await slice(page, "Smart Account assignment status", "Unassigned");
  const stocking = rows(page).filter({ hasText: "Not assignable" }).first();
  const name = (await stocking.getByRole("rowheader").getByRole("link").textContent()).trim();
  await stocking.getByRole("checkbox").check();
  for (const at of [0, 1]) await rows(page).filter({ hasText: "Standard" }).nth(at).getByRole("checkbox").check();
  await page.getByRole("main").locator("#bulk").getByRole("button", { name: "Assign to Smart Account" }).click();
  await page.getByRole("heading", { name: "1 order cannot be assigned" }).waitFor();
  await page.getByRole("link", { name }).waitFor();
  await checkPage(page, "orders mixed without script");
  await page.getByRole("button", { name: "Leave it out, and assign the other 2" }).click();
  await page.getByText(/^2 orders, /).waitFor();
  await page.context().close();
});

test("a menu closes once its file was downloaded", async () => {
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/devices/token-management");
  // A file by a link and a file by a form: twice each, since what hands out a file stays usable.
  for (const [where, word] of [["/sa/100001/orders/order-inventory", "Export lines"], ["/sa/100001/devices/token-management", "Download"]]) {
    await visit(page, where);
    const menu = rows(page).filter({ has: page.locator("button:not([aria-disabled]), a", { hasText: word }) }).first();
    for (const time of ["once", "twice"]) {
      await menu.getByRole("button", { name: /^Actions for/ }).click();
      const choice = page.locator(".pop:popover-open").getByText(word, { exact: true });
      const [file] = await Promise.all([page.waitForEvent("download"), choice.click()]);
      assert.ok(file.suggestedFilename(), `${word}, ${time}`);
      await page.locator(".pop:popover-open").waitFor({ state: "hidden" });
    }
  }
  await page.context().close();
});

test("who may not assign is told why", async () => {
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "vera@xyz.example");
  await orderInventory(page, /XYZ COMPANY/);
  await page.getByText(/cannot assign orders/).first().waitFor();
  await checkPage(page, "orders vera");
  await rows(page).first().getByRole("rowheader").getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: /^Order / }).waitFor();
  await checkPage(page, "order vera");
  await page.context().close();
});

test("the list and the wizard on a phone, with the keyboard alone", async () => {
  const page = await openPage(browser, portal, phone);
  await signInAs(page, "ada@xyz.example");
  await orderInventory(page, /XYZ COMPANY/);
  await checkPage(page, "orders phone");
  await shot(page, "orders phone");
  // A row's menu by keyboard: down opens it, down again reaches what is off, Escape comes back.
  const actions = page.getByRole("button", { name: /^Actions for order/ }).first();
  await actions.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const at = await page.evaluate("document.activeElement.textContent.trim()");
  assert.match(at, /^Assign to Smart Account/);
  await page.keyboard.press("Escape");
  assert.match(await page.evaluate("document.activeElement.getAttribute('aria-label')"), /^Actions for order/);
  await page.context().close();
});
