// Reads the things to try from a Markdown text and does what they say: **bold** is chosen, `code` is typed, *italic* is
// seen afterwards, a link is opened, and the lines of a block of shell commands are run in an empty folder.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";

const TIMEOUT = 15_000;

// ------------------------------------------------------------------------------------------------------- reading

/** The marks of a text, in order, each with the words before it. */
export function marksOf(text) {
  const marks = [];
  const mark = /\*\*(?<choose>[^*]+)\*\*|`(?<type>[^`]+)`|\*(?<see>[^*]+)\*|<(?<open>https?:[^>]+)>|\[[^\]]*\]\((?<link>[^)]+)\)/g;
  let from = 0;
  for (const found of text.matchAll(mark)) {
    const [kind, words] = Object.entries(found.groups).find(([, value]) => value !== undefined);
    // The words since the last mark say how the next is meant.
    const before = text.slice(from, found.index).trim();
    from = found.index + found[0].length;
    if (kind === "link" && !/^https?:/.test(words)) continue;
    marks.push({ kind: kind === "link" ? "open" : kind, words, before });
  }
  return marks;
}

/** The things to try: of each heading its numbered steps, and of each step its text and its shell commands. */
export function thingsToTry(markdown) {
  const things = [];
  for (const section of markdown.split(/^## /m).slice(1)) {
    const [title, ...lines] = section.split("\n");
    if (!/ thing to try: /.test(title)) continue;
    const steps = [];
    let step, block;
    for (const line of lines) {
      const numbered = /^(\d+)\. (.*)$/.exec(line);
      if (block) {
        if (/^\s*```\s*$/.test(line)) block = undefined;
        else block.push(line.trim());
      } else if (/^\s*```sh\s*$/.test(line)) {
        assert.ok(step, `"${title}": a block of commands before the first step`);
        step.parts.push({ commands: (block = []) });
      } else if (numbered) {
        assert.equal(Number(numbered[1]), steps.length + 1, `"${title}": steps are numbered in order`);
        steps.push((step = { number: Number(numbered[1]), parts: [{ text: numbered[2] }] }));
      } else if (/^\s+\S/.test(line) && step) {
        step.parts.push({ text: line.trim() });
      }
    }
    things.push({ title, steps });
  }
  return things;
}

// --------------------------------------------------------------------------------------------------------- doing

/** Somebody who does what the text says, in a browser with a tab for each portal, and in a shell. */
export class Reader {
  /** `portals`: of each portal the address that the text calls it by, where it is (`base`), and the tab it is read in. */
  constructor(portals, { folder, program }) {
    Object.assign(this, { portals, folder, program, page: portals[0].page });
    this.waiting = new Set();
    for (const { page } of portals) {
      page.on("request", (request) => this.waiting.add(request));
      for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => this.waiting.delete(request));
    }
  }

  /** The same text with the addresses at which the portals are. */
  here(text) {
    return this.portals.reduce((said, { address, base }) => said.replaceAll(address, base), text);
  }

  async follow(step) {
    for (const part of step.parts) {
      if (part.commands) await this.run(part.commands);
      else for (const mark of marksOf(part.text)) await this.do(mark);
    }
  }

  async do({ kind, words, before }) {
    if (kind !== "type") this.field = kind === "choose" ? this.field : undefined;
    try {
      await this[kind](words, before);
    } catch (error) {
      const heading = await this.page.getByRole("heading", { level: 1 }).first().textContent({ timeout: 1000 }).catch(() => "");
      throw new Error(`"${before} ${words}" could not be done on "${heading.trim()}" (${this.page.url()}): ${error.message.split("\n")[0]}`, { cause: error });
    }
  }

  async open(address) {
    const portal = this.portals.find((one) => address.startsWith(one.address));
    assert.ok(portal, "no portal is there");
    this.page = portal.page;
    await this.page.bringToFront();
    await this.page.goto(this.here(address));
  }

  /** A choice: of a menu or a page, of a field, of a check box, or of a list that a field drops down. */
  async choose(words, before) {
    if (this.field && (await this.field.evaluate((field) => field.tagName)) === "SELECT") {
      const offered = (await this.field.locator("option").allTextContents()).map((option) => option.trim());
      if (offered.includes(words)) {
        await this.field.selectOption({ label: words });
        this.field = undefined;
        return;
      }
    }
    this.field = undefined;
    // "Orders ▸ Order Inventory" goes on in the menu where it began, and a page may link to the same place with a filter.
    this.goesOn = this.inMenu && before === "▸";
    const found = await this.find((scope) => this.candidates(scope, words, before), (scope) => [scope.getByText(words, { exact: true }), scope.getByText(words)]);
    const what = await found.evaluate((node) => ({
      tag: node.tagName,
      type: node.type ?? "",
      inMenu: node.closest("nav") !== null,
      // What is open already stays open: a menu, a part of the main menu.
      open: (node.closest("summary") && node.closest("details")?.open) || (node.popoverTargetElement?.matches(":popover-open") ?? false),
    }));
    this.inMenu = what.inMenu;
    if (["checkbox", "radio"].includes(what.type)) await found.check();
    else if (/^(SELECT|TEXTAREA)$/.test(what.tag) || (what.tag === "INPUT" && what.type !== "submit")) this.field = found;
    else if (!what.open) {
      const file = /^(Download\b|Generate .* synchronization file$)/.test(words) ? this.page.waitForEvent("download") : undefined;
      await found.click();
      if (file) await this.keep(await file);
      await this.settle();
    }
  }

  /** Where a choice can be found, the likeliest first. */
  candidates(scope, words, before) {
    const exact = { name: words, exact: true };
    const begins = { name: new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`) };
    if (/\bleft menu$/i.test(before)) return [scope.locator("summary").filter({ hasText: new RegExp(`^\\s*${words}\\s*$`) })];
    if (/\bmenu of$/i.test(before)) return [scope.getByRole("row").filter({ hasText: words }).getByRole("button", { name: /^Actions/ })];
    if (/\btick$/i.test(before)) return [scope.getByRole("row").filter({ hasText: words }).getByRole("checkbox"), scope.getByLabel(words, { exact: true })];
    return [
      scope.getByLabel(words, { exact: true }).and(scope.locator("input, select, textarea")),
      ...["button", "link"].map((role) => scope.getByRole(role, exact)),
      scope.locator("summary").filter({ hasText: words }),
      scope.getByLabel(begins.name).and(scope.locator("input, select, textarea")),
      ...["button", "link"].map((role) => scope.getByRole(role, begins)),
    ];
  }

  /** Looks in the dialog that is open, in the menu that is open, on the page, and in the letter that it shows: for what
   *  can be chosen, and else for the mere words. */
  async find(...ways) {
    const deadline = Date.now() + TIMEOUT;
    for (;;) {
      const scopes = [this.page.locator("dialog[open]"), this.page.locator(":popover-open"), this.page.getByRole("main"), this.page.locator("body")];
      if (this.goesOn) scopes.splice(1, 0, this.page.getByRole("navigation"));
      scopes.push(...this.page.frames().slice(1).map((frame) => frame.locator("body")));
      const modal = (await scopes[0].count()) > 0;
      for (const candidates of ways) {
        for (const scope of modal ? scopes.slice(0, 1) : scopes) {
          for (const candidate of (await scope.count().catch(() => 0)) > 0 ? candidates(scope) : []) {
            const seen = candidate.filter({ visible: true });
            if ((await seen.count().catch(() => 0)) > 0) return seen.first();
          }
        }
        if (!modal && (await this.unfold())) break;
      }
      assert.ok(Date.now() < deadline, "there is nothing of that name");
      await this.page.waitForTimeout(100);
    }
  }

  /** In a narrow window the menu is behind a button: opens it, unless it is open. */
  async unfold() {
    const button = this.page.getByRole("button", { name: "Menu", exact: true }).filter({ visible: true });
    if ((await button.count()) === 0 || (await button.evaluate((node) => node.popoverTargetElement.matches(":popover-open")))) return false;
    await button.click();
    return true;
  }

  /** Types into the field that was named before. */
  async type(words) {
    assert.ok(this.field, "no field was named before it");
    const isFile = await this.field.evaluate((field) => field.type === "file");
    if (isFile) await this.field.setInputFiles(path.join(this.folder, this.named(words)));
    else {
      await this.field.fill(words);
      // A search begins as one types, or with Enter.
      if (await this.field.evaluate((field) => field.type === "search" && field.closest("form[data-live]") !== null)) await this.field.press("Enter");
    }
    await this.settle();
    this.field = undefined;
  }

  /** What the page, or the last command, says by then. Work that takes a while is waited for. */
  async see(words) {
    const said = words.replace(/\s+/g, " ");
    if (this.said?.includes(said)) return;
    const deadline = Date.now() + TIMEOUT;
    for (;;) {
      const texts = await Promise.all(this.page.frames().map((frame) => frame.locator("body").innerText().catch(() => "")));
      if (texts.some((text) => text.replace(/\s+/g, " ").includes(said))) return;
      assert.ok(Date.now() < deadline, "that is not seen");
      await this.page.waitForTimeout(200);
    }
  }

  /** Waits for the page or the dialog that a choice leads to: until nothing has been asked for in a while. */
  async settle() {
    for (let quiet = 0; quiet < 3; quiet = this.waiting.size === 0 ? quiet + 1 : 0) await this.page.waitForTimeout(50);
    await this.page.waitForLoadState("load");
  }

  /** Keeps a file that was handed out. */
  async keep(download) {
    this.handed = download.suggestedFilename();
    copyFileSync(await download.path(), path.join(this.folder, this.handed));
  }

  /** A name in capitals stands for something that the reader has: FILE for the file that was downloaded last. */
  named(words) {
    return words.replace(/\b[A-Z]+-FILE\b/g, () => this.handed ?? assert.fail("no file was downloaded"));
  }

  /** Runs commands in the folder; each has to do what it is asked for. */
  async run(lines) {
    for (const line of lines.filter(Boolean)) {
      let command = this.named(this.here(line));
      if (/\bTOKEN\b/.test(command)) {
        const token = await this.page.evaluate(() => navigator.clipboard.readText());
        command = command.replace(/\bTOKEN\b/g, `'${token}'`);
      }
      const run = spawnSync("sh", ["-c", command], {
        cwd: this.folder,
        encoding: "utf8",
        env: { ...process.env, PATH: `${path.dirname(this.program)}:${process.env.PATH}` },
      });
      this.said = `${run.stdout}${run.stderr}`.replace(/\s+/g, " ");
      assert.equal(run.status, 0, `${command}\n${run.stdout}${run.stderr}`);
    }
  }
}
