// Users and User Groups, by their visible labels, once with script and once without: an administrator adds people from a
// list with mistakes in it, the invited one sets up a user account, roles are changed and taken; a group gives roles and
// is let into another Smart Account by its lookup id; who may not is told why.

import assert from "node:assert/strict";
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

const withScript = contexts[0];
const withoutScript = contexts.find((context) => context.options.javaScriptEnabled === false);

/** From the overview of an account to an entry of "Account Management". */
async function manage(page, account, entry) {
  await visit(page, "/software-central");
  await page.getByRole("link", { name: "Access Cisco License Central" }).click();
  const one = page.getByRole("link", { name: account });
  if (new URL(page.url()).pathname === "/select") await one.first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  const menu = page.getByRole("navigation", { name: "Main menu" });
  const link = menu.getByRole("link", { name: entry, exact: true });
  if (!(await link.isVisible())) await menu.getByText("Account Management").first().click();
  await link.click();
  await page.getByRole("heading", { level: 1, name: entry }).waitFor();
}

/** Opens a row's menu and chooses an entry. Without script the menu's button still opens it. */
async function choose(page, who, entry) {
  await page.getByRole("button", { name: `Actions for ${who}` }).click();
  await page.getByRole("link", { name: entry, exact: true }).filter({ visible: true }).click();
}

const phone = contexts.find((context) => context.name === "390-light");

