import type { LayerReport, SummaryPart } from '../image/image-report.ts'

/** What asks for attention. */
export function warned(text: string): SummaryPart {
  return { text, tone: 'warn' }
}

/** A layer's line from its parts, as one text and apart. */
export function layerLine(parts: readonly (string | SummaryPart)[]): Pick<LayerReport, 'summary' | 'parts'> {
  const told = parts.map((part): SummaryPart =>
    typeof part === 'string' ? { text: part, tone: 'plain' } : part,
  )
  return { summary: told.map(({ text }) => text).join(' · '), parts: told }
}
