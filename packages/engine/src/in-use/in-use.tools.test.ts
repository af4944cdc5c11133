import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { findTool, requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { checkFile } from '../images/check-file.ts'
import { compareDisks } from '../disks/compare-disks.ts'
import { convertDisk } from '../disks/convert-disk.ts'
import { digestDisk } from '../disks/digest-disk.ts'
import { inspectFileInUse } from '../images/inspect-file.ts'
import { mapDisk } from '../disks/map-disk.ts'
import type { DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { findWriters } from './find-writers.ts'
import { beginGuard, guardFiles, whileGuarded } from './guard-files.ts'
import { markOwn } from './writers.ts'

interface Holder extends AsyncDisposable {
  readonly pid: number
}

/** A program that holds `files` as `tool` does, until the disposal. */
async function hold(tool: string, args: readonly string[], isReady: RegExp): Promise<Holder> {
  const child = spawn(findTool(tool) ?? tool, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let said = ''
  await new Promise<void>((resolve) =>
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (isReady.test(said)) resolve()
    }),
  )
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** `qemu-io` reads commands from its input: once it has answered one, it has the image open. */
async function holdByQemuIo(path: string, ...options: readonly string[]): Promise<Holder> {
  const child = spawn(findTool('qemu-io') ?? 'qemu-io', [...options, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  child.stdin.write('length\n')
  await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.stdin.end('quit\n')
      await ended
    },
  }
}

const shell = (script: string, ...files: readonly string[]) =>
  hold('sh', ['-c', `${script}; echo ready; read -r line`, 'sh', ...files], /ready/u)

const input = (path: string): DiskInput & { kind: 'image' } => ({
  kind: 'image',
  path,
  roots: null,
  format: null,
})

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined()
}

/** Everything that reads a disk and claims something about it. */
const readers: readonly [string, (path: string, other: string, options: RunOptions) => Promise<unknown>][] = [
  ['digest', (path, _other, options) => digestDisk(input(path), options)],
  [
    'convert',
    (path, other, options) =>
      convertDisk(input(path), { path: `${other}.new`, format: 'raw', compression: 'none' }, options),
  ],
  ['compare first', (path, other, options) => compareDisks(input(path), input(other), options)],
  ['compare second', (path, other, options) => compareDisks(input(other), input(path), options)],
  ['map', (path, _other, options) => drain(mapDisk(input(path), options))],
  ['check', (path, _other, { inUse = 'refuse' }) => checkFile(path, { roots: null, inUse })],
]

describe.skipIf(process.platform !== 'linux' || !requires('qemu-img', 'qemu-io', 'flock'))(
  'an image in use',
  () => {
    test.each(readers)(
      '%s refuses what QEMU has open for writing, and a parent of it',
      async (_name, read) => {
        await using place = await tempPlace()
        const [base, top, other] = [
          place.file('base.qcow2'),
          place.file('top.qcow2'),
          place.file('other.raw'),
        ]
        writeFileSync(other, Buffer.alloc(1024 * 1024))
        await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '1M'])
        await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', top])
        for (const [held, named] of [
          [top, top],
          [base, top],
        ] as const) {
          await using holder = await holdByQemuIo(held, '-t', 'writeback')
          await expect(read(named, other, {})).rejects.toMatchObject({
            code: 'in-use',
            file: held,
            message: expect.stringContaining(`qemu-io (process ${holder.pid})`),
          })
          await read(named, other, { inUse: 'accept' })
          await runToolOk('rm', ['-f', `${other}.new`])
        }
        await read(top, other, {})
      },
    )

    test('info tells it as a finding for each file of the chain', async () => {
      await using place = await tempPlace()
      const [base, top] = [place.file('base.qcow2'), place.file('top.qcow2')]
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '1M'])
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', top])
      await using _holder = await holdByQemuIo(base)
      const { problems } = await inspectFileInUse(top, { roots: null })
      expect(problems.filter(({ id }) => id === 'in-use').map(({ file }) => file)).toEqual([base])
    })

    const kinds: readonly [string, (path: string) => Promise<Holder>, boolean][] = [
      ['QEMU that reads', (path) => holdByQemuIo(path, '-r'), false],
      ['a program that reads', (path) => shell('exec 3<"$1"', path), false],
      ['a program that writes', (path) => shell('exec 3>>"$1"', path), true],
      ['a program that reads and writes', (path) => shell('exec 3<>"$1"', path), true],
      ['an exclusive lock of flock(2)', (path) => shell('exec 3<"$1"; flock -x 3', path), true],
      ['a shared lock of flock(2)', (path) => shell('exec 3<"$1"; flock -s 3', path), false],
      ['a writer through a hard link', (path) => shell('ln "$1" "$1.link"; exec 3>>"$1.link"', path), true],
      ['a writer through a symlink', (path) => shell('ln -s "$1" "$1.link"; exec 3>>"$1.link"', path), true],
      [
        'a writer whose parent has ended',
        (path) => shell('(exec 3>>"$1"; echo ready; read -r line) <&0', path),
        true,
      ],
    ]
    test.each(kinds)('%s', async (_name, holdIt, counts) => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024, 1))
      await using _holder = await holdIt(path)
      const writers = (await findWriters()).of(await stat(path, { bigint: true }))
      expect(writers.length > 0, JSON.stringify(writers)).toBe(counts)
      if (counts) await expect(digestDisk(input(path))).rejects.toMatchObject({ code: 'in-use' })
      else await digestDisk(input(path))
    })

    test('a writer with a lock of another kind only: fcntl on the byte by which QEMU says that it writes', async () => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024))
      const script = [
        'import fcntl, os, sys',
        'fd = os.open(sys.argv[1], os.O_RDONLY)',
        'fcntl.lockf(fd, fcntl.LOCK_SH, 1, int(sys.argv[2]))',
        "print('ready', flush=True)",
        'sys.stdin.readline()',
      ].join('\n')
      if (findTool('python3') === null) return
      for (const [byte, counts] of [
        [100, false],
        [101, true],
        [103, true],
        [200, true],
        [201, false],
        [203, false],
      ] as const) {
        await using _holder = await hold('python3', ['-c', script, path, String(byte)], /ready/u)
        const writers = (await findWriters()).of(await stat(path, { bigint: true }))
        expect(writers.length > 0, String(byte)).toBe(counts)
      }
    })

    test('this process and what it marked as its own do not count', async () => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024))
      await using _own = await open(path, 'r+')
      await using holder = await shell('exec 3>>"$1"', path)
      const writers = async () => (await findWriters()).of(await stat(path, { bigint: true }))
      expect(await writers()).toEqual([{ by: 'process', pid: holder.pid, command: 'sh', how: 'writes' }])
      using _mark = markOwn(holder.pid)
      expect(await writers()).toEqual([])
    })

    test('a writer that comes while a disk is read ends the run', async () => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024))
      using guard = await guardFiles([{ path }], { lookAgainMs: 20 })
      await using _holder = await shell('exec 3>>"$1"', path)
      await new Promise((resolve) => guard.signal?.addEventListener('abort', resolve))
      expect(guard.signal?.reason).toMatchObject({ code: 'in-use', file: path })
      await expect(guard.assertNone()).rejects.toMatchObject({ code: 'in-use' })
    })

    test('who begins to read before it is known who writes hears of it by the signal, and as what failed', async () => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024))
      await using _holder = await shell('exec 3>>"$1"', path)
      using guard = beginGuard([{ path }])
      const failed = Promise.reject(new Error('cut off'))
      await expect(whileGuarded(guard, failed)).rejects.toMatchObject({ code: 'in-use', file: path })
      expect(guard.signal?.reason).toMatchObject({ code: 'in-use' })
      await expect(guard.assertNone()).rejects.toMatchObject({ code: 'in-use' })
      using other = beginGuard([{ path: place.file('none.raw') }])
      await expect(whileGuarded(other, Promise.reject(new Error('cut off')))).rejects.toThrow('cut off')
    })

    test('a writer that came between two looks is seen at the end', async () => {
      await using place = await tempPlace()
      const path = place.file('a.raw')
      writeFileSync(path, Buffer.alloc(1024 * 1024))
      using guard = await guardFiles([{ path }])
      await guard.assertNone()
      await using _holder = await shell('exec 3>>"$1"', path)
      await expect(guard.assertNone()).rejects.toMatchObject({ code: 'in-use' })
    })
  },
)

