import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './programs.ts'

const completions = {
  bash: 'share/bash-completion/completions/varve',
  fish: 'share/fish/vendor_completions.d/varve.fish',
  powershell: 'share/varve/varve.ps1',
  zsh: 'share/zsh/site-functions/_varve',
}

/** What the command prints. */
async function varve(...args: readonly string[]): Promise<string> {
  const program = join(root, 'packages/cli/bin/varve.mjs')
  return (await promisify(execFile)(process.execPath, [program, ...args])).stdout
}

/** Writes the manual and the completions below `prefix`, where packages of systems have them; gives their paths. */
export async function writeManual(prefix: string): Promise<string[]> {
  const pages = JSON.parse(await varve('man', '--list', '--json')) as { page: string; text: string }[]
  const texts = new Map(pages.map(({ page, text }) => [`share/man/man1/${page}.1`, text]))
  for (const [shell, path] of Object.entries(completions)) texts.set(path, await varve('completion', shell))
  for (const [path, text] of texts) {
    await mkdir(join(prefix, path, '..'), { recursive: true })
    await writeFile(join(prefix, path), text)
  }
  return [...texts.keys()]
}

const [, self, prefix] = process.argv
if (self === import.meta.filename) {
  if (prefix === undefined) throw new Error('Say the folder: node tooling/bundle/src/write-manual.ts FOLDER')
  process.stdout.write(`${(await writeManual(prefix)).join('\n')}\n`)
}
