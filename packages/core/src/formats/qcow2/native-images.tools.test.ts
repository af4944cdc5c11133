import { readdir } from 'node:fs/promises'
import { requires, runTool } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain } from '../../chain/open-chain.ts'

/*
 * Whatever QEMU makes, after every operation that it has, is clean: one life of an image per set of options, looked at after
 * each step. A step that QEMU refuses for these options (a snapshot with a data file) may leave a leak behind, as
 * `qemu-img check` then says too.
 */

type Step = readonly [tool: 'qemu-img' | 'qemu-io', ...args: string[]]

const io = (...commands: readonly string[]): Step => [
  'qemu-io',
  '-d',
  'unmap',
  ...commands.flatMap((command) => ['-c', command]),
  'a',
]
const img = (...args: readonly string[]): Step => ['qemu-img', ...args]
const snapshot = (action: string, name: string) => img('snapshot', action, name, 'a')
const bitmap = (...args: readonly string[]) =>
  img('bitmap', ...args.slice(0, -1), '-f', 'qcow2', 'a', args.at(-1) ?? '')
const amend = (options: string) => img('amend', '-q', '-f', 'qcow2', '-o', options, 'a')
const onOverlay = (command: string, ...args: readonly string[]) =>
  img(command, '-q', '-f', 'qcow2', ...args, 'o')
const newOverlay = img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'a', 'o')
const writeOverlay: Step = ['qemu-io', '-c', 'write -q -P 9 100k 300k', '-c', 'write -q -z 1M 256k', 'o']

/** Odd names, so that the last entry of the snapshot table ends at many remainders of eight. */
const names = ['a', 'zwei Wörter', '1', 'at@sign/七', 'n'.repeat(200)]

const life: readonly Step[] = [
  io('write -q -P 1 0 700k', 'write -q -P 2 2500k 64k'),
  io(
    'write -q -c -P 3 1M 64k',
    'write -q -c -P 4 1280k 256k',
    'write -q -z 128k 100k',
    'write -q -z -u 256k 192k',
    'discard 448k 64k',
  ),
  ...names.map((name) => snapshot('-c', name)),
  io('write -q -P 5 100k 900k', 'discard 2M 1M'),
  snapshot('-d', names[1] ?? ''),
  snapshot('-a', 'a'),
  io('write -q -P 6 512 512'),
  img('resize', '-q', '-f', 'qcow2', 'a', '+3M'),
  io('write -q -P 7 3500k 1M'),
  snapshot('-c', 'after growth'),
  img('convert', '-q', '-f', 'qcow2', '-O', 'qcow2', '-c', '-l', 'a', 'a', 'c'),
  ...names.filter((_, index) => index !== 1).map((name) => snapshot('-d', name)),
  snapshot('-d', 'after growth'),
  bitmap('--add', '-g', '512', 'm'),
  bitmap('--add', '--disable', 'ünïcode'),
  io('write -q -P 8 1M 1M'),
  bitmap('--merge', 'm', 'ünïcode'),
  bitmap('--disable', '--clear', 'ünïcode'),
  img('convert', '-q', '-f', 'qcow2', '-O', 'qcow2', '--bitmaps', 'a', 'c'),
  bitmap('--remove', 'm'),
  newOverlay,
  writeOverlay,
  onOverlay('commit'),
  writeOverlay,
  img('convert', '-q', '-f', 'qcow2', '-O', 'qcow2', '-c', 'a', 'c'),
  onOverlay('rebase', '-b', 'c', '-F', 'qcow2'),
  onOverlay('rebase', '-u', '-b', 'a', '-F', 'qcow2'),
  onOverlay('rebase', '-b', ''),
  img('resize', '-q', '-f', 'qcow2', '--shrink', 'a', '1M'),
  io('write -q -P 9 0 1M'),
  amend('refcount_bits=64'),
  amend('refcount_bits=16,lazy_refcounts=on'),
  io('write -q -P 9 0 64k'),
  bitmap('--remove', 'ünïcode'),
  amend('compat=0.10,lazy_refcounts=off,refcount_bits=16'),
  snapshot('-c', 'old'),
  amend('compat=1.1'),
  img('convert', '-q', '-f', 'qcow2', '-O', 'qcow2', '-c', '-W', '-o', 'cluster_size=4k', 'a', 'c'),
]

