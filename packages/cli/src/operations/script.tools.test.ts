import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { adapterTable } from '@varve/agent/actions/adapter-table'
import { scriptOf, shownSteps } from '@varve/agent/operations/shown-plan'
import { openTestHost } from '@varve/agent/testing/test-host'
import { findPowershell, runPowershell } from '@varve/test-kit/powershell'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../../..')
const pwsh = findPowershell()
const stop = new AbortController().signal
const mib = 1024 ** 2

interface Case {
  readonly title: string
  readonly operation: string
  readonly request: (folder: string) => unknown
  /** What is in the folder before; not said: an image with a leak. */
  readonly plant?: (folder: string) => Promise<void>
  /** What is to be the same after both; not said: all that people see in the folder. */
  readonly look?: (folder: string) => Promise<unknown>
}

const disk = (folder: string) => join(folder, "it's a $disk.qcow2")

const cases: readonly Case[] = [
  {
    title: 'repair in place',
    operation: 'repair',
    request: (folder) => ({ image: { path: disk(folder) }, backup: join(folder, 'undo file.json') }),
  },
  {
    title: 'repair with qemu-img',
    operation: 'repair',
    request: (folder) => ({ image: { path: disk(folder) }, by: 'qemu-img', what: 'leaks' }),
  },
  { title: 'delete', operation: 'delete', request: (folder) => ({ image: disk(folder) }) },
]

/** Their commands differ by the shell in nothing that the others do not show. */
const posixCases: readonly Case[] = [
  {
    title: 'create',
    operation: 'create',
    request: (folder) => ({ target: join(folder, 'new one.vmdk'), size: 4 * mib, format: 'vmdk' }),
    look: namesIn,
  },
  {
    title: 'create of an overlay',
    operation: 'create',
    request: (folder) => ({
      target: join(folder, 'top.qcow2'),
      format: 'qcow2',
      parent: { path: disk(folder) },
    }),
    plant: plantChain,
  },
  {
    title: 'convert',
    operation: 'convert',
    request: (folder) => ({ sources: [{ path: disk(folder) }], target: join(folder, 'out'), format: 'raw' }),
    plant: plantChain,
  },
  {
    title: 'chain rebase',
    operation: 'chain-rebase',
    request: (folder) => ({ image: disk(folder), parent: join(folder, 'other.qcow2') }),
    plant: plantChain,
  },
  {
    title: 'chain commit',
    operation: 'chain-commit',
    request: (folder) => ({ image: disk(folder) }),
    plant: plantChain,
  },
  {
    title: 'chain repoint',
    operation: 'chain-repoint',
    request: (folder) => ({ image: disk(folder), parent: join(folder, 'other.qcow2') }),
    plant: plantChain,
  },
  {
    title: 'snapshot create',
    operation: 'snapshot-create',
    request: (folder) => ({ image: disk(folder), name: "it's $now", kind: 'internal' }),
    // The image says when it was made.
    look: snapshotsOf,
  },
  {
    title: 'snapshot create --external',
    operation: 'snapshot-create',
    request: (folder) => ({ image: disk(folder), name: 'from now on', kind: 'external' }),
    plant: plantChain,
  },
  {
    title: 'move, with the image above',
    operation: 'move',
    request: (folder) => ({ source: join(folder, 'base.qcow2'), target: join(folder, 'root.qcow2') }),
    plant: plantChain,
  },
]

/** A qcow2 with a leaked cluster. */
async function plant(folder: string): Promise<void> {
  const path = disk(folder)
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '4M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', path])
  const bytes = await readFile(path)
  const l1 = Number(bytes.readBigUInt64BE(40))
  bytes.fill(
    0,
    Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n),
    8 + Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n),
  )
  await writeFile(path, bytes)
}

/** A base, another image of its disk, and an image over the base. */
async function plantChain(folder: string): Promise<void> {
  const [base, other] = [join(folder, 'base.qcow2'), join(folder, 'other.qcow2')]
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '4M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', base])
  await cp(base, other)
  const over = ['-F', 'qcow2', '-b', 'base.qcow2', disk(folder)]
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...over])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 4 1M 64k', disk(folder)])
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
}

