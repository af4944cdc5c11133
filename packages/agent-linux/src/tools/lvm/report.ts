import { stdoutText, type ToolCommand, type ToolOutput } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { unexpected } from '../unexpected.ts'

/** A number of LVM's reports: text in bytes, without a unit. */
export const LvmBytes = z
  .string()
  .regex(/^\d{1,16}$/u)
  .transform(Number)
  .refine(Number.isSafeInteger)

/** A part of a hundred with two digits; empty: LVM does not know it, as the volume is not active. */
export const LvmPercent = z
  .string()
  .regex(/^(?:|\d{1,3}\.\d{2})$/u)
  .transform((text) => (text === '' ? null : Number(text)))
  .refine((percent) => percent === null || percent <= 100)

interface LvmReport<Row> {
  readonly name: 'lvs' | 'vgs' | 'pvs'
  readonly of: 'lv' | 'vg' | 'pv'
  readonly row: z.ZodObject<Record<string, z.ZodType>> & z.ZodType<Row>
  readonly all?: true
}

/** `lvm lvs`, `vgs` or `pvs` as JSON: the fields that are asked for are those of the row. */
export function lvmReport<Row>({ name, of, row, all }: LvmReport<Row>): ToolCommand<readonly Row[]> {
  const fields = Object.keys(row.shape).join(',')
  const Report = z.object({ report: z.array(z.object({ [of]: z.array(row) })) })
  return {
    tool: 'lvm',
    args: [
      name,
      '--reportformat',
      'json',
      '--units',
      'b',
      '--nosuffix',
      ...(all ? ['--all'] : []),
      '-o',
      fields,
    ],
    parse(output) {
      const parsed = Report.safeParse(jsonOf(output))
      if (!parsed.success) throw unexpected('lvm', output, `its answer is not what lvm ${name} prints`)
      return parsed.data.report.flatMap((part) => (part[of] ?? []) as readonly Row[])
    },
  }
}

function jsonOf(output: ToolOutput): unknown {
  try {
    return JSON.parse(stdoutText(output))
  } catch {
    return null
  }
}
