// The script that takes the place of Segment's analytics.min.js: core, speaking the whole of what pages call on `analytics`. The server puts the
// write key into it. As with Segment's own, a page is counted when the page says so.
import { start } from './core'
import type { Api, Bag } from './types'

const tag: any = document.currentScript
const stored = (name: string): string | null => { try { return localStorage.getItem(name) } catch (e) { return null } }

const compat = (api: Api & Bag): void => {
  const heard: Record<string, any[]> = {}
  for (const name of ['track', 'page', 'identify', 'group', 'alias', 'reset']) {
    const tell = api[name]
    api[name] = (...a: any[]) => {
      // Segment's snippet adds where the page was to each call that it keeps for later.
      if (a[a.length - 1]?.__t == 'bpc') a.pop()
      // null in the place of properties leaves options where they are.
      if (name == 'track' && a[1] === null) a[1] = {}
      tell(...a)
      ;(heard[name] || []).map(f => f(...a))
      return Promise.resolve()
    }
  }
  const follow = (type: string) => (elements: any, event: any, properties?: any) => {
    for (const element of elements.addEventListener ? [elements] : Array.from(elements) as any[]) {
      element.addEventListener(type, () => api.track(event.call ? event(element) : event, properties?.call ? properties(element) : properties))
    }
  }
  api.trackLink = api.trackClick = follow('click')
  api.trackForm = api.trackSubmit = follow('submit')
  api.screen = (...a: any[]) => api.page(...a)
  api.ready = (f: any) => { f && f() }
  api.on = api.once = (name: string, f: any) => { (heard[name] ||= []).push(f) }
  api.off = (name: string, f: any) => { heard[name] = (heard[name] || []).filter(other => f && other != f) }
  api.user = () => ({ id: () => stored('wm_user'), anonymousId: () => stored('wm_id'), traits: () => ({}) })
  api.initialized = true
  for (const name of ['load', 'initialize', 'debug', 'timeout', 'pageview', 'use', 'addSourceMiddleware', 'addIntegrationMiddleware', 'register',
    'setAnonymousId', 'addDestinationMiddleware']) api[name] ||= () => api
}

start({
  key: '__WRITE_KEY__', name: tag.dataset.globalSegmentAnalyticsKey || 'analytics', auto: 'off', host: tag.src.replace(/\/analytics\.js\/.*/, ''), ...tag.dataset,
}, compat)
