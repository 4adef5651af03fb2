// What a page can do beyond plain links and forms. Everything here is an addition: without it each
// link opens a page, each form posts, each dialog is a page of its own.
(() => {
  "use strict";

  const words = document.getElementById("words").dataset;
  const live = document.getElementById("live");
  const modal = document.getElementById("dialog");
  const fill = (text, n) => text.replace("{n}", n);

  // --- Saying things -----------------------------------------------------------------------------

  const said = new Set();

  function say(text) {
    live.textContent = "";
    // Readers announce a change, so the same words twice need an empty moment between them.
    setTimeout(() => { live.textContent = text; }, 50);
  }

  function sayOnce(root) {
    const news = [...root.querySelectorAll("[data-announce]")].map((part) => part.dataset.announce);
    const fresh = news.filter((text) => text && !said.has(text));
    fresh.forEach((text) => said.add(text));
    return fresh.join(". ");
  }

  function toast(text, { danger = false } = {}) {
    const box = document.createElement("div");
    box.className = danger ? "toast toast--danger" : "toast";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn--quiet btn--row";
    close.textContent = words.dismiss;
    close.addEventListener("click", () => box.remove());
    box.append(text, close);
    document.getElementById("toasts").append(box);
    const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : box.remove());
    if (!danger) setTimeout(leave, 5000);
    say(text);
  }

  // --- Dialog ------------------------------------------------------------------------------------

  let opener = null;

  function showDialog() {
    if (!modal.open) modal.showModal();
    const first = modal.querySelector("[data-focus]") || modal.querySelector("[data-dialog-close]");
    // Shown even after a click: the ring says that Enter will cancel.
    if (first) first.focus({ focusVisible: true });
  }

  if (modal) {
    modal.addEventListener("close", () => {
      modal.replaceChildren();
      if (opener && opener.isConnected) opener.focus();
      opener = null;
    });
  }

  // --- Relative times ----------------------------------------------------------------------------

  const spans = [[86400, "day"], [3600, "hour"], [60, "minute"], [2, "second"]];

  function wording(seconds) {
    const [size, name] = spans.find(([least]) => seconds >= least) || [0, "now"];
    if (!size) return words.now;
    const n = name === "second" ? Math.floor(seconds) : Math.floor(seconds / size);
    return fill(words[name === "day" && n > 1 ? "days" : name], n);
  }

  function refreshTimes(root = document) {
    for (const part of root.querySelectorAll("time[data-ago]")) {
      const moment = new Date(part.dateTime);
      const seconds = (Date.now() - moment) / 1000;
      // A moment ahead of this clock keeps the server's words: the clocks may differ.
      if (seconds >= 0) part.textContent = wording(seconds);
      if (!part.dataset.local) {
        part.dataset.local = "yes";
        part.title += ` · ${fill(words.local, moment.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" }))}`;
      }
    }
    showLocalTimes(root);
  }

  // Only the browser knows where its reader is; until it has spoken, the page says UTC behind each of these times.
  const localForm = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

  function showLocalTimes(root) {
    for (const part of root.querySelectorAll("time[data-local-time]")) {
      const moment = new Date(part.dateTime);
      const year = moment.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
      part.textContent = moment.toLocaleString([], { ...localForm, ...year });
    }
  }

  // --- Selecting rows ----------------------------------------------------------------------------

  let lastBox = null;

  function boxesOf(form) {
    return [...form.elements].filter((box) => box.matches("[data-row-check]:not(:disabled)"));
  }

  function showSelection(form) {
    const boxes = boxesOf(form);
    const n = boxes.filter((box) => box.checked).length;
    const all = [...form.elements].find((box) => box.matches("[data-check-all]"));
    if (all) {
      all.checked = n > 0 && n === boxes.length;
      all.indeterminate = n > 0 && n < boxes.length;
    }
    const count = form.querySelector("[data-selection-count]");
    if (count) count.textContent = fill(count.dataset.words, n);
    const people = form.querySelector("[data-selection-people]");
    if (people) {
      const m = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.person)).size;
      people.textContent = fill(m === 1 ? people.dataset.wordsOne : people.dataset.words, m);
    }
    const verb = form.querySelector("[data-selection-verb]");
    if (verb && n) verb.textContent = fill(n === 1 ? verb.dataset.selectionVerbOne : verb.dataset.selectionVerb, n);
  }

  function selectRange(form, box) {
    const boxes = boxesOf(form);
    const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) boxes.slice(from, to + 1).forEach((each) => { each.checked = box.checked; });
  }

  // With the focus on a row: arrows go from row to row, x ticks it, as a click would.
  function moveOrTick(event) {
    const row = event.target.closest?.("tr:has([data-row-check])");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const boxes = boxesOf(row.querySelector("[data-row-check]").form);
    const at = boxes.findIndex((box) => row.contains(box));
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && boxes[at + steps[event.key]]) {
      event.preventDefault();
      boxes[at + steps[event.key]].focus();
    }
    if (event.key === "x" && !slashIsOff()) boxes[at].click();
  }

  let newsPaused = false;
  const anyTicked = () => document.querySelector("[data-row-check]:checked") !== null;

  // --- Theme, search key, copying ------------------------------------------------------------------

  function chooseTheme(theme) {
    document.cookie = `curfew_theme=${theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    document.documentElement.dataset.theme = theme;
    for (const part of document.querySelectorAll("[data-theme-form] button")) {
      part.setAttribute("aria-pressed", String(part.value === theme));
    }
  }

  const slashIsOff = () => localStorage.getItem("curfew-slash") === "off";

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast(words.copied);
    } catch {
      toast(words.notCopied, { danger: true });
    }
  }

  function prepare(root) {
    root.querySelectorAll("[data-news-pause][hidden]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll("[data-slash-switch]").forEach((row) => {
      row.hidden = false;
      row.querySelector("input").checked = !slashIsOff();
    });
    refreshTimes(root);
  }

  // --- Events --------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    if (at("[data-copy]")) copy(at("[data-copy]"));
    if (at("[data-print]")) window.print();
    if (at("[data-dialog-close]")) {
      event.preventDefault();
      modal.close();
    }
    if (at("[data-news-pause]")) {
      newsPaused = !newsPaused;
      at("[data-news-pause]").setAttribute("aria-pressed", String(newsPaused));
    }
    if (at("[data-selection-clear]")) {
      event.preventDefault();
      const form = at("form");
      boxesOf(form).forEach((box) => { box.checked = false; });
      showSelection(form);
    }
    if (at("[data-row-check]")) {
      const box = at("[data-row-check]");
      if (event.shiftKey && lastBox) selectRange(box.form, box);
      lastBox = box;
    }
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-check-all]")) boxesOf(box.form).forEach((each) => { each.checked = box.checked; });
    if (box.matches("[data-check-all], [data-row-check]")) showSelection(box.form);
    if (box.closest("[data-slash-switch]")) localStorage.setItem("curfew-slash", box.checked ? "on" : "off");
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (!typing) moveOrTick(event);
    if (event.key === "/" && !typing && !modal?.open && !slashIsOff() && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-slash]");
      if (search?.checkVisibility()) {
        event.preventDefault();
        search.select();
      }
    }
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    // A link that acts as a button answers to the space bar, as buttons do.
    if (event.key === " " && event.target.matches("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-theme-form]") && event.submitter) {
      event.preventDefault();
      chooseTheme(event.submitter.value);
      return;
    }
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // Only a courtesy: the server answers a second press with what the first one did.
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-disabled", "true");
    // A file leaves the page where it is, and nobody says when it has arrived.
    if (form.matches("[data-download]")) setTimeout(() => release(form), 1500);
  }, true);

  function release(form) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }

  function releaseAll(root) {
    root.querySelectorAll("form[data-sent]").forEach(release);
  }

  addEventListener("pageshow", () => releaseAll(document));

  // --- Parts that arrive ---------------------------------------------------------------------------

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === modal && !modal.contains(event.target)) opener = event.target;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const waits = newsPaused || anyTicked() || document.querySelector("details.menu[open]");
    if (event.target.matches("[data-news]") && waits) event.preventDefault();
    // A page that nobody sees asks nothing, and none is swapped away under the hands of whoever works in it.
    const inUse = document.hidden || modal?.open || event.target.contains(document.activeElement);
    if (event.target.matches("[data-polite]") && inUse) event.preventDefault();
  });

  document.addEventListener("htmx:afterRequest", () => releaseAll(document));

  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.target;
    prepare(part);
    if (part === modal && modal.childElementCount) showDialog();
    else part.querySelector("[data-focus]")?.focus();
    const news = sayOnce(part.parentElement || part);
    if (news) say(news);
  });

  document.addEventListener("htmx:responseError", (event) => {
    toast(fill(words.refused, event.detail.xhr.status), { danger: true });
  });

  document.addEventListener("htmx:sendError", () => toast(words.unreachable, { danger: true }));

  prepare(document);
  [...document.forms].filter((form) => boxesOf(form).length).forEach(showSelection);
  document.querySelector("[data-focus]")?.focus();
  sayOnce(document);
  setInterval(refreshTimes, 15000);
})();
