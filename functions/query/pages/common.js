// What both pages share: the secret key, which stays in this tab, questions to the system, and the list of events. It stands in front of each page's
// own script, so that a page loads one file.

const byId = (id) => document.getElementById(id);
const kept = "waymark-secret";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// here is the address of the system as the browser sees it, whatever stands in front of it.
const here = location.origin + location.pathname.replace(/\/[^/]*$/, "");
for (const place of document.querySelectorAll("[data-origin]")) place.textContent = here;

/** secretKey gives the key of the address's fragment, which is taken out of the address, of this tab, or of the page. */
function secretKey() {
  const said = new URLSearchParams(location.hash.slice(1)).get("key");
  if (said) {
    sessionStorage.setItem(kept, said);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(kept) || document.body.dataset.secret;
}

/** Refusal is an answer that is no success. */
class Refusal extends Error {
  constructor(status, said) {
    super(said.message || "The system answered " + status + ".");
    this.status = status;
    this.code = said.code || "";
  }
}

/** ask sends a request of this system's own and reads its JSON. */
async function ask(path, options = {}) {
  const response = await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, said);
  return said;
}

/** read asks with the secret key. */
const read = (path, key) => ask(path, { headers: { authorization: "Bearer " + key } });

/** trouble says what is wrong, or with "" that nothing is any more. */
function trouble(text) {
  byId("trouble").hidden = text === "";
  if (byId("trouble").textContent !== text) byId("trouble").textContent = text;
}

/** open finds out which workspace a key opens, and asks for a key until one does. */
async function open() {
  for (let key = secretKey(); ; key = await typedKey()) {
    if (!key) continue;
    try {
      const { workspace } = await read("v1/status", key);
      trouble("");
      byId("ask").hidden = true;
      byId("where").textContent = workspace.name + " · " + workspace.currency + " · " + workspace.time_zone;
      return { key, workspace };
    } catch (refusal) {
      trouble(refusal.status ? refusal.message : "The system does not answer. Is it running?");
      if (refusal.status === 401 || refusal.status === 403) sessionStorage.removeItem(kept);
      document.body.dataset.secret = "";
    }
  }
}

function typedKey() {
  byId("ask").hidden = false;
  return new Promise((done) => {
    byId("ask").onsubmit = (event) => {
      event.preventDefault();
      const key = byId("secret").value.trim();
      byId("secret").value = "";
      if (key) sessionStorage.setItem(kept, key);
      done(key);
    };
  });
}

/** useKey writes a write key into the snippets of the page. */
function useKey(key) {
  for (const place of document.querySelectorAll("[data-key]")) place.textContent = key;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(byId(button.dataset.copy)?.textContent ?? button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy it yourself: the browser does not allow it";
  }
  await pause(1500);
  button.textContent = said;
});

const looks = { accepted: ["good", "✓"], rejected: ["bad", "✕"], refused: ["bad", "⊘"], failed: ["open", "↻"] };

/** add makes an element with a class and a text. */
function add(to, name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  to.append(element);
  return element;
}

/** line makes the line of an event, which opens to show all that is known of it. */
function line(e) {
  const item = document.createElement("li");
  const row = add(item, "button", "row");
  row.type = "button";
  row.setAttribute("aria-expanded", "false");
  add(row, "time", "", e.received.slice(11, 19)).dateTime = e.received;
  add(row, "span", "what", [e.type, e.name].filter(Boolean).join(" ") || (e.events > 1 ? "a request of " + e.events + " events" : "a request"));
  add(row, "span", "who", e.person);
  const [colour, sign] = looks[e.fate];
  const fate = add(row, "span", "fate " + colour);
  add(fate, "b", "", sign).setAttribute("aria-hidden", "true");
  fate.append(e.fate);
  add(row, "span", "why", e.reason ? (e.field ? e.field + ": " : "") + e.reason : e.note);
  row.onclick = () => {
    const details = item.querySelector("dl") ?? item.appendChild(detailsOf(e));
    details.hidden = row.getAttribute("aria-expanded") === "true";
    row.setAttribute("aria-expanded", String(!details.hidden));
  };
  return item;
}

function detailsOf(e) {
  const list = document.createElement("dl");
  list.className = "details";
  const say = (name, text) => {
    if (!text) return null;
    add(list, "dt", "", name);
    return add(list, "dd", "", text);
  };
  say("Became of it", e.fate + (e.code ? ", " + e.code : ""));
  say("Why", (e.field ? e.field + ": " : "") + e.reason);
  say("Note", e.note);
  say("Grade", e.grade);
  const id = say("Message id", e.message_id);
  if (id) {
    const copy = add(id, "button", "small", "Copy");
    copy.type = "button";
    copy.dataset.copy = e.message_id;
    id.insertBefore(document.createTextNode(" "), copy);
  }
  say("Received", e.received);
  say("Source", e.source);
  say("Person", e.person && e.person + " (four digits made of the identifier)");
  say("Identifiers", e.identifiers.join(", "));
  say("Request", e.request);
  return list;
}

/** follow calls back with the events that come, as they come, until the page is left. wanted says whether to go on asking just now. */
async function follow(key, wanted, onEvents) {
  for (let after = ""; ; await pause(1000)) {
    if (document.hidden || !wanted()) continue;
    try {
      const said = await read("v1/debug/events?limit=200&after=" + encodeURIComponent(after), key);
      trouble("");
      after = said.next;
      onEvents(said);
    } catch (refusal) {
      trouble(refusal.status ? refusal.message : "The system does not answer; trying again each second.");
      if (refusal.status === 401 || refusal.status === 403 || refusal.code === "debug_off") return;
    }
  }
}
