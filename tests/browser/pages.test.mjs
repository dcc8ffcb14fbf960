// Every page that a link leads to, as each kind of person, in several windows: sound, and without reports of the policy.
// The pages are found by following links and not from a list, so a new page is checked without being named here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, signInAs, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** The shape of an address: two orders are one page, two tabs are two. */
const shape = (address) =>
  address.pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}")
    .replace(/\/sa\/\d+/, "/sa/{said}")
    .replace(/SAR-\d+-\d+/, "{reference}") + [...address.searchParams.keys()].filter((key) => ["view", "tab", "edit", "status"].includes(key)).sort().join("&");

// The widest and the narrowest, each theme once; LICENTRAL_SWEEP=full looks in every window. Without script the portal
// sends the same page, and the journeys are walked so.
const [first, ...others] = process.env.LICENTRAL_SWEEP === "full" ? contexts : contexts.filter((one) => ["1440-light", "320-dark"].includes(one.name));

const seen = new Set();

/**
 * Follows links from a start. Each page whose shape nobody has seen yet is looked at on the way, and then given out by
 * its address.
 */
async function* discover(page, start, look) {
  const queue = [start];
  const tried = new Set();
  while (queue.length > 0) {
    const target = queue.shift();
    const address = new URL(target, portal.base);
    if (tried.has(shape(address))) continue;
    tried.add(shape(address));
    const answer = await page.goto(address.href).catch(() => undefined);
    // Led elsewhere, such as to sign in: what was asked for has not been seen yet.
    const landed = new URL(page.url());
    tried.add(shape(landed));
    // A download is no page.
    if (!answer || !(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    assert.ok(answer.status() < 400, `${address.pathname} is linked and answers ${answer.status()}`);
    const links = await page.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.href));
    // Somebody before may have had the page looked at; its links may lead this person further all the same.
    if (!seen.has(shape(landed))) {
      seen.add(shape(landed));
      const found = landed.pathname + landed.search;
      await look(found);
      yield found;
    }
    // The lab's mailbox shows everybody's letters, whose links are for those they were sent to; the page of all
    // components shows samples.
    if (/^\/(simulator\/mailbox|operator\/ui)\b/.test(landed.pathname) && landed.pathname !== "/simulator/mailbox") continue;
    queue.push(...links.filter((link) => typeof link === "string" && link.startsWith(portal.base) && !/\.csv|\/html$|openapi\.json/.test(link)));
  }
  // A check that looks at nothing cannot fail.
  assert.ok(tried.size > 5, `${start} leads to ${tried.size} pages only`);
}

for (const email of [undefined, "ada@xyz.example", "pat@bramwell.example", "vera@xyz.example", "una@xyz.example", "noa@newcomer.example", "drew@licensing.example", "olga@licensing.example"]) {
  test(`every page that ${email ?? "a visitor"} can reach is sound`, async () => {
    const who = email ?? "visitor";
    const open = async (context) => {
      const page = await openPage(browser, portal, context);
      if (email) await signInAs(page, email);
      return page;
    };
    const scout = await open(first);
    const windows = await Promise.all(others.map(open));
    const found = discover(scout, email ? "/software-central" : "/login", (target) => checkPage(scout, `${who} ${target}`));
    // While one window draws a page, the scout goes on to the next.
    let looking = Promise.resolve();
    for await (const target of found) {
      await looking;
      looking = Promise.all(
        windows.map(async (page) => {
          await visit(page, target);
          await checkPage(page, `${who} ${target}`, { source: false });
        }),
      );
      looking.catch(() => {});
    }
    await looking;
    await Promise.all([scout, ...windows].map((page) => page.context().close()));
  });
}
