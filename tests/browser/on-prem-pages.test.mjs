// Every page of the On-Prem portal that a link leads to, as each kind of person, and the states that no link leads to:
// refusals, an account on its way through registration, a synchronization that runs, fails or is overdue, a long name.

import { createServer, request } from "node:http";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, signInAs, startPortal, visit } from "./support.mjs";
import { sweep } from "./sweep.mjs";
import { choose, menu, message, row, tab, title } from "./walk.mjs";

const PEOPLE = [undefined, "admin@on-prem.example", "omar@on-prem.example", "lara@on-prem.example", "ulla@on-prem.example", "uma@on-prem.example"];
const LONG = "The longest name that an account of this server can have, of exactly one hundred characters in all!!";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ onPrem: true }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

for (const email of PEOPLE) {
  test(`every page of the On-Prem portal that ${email ?? "a visitor"} can reach is sound`, () => sweep(browser, portal.onPrem, email, "/on-prem-accounts"));
}

/** The cloud behind a line that can be held or cut: what is sent to `path` waits for `release()`, or is answered with 502. */
async function line() {
  const held = { path: undefined, cut: false, release: () => {} };
  const proxy = createServer((asked, answer) => {
    const pass = () => {
      if (held.cut) return answer.writeHead(502).end("no line");
      const sent = request(`${portal.base}${asked.url}`, { method: asked.method, headers: { ...asked.headers, host: new URL(portal.base).host } }, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      });
      sent.on("error", () => answer.destroy());
      asked.pipe(sent);
    };
    if (asked.method === "POST" && held.path?.test(asked.url)) held.release = pass;
    else pass();
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return { held, base: `http://127.0.0.1:${proxy.address().port}`, close: () => proxy.close() };
}

test("the states that no link leads to", async () => {
  const windows = await Promise.all(
    ["1440-light", "320-dark"].map(async (name) => {
      const page = await openPage(browser, portal.onPrem, contexts.find((one) => one.name === name));
      await signInAs(page, "admin@on-prem.example");
      return page;
    }),
  );
  const [page] = windows;
  /** Looks at an address in both windows. */
  const look = async (target, label, status = 200) => {
    for (const [n, one] of windows.entries()) {
      await visit(one, target, { status });
      await checkPage(one, label, { source: n === 0 });
    }
  };

  // What one may not, and what is not there.
  await look("/no-such-page", "404", 404);
  await look("/admin/accounts/999/approve", "no such account", 404);
  await look("/admin/accounts/1/delete", "not in this state", 409);
  const uma = await openPage(browser, portal.onPrem);
  await signInAs(uma, "uma@on-prem.example");
  await visit(uma, "/admin/users", { status: 403 });
  await checkPage(uma, "403");
  await visit(uma, "/sa/1", { status: 404 });
  await checkPage(uma, "an account of others");

  // A request with a long name, sent, and rejected with a reason.
  await visit(uma, "/on-prem-accounts/new");
  await uma.getByLabel("Account Name").fill(LONG);
  await uma.getByLabel("Cisco Smart Account").fill("XYZ COMPANY");
  await uma.getByLabel("Cisco Virtual Account").fill(LONG.toUpperCase());
  await uma.getByRole("button", { name: "Submit" }).click();
  await message(uma, "requires approval");
  await checkPage(uma, "long name submitted");
  await look("/admin/accounts/requests", "long name requested");
  await visit(page, "/admin/accounts/requests");
  await choose(page, LONG, "Reject");
  await page.getByLabel("Reason").fill("One account for each plant. ".repeat(20));
  await page.getByRole("button", { name: "Reject" }).click();
  await row(page, LONG).getByText("Rejected", { exact: true }).waitFor();
  await look("/admin/accounts/requests", "rejected");

  // By hand: the file, an answer that is none, and the way back.
  await choose(page, "Branch-On-Prem-Account", "Manual registration");
  await page.getByRole("button", { name: "Generate Registration File" }).click();
  await title(page, "Manual registration");
  const manual = new URL(page.url()).pathname;
  await look(manual, "awaiting the authorization file");
  await page.getByLabel("Or its text").fill("LICENTRAL AUTHORIZATION of nobody");
  await page.getByRole("button", { name: "Upload" }).click();
  await page.getByRole("alert").first().waitFor();
  await checkPage(page, "authorization refused");
  await page.getByRole("button", { name: "Start again" }).click();
  await message(page, "is Pending again");

  // Over a slow network: the registration is seen happening, and so is the synchronization after it.
  const cloud = await line();
  try {
    cloud.held.path = /device-managers$/;
    await choose(page, "Branch-On-Prem-Account", "Approve");
    await page.getByLabel("Address of the cloud").fill(cloud.base);
    await page.getByRole("button", { name: "Submit" }).click();
    await title(page, "Review");
    await page.getByRole("button", { name: "Next" }).click({ noWaitAfter: true });
    const other = windows[1];
    await visit(other, "/admin/accounts/requests");
    for (let tries = 0; (await row(other, "Branch-On-Prem-Account").getByText("Registering", { exact: true }).count()) === 0 && tries < 50; tries += 1) await other.reload();
    await row(other, "Branch-On-Prem-Account").getByText("Registering", { exact: true }).waitFor();
    await checkPage(other, "registering");
    cloud.held.path = undefined;
    cloud.held.release();
    await message(page, "is registered and Active");
    await look("/on-prem-accounts", "never synchronized");

    cloud.held.path = /sync/;
    await visit(page, "/on-prem-accounts");
    await choose(page, "Branch-On-Prem-Account", "Initiate network (online) sync");
    await row(page, "Branch-On-Prem-Account").getByText("In progress", { exact: true }).waitFor();
    await checkPage(page, "synchronization in progress");
    cloud.held.path = undefined;
    cloud.held.release();
    // By itself: the page asks again.
    await row(page, "Branch-On-Prem-Account").getByText("Synchronization Successful").waitFor();
    cloud.held.cut = true;
    await choose(page, "Branch-On-Prem-Account", "Initiate network (online) sync");
    await row(page, "Branch-On-Prem-Account").getByText("Synchronization failed").waitFor();
    for (const target of ["/on-prem-accounts", "/admin/synchronisation"]) await look(target, "synchronization failed");
  } finally {
    cloud.close();
  }

  // A long name in every place that shows one.
  await visit(page, "/sa/1/account");
  await page.getByLabel("Account Name").fill(LONG.toLowerCase());
  await page.getByRole("button", { name: "Save" }).click();
  await message(page, "were saved");
  for (const target of ["/on-prem-accounts", "/on-prem-accounts/1/sync", "/on-prem-accounts/1/sync/file", "/admin/accounts", "/admin/synchronisation", "/admin/accounts/1/deactivate", "/admin/accounts/1/deletion", "/sa/1", "/sa/1/account"]) {
    await look(target, `long name ${target}`);
  }

  // After the due date.
  const olga = await openPage(browser, portal);
  await signInAs(olga, "olga@licensing.example");
  await visit(olga, "/simulator/clock");
  await olga.getByLabel("Advance by").fill("40");
  await olga.getByLabel("Unit").selectOption({ label: "days" });
  await olga.getByRole("button", { name: "Advance the clock" }).click();
  await title(olga, "Clock");
  await look("/on-prem-accounts", "overdue");
  await page.getByRole("row").getByText("Synchronization overdue").first().waitFor();
  for (const target of ["/sa/1", "/sa/1/alerts"]) await look(target, `overdue ${target}`);
  await menu(page, "Admin Workspace", "Accounts");
  await tab(page, "Event Log");
  await checkPage(page, "events of the accounts");
  await Promise.all([...windows, uma, olga].map((one) => one.context().close()));
});
