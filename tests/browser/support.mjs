// What every browser test stands on: a portal of its own, a browser, and one check that each page must pass.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const htmlValidate = new HtmlValidate(
  new StaticConfigLoader(JSON.parse(readFileSync(path.join(here, "htmlvalidate.json"), "utf8"))),
);

/** Screenshots and reports; not kept in the repository. */
export const out = path.join(here, "out");

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

/**
 * Starts the portal in lab mode on a free port, with a folder and a database of its own, and waits until it is ready.
 * `env` adds settings.
 */
export async function startPortal({ env = {} } = {}) {
  const program = path.resolve(process.env.LICENTRAL_BIN ?? path.join(here, "../../target/debug/licentral"));
  assert.ok(existsSync(program), `There is no ${program}: run "cargo build" first, or set LICENTRAL_BIN.`);

  const folder = mkdtempSync(path.join(tmpdir(), "licentral-browser-"));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  let databaseUrl = `sqlite://${path.join(folder, "x.db")}`;
  let database;
  if (process.env.TEST_DATABASE_URL) {
    database = `licentral_browser_${process.pid}_${portals++}`;
    psql(`CREATE DATABASE "${database}"`);
    const url = new URL(process.env.TEST_DATABASE_URL);
    url.pathname = `/${database}`;
    databaseUrl = url.href;
  }

  // Settings of the person who runs the tests must not reach the portal under test.
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("LICENTRAL_") && name !== "TEST_DATABASE_URL"),
  );
  const child = spawn(program, [], {
    cwd: folder,
    env: {
      ...inherited,
      LICENTRAL_MODE: "lab",
      LICENTRAL_LISTEN: `127.0.0.1:${port}`,
      LICENTRAL_BASE_URL: base,
      LICENTRAL_SCENARIO: "demo",
      DATABASE_URL: databaseUrl,
      LICENTRAL_ON_PREM_LISTEN: "off",
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
    if (database) psql(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
    rmSync(folder, { recursive: true, force: true });
    assert.equal(how, "ended with exit code 0", `Told to stop by SIGTERM, the portal ${how} (SIGKILL: it took over 15 s). ${tail()}`);
    // What a person sees may look right while something behind it failed.
    const errors = log.split("\n").filter((line) => /"level":\s*"ERROR"/.test(line));
    assert.deepEqual(errors, [], "The portal logged errors.");
  }

  const deadline = Date.now() + 60_000;
  for (;;) {
    if (end) break;
    const ready = await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return { base, databaseUrl, folder, log: () => log, stop };
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

/** What was noticed on each page since it was last checked. */
const notes = new WeakMap();

/**
 * Opens an empty page in a context of its own (no cookies yet). `portal` is anything with a `base`; `context` is one
 * of `contexts`.
 */
export async function openPage(browser, portal, context = contexts[0]) {
  const owner = await browser.newContext({ baseURL: portal.base, ...context.options });
  owner.setDefaultTimeout(10_000);
  const page = await owner.newPage();
  const noted = { context: context.name, script: context.options.javaScriptEnabled !== false, console: [], csp: [], refusals: new Set(), source: undefined };
  notes.set(page, noted);

  page.on("console", (message) => {
    if (message.type() === "error") noted.console.push({ text: message.text(), url: message.location().url });
    if (/Content Security Policy/.test(message.text())) noted.csp.push(message.text());
  });
  page.on("pageerror", (error) => {
    // A page that is still fading in when checkPage narrows the window: the browser's own word, and nobody's mistake.
    if (/^Transition was (aborted|skipped)/.test(error.message)) return;
    noted.console.push({ text: `uncaught: ${error.message}`, url: page.url() });
  });
  page.on("response", (response) => {
    const request = response.request();
    // A form in a dialog is sent by script; that it comes back with what is wrong is its purpose.
    if ([409, 422].includes(response.status()) && request.method() === "POST") noted.refusals.add(response.url());
    if (!request.isNavigationRequest() || request.frame() !== page.mainFrame()) return;
    const status = response.status();
    if (status >= 300 && status < 400) return;
    if (status >= 400 && status < 500) noted.refusals.add(response.url());
    // Kept as it was sent: a browser mends what it reads, so its own copy would hide mistakes.
    noted.source = response.text().catch(() => undefined);
  });
  if (noted.script) {
    await page.exposeFunction("__cspViolated", (text) => noted.csp.push(text));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.__cspViolated(`${event.effectiveDirective} refused ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
      });
    });
  }
  return page;
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

/** Goes to a path of the portal and checks the status that it answers with. */
export async function visit(page, target, { status = 200 } = {}) {
  const answer = await page.goto(target, { waitUntil: "load" });
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

// ----------------------------------------------------------------------------------------------------- the check

const fileName = (label) => label.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

/** Takes a picture of the whole page. */
export async function shot(page, name) {
  mkdirSync(out, { recursive: true });
  const file = path.join(out, `${fileName(name)}.png`);
  await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
  return file;
}

// Works where the page's own policy forbids foreign script, and in a page without script.
async function evaluateInPage(page, expression) {
  const noted = notes.get(page);
  noted.session ??= await page.context().newCDPSession(page);
  const { result, exceptionDetails } = await noted.session.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

async function accessibilityProblems(page) {
  return evaluateInPage(
    page,
    `${axeSource};
    (async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations, passes } = await axe.run({ resultTypes: ["violations"], runOnly: { type: "tag", values: tags } });
      if (passes.length === 0) throw new Error("axe looked at nothing");
      return violations.map(({ id, impact, help, nodes }) =>
        "axe: " + id + " (" + impact + "): " + help + nodes.slice(0, 5).map((node) =>
          "\\n      " + node.target.join(" ") + " -- " + (node.any[0] ?? node.all[0] ?? node.none[0] ?? {}).message).join(""));
    })()`,
  );
}

const sideways = `(() => {
  const root = document.documentElement;
  const over = root.scrollWidth - root.clientWidth;
  if (over <= 0) return [];
  const wide = [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 0.5)
    .slice(0, 5)
    .map((element) => element.outerHTML.slice(0, 120));
  return ["scrolls sideways by " + over + " px at " + innerWidth + " px" + wide.map((html) => "\\n      " + html).join("")];
})()`;

const headingsAndLinks = `(() => {
  const problems = [];
  const headings = [...document.querySelectorAll("h1")].map((heading) => heading.textContent.trim());
  if (headings.length !== 1) problems.push("has " + headings.length + " h1 instead of one: " + JSON.stringify(headings));
  for (const link of document.querySelectorAll("a[href], area[href]")) {
    const target = link.getAttribute("href").trim();
    if (target === "" || target === "#" || /^javascript:/i.test(target)) {
      problems.push("has a link that leads nowhere: " + link.outerHTML.slice(0, 160));
    }
  }
  return problems;
})()`;

/** What was read and found valid: the same page with other ids and form tokens need not be read again. */
const valid = new Set();

async function sourceProblems(noted, page) {
  const source = (await noted.source) ?? (await page.content());
  // Each id by the order in which it comes first: what is there twice must stay twice.
  const ids = new Map();
  const alike = source
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => `id-${ids.get(id) ?? ids.set(id, ids.size).size - 1}`)
    .replace(/value="[\w.~-]{20,}"/g, 'value="token"');
  if (valid.has(alike)) return [];
  const report = await htmlValidate.validateString(source);
  if (report.results.every(({ messages }) => messages.length === 0)) valid.add(alike);
  return report.results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line, column, selector }) => `html: ${ruleId} at ${line}:${column}: ${message} (${selector ?? "-"})`),
  );
}

/**
 * Everything that must hold for a page as it stands now, menus and dialogs open or shut: no accessibility violation,
 * one first heading, links that lead somewhere, valid HTML, no sideways scroll even at 320 px, and a quiet console.
 * On failure a picture and the findings are left in out/. Without `source` the HTML is not read again: the portal sends
 * every window the same.
 */
export async function checkPage(page, label, { source = true } = {}) {
  const noted = notes.get(page);
  assert.ok(noted, "Pages must come from openPage().");
  // A click may have led on to a page that has only begun to arrive.
  await page.waitForLoadState("load");
  const problems = [];

  // axe waits on timers, which never fire in a page without script (tried: not even when script is allowed again
  // later). The same page is read by axe in the other contexts.
  if (noted.script) problems.push(...(await accessibilityProblems(page)));
  problems.push(...(await evaluateInPage(page, headingsAndLinks)));
  if (source) problems.push(...(await sourceProblems(noted, page)));

  problems.push(...(await evaluateInPage(page, sideways)));
  const window = page.viewportSize();
  if (window.width !== 320) {
    await page.setViewportSize({ width: 320, height: window.height });
    problems.push(...(await evaluateInPage(page, sideways)));
    await page.setViewportSize(window);
  }

  problems.push(...new Set(noted.csp.map((text) => `content security policy: ${text}`)));
  for (const { text, url } of noted.console) {
    // A browser calls each refused page an error; a page that says no (404, 422) is often what the test wants to see.
    const refusedPage = noted.refusals.has(url) && /^Failed to load resource: .* status of 4\d\d/.test(text);
    if (!refusedPage && !/Content Security Policy/.test(text)) problems.push(`console: ${text}${url ? ` (${url})` : ""}`);
  }
  // Told once; the next check is about what comes after.
  noted.console.length = 0;
  noted.csp.length = 0;

  if (problems.length === 0) return;
  const name = `${label} ${noted.context}`;
  const picture = await shot(page, name).catch((error) => `(no picture: ${error.message})`);
  const report = `${label} [${noted.context}] ${page.url()}\n${problems.map((problem) => `  - ${problem}`).join("\n")}\n`;
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, `${fileName(name)}.txt`), report);
  const error = new assert.AssertionError({ message: `${report}  picture: ${picture}` });
  error.problems = problems;
  throw error;
}
