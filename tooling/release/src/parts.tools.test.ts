import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { afterEach, expect, test, vi } from 'vitest'
import { assertNativeCode } from './native-code.ts'
import { expectedParts, stageParts } from './parts.ts'
import { findTarget } from './targets.ts'

afterEach(() => vi.unstubAllEnvs())

test.skipIf(!requires('pnpm'))(
  'parts that are not in the store are named with their target, and not fetched',
  async () => {
    await using place = await tempPlace()
    vi.stubEnv('pnpm_config_store_dir', place.file('store'))
    for (const name of ['linux-arm64', 'windows-x64']) {
      const target = findTarget(name)
      const staging = stageParts(target, place.file(name), { fetch: false })
      await expect(staging).rejects.toThrow(new RegExp(`^${name} lacks .*fetch --target ${name}$`, 'u'))
      const said = await staging.catch((error: unknown) => String(error))
      for (const [part, file] of expectedParts(target)) expect(said).toContain(`${part}/${file}`)
    }
  },
)

test.skipIf(!requires('pnpm'))(
  'the parts of a Mac are for its processor, where they are in the store',
  async ({ skip }) => {
    await using place = await tempPlace()
    for (const name of ['darwin-arm64', 'darwin-x64']) {
      const target = findTarget(name)
      const modules = await stageParts(target, place.file(name), { fetch: false }).catch((error: unknown) => {
        if (String(error).includes('not in the store of pnpm')) return null
        throw error
      })
      if (modules === null) skip(`${name} was never fetched: npm run release -- fetch --target ${name}`)
      const own = [target.native.koffi, target.native.hashing, target.native.lzma].map((part) => part.package)
      expect(own.every((part) => part.includes(name))).toBe(true)
      // What is of the other processor is told.
      const other = findTarget(name === 'darwin-x64' ? 'darwin-arm64' : 'darwin-x64')
      const { koffi, hashing, lzma } = target.native
      for (const { package: part, file } of [koffi, hashing, lzma])
        await expect(assertNativeCode(other, join(modules ?? '', part, file))).rejects.toThrow(other.name)
    }
  },
)
