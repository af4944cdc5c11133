import { truncate, writeFile } from 'node:fs/promises'
import { registryIn, reserveDevice } from '@varve/engine/attached/registry'
import { tempPlace } from '@varve/test-kit/temp-place'
import { runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { canUseLoop } from '../testing/loop-devices.ts'
import { holdDevice } from './hold-device.ts'

/** A file that is noted and attached as Varve does it, and another one. */
async function attachedFile() {
  const place = await tempPlace()
  const [own, other] = [place.file('own.raw'), place.file('other.raw')]
  for (const file of [own, other]) {
    await writeFile(file, '')
    await truncate(file, 1024 ** 2)
  }
  const runtimeFolder = place.file('run')
  const wanted = { id: 'ab12', image: own, how: 'loop', isReadOnly: false, isThrowAway: false } as const
  const { device } = await reserveDevice(registryIn(runtimeFolder), { ...wanted, purpose: 'attach' })
  await runToolOk('losetup', [device, own])
  const behind = async () => (await runTool('losetup', ['-n', '-O', 'BACK-FILE', device])).stdout.trim()
  return {
    device,
    own,
    other,
    behind,
    ports: { roots: null, runtimeFolder },
    async [Symbol.asyncDispose]() {
      if ([own, other].includes(await behind())) await runToolOk('losetup', ['-d', device])
      await place[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(!canUseLoop())('a device that a step works on', () => {
  test('cannot be given to anybody else while it is held, and goes after that', async () => {
    await using attached = await attachedFile()
    const { device, own, other, behind, ports } = attached
    {
      await using _held = await holdDevice(device, ports)
      await runToolOk('losetup', ['-d', device])
      expect(await behind()).toBe(own)
      expect((await runTool('losetup', [device, other])).exitCode).not.toBe(0)
    }
    await expect.poll(behind).toBe('')
    await expect(holdDevice(device, ports)).rejects.toMatchObject({ code: 'refused' })
  })

  test('is refused when something else is behind it by now', async () => {
    await using attached = await attachedFile()
    const { device, other, behind, ports } = attached
    await runToolOk('losetup', ['-d', device])
    await expect.poll(behind).toBe('')
    await runToolOk('losetup', [device, other])
    await expect(holdDevice(device, ports)).rejects.toMatchObject({
      code: 'refused',
      details: { reason: expect.stringContaining('something else') as string },
    })
  })

  test('is refused when nobody has noted it', async () => {
    await using attached = await attachedFile()
    const ports = { roots: null, runtimeFolder: `${attached.ports.runtimeFolder}-other` }
    await expect(holdDevice(attached.device, ports)).rejects.toMatchObject({ code: 'refused' })
  })
})
