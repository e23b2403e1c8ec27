// Which variant of an experiment a visitor has, without a request. docs/experiments.md has the rule; shared/domain/assignment has it in Go, and the
// tests of both read the same vectors.
import type { Api, Options, Read } from './types'

// hash continues a hash with the bytes of a text in UTF-8.
const hash = (h: number, text: string): number => {
  for (const byte of unescape(encodeURIComponent(text))) {
    h = Math.imul(h ^ byte.charCodeAt(0), 0x5bd1e995)
    h ^= h >>> 15
  }
  return h
}

const finished = (h: number): number => {
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35)
  return (h ^ h >>> 16) >>> 0
}

// assign gives the variant whose ticket has the lowest number. Variants are pairs of id and weight.
export const assign = (experiment: string, variants: any[], person: string): string => {
  const of = hash(0x9747b28c, experiment + '/' + person + '/')
  let best = '', lowest = 2 ** 32
  for (const [id, weight] of variants) {
    const at = hash(of, id + '/')
    for (let ticket = 0; ticket < weight; ticket++) {
      const number = finished(hash(at, '' + ticket))
      if (number < lowest || number == lowest && id < best) {
        best = id
        lowest = number
      }
    }
  }
  return best
}

// experiments adds variant(id, told), from the option `experiments`: checkout-button=control:50,green:50;price=a:90,b:10. It gives the variant, tells it
// to a function, and sends the exposure once for a visitor and variant. Who has no id that stays the same, as before consent, has the first variant,
// and is not counted. An experiment that is not in the option has none.
export const experiments = (o: Options, api: Api, read: Read): void => {
  api.variant = (experiment, told) => {
    let variant: string | undefined
    try {
      const said = ('' + o.experiments).split(';').find(e => e.split('=')[0].trim() == experiment)
      if (!said) return
      const variants = said.split('=')[1].split(',').map(v => v.trim().split(':'))
      const person = read('wm_id')
      variant = person ? assign(experiment, variants, person) : variants[0][0]
      const mark = 'wm_x_' + experiment, seen = person + ' ' + variant
      if (person && read(mark) != seen) {
        api.track('Experiment Viewed', { experiment_id: experiment, variation_id: variant })
        localStorage[mark] = seen
      }
    } catch (e) { /* the page goes on with what is known */ }
    try { told && variant && told(variant) } catch (e) { console.error(e) }
    return variant
  }
}
