import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { canUseLoop, partitionedDisk } from '@varve/agent-linux/testing/loop-devices'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { varveHere, varveJson } from './testing/varve-here.ts'

/** What scripts may rely on (docs/cli.md): one row for each command that changes something. */
interface Row {
  readonly name: string
  /** Done before, in the folder of the images; what it gives is handed to `call`. */
  readonly arrange?: (lib: string) => Promise<string>
  readonly call: (lib: string, arranged: string) => readonly string[]
  /** Ids of the steps of its plan. */
  readonly steps: readonly string[]
  /** Main members of the document that it prints when it is done. */
  readonly record: (lib: string) => object
  /** What is there afterwards, and what is not. */
  readonly there: readonly string[]
  readonly gone?: readonly string[]
  /** What of the host it needs besides, and how what is left of it is taken away. */
  readonly needs?: 'loop'
  /** Words by name that it needs besides `--yes`. */
  readonly accept?: string
  /** Whether it is done without `--yes` where there is no terminal: it takes nothing away. */
  readonly isFree?: true
  /** The same command about something that is not there, or cannot be it: its exit code, and the code of the error. */
  readonly bad: readonly [call: (lib: string) => readonly string[], exitCode: ExitCode, code: string]
}

const mib = 1024 ** 2
const ran = (operation: string) => () => ({
  state: 'succeeded',
  operation,
  run: expect.any(String) as string,
})
const missing = ['nothing.qcow2', exitCodes.fileRefused, 'not-found'] as const
const of = (lib: string, name: string) => join(lib, name)

/** Deletes an image; gives the id that brings it back. */
async function deleted(lib: string): Promise<string> {
  const { quarantine } = (await varveJson('delete', of(lib, 'single.qcow2'), '--yes')) as {
    readonly quarantine: string
  }
  return quarantine
}

/** A raw disk with a partition of ext4, and what is attached or mounted of it. */
async function diskIn(lib: string, ...call: readonly string[]): Promise<string> {
  const disk = of(lib, 'disk.raw')
  await mkdir(of(lib, 'from'))
  await partitionedDisk(disk, of(lib, 'from'))
  if (call.length > 0) await varveJson(...call.map((word) => (word === 'DISK' ? disk : word)))
  return disk
}

/** Where udev runs it is told to leave the device alone. */
const chosen = existsSync('/run/udev/control') ? ['reserve', 'hide'] : ['reserve']

function badImage(...words: readonly string[]): Row['bad'] {
  const [name, exitCode, code] = missing
  return [(lib) => words.map((word) => (word === 'IMAGE' ? of(lib, name) : word)), exitCode, code]
}

