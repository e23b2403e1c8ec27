import type { Options } from './types'

// options are those of the script tag. Events go to where the script came from, unless data-host says otherwise: that is its address without the
// name of the file, and without the folder of a version (/wm/1.0.0-0123456789). An edge may call the files as it likes.
export const options = (): Options => {
  const tag: any = document.currentScript
  return { host: tag.src.replace(/(\/[^/]+\/[\d.]+-\w+)?\/[^/]+$/, ''), ...tag.dataset }
}
