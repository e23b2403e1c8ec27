// The script that a page loads: core, with the options of its script tag.
import { start } from './core'
import { options } from './tag'

start(options())
