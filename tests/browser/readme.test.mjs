// The README's things to try, done as they are written there: in a browser and in a shell, on one portal, one after the
// other. A sentence that is not so any more fails here; where a sentence is not plain enough, the README is rewritten.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Reader, marksOf, thingsToTry } from "./readme.mjs";
import { contexts, openBrowser, openPage, openTab, program, startPortal } from "./support.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const readme = readFileSync(path.join(here, "../../README.md"), "utf8");

/** LICENTRAL_WINDOW chooses another window of `contexts`, such as 390-light. */
const window = contexts.find(({ name }) => name === (process.env.LICENTRAL_WINDOW ?? "1440-light"));

let portal;
let browser;
let page;
/** Where the README says that the two portals are, where they are, and the tab of each. */
let portals;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ onPrem: true }), openBrowser()]);
  page = await openPage(browser, portal, window);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  portals = [
    { address: "http://127.0.0.1:8080", base: portal.base, page },
    { address: "http://127.0.0.1:8081", base: portal.onPrem.base, page: await openTab(page, portal.onPrem) },
  ];
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const things = thingsToTry(readme);

test("the README has things to try, and each step says what to do", () => {
  assert.ok(things.length >= 6, `${things.length} things`);
  for (const { title, steps } of things) {
    for (const { number, parts } of steps) {
      const does = parts.some((part) => part.commands?.length || marksOf(part.text ?? "").length);
      assert.ok(does, `"${title}", step ${number} says nothing that can be done`);
    }
  }
});

for (const { title, steps } of things) {
  test(title, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "licentral-readme-"));
    const reader = new Reader(portals, { folder, program });
    try {
      for (const step of steps) {
        await reader.follow(step).catch((error) => {
          error.message = `step ${step.number}: ${error.message}`;
          throw error;
        });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("the cast of the README is the cast of the sign-in page", async () => {
  await page.goto("/login");
  const rows = [...readme.matchAll(/^\| (\S+@\S+) \|/gm)].map(([, email]) => email);
  assert.ok(rows.length >= 12);
  for (const email of rows) assert.equal(await page.getByRole("button", { name: email }).count(), 1, email);
});
