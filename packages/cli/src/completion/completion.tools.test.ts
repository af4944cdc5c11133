import { writeFile } from 'node:fs/promises'
import { findPowershell, runPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandTable } from '../commands/command-table.ts'
import { buildProgram } from '../grammar/build-program.ts'
import { allCommands, modelOf } from '../grammar/model.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { powershellCompletion } from './powershell.ts'
import { zshCompletion } from './zsh.ts'

const model = modelOf(buildProgram(commandTable, '0', async () => {}))
const pwsh = findPowershell()

let place: TempPlace
beforeAll(async () => {
  place = await tempPlace()
  await writeFile(place.file('disk one.raw'), '')
  await writeFile(place.file('picture.png'), '')
  const texts = { bash: bashCompletion, fish: fishCompletion, ps1: powershellCompletion, zsh: zshCompletion }
  for (const [ending, textOf] of Object.entries(texts))
    await writeFile(place.file(`varve.${ending}`), textOf(model))
})
afterAll(() => place[Symbol.asyncDispose]())

/** Types lines into an interactive shell on a terminal; gives what the shell was told to print for each call of varve. */
async function typed(shell: readonly string[], lines: readonly string[], env: Record<string, string> = {}) {
  const { stdout } = await execa('script', ['-qec', shell.join(' '), '/dev/null'], {
    cwd: place.path,
    input: [...lines, 'exit', ''].join('\n'),
    reject: false,
    env: { TERM: 'dumb', HOME: place.path, ...env },
  })
  return stdout.split(/\r?\n/u).flatMap((line) => /^(?:<[^<>]*>)+$/u.exec(line.trim())?.[0] ?? [])
}

const show = `varve() { printf '<%s>' "$@"; echo; }`
const lines = ['varve conv\tdi\tx.qcow2 --dur\tsy\t', 'varve images for\t', 'varve check --un\t']
const called = [
  '<convert><disk one.raw><x.qcow2><--durability><synced>',
  '<images><format>',
  '<check><--undo>',
]

describe.skipIf(!requires('bash', 'script'))('bash', () => {
  test('the Tab key completes commands, options, their values and files', async () => {
    const start = `PS1=; bind 'set enable-bracketed-paste off'; source varve.bash; ${show}\n`
    await writeFile(place.file('rc.bash'), start)
    expect(await typed(['bash', '--noprofile', '--rcfile', 'rc.bash', '-i'], lines)).toEqual(called)
  })

  /** What the function offers for these words, the last one being written. */
  async function offered(...words: readonly string[]): Promise<string[]> {
    const array = ['varve', ...words].map((word) => `'${word}'`).join(' ')
    const script = `source varve.bash; COMP_WORDS=(${array}); COMP_CWORD=${words.length}; _varve; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await execa('bash', ['--noprofile', '--norc', '-c', script], { cwd: place.path })
    return stdout.split('\n').filter((line) => line !== '')
  }

  test('every command is offered, and after it every option', async () => {
    for (const { path, options, commands } of allCommands(model)) {
      const names = commands.map((one) => one.path.at(-1))
      expect(await offered(...path, '')).toEqual(expect.arrayContaining(names))
      const long = options.map((option) => option.long)
      expect(await offered(...path, '--')).toEqual(long.filter((name) => name.startsWith('--')))
    }
  })

  test('the value of an option is no command, and is completed after = too', async () => {
    expect(await offered('images', '--host', 'format', '--lib')).toEqual([])
    expect(await offered('convert', '--durability', '=', 'c')).toEqual(['cached'])
    expect(await offered('convert', '-O', 'vhd')).toEqual(['vhd', 'vhdx'])
  })
})

describe.skipIf(!requires('zsh', 'script'))('zsh', () => {
  test('the Tab key completes commands, options, their values and files', async () => {
    const start = `PS1=; setopt nobeep; autoload -U compinit; compinit -u -D; source ./varve.zsh; ${show}\n`
    await writeFile(place.file('.zshrc'), start)
    expect(await typed(['zsh', '-i'], lines, { ZDOTDIR: place.path })).toEqual(called)
  })
})

describe.skipIf(!requires('fish'))('fish', () => {
  async function offered(line: string): Promise<string[]> {
    const script = `source varve.fish; complete -C '${line}'`
    const { stdout } = await execa('fish', ['-N', '-c', script], {
      cwd: place.path,
      env: { HOME: place.path },
    })
    return stdout.split('\n').map((one) => one.split('\t')[0] ?? '')
  }

  test('completes commands, options, their values and files', async () => {
    expect(await offered('varve conv')).toEqual(['convert'])
    expect(await offered('varve convert --dur')).toEqual(['--durability'])
    expect(await offered('varve convert --durability ')).toEqual(['cached', 'synced'])
    expect(await offered('varve images for')).toEqual(['format'])
    expect(await offered('varve images format --lib')).toEqual(['--library'])
    expect(await offered('varve info di')).toEqual(['disk one.raw'])
    expect(await offered('varve completion ')).toEqual(['bash', 'fish', 'powershell', 'zsh'])
    expect(await offered('varve hosts ')).not.toContain('picture.png')
  })
})

describe.skipIf(pwsh === null)('PowerShell', () => {
  test('completes commands, options and their values', async () => {
    const asked = {
      'varve conv': ['convert'],
      'varve convert --dur': ['--durability'],
      'varve convert --durability ': ['synced', 'cached'],
      'varve images for': ['format'],
      'varve images format --lib': ['--library'],
      'varve check --un': ['--undo'],
    }
    const script = `$ErrorActionPreference = 'Stop'
Get-Content -Raw varve.ps1 | Invoke-Expression
foreach ($line in ${Object.keys(asked)
      .map((line) => `'${line}'`)
      .join(', ')}) {
  $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches
  ($found | ForEach-Object { $_.CompletionText }) -join ' '
}
`
    await writeFile(place.file('ask.ps1'), script)
    const said = await runPowershell(place.file('ask.ps1'), { pwsh: pwsh ?? '', cwd: place.path })
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout.split(/\r?\n/u)).toEqual(Object.values(asked).map((words) => words.join(' ')))
  })
})
