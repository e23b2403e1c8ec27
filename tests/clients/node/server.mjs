// Sends stories with a client for Node: node server.mjs segment|rudder.
//
// Each line of standard input is one story, {"writeKey","apiHost","sequences":[{"delayMs","events"}],"config"}; all are sent at the same time, each by
// a client of its own. Each line of standard output says how one ended, {"success","error"}; the door counts the batches.
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Analytics } from '@segment/analytics-node'
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const clients = {
  segment ({ writeKey, apiHost, config }) {
    const client = new Analytics({ writeKey, host: apiHost, ...config })
    return { client, close: () => client.closeAndFlush({ timeout: 60_000 }) }
  },
  rudder ({ writeKey, apiHost, config }) {
    const client = new RudderAnalytics(writeKey, { dataPlaneUrl: apiHost, logLevel: 'none', ...config })
    return { client, close: () => flushAll(client) }
  }
}

// flushAll flushes until nothing waits: a flush of RudderStack's client fails with the batch before it, and leaves its own events where they are.
async function flushAll (client) {
  let failed
  do {
    await client.flush().catch(error => { failed = error })
  } while (client.queue.length > 0)
  if (failed) throw failed
}

async function tell (make, story) {
  const { client, close } = make(story)
  for (const { delayMs, events } of story.sequences) {
    await pause(delayMs)
    for (const { type, timestamp, ...call } of events) {
      client[type](timestamp ? { ...call, timestamp: new Date(timestamp) } : call)
    }
  }
  await close()
}

// The client of RudderStack rejects promises that nobody holds when a batch is given up; Node would end the program.
let unhandled = 0
process.on('unhandledRejection', () => { unhandled++ })

const stories = []
for await (const line of createInterface({ input: process.stdin })) stories.push(JSON.parse(line))
const ended = await Promise.allSettled(stories.map(story => tell(clients[process.argv[2]], story)))
for (const { status, reason } of ended) {
  console.log(JSON.stringify({ success: status === 'fulfilled', error: reason ? String(reason.message ?? reason) : '' }))
}
if (unhandled) console.error(`${unhandled} unhandled rejections`)
process.exit(0)
