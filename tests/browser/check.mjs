// What a page must be: watched from the moment it is opened, and looked at whenever a test asks.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const here = path.dirname(fileURLToPath(import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const htmlValidate = new HtmlValidate(
  new StaticConfigLoader(JSON.parse(readFileSync(path.join(here, "htmlvalidate.json"), "utf8"))),
);

/** Screenshots and reports; not kept in the repository. */
export const out = path.join(here, "out");

/** What was noticed on each page since it was last checked, where it was opened, and in which window. */
export const notes = new WeakMap();

/** Notes what happens on a page that has just been opened; `window` is one of `contexts`, `base` the portal's address. */
export async function watch(page, base, window) {
  const script = window.options.javaScriptEnabled !== false;
  const noted = { base, window, script, console: [], csp: [], refusals: new Set(), source: undefined };
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
  // A hidden field several times under one name is a list, which the rule does not know; so are the choices of columns.
  const lines = source.split("\n");
  const isList = ({ ruleId, line, column }) => ruleId === "form-dup-name" && /<input type="hidden"[^<]*$|<select class="select" id="f-[a-z-]*column"[^<]*$/.test(lines[line - 1].slice(0, column));
  for (const result of report.results) result.messages = result.messages.filter((one) => !isList(one));
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

  // A click may have scrolled the page, and axe takes what then lies half below the top bar for too small to touch.
  await evaluateInPage(page, "scrollTo({ top: 0, behavior: 'instant' })");
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
  const name = `${label} ${noted.window.name}`;
  const picture = await shot(page, name).catch((error) => `(no picture: ${error.message})`);
  const report = `${label} [${noted.window.name}] ${page.url()}\n${problems.map((problem) => `  - ${problem}`).join("\n")}\n`;
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, `${fileName(name)}.txt`), report);
  const error = new assert.AssertionError({ message: `${report}  picture: ${picture}` });
  error.problems = problems;
  throw error;
}
