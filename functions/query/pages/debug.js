// The page at /debug: each event that comes in, with filters. The address holds the filters, and never the key.

const most = 500; // lines that are kept
const all = []; // events, the newest first, each with its line
const asked = new URLSearchParams(location.search);
const sources = new Set();
let paused = false;
let counted = -1;

for (const id of ["fate", "source", "text"]) {
  if (id === "source" && asked.get(id)) addSource(asked.get(id));
  byId(id).value = asked.get(id) ?? "";
  byId(id).oninput = () => {
    asked.set(id, byId(id).value);
    if (!byId(id).value) asked.delete(id);
    const query = asked.toString();
    history.replaceState(null, "", location.pathname + (query && "?" + query));
    draw();
  };
}

function addSource(name) {
  if (!name || sources.has(name)) return;
  sources.add(name);
  add(byId("source"), "option", "", name);
}

function fits(e) {
  const text = byId("text").value.trim().toLowerCase();
  return (
    (!byId("fate").value || e.fate === byId("fate").value) &&
    (!byId("source").value || e.source === byId("source").value) &&
    (!text || [e.type, e.name, e.message_id, e.code].join(" ").toLowerCase().includes(text))
  );
}

/** draw shows the events that fit. The lines stay the same elements, so that what is open stays open, and the focus where it is. */
function draw() {
  let n = 0;
  for (const { e, item } of all) {
    item.hidden = !fits(e);
    if (!item.hidden) n++;
  }
  byId("empty").hidden = all.length > 0;
  byId("none").hidden = all.length === 0 || n > 0;
  if (n !== counted || paused) byId("count").textContent = (paused ? "Paused · " : "") + n + (n === all.length ? "" : " of " + all.length) + " shown";
  counted = n;
}

function showEvents(said) {
  byId("list").hidden = false;
  for (const e of said.events) {
    addSource(e.source);
    const item = line(e);
    all.unshift({ e, item });
    byId("events").prepend(item);
  }
  for (const { item } of all.splice(most)) item.remove();
  let text = "Each event of the last hour with its fate and the reason. No identifier and no property is shown.";
  if (said.watched_since) text += " Nobody looked before: everything is listed from " + said.watched_since.slice(11, 19) + " UTC on.";
  if (said.left_out > 0) text += " There was no room for " + said.left_out + " accepted ones.";
  if (byId("mode").textContent !== text) byId("mode").textContent = text;
  draw();
}

byId("pause").onclick = () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  byId("pause").textContent = paused ? "Go on" : "Pause";
  counted = -1;
  draw();
};

byId("forget").onclick = () => {
  sessionStorage.removeItem(kept);
  document.body.dataset.secret = "";
  location.reload();
};

const opened = await open();
useKey((opened.workspace.sources.find((s) => s.write_key === document.body.dataset.write) ?? opened.workspace.sources.find((s) => s.write_key) ?? { write_key: "wk_…" }).write_key);
follow(opened.key, () => !paused, showEvents);
