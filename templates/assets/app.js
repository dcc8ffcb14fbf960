// Licentral: what the pages do beyond plain links and forms. Every page works without this file.
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const page = (text) => new DOMParser().parseFromString(text, "text/html");
document.documentElement.classList.add("js");

// One status line for screen readers, shared by everything below. Looked up each time: the page may have been replaced.
const say = (text) => {
  const live = $("#live");
  if (!live) return;
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
};

// 1. Times: UTC on the page, the reader's own zone on hover.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const times = (r) => {
  for (const t of $$("time[datetime*='T']", r)) {
    const at = new Date(t.dateTime);
    if (!isNaN(at)) t.title = `${local.format(at)} (your time)`;
  }
};

// 2. Arriving at a page that was already fetched. Shown from the answer at hand, not asked for again: a message
// that the server shows once would be lost.
function arrive(doc, url) {
  document.title = doc.title;
  document.documentElement.dataset.theme = doc.documentElement.dataset.theme ?? "auto";
  history.replaceState(null, "", url);
  document.body.replaceWith(doc.body);
  scrollTo(0, 0);
  start(document);
  $("#main")?.focus({ preventScroll: true });
  const flash = $(".flash");
  if (flash) say(flash.textContent.trim());
}

// 3. Dialog routes: a[data-dialog] leads to a page that shows the dialog over the list. Only its <dialog> is lifted out.
const typed = (d) => $$("form[method=post]", d).map((f) => [...new FormData(f)].map(([k, v]) => `${k}=${v.name ?? v}`).join("&")).join("\n");
const element = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });

// A form that came back with messages counts as changed as soon as a word stands in it: what it held before is not known.
const changed = (d) => (d.failed
  ? $$("input[name]:not([type=hidden],[type=checkbox],[type=radio]),textarea", d).some((n) => n.value && !n.readOnly)
  : typed(d) !== d.clean);

// What was typed is not thrown away without asking.
function leave(d) {
  if ($(".ask", d)) { $(".ask button", d)?.focus(); return; }
  if (!changed(d)) { d.close(); return; }
  const ask = element("div", "", { className: "ask", role: "alert" });
  const stay = element("button", "Keep editing", { type: "button", className: "btn" });
  const go = element("button", "Discard", { type: "button", className: "btn danger-o" });
  stay.addEventListener("click", () => { ask.remove(); $("input:not([type=hidden]),textarea,select", d)?.focus(); });
  go.addEventListener("click", () => d.close());
  ask.append(element("span", "Discard what you entered?"), stay, go);
  d.append(ask);
  ask.scrollIntoView({ block: "nearest" });
  stay.focus();
}

function lift(d) {
  d.removeAttribute("open"); // not close(): that would queue a close event
  d.removeAttribute("data-static");
  d.showModal();
  ($("[aria-invalid=true]", d) ?? $("[autofocus]", d))?.focus();
  $$("fieldset.group", d).forEach(narrow);
  d.clean = typed(d);
  d.failed = $("[aria-invalid=true],.problems", d) !== null;
  d.addEventListener("click", (e) => {
    if (e.target === d || e.target.closest("[data-close]")) { e.preventDefault(); leave(d); }
  });
  d.addEventListener("cancel", (e) => { if (e.target === d) { e.preventDefault(); leave(d); } });
}

async function openDialog(a) {
  const menu = a.closest("[popover]")?.id;
  $(".pop:popover-open")?.hidePopover();
  try {
    const res = await fetch(a.href, { headers: { "X-Fragment": "dialog" } });
    const doc = page(await res.text());
    const d = $("dialog", doc);
    if (!d) throw new Error("no dialog");
    $(".dlg[open]")?.remove();
    const here = location.href, title = document.title;
    document.body.append(d);
    document.title = doc.title;
    history.pushState({ dialog: 1 }, "", a.href);
    d.addEventListener("close", () => {
      d.remove();
      document.title = title;
      if (history.state?.dialog) history.replaceState(null, "", here);
      (menu ? $(`[popovertarget="${menu}"]`) : a)?.focus();
    });
    times(d);
    lift(d);
  } catch { location.href = a.href; }
}

