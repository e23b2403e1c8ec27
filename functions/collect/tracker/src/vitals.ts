// The core web vitals of the page that was loaded, by the definitions of web.dev: milliseconds since the visitor began to wait, except cls.
import type { Bag } from './types'

// vitals begins to measure. What it gives has been measured until then, once: a later view without a load has none.
export const vitals = (): (() => Bag) => {
  let lcp = 0, cls = 0, shifts = 0, first = 0, latest = 0, told = false
  const interactions: Record<number, number> = {}
  const observe = (type: string, f: (e: any) => void): void => {
    try {
      new PerformanceObserver(list => list.getEntries().map(f)).observe({ type, buffered: true, durationThreshold: 40 } as any)
    } catch (e) { } // a browser that does not measure this
  }
  const load: any = performance.getEntriesByType('navigation')[0] || {}
  const waited = (time: number): number => Math.max(0, Math.round(time - (load.activationStart || 0)))
  observe('largest-contentful-paint', e => lcp = e.startTime)
  // The worst burst of shifts: less than a second apart, five seconds at most.
  observe('layout-shift', e => {
    if (e.hadRecentInput) return
    if (e.startTime - latest > 1000 || e.startTime - first > 5000) {
      shifts = 0
      first = e.startTime
    }
    latest = e.startTime
    cls = Math.max(cls, shifts += e.value)
  })
  observe('event', e => { if (e.interactionId) interactions[e.interactionId] = Math.max(interactions[e.interactionId] || 0, e.duration) })
  return () => {
    if (told) return {}
    told = true
    // One of fifty interactions may be slower than what counts.
    const slowest = Object.values(interactions).sort((a, b) => b - a)
    return {
      ttfb_ms: load.responseStart && waited(load.responseStart), lcp_ms: lcp ? waited(lcp) : undefined, cls: Math.round(cls * 1e4) / 1e4,
      inp_ms: slowest[Math.floor(slowest.length / 50)],
    }
  }
}
