// The first sign of life: the portal starts, and its sign-in page is sound in every window.

import { after, before, test } from "node:test";
import { checkPage, inEachContext, openBrowser, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

test("the sign-in page is sound", async () => {
  await inEachContext(browser, portal, async (page) => {
    await visit(page, "/login");
    await checkPage(page, "login");
  });
});

test("a page that does not exist says so in a sound page", async () => {
  await inEachContext(browser, portal, async (page) => {
    await visit(page, "/no-such-page", { status: 404 });
    await checkPage(page, "not found");
  });
});
