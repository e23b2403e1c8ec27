// The npm package: the tracker begins when it is told to, with options instead of attributes.
import { start } from './core'
import { experiments } from './experiments'
import { extras } from './extras'
import type { Api, Options } from './types'

// init starts the tracker in a browser. A second call gives the first one's tracker; on a server, where there is no page, nothing is done.
export const init = (options: Options & { full?: boolean }): Api | undefined => {
  if (typeof window == 'undefined') return
  const running = (window as any)[options.name || 'waymark']
  return running?.version ? running : start(options, options.full ? (api, listen, address, read) => {
    experiments(options, api, read)
    extras(api, listen, address)
  } : undefined)
}
