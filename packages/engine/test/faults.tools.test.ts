import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import { publishFile } from '../src/files/publish-file.ts'
import { portableFileRanges } from '../src/file-ranges/portable-file-ranges.ts'
import type { RunOptions } from '@varve/engine/run/run-options'
import { MiB, image, newImage, noise, writeSparse } from './fixtures.ts'

const coded = (code: string) => expect.objectContaining({ name: 'DiskError', code })

/** So much that compressing it by two threads goes on for seconds. */
function writeLarge(path: string): void {
  writeSparse(path, 128 * MiB, [[0, noise(112 * MiB, 1)]])
}

/** Runs `act` once, as soon as the first data arrived; compressing keeps the run busy long after that. */
function whenUnderWay(act: () => void): RunOptions {
  let isDone = false
  return {
    workers: 2,
    onProgress({ doneBytes, totalBytes }) {
      if (isDone || doneBytes === 0 || doneBytes === totalBytes) return
      isDone = true
      act()
    },
  }
}

describe('a run that is stopped', () => {
  test('by its signal leaves neither file nor thread', async () => {
    await using place = await tempPlace()
    writeLarge(place.file('a'))
    const controller = new AbortController()
    const options = { ...whenUnderWay(() => controller.abort()), signal: controller.signal }
    const run = convertDisk(
      image(place.file('a'), 'raw'),
      newImage(place.file('b'), 'qcow2', 'zlib'),
      options,
    )
    await expect(run).rejects.toThrow(coded('canceled'))
    expect(readdirSync(place.path)).toEqual(['a'])
    const threads: readonly string[] = process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'MessagePort' || kind === 'Worker')
    await expect(digestDisk(image(place.file('a'), 'raw'), options)).rejects.toThrow(coded('canceled'))
    expect(process.getActiveResourcesInfo().filter((kind) => threads.includes(kind))).toEqual(threads)
  })

  test('before it began', async () => {
    await using place = await tempPlace()
    writeLarge(place.file('a'))
    const options = { signal: AbortSignal.abort() }
    const run = convertDisk(image(place.file('a'), 'raw'), newImage(place.file('b'), 'raw'), options)
    await expect(run).rejects.toThrow(coded('canceled'))
    expect(existsSync(place.file('b'))).toBe(false)
  })
})

describe('a source that changes while it is read', () => {
  test.each([
    ['is written to', (path: string) => appendFileSync(path, 'x')],
    ['is replaced', (path: string) => renameSync(`${path}.new`, path)],
    ['becomes shorter', (path: string) => writeFileSync(path, '')],
  ])('%s', async (_, change) => {
    await using place = await tempPlace()
    writeLarge(place.file('a'))
    writeFileSync(place.file('a.new'), 'another')
    const options = whenUnderWay(() => change(place.file('a')))
    const run = convertDisk(
      image(place.file('a'), 'raw'),
      newImage(place.file('b'), 'qcow2', 'zlib'),
      options,
    )
    await expect(run).rejects.toThrow(coded('source-changed'))
    expect(existsSync(place.file('b'))).toBe(false)
  })

  test('as a parent in the chain', async () => {
    await using place = await tempPlace()
    writeLarge(place.file('base'))
    const create = ['create', '-f', 'qcow2', '-b', 'base', '-F', 'raw', place.file('top.qcow2')]
    await runToolOk('qemu-img', create)
    const options = whenUnderWay(() => appendFileSync(place.file('base'), 'x'))
    const output = newImage(place.file('b'), 'qcow2', 'zlib')
    const run = convertDisk(image(place.file('top.qcow2')), output, options)
    await expect(run).rejects.toThrow(
      expect.objectContaining({ code: 'source-changed', file: place.file('base') }),
    )
    expect(existsSync(place.file('b'))).toBe(false)
  })
})

describe('a target that fills up', async () => {
  await using probe = await tempPlace()
  const mount = await runTool('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe.path])
  const canMount = mount.exitCode === 0
  if (canMount) await runToolOk('umount', [probe.path])
  else process.stderr.write('skipped: a small tmpfs cannot be mounted here\n')

  test.skipIf(!canMount).each(['raw', 'qcow2'] as const)('%s', async (format) => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 64 * MiB, [[0, noise(40 * MiB, 1)]])
    mkdirSync(place.file('small'))
    await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', place.file('small')])
    try {
      const run = convertDisk(image(place.file('a'), 'raw'), newImage(place.file('small/b'), format))
      await expect(run).rejects.toThrow(coded('no-space'))
      expect(readdirSync(place.file('small'))).toEqual([])
    } finally {
      await runToolOk('umount', [place.file('small')])
    }
  })
})

describe('inputs that are not there', () => {
  test('a format that is known by sight only', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.concat([Buffer.from('QED\0'), Buffer.alloc(1020)]))
    await expect(digestDisk(image(place.file('a'), 'qed'))).rejects.toThrow(coded('unsupported-format'))
    writeFileSync(place.file('b'), 'x')
    await expect(digestDisk(image(place.file('b'), 'qed'))).rejects.toThrow(coded('refused'))
  })

  test.skipIf(!requires('mkfifo'))('a pipe', async () => {
    await using place = await tempPlace()
    await runToolOk('mkfifo', [place.file('pipe')])
    await expect(digestDisk(image(place.file('pipe')))).rejects.toThrow(coded('not-an-image'))
  })

  test('a file outside the library', async () => {
    await using place = await tempPlace()
    mkdirSync(place.file('library'))
    writeFileSync(place.file('a'), 'x')
    const input = {
      kind: 'image',
      path: place.file('a'),
      roots: [place.file('library')],
      format: null,
    } as const
    await expect(digestDisk(input)).rejects.toThrow(coded('outside-library'))
  })
})

describe.each([
  ['with the system call', {}],
  ['by a hard link', { ranges: portableFileRanges }],
])('publish %s', (_, options) => {
  test('gives the final name', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('part'), 'x')
    await publishFile(place.file('part'), place.file('final'), options)
    expect(readdirSync(place.path)).toEqual(['final'])
  })

  test('never replaces', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('part'), 'x')
    writeFileSync(place.file('final'), 'precious')
    const publish = publishFile(place.file('part'), place.file('final'), options)
    await expect(publish).rejects.toThrow(coded('target-exists'))
    expect(readFileSync(place.file('final'), 'utf8')).toBe('precious')
    expect(existsSync(place.file('part'))).toBe(true)
  })
})
