// Tells the story with a client for servers: node server.mjs umami|snowplow|posthog HOST. It fails if the client says that it failed.
const [name, host] = process.argv.slice(2)

const stories = {
  async umami () {
    const { Umami } = await import('@umami/node')
    const client = new Umami({ websiteId: 'b1a9f0e2-5c3d-4a77-9a52-8f0c0a2d9f11', hostUrl: host })
    const answers = [
      await client.track({ url: '/shoes', hostname: 'shop.example', title: 'Shoes', id: 'umami-node-7' }),
      await client.track({ url: '/shoes', hostname: 'shop.example', name: 'renewed', data: { months: 12 }, id: 'umami-node-7' })
    ]
    for (const answer of answers) if (!answer.ok || !(await answer.json()).success) throw new Error(`answered ${answer.status}`)
  },

  async snowplow () {
    const { newTracker, buildPageView, buildSelfDescribingEvent } = await import('@snowplow/node-tracker')
    const { hostname, port } = new URL(host)
    const tracker = newTracker(
      { namespace: 'node', appId: 'shop-web' },
      { endpoint: hostname, protocol: 'http', port, bufferSize: 1, onRequestFailure: failed => { throw new Error(JSON.stringify(failed)) } }
    )
    tracker.setUserId('snowplow-node-7')
    tracker.track(buildPageView({ pageUrl: 'https://shop.example/shoes', pageTitle: 'Shoes' }))
    tracker.track(buildSelfDescribingEvent({ event: { schema: 'iglu:com.acme/renewed/jsonschema/1-0-0', data: { months: 12 } } }))
    await tracker.flush?.()
  },

  async posthog () {
    const { PostHog } = await import('posthog-node')
    const client = new PostHog('phc_shop', { host })
    client.capture({ distinctId: 'posthog-node-7', event: '$pageview', properties: { $current_url: 'https://shop.example/shoes' } })
    client.capture({ distinctId: 'posthog-node-7', event: 'renewed', properties: { months: 12, $set: { plan: 'gold' } } })
    client.alias({ distinctId: 'posthog-node-7', alias: 'posthog-node-old' })
    await client.shutdown()
  }
}

process.on('unhandledRejection', error => { console.error(error); process.exitCode = 1 })
await stories[name]()
