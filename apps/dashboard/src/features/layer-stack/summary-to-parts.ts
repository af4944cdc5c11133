/** A piece of a layer's line; the first says the most. */
export interface SummaryPart {
  readonly text: string
  readonly weight: 'main' | 'plain' | 'warn'
}

const warnings = [/still allocated below$/u, /not unmounted cleanly$/u, /damaged/u]

/** A layer's one line, cut at its dots, with the parts that ask for attention marked. */
export function summaryToParts(summary: string): readonly SummaryPart[] {
  return summary.split(' · ').map((text, index) => {
    if (warnings.some((warning) => warning.test(text))) return { text, weight: 'warn' }
    return { text, weight: index === 0 ? 'main' : 'plain' }
  })
}
