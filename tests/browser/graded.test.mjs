// Graded labs and kept requests, on their pages: a teacher writes a lab, a learner does it in the portal and takes a hint,
// the step ticks itself off, the teacher sees it; a script's request is kept and carried out again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, contexts, inEachContext, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

const OLGA = "olga@licensing.example";
const ADA = "ada@xyz.example";
let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal({ env: { LICENTRAL_ON_PREM_LISTEN: "off" } }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const both = [contexts[0], contexts.find((context) => context.options.javaScriptEnabled === false)];

const file = (name, points) => `lab: ${name}
title: Make ${name}
says: One step.
minutes: 5
hint_costs: 1
start:
  role: account-admin
steps:
  - step: A Virtual Account of your own
    says: Create the Virtual Account Ours-{tag}.
    points: ${points}
    done: events[virtual-account.created].message contains "Ours-{tag}"
    hints: [Account Management has it.]
    wrong:
      - when: events[virtual-account.created].count >= 1 and not events[virtual-account.created].message contains "Ours-{tag}"
        says: You created another one. It is to be called Ours-{tag}.
        costs: 2
`;

async function create(page, base, name) {
  await visit(page, `${base}/account/virtual-accounts`);
  await page.getByRole("link", { name: "Create Virtual Account" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create Virtual Account and View Details" }).click();
  await page.getByText("This is a top level Virtual Account").first().waitFor();
}

for (const [n, context] of both.entries()) {
  test(`a lab is written, done with a hint and a wrong turn, and seen by its teacher (${context.name})`, async () => {
    const lab = `ours-${n}`;
    const olga = await openPage(browser, portal, context);
    await signInAs(olga, OLGA);
    await visit(olga, "/simulator/learners");
    await olga.getByLabel("File of a lab").fill(file(lab, "many"));
    await olga.getByRole("button", { name: "Add lab" }).click();
    await olga.getByText("Line 11: points: use a whole number from 0 to 100.").first().waitFor();
    await checkPage(olga, "a wrong lab");
    await olga.getByLabel("File of a lab").fill(file(lab, "10"));
    await olga.getByRole("button", { name: "Add lab" }).click();
    await olga.getByText(`The lab ${lab} is there for everybody.`).first().waitFor();
    const ada = await openPage(browser, portal, context);
    await signInAs(ada, ADA);
    await visit(ada, "/simulator/labs");
    await ada.getByRole("link", { name: `Make ${lab}` }).click();
    await ada.getByRole("button", { name: "Begin", exact: true }).click();
    await ada.getByText("The lab has begun.").first().waitFor();
    await checkPage(ada, "a lab that has begun");
    await ada.getByRole("button", { name: /^Show a hint/ }).click();
    await ada.getByText("Account Management has it.").waitFor();
    const account = ada.getByRole("link", { name: /^Graded lab/ });
    const tag = (await account.innerText()).split(" ").at(-1);
    const base = await account.getAttribute("href");
    await create(ada, base, "Another");
    await visit(ada, `/simulator/labs/${lab}`);
    await ada.getByText(`You created another one. It is to be called Ours-${tag}.`).waitFor();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await create(ada, base, `Ours-${tag}`);
    await visit(ada, `/simulator/labs/${lab}`);
    await ada.locator("#step-1").getByText("Done", { exact: true }).waitFor();
    await ada.getByText("7 of 10", { exact: true }).waitFor();
    await checkPage(ada, "a lab that is done");
    await shot(ada, `graded-lab-${context.name}`);
    // The learner's page looks anew; what the teacher sees is put down once a second.
    const row = olga.locator("tbody tr").filter({ hasText: `Make ${lab}` });
    let said = "";
    for (let tries = 0; tries < 20 && !said.includes("7 of 10"); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await visit(olga, "/simulator/learners");
      said = await row.innerText();
    }
    assert.match(said, /7 of 10/);
    await row.getByRole("link").click();
    await olga.getByText("You created another one.").waitFor();
    await checkPage(olga, "a learner's attempt");
    await ada.getByRole("button", { name: "End this lab" }).click();
    await ada.getByText("The lab was ended.").first().waitFor();
    await ada.context().close();
    await visit(olga, "/simulator/learners");
    await olga.getByRole("button", { name: `Remove ${lab}` }).click();
    await olga.getByText(`The lab ${lab} was removed.`).first().waitFor();
    await olga.context().close();
  });
}

test("a request of a script is kept without its secrets and carried out again", async () => {
  const page = await openPage(browser, portal);
  await signInAs(page, OLGA);
  await visit(page, "/simulator/requests");
  await page.getByLabel("API client").fill("demo-ada");
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByText("Requests of API clients are kept from now on.").first().waitFor();
  const call = async (method, path, body, token) => {
    const headers = { "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    return fetch(`${portal.base}${path}`, { method, headers, body: body && JSON.stringify(body) });
  };
  const signed = await call("POST", "/api/v1/token", { grant_type: "client_credentials", client_id: "demo-ada", client_secret: "licentral-demo-secret" });
  const { access_token } = await signed.json();
  const answer = await call("POST", "/api/v1/access-requests", { password: "sesame" }, access_token);
  assert.equal(answer.status, 400);
  await call("GET", "/api/v1/me", undefined, access_token);
  await visit(page, "/simulator/requests");
  await checkPage(page, "kept requests");
  await page.getByRole("link", { name: /access-requests/ }).click();
  await page.getByText("It cannot be carried out again.").waitFor();
  assert.doesNotMatch(await page.locator("main").innerText(), /sesame|eyJ/);
  await checkPage(page, "a request with a secret");
  await visit(page, "/simulator/requests");
  await page.getByRole("link", { name: /GET \/api\/v1\/me/ }).click();
  await page.getByRole("button", { name: "Carry out again" }).click();
  await page.getByText("It was carried out again: 200 before, 200 now.").first().waitFor();
  await checkPage(page, "a request that was carried out again");
  await shot(page, "kept-request");
  await visit(page, "/simulator/requests");
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByText("Requests of API clients are kept no longer.").first().waitFor();
  await page.context().close();
});

test("each page is sound in every window", async () => {
  await inEachContext(browser, portal, async (page, context) => {
    await signInAs(page, OLGA);
    for (const path of ["/simulator/labs", "/simulator/labs/first-switch", "/simulator/learners", "/simulator/requests"]) {
      await visit(page, path);
      await checkPage(page, path);
      if (/^(1440-light|390-light)$/.test(context.name)) await shot(page, `lab${path.replaceAll("/", "-")}-${context.name}`);
    }
  });
});