const mayAttach = process.platform === 'linux' && process.getuid?.() === 0 && requires('losetup', 'mkfs.ext4')

describe.skipIf(!mayAttach)('devices', () => {
  test.each([
    ['for writing', [], true],
    ['for reading', ['-r'], false],
  ] as const)('a file behind a loop device %s', async (_name, options, counts) => {
    await using place = await tempPlace()
    const path = place.file('a.raw')
    writeFileSync(path, Buffer.alloc(1024 * 1024, 1))
    const device = (await runToolOk('losetup', ['--show', '-f', ...options, path])).trim()
    try {
      const writers = (await findWriters()).of(await stat(path, { bigint: true }))
      expect(writers).toEqual(counts ? [{ by: 'loop', device }] : [])
    } finally {
      await runToolOk('losetup', ['-d', device])
    }
  })

  test('a block device that is mounted, and one that a program has open for writing', async () => {
    await using place = await tempPlace()
    const [path, folder] = [place.file('a.raw'), place.file('mnt')]
    writeFileSync(path, Buffer.alloc(4 * 1024 * 1024))
    await runToolOk('mkfs.ext4', ['-q', path])
    await runToolOk('mkdir', [folder])
    const device = (await runToolOk('losetup', ['--show', '-f', path])).trim()
    const writers = async () => (await findWriters()).of(await stat(device, { bigint: true }))
    try {
      expect(await writers()).toEqual([])
      {
        await using holder = await shell('exec 3<>"$1"', device)
        expect(await writers()).toEqual([{ by: 'process', pid: holder.pid, command: 'sh', how: 'writes' }])
      }
      await runToolOk('mount', [device, folder])
      try {
        expect(await writers()).toEqual([{ by: 'mount', at: folder }])
      } finally {
        await runToolOk('umount', [folder])
      }
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
    } finally {
      await runToolOk('losetup', ['-d', device])
    }
  })
})
