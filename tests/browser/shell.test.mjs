// What stands around every page, with script: search over everything, choices that act at once, copying, and the list of
// the cast on the sign-in page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const [wide] = contexts;
const phone = contexts.find((one) => one.name === "390-light");
const plain = contexts.find((one) => one.name === "no-script");

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

test("Ctrl K finds something by typing, and the keyboard opens it", async () => {
  const page = await openPage(browser, portal, wide);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001");
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Search everything" });
  await dialog.getByRole("searchbox").pressSequentially("device inv");
  await dialog.getByRole("link", { name: /^Device Inventory/ }).waitFor();
  await checkPage(page, "search dialog", { source: false });
  await shot(page, "search dialog");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Device Inventory" }).waitFor();

  // Esc leaves everything as it was.
  await page.keyboard.press("Control+k");
  await dialog.getByRole("searchbox").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.context().close();
});

test("without script the field in the top bar leads to the page of results", async () => {
  const page = await openPage(browser, portal, plain);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001");
  await page.getByRole("banner").getByRole("searchbox").fill("marsh");
  await page.getByRole("banner").getByRole("searchbox").press("Enter");
  await page.getByRole("main").getByRole("link", { name: "Ada Marsh ada@xyz.example", exact: true }).waitFor();
  await checkPage(page, "search page");
  await page.context().close();
});

test("a Virtual Account is shown as soon as it is chosen", async () => {
  const page = await openPage(browser, portal, wide);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/licensing/inventory");
  assert.equal(await page.getByRole("button", { name: "Show", exact: true }).count(), 0);
  await page.getByLabel("Virtual Account", { exact: true }).selectOption({ label: "Corporate Network Devices" });
  await page.getByRole("navigation", { name: "Virtual Account Corporate Network Devices" }).waitFor();
  await page.context().close();

  const simple = await openPage(browser, portal, plain);
  await signInAs(simple, "ada@xyz.example");
  await visit(simple, "/sa/100001/licensing/inventory");
  await simple.getByLabel("Virtual Account", { exact: true }).selectOption({ label: "Corporate Network Devices" });
  await simple.getByRole("button", { name: "Show", exact: true }).click();
  await simple.getByRole("navigation", { name: "Virtual Account Corporate Network Devices" }).waitFor();
  await simple.context().close();
});

test("Copy copies a token at once", async () => {
  const page = await openPage(browser, portal, wide);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/licensing/inventory");
  await page.getByRole("link", { name: "General", exact: true }).click();
  await page.getByRole("link", { name: "New Token" }).first().click();
  await page.getByRole("dialog").getByLabel(/Description/).fill("To be copied");
  await page.getByRole("dialog").getByRole("button", { name: "Create Token" }).click();
  const token = page.getByRole("row").filter({ hasText: "To be copied" });
  await token.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("main").getByText("Copied to the clipboard").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  const copied = await page.evaluate("navigator.clipboard.readText()");
  assert.ok(copied.length > 20, copied);
  await page.context().close();
});

for (const context of [wide, phone]) {
  test(`the button of one's own menu says whose it is (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await visit(page, "/sa/100001");
    await page.getByRole("button", { name: /^Ada Marsh.*your account$/ }).click();
    await page.getByRole("button", { name: "Sign out", exact: true }).waitFor();
    await page.context().close();
  });

  test(`the sign-in form is seen at once, whatever the length of the cast (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await visit(page, "/login");
    const { height } = context.options.viewport;
    const button = await page.getByRole("button", { name: "Sign in", exact: true }).boundingBox();
    assert.ok(button.y + button.height <= height, `the button ends at ${button.y + button.height}`);
    const list = await page.locator(".cast").boundingBox();
    assert.ok(list.y < height, `the list begins at ${list.y}`);
    const length = await page.evaluate("document.documentElement.scrollHeight");
    assert.ok(length <= height * 1.35, `the page is ${length} px long`);
    // The field above the list narrows it.
    await page.getByRole("searchbox", { name: "Find in the cast" }).fill("vera");
    await page.getByRole("button", { name: /vera@xyz\.example/ }).waitFor();
    assert.equal(await page.locator(".cast li:visible").count(), 1);
    await checkPage(page, `sign in ${context.name}`);
    await shot(page, `sign in ${context.name}`);
    await page.context().close();
  });
}