for (const context of [withScript, phone, withoutScript]) {
  test(`the review of a file says which column was taken, and another can be chosen (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await visit(page, "/access");
    const said = await page.evaluate(() => document.documentElement.innerHTML.match(/\/sa\/(\d+)/)?.[1]);
    await visit(page, `/sa/${said}/account/users/add`);
    const rows = "Staff list;;\nName;Email;Deputy email\nGrace;grace@xyz.example;hal@xyz.example\n";
    await page.getByLabel(/Add from CSV/).setInputFiles({ name: "staff.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
    await page.getByLabel("Entire Smart Account").check();
    await page.getByRole("radio", { name: /Smart Account Viewer/ }).check();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("heading", { level: 2, name: "How the file was read" }).waitFor();
    await page.getByRole("rowheader", { name: "grace@xyz.example" }).waitFor();
    await page.getByText("Choose other columns").click();
    await checkPage(page, `columns ${context.name}`);
    await shot(page, `columns ${context.name}`);
    await page.getByLabel("E-mail address", { exact: true }).selectOption({ label: "3: Deputy email (hal@xyz.example)" });
    await page.getByRole("button", { name: "Read the file again" }).click();
    await page.getByRole("rowheader", { name: "hal@xyz.example" }).waitFor();
    await page.getByRole("link", { name: "Cancel" }).click();
  });
}

for (const context of [withScript, withoutScript]) {
  const label = context === withScript ? "users with script" : "users without script";
  const email = context === withScript ? "nia@xyz.example" : "nils@xyz.example";

  test(`people are added, invited, changed and removed (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await manage(page, /XYZ COMPANY/, "Users");
    await checkPage(page, `${label} list`);

    await page.getByRole("link", { name: "Add User" }).click();
    await page.getByRole("heading", { level: 1, name: "Add User" }).waitFor();
    await checkPage(page, `${label} add`);
    await page.getByLabel(/Email addresses/).fill(`${email}, noa@newcomer.example\nNOA@newcomer.example\nno address`);
    await page.getByLabel("Entire Smart Account").check();
    await page.getByRole("radio", { name: /Smart Account User/ }).check();
    await page.getByRole("button", { name: "Next" }).click();

    await page.getByRole("heading", { level: 2, name: "1 line is wrong" }).waitFor();
    await page.getByText("The same person as in line 2").waitFor();
    await checkPage(page, `${label} review`);
    await shot(page, `${label} review`);
    await page.getByLabel("Email address in line 4").fill("still no address");
    await page.getByRole("button", { name: "Check again" }).click();
    await page.getByRole("heading", { level: 2, name: "1 line is wrong" }).waitFor();
    await page.getByRole("button", { name: "Leave out the wrong line" }).click();
    await page.getByRole("button", { name: "Add 2 users" }).click();
    await page.getByRole("main").getByText("1 user was added, 1 person was invited").waitFor();
    const invited = page.getByRole("row").filter({ hasText: email });
    await invited.getByText("Invited", { exact: true }).waitFor();
    await checkPage(page, `${label} list afterwards`);

    // The invited person follows the letter; what they were given counts from then on.
    const other = await openPage(browser, portal, context);
    await letterTo(other, email, /invit|user account/i);
    await other.getByRole("link", { name: /^text/i }).click();
    await other.getByRole("main").getByRole("link", { name: /\/invite\// }).first().click();
    await other.getByLabel("Name").fill("Nia Holt");
    await other.getByLabel("Password", { exact: true }).fill("teal cabin forty orbit");
    await other.getByLabel(/again/i).fill("teal cabin forty orbit");
    await other.getByRole("button", { name: "Set up and sign in" }).click();
    await other.getByRole("button", { name: "Set up and sign in" }).waitFor({ state: "detached" });
    await manage(other, /XYZ COMPANY/, "Users");
    await other.getByText(/cannot manage users/).first().waitFor();
    await other.context().close();

    await choose(page, "Noa Winter", "Change role");
    await page.getByRole("dialog").getByLabel("Entire Smart Account").selectOption("Smart Account Viewer");
    await checkPage(page, `${label} change role`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("main").getByText("Roles were changed.").waitFor();
    await page.getByRole("link", { name: "Grant Virtual Account access" }).click();
    await page.getByRole("dialog").getByRole("checkbox", { name: "Public Network Devices" }).check();
    await checkPage(page, `${label} grant`);
    await page.getByRole("button", { name: "Grant access" }).click();
    await page.getByRole("main").getByText("Virtual Account access was granted").waitFor();
    await checkPage(page, `${label} one user`);
    await page.getByRole("link", { name: "Remove", exact: true }).click();
    await checkPage(page, `${label} remove`);
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("main").getByText("Noa Winter was removed. An email tells them.").waitFor();

    // The last administrator is told why they stay.
    await manage(page, /XYZ COMPANY/, "Users");
    await page.getByRole("button", { name: "More Actions" }).click();
    await page.getByRole("link", { name: "Leave this Smart Account" }).filter({ visible: true }).click();
    await page.getByRole("dialog").getByText("You are the last Smart Account Administrator").waitFor();
    await checkPage(page, `${label} leave`);
    await page.context().close();
  });

  test(`a group gives roles here and is let in elsewhere (${context.name})`, async () => {
    const page = await openPage(browser, portal, context);
    const name = context === withScript ? "Field engineers" : "Night shift";
    await signInAs(page, "pat@bramwell.example");
    await manage(page, /Bramwell Distribution/, "User Groups");
    await checkPage(page, `${label} groups`);
    await page.getByRole("link", { name: "Create User Group" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Selected Virtual Accounts").check();
    await page.getByRole("radio", { name: /Virtual Account User/ }).check();
    await page.getByRole("checkbox", { name: "DEFAULT" }).check();
    await checkPage(page, `${label} group form`);
    await page.getByRole("button", { name: "Create User Group" }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.getByRole("link", { name: "Add users" }).click();
    await page.getByLabel(/Email addresses/).fill("noa@newcomer.example");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("button", { name: "Add 1 user" }).click();
    await page.getByRole("row").filter({ hasText: "Noa Winter" }).waitFor();
    await checkPage(page, `${label} group`);
    await shot(page, `${label} group`);

    await page.getByRole("button", { name: "More Actions" }).click();
    await page.getByRole("link", { name: "Request access to another Smart Account" }).filter({ visible: true }).click();
    await page.getByLabel("Account Domain Identifier").fill("xyz.example");
    await checkPage(page, `${label} request`);
    await page.getByRole("button", { name: "Send request" }).click();
    const said = await page.getByRole("main").getByText(/Request UGR-\S+ was sent/).textContent();
    const lookup = said.match(/UGR-[0-9A-Z]{4}-[0-9A-Z]{4}/)[0];

    const ada = await openPage(browser, portal, context);
    await signInAs(ada, "ada@xyz.example");
    await manage(ada, /XYZ COMPANY/, "User Groups");
    await ada.getByRole("button", { name: "More Actions" }).click();
    await ada.getByRole("link", { name: "Grant Smart Account access to external user group" }).filter({ visible: true }).click();
    await ada.getByRole("textbox", { name: "Request lookup ID" }).fill("UGR-2222-2222");
    await ada.getByRole("button", { name: "Look up" }).click();
    await ada.getByText("No request with this lookup ID").waitFor();
    await ada.getByRole("textbox", { name: "Request lookup ID" }).fill(lookup);
    await ada.getByRole("button", { name: "Look up" }).click();
    await ada.getByRole("heading", { level: 2, name }).waitFor();
    await ada.getByText("Bramwell Distribution").first().waitFor();
    await ada.getByLabel("Selected Virtual Accounts").check();
    await ada.getByRole("radio", { name: /Virtual Account Viewer/ }).check();
    await ada.getByRole("checkbox", { name: "Public Network Devices" }).check();
    await checkPage(ada, `${label} external group`);
    await ada.getByRole("button", { name: "Grant access" }).click();
    await ada.getByRole("main").getByText("has access now").waitFor();
    await checkPage(ada, `${label} external groups`);
    await manage(ada, /XYZ COMPANY/, "Users");
    await ada.getByRole("row").filter({ hasText: "Noa Winter" }).getByText(`through ${name}`).waitFor();
    await checkPage(ada, `${label} through a group`);

    // The owner ends it, and it is over at once.
    await page.reload();
    await page.getByRole("button", { name: /End access/ }).click();
    await page.getByRole("main").getByText("has ended").waitFor();
    await ada.reload();
    assert.equal(await ada.getByRole("row").filter({ hasText: "Noa Winter" }).count(), 0);
    await ada.context().close();
    await page.context().close();
  });
}

test("who may not manage users is told why, and a Virtual Account Administrator keeps to their own", async () => {
  for (const email of ["vera@xyz.example", "bob@xyz.example"]) {
    const page = await openPage(browser, portal, withScript);
    await signInAs(page, email);
    await manage(page, /XYZ COMPANY/, "Users");
    await page.getByText(/cannot manage users/).first().waitFor();
    await checkPage(page, `users ${email}`);
    await manage(page, /XYZ COMPANY/, "User Groups");
    await page.getByText(/cannot manage user groups/).first().waitFor();
    await checkPage(page, `user groups ${email}`);
    await page.context().close();
  }
  const page = await openPage(browser, portal, withScript);
  await signInAs(page, "dan@xyz.example");
  await manage(page, /XYZ COMPANY/, "Users");
  await page.getByRole("link", { name: "Add User" }).click();
  await page.getByRole("checkbox", { name: "Corporate Network Devices" }).waitFor();
  assert.equal(await page.getByRole("checkbox", { name: "Public Network Devices" }).count(), 0);
  assert.ok(await page.getByLabel("Entire Smart Account").isDisabled());
  await checkPage(page, "users of a Virtual Account Administrator");
  await page.context().close();
});
