// Founding document S2, "How can I perform Cisco License On-Prem (CLP) synchronization with Cisco License Central (CLC)?",
// in both portals: over the network, with files, by a schedule, and the schedule off for one account. Found by visible
// labels; on a screen, on a phone, and without script.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, signInAs, startPortal, visit } from "./support.mjs";
import { choose, dashboard, deviceManagers, download, look, menu, message, openBoth, openMenu, row, says, synchronize, tab, title, windows } from "./walk.mjs";

const ACCOUNT = "Smart-On-Prem-Account";
const COLUMNS = ["On-Prem Account Name", "Sync Status", "Last Sync", "Smart Account", "Virtual Account", "Licenses", "Devices", "Product Analytics & Others"];

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ onPrem: true }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** Something that the cloud has not heard of yet: a product instance less. Says how many are left. */
async function changeSomething(server) {
  await dashboard(server);
  await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
  await menu(server, "Devices", "Device Inventory");
  const [first] = await server.getByRole("main").getByRole("button", { name: /^Actions for/ }).all();
  await first.click();
  await server.getByRole("main").getByRole("link", { name: "Remove", exact: true }).filter({ visible: true }).first().click();
  await server.getByRole("dialog").getByRole("button", { name: "Remove Product Instance" }).click();
  await message(server, "1 product instance removed.");
  return server.getByRole("main").getByRole("button", { name: /^Actions for/ }).count();
}