const kinds = [
  'compat=0.10',
  'cluster_size=512',
  'cluster_size=256k',
  'cluster_size=4k,refcount_bits=1',
  'cluster_size=1k,refcount_bits=64,lazy_refcounts=on',
  'refcount_bits=8,compression_type=zstd',
  'extended_l2=on,cluster_size=16k,preallocation=metadata',
  'preallocation=full',
  'data_file=d.data,data_file_raw=on,preallocation=metadata',
]

/** What we say against the image; remarks are none. */
async function complaints(path: string): Promise<string[]> {
  const { report } = await checkImage(path, nodePorts)
  const { problems } = await inspectChain(path, nodePorts)
  return [
    ...report.findings.filter(({ kind }) => kind !== 'remark').map(({ message }) => `check: ${message}`),
    ...(report.isComplete ? [] : ['check: not complete']),
    ...problems.filter(({ severity }) => severity === 'block').map(({ message }) => `info: ${message}`),
  ]
}

interface Course {
  /** Steps that QEMU did. */
  done: number
  /** Looks that found nothing. */
  clean: number
}

/** Runs all steps and looks at every image after each. */
async function live(steps: readonly Step[], options: string): Promise<Course> {
  await using place = await tempPlace()
  const course: Course = { done: 0, clean: 0 }
  const create = img('create', '-q', '-f', 'qcow2', '-o', options, 'a', '3M')
  for (const [tool, ...args] of [create, ...steps]) {
    const { exitCode } = await runTool(tool, args, { cwd: place.path })
    if (exitCode === 0) course.done += 1
    const there = new Set(await readdir(place.path))
    for (const file of images.filter((image) => there.has(image))) await look(place, { file, args }, course)
  }
  return course
}

async function look(
  place: TempPlace,
  { file, args }: { readonly file: string; readonly args: readonly string[] },
  course: Course,
): Promise<void> {
  const found = await complaints(place.file(file))
  if (found.length === 0) {
    course.clean += 1
    return
  }
  // Only what QEMU says too: leaks of a step that it could not do.
  const cwd = { cwd: place.path }
  const { exitCode } = await runTool('qemu-img', ['check', '-q', file], cwd)
  expect({ args, file, found, exitCode }).toMatchObject({ exitCode: leaksOnly })
  expect(found.filter((text) => !text.startsWith('check: Cluster'))).toEqual([])
  await runTool('qemu-img', ['check', '-q', '-r', 'leaks', file], cwd)
}

/** QEMU syncs the file at every step, which takes long on a busy disk. */
const mostMs = 300_000
/** What `qemu-img check` exits with when nothing but room is lost. */
const leaksOnly = 3
const images = ['a', 'c', 'o']

describe.skipIf(!requires('qemu-img', 'qemu-io'))('an image that QEMU made', () => {
  test.each(kinds)('is clean after every operation: %s', { timeout: mostMs }, async (options) => {
    const { done, clean } = await live(life, options)
    // Data files allow no snapshots and no compression, counts of one bit no snapshots.
    expect(done).toBeGreaterThan(life.length / 3)
    expect(clean).toBeGreaterThan(done)
  })

  test('encrypted, it is clean too, and said to be encrypted', async () => {
    await using place = await tempPlace()
    const secret = ['--object', 'secret,id=s,data=secret']
    const options = 'encrypt.format=aes,encrypt.key-secret=s'
    const create = ['create', '-q', ...secret, '-f', 'qcow2', '-o', options, 'a', '3M']
    expect((await runTool('qemu-img', create, { cwd: place.path })).exitCode).toBe(0)
    const { report } = await checkImage(place.file('a'), nodePorts)
    expect(report.isComplete).toBe(true)
    expect(report.findings.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['remark encrypted'])
  })
})
