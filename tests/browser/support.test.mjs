// The check itself is checked: a gate that finds nothing is worse than none. Needs no portal.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { checkPage, contexts, inEachContext, openBrowser, openPage, visit } from "./support.mjs";

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const page = (main, { title = "A page", head = "" } = {}) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
${head}</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;

// Each breaks one thing; `expect` is what must be said about it, `script` that it only shows with script.
const bad = {
  "/axe": { html: page('<h1>Hello</h1>\n<p class="faint">Hard to read</p>'), expect: /axe: color-contrast/, script: true },
  "/label": { html: page('<h1>Hello</h1>\n<form action="/x"><p><input name="a" type="text"></p></form>'), expect: /axe: label /, script: true },
  "/two-h1": { html: page("<h1>Hello</h1>\n<h1>Again</h1>"), expect: /has 2 h1/ },
  "/no-h1": { html: page("<h2>Hello</h2>"), expect: /has 0 h1/ },
  "/nowhere": { html: page('<h1>Hello</h1>\n<p><a href="#">There</a></p>'), expect: /leads nowhere/ },
  "/empty-link": { html: page('<h1>Hello</h1>\n<p><a href="">There</a></p>'), expect: /leads nowhere/ },
  "/html": { html: page("<h1>Hello</h1>\n<p><div>Not here</div></p>"), expect: /html: / },
  "/inline-style": { html: page('<h1>Hello</h1>\n<p style="color: red">Red</p>'), expect: /html: no-inline-style/ },
  "/csp-style": { html: page('<h1>Hello</h1>\n<p style="color: red">Red</p>'), expect: /content security policy/ },
  "/csp-script": { html: page("<h1>Hello</h1>\n<script>1</script>"), expect: /content security policy: script-src/, script: true },
  "/csp-image": { html: page('<h1>Hello</h1>\n<p><img src="http://127.0.0.2:9/x.png" alt="x"></p>'), expect: /content security policy/ },
  "/wide": { html: page('<h1>Hello</h1>\n<p class="wide">Wide</p>'), expect: /scrolls sideways by \d+ px at 320 px/ },
  "/console": { html: page("<h1>Hello</h1>", { head: '<script src="/noisy.js"></script>\n' }), expect: /console: something broke/, script: true },
  "/throws": { html: page("<h1>Hello</h1>", { head: '<script src="/throws.js"></script>\n' }), expect: /console: uncaught: on purpose/, script: true },
  "/missing": { html: page('<h1>Hello</h1>\n<p><img src="/gone.png" alt="Gone"></p>'), expect: /console: Failed to load resource/ },
};
const files = {
  "/": ["text/html; charset=utf-8", page('<h1>Hello</h1>\n<p><a href="/two">Another page</a></p>')],
  "/style.css": ["text/css", "body { color: #111; background: #fff } .faint { color: #ccc } .wide { width: 600px }"],
  "/noisy.js": ["text/javascript", 'console.error("something broke")'],
  "/throws.js": ["text/javascript", 'throw new Error("on purpose")'],
  "/favicon.ico": ["image/x-icon", ""],
};
for (const [path, { html }] of Object.entries(bad)) files[path] = ["text/html; charset=utf-8", html];

const refusal = page("<h1>Not found</h1>");
const server = createServer((request, response) => {
  const [type, body] = files[request.url] ?? ["text/html; charset=utf-8", refusal];
  response.writeHead(files[request.url] ? 200 : 404, { "content-type": type, "content-security-policy": policy });
  response.end(body);
});

let browser;
const site = {};
before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.base = `http://127.0.0.1:${server.address().port}`;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server.close();
});

test("a sound page passes in every window", async () => {
  await inEachContext(browser, site, async (page) => {
    await visit(page, "/");
    await checkPage(page, "good");
  });
});

test("a sound page that refuses (404) passes too", async () => {
  await inEachContext(browser, site, async (page) => {
    await visit(page, "/no-such-page", { status: 404 });
    await checkPage(page, "refusal");
  });
});

for (const [path, { expect, script }] of Object.entries(bad)) {
  test(`${path} is found bad`, async () => {
    for (const context of [contexts[0], contexts.at(-1)]) {
      if (script && context.options.javaScriptEnabled === false) continue;
      const page = await openPage(browser, site, context);
      await visit(page, path);
      await assert.rejects(checkPage(page, `self-test${path}`), (error) => {
        assert.match(error.problems.join("\n"), expect, context.name);
        return true;
      });
      await page.context().close();
    }
  });
}
