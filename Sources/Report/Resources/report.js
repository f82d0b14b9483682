// The report's script: theme, copy buttons, and the table of findings. It makes elements and sets their text, never markup.
"use strict";
(() => {
  const byID = (id) => document.getElementById(id);
  const make = (name, properties = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  // Control and format characters are written out: they would hide or reorder what stands beside them.
  const visible = (text) =>
    String(text).replace(/[\p{Cc}\p{Zl}\p{Zp}]|(?!\u200D)\p{Cf}/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  const grouped = (number) => number.toLocaleString("en-US");
  const time = (ms) => (ms === null || ms === undefined ? "" : new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC"));

  // Theme: the system's, until the reader chooses. Where nothing can be remembered, the choice lasts for the page.
  const root = document.documentElement;
  const theme = byID("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => { try { return localStorage.getItem("rollcall-theme"); } catch { return null; } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`); };
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("rollcall-theme", root.dataset.theme); } catch { /* nothing can be remembered here */ }
    label();
  });
  system.addEventListener("change", label);
  theme.hidden = false;
  label();

  // Copy buttons, one handler for those that are there and those to come.
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way, for pages from a file */ }
    const field = make("textarea", { value: text, readOnly: true, className: "hidden" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    button.textContent = (await copy(button.previousElementSibling.textContent)) ? "Copied" : "Select it";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  for (const button of document.querySelectorAll(".copy")) button.hidden = false;
  // A line may break between words and not within them, as in the commands that stand on the page already.
  const words = (text) => text.split(" ").flatMap((word, index) => [index ? " " : null, make("span", { textContent: word })]);
  const command = (text) =>
    make("div", { className: "command" }, make("code", {}, ...words(text)),
      make("button", { type: "button", className: "copy", textContent: "Copy", ariaLabel: `Copy the command ${text}` }));

  const source = byID("data");
  if (!source || !byID("rows")) return;
  const data = JSON.parse(source.textContent);
  source.textContent = "";
  const run = data.run;
  const record = (r) => (r ? { partition: r[0], offset: r[1], at: r[2], digest: r[3] } : null);
  const findings = [];
  for (const { bucket, rows } of data.buckets) {
    for (const row of rows) {
      const topic = record(row[5]);
      const ledger = row[6] && {
        god: { partition: row[6][0], offset: row[6][1], digest: row[6][2] },
        aggregate: { partition: row[6][3], offset: row[6][4], digest: row[6][5] }, at: row[6][6],
      };
      const god = record(row[7]);
      findings.push({
        user: row[0], stage: bucket.stage, kind: bucket.kind, cause: bucket.cause, why: bucket.why,
        fields: row[1], partition: row[2], seen: row[3], source: row[4] && { digest: row[4][0], position: row[4][1] },
        topic, ledger, god, parked: row[8],
        changed: bucket.stage === "aggregate" ? topic?.at ?? null : god?.at ?? ledger?.at ?? topic?.at ?? null,
        values: row[11] ?? [], tables: row[12] ?? [],
        repair: row[9] ?? run.repair + row[0], explain: row[10] ?? run.explain + row[0],
        isNew: row[3] >= run.startedAtMs,
      });
    }
  }

  // What is shown, kept in the address, so that a view can be sent to somebody.
  const pageSize = 50;
  const sortable = ["user", "stage", "kind", "cause", "fields", "partition", "changed", "seen"];
  const state = { stage: "", kind: "", cause: "", partition: "", q: "", fresh: "", user: "", sort: "", page: 0 };
  const controls = { stage: byID("f-stage"), kind: byID("f-kind"), cause: byID("f-cause"), partition: byID("f-partition"), q: byID("q"), fresh: byID("f-new") };
  for (const name of ["stage", "kind", "cause"]) {
    const totals = new Map();
    for (const { bucket } of data.buckets) totals.set(bucket[name], (totals.get(bucket[name]) ?? 0) + bucket.total);
    for (const [value, total] of totals) controls[name].append(make("option", { value, textContent: `${value} (${grouped(total)})` }));
  }

  const readAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    const names = ["stage", "kind", "cause", "partition", "q", "user", "sort"];
    const isView = [...names, "new", "page"].some((name) => given.has(name));
    for (const name of names) state[name] = given.get(name) ?? "";
    state.fresh = given.has("new") ? "1" : "";
    state.page = Math.max(0, (Number.parseInt(given.get("page"), 10) || 1) - 1);
    return isView;
  };
  const writeAddress = () => {
    const view = new URLSearchParams();
    for (const name of ["stage", "kind", "cause", "partition", "q", "user", "sort"]) if (state[name]) view.set(name, state[name]);
    if (state.fresh) view.set("new", "1");
    if (state.page) view.set("page", state.page + 1);
    const fragment = view.toString();
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  };

  const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const isWhole = (text) => /^-?\d{1,40}$/.test(text);
  const compare = {
    user: (a, b) => {
      const whole = isWhole(a.user);
      if (whole !== isWhole(b.user)) return whole ? -1 : 1;
      if (!whole) return compareText(a.user, b.user);
      const x = BigInt(a.user), y = BigInt(b.user);
      return x < y ? -1 : x > y ? 1 : 0;
    },
    fields: (a, b) => compareText(a.fields.join(), b.fields.join()),
    partition: (a, b) => (a.partition ?? -1) - (b.partition ?? -1),
    changed: (a, b) => (a.changed ?? Infinity) - (b.changed ?? Infinity) || 0,
    seen: (a, b) => a.seen - b.seen,
  };
  for (const name of ["stage", "kind", "cause"]) compare[name] = (a, b) => compareText(a[name], b[name]);

  const matching = () => {
    const needle = state.q.toLowerCase();
    const found = findings.filter((f) =>
      (!state.stage || f.stage === state.stage) && (!state.kind || f.kind === state.kind) && (!state.cause || f.cause === state.cause)
      && (!state.partition || String(f.partition) === state.partition) && (!state.fresh || f.isNew)
      && (!needle || f.user.toLowerCase().includes(needle) || [...f.fields, ...f.tables].some((name) => name.toLowerCase().includes(needle))));
    const key = state.sort.replace(/^-/, "");
    if (sortable.includes(key)) {
      const sign = state.sort.startsWith("-") ? -1 : 1;
      found.sort((a, b) => sign * compare[key](a, b));
    }
    return found;
  };

  const cell = (className, text) => make("td", { className, textContent: visible(text) });
  const pair = (name, value) => value === null || value === undefined || value === "" ? null
    : make("tr", {}, make("th", { scope: "row", textContent: name }), make("td", {}, make("code", { textContent: visible(value) })));
  const place = (r) => `partition ${r.partition}, offset ${grouped(r.offset)}`;

  const timeline = (f) => {
    const moments = [];
    if (f.topic) moments.push([f.topic.at, `Aggregate written, ${place(f.topic)}`]);
    if (f.ledger) moments.push([f.ledger.at, `${f.ledger.god.digest ? "God object" : "Tombstone"} produced, ${place(f.ledger.god)}, from the aggregate at ${place(f.ledger.aggregate)}`]);
    if (f.god) moments.push([f.god.at, `God object in the topic, ${place(f.god)}`]);
    moments.push([f.seen, f.isNew ? "Found first, by this run" : "Found first, by an earlier run"]);
    if (!f.isNew) moments.push([run.startedAtMs, "Found again, by this run"]);
    moments.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    return make("ul", { className: "timeline" }, ...moments.map(([at, text]) =>
      make("li", {}, make("time", { textContent: at === null || at === undefined ? "time unknown" : time(at) }), text)));
  };

  const panel = (f) => {
    const fields = f.fields.length
      ? make("ul", { className: "chips" }, ...f.fields.map((field) => make("li", { textContent: visible(field) })))
      : make("p", { className: "quiet", textContent: f.kind === "stale" ? "The fields could not be compared." : `Nothing to compare: the value is ${f.kind}.` });
    const digests = make("table", {}, make("tbody", {}, ...[
      pair("row", f.source ? f.source.digest : "none"), pair("row read at", f.source?.position),
      pair("aggregate", f.topic ? f.topic.digest : "none"), pair("aggregate at", f.topic && place(f.topic)),
      pair("ledger's aggregate", f.ledger?.aggregate.digest), pair("ledger's God object", f.ledger?.god.digest),
      pair("ledger's God object at", f.ledger && place(f.ledger.god)),
      pair("God object", f.god ? f.god.digest : f.stage === "god" ? "none" : null), pair("God object at", f.god && place(f.god)),
      ...f.parked.map((text) => pair("parked", text)),
    ].filter((row) => row !== null)));
    return make("div", { className: "panel" },
      make("div", {}, make("h3", { textContent: `User ${visible(f.user)}` }),
        make("p", { textContent: `${f.kind[0].toUpperCase()}${f.kind.slice(1)} at stage ${f.stage}: ${f.why}.` })),
      make("div", { className: "sides" },
        make("div", {}, make("h4", { textContent: "Differing fields" }), fields,
          f.tables.length ? make("p", { className: "quiet", textContent: visible(`From the ${f.tables.length > 1 ? "tables" : "table"} ${f.tables.join(", ")}.`) }) : null,
          f.values.length ? make("ul", { className: "values" }, ...f.values.map((text) => make("li", { textContent: visible(text) }))) : null),
        make("div", {}, make("h4", { textContent: "Timeline" }), timeline(f)),
        make("div", {}, make("h4", { textContent: "Digests and positions" }), digests)),
      make("div", {}, make("h4", { textContent: "Commands" }), command(f.repair), f.explain ? command(f.explain) : null));
  };

  const identity = (f) => [f.user, f.stage, f.kind, f.cause].join("\u0000");
  let open = null;
  const line = (f, index) => {
    const isOpen = open === identity(f);
    const button = make("button", { type: "button", textContent: visible(f.user), title: visible(f.user), ariaExpanded: String(isOpen) });
    button.setAttribute("aria-controls", `detail-${index}`);
    button.addEventListener("click", () => {
      open = isOpen ? null : identity(f);
      state.user = open ? f.user : "";
      writeAddress();
      render();
      byID("rows").querySelector(`[data-index="${index}"] button`)?.focus();
    });
    const seen = make("td", {}, f.isNew ? make("span", { className: "fresh", textContent: "new" }) : time(f.seen).slice(0, 10));
    const row = make("tr", { className: isOpen ? "line open" : "line" },
      make("th", { scope: "row", className: "user" }, button), cell("", f.stage), cell("", f.kind), cell("cause", f.cause),
      cell("fields", f.fields.join(", ")), cell("number", f.partition ?? ""), cell("", time(f.changed).replace(" UTC", "")), seen);
    row.dataset.index = index;
    if (!isOpen) return [row];
    return [row, make("tr", { className: "detail", id: `detail-${index}` }, make("td", { colSpan: 8 }, panel(f)))];
  };

  const render = () => {
    const found = matching();
    const pages = Math.max(1, Math.ceil(found.length / pageSize));
    state.page = Math.min(state.page, pages - 1);
    const start = state.page * pageSize;
    byID("rows").replaceChildren(...found.slice(start, start + pageSize).flatMap((f, index) => line(f, index)));
    const left = run.total - run.carried;
    byID("shown").textContent =
      (found.length === findings.length ? `${grouped(found.length)} findings` : `${grouped(found.length)} of ${grouped(findings.length)} findings`)
      + (left > 0 ? ` on this page; ${grouped(left)} more in findings.ndjson` : "")
      + (found.length === 0 && state.q ? `. For one user: ${run.explain}${visible(state.q)}` : "");
    byID("pages").hidden = pages < 2;
    byID("page").textContent = `Page ${grouped(state.page + 1)} of ${grouped(pages)}`;
    byID("previous").disabled = state.page === 0;
    byID("more").disabled = state.page >= pages - 1;
    for (const header of document.querySelectorAll(".findings th[data-key]")) {
      const key = header.dataset.key;
      if (state.sort === key) header.setAttribute("aria-sort", "ascending");
      else if (state.sort === `-${key}`) header.setAttribute("aria-sort", "descending");
      else header.removeAttribute("aria-sort");
    }
  };

  const showControls = () => {
    for (const [name, control] of Object.entries(controls)) {
      if (control.type === "checkbox") control.checked = Boolean(state[name]);
      else control.value = state[name];
    }
  };
  const goTo = () => {
    const isView = readAddress();
    showControls();
    open = null;
    if (state.user) {
      const found = matching();
      const index = found.findIndex((f) => f.user === state.user);
      if (index >= 0) {
        open = identity(found[index]);
        state.page = Math.floor(index / pageSize);
      } else {
        state.q = state.user;
        showControls();
      }
    }
    render();
    if (isView) (byID("rows").querySelector("tr.open") ?? byID("findings")).scrollIntoView();
  };
  const changed = () => {
    for (const [name, control] of Object.entries(controls)) state[name] = control.type === "checkbox" ? (control.checked ? "1" : "") : control.value.trim();
    state.page = 0;
    state.user = "";
    open = null;
    writeAddress();
    render();
  };

  byID("filter").addEventListener("input", changed);
  byID("filter").addEventListener("submit", (event) => event.preventDefault());
  byID("filter").addEventListener("reset", () => setTimeout(changed));
  for (const header of document.querySelectorAll(".findings th[data-key] button")) {
    header.addEventListener("click", () => {
      const key = header.parentElement.dataset.key;
      state.sort = state.sort === key ? `-${key}` : state.sort === `-${key}` ? "" : key;
      state.page = 0;
      writeAddress();
      render();
    });
  }
  const turn = (step) => () => { state.page += step; open = null; state.user = ""; writeAddress(); render(); byID("findings").scrollIntoView(); };
  byID("previous").addEventListener("click", turn(-1));
  byID("more").addEventListener("click", turn(1));
  addEventListener("hashchange", goTo);
  byID("filter").hidden = false;
  byID("list").hidden = false;
  goTo();
})();