// A form in a dialog: its own page comes back with messages (422), the next step comes back as another dialog,
// and everything else is a page to go to.
function answered(d, text, url, kind, failed) {
  if (!kind?.includes("text/html")) { location.href = url; return; }
  const doc = page(text), next = $("dialog", doc);
  if (!next) { arrive(doc, url); return; }
  document.title = doc.title;
  if (!failed) history.replaceState(history.state, "", url);
  d.className = next.className;
  d.replaceChildren(...next.childNodes);
  d.scrollTop = 0;
  d.clean = typed(d);
  d.failed = failed;
  times(d);
  const at = $("[aria-invalid=true]", d) ?? $("[autofocus]", d) ?? $("h2", d);
  at?.focus();
  if (failed) say($$(".err,.problems", d).map((n) => n.textContent.trim()).join(" "));
}

async function send(f, d, by) {
  const action = by?.formAction && by.hasAttribute("formaction") ? by.formAction : f.action;
  try {
    const res = await fetch(action, { method: "POST", body: body(f, by), redirect: "follow", headers: { "X-Fragment": "dialog" } });
    answered(d, await res.text(), res.redirected ? res.url : action, res.headers.get("content-type"), !res.ok);
    if (f.isConnected) free(f);
  } catch {
    free(f);
    say("The portal could not be reached. Try again.");
  }
}

// What the browser itself would send: multipart only where the form says so.
function body(f, by) {
  const data = new FormData(f, by);
  return f.enctype === "multipart/form-data" ? data : new URLSearchParams([...data].map(([k, v]) => [k, `${v}`]));
}

// Uploads show how far they are.
function upload(f, by) {
  const x = new XMLHttpRequest(), bar = $("progress", f), box = $(".prog", f), line = $("[data-progress]", f), d = f.closest("dialog");
  const size = (n) => n < 1048576 ? `${Math.ceil(n / 1024)} KB` : `${(n / 1048576).toFixed(1)} MB`;
  const fail = () => { if (box) box.hidden = true; free(f); say("The upload failed. Check the connection and try again."); };
  if (box) box.hidden = false;
  say("Upload started");
  x.upload.onprogress = (p) => {
    if (!p.lengthComputable || !bar) return;
    bar.max = p.total; bar.value = p.loaded;
    if (line) line.textContent = `${size(p.loaded)} of ${size(p.total)}`;
  };
  x.onload = () => {
    const kind = x.getResponseHeader("content-type");
    if (d) answered(d, x.responseText, x.responseURL, kind, x.status >= 400);
    else if (kind?.includes("text/html")) arrive(page(x.responseText), x.responseURL);
    else location.href = x.responseURL;
  };
  x.onerror = fail;
  x.onabort = fail;
  x.open("POST", f.action);
  x.send(new FormData(f, by));
}

// A form whose answer offers a text to copy: the text is copied at once. Where the browser does not allow it, the answer
// is shown, and its own button is there.
async function copyFrom(f, by) {
  let answer, url;
  const asked = fetch(f.action, { method: "POST", body: body(f, by), headers: { "X-Fragment": "dialog" } }).then(async (res) => {
    url = res.url;
    answer = page(await res.text());
    const text = $("dialog [data-copy]", answer)?.dataset.copy;
    if (!res.ok || !text) throw new Error("nothing to copy");
    return text;
  });
  try {
    // Promised, so that the click still counts as the reader's wish when the text arrives.
    await (window.ClipboardItem
      ? navigator.clipboard.write([new ClipboardItem({ "text/plain": asked.then((text) => new Blob([text], { type: "text/plain" })) })])
      : navigator.clipboard.writeText(await asked));
    f.closest(".pop")?.hidePopover();
    free(f);
    note("Copied to the clipboard.");
  } catch {
    await asked.catch(() => {});
    free(f);
    if (answer) arrive(answer, url); else say("The portal could not be reached. Try again.");
  }
}

// A message above the page, as the server would have shown it.
function note(text) {
  const box = element("div", "", { className: "note flash ok" });
  const off = element("button", "Dismiss", { type: "button", className: "btn s ghost" });
  off.dataset.dismiss = "";
  box.append(element("p", text), off);
  $$(".flash.ok").forEach((old) => old.remove());
  $("#main")?.prepend(box);
  say(text);
}

// 4. A form that was sent is not sent again by a second click. Browsers bring pages back as they were left,
// so its buttons are freed when that happens.
const buttons = (f) => [...f.elements].filter((b) => b.type === "submit");
function hold(f) {
  f.sent = true;
  for (const b of buttons(f)) if (b.getAttribute("aria-disabled") !== "true") { b.setAttribute("aria-disabled", "true"); b.held = true; }
}
function free(f) {
  f.sent = false;
  for (const b of buttons(f)) if (b.held) { b.removeAttribute("aria-disabled"); b.held = false; }
}
addEventListener("pageshow", (e) => { if (e.persisted) $$("form").forEach(free); });

