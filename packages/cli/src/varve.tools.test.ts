import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { findTool, requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

interface Said {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

async function varve(...args: string[]): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], {
    reject: false,
    stdin: 'ignore',
  })
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

async function varveJson<T>(...args: string[]): Promise<T> {
  const said = await varve(...args, '--json')
  expect(said.stderr).toBe('')
  return JSON.parse(said.stdout) as T
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

describe.skipIf(!requires('qemu-img', 'qemu-io', 'mke2fs'))('varve on local files', () => {
  let place: TempPlace
  let raw: string

  beforeAll(async () => {
    place = await tempPlace()
    raw = place.file('disk.raw')
    await runToolOk('qemu-img', ['create', '-f', 'raw', raw, '64M'])
    await runToolOk('mke2fs', ['-q', '-t', 'ext4', raw])
    await runToolOk('qemu-io', [
      '-f',
      'raw',
      '-c',
      'write -P 0x5a 20M 3M',
      '-c',
      'write -P 0x11 40000000 70000',
      raw,
    ])
    for (const format of ['qcow2', 'vmdk'])
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, place.file(`disk.${format}`)])
    await runToolOk('qemu-img', [
      'create',
      '-f',
      'qcow2',
      '-F',
      'vmdk',
      '-b',
      'disk.vmdk',
      place.file('overlay.qcow2'),
    ])
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  test('--version', async () => {
    expect(await varve('--version')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/u) as string,
    })
  })

  test('info --json has the keys that scripts rely on', async () => {
    const info = await varveJson<Record<string, unknown>>('info', place.file('overlay.qcow2'))
    expect(info).toMatchObject({ format: 'qcow2', virtualSize: 64 * 1024 ** 2, problems: [] })
    for (const key of [
      'format',
      'subformat',
      'virtualSize',
      'fileSize',
      'allocated',
      'chain',
      'layers',
      'problems',
    ])
      expect(info).toHaveProperty(key)
    expect(info['chain']).toMatchObject([{ format: 'qcow2' }, { format: 'vmdk' }])
    expect((info['layers'] as { layer: string }[]).map(({ layer }) => layer)).toEqual([
      'L7',
      'L6',
      'L5',
      'L4',
      'L3',
      'L2',
      'L1',
      'L0',
    ])
    expect((await varve('info', raw)).stdout).toContain('ext4')
  })

  test('digest is the same in every format, and SHA-256 is that of the raw bytes', async () => {
    const expected = await sha256(raw)
    const outcomes = await Promise.all(
      ['disk.raw', 'disk.qcow2', 'disk.vmdk', 'overlay.qcow2'].map((name) =>
        varveJson<{ digest: string; sha256: string; virtualSize: number }>(
          'digest',
          place.file(name),
          '--sha256',
        ),
      ),
    )
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        sha256: expected,
        virtualSize: 64 * 1024 ** 2,
        digest: outcomes[0]?.digest,
      })
    expect(await varveJson('digest', raw)).not.toHaveProperty('sha256')
  })

  test('map covers the disk without gaps', async () => {
    const extents = await varveJson<{ start: number; length: number; content: string }[]>(
      'map',
      place.file('disk.qcow2'),
    )
    let next = 0
    for (const { start, length, content } of extents) {
      expect(start).toBe(next)
      expect(['data', 'zero', 'absent']).toContain(content)
      next = start + length
    }
    expect(next).toBe(64 * 1024 ** 2)
  })

  test('convert and compare', async () => {
    for (const [name, extra] of [
      ['out.qcow2', []],
      ['out.raw', []],
      ['zlib.qcow2', ['--compress', 'zlib']],
      ['zstd.qcow2', ['--compress', 'zstd']],
    ] as const) {
      const target = place.file(name)
      expect(await varve('convert', place.file('overlay.qcow2'), target, ...extra)).toMatchObject({
        exitCode: 0,
      })
      await runToolOk('qemu-img', ['compare', raw, target])
      if (name.endsWith('qcow2')) await runToolOk('qemu-img', ['check', target])
      expect(await varve('compare', raw, target)).toMatchObject({ exitCode: 0 })
    }
    expect((await readdir(place.path)).filter((name) => name.includes('.part'))).toEqual([])
  })

  test('an image that QEMU has open is copied by name only, as it lies on the medium', async () => {
    const [held, target] = [place.file('held.qcow2'), place.file('held.raw')]
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', held, '4M'])
    const qemu = execa(findTool('qemu-io') ?? 'qemu-io', ['-t', 'writeback', held], { reject: false })
    try {
      qemu.stdin.write('write -P 7 0 1M\n')
      await once(qemu.stdout, 'data')
      const refused = await varve('convert', held, target)
      expect(refused).toMatchObject({ exitCode: 4, stdout: '' })
      expect(refused.stderr).toContain(`qemu-io (process ${qemu.pid ?? 0})`)
      expect(refused.stderr).toContain('--accept in-use')
      expect(await readdir(place.path)).not.toContain('held.raw')
      expect((await varve('info', held)).stdout).toContain('it is open for writing by qemu-io')
      expect(await varve('convert', held, target, '--accept', 'in-use')).toMatchObject({ exitCode: 0 })
    } finally {
      qemu.stdin.end('quit\n')
      await qemu
    }
    expect(await varve('compare', held, target)).toMatchObject({ exitCode: 1 })
  })

  test('compare says where the disks differ', async () => {
    const other = place.file('other.raw')
    await writeFile(other, await readFile(raw))
    {
      await using file = await open(other, 'r+')
      await file.write(Buffer.from([1]), 0, 1, 12_345_678)
      // Nothing is said of a disk that somebody may be writing to.
      expect(await varve('compare', place.file('disk.vmdk'), other)).toMatchObject({
        exitCode: 4,
        stdout: '',
      })
    }
    expect(await varve('compare', place.file('disk.vmdk'), other)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('12345678') as string,
    })
  })

  test('a target that exists is refused, --force replaces it in one step', async () => {
    const target = place.file('there.qcow2')
    await writeFile(target, 'precious')
    expect(await varve('convert', raw, target)).toMatchObject({ exitCode: 5 })
    expect(await readFile(target, 'utf8')).toBe('precious')
    expect(await varve('convert', raw, target, '--force')).toMatchObject({ exitCode: 0 })
    await runToolOk('qemu-img', ['compare', raw, target])
  })

  test('the source and its parents are never a target, by whatever name', async () => {
    const [before, base] = [await sha256(place.file('overlay.qcow2')), await sha256(place.file('disk.vmdk'))]
    await link(place.file('disk.vmdk'), place.file('hard.qcow2'))
    await symlink(place.file('disk.vmdk'), place.file('soft.qcow2'))
    for (const name of ['overlay.qcow2', 'disk.vmdk', 'hard.qcow2', 'soft.qcow2']) {
      const said = await varve(
        'convert',
        place.file('overlay.qcow2'),
        place.file(name),
        '-O',
        'qcow2',
        '--force',
      )
      expect(said.exitCode, name).not.toBe(0)
    }
    expect([await sha256(place.file('overlay.qcow2')), await sha256(place.file('disk.vmdk'))]).toEqual([
      before,
      base,
    ])
  })

  test('hostile names are plain files', async () => {
    for (const name of [
      'json:{"driver":"null-co","size":1024}',
      'nbd:localhost:1',
      'two\nlines.qcow2',
      `quote'"$(id).raw`,
      '--json',
      '-O',
    ]) {
      const folder = place.file('names')
      await mkdir(folder, { recursive: true })
      const target = `${folder}/${name}`
      expect(await varve('convert', '-O', 'qcow2', '--', raw, target), name).toMatchObject({ exitCode: 0 })
      expect(await varveJson('digest', target), name).toHaveProperty('digest')
    }
  })

  test('each kind of bad input has its exit code, names the layer and a remedy', async () => {
    const cut = place.file('cut.qcow2')
    await writeFile(cut, await readFile(place.file('disk.qcow2')))
    await truncate(cut, 200_000)
    await runToolOk('qemu-img', [
      'create',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      'gone.qcow2',
      place.file('orphan.qcow2'),
      '1M',
    ])
    await runToolOk('qemu-img', [
      'create',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      'loop-b.qcow2',
      place.file('loop-a.qcow2'),
      '1M',
    ])
    await runToolOk('qemu-img', [
      'create',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      'loop-a.qcow2',
      place.file('loop-b.qcow2'),
      '1M',
    ])
    for (const [name, code, exitCode] of [
      ['cut.qcow2', null, 3],
      ['orphan.qcow2', 'parent-missing', 3],
      ['loop-a.qcow2', 'chain-loop', 3],
      ['nowhere.raw', 'not-found', 4],
      ['.', 'not-an-image', 4],
    ] as const) {
      const said = await varve('digest', place.file(name), '--json')
      expect(said.exitCode, name).toBe(exitCode)
      const { error } = JSON.parse(said.stdout) as {
        error: { code: string; layer: string; file: string; remedy: string }
      }
      if (code) expect(error.code).toBe(code)
      expect(error.layer).toMatch(/^L[0-7]$/u)
      expect(error.remedy).not.toBe('')
      expect(said.stderr).toContain('varve: ')
    }
  })

  test('a failed conversion leaves nothing', async () => {
    const before = (await readdir(place.path)).sort()
    expect(await varve('convert', place.file('orphan.qcow2'), place.file('never.raw'))).toMatchObject({
      exitCode: 3,
    })
    expect((await readdir(place.path)).sort()).toEqual(before)
  })

  test('wrong use is exit code 2 with one sentence', async () => {
    for (const args of [
      ['convert', raw, place.file('x.unknown')],
      ['info'],
      ['nonsense'],
      ['info', '-f', 'floppy', raw],
      ['images', '--limit', '0'],
    ]) {
      const said = await varve(...args)
      expect([2, 3], args.join(' ')).toContain(said.exitCode)
      expect(said.stderr).not.toContain('    at ')
    }
  })

  test('without a controller the fleet commands say so', async () => {
    const said = await varve('hosts', '--controller', 'http://127.0.0.1:1')
    expect(said).toMatchObject({ exitCode: 7 })
    expect(said.stderr).toContain('the controller cannot be reached: bad port')
  })

  test('the source is only read', async () => {
    const { mtimeMs, ctimeMs } = await stat(place.file('disk.vmdk'))
    await varve('convert', place.file('disk.vmdk'), place.file('copy.raw'))
    expect(await stat(place.file('disk.vmdk'))).toMatchObject({ mtimeMs, ctimeMs })
  })
})
