// A second factor: set up by typing the secret over, asked for at the next sign-in, required by an account; once with script
// and once without. The picture is read by nobody here: what it says stands beside it.

import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { checkPage, contexts, openBrowser, openPage, shot, signInAs, startPortal, visit } from "./support.mjs";

let portal;
let browser;
before(async () => {
  [portal, browser] = await Promise.all([startPortal(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** What an authenticator shows (RFC 6238), so many steps of 30 seconds from now. */
function code(secret, steps = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(" ", "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac("sha1", key).update(step).digest();
  const from = tag[19] & 0x0f;
  return String((tag.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const withoutScript = contexts.find((context) => context.options.javaScriptEnabled === false);

for (const [context, label, person] of [
  [contexts[0], "with script", "cy@xyz.example"],
  [withoutScript, "without script", "dan@xyz.example"],
]) {
  test(`a second factor is set up and asked for, ${label}`, async () => {
    const page = await openPage(browser, portal, context);
    await signInAs(page, person);
    await visit(page, "/profile/second-factor");
    await checkPage(page, `${label} no second factor`);
    await page.getByRole("link", { name: "Set up" }).click();
    await page.getByRole("img", { name: "The secret as a QR code" }).waitFor();
    await checkPage(page, `${label} set-up`);
    await shot(page, `second factor ${label} set-up`);
    const secret = new URL(await page.getByRole("link", { name: "Open it in the authenticator" }).getAttribute("href")).searchParams.get("secret");
    await page.getByRole("textbox", { name: "Code" }).fill("123");
    await page.getByRole("button", { name: "Set up" }).click();
    await page.getByText("does not belong to this secret").first().waitFor();
    await checkPage(page, `${label} wrong code`);
    await page.getByRole("textbox", { name: "Code" }).fill(code(secret));
    await page.getByRole("button", { name: "Set up" }).click();
    await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
    await checkPage(page, `${label} recovery codes`);
    await shot(page, `second factor ${label} recovery codes`);
    await page.getByRole("link", { name: "I have kept them" }).click();
    await page.getByText("10 of 10").waitFor();
    await page.getByRole("link", { name: "Remove second factor" }).click();
    await page.getByRole("heading", { name: "Remove second factor?" }).waitFor();
    await checkPage(page, `${label} remove`);
    await shot(page, `second factor ${label} remove`);

    // Another browser: the password is not enough, and the next code lets in.
    const other = await openPage(browser, portal, context);
    await visit(other, "/login");
    await other.getByLabel("Email", { exact: true }).fill(person);
    await other.getByLabel("Password", { exact: true }).fill("licentral-demo");
    await other.getByRole("button", { name: "Sign in", exact: true }).click();
    await other.getByRole("heading", { name: "Enter a code" }).waitFor();
    await checkPage(other, `${label} second step`);
    await shot(other, `second factor ${label} second step`);
    await other.getByRole("textbox", { name: "Code" }).fill("000000");
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByText("used already").first().waitFor();
    await checkPage(other, `${label} second step refused`);
    await other.getByRole("textbox", { name: "Code" }).fill(code(secret, 1));
    await other.getByRole("button", { name: "Sign in" }).click();
    await visit(other, "/profile/sessions");
    await other.getByText("Password and code").waitFor();
    await checkPage(other, `${label} sessions`);
    await shot(other, `second factor ${label} sessions`);
  });
}

test("an administrator sees who has none, and requires one", async () => {
  const page = await openPage(browser, portal, contexts[0]);
  await signInAs(page, "ada@xyz.example");
  await visit(page, "/sa/100001/account/users");
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("menuitem", { name: "Second factor" }).or(page.getByRole("link", { name: "Second factor" })).first().click();
  await page.getByLabel("Require a second factor").check();
  await checkPage(page, "require");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("a second factor of your own first").first().waitFor();
  await checkPage(page, "require refused");
  await shot(page, "second factor require refused");
});
