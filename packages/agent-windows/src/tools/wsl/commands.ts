import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { parseRunning, parseTrimmed, parseVersion, wslProblem } from './output.ts'

/** -1, as Windows has it. */
export const wslFailed = 4_294_967_295

/** Distributions of this account that run now; null: it does not tell. The answer starts nothing. */
export const listRunning: ToolCommand<readonly string[] | null> = {
  tool: 'wsl',
  args: ['--list', '--running', '--quiet'],
  env: { WSL_UTF8: '1' },
  expected: [0, wslFailed],
  // Where WSL is not installed, newer ones wait for a key.
  silence: { ms: 15_000 },
  parse: parseRunning,
}

/** Of WSL itself, such as `2.5.7.0`; null: one that came with Windows, and knows no such question. */
export const wslVersion: ToolCommand<string | null> = {
  tool: 'wsl',
  args: ['--version'],
  env: { WSL_UTF8: '1' },
  expected: [0, wslFailed],
  silence: { ms: 15_000 },
  parse: parseVersion,
}

/** A distribution, and its disk. */
interface OfDistribution {
  readonly image: string
  readonly distribution: string
}

/** It is started for it, where it does not run; the root of its filesystem is all of its disk. */
export function trimInside(asked: OfDistribution): ToolCommand<number | null> {
  return {
    tool: 'wsl',
    args: ['--distribution', asked.distribution, '--user', 'root', '--exec', 'fstrim', '-v', '/'],
    env: { WSL_UTF8: '1' },
    // Those of the program inside are given on.
    expected: [0, wslFailed, 1, 2, 32, 64, 126, 127],
    silence: { ms: 3_600_000, files: [asked.image] },
    parse: (output) => parseTrimmed(output, asked),
  }
}

export function terminate(asked: OfDistribution): ToolCommand<null> {
  return { ...settingOf(asked), args: ['--terminate', asked.distribution], silence: { ms: 120_000 } }
}

/** What gives nothing back but that it failed. */
function settingOf(asked: OfDistribution): Omit<ToolCommand<null>, 'args' | 'silence'> {
  return {
    tool: 'wsl',
    env: { WSL_UTF8: '1' },
    expected: [0, wslFailed],
    parse(output) {
      if (output.exitCode !== 0) throw wslProblem(output, asked)
      return null
    },
  }
}

interface Resizing extends OfDistribution {
  readonly size: number
}

/** A size without a unit is one in bytes. */
export function manageResize(resizing: Resizing): ToolCommand<null> {
  const { image, distribution, size } = resizing
  return {
    ...settingOf(resizing),
    args: ['--manage', distribution, '--resize', String(size)],
    // It checks the filesystem before, and says nothing meanwhile.
    silence: { ms: 600_000, files: [image] },
  }
}

/** Without holes its file has to be filled. */
export function manageSparse(
  asked: OfDistribution & { readonly isSparse: boolean; readonly isUnsafe: boolean },
): ToolCommand<null> {
  const { image, distribution, isSparse, isUnsafe } = asked
  return {
    ...settingOf(asked),
    args: [
      '--manage',
      distribution,
      '--set-sparse',
      String(isSparse),
      ...(isUnsafe ? ['--allow-unsafe'] : []),
    ],
    silence: { ms: 3_600_000, files: [image] },
  }
}

/** To another drive it is copied. */
export function manageMove(asked: OfDistribution & { readonly folder: string }): ToolCommand<null> {
  const { image, distribution, folder } = asked
  return {
    ...settingOf(asked),
    args: ['--manage', distribution, '--move', folder],
    silence: { ms: 3_600_000, files: [image] },
  }
}

/** The file is not there, and its name ends in `.vhdx`. */
export function exportVhd(asked: OfDistribution & { readonly file: string }): ToolCommand<null> {
  const { distribution, file } = asked
  return {
    ...settingOf(asked),
    args: ['--export', distribution, file, '--vhd'],
    silence: { ms: 600_000, files: [file] },
  }
}

/** Without a folder the file itself becomes the disk of the distribution. */
export function importVhd(asked: OfDistribution & { readonly folder: string | null }): ToolCommand<null> {
  const { image, distribution, folder } = asked
  const args =
    folder === null
      ? ['--import-in-place', distribution, image]
      : ['--import', distribution, folder, image, '--vhd']
  return { ...settingOf(asked), args, silence: { ms: 3_600_000 } }
}

export function unregister(asked: OfDistribution): ToolCommand<null> {
  return { ...settingOf(asked), args: ['--unregister', asked.distribution], silence: { ms: 120_000 } }
}
