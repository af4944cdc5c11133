import { DiskError } from '../problems/disk-error.ts'
import { problemFromError } from '../problems/problem.ts'
import { noFacts } from './facts-or-problem.ts'
import { isRecognisedAs, readFileEnds } from './detect-format.ts'
import type { FormatDriver } from './format-driver.ts'
import { formatRules, type FormatName } from './format-rules.ts'
import type { ImageFile } from './image-files.ts'

/** The driver of a format that Varve knows by sight only: `inspect` says so, `openLayer` throws `unsupported-format`. */
export function recognisedOnly(format: FormatName): FormatDriver {
  return {
    format,
    recognises: (ends) => isRecognisedAs(format, ends),
    async inspect(file) {
      return { ...noFacts(format), problems: [problemFromError(await refusal(file, format))] }
    },
    async openLayer(file) {
      throw await refusal(file, format)
    },
  }
}

async function refusal({ path, source }: ImageFile, format: FormatName): Promise<DiskError> {
  const { label } = formatRules[format]
  if (isRecognisedAs(format, await readFileEnds(source)))
    return new DiskError('unsupported-format', {
      file: path,
      format: label,
      reason: 'it is recognised, but not read',
    })
  const reason = `it is taken for ${label}, by its name or because somebody said so, but its bytes are not those of one: it is damaged, or something else`
  return new DiskError('refused', {
    file: path,
    reason,
    remedy: 'Fetch it again, or say with -f what it really is.',
  })
}
