// Every page that a link leads to, as one person, in several windows: sound, and without reports of the policy. The pages
// are found by following links and not from a list, so a new page is checked without being named here.

import assert from "node:assert/strict";
import { checkPage, contexts, openPage, signInAs, visit } from "./support.mjs";

/** The shape of an address: two orders are one page, two tabs are two. */
const shape = (address) =>
  address.pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}")
    .replace(/\/sa\/\d+/, "/sa/{said}")
    .replace(/SAR-\d+-\d+/, "{reference}") + [...address.searchParams.keys()].filter((key) => ["view", "tab", "edit", "status"].includes(key)).sort().join("&");

// The widest and the narrowest, each theme once; LICENTRAL_SWEEP=full looks in every window. Without script the portal
// sends the same page, and the journeys are walked so.
const [first, ...others] = process.env.LICENTRAL_SWEEP === "full" ? contexts : contexts.filter((one) => ["1440-light", "320-dark"].includes(one.name));

/** The shapes that were looked at, by portal: what one person has seen need not be looked at again for the next. */
const seenOf = new Map();

/**
 * Follows links from a start. Each page whose shape nobody has seen yet is looked at on the way, and then given out by
 * its address.
 */
async function* discover(page, portal, start, look) {
  const seen = seenOf.get(portal.base) ?? new Set();
  seenOf.set(portal.base, seen);
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
    queue.push(...links.filter((link) => typeof link === "string" && link.startsWith(`${portal.base}/`) && !/\.csv|\/html$|openapi\.json/.test(link)));
  }
  // A check that looks at nothing cannot fail.
  assert.ok(tried.size > 5, `${start} leads to ${tried.size} pages only`);
}

/** Looks at every page that somebody can reach from `start`; nobody when there is no `email`. */
export async function sweep(browser, portal, email, start) {
  const who = email ?? "visitor";
  const open = async (context) => {
    const page = await openPage(browser, portal, context);
    if (email) await signInAs(page, email);
    return page;
  };
  const scout = await open(first);
  const windows = await Promise.all(others.map(open));
  const found = discover(scout, portal, email ? start : "/login", (target) => checkPage(scout, `${who} ${target}`));
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
}
