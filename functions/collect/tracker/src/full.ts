// The full script: core, and what it sees by itself.
import { start } from './core'
import { extras } from './extras'
import { options } from './tag'

start(options(), extras)
