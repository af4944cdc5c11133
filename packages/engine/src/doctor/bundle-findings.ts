import { basename } from 'node:path'
import { quote } from '@varve/core/problems/disk-error'
import { filesOfUtm, utmBundleOf } from './bundle-drives.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import type { SeenImage } from './look-at-images.ts'
import { byHand } from './mending.ts'

/** Images in bundles of UTM that no drive of the machine is. */
export async function bundleFindings(images: readonly Pick<SeenImage, 'path'>[]): Promise<Diagnosis[]> {
  const known = new Map<string, Promise<ReadonlySet<string> | null>>()
  const found: Diagnosis[] = []
  for (const image of images) {
    const bundle = utmBundleOf(image.path)
    if (bundle === null) continue
    const asked = known.get(bundle) ?? filesOfUtm(bundle)
    known.set(bundle, asked)
    const named = await asked
    if (named === null || named.has(image.path)) continue
    found.push(
      finding(image, {
        id: 'disk-of-no-drive',
        severity: 'warn',
        layer: 'L1',
        message: `the configuration of ${quote(basename(bundle))} does not name it, and UTM deletes such files when it saves the machine`,
        remedy: 'Move it out of the bundle if anybody needs it; else let UTM delete it.',
        ...byHand,
        details: { machine: bundle },
      }),
    )
  }
  return found
}