const rows: readonly Row[] = [
  {
    name: 'create',
    call: (lib) => ['create', of(lib, 'new.qcow2'), '--size', '40M', '--option', 'preallocation=metadata'],
    steps: ['create', 'prove', 'publish'],
    record: (lib) => ({ path: of(lib, 'new.qcow2'), format: 'qcow2', virtualSize: 40 * mib, backing: null }),
    there: ['new.qcow2'],
    isFree: true,
    bad: [
      (lib) => ['create', of(lib, 'single.qcow2'), '--size', '1M'],
      exitCodes.targetExists,
      'target-exists',
    ],
  },
  {
    name: 'create --backing',
    call: (lib) => ['create', of(lib, 'new.vmdk'), '-O', 'vmdk', '--backing', of(lib, 'disk.vmdk')],
    steps: ['create', 'publish'],
    record: (lib) => ({ format: 'vmdk', virtualSize: 4 * mib, backing: of(lib, 'disk.vmdk') }),
    there: ['new.vmdk'],
    isFree: true,
    bad: badImage('create', 'over-nothing.qcow2', '--backing', 'IMAGE'),
  },
  {
    name: 'create --profile',
    call: (lib) => ['create', of(lib, 'new.vhd'), '--size', '4M', '--profile', 'azure'],
    steps: ['create', 'prove', 'publish'],
    record: () => ({ format: 'vhd', subformat: 'fixed', virtualSize: 4 * mib }),
    there: ['new.vhd'],
    isFree: true,
    bad: [
      (lib) => ['create', of(lib, 'new.vhd'), '--size', '4000000', '--profile', 'azure'],
      exitCodes.imageRefused,
      'size-unsupported',
    ],
  },
  {
    name: 'clone',
    call: (lib) => ['clone', of(lib, 'disk.vmdk'), of(lib, 'twin.vmdk')],
    steps: ['write', 'prove', 'publish'],
    record: (lib) => ({ path: of(lib, 'twin.vmdk'), format: 'vmdk', virtualSize: 4 * mib, verified: true }),
    there: ['twin.vmdk', 'disk.vmdk'],
    isFree: true,
    bad: badImage('clone', 'IMAGE', 'twin.qcow2'),
  },
  {
    name: 'convert --with qemu-img',
    call: (lib) => ['convert', of(lib, 'single.qcow2'), of(lib, 'new.vhdx'), '--with', 'qemu-img'],
    steps: ['digest', 'write', 'prove', 'publish'],
    record: (lib) => ({ path: of(lib, 'new.vhdx'), format: 'vhdx', virtualSize: 4 * mib, verified: true }),
    there: ['new.vhdx', 'single.qcow2'],
    isFree: true,
    bad: [
      (lib) => ['convert', of(lib, 'single.qcow2'), of(lib, 'new.vmdk'), '--with', 'vmware-vdiskmanager'],
      exitCodes.internal,
      'tool-missing',
    ],
  },
  {
    name: 'snapshot create',
    call: (lib) => ['snapshot', 'create', of(lib, 'single.qcow2'), 'now'],
    steps: ['create', 'check'],
    record: ran('snapshot-create'),
    there: ['single.qcow2'],
    isFree: true,
    bad: badImage('snapshot', 'create', 'IMAGE', 'now'),
  },
  {
    name: 'snapshot create --external',
    call: (lib) => ['snapshot', 'create', of(lib, 'single.qcow2'), 'now', '--external'],
    steps: ['create', 'publish', 'check'],
    record: ran('snapshot-create'),
    there: ['single.qcow2', 'now.qcow2'],
    bad: badImage('snapshot', 'create', 'IMAGE', 'now', '--external'),
  },
  {
    name: 'snapshot apply',
    call: (lib) => ['snapshot', 'apply', of(lib, 'snap.qcow2'), 'old'],
    steps: ['keep', 'apply', 'check'],
    record: ran('snapshot-apply'),
    there: ['snap.qcow2'],
    bad: [
      (lib) => ['snapshot', 'apply', of(lib, 'snap.qcow2'), 'never'],
      exitCodes.imageRefused,
      'snapshot-missing',
    ],
  },
  {
    name: 'snapshot delete',
    call: (lib) => ['snapshot', 'delete', of(lib, 'snap.qcow2'), 'old'],
    steps: ['delete', 'check'],
    accept: 'snapshot-lost',
    record: ran('snapshot-delete'),
    there: ['snap.qcow2'],
    bad: badImage('snapshot', 'delete', 'IMAGE', 'old'),
  },
  {
    name: 'snapshot apply by id',
    call: (lib) => ['snapshot', 'apply', of(lib, 'snap.qcow2'), '1'],
    steps: ['keep', 'apply', 'check'],
    record: () => ({ state: 'succeeded', summary: 'Take snap.qcow2 back to snapshot "old"' }),
    there: ['snap.qcow2'],
    bad: [
      (lib) => ['snapshot', 'apply', of(lib, 'snap.qcow2'), '2'],
      exitCodes.imageRefused,
      'snapshot-missing',
    ],
  },
  {
    name: 'snapshot delete by id',
    call: (lib) => ['snapshot', 'delete', of(lib, 'snap.qcow2'), '1'],
    steps: ['delete', 'check'],
    accept: 'snapshot-lost',
    record: () => ({ state: 'succeeded', summary: 'Remove snapshot "old" of snap.qcow2 for good' }),
    there: ['snap.qcow2'],
    bad: [
      (lib) => ['snapshot', 'delete', of(lib, 'twice.qcow2'), '2', '--accept', 'snapshot-lost'],
      exitCodes.imageRefused,
      'snapshot-ambiguous',
    ],
  },
  {
    name: 'chain rebase',
    call: (lib) => ['chain', 'rebase', of(lib, 'over.qcow2'), '--parent', of(lib, 'other.qcow2')],
    steps: ['write', 'prove', 'replace'],
    record: ran('chain-rebase'),
    there: ['over.qcow2', 'base.qcow2', 'other.qcow2'],
    bad: [
      (lib) => ['chain', 'rebase', of(lib, 'over.qcow2'), '--parent', of(lib, 'nothing.qcow2')],
      exitCodes.fileRefused,
      'not-found',
    ],
  },
  {
    name: 'chain repoint',
    call: (lib) => ['chain', 'repoint', of(lib, 'over.qcow2'), '--parent', of(lib, 'same.qcow2')],
    steps: ['prove', 'repoint'],
    record: ran('chain-repoint'),
    there: ['over.qcow2', 'base.qcow2', 'same.qcow2'],
    bad: [
      (lib) => ['chain', 'repoint', of(lib, 'over.qcow2'), '--parent', of(lib, 'nothing.qcow2')],
      exitCodes.fileRefused,
      'not-found',
    ],
  },
  {
    name: 'chain commit',
    call: (lib) => ['chain', 'commit', of(lib, 'over.qcow2')],
    steps: ['write', 'prove', 'replace', 'set-aside'],
    record: ran('chain-commit'),
    there: ['base.qcow2'],
    gone: ['over.qcow2'],
    bad: [(lib) => ['chain', 'commit', of(lib, 'single.qcow2')], exitCodes.imageRefused, 'no-parent'],
  },
  {
    name: 'chain flatten',
    call: (lib) => ['chain', 'flatten', of(lib, 'over.qcow2')],
    steps: ['write', 'prove', 'replace'],
    record: ran('chain-flatten'),
    there: ['over.qcow2', 'base.qcow2'],
    bad: badImage('chain', 'flatten', 'IMAGE'),
  },
  {
    name: 'shrink',
    call: (lib) => ['shrink', of(lib, 'roomy.qcow2'), '--to', '4M'],
    steps: ['work', 'cut', 'write', 'prove', 'replace', 'clean'],
    record: (lib) => ({
      image: of(lib, 'roomy.qcow2'),
      before: 8 * mib,
      virtualSize: 4 * mib,
      partition: null,
      filesystem: null,
      minimum: null,
      quarantine: expect.any(String) as string,
    }),
    there: ['roomy.qcow2'],
    bad: [(lib) => ['shrink', of(lib, 'roomy.qcow2'), '--to', '1M'], exitCodes.imageRefused, 'no-filesystem'],
  },
  {
    name: 'grow',
    call: (lib) => ['grow', of(lib, 'over.qcow2'), '--to', '+4M'],
    steps: ['work', 'extend', 'write', 'prove', 'replace', 'clean'],
    record: (lib) => ({
      image: of(lib, 'over.qcow2'),
      before: 4 * mib,
      virtualSize: 8 * mib,
      partition: null,
      filesystem: null,
      quarantine: expect.any(String) as string,
    }),
    there: ['over.qcow2', 'base.qcow2'],
    bad: [(lib) => ['grow', of(lib, 'single.qcow2'), '--to', '1M'], exitCodes.imageRefused, 'not-larger'],
  },
  {
    name: 'reclaim',
    arrange: async (lib) => {
      await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 0 1M 1M', of(lib, 'single.qcow2')])
      return ''
    },
    call: (lib) => ['reclaim', of(lib, 'single.qcow2')],
    steps: ['write', 'prove', 'weigh', 'replace'],
    record: ran('reclaim'),
    there: ['single.qcow2'],
    bad: badImage('reclaim', 'IMAGE'),
  },
  {
    name: 'move',
    call: (lib) => ['move', of(lib, 'single.qcow2'), of(lib, 'renamed.qcow2')],
    steps: ['move'],
    record: ran('move'),
    there: ['renamed.qcow2'],
    gone: ['single.qcow2'],
    isFree: true,
    bad: badImage('move', 'IMAGE', 'renamed.qcow2'),
  },
  {
    name: 'move of a parent',
    call: (lib) => ['move', of(lib, 'base.qcow2'), of(lib, 'root.qcow2')],
    steps: ['move', 'repoint-1'],
    record: ran('move'),
    there: ['root.qcow2', 'over.qcow2'],
    gone: ['base.qcow2'],
    bad: [
      (lib) => ['move', of(lib, 'base.qcow2'), of(lib, 'over.qcow2')],
      exitCodes.targetExists,
      'target-exists',
    ],
  },
  {
    name: 'delete',
    call: (lib) => ['delete', of(lib, 'single.qcow2')],
    steps: ['set-aside'],
    record: ran('delete'),
    there: [],
    gone: ['single.qcow2'],
    bad: [(lib) => ['delete', of(lib, 'base.qcow2')], exitCodes.imageRefused, 'has-dependents'],
  },
  {
    name: 'restore',
    arrange: deleted,
    call: (_lib, id) => ['restore', id],
    steps: ['restore'],
    record: ran('restore'),
    there: ['single.qcow2'],
    isFree: true,
    bad: [() => ['restore', 'nope'], exitCodes.fileRefused, 'not-found'],
  },
  {
    name: 'purge',
    arrange: deleted,
    call: (_lib, id) => ['purge', id],
    steps: ['purge'],
    accept: 'kept-until',
    record: ran('purge'),
    there: [],
    gone: ['single.qcow2'],
    bad: [() => ['purge', 'nope'], exitCodes.fileRefused, 'not-found'],
  },
  {
    name: 'attach',
    needs: 'loop',
    arrange: async (lib) => diskIn(lib),
    call: (_lib, disk) => ['attach', disk],
    steps: [...chosen, 'attach', 'partitions'],
    record: (lib) => ({
      image: of(lib, 'disk.raw'),
      device: expect.stringMatching(/^\/dev\/loop\d+$/u) as string,
      how: 'loop',
      readOnly: true,
      partitions: [{ number: 1, start: mib, size: 14 * mib }],
      volumes: [],
    }),
    there: ['disk.raw'],
    isFree: true,
    bad: badImage('attach', 'IMAGE'),
  },
  {
    name: 'attach --rw',
    needs: 'loop',
    arrange: async (lib) => diskIn(lib),
    call: (_lib, disk) => ['attach', disk, '--rw'],
    steps: [...chosen, 'attach', 'partitions'],
    accept: 'image-is-written',
    record: () => ({ how: 'loop', readOnly: false }),
    there: ['disk.raw'],
    bad: [(lib) => ['attach', of(lib, 'disk.vmdk'), '--rw'], exitCodes.imageRefused, 'not-written-in-place'],
  },
  {
    name: 'detach',
    needs: 'loop',
    arrange: async (lib) => diskIn(lib, 'attach', 'DISK'),
    call: (_lib, disk) => ['detach', disk],
    steps: ['detach', 'forget'],
    record: ran('detach'),
    there: ['disk.raw'],
    isFree: true,
    bad: [(lib) => ['detach', of(lib, 'single.qcow2')], exitCodes.imageRefused, 'not-attached'],
  },
  {
    name: 'mount',
    needs: 'loop',
    arrange: async (lib) => diskIn(lib),
    call: (lib, disk) => ['mount', `${disk}:1`, of(lib, 'mounted')],
    steps: [...chosen, 'attach', 'partitions', 'folder', 'mount'],
    record: (lib) => ({ partition: 1, volume: null, folder: of(lib, 'mounted'), throwAway: false }),
    there: ['disk.raw', 'mounted/lost+found'],
    isFree: true,
    bad: badImage('mount', 'IMAGE', 'mounted'),
  },
  {
    name: 'umount',
    needs: 'loop',
    arrange: async (lib) => diskIn(lib, 'mount', 'DISK', of(lib, 'mounted')),
    call: (lib) => ['umount', of(lib, 'mounted')],
    steps: ['unmount', 'folder', 'detach', 'forget'],
    record: ran('umount'),
    there: ['disk.raw'],
    gone: ['mounted'],
    isFree: true,
    bad: [(lib) => ['umount', lib], exitCodes.imageRefused, 'not-mounted'],
  },
]

