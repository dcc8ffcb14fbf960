import { after, before, test } from "node:test";
import { contexts, openBrowser, openPage, signInAs, startPortal, visit } from "./support.mjs";
let portal, browser;
before(async () => { [portal, browser] = await Promise.all([startPortal(), openBrowser()]); });
after(async () => { await browser?.close(); await portal?.stop(); });
test("sheet", async () => {
  for (const c of [0, 2]) {
  const page = await openPage(browser, portal, contexts[c]);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/account/users");
  const links = await page.$$eval("nav[aria-label='Main menu'] a[href]", (l) => l.map((a) => a.getAttribute("href")));
  if (c === 0) console.log(links.join(" "));
  let i = 0;
  for (const l of [...links, "/software-central", "/select", "/help", "/profile", "/about"]) {
    const r = await page.goto(new URL(l, portal.base).href);
    await page.screenshot({ path: `/tmp/shots/s${c}-${String(i++).padStart(2, "0")}.png` });
  }
  }
});
