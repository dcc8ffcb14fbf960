// Asking for access and deciding it, by visible labels: the requester in the directory, the administrator from the
// letter and from the menu; once with script and once without.

import { after, before, test } from "node:test";
import { checkPage, contexts, letterTo, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const withoutScript = contexts.find((context) => context.options.javaScriptEnabled === false);

/** From the directory to the request that was sent. */
async function requestAccess(page, label) {
  await visit(page, "/access");
  await checkPage(page, `${label} directory`);
  await page.getByRole("main").getByRole("link", { name: "Request access to another account" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Request access to another account" }).waitFor();
  await checkPage(page, `${label} which account`);
  await page.getByLabel("Domain identifier or Smart Account name").fill("nothing.example");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("No Smart Account that you can ask for access").first().waitFor();
  await checkPage(page, `${label} no such account`);
  await page.getByLabel("Domain identifier or Smart Account name").fill("xyz.example");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("heading", { level: 1, name: "Request access", exact: true }).waitFor();
  await page.getByRole("group", { name: "Scope of access" }).getByLabel("Selected Virtual Accounts").check();
  await page.getByRole("group", { name: "User role" }).getByLabel("Virtual Account User").check();
  await checkPage(page, `${label} scope and role`);
  await shot(page, `access ${label} scope and role`);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("group", { name: "Available Virtual Accounts" }).getByLabel("Public Network Devices").check();
  await checkPage(page, `${label} Available Virtual Accounts`);
  await shot(page, `access ${label} virtual accounts`);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Virtual Account User of Public Network Devices").waitFor();
  await page.getByLabel("Note to the administrators").fill("We run your guest network.");
  await checkPage(page, `${label} review`);
  await page.getByRole("button", { name: "Submit" }).click();

  const row = page.getByRole("row").filter({ hasText: "XYZ COMPANY" });
  await row.getByRole("link", { name: "Requested: Virtual Account User" }).waitFor();
  await checkPage(page, `${label} directory with the request`);
  await shot(page, `access ${label} directory`);
}

for (const [context, label, asks, refused] of [
  [contexts[0], "with script", ["eve@harborview.example", "Eve Harrow"], ["june@fairwater.example", "June Fairley"]],
  [withoutScript, "without script", ["drew@licensing.example", "Drew Tanaka"], ["olga@licensing.example", "Olga Brandt"]],
]) {
  test(`access is requested and given from the letter, ${label}`, async () => {
    const [person, ada] = [await openPage(browser, portal, context), await openPage(browser, portal, context)];
    const [email, name] = asks;
    await signInAs(person, email);
    await requestAccess(person, label);

    await signInAs(ada, "ada@xyz.example");
    await letterTo(ada, "ada@xyz.example", name);
    await checkPage(ada, `${label} letter`);
    // The words of the letter as plain text: its links lead on.
    await ada.getByRole("link", { name: /^text/i }).click();
    await ada.getByRole("main").getByRole("link", { name: /\/ar\// }).first().click();
    await ada.getByRole("heading", { level: 1, name: /^Access request AR-/ }).waitFor();
    await ada.getByText("We run your guest network.").waitFor();
    await checkPage(ada, `${label} access request`);
    await shot(ada, `access ${label} request`);
    await ada.getByRole("link", { name: "Next", exact: true }).click();
    await ada.getByRole("group", { name: "User role" }).getByLabel("Virtual Account Viewer").check();
    await checkPage(ada, `${label} approve`);
    await shot(ada, `access ${label} approve`);
    await ada.getByRole("button", { name: "Approve" }).click();
    await ada.getByRole("main").getByText(/was approved/).waitFor();
    await checkPage(ada, `${label} list after the decision`);

    await letterTo(person, email, /Approved: your access/);
    await visit(person, "/access");
    await person.getByRole("row").filter({ hasText: "XYZ COMPANY" }).getByText("Virtual Account Viewer in Public Network Devices").waitFor();
    await person.getByRole("link", { name: "XYZ COMPANY", exact: true }).first().click();
    await person.getByRole("heading", { level: 1, name: "XYZ COMPANY" }).waitFor();
    await Promise.all([person.context().close(), ada.context().close()]);
  });

  test(`access is requested and declined from the menu, ${label}`, async () => {
    const [person, ada] = [await openPage(browser, portal, context), await openPage(browser, portal, context)];
    const [email, name] = refused;
    await signInAs(person, email);
    await requestAccess(person, label);

    await signInAs(ada, "ada@xyz.example");
    await visit(ada, "/sa/100001");
    await ada.getByText(/access requests? (is|are) pending/).waitFor();
    const menu = ada.getByRole("navigation", { name: "Main menu" });
    const entry = menu.getByRole("link", { name: /^Pending Access Requests/ });
    if (!(await entry.isVisible())) await menu.getByText("Account Management", { exact: true }).click();
    await entry.click();
    await ada.getByRole("heading", { level: 1, name: "Pending Access Requests" }).waitFor();
    await checkPage(ada, `${label} Pending Access Requests`);
    await shot(ada, `access ${label} list`);
    await ada.getByRole("row").filter({ hasText: name }).getByRole("link", { name: /^Pending/ }).click();
    await ada.getByRole("link", { name: "Decline", exact: true }).click();
    const decline = ada.getByRole("dialog");
    await decline.waitFor();
    await checkPage(ada, `${label} decline`);
    await decline.getByLabel(/^Reason/).fill("Your company has no contract with us.");
    await decline.getByRole("button", { name: "Decline" }).click();
    await ada.getByRole("main").getByText(/was declined/).waitFor();
    await ada.getByRole("link", { name: "Decided requests" }).click();
    await ada.getByRole("row").filter({ hasText: name }).getByText("Declined", { exact: true }).first().waitFor();
    await checkPage(ada, `${label} decided`);

    await letterTo(person, email, /Declined: your access/);
    await visit(person, "/access/requests");
    await person.getByRole("row").filter({ hasText: "Declined" }).first().waitFor();
    await checkPage(person, `${label} own requests`);
    await Promise.all([person.context().close(), ada.context().close()]);
  });
}

test("an administrator makes a rule and names a delegate", async () => {
  const ada = await openPage(browser, portal, contexts[0]);
  await signInAs(ada, "ada@xyz.example");
  await visit(ada, "/sa/100001/account/requests");
  await ada.getByRole("link", { name: "Access request Automation settings" }).click();
  await checkPage(ada, "automation");
  await ada.getByRole("link", { name: "Add rule" }).click();
  await ada.getByLabel(/^Email domain/).fill("partner.example");
  await ada.getByRole("group", { name: "Scope of access" }).getByLabel("Entire Smart Account").check();
  await ada.getByRole("group", { name: "User role" }).getByLabel("Smart Account Viewer").check();
  await checkPage(ada, "rule");
  await shot(ada, "access rule");
  await ada.getByRole("button", { name: "Save rule" }).click();
  await ada.getByRole("main").getByText("Approve as Smart Account Viewer of the entire Smart Account").waitFor();
  await checkPage(ada, "automation with a rule");
  await shot(ada, "access automation");
  await ada.getByRole("link", { name: "Delegation", exact: true }).click();
  await ada.getByLabel("Delegate", { exact: true }).fill("cy@xyz.example");
  await ada.getByRole("button", { name: "Name delegate" }).click();
  await ada.getByRole("row").filter({ hasText: "Cy Okafor" }).getByText("Active", { exact: true }).waitFor();
  await checkPage(ada, "delegation");
  await shot(ada, "access delegation");
  await ada.context().close();
});
