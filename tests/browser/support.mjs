// What every browser test stands on: a portal of its own, a browser, and one check that each page must pass.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { notes, watch } from "./check.mjs";

export { checkPage, out, shot } from "./check.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The windows in which each page is looked at. Two widths are phones; the last reader has no script at all. */
export const contexts = [
  { name: "1440-light", options: { viewport: { width: 1440, height: 900 }, colorScheme: "light" } },
  { name: "1440-dark", options: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" } },
  { name: "390-light", options: { viewport: { width: 390, height: 844 }, colorScheme: "light" } },
  { name: "320-dark", options: { viewport: { width: 320, height: 640 }, colorScheme: "dark" } },
  { name: "no-script", options: { viewport: { width: 1440, height: 900 }, javaScriptEnabled: false } },
];

/** The password of everyone in the scenario "demo". */
const castPassword = "licentral-demo";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// ---------------------------------------------------------------------------------------------------- the portal

let portals = 0;

function psql(statement) {
  const run = spawnSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", process.env.TEST_DATABASE_URL, "-c", statement], {
    encoding: "utf8",
  });
  if (run.error) throw new Error(`psql could not be run, which makes databases for these tests: ${run.error.message}`);
  assert.equal(run.status, 0, `psql: ${statement}\n${run.stderr}`);
}

/** The program under test. */
export const program = path.resolve(process.env.LICENTRAL_BIN ?? path.join(here, "../../target/debug/licentral"));

/**
 * Starts the portal in lab mode on a free port, with a folder and a database of its own, and waits until it is ready.
 * `env` adds settings. `host` is what browsers call it. With `onPrem` the On-Prem portal is served beside it; `words` are those after the program's name:
 * "on-prem", "serve" for an On-Prem server alone.
 */