// 5. Live filters: GET forms marked data-live, and links inside [data-swap], refresh #results in place and keep the
// address shareable.
let asked, wait;
async function swap(url, push = true) {
  const box = $("#results");
  if (!box) { location.href = url; return; }
  asked?.abort();
  asked = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    const res = await fetch(url, { signal: asked.signal, headers: { "X-Fragment": "results" } });
    const next = $("#results", page(await res.text()));
    if (!res.ok || !next) throw new Error("no results");
    const active = document.activeElement, at = active?.id;
    const caret = active?.selectionStart, words = active?.value;
    box.replaceWith(next);
    if (push) history.pushState(null, "", url);
    const again = at && document.getElementById(at);
    if (again) {
      again.focus();
      // Letters typed while the answer was on its way stay.
      if (again.type === "search") { again.value = words; again.setSelectionRange(caret, caret); }
    }
    ready(next);
    say(next.dataset.summary || "Results updated");
  } catch (e) { if (e?.name !== "AbortError") location.href = url; }
}
const formUrl = (f) => {
  const q = new URLSearchParams([...new FormData(f)].filter(([, v]) => v !== ""));
  return `${f.action.split("?")[0]}${q.size ? "?" : ""}${q}`;
};

// 6. Selection. A [data-selection] holds the table's check boxes (data-no: why a row cannot be acted upon), a [data-picked]
// line and the buttons marked data-needs-selection. Its texts come from data-one, data-many and data-refusal ("{n} of them: {names}").
// A button is off while no ticked row can be acted upon. Rows that cannot are named and not sent, but for a button that takes "any".
// With data-everything (the boxes' name) the server has selected all that matches: what was ticked by hand is forgotten.
function selection(root) {
  if (root.dataset.everything) { delete sessionStorage[`picked:${location.pathname}:${root.dataset.everything}`]; return; }
  const boxes = $$("tbody input[type=checkbox][form]", root);
  if (!boxes.length) return;
  const all = $("[data-all]", root), bar = $("[data-picked]", root), n = $("[data-picked-count]", root), why = $("[data-picked-why]", root);
  const go = $$("[data-needs-selection]", root), name = boxes[0].name;
  const key = `picked:${location.pathname}:${name}`;
  let kept = new Map();
  try { kept = new Map(JSON.parse(sessionStorage[key] || "[]")); } catch { /* someone else's value: start anew */ }
  // Of a row that cannot be acted upon: its name.
  const off = (b) => (b.dataset.no ? (b.getAttribute("aria-label") ?? "").replace(/^Select (order |line )?/, "") || b.value : "");
  for (const b of boxes) {
    if (kept.has(b.value)) b.checked = true;
    if (b.checked) kept.set(b.value, off(b));
  }
  const draw = (quiet) => {
    sessionStorage[key] = JSON.stringify([...kept]);
    const on = boxes.filter((b) => b.checked).length, out = [...kept.values()].filter(Boolean), left = kept.size - out.length;
    if (all) { all.checked = on > 0 && on === boxes.length; all.indeterminate = on > 0 && on < boxes.length; }
    if (bar) bar.hidden = !kept.size;
    const count = `${kept.size} ${(kept.size === 1 ? root.dataset.one : root.dataset.many) ?? ""} selected`.replace("  ", " ");
    const names = out.slice(0, 10).join(", ") + (out.length > 10 ? ", …" : "");
    let refusal = out.length ? (root.dataset.refusal ?? "{n} of them cannot be chosen: {names}.").replace("{n}", out.length).replace("{names}", names) : "";
    if (refusal && left) refusal += ` ${root.dataset.leavesOut ?? "The others go on without them."}`;
    if (n) n.textContent = count;
    if (why) why.textContent = refusal;
    for (const b of go) b.setAttribute("aria-disabled", String(b.dataset.needsSelection === "any" ? !kept.size : !left));
    if (!quiet) say(`${count}. ${refusal}`);
  };
  root.addEventListener("change", (e) => {
    if (e.target !== all && !boxes.includes(e.target)) return;
    for (const b of e.target === all ? boxes : [e.target]) {
      if (e.target === all) b.checked = all.checked;
      if (b.checked) kept.set(b.value, off(b)); else kept.delete(b.value);
    }
    draw();
  });
  $("[data-picked-clear]", root)?.addEventListener("click", () => {
    kept.clear();
    for (const b of boxes) b.checked = false;
    draw();
    all?.focus();
  });
  let any = false;
  boxes[0].form?.addEventListener("submit", (e) => {
    any = e.submitter?.dataset.needsSelection === "any";
    if (e.submitter?.getAttribute("aria-disabled") !== "true") delete sessionStorage[key];
  });
  // Rows ticked on other pages of the list go along.
  boxes[0].form?.addEventListener("formdata", (e) => {
    e.formData.delete(name);
    for (const [id, no] of kept) if (any || !no) e.formData.append(name, id);
  });
  draw(true);
}

