import type { Options } from './types'

// options are those of the script tag. Events go to where the script came from, unless data-host says otherwise.
export const options = (): Options => {
  const tag: any = document.currentScript
  return { host: tag.src.replace(/\/wm(\/.*)?(\.full)?\.js.*/, ''), ...tag.dataset }
}
