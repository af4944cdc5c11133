import { existsSync } from 'node:fs'
import { open, readFile, truncate, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { digestDisk } from './digest-disk.ts'
import { proveDevice } from './prove-device.ts'
import { blankDigest, clearDevice, writeDevice } from './write-device.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal

function canUseLoop(): boolean {
  if (process.geteuid?.() === 0 && existsSync('/dev/loop-control')) return requires('losetup', 'qemu-img')
  process.stderr.write('skipped: needs root and loop devices\n')
  return false
}

/** A loop device of so many bytes that holds what an earlier one left behind. */
async function usedDevice(place: TempPlace, size: number) {
  const file = place.file('behind.raw')
  await writeFile(file, Buffer.alloc(size, 0xab))
  const device = (await runToolOk('losetup', ['--find', '--show', file])).trim()
  let isAttached = true
  /** Once only: what has the number then is somebody else's. */
  const detach = async () => {
    if (isAttached) await runToolOk('losetup', ['--detach', device])
    isAttached = false
  }
  return { device, file, detach, [Symbol.asyncDispose]: detach }
}

async function sourceIn(place: TempPlace): Promise<string> {
  const raw = place.file('source.raw')
  await writeFile(raw, '')
  await truncate(raw, 21 * mib + 512)
  const handle = await open(raw, 'r+')
  await handle.write(Buffer.alloc(mib, 7), 0, mib, 9 * mib)
  await handle.write(Buffer.from('end'), 0, 3, 21 * mib + 509)
  await handle.close()
  const qcow2 = place.file('source.qcow2')
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2])
  return qcow2
}

const input = (path: string, format: 'raw' | 'qcow2') =>
  ({ kind: 'image', path, roots: null, format }) as const

describe.skipIf(!canUseLoop())('a block device as what is written to', () => {
  test('gets the disk of an image, zeros where it has none and behind its end, and is proven', async () => {
    await using place = await tempPlace()
    const source = await sourceIn(place)
    await using behind = await usedDevice(place, 32 * mib)
    const { device } = behind
    const written = await writeDevice(input(source, 'qcow2'), { path: device, isBlank: false })
    const { digest } = await digestDisk(input(source, 'qcow2'))
    expect(written).toMatchObject({ digest, virtualSize: 21 * mib + 512 })
    const proof = { path: device, virtualSize: written.virtualSize, expected: digest }
    expect(await proveDevice(proof)).toMatchObject({ digest })
    await behind.detach()
    const bytes = await readFile(behind.file)
    expect(bytes.subarray(0, written.virtualSize).equals(await readFile(place.file('source.raw')))).toBe(true)
    expect(bytes.subarray(written.virtualSize).every((byte) => byte === 0)).toBe(true)
  })

  test('of a blank one only what is not zero is written', async () => {
    await using place = await tempPlace()
    const source = await sourceIn(place)
    await using behind = await usedDevice(place, 32 * mib)
    const { device } = behind
    const before = await readFile(behind.file)
    await writeDevice(input(source, 'qcow2'), { path: device, isBlank: true })
    await behind.detach()
    const [after, disk] = [await readFile(behind.file), await readFile(place.file('source.raw'))]
    const block = 64 * 1024
    for (let at = 0; at < disk.length; at += block) {
      const wanted = disk.subarray(at, at + block)
      const isData = wanted.some((byte) => byte !== 0)
      const expected = isData ? wanted : before.subarray(at, at + wanted.length)
      expect(after.subarray(at, at + wanted.length).equals(expected), `at ${at}`).toBe(true)
    }
  })

  test('one that differs in a byte, or has something behind the end, is not proven', async () => {
    await using place = await tempPlace()
    const source = await sourceIn(place)
    await using behind = await usedDevice(place, 32 * mib)
    const { device } = behind
    const { digest, virtualSize } = await writeDevice(input(source, 'qcow2'), {
      path: device,
      isBlank: false,
    })
    const proof = { path: device, virtualSize, expected: digest }
    for (const at of [0, virtualSize - 1, virtualSize, 32 * mib - 1]) {
      const handle = await open(device, 'r+')
      const kept = Buffer.alloc(1)
      await handle.read(kept, 0, 1, at)
      await handle.write(Buffer.from([(kept[0] ?? 0) ^ 1]), 0, 1, at)
      await handle.sync()
      await expect(proveDevice(proof)).rejects.toMatchObject({ code: 'digest-mismatch' })
      await handle.write(kept, 0, 1, at)
      await handle.close()
    }
    expect(await proveDevice(proof)).toMatchObject({ digest })
  })

  test('is cleared whole', async () => {
    await using place = await tempPlace()
    await using behind = await usedDevice(place, 9 * mib)
    const { digest } = await clearDevice(behind.device, 8 * mib, stop)
    expect(digest).toBe(blankDigest(8 * mib))
    await proveDevice({ path: behind.device, virtualSize: 8 * mib, expected: digest })
  })

  test('that is too small, or is no device, or is somebody else’s, is not written to', async () => {
    await using place = await tempPlace()
    const source = await sourceIn(place)
    await using behind = await usedDevice(place, 20 * mib)
    const write = async (path: string) => writeDevice(input(source, 'qcow2'), { path, isBlank: false })
    await expect(write(behind.device)).rejects.toMatchObject({ code: 'size-unsupported' })
    await expect(write(place.file('source.raw'))).rejects.toMatchObject({ code: 'not-writable' })
    await expect(clearDevice(behind.device, 21 * mib, stop)).rejects.toMatchObject({
      code: 'size-unsupported',
    })
    await runToolOk('mkfs.ext4', ['-q', behind.device])
    await runToolOk('mkdir', [place.file('m')])
    await runToolOk('mount', [behind.device, place.file('m')])
    await expect(clearDevice(behind.device, mib, stop)).rejects.toMatchObject({ code: 'in-use' })
    await runToolOk('umount', [place.file('m')])
  })

  test('ends when it is canceled', async () => {
    await using place = await tempPlace()
    await using behind = await usedDevice(place, 9 * mib)
    await expect(clearDevice(behind.device, mib, AbortSignal.abort())).rejects.toMatchObject({
      code: 'canceled',
    })
  })
})
