"use strict";
// the page is whole without this; it sorts without loading, and patches rows as grades arrive
const at = (id) => document.getElementById(id);
const board = at("board"), body = board?.tBodies[0];
const heads = board ? [...board.tHead.rows[0].cells] : [];
const rows = new Map([...(body?.rows ?? [])].map((row) => [row.dataset.key, row]));
let sort = board?.dataset.sort, seen = board?.dataset.seen ?? "", paused = false, missed = 0, spoke = 0, source;

function say(text, now) { // a screen reader reads this aloud, so at most once in 5 s
  if (now || Date.now() - spoke > 5000) { at("status").textContent = text; spoke = Date.now(); }
}
function arrange() { // in the chosen order; the board's own among equals, rows without a value last
  const key = sort.replace(/^-/, ""), turn = sort.startsWith("-") ? -1 : 1;
  const column = heads.findIndex((head) => head.dataset.key === key);
  const value = (row) => row.cells[column].dataset.order;
  const text = heads[column].classList.contains("name");
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (key === "place" || x === y) return a.dataset.at - b.dataset.at;
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
    return turn * (text ? (x < y ? -1 : 1) : x - y) || a.dataset.at - b.dataset.at;
  };
  const focus = document.activeElement, top = body.rows[0];
  [...rows.values()].sort(compare).forEach((row, k) => { if (body.rows[k] !== row) body.insertBefore(row, body.rows[k] ?? null); });
  if (focus !== document.activeElement && body.contains(focus)) focus.focus({ preventScroll: true });
  for (const head of heads) {
    const mine = head.dataset.key === key;
    head.setAttribute("aria-sort", mine ? (turn > 0 ? "ascending" : "descending") : "none");
  }
  return top !== body.rows[0];
}
function ordinal(place) { // as rows.ordinal says it
  const number = parseInt(place, 10), teen = [11, 12, 13].includes(number % 100);
  const word = number + ((!teen && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th");
  return place.endsWith("=") ? `${word}, tied with others` : word;
}
function span(left) { // as rows.span says it
  if (left <= 0) return "over";
  const counts = [[left / 86400, "d"], [left / 3600 % 24, "h"], [left / 60 % 60, "min"], [left % 60, "s"]]
    .map(([count, unit]) => [Math.floor(count), unit]);
  const first = counts.findIndex(([count]) => count);
  return `in ${counts.slice(first, first + 2).filter(([count]) => count).map((each) => each.join(" ")).join(" ")}`;
}
function count() {
  for (const each of document.querySelectorAll("[data-left]")) {
    each.dataset.end ??= Date.now() / 1000 + Number(each.dataset.left);
    const text = span(Math.ceil(each.dataset.end - Date.now() / 1000));
    if (each.textContent !== text) each.textContent = text;
  }
}
const isNews = (cells) => cells.slice(1).some(Boolean); // a place alone changes with others' results
function patch([key, kind, cells]) {
  let row = rows.get(key);
  if (!row) {
    row = document.createElement("tr");
    row.dataset.key = key;
    for (const head of heads) {
      const name = head.classList.contains("name"), cell = document.createElement(name ? "th" : "td");
      if (name) cell.scope = "row";
      cell.className = head.className;
      row.append(cell);
    }
    rows.set(key, row);
  }
  const own = key === board.dataset.own;
  row.className = own ? `${kind} own` : kind;
  if (own) row.setAttribute("aria-current", "true");
  cells.forEach((fresh, k) => {
    if (!fresh) return; // unchanged
    const [text, order] = fresh, cell = row.cells[k];
    if (cell.textContent !== text) cell.textContent = text;
    if (order === null) delete cell.dataset.order; else cell.dataset.order = order;
  });
  if (isNews(cells)) {
    void row.offsetWidth; // begins the animation anew
    row.classList.add("changed");
  }
}
function show(event) {
  const { rows: changed, order, waiting, taking, updated, time } = JSON.parse(event.data);
  seen = event.lastEventId;
  changed.forEach(patch);
  order.forEach((key, k) => { rows.get(key).dataset.at = k; });
  for (const [key, row] of rows) if (!order.includes(key)) { row.remove(); rows.delete(key); }
  arrange();
  at("empty")?.remove();
  at("waiting").textContent = waiting;
  at("taking").textContent = taking;
  Object.assign(at("updated"), { textContent: updated, dateTime: time });
  const news = changed.filter((row) => isNews(row[2]));
  if (!news.length) return;
  const own = rows.get(board.dataset.own), place = own && own.cells[0].textContent;
  const name = (key) => rows.get(key).querySelector("th").textContent;
  const many = news.length === 1 ? `${name(news[0][0])} has a new result.` : `${news.length} rows have new results.`;
  say(many + (/^\d/.test(place) ? ` You are ${ordinal(place)}.` : ""));
}
async function look() { // events hold nothing of one's own; it is fetched after each change
  const part = document.querySelector("[data-pending]");
  if (!part) return;
  const answer = await fetch(location.href).catch(() => null); // `onerror` below says that the server is gone
  if (answer && !answer.ok) say("This page is no longer shown to you. Sign in again.", true);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (!fresh || !part.isConnected) return;
  const link = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
  part.replaceWith(fresh);
  if (link) fresh.querySelector(`[href="${link}"]`)?.focus({ preventScroll: true });
  if (!fresh.hasAttribute("data-pending")) say("Your upload has been graded.", true);
}
function listen() {
  source = new EventSource(`/events?seen=${seen}`);
  source.addEventListener("board", (event) => { if (board) show(event); look(); });
  source.onopen = () => { if (at("status").textContent.startsWith("No connection")) say("", true); };
  source.onerror = () => say("No connection to the server; trying again.", true);
}
function pause() {
  paused = !paused;
  at("pause").textContent = paused ? "Resume updates" : "Pause updates";
  if (paused) source.close(); else listen(); // the server then sends all changes since
  say(paused ? "Updates are paused." : "Updates go on.", true);
}
at("sorting")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { key, first } = event.submitter.closest("th").dataset;
  const other = first.startsWith("-") ? key : `-${key}`;
  sort = key === "place" ? key : sort === first ? other : first;
  arrange();
  if (board.dataset.seen) history.replaceState(null, "", `?sort=${sort}`);
});
document.addEventListener("submit", (event) => {
  const { most } = event.target.dataset, file = event.target.elements.work?.files[0];
  if (most && file?.size > most) { event.preventDefault(); say(`This archive is too large: at most ${most} bytes.`, true); }
});
if (seen || document.querySelector("[data-pending]")) listen();
if (document.querySelector("[data-left]")) setInterval(count, 1000);
if (at("pause")) Object.assign(at("pause"), { hidden: false, onclick: pause });
