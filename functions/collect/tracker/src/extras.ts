// What the full build sees by itself: links that lead away, downloads, forms that are sent, and of each page how long it was looked at, how far
// it was scrolled and how quick it was. Nothing that a visitor types is read.
import type { Api, Bag, Listen } from './types'
import { vitals } from './vitals'

const files = /\.(7z|apk|avi|csv|dmg|docx?|epub|exe|gz|iso|jar|key|m4a|mkv|mov|mp[34]|mpe?g|msi|od[pst]|pdf|pkg|pptx?|rar|rtf|tar|tgz|txt|wav|webm|wmv|xlsx?|xz|zip)$/i

export const extras = (api: Api, listen: Listen, address: () => string): void => {
  // A link that leads away or to a file; auxclick is the middle button. Queries may hold secrets and are cut off.
  const clicked = (e: MouseEvent): void => {
    const link: any = (e.target as Element).closest?.('a[href],area[href]')
    if (!link || e.button > 1) return
    const url = link.href.split(/[?#]/)[0], file = files.exec(link.pathname)
    if (file) api.track('File Downloaded', { file: url, extension: file[1].toLowerCase() })
    else if (/^http/.test(url) && link.host != location.host) api.track('Outbound Link Clicked', { link: url })
  }
  listen('click', clicked)
  listen('auxclick', clicked)
  listen('submit', (e: any) => {
    const said = (name: string): string | undefined => e.target.getAttribute(name) || undefined
    api.track('Form Submitted', { form: said('id') || said('name'), action: said('action')?.split(/[?#]/)[0] })
  })

  // What is measured of a page until it is left: where it is, since when it is looked at, for how long it was, how far down.
  let url = '', since = 0, engaged = 0, depth = 0, told = true
  const measured = vitals()
  const scrolled = (): void => {
    depth = Math.max(depth, Math.min(100, Math.round((scrollY + innerHeight) * 100 / document.documentElement.scrollHeight)))
  }
  const looked = (): void => {
    const now = performance.now()
    if (since) engaged += now - since
    since = document.visibilityState == 'visible' ? now : 0
  }
  // left tells of the page; of one that is looked at again, only of what came after, if it is a second or more.
  const left = (): void => {
    looked()
    if (told && engaged < 1000) return
    scrolled()
    const properties: Bag = { engaged_ms: Math.round(engaged), scroll_percent: depth, ...told ? {} : measured() }
    told = true
    engaged = 0
    api.track('Page Engaged', properties, { context: { page: { url } } })
  }
  listen('scroll', scrolled)
  listen('visibilitychange', () => document.visibilityState == 'hidden' ? left() : looked(), document)
  listen('pagehide', left)
  const page = api.page
  api.page = (...a) => {
    url && left()
    page(...a)
    url = address()
    told = false
    depth = engaged = since = 0
    looked()
  }
}
