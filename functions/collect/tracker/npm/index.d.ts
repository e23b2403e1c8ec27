/** What events say: any JSON object. */
export type Properties = Record<string, unknown>

/** What lies over an event: its context, or another time or id than the tracker would give it. */
export interface EventOptions {
  context?: Properties
  timestamp?: string | Date
  messageId?: string
  anonymousId?: string
  [name: string]: unknown
}

/** An option that may be on or off is on when it is there and not "off". */
export type Switch = '' | 'on' | 'off' | true

export interface Options {
  /** The public write key of the source. */
  key: string
  /** Where events go, such as https://collect.example, without a slash at its end. */
  host: string
  /** Links, downloads, forms, engagement and web vitals too, and experiments. */
  full?: boolean
  /** The experiments that run, such as "button=control:50,green:50;price=a:90,b:10"; with full. */
  experiments?: string
  /** The global variable that holds the tracker: waymark. */
  name?: string
  /** "off": pages are counted only when page() is called. */
  auto?: 'off' | 'on'
  /** What stands behind # is part of the page's address. */
  hash?: Switch
  /** Nothing is sent or stored until consent() is called. */
  consent?: Switch
  /** Nothing is stored, and nothing says who the visitor is. */
  cookieless?: Switch
  /** What to do where the browser sends Global Privacy Control: as with cookieless when left out; nothing is sent; nothing of the kind. */
  gpc?: 'drop' | 'off'
  /** Do Not Track is as Global Privacy Control. */
  dnt?: Switch
  /** What the site's server signs the user with: of the user id, or of user id and e-mail address. */
  proof?: string | { user?: string; email?: string }
  /** A domain, such as example.com, whose sites know a visitor together by a cookie. */
  domain?: string
  /** The console says what becomes of every event. */
  debug?: Switch
}

export interface Tracker {
  readonly version: string
  /** Something that the visitor did. */
  track(event: string, properties?: Properties | null, options?: EventOptions, done?: () => void): void
  /** A page that was looked at. */
  page(properties?: Properties | null, options?: EventOptions, done?: () => void): void
  page(name: string, properties?: Properties | null, options?: EventOptions, done?: () => void): void
  page(category: string, name: string, properties?: Properties | null, options?: EventOptions, done?: () => void): void
  /** Who the visitor is, and facts about them. */
  identify(userId: string | number, traits?: Properties | null, options?: EventOptions, done?: () => void): void
  identify(traits: Properties, options?: EventOptions, done?: () => void): void
  /** Which company or team the visitor belongs to. */
  group(groupId: string | number, traits?: Properties | null, options?: EventOptions, done?: () => void): void
  /** The visitor's new user id, and the one before. */
  alias(userId: string, previousId?: string): void
  /** Another visitor begins: after a log-out, on a shared device. */
  reset(): void
  /** true or categories: what was held is sent; false: it is dropped, with all that is stored. */
  consent(given: boolean | Record<string, boolean>): void
  /** The variant of an experiment that the visitor has; undefined of one that does not run. The visitor is exposed to it. With full. */
  variant?(experiment: string, told?: (variant: string) => void): string | undefined
  /** A call as a list, as in ["track", "Signed Up"]. */
  push(call: [string, ...unknown[]]): void
}

/** Starts the tracker in a browser; a second call gives the tracker of the first. On a server it does nothing and gives undefined. */
export function init(options: Options): Tracker | undefined
