// Founding document S0, "How can I delete an SSM On-Prem Account, in Cisco License Central (CLC)?", in both portals: the
// product instances go, a synchronization, Deactivate with a reason, Delete, and the removal of the device manager. Found
// by visible labels; on a screen, on a phone, and without script, each with a server of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { letterTo, openBrowser, startPortal, visit } from "./support.mjs";
import { choose, dashboard, deviceManagers, enter, look, menu, message, openBoth, openMenu, pick, row, synchronize, tab, title, windows } from "./walk.mjs";

const ACCOUNT = "Smart-On-Prem-Account";
const PLACE = "Local-Virtual-Account";
const REASON = "The plant moves to another server.";

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
});

/** Admin Workspace, Accounts, and there the checklist: what is next. */
async function next(server, window, step) {
  await menu(server, "Admin Workspace", "Accounts");
  await choose(server, ACCOUNT, "Checklist for deletion");
  await title(server, "Checklist for deletion");
  await server.locator('[aria-current="step"]').getByText(step).first().waitFor();
  await look(server, window, `s0 checklist ${step}`);
}

for (const window of windows) {
  test(`an On-Prem account is deleted, on the server and in the cloud (${window.name})`, async () => {
    const portal = await startPortal({ onPrem: true });
    try {
      const { server, cloud } = await openBoth(browser, portal, window);

      // Before: neither side lets it go while product instances remain.
      await next(server, window, "Remove all Product Instances on all Local Virtual Accounts");
      await menu(server, "Admin Workspace", "Accounts");
      await choose(server, ACCOUNT, "Deactivate");
      await title(server, "Deactivate account");
      await message(server, "still has 9 product instances");
      assert.equal(await server.getByRole("button", { name: "Proceed" }).getAttribute("aria-disabled"), "true");
      await look(server, window, "s0 deactivate refused");
      await deviceManagers(cloud);
      await choose(cloud, ACCOUNT, "Remove");
      const pop = cloud.getByRole("dialog", { name: "Remove Device Manager?" });
      await pop.getByText("source of truth").waitFor();
      assert.equal(await pop.getByRole("link", { name: "Remove device manager" }).count(), 0);
      await pop.getByRole("link", { name: "Close", exact: true }).last().click();

      // Step 1: all product instances, on all local Virtual Accounts.
      await dashboard(server);
      await server.getByRole("link", { name: ACCOUNT, exact: true }).click();
      await title(server, ACCOUNT);
      await menu(server, "Devices", "Device Inventory");
      for (const box of await server.getByRole("checkbox", { name: /^Select (?!all)/ }).all()) await box.check();
      await pick(server, "More Actions", "Remove");
      const removal = server.getByRole("dialog");
      await removal.getByText("These licenses come back to the pool").waitFor();
      await look(server, window, "s0 remove product instances");
      await removal.getByRole("button", { name: /^Remove/ }).click();
      await message(server, "9 product instances removed.");
      await message(server, "No product instances yet");
      await look(server, window, "s0 no product instances");

      // The cloud knows them until the synchronization, and the account stays until then.
      await deviceManagers(cloud);
      await row(cloud, ACCOUNT).getByText("9", { exact: true }).waitFor();
      await next(server, window, "Synchronize, so that the cloud reflects that the Product Instances are gone");
      await menu(server, "Admin Workspace", "Accounts");
      await choose(server, ACCOUNT, "Deactivate");
      await message(server, "Synchronize");

      // Step 2.
      await synchronize(server, ACCOUNT);
      await deviceManagers(cloud);
      await row(cloud, ACCOUNT).getByText("0", { exact: true }).waitFor();

      // Steps 3 to 8: Admin Workspace, here from the top-right corner; Accounts; Actions; Deactivate; Proceed; the reason.
      await server.getByRole("button", { name: /your account/ }).click();
      await server.getByRole("link", { name: "Admin Workspace", exact: true }).click();
      await title(server, "Accounts");
      await tab(server, "Accounts");
      await openMenu(server, ACCOUNT);
      assert.equal(await row(server, ACCOUNT).getByRole("link", { name: "Delete", exact: true }).count(), 0, "only an Inactive account is deleted");
      await row(server, ACCOUNT).getByRole("link", { name: "Deactivate", exact: true }).click();
      await server.getByRole("link", { name: "Proceed", exact: true }).click();
      await message(server, "Enter a reason for deactivation");
      await server.getByRole("button", { name: "Deactivate", exact: true }).click();
      await server.getByRole("alert").first().waitFor();
      await look(server, window, "s0 deactivate without a reason");
      await server.getByLabel("Reason").fill(REASON);
      await server.getByRole("button", { name: "Deactivate", exact: true }).click();
      await message(server, `${ACCOUNT} is Inactive.`);
      await row(server, ACCOUNT).getByText("Inactive", { exact: true }).waitFor();
      await look(server, window, "s0 accounts");
      await letterTo(cloud, "lara@on-prem.example", "was deactivated");
      await tab(cloud, "Text");
      await message(cloud, REASON);
      await enter(cloud);
      await next(server, window, "Remove the device manager in the cloud");

      // Steps 9 and 10.
      await menu(server, "Admin Workspace", "Accounts");
      await choose(server, ACCOUNT, "Delete");
      await title(server, "Delete account");
      await look(server, window, "s0 delete");
      await server.getByRole("button", { name: "OK", exact: true }).click();
      await message(server, `The On-Prem account ${ACCOUNT} was deleted.`);
      await message(server, "No On-Prem account yet");
      await look(server, window, "s0 no account");
      await tab(server, "Event Log");
      await message(server, `${ACCOUNT} was deactivated`);
      await dashboard(server);
      await message(server, "No On-Prem account yet");
      await look(server, window, "s0 empty dashboard");

      // Steps 11 to 19: the device manager, with a case number or without one.
      await deviceManagers(cloud);
      await choose(cloud, ACCOUNT, "Remove");
      await pop.getByRole("link", { name: "Remove device manager" }).click();
      const number = cloud.getByRole("dialog", { name: "Enter Active Case Number" });
      if (window === windows[1]) {
        await number.getByRole("button", { name: "Proceed without" }).click();
      } else {
        await number.getByLabel("Case number").fill("695123456");
        await number.getByRole("button", { name: "Proceed", exact: true }).click();
      }
      await message(cloud, `The device manager ${ACCOUNT} was removed.`);
      assert.equal(await row(cloud, ACCOUNT).count(), 0);
      // Its Virtual Account stays, empty and bound to nothing.
      await menu(cloud, "Account Management", "Virtual Accounts");
      await cloud.getByRole("link", { name: PLACE, exact: true }).click();
      await title(cloud, PLACE);
      assert.equal(await cloud.getByRole("main").getByText("Device manager", { exact: true }).count(), 0);
      await visit(cloud, "/sa/100001/devices/device-inventory?q=dc-switch");
      await message(cloud, "No product instances match");
      await server.context().close();
    } finally {
      await portal.stop();
    }
  });
}