for (const window of windows) {
  const at = window.name;

  test(`by network, by file and by a schedule (${at})`, async () => {
    const { server, cloud } = await openBoth(browser, portal, window);

    // The dashboard of the Licensing workspace: its columns, Settings, Filters and search.
    await dashboard(server);
    for (const column of COLUMNS) await server.getByRole("columnheader", { name: column }).first().waitFor({ state: "attached" });
    await server.getByRole("searchbox", { name: "Search On-Prem accounts" }).fill("no such account");
    await server.keyboard.press("Enter");
    await server.getByRole("link", { name: "Show all On-Prem accounts" }).click();
    await row(server, ACCOUNT).waitFor();

    const gear = server.getByRole("button", { name: /^Settings/ });
    // On a phone a row is a card, with no heads over it.
    if (window !== windows[1]) {
      await gear.click();
      await server.getByLabel("Product Analytics & Others").uncheck();
      await server.getByRole("button", { name: "Show columns" }).click();
      await server.getByRole("columnheader", { name: "Virtual Account" }).first().waitFor();
      assert.equal(await server.getByRole("columnheader", { name: "Product Analytics & Others" }).count(), 0);
      await dashboard(server);
    }

    // Online: from the change that the cloud does not know to Synchronization Successful.
    let left = await changeSomething(server);
    await dashboard(server);
    await row(server, ACCOUNT).getByText(/\d+ changes? not yet in the cloud/).waitFor();
    await look(server, window, "s2 dashboard");
    await openMenu(server, ACCOUNT);
    await look(server, window, "s2 menu of an account");
    await server.keyboard.press("Escape");
    await synchronize(server, ACCOUNT);
    assert.doesNotMatch(await says(server, ACCOUNT), /not yet in the cloud/);
    await deviceManagers(cloud);
    await row(cloud, ACCOUNT).getByText(`${left}`, { exact: true }).waitFor();

    // Offline: the usage file, the cloud's wizard, the response file.
    left = await changeSomething(server);
    await dashboard(server);
    await choose(server, ACCOUNT, "Initiate manual (offline) sync");
    const pop = server.getByRole("dialog", { name: "Initiate manual (offline) sync" });
    const generate = pop.getByRole("button", { name: "Generate an On-Prem Account synchronization file" });
    await generate.waitFor();
    await look(server, window, "s2 manual sync");
    const usage = await download(server, portal, () => generate.click(), `${at}.sync`);
    await pop.getByRole("link", { name: "Close", exact: true }).last().click();
    await row(server, ACCOUNT).getByText("File generated - awaiting response").waitFor();

    await deviceManagers(cloud);
    await choose(cloud, ACCOUNT, "Upload sync file");
    await title(cloud, "Upload sync file");
    await cloud.locator("input[type=file]").setInputFiles(usage);
    await cloud.getByRole("button", { name: "Next" }).click();
    await title(cloud, "Review the file information");
    await cloud.getByRole("button", { name: "Submit" }).click();
    await title(cloud, "Confirmation");
    await cloud.getByRole("link", { name: "Close", exact: true }).click();
    await deviceManagers(cloud);
    await row(cloud, ACCOUNT).getByText(`${left}`, { exact: true }).waitFor();
    await openMenu(cloud, ACCOUNT);
    const response = await download(
      cloud,
      portal,
      () => row(cloud, ACCOUNT).getByRole("link", { name: "Download latest response file", exact: true }).click(),
      `${at}.response`,
    );

    await choose(server, ACCOUNT, "Initiate manual (offline) sync");
    await pop.getByRole("button", { name: "Upload response file" }).click();
    await pop.getByText("Choose the response file that was downloaded in the cloud.").first().waitFor();
    await look(server, window, "s2 manual sync without a file");
    await pop.locator("input[type=file]").setInputFiles(response);
    await pop.getByRole("button", { name: "Upload response file" }).click();
    await row(server, ACCOUNT).getByText("Synchronization Successful").waitFor();
    assert.doesNotMatch(await says(server, ACCOUNT), /not yet in the cloud/);

    // By a schedule: set for every day, then off for this one account.
    await menu(server, "Admin Workspace", "Synchronisation");
    await title(server, "Synchronisation");
    await tab(server, "Scheduled Sync");
    await server.getByLabel("Enable Scheduled sync").check();
    await server.getByLabel("Start Date").fill("");
    await server.getByRole("button", { name: "Apply" }).click();
    await server.getByRole("alert").first().waitFor();
    await look(server, window, "s2 schedule without a date");
    await server.getByLabel("Start Date").fill("2026-01-01");
    await server.getByLabel("Frequency").selectOption({ label: "Weekly" });
    await server.getByLabel("Time of Day").fill("03:30");
    await server.getByRole("button", { name: "Apply" }).click();
    await message(server, "have been successfully updated");
    await look(server, window, "s2 schedule");
    await tab(server, "Accounts");
    await row(server, ACCOUNT).getByText("Enabled", { exact: true }).waitFor();
    await choose(server, ACCOUNT, "Disable scheduled sync");
    await title(server, "Synchronisation");
    await message(server, `Scheduled sync was disabled for ${ACCOUNT}.`);
    await row(server, ACCOUNT).getByText("Disabled", { exact: true }).waitFor();
    await look(server, window, "s2 synchronisation");
    await choose(server, ACCOUNT, "Enable scheduled sync");
    await row(server, ACCOUNT).getByText("Enabled", { exact: true }).waitFor();
    await server.context().close();
  });
}

test("what the schedule says is done when its time has come", async () => {
  const { server, cloud } = await openBoth(browser, portal, windows[0]);
  await menu(server, "Admin Workspace", "Synchronisation");
  const before = await says(server, ACCOUNT);
  await signInAs(cloud, "olga@licensing.example");
  await visit(cloud, "/simulator/clock");
  await cloud.getByLabel("Advance by").fill("8");
  await cloud.getByLabel("Unit").selectOption({ label: "days" });
  await cloud.getByRole("button", { name: "Advance the clock" }).click();
  for (let tries = 0; (await says(server, ACCOUNT)) === before; tries += 1) {
    assert.ok(tries < 100, `nothing was synchronized: ${before}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await server.reload();
  }
  assert.match(await says(server, ACCOUNT), /Synchronization Successful/);
  await server.context().close();
});
