// Sends stories with clients for browsers, each on a page of its own in headless Chromium: node browser.mjs.
//
// Input and output are those of server.mjs; besides, a story has the address of its page, and one that answers 200 once everything came. The page
// has a function tell(story). The error is what the page said in its console.
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import snippet from '@segment/snippet'
import { chromium } from 'playwright-core'

// A beacon that is sent while a page is left ignores the agent of the page and says HeadlessChrome, which is a bot: only the command line helps.
const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36'

const longest = 60_000 // milliseconds, for whatever a page does

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--ignore-certificate-errors', `--user-agent=${agent}`]
})

// arrived waits until the test says that everything came which the story sends.
async function arrived (story) {
  const patience = Date.now() + longest
  while ((await fetch(story.done)).status !== 200) {
    if (Date.now() > patience) throw new Error('the page does not send what the story says')
    await pause(200)
  }
}

// answers gives a function that waits until the page has heard the answers to all that it asked. The browser does not tell when a beacon ends.
function answers (page) {
  const open = new Set()
  page.on('request', request => { if (request.resourceType() !== 'ping') open.add(request) })
  page.on('response', response => open.delete(response.request())) // its body may never be read
  page.on('requestfailed', request => open.delete(request))
  return async () => {
    for (const patience = Date.now() + longest; open.size > 0 && Date.now() < patience;) await pause(50)
    await pause(300) // for what the page does with them
  }
}

async function tell (story) {
  story.snippet = snippet.min({ apiKey: story.writeKey, host: new URL(story.cdnHost).host })
  const said = []
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  page.setDefaultTimeout(longest)
  page.on('console', message => { if (message.type() === 'error') said.push(message.text()) })
  page.on('pageerror', error => said.push(String(error)))
  const heard = answers(page)
  await page.goto(story.page)
  await page.evaluate(story => globalThis.tell(story), story)
  const reason = await arrived(story).then(() => '', error => error.message)
  if (reason) said.push(reason)
  await heard()
  await page.goto('about:blank') // whatever waits for the end of the page is sent now, a second time if the client has a fault
  await context.close()
  return said.join('; ')
}

const stories = []
for await (const line of createInterface({ input: process.stdin })) stories.push(JSON.parse(line))
const ended = await Promise.allSettled(stories.map(tell))
for (const { value, reason } of ended) {
  const error = reason ? String(reason.message ?? reason) : value
  console.log(JSON.stringify({ success: error === '', error }))
}
await browser.close()