const isLoopThere = canUseLoop()

let images: TempPlace
let place: TempPlace
let lib: string

/** Everything in the folder, hidden or not, with what it holds. */
async function contents(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const described = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile()) return path
    return `${path} ${createHash('sha256')
      .update(await readFile(path))
      .digest('hex')}`
  })
  return (await Promise.all(described)).toSorted()
}

/** What a test has attached or mounted goes before its folder does. */
async function releaseAll(): Promise<void> {
  const { attached } = (await varveJson('attached')) as {
    readonly attached: readonly {
      readonly device: string
      readonly mounts: readonly { readonly folder: string }[]
    }[]
  }
  for (const { mounts } of attached)
    for (const { folder } of mounts) expect((await varveHere('umount', folder)).exitCode).toBe(exitCodes.ok)
  for (const { device, mounts } of attached)
    if (mounts.length === 0) expect((await varveHere('detach', device)).exitCode).toBe(exitCodes.ok)
}

/** What the command is called with, everything that it needs being there. */
async function callOf({ arrange, call }: Row): Promise<readonly string[]> {
  return call(lib, (await arrange?.(lib)) ?? '')
}

async function errorOf(call: readonly string[]) {
  const { exitCode, stdout } = await varveHere(...call, '--json')
  const said = JSON.parse(stdout) as {
    readonly error?: { readonly code: string; readonly details: object }
    readonly problems?: readonly { readonly id: string }[]
  }
  return { exitCode, code: said.error?.code ?? said.problems?.[0]?.id, details: said.error?.details }
}

