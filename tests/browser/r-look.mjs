import { contexts, openBrowser, openPage, signInAs, startPortal, visit, checkPage } from "./support.mjs";
const [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
try {
  for (const context of [contexts[0], contexts[2]]) {
    const tag = context.name;
    const ada = await openPage(browser, portal, context);
    await signInAs(ada, "ada@xyz.example");
    for (const [name, path] of [["list", "/sa/100001/account/requests"], ["decided", "/sa/100001/account/requests/decided"], ["overview", "/sa/100001"], ["directory", "/access"], ["automation", "/sa/100001/account/requests/automation"], ["delegation", "/sa/100001/account/requests/delegation"], ["own", "/access/requests"]]) {
      await visit(ada, path);
      await checkPage(ada, `look ${tag} ${name}`).catch((e) => console.log(tag, name, String(e).slice(0, 800)));
      await ada.screenshot({ path: `/tmp/r-${tag}-${name}.png`, animations: "disabled" });
    }
    if (tag.startsWith("1440")) {
      await visit(ada, "/access");
      await ada.getByRole("button", { name: /Virtual Accounts/ }).first().hover();
      await ada.screenshot({ path: `/tmp/r-${tag}-hover.png` });
      await ada.getByRole("button", { name: /Virtual Accounts/ }).first().click();
      await ada.screenshot({ path: `/tmp/r-${tag}-click.png` });
    }
    const noa = await openPage(browser, portal, context);
    await signInAs(noa, "noa@newcomer.example");
    await visit(noa, "/access");
    await noa.screenshot({ path: `/tmp/r-${tag}-noa.png` });
    await visit(noa, "/access/request?domain=bramwell.example");
    await noa.screenshot({ path: `/tmp/r-${tag}-ask.png`, fullPage: true });
  }
} finally { await browser.close(); await portal.stop(); }
