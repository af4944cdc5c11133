import { inspectImage } from '@varve/core/layers/inspect-image'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../ports/ports.ts'

const mib = 1024 * 1024

describe.skipIf(!requires('qemu-img', 'qemu-io', 'fallocate'))('what reclaiming would give', () => {
  const gains = async (path: string) => {
    const { reclaim } = await inspectImage(path, nodePorts({ roots: null }))
    return Object.fromEntries(reclaim.map(({ kind, bytes }) => [kind, bytes]))
  }

  test('a deleted snapshot, a kept one, and a fresh image', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '200M'])
    expect(await gains(path)).toMatchObject({ 'container-slack': 0, 'guest-free': null })
    await runToolOk('qemu-io', ['-c', 'write -P 1 0 60M', path])
    await runToolOk('qemu-img', ['snapshot', '-c', 'before', path])
    await runToolOk('qemu-io', ['-c', 'write -P 2 0 60M', path])
    const { snapshots = 0 } = await gains(path)
    expect(snapshots).toBeGreaterThan(50 * mib)
    expect(snapshots).toBeLessThanOrEqual(60 * mib + mib)
  })

  test('a raw file that was reserved in part and half written', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', path, '128M'])
    await runToolOk('fallocate', ['-n', '-l', '64M', path])
    await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -P 7 0 32M', '-c', 'flush', path])
    expect((await gains(path))['file-slack']).toBe(32 * mib)
  })
})
