// What the pages have in common: a story as the calls of a client. In a browser the client knows who is there, so the events name nobody. Clients
// differ in how a call says when it was; that of RudderStack has no screens.
globalThis.callAll = async (story, client, when = timestamp => ({ timestamp: new Date(timestamp) })) => {
  for (const { delayMs, events } of story.sequences) {
    await new Promise(resolve => setTimeout(resolve, delayMs))
    for (const e of events) {
      switch (e.type) {
        case 'page': client.page(e.name); break
        case 'screen': client.screen?.(e.name, e.properties); break
        case 'track': client.track(e.event, e.properties, e.timestamp ? when(e.timestamp) : {}); break
        case 'identify': client.identify(e.userId, e.traits, { context: e.context }); break
        case 'group': client.group(e.groupId, e.traits); break
        case 'alias': client.alias(e.userId, e.previousId); break
      }
    }
  }
}
