import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { afterEach, expect, test, vi } from 'vitest'
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
