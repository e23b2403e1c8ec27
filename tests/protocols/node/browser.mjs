// Opens a page for each client in headless Chromium, lets it tell its story to a host, and leaves it: node browser.mjs SITE HOST NAME…
//
// It prints one line of JSON a page: {"name", "said": the errors in its console, "answered": method, path and status of every answer of the host}.
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'

const [site, host, ...names] = process.argv.slice(2)

// The clients send nothing from localhost, nor from a browser that says it is driven or that it is headless.
const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36'
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', `--user-agent=${agent}`, '--disable-blink-features=AutomationControlled', '--host-resolver-rules=MAP shop.example 127.0.0.1']
})

async function tell (name) {
  const said = []
  const answered = []
  const page = await (await browser.newContext()).newPage()
  page.on('console', message => { if (message.type() === 'error') said.push(message.text()) })
  page.on('pageerror', error => said.push(String(error)))
  const open = new Set()
  let last = Date.now()
  const touch = change => request => { change(request); last = Date.now() }
  page.on('request', touch(request => open.add(request)))
  page.on('requestfailed', touch(request => open.delete(request)))
  page.on('response', touch(response => { // an answer whose body nobody reads never finishes
    open.delete(response.request())
    const url = new URL(response.url())
    if (url.origin === host) answered.push(`${response.request().method()} ${url.pathname} ${response.status()}`)
  }))
  const quiet = async milliseconds => {
    const end = Date.now() + 30_000 // an answer that never comes shows in what arrived
    while (Date.now() < end && (open.size > 0 || Date.now() - last < milliseconds)) await pause(50)
  }
  await page.goto(`${site}/pages/${name}.html`)
  await page.waitForFunction(() => globalThis.tell)
  await page.evaluate(story => globalThis.tell(story), { host })
  await quiet(name === 'posthog' ? 3500 : 500) // posthog-js sends what it has every three seconds
  await page.goto('about:blank')
  await pause(1500) // how what is sent on leaving ended, nobody is told
  console.log(JSON.stringify({ name, said, answered }))
}

await Promise.all(names.map(tell))
await browser.close()
