import type { ToolCommand } from '../tool-command.ts'
import { checkOutput, type CheckOutput } from './output.ts'

/** A walk through the tables of a large image, or its repair, may say nothing for long: what it reads and writes shows that it works. */
const silence = (path: string) => ({ ms: 60_000, files: [path], io: true })

export interface RepairCheck {
  /** Absolute: only then does qemu-img take no part of it for a protocol or for JSON. */
  readonly path: string
  readonly format: string
  readonly what: 'leaks' | 'all'
}

/** `qemu-img check -r`, which changes the image in place. */
export function repairCheck({ path, format, what }: RepairCheck): ToolCommand<CheckOutput> {
  return {
    tool: 'qemu-img',
    args: ['check', '-f', format, '--output=json', '-r', what, '--', path],
    // 2: corruptions are left, 3: leaks are left.
    expected: [0, 2, 3],
    silence: silence(path),
    parse: checkOutput,
  }
}
