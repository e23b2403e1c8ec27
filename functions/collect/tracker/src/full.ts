// The full script: core, what it sees by itself, and experiments.
import { start } from './core'
import { experiments } from './experiments'
import { extras } from './extras'
import { options } from './tag'

const o = options()
start(o, (api, listen, address, read) => {
  experiments(o, api, read)
  extras(api, listen, address)
})
