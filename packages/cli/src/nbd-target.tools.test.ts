import { readFile, truncate, writeFile } from 'node:fs/promises'
import { startToolServer } from '@varve/nbd/testing/tool-server'
import { nbdAddress } from '@varve/nbd/nbd-address'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { varveHere, varveJson } from './testing/varve-here.ts'

const MiB = 2 ** 20

describe.skipIf(!requires('qemu-nbd', 'qemu-img'))('an NBD export as the target of convert', () => {
  test.each(['raw', 'qcow2'] as const)('of qemu-nbd, over %s', async (format) => {
    await using place = await tempPlace()
    const bytes = Buffer.alloc(16 * MiB)
    bytes.fill(3, 5 * MiB, 6 * MiB)
    await writeFile(place.file('a.raw'), bytes)
    await varveHere('create', place.file(`t.${format}`), '--size', '16M')
    if (format === 'raw') await writeFile(place.file('t.raw'), Buffer.alloc(16 * MiB, 0xee))
    const path = place.file('s.sock')
    const args = [
      '--persistent',
      '--shared=8',
      '-f',
      format,
      '-x',
      'x',
      '-k',
      path,
      place.file(`t.${format}`),
    ]
    const uri = nbdAddress({ place: { path }, exportName: 'x' })
    const from = ['convert', '-f', 'raw', place.file('a.raw')]
    {
      await using _ = await startToolServer('qemu-nbd', args, path)
      expect(await varveHere(...from, uri, '--yes')).toMatchObject({
        exitCode: 10,
        stderr: expect.stringContaining('export-overwritten'),
      })
      expect(await varveJson(...from, uri, '--plan')).toMatchObject({
        kind: 'plan',
        steps: [{ id: 'write', pointOfNoReturn: true }, { id: 'prove' }],
      })
      const written = await varveJson(...from, uri, '--accept', 'export-overwritten', '--yes')
      expect(written).toMatchObject({
        path: uri,
        virtualSize: 16 * MiB,
        dataBytes: expect.any(Number),
        verified: true,
      })
      expect((await varveHere('compare', '-f', 'raw', place.file('a.raw'), uri)).exitCode).toBe(0)
      await truncate(place.file('a.raw'), 15 * MiB)
      expect(await varveJson(...from, uri, '--accept', 'export-overwritten')).toMatchObject({
        error: { code: 'refused', layer: expect.any(String) },
      })
    }
    const copy = place.file('copy.raw')
    await varveHere('convert', place.file(`t.${format}`), '-f', format, copy, '--accept', 'raw-unrecognised')
    expect((await readFile(copy)).equals(bytes)).toBe(true)
  })

  test('one that is read-only, and what an export cannot be, is refused before anything is written', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), Buffer.alloc(MiB, 1))
    const path = place.file('s.sock')
    await using _ = await startToolServer(
      'qemu-nbd',
      ['-r', '-t', '-e', '8', '-f', 'raw', '-k', path, place.file('a.raw')],
      path,
    )
    const uri = nbdAddress({ place: { path }, exportName: '' })
    const from = ['convert', '-f', 'raw', place.file('a.raw')]
    expect(await varveJson(...from, uri, '--accept', 'export-overwritten', '--yes')).toMatchObject({
      error: { code: 'not-writable' },
    })
    for (const stray of [
      ['-O', 'qcow2'],
      ['--force'],
      ['--host', 'h'],
      ['--snapshots', 'extract'],
      ['--option', 'a=b'],
    ])
      expect(await varveHere(...from, uri, ...stray)).toMatchObject({ exitCode: 2, stdout: '' })
  })
})