export async function startPortal({ env = {}, host = "127.0.0.1", onPrem = false, words = [] } = {}) {
  assert.ok(existsSync(program), `There is no ${program}: run "cargo build" first, or set LICENTRAL_BIN.`);

  const folder = mkdtempSync(path.join(tmpdir(), "licentral-browser-"));
  const port = await freePort();
  const base = `http://${host}:${port}`;
  const listens = onPrem ? `127.0.0.1:${await freePort()}` : "off";
  const databases = [];
  const newDatabase = (file) => {
    if (!process.env.TEST_DATABASE_URL) return `sqlite://${path.join(folder, file)}`;
    const database = `licentral_browser_${process.pid}_${portals++}`;
    psql(`CREATE DATABASE "${database}"`);
    databases.push(database);
    const url = new URL(process.env.TEST_DATABASE_URL);
    url.pathname = `/${database}`;
    return url.href;
  };
  const databaseUrl = newDatabase("x.db");
  const onPremDatabaseUrl = onPrem ? newDatabase("on-prem.db") : undefined;

  // Settings of the person who runs the tests must not reach the portal under test.
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("LICENTRAL_") && name !== "TEST_DATABASE_URL"),
  );
  const child = spawn(program, words, {
    cwd: folder,
    env: {
      ...inherited,
      LICENTRAL_MODE: "lab",
      LICENTRAL_LISTEN: `127.0.0.1:${port}`,
      LICENTRAL_BASE_URL: base,
      LICENTRAL_SCENARIO: "demo",
      DATABASE_URL: databaseUrl,
      LICENTRAL_ON_PREM_LISTEN: listens,
      ...(onPrem ? { LICENTRAL_ON_PREM_DATABASE_URL: onPremDatabaseUrl } : {}),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (data) => (log += data));
  child.stderr.on("data", (data) => (log += data));
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("exit", (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  });
  let end;
  ended.then((how) => (end = how));
  // A test that dies must not leave a portal behind.
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);

  const tail = () => `The portal's last words:\n${log.slice(-4000)}`;

  async function stop() {
    child.kill("SIGTERM");
    const impatience = setTimeout(() => child.kill("SIGKILL"), 15_000);
    const how = await ended;
    clearTimeout(impatience);
    process.removeListener("exit", orphan);
    for (const database of databases) psql(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
    rmSync(folder, { recursive: true, force: true });
    assert.equal(how, "ended with exit code 0", `Told to stop by SIGTERM, the portal ${how} (SIGKILL: it took over 15 s). ${tail()}`);
    // What a person sees may look right while something behind it failed.
    const errors = log.split("\n").filter((line) => /"level":\s*"ERROR"/.test(line));
    assert.deepEqual(errors, [], "The portal logged errors.");
  }

  const deadline = Date.now() + 60_000;
  for (;;) {
    if (end) break;
    const ready = await Promise.all(
      [base, ...(onPrem ? [`http://${listens}`] : [])].map((one) => fetch(`${one}/readyz`).then((answer) => answer.ok, () => false)),
    );
    if (ready.every(Boolean)) return { base, databaseUrl, folder, onPrem: { base: `http://${listens}`, databaseUrl: onPremDatabaseUrl, folder }, log: () => log, stop };
    if (Date.now() > deadline) break;
    await pause(50);
  }
  const why = end ?? "was not ready after 60 s";
  await stop().catch(() => {});
  throw new Error(`The portal ${why}. ${tail()}`);
}

// --------------------------------------------------------------------------------------------------- the browser

function chromiumPath() {
  const candidates = [
    process.env.LICENTRAL_CHROMIUM,
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = candidates.find((candidate) => candidate && existsSync(candidate));
  assert.ok(found, "There is no Chromium: install Debian's package chromium-headless-shell, or set LICENTRAL_CHROMIUM.");
  return found;
}

/** Starts the browser. The flags keep it from calling its maker. */
export function openBrowser() {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      "--headless=new",
      // Text as wide as on a screen of many pixels: otherwise widths depend on how the browser was built.
      "--font-render-hinting=none",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Opens an empty page in a context of its own (no cookies yet). `portal` is anything with a `base`; `context` is one
 * of `contexts`.
 */
export async function openPage(browser, portal, context = contexts[0]) {
  const owner = await browser.newContext({ baseURL: portal.base, ...context.options });
  owner.setDefaultTimeout(10_000);
  return watch(await owner.newPage(), portal.base, context);
}

/** Opens another tab beside a page, with the same cookies, perhaps for another portal. */
export async function openTab(page, portal) {
  return watch(await page.context().newPage(), portal.base, notes.get(page).window);
}

/** Runs `body(page, context)` once in each context, closing the page afterwards. */
export async function inEachContext(browser, portal, body) {
  for (const context of contexts) {
    const page = await openPage(browser, portal, context);
    try {
      await body(page, context);
    } catch (error) {
      error.message = `[${context.name}] ${error.message}`;
      throw error;
    } finally {
      await page.context().close();
    }
  }
}

/** Goes to a path of the portal that the page was opened for and checks the status that it answers with. */
export async function visit(page, target, { status = 200 } = {}) {
  const answer = await page.goto(new URL(target, notes.get(page)?.base).href, { waitUntil: "load" });
  assert.equal(answer.status(), status, `GET ${target}`);
  return answer;
}

/** Signs in: by the person's button on the lab's sign-in page, or else with e-mail and password. */
export async function signInAs(page, email) {
  await visit(page, "/login");
  const button = page.getByRole("button", { name: email });
  if ((await button.count()) > 0) {
    await button.first().click();
  } else {
    await page.getByLabel("Email", { exact: true }).fill(email);
    await page.getByLabel("Password", { exact: true }).fill(castPassword);
    await page.getByRole("button", { name: /^(sign|log) in$/i }).click();
  }
  await page.waitForLoadState("load");
  assert.notEqual(new URL(page.url()).pathname, "/login", `${email} is still on the sign-in page.`);
}

/** Opens the newest letter to a person whose subject holds `subjectPart`; letters may take a moment to be sent. */
export async function letterTo(page, email, subjectPart) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    await visit(page, `/simulator/mailbox?q=${encodeURIComponent(email)}`);
    const letter = page.getByRole("main").getByRole("link").filter({ hasText: subjectPart });
    if ((await letter.count()) > 0) {
      await letter.first().click();
      await page.waitForLoadState("load");
      return;
    }
    assert.ok(Date.now() < deadline, `No letter to ${email} about "${subjectPart}" has come.`);
    await pause(200);
  }
}
