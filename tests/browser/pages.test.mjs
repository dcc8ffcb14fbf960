// Every page of the cloud that a link leads to, as each kind of person.

import { after, before, test } from "node:test";
import { openBrowser, startPortal } from "./support.mjs";
import { sweep } from "./sweep.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

for (const email of [undefined, "ada@xyz.example", "pat@bramwell.example", "vera@xyz.example", "una@xyz.example", "noa@newcomer.example", "drew@licensing.example", "olga@licensing.example"]) {
  test(`every page that ${email ?? "a visitor"} can reach is sound`, () => sweep(browser, portal, email, "/software-central"));
}
