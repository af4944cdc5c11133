import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { quote } from '@varve/core/problems/disk-error'
import { realPlace } from '../files/real-place.ts'
import { quarantineName } from '../quarantine/entry.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import { lookIntoQuarantine, mendByMove } from './mending.ts'
import type { SeenImage } from './look-at-images.ts'

/** Parents outside the folder, or in a hidden one, which are forgotten when the folder is copied or cleaned up. */
export async function outsideFindings(images: readonly SeenImage[], folder: string): Promise<Diagnosis[]> {
  const own = await realPlace(folder)
  const found: Diagnosis[] = []
  for (const image of images) {
    const [parent] = image.parents
    if (parent === undefined) continue
    const path = relative(own, await realPlace(parent))
    const way = path.split(sep)
    if (isAbsolute(path) || way[0] === '..') found.push(outsideFinding(image, parent, folder))
    else if (way.some((part) => part.startsWith('.'))) found.push(hiddenFinding(image, parent, folder))
  }
  return found
}

/** What lies elsewhere may have others above it that are not seen from here: nothing moves it but a person. */
function outsideFinding(image: SeenImage, parent: string, folder: string): Diagnosis {
  const { command } = mendByMove(parent, join(dirname(image.path), basename(parent)), folder)
  return finding(image, {
    id: 'parent-outside',
    severity: 'warn',
    layer: 'L2',
    message: `its parent ${quote(parent)} lies outside this folder`,
    remedy:
      'Images in other folders may stand on it too. Move it here only when none does, or when each of their folders is said with --folder: what names it there is rewritten.',
    command,
    wish: null,
    details: { parent },
  })
}

function hiddenFinding(image: SeenImage, parent: string, folder: string): Diagnosis {
  const isKept = parent.split(sep).includes(quarantineName)
  return finding(image, {
    id: 'parent-outside',
    severity: 'warn',
    layer: 'L2',
    message: `its parent ${quote(parent)} lies in a hidden folder`,
    remedy: isKept
      ? 'It is in quarantine, and will be removed for good: restore it.'
      : 'Move the parent here; what names it is rewritten.',
    ...(isKept
      ? lookIntoQuarantine(image.path)
      : mendByMove(parent, join(dirname(image.path), basename(parent)), folder)),
    details: { parent },
  })
}
