// Goes through the pages at / and /debug in a headless Chromium and prints as JSON what was seen. package websites_test says what it should be.
//
//	node pages.mjs CHROMIUM URL SITE_KEY SERVER_KEY SECRET_KEY [FOLDER_FOR_PICTURES]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [program, url, writeKey, serverKey, secretKey, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const seen = { home: {}, debug: {}, closed: {}, violations: [], overflows: [], console: [], requests: [] };

// The agent of a headless browser is that of a bot, and what a bot does is in no timeline.
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

async function tab(path, options = {}) {
  // axe is put into the page from outside, which its policy forbids to all but the browser's driver.
  const context = await browser.newContext({ userAgent: agent, viewport: { width: 1440, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.on("console", (m) => m.type() === "error" && seen.console.push(path + ": " + m.text()));
  page.on("pageerror", (e) => seen.console.push(path + ": " + e.message));
  page.on("request", (r) => r.url().startsWith(url + "/") || r.url().startsWith("data:") || seen.requests.push(r.url()));
  if (path) await page.goto(url + path);
  return page;
}

const send = (body, key = writeKey) => fetch(url + "/v1/track", { method: "POST", headers: { authorization: "Basic " + btoa(key + ":") }, body });
const text = (page, id) => page.locator("#" + id).innerText();

/** check looks at a page in both themes, and whether it fits into two widths. */
async function check(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 320]) {
      await page.setViewportSize({ width, height: 900 });
      const place = `${name} ${colorScheme} ${width}`;
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) seen.overflows.push(place);
      if (shots) await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${width}.png`, fullPage: true });
      if (width === 320) continue; // the same elements in the same colours
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run());
      for (const v of found.violations) seen.violations.push(`${place}: ${v.id} at ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

/** home sends a test event and sees it arrive. */
async function home() {
  const page = await tab("/");
  await page.locator("#send:enabled").click();
  await page.locator("#person").waitFor();
  await page.locator("#show").click();
  await page.locator("#story dd").nth(3).waitFor();
  await page.locator("#events li").first().waitFor();
  seen.home = {
    headline: await text(page, "headline"),
    snippet: await page.locator("#snippet").textContent(),
    fate: await text(page, "fate"),
    steps: await page.locator('[id^="done-"]:visible').evaluateAll((all) => all.map((e) => e.id.slice(5))),
    way: await page.locator("#way li").evaluateAll((all) => all.map((e) => e.className)),
    story: await page.locator("#story dd").allInnerTexts(),
  };
  // The snippet, pasted into a page of a site and opened.
  const site = await page.context().newPage();
  await site.route(url + "/my-page", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Mine</title>" + seen.home.snippet }));
  await site.goto(url + "/my-page");
  await page.locator("#done-paste").waitFor();
  seen.home.pasted = await text(page, "headline");
  await site.close();
  seen.home.before = await page.locator("#advice").isHidden();
  await send(JSON.stringify({ userId: "42", event: "Order Shipped" }), serverKey);
  await page.locator("#advice:visible").waitFor();
  seen.home.advised = await text(page, "advised");
  await page.locator('[data-copy="snippet"]').click();
  seen.home.copied = await page.evaluate(() => navigator.clipboard.readText());
  await check(page, "home");
  await page.context().close();
}

const lines = (page) =>
  page.locator("#events .row:visible").evaluateAll((all) => all.map((row) => ["what", "fate", "why"].map((c) => row.querySelector("." + c).textContent).join("|")));

/** debug sees an event of each fate, filters, opens one by keyboard, and pauses. */
async function debug() {
  const page = await tab("/debug");
  await page.locator("#events .row").first().waitFor(); // the test event
  const before = await page.locator("#events .row").count();
  await send(JSON.stringify({ userId: "42", event: "Signed Up", messageId: "good-1" }));
  await page.locator("#events .row").nth(before).waitFor();
  await send(JSON.stringify({ userId: "42", messageId: "bad-1" }));
  await page.locator("#events .row").nth(before + 1).waitFor();
  await send("{");
  await page.locator("#events .row").nth(before + 2).waitFor();
  seen.debug.lines = (await lines(page)).slice(0, 3);
  await check(page, "debug");

  await page.locator("#fate").selectOption("rejected");
  seen.debug.rejected = (await lines(page)).filter((l) => !l.includes("✕rejected")).concat((await lines(page)).slice(0, 1));
  seen.debug.address = await page.evaluate(() => location.pathname + location.search + location.hash);
  await page.locator("#pause").focus();
  await page.keyboard.press("Tab"); // Forget the key
  await page.keyboard.press("Tab"); // the only line
  await page.keyboard.press("Enter");
  const details = await page.locator("#events dl:visible dd").evaluateAll((all) => all.map((dd) => dd.firstChild.textContent));
  seen.debug.details = details.slice(0, 3);
  await check(page, "details");
  await page.locator("#fate").selectOption("");

  await page.locator("#pause").click();
  await send(JSON.stringify({ userId: "42", event: "While Paused" }));
  await page.waitForTimeout(2500); // it would be there by now
  seen.debug.paused = String((await page.locator("#events .row").count()) - before);
  await page.locator("#pause").click();
  await page.locator("#events .row").nth(before + 3).waitFor();
  seen.debug.goneOn = String((await page.locator("#events .row").count()) - before);
  await page.locator("#forget").click();
  await page.waitForLoadState();
  seen.debug.storedAfterLeaving = await page.evaluate(() => sessionStorage.getItem("waymark-secret") ?? "");
  await page.context().close();
}

/** closed is a system that shows no keys: the page is told none, as in the cloud. */
async function closed() {
  const page = await tab("");
  const asked = [];
  page.on("request", (r) => asked.push(r.url()));
  await page.route(url + "/debug", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/data-(secret|write)="[^"]*"/g, 'data-$1=""') });
  });
  await page.goto(url + "/debug");
  await page.locator("#ask").waitFor();
  seen.closed.asked = await page.locator("#secret").evaluate((e) => e.type === "password");
  await check(page, "closed");
  const heard = seen.console.length;
  await page.locator("#secret").fill("sk_wrong");
  await page.keyboard.press("Enter");
  await page.locator("#trouble:visible").waitFor();
  seen.closed.trouble = await text(page, "trouble");
  seen.console.splice(heard); // the browser tells of the 401 that was asked for
  await page.goto("about:blank");
  await page.goto(url + "/debug#key=" + secretKey);
  await page.locator("#list").waitFor();
  seen.closed.where = await text(page, "where");
  seen.closed.address = await page.evaluate(() => location.pathname + location.search + location.hash);
  seen.closed.queryOfKeys = asked.filter((address) => address.split("#")[0].includes("sk_"));
  await page.context().close();
}

await home();
await debug();
await closed();
await browser.close();
console.log(JSON.stringify(seen));
