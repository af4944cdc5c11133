import { mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { shellWord } from '@varve/operations/plans/shown'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../exit-codes.ts'
import { varveHere, varveJson } from '../testing/varve-here.ts'

let place: TempPlace
let lib: string

beforeEach(async () => {
  place = await tempPlace()
  lib = place.file("it's a lib")
  await mkdir(lib)
  vi.stubEnv('VARVE_STATE', place.file('state'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await place[Symbol.asyncDispose]()
})

const at = (name: string) => join(lib, name)
async function create(name: string, parent?: string): Promise<void> {
  const backing = parent === undefined ? [] : ['-u', '-F', 'qcow2', '-b', parent]
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, at(name), '8M'])
}

/** Everything in the library but what Varve keeps there for itself. */
async function names(): Promise<readonly string[]> {
  const all = await readdir(lib, { recursive: true })
  return all.filter((name) => !name.includes('.varve-quarantine')).toSorted()
}

interface Answer {
  readonly findings: readonly { readonly id: string; readonly file: string }[]
  readonly mended: readonly {
    readonly id: string
    readonly file: string
    readonly became: 'mended' | 'planned' | 'left'
    readonly result: { readonly kind?: string } | null
    readonly error?: { readonly code: string }
  }[]
}
const answered = async (...args: readonly string[]) => (await varveJson('doctor', lib, ...args)) as Answer
const fixed = async (...args: readonly string[]) => answered('--fix', ...args)
const shortly = ({ mended }: Answer) =>
  mended.map(({ id, file, became }) => [id, file.slice(lib.length + 1), became])

/** Two that an operation mends, one that it cannot, one that asks by name, and one that only a person mends. */
async function makeSickLibrary(): Promise<void> {
  await mkdir(at('bases'))
  await create('bases/moved.qcow2')
  await create('child.qcow2', 'moved.qcow2')
  await create('gone.qcow2', 'nowhere.qcow2')
  await create('one.vmdk')
  await create('taken.vmdk')
  await writeFile(at('taken.qcow2'), 'not an image')
  await mkdir(at('vms'))
  await create('vms/old.qcow2')
  await writeFile(at('vms/vm.xml'), '<domain><source file="/x/other.qcow2"/></domain>')
  const long = new Date(Date.now() - 400 * 24 * 3600 * 1000)
  await utimes(at('vms/old.qcow2'), long, long)
}

describe.skipIf(!requires('qemu-img'))('varve doctor', () => {
  test('says that nothing is to be mended, for people and for scripts', async () => {
    await create('web.qcow2')
    expect(await varveHere('doctor', lib)).toEqual({
      exitCode: exitCodes.ok,
      stdout: `${lib}: 1 image, 1 file looked at\nNothing is to be mended.`,
      stderr: '',
    })
    expect(await varveJson('doctor', lib)).toEqual({
      folder: lib,
      images: 1,
      looked: 1,
      unseen: null,
      findings: [],
    })
    const { exitCode, stdout } = await varveHere('doctor', lib, '--fix')
    expect([exitCode, stdout.split('\n').at(-1)]).toEqual([
      exitCodes.ok,
      'Nothing is there that an operation mends.',
    ])
  })

  test('tells each finding with its command, and with its wish for programs', async () => {
    await create('disk.vmdk')
    await symlink('gone.raw', at('link.raw'))
    const { exitCode, stdout } = await varveHere('doctor', lib)
    expect(exitCode).toBe(exitCodes.different)
    expect(stdout.split('\n')).toEqual([
      `${lib}: 1 image, 1 file looked at`,
      `warn  wrong-ending  L1 "${at('disk.vmdk')}": its name says another format; it is QCOW2`,
      '      Give it the ending of what it is.',
      `      varve move ${shellWord(at('disk.vmdk'))} ${shellWord(at('disk.qcow2'))} --folder ${shellWord(lib)}`,
      `warn  link-dangling  L1 "${at('link.raw')}": it is a link to "gone.raw", which is not there`,
      '      Put the file back to where it leads, or remove the link: it holds nothing.',
    ])
    expect(await varveJson('doctor', lib)).toMatchObject({
      findings: [
        {
          id: 'wrong-ending',
          command: ['varve', 'move', at('disk.vmdk'), at('disk.qcow2'), '--folder', lib],
          wish: {
            operation: 'move',
            request: { source: at('disk.vmdk'), target: at('disk.qcow2'), folders: [lib] },
          },
        },
        { id: 'link-dangling', command: null, wish: null },
      ],
    })
  })

  test('options of --fix without it are a wrong use', async () => {
    for (const option of ['--accept=x', '--wait'])
      expect((await varveHere('doctor', lib, option)).exitCode).toBe(exitCodes.usage)
    expect((await varveHere('doctor', lib, '--fix', '--host', 'h', '--detach')).exitCode).toBe(
      exitCodes.usage,
    )
  })
})

describe.skipIf(!requires('qemu-img'))('varve doctor --fix', () => {
  test('without a terminal and without --yes changes nothing and asks for consent', async () => {
    await makeSickLibrary()
    const before = await names()
    for (const args of [[], ['--json']]) {
      const { exitCode, stderr } = await varveHere('doctor', lib, '--fix', ...args)
      expect(exitCode).toBe(exitCodes.needsConsent)
      expect(stderr).toContain('one.vmdk')
    }
    const { stderr } = await varveHere('doctor', lib, '--fix')
    const lines = stderr.split('\n')
    expect(lines.filter((line) => line.includes('one.vmdk'))).toEqual([
      `warn  wrong-ending  L1 "${at('one.vmdk')}": its name says another format; it is QCOW2`,
      `      varve move ${shellWord(at('one.vmdk'))} ${shellWord(at('one.qcow2'))} --folder ${shellWord(lib)}`,
    ])
    expect(lines.find((line) => line.includes('needs your word'))).toMatch(/\d findings would be mended\.$/u)
    expect(await varveJson('doctor', lib, '--fix')).toMatchObject({
      error: { code: 'needs-consent', details: { yes: true } },
    })
    expect(await names()).toEqual(before)
  })

  test('--plan shows the plan of each, tells what has none, and changes nothing', async () => {
    await makeSickLibrary()
    const before = await names()
    const answer = await fixed('--plan')
    expect(shortly(answer)).toEqual([
      ['parent-moved', 'child.qcow2', 'planned'],
      ['wrong-ending', 'one.vmdk', 'planned'],
      ['orphan', 'vms/old.qcow2', 'planned'],
    ])
    expect(answer.mended.map(({ result }) => result?.kind)).toEqual(['plan', 'plan', 'plan'])
    const { exitCode, stdout } = await varveHere('doctor', lib, '--fix', '--plan')
    expect(exitCode).toBe(exitCodes.different)
    expect(stdout).toContain('3 can be mended.')
    expect(stdout).toContain(`and the name "${at('taken.qcow2')}" is taken`)
    expect(stdout).toContain('parent-missing')
    expect(await names()).toEqual(before)
  })

  test('--script prints a runbook for each that the shell carries out', async () => {
    await create('one.vmdk')
    const { exitCode, stdout } = await varveHere('doctor', lib, '--fix', '--script')
    expect(exitCode).toBe(exitCodes.different)
    expect(stdout.startsWith('#!/bin/sh\n')).toBe(true)
    expect(stdout).toContain('varve do move-image')
    expect(await names()).toEqual(['one.vmdk'])
  })

  test('--yes mends what can be, tells what cannot, and goes on after it', async () => {
    await makeSickLibrary()
    const answer = await fixed('--yes')
    expect(shortly(answer)).toEqual([
      ['parent-moved', 'child.qcow2', 'left'],
      ['wrong-ending', 'one.vmdk', 'mended'],
      ['orphan', 'vms/old.qcow2', 'mended'],
    ])
    expect(answer.mended[0]?.error?.code).toBe('needs-consent')
    expect(await names()).toEqual([
      'bases',
      'bases/moved.qcow2',
      'child.qcow2',
      'gone.qcow2',
      'one.qcow2',
      'taken.qcow2',
      'taken.vmdk',
      'vms',
      'vms/vm.xml',
    ])
    const [entry = ''] = await readdir(at('vms/.varve-quarantine'))
    expect(await readdir(at(`vms/.varve-quarantine/${entry}/files`))).toEqual(['old.qcow2'])
  })

  test('what asks by name is mended when it is accepted by name', async () => {
    await mkdir(at('bases'))
    await create('bases/moved.qcow2')
    await create('child.qcow2', 'moved.qcow2')
    const { exitCode, stdout } = await varveHere(
      'doctor',
      lib,
      '--fix',
      '--yes',
      '--accept',
      'parent-unproven',
    )
    expect([exitCode, stdout.split('\n').at(-1)]).toEqual([exitCodes.ok, '1 mended.'])
    const { chain } = await inspectFile(at('child.qcow2'), { roots: null })
    expect(chain.map(({ path }) => path)).toEqual([at('child.qcow2'), at('bases/moved.qcow2')])
    expect((await varveHere('doctor', lib)).exitCode).toBe(exitCodes.ok)
  })

  test('a parent that is only guessed is not named without a word, though it could be compared with itself', async () => {
    await create('base.qcow2')
    await create('child.qcow2', '/not/there/base.qcow2')
    expect(shortly(await fixed('--yes'))).toEqual([['parent-moved', 'child.qcow2', 'left']])
    expect(shortly(await fixed('--yes', '--accept', 'parent-unproven'))).toEqual([
      ['parent-moved', 'child.qcow2', 'mended'],
    ])
    expect(await answered()).toMatchObject({ findings: [] })
  })

  test('what an earlier mending touched is looked at afresh: two children of one parent move it once', async () => {
    await mkdir(at('.hidden'))
    await create('.hidden/base.qcow2')
    await mkdir(at('sub'))
    const children = ['a.qcow2', 'sub/b.qcow2']
    for (const name of children) await create(name, at('.hidden/base.qcow2'))
    const { findings } = await answered()
    expect(findings.map(({ id }) => id)).toEqual(['parent-outside', 'parent-outside'])
    const { exitCode, stdout } = await varveHere('doctor', lib, '--fix', '--yes')
    expect([exitCode, stdout.split('\n').at(-1)]).toEqual([exitCodes.ok, '1 mended.'])
    // Each names it exactly: nothing is guessed.
    for (const name of children) {
      const info = await runToolOk('qemu-img', ['info', '--output=json', at(name)])
      expect(JSON.parse(info)).toMatchObject({ 'full-backing-filename': at('base.qcow2') })
    }
  })

  test('a parent outside the folder stays where it is: others may stand on it too', async () => {
    for (const folder of ['tmpl', 'p1', 'p2']) await mkdir(at(folder))
    await create('tmpl/golden.qcow2')
    const children = ['p1/vm1.qcow2', 'p2/vm2.qcow2']
    for (const name of children) await create(name, at('tmpl/golden.qcow2'))
    const { exitCode, stdout } = await varveHere('doctor', at('p1'), '--fix', '--yes')
    expect(exitCode).toBe(exitCodes.different)
    expect(stdout).toContain('Images in other folders may stand on it too.')
    expect(await names()).toEqual(['p1', 'p1/vm1.qcow2', 'p2', 'p2/vm2.qcow2', 'tmpl', 'tmpl/golden.qcow2'])
    for (const name of children) await runToolOk('qemu-img', ['check', '-q', at(name)])
  })

  test('an image with a wrong ending is renamed together with what names it elsewhere in the folder', async () => {
    for (const folder of ['bases', 'vms']) await mkdir(at(folder))
    await create('bases/base.vmdk')
    await create('vms/web.qcow2', at('bases/base.vmdk'))
    expect(shortly(await fixed('--yes'))).toEqual([['wrong-ending', 'bases/base.vmdk', 'mended']])
    const info = await runToolOk('qemu-img', ['info', '--output=json', at('vms/web.qcow2')])
    expect(JSON.parse(info)).toMatchObject({ 'full-backing-filename': at('bases/base.qcow2') })
  })

  test('what is left is told as it is after the mending', async () => {
    await create('one.vmdk')
    await create('two.qcow2')
    const { exitCode, stdout } = await varveHere('doctor', lib, '--fix', '--yes')
    expect(exitCode).toBe(exitCodes.ok)
    const left = stdout.slice(stdout.indexOf('1 mended.'))
    expect(left).toContain('maybe-duplicate')
    expect(left).toContain('one.qcow2')
    expect(left).not.toContain('one.vmdk')
  })

  test('of an orphan that has a twin only one goes; both are in quarantine only when both are orphans', async () => {
    await mkdir(at('vms'))
    await create('vms/old.qcow2')
    await create('young.qcow2')
    await writeFile(at('vms/vm.xml'), '<domain><source file="/x/other.qcow2"/></domain>')
    const long = new Date(Date.now() - 400 * 24 * 3600 * 1000)
    await utimes(at('vms/old.qcow2'), long, long)
    const answer = await fixed('--digest', '--yes')
    expect(answer.findings.map(({ id }) => id)).toEqual(['orphan', 'duplicate'])
    expect(shortly(answer)).toEqual([['orphan', 'vms/old.qcow2', 'mended']])
    expect(await names()).toContain('young.qcow2')
  })

  test('never removes anything for good: leftovers and quarantines that are over keep their own commands', async () => {
    await create('web.qcow2')
    const staged = at('.web.raw.00000000000b.part')
    await writeFile(staged, 'x')
    await utimes(staged, 0, 0)
    expect((await varveHere('delete', at('web.qcow2'), '--yes')).exitCode).toBe(exitCodes.ok)
    vi.setSystemTime(Date.now() + 400 * 24 * 3600 * 1000)
    try {
      const answer = await fixed('--yes')
      expect(answer.findings.map(({ id }) => id)).toEqual(['leftover', 'quarantine-over'])
      expect(answer.mended).toEqual([])
    } finally {
      vi.useRealTimers()
    }
    expect(await readdir(lib)).toEqual(
      expect.arrayContaining(['.web.raw.00000000000b.part', '.varve-quarantine']),
    )
    await rm(staged)
  })
})