// 7. Menus: arrow keys inside, and a place for browsers without anchor positioning.
document.addEventListener("toggle", (e) => {
  const p = e.target;
  if (!p.matches?.(".pop") || e.newState !== "open" || CSS.supports("position-area", "block-end")) return;
  const b = $(`[popovertarget="${p.id}"]`);
  if (!b) return;
  const k = b.getBoundingClientRect();
  const top = k.bottom + 4 + p.offsetHeight > innerHeight ? k.top - p.offsetHeight - 4 : k.bottom + 4;
  p.style.setProperty("inset", "auto");
  p.style.setProperty("margin", "0");
  p.style.setProperty("left", `${Math.max(8, Math.min(k.right - p.offsetWidth, innerWidth - p.offsetWidth - 8))}px`);
  p.style.setProperty("top", `${Math.max(8, top)}px`);
}, true);
document.addEventListener("keydown", (e) => {
  const b = e.target.closest?.("[popovertarget]");
  if (b && e.key === "ArrowDown") {
    const m = document.getElementById(b.getAttribute("popovertarget"));
    if (m?.matches(".pop")) {
      e.preventDefault();
      if (!m.matches(":popover-open")) m.showPopover({ source: b });
      $("a,button,input,select", m)?.focus();
      return;
    }
  }
  const p = e.target.closest?.(".pop:not(.form)");
  if (!p || !/^(Arrow(Up|Down)|Home|End)$/.test(e.key)) return;
  e.preventDefault();
  const items = $$("li a, li button", p), i = items.indexOf(document.activeElement);
  const to = e.key === "Home" ? 0 : e.key === "End" ? items.length - 1 : (i + (e.key === "ArrowDown" ? 1 : -1) + items.length) % items.length;
  items[to]?.focus();
});

// 8. Work that takes a while: an element with an id and data-refresh="2" asks its own page again every two seconds and
// replaces itself, until the answer no longer carries the attribute.
function refresh(r) {
  for (const n of [...$$("[data-refresh][id]", r), ...(r.matches?.("[data-refresh][id]") ? [r] : [])]) {
    const every = Math.max(1, Number(n.dataset.refresh) || 2) * 1000;
    const again = async () => {
      if (!n.isConnected) return;
      if (document.hidden) { setTimeout(again, every); return; }
      try {
        const res = await fetch(location.href, { headers: { "X-Fragment": n.id } });
        const next = page(await res.text()).getElementById(n.id);
        if (!n.isConnected) return;
        if (!next) { location.reload(); return; }
        n.replaceWith(next);
        ready(next);
        if (next.dataset.refresh === undefined) say(next.dataset.summary || "Done");
      } catch { setTimeout(again, every * 2); }
    };
    setTimeout(again, every);
  }
}

// 9. A long group of check boxes, or a list marked data-narrow="its name", gets a field that narrows it. What is ticked
// stays in sight, and nothing is sent with it.
function narrow(group) {
  const list = group.dataset.narrow;
  const rows = list ? [...group.children] : $$("label", group).filter((l) => $("input[type=checkbox]", l));
  if (rows.length < (list ? 8 : 12) || (list ? group.previousElementSibling?.matches(".narrow") : $(".narrow", group))) return;
  const name = list || ($("legend", group)?.textContent.trim() ?? "this list");
  const field = element("input", "", { type: "search", className: "input narrow", placeholder: `Find among ${rows.length}`, autocomplete: "off" });
  field.setAttribute("aria-label", `Find in ${name}`);
  const look = () => {
    const wanted = field.value.trim().toLowerCase();
    const shown = rows.filter((l) => {
      const there = l.textContent.toLowerCase().includes(wanted);
      l.hidden = !there && !$("input[type=checkbox]", l)?.checked;
      return there;
    });
    if (wanted) say(`${shown.length} of ${rows.length} match`);
  };
  field.addEventListener("input", look);
  // Enter here looks; it does not send the form.
  field.addEventListener("keydown", (e) => { if (e.key === "Enter") e.preventDefault(); });
  if (list) group.before(field); else ($("legend", group) ?? group.firstChild).after(field);
}