async function snapshotsOf(folder: string): Promise<unknown> {
  const said = await runToolOk('qemu-img', ['info', '--output=json', disk(folder)])
  const { snapshots = [] } = JSON.parse(said) as { snapshots?: { name: string }[] }
  return snapshots.map(({ name }) => name)
}

/** What people see in a folder: names and contents. */
async function seen(folder: string): Promise<Record<string, string>> {
  const names = await namesIn(folder)
  const texts = await Promise.all(
    names.map(async (name) => (await readFile(join(folder, name))).toString('latin1')),
  )
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
}

interface Ran {
  readonly exitCode: number
  readonly stderr: string
}

interface Places {
  readonly work: string
  readonly state: string
}

const shells: Readonly<Record<'posix' | 'powershell', (file: string, places: Places) => Promise<Ran>>> = {
  async posix(file, { work, state }) {
    const said = await execa('sh', [file], { cwd: work, reject: false, stdin: 'ignore', env: envOf(state) })
    return { exitCode: said.exitCode ?? -1, stderr: said.stderr }
  },
  powershell: async (file, { work, state }) =>
    runPowershell(file, { pwsh: pwsh ?? '', cwd: work, env: envOf(state) }),
}

/** `varve` is the command of this checkout. */
function envOf(state: string): Record<string, string> {
  return { PATH: `${root}${delimiter}${process.env['PATH'] ?? ''}`, VARVE_STATE: state }
}

describe.skipIf(!requires('qemu-img', 'qemu-io', 'sh'))('a plan as a runbook', () => {
  for (const shell of ['posix', 'powershell'] as const)
    test
      .skipIf(shell === 'powershell' && pwsh === null)
      .each(shell === 'posix' ? [...cases, ...posixCases] : cases)(
      `of ${shell} does the same as the run: $title`,
      async ({ operation, request, plant: put = plant, look = seen }) => {
        await using template = await tempPlace()
        await put(template.path)
        await using ran = await tempPlace()
        await using scripted = await tempPlace()
        await using state = await tempPlace()
        for (const place of [ran, scripted]) await cp(template.path, place.path, { recursive: true })
        await using host = openTestHost(state.path)
        const plan = await host.plan(operation, request(ran.path))
        if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
        const done = await host.runs.start({ plan, request: request(ran.path), accepted: [] }, { stop })
        expect(done.phase).toBe('succeeded')
        const again = await host.plan(operation, request(scripted.path))
        if (again.kind === 'refusal') throw new Error(JSON.stringify(again.problems))
        const file = state.file(shell === 'posix' ? 'run.sh' : 'run.ps1')
        await writeFile(file, scriptOf(again, await shownSteps(again, adapterTable), shell))
        const said = await shells[shell](file, { work: scripted.path, state: state.file('cli') })
        expect(said, said.stderr).toMatchObject({ exitCode: 0 })
        const before = await look(template.path)
        const result = await look(ran.path)
        expect(result).not.toEqual(before)
        expect(await look(scripted.path)).toEqual(result)
      },
      120_000,
    )

  test('a step that fails ends it, and what comes after is not done', async () => {
    await using place = await tempPlace()
    await using state = await tempPlace()
    await plant(place.path)
    await using host = openTestHost(state.path)
    const plan = await host.plan('repair', {
      image: { path: disk(place.path) },
      by: 'qemu-img',
      what: 'leaks',
    })
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    await writeFile(disk(place.path), 'something else')
    const file = state.file('run.sh')
    await writeFile(file, scriptOf(plan, await shownSteps(plan, adapterTable), 'posix'))
    const said = await shells.posix(file, { work: place.path, state: state.file('cli') })
    expect(said.exitCode).not.toBe(0)
    expect(await readFile(disk(place.path), 'utf8')).toBe('something else')
  }, 120_000)
})
