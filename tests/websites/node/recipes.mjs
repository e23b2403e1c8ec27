// Runs the code of a recipe and prints as JSON what came of it. package websites_test takes the code out of docs/recipes.md and says what it should be.
//
//	node recipes.mjs NAME FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const require = createRequire(import.meta.url);
const [name, ...files] = process.argv.slice(2);
const read = (n) => readFileSync(files[n], "utf8");

/** nextjs matches paths against the rewrites, as Next.js does with the same library, and renders the layout. */
async function nextjs() {
  const { match, compile } = require("path-to-regexp");
  const { default: config } = await import(pathToFileURL(files[0]));
  const rules = await config.rewrites();
  const to = (path) => {
    for (const { source, destination } of rules) {
      const found = match(source)(path);
      if (!found) continue;
      const { origin, pathname } = new URL(destination);
      return origin + compile(pathname)(found.params);
    }
    return "";
  };
  const { code } = require("sucrase").transform(read(1), { transforms: ["typescript", "jsx", "imports"], production: true });
  const element = (type, props, ...children) => ({ type: type.name ?? type, ...props, children });
  const exports = {};
  vm.runInNewContext(code, {
    exports,
    React: { createElement: element },
    require: (module) => ({ "next/script": { __esModule: true, default: { name: "Script" } } })[module],
  });
  const paths = ["/wm.js", "/v1/track", "/v1/batch", "/v1/pixel.gif", "/v1/profiles", "/v1/status", "/v1/track/x", "/", "/about"];
  return { rewrites: Object.fromEntries(paths.map((path) => [path, to(path)])), layout: exports.default({ children: "page" }) };
}

/** wordpress gives the names of the hooks, and of the functions that are called. */
function wordpress() {
  const { Engine } = require("php-parser");
  const tree = new Engine({ parser: { suppressErrors: false } }).parseCode(read(0), "waymark.php");
  const calls = [];
  const hooks = [];
  (function walk(node) {
    if (!node || typeof node !== "object") return;
    if (node.kind === "call" && node.what.kind === "name") {
      calls.push(node.what.name);
      if (/^add_(action|filter)$/.test(node.what.name)) hooks.push(node.arguments[0].value);
    }
    for (const value of Object.values(node)) Array.isArray(value) ? value.forEach(walk) : walk(value);
  })(tree);
  return { hooks, calls: [...new Set(calls)].sort() };
}

/** theme renders the theme's piece on a page of a product and on another, and runs its scripts. */
async function theme() {
  const { Liquid } = await import("liquidjs");
  const engine = new Liquid({ strictFilters: true });
  const product = { id: 7, title: 'The "Lamp" </script>', selected_or_first_available_variant: { sku: "L-1", price: 1290 } };
  const shop = { currency: "EUR" };
  const of = async (template) => {
    const html = await engine.parseAndRender(read(0), { template: { name: template }, product, shop });
    const window = {};
    for (const [, script] of html.matchAll(/<script>(.*?)<\/script>\s*(?=<|$)/gs)) vm.runInNewContext(script, { window });
    return { html, pushed: window.waymark ?? [] };
  };
  return { product: await of("product"), other: await of("index") };
}

const money = (amount) => ({ amount, currencyCode: "EUR" });
const variant = { sku: "L-1", price: money(12.9), product: { id: "7", title: "Lamp" } };
const checkout = { currencyCode: "EUR", totalPrice: money(25.8), order: { id: "o-shopify-1" }, lineItems: [{ title: "Lamp", quantity: 2, variant }] };

/** pixel runs the custom pixel and plays a purchase. Its requests are real. */
async function pixel() {
  const listeners = {};
  const answers = [];
  vm.runInNewContext(read(0), {
    analytics: { subscribe: (event, f) => (listeners[event] = f) },
    browser: { localStorage: { getItem: async (item) => (item === "wm_id" ? "visitor-1" : null) } },
    fetch: async (...args) => {
      const answer = await fetch(...args);
      answers.push(await answer.json());
      return answer;
    },
  });
  const begin = Date.now();
  let n = 0;
  for (const [event, data] of Object.entries({
    product_added_to_cart: { cartLine: { merchandise: variant, quantity: 2 } }, checkout_started: { checkout }, checkout_completed: { checkout },
  })) {
    await listeners[event]({
      id: "shopify-" + begin + "-" + n++, clientId: "client-1", name: event, timestamp: new Date(begin + n).toISOString(), data,
      context: { document: { location: { href: "https://shop.example/checkout" }, referrer: "", title: "Checkout" }, navigator: { userAgent: "Mozilla/5.0" } },
    });
  }
  return { listeners: Object.keys(listeners), answers, prefix: "shopify-" + begin };
}

/** gtm runs the tag over a dataLayer with events from before and after. */
function gtm() {
  const made = [];
  const window = {
    dataLayer: [
      { event: "gtm.js" },
      { event: "view_item", ecommerce: { currency: "EUR", value: 12.9, items: [{ item_id: "7", item_name: "Lamp", price: 12.9, quantity: 1 }] } },
    ],
  };
  const document = { createElement: (type) => ({ type, setAttribute(k, v) { this[k] = v; } }), head: { appendChild: (e) => made.push(e) } };
  vm.runInNewContext(read(0), { window, document, Object, String });
  window.dataLayer.push({ event: "toString" }, null);
  window.dataLayer.push(["event", "search", { search_term: "lamps" }]);
  window.dataLayer.push({
    event: "purchase", ecommerce: { transaction_id: 99, currency: "EUR", value: 25.8, items: [{ item_id: "7", price: 12.9, quantity: 1 }, { item_id: "8", price: 12.9, quantity: 1 }] },
  });
  return { made, pushed: window.waymark, layer: window.dataLayer.length };
}

console.log(JSON.stringify(await { nextjs, wordpress, theme, pixel, gtm }[name]()));