const consentOf = ({ accept }: Row) => (accept === undefined ? [] : ['--accept', accept])

beforeAll(async () => {
  images = await tempPlace()
  if (!requires('qemu-img', 'qemu-io')) return
  const at = (name: string) => images.file(name)
  const qemu = async (...args: readonly string[]) => runToolOk('qemu-img', args, { cwd: images.path })
  await qemu('create', '-q', '-f', 'qcow2', at('base.qcow2'), '4M')
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', at('base.qcow2')])
  for (const name of ['same', 'single', 'snap']) await cp(at('base.qcow2'), at(`${name}.qcow2`))
  await qemu('create', '-q', '-f', 'qcow2', at('other.qcow2'), '4M')
  await qemu('convert', '-O', 'vmdk', at('base.qcow2'), at('disk.vmdk'))
  await qemu('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', 'over.qcow2')
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 5 64k 64k', at('over.qcow2')])
  await qemu('snapshot', '-c', 'old', at('snap.qcow2'))
  // A partition of 1 MiB, and 6 MiB behind it that are free.
  await writeFile(at('roomy.raw'), mbrSector(2 * mib))
  await truncate(at('roomy.raw'), 8 * mib)
  await qemu('convert', '-f', 'raw', '-O', 'qcow2', at('roomy.raw'), at('roomy.qcow2'))
  await rm(at('roomy.raw'))
  await cp(at('base.qcow2'), at('twice.qcow2'))
  for (const name of ['2', 'old']) await qemu('snapshot', '-c', name, at('twice.qcow2'))
})
afterAll(async () => images[Symbol.asyncDispose]())

