// The powers of a lab, on their pages: the menu, the clock's list of what is due, a snapshot and back, a fault and its
// hits, an expression. With script and without, on a wide window and on a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, inEachContext, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const OLGA = "olga@licensing.example";
let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ env: { LICENTRAL_ON_PREM_LISTEN: "off" } }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const pages = ["/simulator/clock", "/simulator/scenarios", "/simulator/faults", "/simulator/assert"];

test("each page of the lab is sound in every window", async () => {
  await inEachContext(browser, portal, async (page, context) => {
    await signInAs(page, OLGA);
    for (const path of pages) {
      await visit(page, path);
      await checkPage(page, path);
      if (/^(1440-light|390-light)$/.test(context.name)) await shot(page, `lab-${path.split("/").at(-1)}-${context.name}`);
    }
  });
});

const both = [contexts[0], contexts.find((context) => context.options.javaScriptEnabled === false)];

for (const context of both) {
  test(`the clock jumps to the next thing that is due (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/clock");
    const first = page.locator("#h-due").locator("xpath=ancestor::section").locator("tbody tr").first();
    const due = await first.locator("time").getAttribute("datetime");
    await page.getByRole("button", { name: "Jump to the next" }).click();
    await page.getByText("The clock is now").first().waitFor();
    const next = await first.locator("time").getAttribute("datetime");
    assert.ok(next > due, `${next} comes after ${due}`);
    await page.context().close();
  });

  test(`a snapshot is taken, restored and deleted (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/scenarios");
    await page.getByLabel("Name of a new snapshot").fill("Not Good");
    await page.getByRole("button", { name: "Take a snapshot" }).click();
    await page.getByText("Use small letters, digits and hyphens").first().waitFor();
    await page.getByLabel("Name of a new snapshot").fill("before-class");
    await page.getByRole("button", { name: "Take a snapshot" }).click();
    await page.getByText("The snapshot before-class was taken.").first().waitFor();
    await page.getByRole("link", { name: "Restore before-class" }).click();
    await page.getByRole("dialog").waitFor();
    await page.getByRole("button", { name: "Restore snapshot" }).click();
    await page.getByText("The snapshot before-class was restored.").first().waitFor();
    await page.getByRole("link", { name: "Delete before-class" }).click();
    await page.getByRole("button", { name: "Delete snapshot" }).click();
    await page.getByText("The snapshot before-class was deleted.").first().waitFor();
    await page.context().close();
  });

  test(`a fault strikes, is counted and goes (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/faults");
    await page.getByLabel("What happens").selectOption("status");
    await page.getByLabel("Status", { exact: false }).first().fill("503");
    await page.getByLabel("Path begins with").fill("/profile");
    await page.getByRole("button", { name: "Add rule" }).click();
    await page.getByText("holds.").first().waitFor();
    await visit(page, "/profile", { status: 503 });
    await visit(page, "/simulator/faults");
    const row = page.locator("tbody tr").filter({ hasText: "/profile" });
    assert.match(await row.locator("td.num").innerText(), /1$/);
    await row.getByRole("button", { name: /^Remove the rule/ }).click();
    await page.getByText("The fault rule was removed.").first().waitFor();
    await visit(page, "/profile");
    await page.context().close();
  });

  test(`an expression is tried (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, OLGA);
    await visit(page, "/simulator/assert");
    await page.getByRole("textbox", { name: "Expression" }).fill("accounts[xyz.example].state == active");
    await page.getByRole("button", { name: "Look now" }).click();
    await page.locator("#outcome").getByText("Holds", { exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Expression" }).fill("accounts[xyz.example].colour == red");
    await page.getByRole("button", { name: "Look now" }).click();
    await page.getByText("The fields of accounts are: state, pending.").first().waitFor();
    await checkPage(page, "a wrong expression");
    await page.context().close();
  });
}

test("the menu has a section Lab, for those who may use it", async () => {
  const page = await openPage(browser, portal);
  await signInAs(page, OLGA);
  await visit(page, "/operator");
  const menu = page.getByRole("navigation", { name: "Main menu" });
  assert.equal(await menu.getByText("Lab", { exact: true }).count(), 1);
  await page.context().close();
  const other = await openPage(browser, portal);
  await signInAs(other, "ada@xyz.example");
  await visit(other, "/profile");
  const lab = other.getByRole("navigation", { name: "Main menu" }).locator("a");
  const paths = await lab.evaluateAll((all) => all.map((one) => new URL(one.href).pathname).filter((path) => path.startsWith("/simulator/")));
  assert.deepEqual(paths, ["/simulator/labs"]);
  await other.context().close();
});