// 10. Search over everything: Ctrl K, or the field in the top bar, opens a dialog. Its results are those of /search.
let seeking;
function seek() {
  if ($("dialog.palette[open]")) { $("dialog.palette input").focus(); return; }
  if (!$("[data-seek]") || $("dialog[open]")) return;
  const from = document.activeElement;
  const d = element("dialog", "", { className: "palette" });
  d.setAttribute("aria-label", "Search everything");
  const f = element("form", "", { className: "find seek", action: "/search", method: "get" });
  const field = element("input", "", { type: "search", name: "q", maxLength: 200, autocomplete: "off", placeholder: "Search everything" });
  field.setAttribute("aria-label", "Search everything");
  const found = element("div", "", { className: "found" });
  const keys = element("p", "Arrow keys choose, Enter opens, Esc closes", { className: "keys" });
  f.append(field);
  d.append(f, found, keys);
  document.body.append(d);
  const look = async () => {
    seeking?.abort();
    seeking = new AbortController();
    const q = field.value.trim();
    if (!q) { found.replaceChildren(); return; }
    try {
      const res = await fetch(`/search?${new URLSearchParams({ q })}`, { signal: seeking.signal, headers: { "X-Fragment": "results" } });
      const next = res.ok && $("#results", page(await res.text()));
      if (!next) { location.href = `/search?${new URLSearchParams({ q })}`; return; }
      found.replaceChildren(...next.childNodes);
      found.scrollTop = 0;
      say(next.dataset.summary);
    } catch { /* the next letter asks again */ }
  };
  let pause;
  field.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(look, 200); });
  d.addEventListener("keydown", (e) => {
    const links = $$("a", found), i = links.indexOf(document.activeElement);
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const to = i + (e.key === "ArrowDown" ? 1 : -1);
      (to < 0 || (i < 0 && e.key === "ArrowUp") ? field : links[Math.min(to, links.length - 1)] ?? field).focus();
    } else if (e.key.length === 1 && i >= 0 && !e.ctrlKey && !e.metaKey && !e.altKey) field.focus();
  });
  d.addEventListener("click", (e) => { if (e.target === d) d.close(); });
  d.addEventListener("close", () => { seeking?.abort(); clearTimeout(pause); d.remove(); if (from instanceof HTMLElement && !from.matches("[data-seek]")) from.focus(); });
  d.showModal();
  field.focus();
}
document.addEventListener("keydown", (e) => {
  if (e.key.toLowerCase() === "k" && (e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && $("[data-seek]")) { e.preventDefault(); seek(); }
});

// 11. One listener each for clicks, forms and typing.
document.addEventListener("click", async (e) => {
  if (!(e.target instanceof Element)) return;
  const off = e.target.closest("[aria-disabled=true]");
  if (off) { e.preventDefault(); return; }
  const c = e.target.closest("button[data-copy]");
  if (c) {
    try { await navigator.clipboard.writeText(c.dataset.copy); say("Copied to the clipboard"); } catch {
      // Without permission the text is marked, so that the reader's own copy key takes it.
      const code = $("code", c.parentElement);
      if (code) getSelection()?.selectAllChildren(code);
      say("The browser does not allow copying. The text is selected.");
    }
    return;
  }
  if (e.target.closest("[data-back]")) { history.back(); return; }
  if (e.target.closest("[data-dismiss]")) { e.target.closest(".flash")?.remove(); $("#main")?.focus({ preventScroll: true }); return; }
  if (e.target.closest("[data-seek]") && !$("dialog[open]") && !(e.ctrlKey || e.metaKey || e.shiftKey || e.button)) { e.preventDefault(); seek(); return; }
  const a = e.target.closest("a[href]");
  // A download leaves the page where it is; its menu has done its work.
  a?.closest(".pop:popover-open")?.hidePopover();
  if (!a || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button || a.target || a.origin !== location.origin) return;
  if (a.dataset.dialog !== undefined) { e.preventDefault(); openDialog(a); } else if (a.closest("[data-swap]")) { e.preventDefault(); swap(a.href); }
});
document.addEventListener("submit", (e) => {
  const f = e.target, by = e.submitter;
  if (by?.matches("[data-use-passkey]") && !f.elements.passkey.value) { e.preventDefault(); passkey(f, by); return; }
  if (f.matches("form[data-live]")) { e.preventDefault(); clearTimeout(wait); swap(formUrl(f)); return; }
  if (f.method !== "post") return;
  if (f.sent) { e.preventDefault(); return; }
  // A file that is handed out leaves the page where it is, so its form stays usable.
  if (f.matches("[data-plain]")) {
    f.closest(".pop:popover-open")?.hidePopover();
    // What the page below says may have changed by it.
    f.closest("dialog")?.addEventListener("close", () => location.reload());
    return;
  }
  if (f.matches("[data-copies]")) { e.preventDefault(); hold(f); copyFrom(f, by); return; }
  const d = f.closest("dialog");
  if (f.matches("form[data-upload]")) { e.preventDefault(); hold(f); upload(f, by); return; }
  if (d) { e.preventDefault(); hold(f); send(f, d, by); return; }
  // After the browser has read the form: a disabled button would not be sent along.
  setTimeout(() => hold(f));
});
document.addEventListener("input", (e) => {
  const f = e.target.form;
  if (!f?.matches("form[data-live]") || e.target.type !== "search") return;
  clearTimeout(wait);
  wait = setTimeout(() => swap(formUrl(f)), 250);
});
// A choice that acts at once: form[data-at-once] is sent when something else is chosen in it.
document.addEventListener("change", (e) => {
  const f = e.target.form;
  if (!f?.matches("form[data-at-once]")) return;
  if (f.closest("#results")) swap(formUrl(f)); else location.href = formUrl(f);
});
addEventListener("popstate", (e) => {
  if ($("#results") && !e.state?.dialog && !$("dialog[open]")) swap(location.href, false); else location.reload();
});

// Passkeys: form[data-passkey] says what the authenticator is asked, and takes the answer along in its field "passkey".
const fromText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const noPasskey = {
  NotAllowedError: "No passkey was used. Try again, or choose another way.",
  InvalidStateError: "This device keeps a passkey of yours already.",
  SecurityError: "The browser takes no passkey at this address.",
};
async function passkey(f, by) {
  const says = $("[data-passkey-says]", f), ask = JSON.parse(f.dataset.passkey);
  if (f.asking) return;
  f.asking = true;
  says.textContent = "";
  const known = (all = []) => all.map((one) => ({ ...one, id: fromText(one.id) }));
  const publicKey = { ...ask, challenge: fromText(ask.challenge) };
  try {
    let value;
    if (ask.user) {
      publicKey.user = { ...ask.user, id: fromText(ask.user.id) };
      publicKey.excludeCredentials = known(ask.excludeCredentials);
      const { response } = await navigator.credentials.create({ publicKey });
      value = { clientData: toText(response.clientDataJSON), attestation: toText(response.attestationObject), transports: response.getTransports?.() ?? [] };
    } else {
      publicKey.allowCredentials = known(ask.allowCredentials);
      const { rawId, response } = await navigator.credentials.get({ publicKey });
      value = { id: toText(rawId), clientData: toText(response.clientDataJSON), authenticatorData: toText(response.authenticatorData),
        signature: toText(response.signature), userHandle: response.userHandle?.byteLength ? toText(response.userHandle) : null };
    }
    f.elements.passkey.value = JSON.stringify(value);
    f.requestSubmit(by);
  } catch (e) {
    says.textContent = noPasskey[e?.name] ?? "The passkey could not be used. Try again, or choose another way.";
  } finally {
    f.asking = false;
  }
}

function ready(r) {
  times(r);
  $$("[data-selection]", r).forEach(selection);
  if (r.matches?.("[data-selection]")) selection(r);
  $$("fieldset.group,[data-narrow]", r).forEach(narrow);
  refresh(r);
}

// A dialog that the server sent open over an inert page becomes a real one.
function start(r) {
  ready(r);
  const now = $("form[data-now] [data-use-passkey]", r);
  now?.form.requestSubmit(now);
  const first = $("dialog[data-static]");
  if (!first) return;
  const to = $("[data-close]", first)?.href;
  $(".scrim")?.remove();
  for (const n of $$("[inert]")) n.inert = false;
  lift(first);
  first.addEventListener("close", () => {
    first.remove();
    document.title = document.title.replace(/^Error: /, "");
    if (to) history.replaceState(null, "", to);
    $("#main")?.focus({ preventScroll: true });
  });
}
start(document);
