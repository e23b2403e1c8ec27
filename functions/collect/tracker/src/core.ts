// The tracker itself, which all builds share. The rules are:
//
// Nothing of it throws into the page: what the page or the browser calls is wrapped by `safe`.
// Nothing is stored, and nothing stored is read, before consent, in cookieless mode, or where the visitor's browser says no.
// No request needs a preflight: bodies are texts, and there is no header of ours.
// An event stays in the queue, and in localStorage under a key of its own, until the server has answered. So no tab overwrites what another
// wrote, any page can send what a page before it could not, and a repeat has the same messageId, by which the server counts it once.
import type { Api, Bag, Extend, Options } from './types'

declare const VERSION: string

// ring is how many events wait at most; the oldest goes first. A batch has at most batchChars UTF-16 units, which are never more than the 64 KB
// that browsers let a page send while it is left.
const ring = 1000
const batchChars = 2e4

// Item is an event on its way: its messageId, its JSON, whether this page alone is to send it, whether it is being sent.
type Item = { i: string; j: string; own?: number; busy?: number }

export const start = (o: Options, extend?: Extend): Api => {
  const w: any = window
  const d: any = document
  const n: any = navigator
  const on = (name: string): boolean => o[name] != null && o[name] != 'off'
  const log = (...a: unknown[]): void => { on('debug') && console.log('waymark:', ...a) }
  const safe = (f: any): any => (...a: unknown[]) => { try { return f(...a) } catch (e) { log(e) } }
  const listen = (type: string, f: any, target: any = w): void => target.addEventListener(type, safe(f), true)

  const refuses = n.globalPrivacyControl && o.gpc != 'off' || on('dnt') && n.doNotTrack == 1
  const cookieless = on('cookieless') || refuses
  const silent = refuses && o.gpc == 'drop'
  let consent: any = !silent && (on('consent') ? 0 : 1) // 0: not known yet; 1: not asked for; false: refused; else what the visitor has said
  let held: Bag[] = []
  let queue: Item[] = []
  let id: any, user: any, last: any, timer: any, busy: any, wait = 0
  let referrer = d.referrer

  const uuid = (): string => [...crypto.getRandomValues(new Uint32Array(4)) as any].map(part => part.toString(36)).join('')

  // kept reads or writes what is stored, where that is allowed and the browser has any.
  const kept = (f: any): any => { if (consent && !cookieless) return safe(f)() }
  const store = (name: string, value: string): void => kept(() => localStorage.setItem(name, value))
  const remove = safe((name: string) => localStorage.removeItem(name))
  const each = safe((prefix: string, f: any) => Object.keys(localStorage).map(name => name.startsWith(prefix) && f(name)))

  // plain undoes what other trackers do to an id: percent signs, JSON quotes, and RudderStack's base64, which has quotes in it again.
  const plain = safe((s: any) => s && decodeURIComponent(s).replace(/^"|"$/g, '').replace(/^RS_ENC_v3_(.*)/, (_, coded) => plain(atob(coded))))
  const read = (name: string): any =>
    plain(kept(() => ('; ' + d.cookie).split('; ' + name + '=')[1]?.split(';')[0]) || kept(() => localStorage[name]))

  // become makes an id the visitor's.
  const become = (other: string): void => {
    store('wm_id', id = other)
    o.domain && kept(() => d.cookie = 'wm_id=' + id + ';domain=' + o.domain + ';path=/;max-age=31536000')
  }

  const drop = (item: Item): void => {
    queue = queue.filter(other => other != item)
    remove('wm_q_' + item.i)
  }
  const plan = (): void => { timer ||= setTimeout(safe(flush), wait || 50) }
  const push = (item: Item): void => {
    queue.push(item)
    queue[ring] && drop(queue[0])
    plan()
  }

  // flush sends what waits, one batch after the other. A page that is left (1) sends all batches at once and hears nothing of them: their events
  // stay stored until a later page has an answer.
  const flush = (leaving?: any): void => {
    timer = clearTimeout(timer)
    queue = queue.filter(item => item.own || kept(() => localStorage['wm_q_' + item.i]))
    let chars = 0
    const items = queue.filter(item => !item.busy && (!chars || chars + item.j.length < batchChars) && (chars += item.j.length))
    if (!chars || busy && leaving != 1) return
    const url = o.host + '/v1/beacon'
    const body = `{"writeKey":"${o.key}","sentAt":"${new Date().toISOString()}","batch":[${items.map(item => item.j)}]}`
    items.map(item => item.busy = 1)
    if (leaving == 1 && n.sendBeacon?.(url, body)) {
      items.map(item => item.own = 0)
      return flush(1)
    }
    busy = 1
    const done = (ok: any): void => {
      items.map(item => ok ? drop(item) : item.busy = 0)
      wait = ok ? 0 : Math.min(wait * 2 || 2e3, 3e5)
      busy = 0
      queue[0] && plan()
    }
    const sent: Promise<any> = w.fetch
      ? fetch(url, { method: 'POST', body, keepalive: chars < batchChars })
      : Promise.all(items.map(item => new Promise((onload, onerror) => {
        const image = new Image()
        image.onload = onload
        image.onerror = onerror
        image.src = o.host + '/v1/pixel.gif?writeKey=' + o.key + '&data=' + encodeURIComponent(btoa(unescape(encodeURIComponent(item.j))))
      })))
    sent.then(safe((r: any) => {
      r.text?.().then((text: string) => log(r.status, text)) // an answer that nobody reads uses up what a page may send while it is left
      done(!/^5|408|429/.test(r.status))
    }), () => { log('no answer'); done(0) })
  }

  // emit decides the fate of an event.
  const emit = (e: Bag): void => {
    if (consent === false) return log('not sent:', silent ? 'GPC or DNT' : 'no consent', e)
    if (!consent) return log('held', e, held.push(e))
    if (cookieless) Object.assign(e.context, { cookieless, gpc: refuses })
    else o.proof = e.context.proof ||= o.proof, e.anonymousId ||= id
    if (consent !== 1) e.context.consent = consent
    const j = JSON.stringify(e)
    store('wm_q_' + e.messageId, j)
    push({ i: e.messageId, j, own: 1 })
    log('queued', e)
  }

  const address = (): string => on('hash') ? location.href : location.href.split('#')[0]

  // call makes an event of a call in any of the forms of analytics.js: texts, then properties or traits, then options, then a callback.
  const call = (type: string, bag: string, fields: string[], a: any[]): void => {
    const texts = a.filter(x => /^[sn]/.test(typeof x))
    const bags = a.filter(x => x && typeof x == 'object')
    const more = bags[1] || {}
    const e: Bag = { type, userId: user }
    texts.map((text, i) => e[fields[type == 'page' && !texts[1] ? 1 : i]] = text)
    e[bag] = bags[0]
    if (e.userId != user) store('wm_user', user = '' + e.userId)
    if (type == 'page') {
      if (last) referrer = last
      last = address()
    }
    emit({
      ...e, messageId: uuid(), timestamp: new Date().toISOString(), ...more,
      context: { page: { url: address(), referrer, title: d.title }, ...more.context },
    })
    a.map(x => typeof x == 'function' && x())
  }

  // begin takes over what was stored by pages before this one.
  const begin = (): void => {
    const known = read('wm_id')
    user ||= known ? kept(() => localStorage.wm_user) : read('ajs_user_id')
    become(known || read('ajs_anonymous_id') || read('rl_anonymous_id') || uuid())
    kept(() => each('wm_q_', (name: string) => queue.some(item => 'wm_q_' + item.i == name) || push({ i: name.slice(5), j: localStorage[name] })))
  }

  const api: any = {
    // reset begins another visitor. What is held for consent belongs to the one before.
    reset() {
      const before = uuid()
      held.map(e => e.anonymousId ||= before)
      user = o.proof = remove('wm_user')
      become(uuid())
    },
    // consent releases what is held, or drops all that was held and stored.
    consent(given: any) {
      const events = held
      held = []
      if (consent = !silent && given || false) {
        begin()
        events.map(emit)
      } else {
        queue = []
        each('wm_', remove)
      }
    },
    push([name, ...a]: any) { api[name](...a) },
  }
  for (const [type, bag, ...fields] of [
    ['track', 'properties', 'event'], ['page', 'properties', 'category', 'name'], ['identify', 'traits', 'userId'], ['group', 'traits', 'groupId'],
    ['alias', 'traits', 'userId', 'previousId'],
  ]) api[type] = (...a: any[]) => call(type, bag, fields, a)
  for (const name in api) api[name] = safe(api[name])
  api.version = VERSION

  const moved = (how: any): void => {
    const now = address()
    if (how == 'replaceState' && now.split('?')[0] == last.split('?')[0]) last = now
    now == last || api.page()
  }
  const run = safe(() => {
    const name = o.name || 'waymark', early = w[name] || []
    if (early.version) return
    w[name] = api
    consent && begin()
    extend?.(api, listen, address, read)
    listen('visibilitychange', flush, d)
    listen('online', flush)
    listen('pagehide', () => flush(1))
    const auto = o.auto != 'off' && self == top
    listen('pageshow', (e: any) => {
      if (e.persisted) {
        queue.map(item => item.busy = busy = 0)
        plan()
        auto && api.page()
      }
    })
    if (auto) {
      api.page()
      listen('popstate', moved)
      for (const name of ['pushState', 'replaceState']) {
        const native = (history as any)[name]
        ;(history as any)[name] = function (...a: any[]) {
          native.apply(this, a)
          safe(moved)(name)
        }
      }
    }
    [].map.call(early, api.push)
  })
  d.prerendering ? listen('prerenderingchange', run, d) : run()
  return api
}
