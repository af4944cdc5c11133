import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

/** Each situation that people come into with local files: what they typed, and what they read. `~` is the folder. */
const local: readonly {
  readonly situation: string
  readonly args: readonly string[]
  readonly exitCode: number
  readonly says: string
  readonly remedy: string
}[] = [
  {
    situation: 'a format that nobody knows',
    args: ['convert', '~/a.qcow2', '~/b.foo', '-O', 'foo'],
    exitCode: 3,
    says: 'L2 "~/b.foo": Varve does not write foo',
    remedy:
      'Choose one of the formats that it writes: qcow2, ova, parallels, pvm, raw, utm, vdi, vhd, vhdx, vmdk.',
  },
  {
    situation: 'a format that is read only',
    args: ['convert', '~/a.qcow2', '~/b.asif', '-O', 'asif'],
    exitCode: 3,
    says: 'L2 "~/b.asif": Varve does not write asif',
    remedy:
      'Choose one of the formats that it writes: qcow2, ova, parallels, pvm, raw, utm, vdi, vhd, vhdx, vmdk.',
  },
  {
    situation: 'a folder that is not there',
    args: ['convert', '~/a.qcow2', '~/missing/b.raw'],
    exitCode: 4,
    says: 'L1 "~/missing/b.raw": its folder "~/missing" does not exist',
    remedy: 'Create that folder, or choose another.',
  },
  {
    situation: 'the same for an image of several files',
    args: ['convert', '~/a.qcow2', '~/missing/b.vmdk', '--subformat', 'monolithicFlat'],
    exitCode: 4,
    says: 'L1 "~/missing/b.vmdk": its folder "~/missing" does not exist',
    remedy: 'Create that folder, or choose another.',
  },
  {
    situation: 'a file where a folder should be',
    args: ['convert', '~/a.qcow2', '~/a.qcow2/b.raw'],
    exitCode: 4,
    says: 'L1 "~/a.qcow2/b.raw": its folder "~/a.qcow2" does not exist',
    remedy: 'Create that folder, or choose another.',
  },
  {
    situation: 'source and target are one',
    args: ['convert', '~/a.qcow2', '~/a.qcow2'],
    exitCode: 5,
    says: 'L1 "~/a.qcow2": the target is the source itself',
    remedy: 'Choose another name for the target: the source is never written.',
  },
  {
    situation: 'source and target are one, by force',
    args: ['convert', '~/a.qcow2', '~/a.qcow2', '--force'],
    exitCode: 5,
    says: 'L1 "~/a.qcow2": the target is the source itself',
    remedy: 'Choose another name for the target: the source is never written.',
  },
  {
    situation: 'the target is the parent of the source',
    args: ['convert', '~/child.qcow2', '~/a.qcow2', '--force'],
    exitCode: 5,
    says: 'L1 "~/a.qcow2": the target is one of the files that the source is read from: a parent or a part of it',
    remedy: 'Choose another name for the target: the source is never written.',
  },
  {
    situation: 'another file has the name',
    args: ['convert', '~/a.qcow2', '~/other.raw'],
    exitCode: 5,
    says: 'L1 "~/other.raw": there is a file of that name already',
    remedy: 'Choose another name, or remove that file first.',
  },
  {
    situation: 'no source',
    args: ['convert', '~/nothing', '~/b.raw'],
    exitCode: 4,
    says: 'L1 "~/nothing": there is no such file',
    remedy: 'Check the name and the folder.',
  },
  {
    situation: 'a snapshot of a format without any',
    args: ['info', '~/other.raw@yesterday'],
    exitCode: 3,
    says: 'L2 "~/other.raw": "yesterday" is asked for in it, but Raw images have no internal snapshots that could be read',
    remedy: 'Name the image alone.',
  },
]

