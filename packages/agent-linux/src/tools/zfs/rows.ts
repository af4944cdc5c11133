import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { unexpected } from '../unexpected.ts'

/** What `-p` prints of a size; `-`: it has none. */
export const ZfsBytes = z
  .string()
  .regex(/^\d{1,16}$/u)
  .transform(Number)
  .refine(Number.isSafeInteger)
export const ZfsBytesOrNone = z.union([z.literal('-').transform(() => null), ZfsBytes])

interface ZfsRows<Row> {
  readonly tool: 'zfs' | 'zpool'
  readonly args: readonly string[]
  readonly row: z.ZodObject<Record<string, z.ZodType>> & z.ZodType<Row>
}

/** `zfs list` or `zpool list` with tabs and without a heading (`-Hp`), which every version has: the columns are those of the row. */
export function zfsRows<Row>({ tool, args, row }: ZfsRows<Row>): ToolCommand<readonly Row[]> {
  const columns = Object.keys(row.shape)
  return {
    tool,
    args: [...args, '-Hp', '-o', columns.join(',')],
    parse(output) {
      return stdoutText(output)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const cells = line.split('\t')
          // Only a mount point, which is the last column, may have a tab in it.
          const last = cells.slice(columns.length - 1).join('\t')
          const parsed = row.safeParse(
            Object.fromEntries(
              columns.map((name, at) => [name, at === columns.length - 1 ? last : cells[at]]),
            ),
          )
          if (!parsed.success) throw unexpected(tool, output, `its answer is not what ${tool} list prints`)
          return parsed.data
        })
    },
  }
}
