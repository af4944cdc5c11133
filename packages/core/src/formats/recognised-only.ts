import { DiskError } from '../problems/disk-error.ts'
import { problemFromError } from '../problems/problem.ts'
import { noFacts } from './facts-or-problem.ts'
import { isRecognisedAs } from './detect-format.ts'
import type { FormatDriver } from './format-driver.ts'
import { formatRules, type FormatName } from './format-rules.ts'

/** The driver of a format that Varve knows by sight only: `inspect` says so, `openLayer` throws `unsupported-format`. */
export function recognisedOnly(format: FormatName): FormatDriver {
  const { label } = formatRules[format]
  const refusal = (file: string) =>
    new DiskError('unsupported-format', { file, format: label, reason: 'it is recognised, but not read' })
  return {
    format,
    recognises: (ends) => isRecognisedAs(format, ends),
    async inspect(file) {
      return { ...noFacts(format), problems: [problemFromError(refusal(file.path))] }
    },
    async openLayer(file) {
      throw refusal(file.path)
    },
  }
}