describe.skipIf(!requires('qemu-img'))('what people read when something is wrong', () => {
  let place: TempPlace

  beforeAll(async () => {
    place = await tempPlace()
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', place.file('a.qcow2'), '1M'])
    const child = ['create', '-q', '-f', 'qcow2', '-b', place.file('a.qcow2'), '-F', 'qcow2']
    await runToolOk('qemu-img', [...child, place.file('child.qcow2')])
    await writeFile(place.file('other.raw'), Buffer.alloc(65_536))
    await mkdir(place.file('folder'))
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  const at = (text: string) => text.replaceAll('~', place.file('.').replace(/\/\.$/u, ''))
  const varve = async (...args: string[]) =>
    await execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore' })

  test.each(local)('$situation', async ({ args, exitCode, says, remedy }) => {
    const said = await varve(...args.map(at))
    expect(said.stderr).toBe(`varve: ${at(says)}\n       ${at(remedy)}`)
    expect(said.exitCode).toBe(exitCode)
    const { stdout } = await varve(...args.map(at), '--json')
    expect(JSON.parse(stdout)).toMatchObject({ error: { message: at(says), remedy: at(remedy) } })
  })

  test.each([
    [['info'], "missing required argument 'files'"],
    [['bogus'], "unknown command 'bogus'"],
    [['info', '--bogus', 'x'], "unknown option '--bogus'"],
    [
      ['convert', 'a', 'b.raw', '--durability', 'no'],
      "option '--durability <when>' argument 'no' is invalid",
    ],
    [['info', 'x', '--read', 'foo=1'], 'There is no reading choice "foo"; known are vhd-bitmap, vhd-size.'],
    [['images', '--limit', '0'], '--limit takes a whole number, or all.'],
    [['hosts', '--controller', 'foo'], '"foo" is not the address of a controller'],
  ])('%j is a wrong use: a sentence, and a document with --json', async (args, says) => {
    const plain = await varve(...args)
    expect(plain.exitCode).toBe(2)
    expect(plain.stdout).toBe('')
    expect(plain.stderr).toMatch(/^varve: /u)
    expect(plain.stderr).toContain(says)
    const asked = await varve(...args, '--json')
    expect(asked.exitCode).toBe(2)
    const { error } = JSON.parse(asked.stdout) as { error: { code: string; message: string } }
    expect(error.code).toBe('usage')
    expect(error.message).toContain(says)
  })

  describe('no controller', () => {
    const hosts = async (url: string) => await varve('hosts', '--controller', url)

    test('nothing listens', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((done) => server.once('listening', done))
      const { port } = server.address() as AddressInfo
      await new Promise((done) => server.close(done))
      const said = await hosts(`http://127.0.0.1:${port}`)
      expect(said.exitCode).toBe(7)
      expect(said.stderr).toContain(`L1 "http://127.0.0.1:${port}": no controller listens there`)
      expect(said.stderr).toContain('varve controller')
      expect(said.stderr).not.toContain('agent')
    })

    test('something else answers', async () => {
      const server = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1')
      try {
        await new Promise((done) => server.once('listening', done))
        const { port } = server.address() as AddressInfo
        const said = await hosts(`http://127.0.0.1:${port}`)
        expect(said.exitCode).toBe(7)
        expect(said.stderr).toContain('what answers there is not a Varve controller')
      } finally {
        server.closeAllConnections()
        server.close()
      }
    })
  })

  describe('varve compare', () => {
    test('disks that differ in size only: both sizes, and what the rest of the longer one is', async () => {
      const [small, zeros, data] = ['small.raw', 'zeros.raw', 'data.raw'].map((name) => place.file(name))
      await writeFile(small ?? '', Buffer.alloc(1_048_576, 1))
      await writeFile(zeros ?? '', Buffer.concat([Buffer.alloc(1_048_576, 1), Buffer.alloc(1024)]))
      await writeFile(data ?? '', Buffer.concat([Buffer.alloc(1_048_576, 1), Buffer.alloc(1024, 7)]))
      const said = await varve('compare', small ?? '', zeros ?? '')
      expect(said.exitCode).toBe(1)
      expect(said.stdout).toContain('different in size')
      expect(said.stdout).toContain('1.00 MiB (1,048,576 bytes)')
      expect(said.stdout).toContain('which are all zeros')
      expect((await varve('compare', data ?? '', small ?? '')).stdout).toContain('which hold data')
      const { stdout } = await varve('compare', small ?? '', zeros ?? '', '--json')
      expect(JSON.parse(stdout)).toEqual({
        identical: false,
        virtualSizes: [1_048_576, 1_049_600],
        firstDifference: 1_048_576,
        findings: [small, zeros].map(
          (file) => expect.objectContaining({ id: 'raw-unrecognised', file }) as object,
        ),
        tail: 'zeros',
      })
    })
  })
})
