import { DiskError } from '@varve/core/problems/disk-error'
import { z } from 'zod'
import { stdoutText, type ToolLine, type ToolOutput, type ToolProgress } from '../tool-command.ts'

/** What `qemu-img check --output=json` found (QEMU's qapi/block-core.json, ImageCheck); what is 0 is left out. */
const ImageCheck = z.object({
  'check-errors': z.number().default(0),
  corruptions: z.number().default(0),
  leaks: z.number().default(0),
  'corruptions-fixed': z.number().default(0),
  'leaks-fixed': z.number().default(0),
})

export interface CheckOutput {
  readonly corruptions: number
  readonly leaks: number
  readonly corruptionsFixed: number
  readonly leaksFixed: number
}

/** The bar of `-p`: `(12.34/100%)`. */
export function convertProgress({ stream, text }: ToolLine): ToolProgress | null {
  const percent = stream === 'stdout' ? /\((\d{1,3}(?:\.\d+)?)\/100%\)/u.exec(text)?.[1] : undefined
  return percent === undefined ? null : { fraction: Math.min(Number(percent) / 100, 1) }
}

/** Reads the answer; throws `tool-failed` for what no version prints, and when the check did not come to its end. */
export function checkOutput(output: ToolOutput): CheckOutput {
  const parsed = ImageCheck.safeParse(jsonOf(stdoutText(output)))
  const failed = (stderr: string) =>
    new DiskError('tool-failed', {
      file: 'qemu-img',
      tool: 'qemu-img',
      exitCode: output.exitCode,
      stderr,
    })
  if (!parsed.success) throw failed('its answer is not what qemu-img check prints')
  const { corruptions, leaks } = parsed.data
  if (parsed.data['check-errors'] > 0)
    throw failed(`${parsed.data['check-errors']} errors kept it from checking all`)
  const fixed = {
    corruptionsFixed: parsed.data['corruptions-fixed'],
    leaksFixed: parsed.data['leaks-fixed'],
  }
  return { corruptions, leaks, ...fixed }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