beforeEach(async () => {
  place = await tempPlace()
  lib = place.file("it's a lib")
  await cp(images.path, lib, { recursive: true })
  vi.stubEnv('VARVE_STATE', place.file('state'))
  vi.stubEnv('VARVE_RUNTIME', place.file('run'))
})
afterEach(async () => {
  await releaseAll()
  vi.unstubAllEnvs()
  await place[Symbol.asyncDispose]()
})

const rowsHere = rows.filter(({ needs }) => needs !== 'loop' || isLoopThere)

describe.skipIf(!requires('qemu-img', 'qemu-io')).each(rowsHere)('contract for scripts: $name', (row) => {
  test('--plan --json is the plan, and nothing changes', async () => {
    const call = await callOf(row)
    const before = await contents(lib)
    const { exitCode, stdout } = await varveHere(...call, '--plan', '--json')
    expect(exitCode).toBe(exitCodes.ok)
    const plan = JSON.parse(stdout) as { readonly steps: readonly { readonly id: string }[] }
    expect(plan).toMatchObject({
      kind: 'plan',
      summary: expect.any(String) as string,
      warnings: expect.any(Array) as [],
    })
    expect(plan.steps.map(({ id }) => id)).toEqual(row.steps)
    expect(await contents(lib)).toEqual(before)
  })

  test('--script is a runbook that sh accepts, and nothing changes', async () => {
    const call = await callOf(row)
    const before = await contents(lib)
    const { exitCode, stdout } = await varveHere(...call, '--script')
    expect(exitCode).toBe(exitCodes.ok)
    expect(await execa('sh', ['-n'], { input: stdout, reject: false })).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect(stdout.split('\n').filter((line) => /^(?:\w+=\$\()?(?:varve|qemu-img)\b/u.test(line))).not.toEqual(
      [],
    )
    expect(await contents(lib)).toEqual(before)
  })

  test('without --yes and a terminal it is done only when nothing is taken away', async () => {
    const call = await callOf(row)
    const before = await contents(lib)
    if (row.isFree) {
      expect(await varveHere(...call, '--json')).toMatchObject({ exitCode: exitCodes.ok })
      return
    }
    expect(await errorOf(call)).toMatchObject({ exitCode: exitCodes.needsConsent, code: 'needs-consent' })
    if (row.accept !== undefined)
      expect(await errorOf([...call, '--yes'])).toMatchObject({
        exitCode: exitCodes.needsConsent,
        code: 'needs-consent',
        details: { ids: [row.accept] },
      })
    expect(await contents(lib)).toEqual(before)
  })

  test('--yes --json does it and tells what was done', async () => {
    const call = await callOf(row)
    const { exitCode, stdout, stderr } = await varveHere(...call, '--yes', ...consentOf(row), '--json')
    expect([exitCode, stderr]).toEqual([exitCodes.ok, ''])
    const record = JSON.parse(stdout) as { readonly run: string }
    expect(record).toMatchObject(row.record(lib))
    for (const name of row.there) expect([name, existsSync(of(lib, name))]).toEqual([name, true])
    for (const name of row.gone ?? []) expect([name, existsSync(of(lib, name))]).toEqual([name, false])
    expect(await varveJson('runs', record.run)).toMatchObject({
      run: record.run,
      state: 'succeeded',
      pid: null,
    })
  })

  test('what cannot be is a coded error, and nothing changes', async () => {
    const [call, exitCode, code] = row.bad
    const before = await contents(lib)
    expect(await errorOf([...call(lib), '--yes'])).toMatchObject({ exitCode, code })
    expect(await contents(lib)).toEqual(before)
  })
})

/** Those that only read: what they print, and what they say of what is not there. */
const reading: readonly {
  readonly name: string
  readonly call: (lib: string) => readonly string[]
  readonly exitCode?: ExitCode
  readonly document: (lib: string) => unknown
  readonly bad: Row['bad'] | null
}[] = [
  {
    name: 'snapshot list',
    call: (lib) => ['snapshot', 'list', of(lib, 'snap.qcow2')],
    document: () => [{ id: '1', name: 'old' }],
    bad: badImage('snapshot', 'list', 'IMAGE'),
  },
  {
    name: 'chain show',
    call: (lib) => ['chain', 'show', of(lib, 'base.qcow2')],
    document: (lib) => ({
      root: { path: of(lib, 'base.qcow2'), isAsked: true },
      dependents: [{ path: of(lib, 'over.qcow2'), depth: 1 }],
      problems: [],
      unseen: null,
    }),
    bad: badImage('chain', 'show', 'IMAGE'),
  },
  { name: 'attached', call: () => ['attached'], document: () => ({ attached: [] }), bad: null },
  { name: 'quarantine', call: () => ['quarantine'], document: () => [], bad: null },
  { name: 'quarantine list', call: () => ['quarantine', 'list'], document: () => [], bad: null },
  {
    name: 'runs',
    call: () => ['runs'],
    document: () => [],
    bad: [() => ['runs', 'nope'], exitCodes.fileRefused, 'not-found'],
  },
  {
    name: 'doctor',
    call: (lib) => ['doctor', lib, '--digest'],
    exitCode: exitCodes.different,
    document: (lib) => ({
      folder: lib,
      findings: expect.arrayContaining([expect.objectContaining({ id: 'duplicate' })]) as [],
    }),
    bad: [(lib) => ['doctor', of(lib, 'no-folder')], exitCodes.fileRefused, 'not-found'],
  },
]

describe.skipIf(!requires('qemu-img', 'qemu-io')).each(reading)(
  'contract for scripts: $name',
  ({ call, document, exitCode = exitCodes.ok, bad }) => {
    test('prints one document and changes nothing', async () => {
      const before = await contents(lib)
      const said = await varveHere(...call(lib), '--json')
      expect(said).toMatchObject({ exitCode, stderr: '' })
      expect(JSON.parse(said.stdout)).toMatchObject(document(lib) as object)
      expect(await contents(lib)).toEqual(before)
    })

    test.skipIf(bad === null)('what is not there is a coded error', async () => {
      if (bad === null) return
      const [wrong, badCode, code] = bad
      expect(await errorOf(wrong(lib))).toMatchObject({ exitCode: badCode, code })
    })
  },
)

/** What only reads has a plan too: of one step. */
const planned: readonly {
  readonly name: string
  readonly arrange?: (lib: string) => Promise<unknown>
  readonly call: (lib: string) => readonly string[]
  readonly operation: string
  readonly layer: string
  /** Whether its runbook is carried out too. */
  readonly isRun?: true
  /** What keeps it from being planned. */
  readonly bad?: Row['bad']
}[] = [
  {
    name: 'verify',
    arrange: async (lib) => varveJson('convert', of(lib, 'single.qcow2'), of(lib, 'proven.raw')),
    call: (lib) => ['verify', of(lib, 'proven.raw')],
    operation: 'verify',
    layer: 'L3',
    isRun: true,
    bad: badImage('verify', 'IMAGE'),
  },
  {
    name: 'doctor',
    call: (lib) => ['doctor', lib, '--digest'],
    operation: 'doctor',
    layer: 'all',
    isRun: true,
    bad: [(lib) => ['doctor', of(lib, 'no-folder')], exitCodes.fileRefused, 'not-found'],
  },
  {
    name: 'chain show',
    call: (lib) => ['chain', 'show', of(lib, 'base.qcow2'), '--folder', lib],
    operation: 'chain-show',
    layer: 'L2',
    isRun: true,
  },
  {
    name: 'snapshot list',
    call: (lib) => ['snapshot', 'list', of(lib, 'snap.qcow2')],
    operation: 'info',
    layer: 'all',
    isRun: true,
  },
  {
    name: 'quarantine',
    arrange: async (lib) => deleted(lib),
    call: (lib) => ['quarantine', lib],
    operation: 'quarantine',
    layer: 'L1',
    isRun: true,
  },
  { name: 'runs', call: () => ['runs'], operation: 'runs', layer: 'all', isRun: true },
  {
    name: 'info',
    call: (lib) => ['info', of(lib, 'over.qcow2'), '--rescue'],
    operation: 'info',
    layer: 'all',
  },
  { name: 'check', call: (lib) => ['check', of(lib, 'over.qcow2')], operation: 'check', layer: 'L2' },
  {
    name: 'digest',
    call: (lib) => ['digest', of(lib, 'snap.qcow2@old'), '--sha256'],
    operation: 'digest',
    layer: 'L3',
    isRun: true,
    bad: badImage('digest', 'IMAGE'),
  },
  {
    name: 'map',
    call: (lib) => ['map', of(lib, 'over.qcow2')],
    operation: 'map',
    layer: 'L3',
    bad: badImage('map', 'IMAGE'),
  },
  {
    name: 'measure',
    call: (lib) => ['measure', of(lib, 'over.qcow2'), '-O', 'vmdk'],
    operation: 'measure',
    layer: 'L2',
    bad: badImage('measure', 'IMAGE', '-O', 'vmdk'),
  },
  {
    name: 'reclaim --report',
    call: (lib) => ['reclaim', of(lib, 'over.qcow2'), '--report'],
    operation: 'reclaim-report',
    layer: 'all',
    bad: badImage('reclaim', 'IMAGE', '--report'),
  },
  {
    name: 'compare',
    call: (lib) => ['compare', of(lib, 'base.qcow2'), of(lib, 'same.qcow2')],
    operation: 'compare',
    layer: 'L3',
    bad: badImage('compare', 'IMAGE', 'IMAGE'),
  },
]

const serving: (typeof planned)[number] = {
  name: 'serve',
  call: (lib) => ['serve', of(lib, 'over.qcow2'), '--port', '0', '--expires', '10m'],
  operation: 'serve',
  layer: 'L3',
  bad: badImage('serve', 'IMAGE'),
}

/** Carries a runbook out as somebody at a shell does. */
async function runbook(script: string) {
  const repository = resolve(import.meta.dirname, '../../..')
  const env = { PATH: `${repository}${delimiter}${process.env['PATH'] ?? ''}` }
  return await execa('sh', ['-s'], { input: script, env, reject: false })
}

async function expectShellTakes(script: string) {
  expect(await execa('sh', ['-n'], { input: script, reject: false })).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
}

describe.skipIf(!requires('qemu-img', 'qemu-io')).each([...planned, serving])(
  'contract for scripts: the plan of $name',
  ({ arrange, call, operation, layer, isRun = false, bad }) => {
    test('--plan --json is one step of its layer, and nothing changes', async () => {
      await arrange?.(lib)
      const before = await contents(lib)
      const { exitCode, stdout, stderr } = await varveHere(...call(lib), '--plan', '--json')
      expect([exitCode, stderr]).toEqual([exitCodes.ok, ''])
      expect(JSON.parse(stdout)).toMatchObject({
        kind: 'plan',
        operation,
        summary: expect.any(String) as string,
        steps: [{ layer, undo: serving.operation === operation ? (expect.any(String) as string) : null }],
      })
      expect(await contents(lib)).toEqual(before)
    })

    test('--script is a runbook that sh accepts and carries out', async () => {
      await arrange?.(lib)
      const before = await contents(lib)
      const { exitCode, stdout } = await varveHere(...call(lib), '--script')
      expect(exitCode).toBe(exitCodes.ok)
      await expectShellTakes(stdout)
      expect(stdout).toMatch(/^varve do /mu)
      if (isRun) expect(await runbook(stdout)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await contents(lib)).toEqual(before)
    })

    test.skipIf(bad === undefined)('what cannot be is told instead of a plan', async () => {
      if (bad === undefined) return
      const [wrong, exitCode, code] = bad
      expect(await errorOf([...wrong(lib), '--plan'])).toMatchObject({ exitCode, code })
    })
  },
)

describe.skipIf(!requires('qemu-img', 'qemu-io')).each(planned)(
  'contract for scripts: --yes of $name',
  ({ arrange, call }) => {
    test('is taken, and changes nothing', async () => {
      await arrange?.(lib)
      const { exitCode } = await varveHere(...call(lib), '--json')
      const before = await contents(lib)
      const said = await varveHere(...call(lib), '--yes', '--json')
      expect(said).toMatchObject({ exitCode, stdout: expect.stringMatching(/^[[{]/u) as string })
      expect(await contents(lib)).toEqual(before)
    })
  },
)

describe.skipIf(!requires('qemu-img', 'qemu-io'))('contract for scripts: plans', () => {
  test('of several images are one list, and one runbook', async () => {
    const call = ['digest', of(lib, 'base.qcow2'), of(lib, 'same.qcow2')]
    expect(await varveJson(...call, '--plan')).toMatchObject([
      { file: of(lib, 'base.qcow2'), operation: 'digest' },
      { file: of(lib, 'same.qcow2'), operation: 'digest' },
    ])
    const { exitCode, stdout } = await varveHere(...call, '--script')
    expect(exitCode).toBe(exitCodes.ok)
    await expectShellTakes(stdout)
    expect(stdout.match(/^varve do digest-image .*\.qcow2/gmu)).toHaveLength(2)
    expect(stdout).not.toContain('==>')
  })

  test('of a run are what it carried out, word for word', async () => {
    const call = ['delete', of(lib, 'single.qcow2')]
    const plan = await varveJson(...call, '--plan')
    const script = await varveHere(...call, '--script')
    const { run } = (await varveJson(...call, '--yes')) as { readonly run: string }
    expect(await varveJson('runs', run, '--plan', '--yes')).toEqual(plan)
    expect(await varveHere('runs', run, '--script')).toEqual(script)
    await expectShellTakes(script.stdout)
    expect(await varveJson('runs', run, '--yes')).toMatchObject({ run, state: 'succeeded' })
    expect(await errorOf(['runs', run, '--resume', '--plan'])).toMatchObject({ code: 'already-over' })
    expect(await varveJson('runs', run)).toMatchObject({ state: 'succeeded' })
  })

  test('of what undoes a run are what is done: by the runbook, and by the command', async () => {
    const image = of(lib, 'single.qcow2')
    for (const undo of ['by hand', 'by the command']) {
      const { run } = (await varveJson('delete', image, '--yes')) as { readonly run: string }
      const before = await contents(lib)
      expect(await varveJson('runs', run, '--undo', '--plan')).toMatchObject({
        kind: 'plan',
        summary: expect.stringMatching(/^Undo: Put single.qcow2 /u) as string,
        steps: [{ id: expect.stringMatching(/^undo-/u) as string }],
      })
      const { stdout, exitCode } = await varveHere('runs', run, '--undo', '--script')
      expect(exitCode).toBe(exitCodes.ok)
      await expectShellTakes(stdout)
      expect(await contents(lib)).toEqual(before)
      if (undo === 'by hand') expect(await runbook(stdout)).toMatchObject({ exitCode: 0 })
      else await varveJson('runs', run, '--undo', '--yes')
      expect(existsSync(image)).toBe(true)
    }
  })

  test('are not of runs of the fleet, of standard input, or of a socket', async () => {
    const image = of(lib, 'base.qcow2')
    for (const call of [
      ['runs', '1', '--fleet'],
      ['digest', '-'],
      ['serve', image, '--socket', of(lib, 'socket')],
    ])
      for (const option of ['--plan', '--script'])
        expect(await errorOf([...call, option])).toMatchObject({ exitCode: exitCodes.usage, code: 'usage' })
    for (const call of [['runs'], ['quarantine'], ['quarantine', 'list']])
      expect(await varveJson(...call, '--yes')).toEqual([])
  })
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('contract for scripts: verify', () => {
  test('the disk as it was is exit code 0; a changed byte is 1, with its chunk and its layer', async () => {
    const [source, image] = [of(lib, 'source.raw'), of(lib, 'proven.raw')]
    const disk = Buffer.alloc(12 * mib)
    mbrSector(disk.length).copy(disk)
    await writeFile(source, disk)
    expect(await varveJson('convert', source, image)).toMatchObject({ verified: true })
    expect(await varveJson('verify', image)).toMatchObject({
      state: 'proven',
      differing: 0,
      virtualSize: 12 * mib,
    })
    expect((await varveHere('verify', image)).exitCode).toBe(exitCodes.ok)
    {
      await using file = await open(image, 'r+')
      await file.write(Buffer.from('x'), 0, 1, 5 * mib)
    }
    const changed = await varveHere('verify', image, '--json')
    expect(changed.exitCode).toBe(exitCodes.different)
    expect(JSON.parse(changed.stdout)).toMatchObject({
      state: 'differs',
      differing: 1,
      chunks: [1],
      ranges: [{ start: 4 * mib, end: 8 * mib }],
      layers: [{ layer: 'L4', what: expect.stringContaining('partition 1') as string }],
      filesChanged: [image],
    })
    const { stdout } = await varveHere('verify', image)
    expect(stdout).toContain('1 chunks of 4 MiB')
    expect(stdout).toMatch(/L4 .*partition 1/u)
  })

  test('without a manifest it says so; a file that is not there is a coded error', async () => {
    expect(await errorOf(['verify', of(lib, 'base.qcow2')])).toMatchObject({
      exitCode: exitCodes.fileRefused,
      code: 'no-proof',
    })
    expect(await errorOf(['verify', of(lib, 'nothing.qcow2')])).toMatchObject({
      exitCode: exitCodes.fileRefused,
      code: 'not-found',
    })
  })
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('an overlay in a sibling folder', () => {
  test('is not looked for by itself: the plan and chain show say where they looked, and --folder finds it', async () => {
    const [image, sibling] = [of(lib, 'single.qcow2'), place.file('sibling')]
    await mkdir(sibling)
    const overlay = ['-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, join(sibling, 'over.qcow2')]
    await runToolOk('qemu-img', ['create', ...overlay])
    expect(await varveJson('delete', image, '--plan')).toMatchObject({
      warnings: [{ id: 'no-dependents', severity: 'info', details: { searched: [lib] } }],
    })
    expect((await varveHere('delete', image, '--plan')).stdout).toContain(
      `no image that is made over it is in "${lib}" and below`,
    )
    expect((await varveHere('chain', 'show', image)).stdout).toContain(
      `Nothing in "${lib}" and below is made over it`,
    )
    expect(await varveJson('chain', 'show', image, '--folder', sibling)).toMatchObject({
      searched: [lib, sibling],
      dependents: [{ path: join(sibling, 'over.qcow2') }],
    })
  })
})
