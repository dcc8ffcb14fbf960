// Virtual Accounts and Smart Account properties, by their visible labels, once with script and once without: what an
// administrator does, what a Virtual Account Administrator does below theirs, and what a viewer is told.

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
const title = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** Opens the account of a person who has just signed in, and its list of Virtual Accounts by the menu. */
async function openList(page) {
  await visit(page, "/select");
  if (new URL(page.url()).pathname === "/select") await page.getByRole("link", { name: /XYZ COMPANY/ }).first().click();
  const menu = page.getByRole("navigation", { name: "Main menu" });
  const entry = menu.getByRole("link", { name: "Virtual Accounts", exact: true });
  if (!(await entry.isVisible())) await menu.getByText("Account Management", { exact: true }).click();
  await entry.click();
  await title(page, "Virtual Accounts");
}

/** Opens an entry of the three dots of a row. */
async function choose(page, name, entry) {
  await row(page, name).getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("link", { name: entry, exact: true }).and(page.locator(":visible")).click();
}

for (const context of [withScript, withoutScript]) {
  const script = context === withScript;
  const label = script ? "with script" : "without script";
  const tag = script ? "one" : "two";

  test(`an administrator creates, nests, finds, makes default and deletes, ${label}`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, "ada@xyz.example");
    await openList(page);
    await checkPage(page, `va list ${label}`);
    const [site, rack] = [`Site ${tag}`, `Rack ${tag}`];

    await page.getByRole("link", { name: "Create Virtual Account" }).click();
    await title(page, "Create Virtual Account");
    await page.getByRole("button", { name: "Create Virtual Account and View Details" }).click();
    await page.getByText("Enter the Name.").first().waitFor();
    await checkPage(page, `va create, refused ${label}`);
    await page.getByLabel("Name", { exact: true }).fill(site);
    await page.getByLabel(/^Description/).fill("Where the journey happens.");
    await page.getByRole("radio", { name: /^Restricted/ }).check();
    await page.getByLabel(/^Tags/).fill(`journey ${tag}, north`);
    await checkPage(page, `va create ${label}`);
    await page.getByRole("button", { name: "Create Virtual Account and View Details" }).click();
    await title(page, site);
    await page.getByText("This is a top level Virtual Account").first().waitFor();
    await checkPage(page, `va details ${label}`);
    await shot(page, `va details ${label}`);

    await openList(page);
    await page.getByRole("link", { name: "Create Virtual Account" }).click();
    await page.getByLabel("Name", { exact: true }).fill(rack);
    await page.getByRole("button", { name: "Create Virtual Account and View Details" }).click();
    await title(page, rack);
    await openList(page);
    await choose(page, rack, "Change Parent Account");
    const parent = page.getByRole("dialog", { name: "Change Parent Account" });
    await parent.waitFor();
    await checkPage(page, `va change parent ${label}`);
    await parent.getByLabel("Parent Account").selectOption({ label: site });
    await parent.getByRole("button", { name: "Change Parent Account" }).click();
    await page.getByText(`The Parent Account of ${rack} was saved.`).first().waitFor();

    await openList(page);
    await page.getByRole("navigation", { name: "Ways to show Virtual Accounts" }).getByRole("link", { name: "Tree" }).click();
    await row(page, rack).waitFor();
    await checkPage(page, `va tree ${label}`);
    await shot(page, `va tree ${label}`);
    await page.getByRole("link", { name: `journey ${tag}` }).first().click();
    await page.getByText("1 Virtual Account", { exact: true }).first().waitFor();

    await openList(page);
    await choose(page, site, "Set as Default Virtual Account");
    const pop = page.getByRole("dialog", { name: "Set as Default Virtual Account" });
    await pop.getByText("new orders without a Virtual Account go there").first().waitFor();
    await checkPage(page, `va default ${label}`);
    await pop.getByRole("button", { name: "Set as Default Virtual Account" }).click();
    await page.getByText(`${site} is the default Virtual Account now.`).first().waitFor();

    // The default one cannot go: the entry is off and says why.
    await openList(page);
    await row(page, site).getByRole("button", { name: `Actions for ${site}` }).click();
    await page.getByText("Set another one as default first.").and(page.locator(":visible")).first().waitFor();
    await checkPage(page, `va delete is off ${label}`);
    await page.keyboard.press("Escape");

    await openList(page);
    await choose(page, rack, "Delete Virtual Account");
    const last = page.getByRole("dialog", { name: "Delete Virtual Account" });
    await last.getByLabel("Type the name of the Virtual Account").fill("something else");
    await last.getByRole("button", { name: "Delete Virtual Account" }).click();
    await page.getByText(`Type ${rack} to delete this Virtual Account.`).first().waitFor();
    await checkPage(page, `va delete, refused ${label}`);
    const again = page.getByRole("dialog", { name: "Delete Virtual Account" });
    await again.getByLabel("Type the name of the Virtual Account").fill(rack);
    await again.getByRole("button", { name: "Delete Virtual Account" }).click();
    await page.getByText(`The Virtual Account ${rack} was deleted.`).first().waitFor();
    assert.equal(await row(page, rack).count(), 0);
    await page.context().close();
  });

  test(`a Virtual Account Administrator nests below theirs, a viewer is told why not, ${label}`, async () => {
    const [dan, vera] = [await openPage(browser, portal, context), await openPage(browser, portal, context)];
    await signInAs(dan, "dan@xyz.example");
    await openList(dan);
    await dan.getByRole("link", { name: "Create Virtual Account" }).click();
    await dan.getByText("You become its Virtual Account Administrator.").first().waitFor();
    await checkPage(dan, `va create below ${label}`);
    await dan.getByLabel("Name", { exact: true }).fill(`Floor ${tag}`);
    await dan.getByLabel("Parent Account").selectOption({ label: "Corporate Network Devices" });
    await dan.getByRole("button", { name: "Create Virtual Account and View Details" }).click();
    await title(dan, `Floor ${tag}`);
    await dan.getByRole("link", { name: "Edit", exact: true }).first().click();
    await title(dan, "Edit Virtual Account");
    await checkPage(dan, `va edit ${label}`);

    await signInAs(vera, "vera@xyz.example");
    await openList(vera);
    await vera.getByText("Your role, Smart Account Viewer, cannot create a nested Virtual Account.").first().waitFor();
    await row(vera, "DEFAULT").getByRole("button", { name: "Actions for DEFAULT" }).click();
    await vera.getByText("Your role, Smart Account Viewer, cannot delete Virtual Accounts.").and(vera.locator(":visible")).first().waitFor();
    await checkPage(vera, `va list of a viewer ${label}`);
    await Promise.all([dan.context().close(), vera.context().close()]);
  });

  test(`properties: the domain waits for its approver, the headquarters move, the account rests, ${label}`, async () => {
    const [ada, drew] = [await openPage(browser, portal, context), await openPage(browser, portal, context)];
    await signInAs(ada, "ada@xyz.example");
    await openList(ada);
    const properties = `${new URL(ada.url()).pathname.split("/").slice(0, 3).join("/")}/account`;
    await visit(ada, properties);
    await title(ada, "Smart Account properties");
    await checkPage(ada, `properties ${label}`);

    await ada.getByRole("link", { name: "Change HQ" }).and(ada.locator(":visible")).first().click();
    await ada.getByRole("dialog", { name: "Change HQ" }).getByRole("link", { name: "add a HQ Address" }).click();
    const address = ada.getByRole("dialog", { name: "add a HQ Address" });
    await address.getByLabel("Street address").fill(`${tag} Quay Road`);
    await address.getByLabel("City").fill("Bergen");
    await address.getByLabel("Country").fill("Norway");
    await checkPage(ada, `add a HQ Address ${label}`);
    await address.getByRole("button", { name: "Add HQ Address" }).click();
    await ada.getByText(`${tag} Quay Road`).first().waitFor();

    await ada.getByRole("link", { name: "Change Account Domain Identifier" }).and(ada.locator(":visible")).first().click();
    const domain = ada.getByRole("dialog", { name: "Change Account Domain Identifier" });
    await domain.getByLabel("Account Domain Identifier").fill(`xyz-${tag}.example`);
    await domain.getByLabel(/Note to the approver/).fill("We were bought.");
    await checkPage(ada, `domain ${label}`);
    await domain.getByRole("button", { name: "Change domain" }).click();
    await ada.getByText("Pending domain approval").first().waitFor();
    await letterTo(drew, "drew@licensing.example", `xyz-${tag}.example`);
    await signInAs(drew, "drew@licensing.example");
    await visit(drew, "/domain-changes");
    await checkPage(drew, `domain changes ${label}`);
    await drew.getByRole("row").filter({ hasText: `xyz-${tag}.example` }).getByRole("link", { name: "XYZ COMPANY" }).click();
    await title(drew, "Domain change: XYZ COMPANY");
    await checkPage(drew, `domain change ${label}`);
    await drew.getByRole("link", { name: "Deny", exact: true }).click();
    const deny = drew.getByRole("dialog", { name: "Deny domain change" });
    await deny.getByLabel("Deny reason").fill("Another company has it.");
    await checkPage(drew, `deny domain ${label}`);
    await deny.getByRole("button", { name: "Deny", exact: true }).click();
    await drew.getByText(/denied this change/).first().waitFor();
    await checkPage(drew, `denied domain ${label}`);

    await visit(ada, `${properties}/deactivate`);
    const off = ada.getByRole("dialog", { name: "Deactivate Smart Account" });
    await off.getByLabel("Reason").fill("A rest.");
    await off.getByLabel("Type the name of the Smart Account").fill("XYZ COMPANY");
    await checkPage(ada, `deactivate ${label}`);
    await off.getByRole("button", { name: "Deactivate Smart Account" }).click();
    await ada.getByText("This Smart Account is Inactive").first().waitFor();
    await checkPage(ada, `inactive ${label}`);
    await shot(ada, `inactive ${label}`);
    await visit(ada, `${properties}/reactivate`);
    const on = ada.getByRole("dialog", { name: "Reactivate Smart Account" });
    await on.getByLabel("Reason").fill("Rested.");
    await on.getByLabel("Type the name of the Smart Account").fill("XYZ COMPANY");
    await on.getByRole("button", { name: "Reactivate Smart Account" }).click();
    await ada.getByText("The Smart Account is Active again.").first().waitFor();
    await Promise.all([ada.context().close(), drew.context().close()]);
  });
}
