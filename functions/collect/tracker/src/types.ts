// Bag is a JSON object.
export type Bag = Record<string, any>

// Options are the data- attributes of the script tag, without "data-"; docs/tracker.md explains them. An option that may be on or off is on when it
// is there and not "off".
export interface Options {
  [name: string]: any
  key: string // the source's public write key
  host: string // where events go: https://collect.example, without a slash at its end
  name?: string // of the global variable that holds the tracker
}

// Api is what pages call.
export interface Api {
  version: string
  track(...a: any[]): void
  page(...a: any[]): void
  identify(...a: any[]): void
  group(...a: any[]): void
  alias(...a: any[]): void
  reset(): void
  consent(given: boolean | Bag): void
  push(call: any[]): void
  variant?(experiment: string, told?: (variant: string) => void): string | undefined // of the full build
}

// Extend adds to the tracker before it begins. It listens through `listen`, which lets nothing throw into the page, and reads what is stored through
// `read`, which reads nothing where it may not.
export type Read = (name: string) => any
export type Listen = (type: string, f: (e: any) => void, target?: any) => void
export type Extend = (api: Api, listen: Listen, address: () => string, read: Read) => void
