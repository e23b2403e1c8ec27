// The page at /: the state of the system, the first steps, and a test event that is watched on its way.

const shown = 8;
let workspaceKey = "";
let writeKey = document.body.dataset.write;

/** tick marks a step as done. */
const tick = (name) => {
  byId("done-" + name).hidden = false;
  const left = document.querySelectorAll('[id^="done-"][hidden]').length;
  byId("headline").textContent =
    left > 0 ? "Waymark is running. Three steps to your first journey." : "Waymark is running, and events arrive. Bring your past, or watch them live.";
};

function chooseSource(all) {
  const sources = all.filter((s) => s.write_key); // of sites: a server's key is told nobody
  const list = byId("source");
  for (const s of sources) add(list, "option", "", s.source).value = s.write_key;
  byId("pick").hidden = sources.length < 2;
  list.onchange = () => useKey((writeKey = list.value));
  const known = sources.find((s) => s.write_key === writeKey) ?? sources[0];
  if (!known) {
    trouble("The workspace has no key for a site: `waymark keys create` makes one.");
    return;
  }
  list.value = known.write_key;
  useKey((writeKey = known.write_key));
  byId("send").disabled = false;
}

async function tellState() {
  for (;; await pause(5000)) {
    if (document.hidden) continue;
    try {
      const s = await read("v1/status", workspaceKey);
      const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
      const say = (id, n) => (byId(id).textContent = n.toLocaleString("en"));
      say("waiting", s.queues.touchpoints.waiting + s.queues.touchpoints.in_flight);
      say("dead", s.queues.touchpoints.dead);
      say("failed", sum(s.failed));
      say("uncounted", s.dirty_windows);
      byId("state").hidden = false;
    } catch {
      byId("state").hidden = true; // what is wrong is said by the list of events
    }
  }
}

function showEvents(said) {
  const list = byId("events");
  for (const e of said.events) {
    list.prepend(line(e));
    if (e.fate === "accepted") tick("send");
    if (e.fate === "accepted" && e.type === "page") tick("paste");
    if (e.fate === "accepted") advise(e.source);
  }
  while (list.children.length > shown) list.lastChild.remove();
  byId("empty").hidden = list.children.length > 0;
  byId("live").textContent = said.watched_since ? "· everything since " + said.watched_since.slice(11, 19) + " UTC" : "· live";
}

/** advise says what to settle once a server sends: whoever reads the key in the pages need not be believed any more. */
function advise(source) {
  const { name, orders, sources } = opened.workspace;
  if (!sources.some((s) => s.kind === "server" && s.source === source)) return;
  const commands = orders === "any" ? ["waymark workspace set " + name + " --orders server"] : [];
  for (const s of sources) {
    if (s.kind === "site" && s.identity === "open") commands.push("waymark keys set " + name + " " + s.write_key + " --identity signed");
  }
  byId("advised").textContent = commands.join("\n");
  byId("advice").hidden = commands.length === 0;
}

/** mark moves the test event on by one station. */
function mark(station, text, isWrong = false) {
  const place = byId("way").children[station];
  place.className = isWrong ? "wrong" : "done";
  place.querySelector("span").textContent = text;
}

async function sendTest() {
  const id = "test-" + Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
  const begin = performance.now();
  const since = () => Math.round(performance.now() - begin).toLocaleString("en") + " ms";
  for (const place of byId("way").children) {
    place.className = "";
    place.querySelector("span").textContent = "";
  }
  byId("way").hidden = false;
  byId("person").hidden = byId("story").hidden = true;
  byId("fate").textContent = "The test event is on its way.";
  mark(0, "");
  try {
    await ask("v1/track", {
      method: "POST",
      headers: { authorization: "Basic " + btoa(writeKey + ":"), "content-type": "application/json" },
      body: JSON.stringify({ event: "Test Event", anonymousId: id, messageId: id, timestamp: new Date().toISOString() }),
    });
  } catch (refusal) {
    mark(1, refusal.code, true);
    byId("fate").textContent = "It was refused: " + refusal.message;
    return;
  }
  mark(1, since());
  const e = await awaitFate(id, since);
  if (!e || e.fate === "accepted") await awaitPerson(id, since);
}

/** awaitFate waits until it is listed what became of the event; null when it is not, for nobody watched until now. */
async function awaitFate(id, since) {
  for (let tries = 0; tries < 5; tries++) {
    const said = await read("v1/debug/events?wait=5s&messageId=" + id, workspaceKey);
    const e = said.events.at(-1);
    if (e && e.fate !== "failed") {
      mark(2, e.fate === "accepted" ? since() : e.code, e.fate !== "accepted");
      byId("fate").textContent = e.fate === "accepted" ? "The test event was accepted." : "It was " + e.fate + ": " + e.reason;
      return e;
    }
  }
  return null;
}

/** awaitPerson waits until the event is in the profile of its person. */
async function awaitPerson(id, since) {
  for (const end = performance.now() + 60000; performance.now() < end; await pause(400)) {
    const found = await read("v1/profiles/anon:" + id, workspaceKey).catch(() => null);
    if (!found) continue;
    if (!byId("way").children[2].className) mark(2, "");
    mark(3, since());
    byId("fate").textContent = "The test event was accepted, and is in the profile of its person.";
    byId("command").textContent = "waymark profile show anon:" + id;
    byId("person").hidden = false;
    byId("show").setAttribute("aria-expanded", "false");
    byId("show").onclick = () => showPerson(id, found);
    return;
  }
  byId("fate").textContent = "It has not come through yet. What waits in the queue stands above; the log of Process tells more.";
}

async function showPerson(id, profile) {
  const story = byId("story");
  const isOpen = byId("show").getAttribute("aria-expanded") === "true";
  byId("show").setAttribute("aria-expanded", String(!isOpen));
  story.hidden = isOpen;
  if (isOpen) return;
  story.replaceChildren();
  const say = (name, text) => {
    add(story, "dt", "", name);
    add(story, "dd", "", text);
  };
  say("Person", profile.person);
  say("Stage", profile.stage.current || "none yet");
  say("Touchpoints", String(profile.touchpoints));
  const timeline = await read("v1/profiles/anon:" + id + "/timeline", workspaceKey);
  for (const t of timeline.items) say(t.time, [t.type, t.event ?? t.name].filter(Boolean).join(" "));
}

const opened = await open();
workspaceKey = opened.key;
chooseSource(opened.workspace.sources);
byId("send").onclick = async () => {
  byId("send").disabled = true;
  await sendTest().catch((refusal) => (byId("fate").textContent = refusal.message));
  byId("send").disabled = false;
};
tellState();
follow(workspaceKey, () => true, showEvents);
