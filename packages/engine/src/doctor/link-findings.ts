import { readlink, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { namedAsRaw, promisedFormat } from '@varve/core/image/detect-format'
import { quote } from '@varve/core/problems/disk-error'
import { systemCode } from '../system/system-error.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import type { SeenImage } from './look-at-images.ts'
import { byHand } from './mending.ts'

/** Links that are named like images and lead nowhere. */
export async function linkFindings(
  links: readonly string[],
  images: readonly SeenImage[],
): Promise<Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const path of links) {
    if (!isNamedLikeImage(basename(path)) || !(await leadsNowhere(path))) continue
    const target = await readlink(path).catch(() => null)
    if (target !== null) found.push(danglingLink(path, { target, images }))
  }
  return found
}

/** Where links lead, and what may be meant by those that lead nowhere. */
export async function linkedPlaces(
  links: readonly string[],
  images: readonly SeenImage[],
): Promise<readonly string[]> {
  const places: string[] = []
  for (const path of links) {
    const target = await readlink(path).catch(() => null)
    if (target === null) continue
    if (await leadsNowhere(path)) places.push(...namedAlike(path, { target, images }))
    else places.push(path)
  }
  return places
}

interface Dangling {
  readonly target: string
  readonly images: readonly SeenImage[]
}

/** A name proves nothing: none of them is recommended. */
function danglingLink(path: string, { target, images }: Dangling): Diagnosis {
  const places = namedAlike(path, { target, images })
  const remedy =
    places.length > 0
      ? `Its name is that of ${places.map(quote).join(' and ')}; nothing tells whether that is what was meant. Make sure before you let the link lead there.`
      : 'Put the file back to where it leads, or remove the link: it holds nothing.'
  return finding(
    { path },
    {
      id: 'link-dangling',
      severity: 'warn',
      layer: 'L1',
      message: `it is a link to ${quote(target)}, which is not there`,
      remedy,
      ...byHand,
      details: { target, candidates: places },
    },
  )
}

function namedAlike(path: string, { target, images }: Dangling): readonly string[] {
  const wanted = new Set([basename(target), basename(path)])
  return images.map((image) => image.path).filter((one) => wanted.has(basename(one)))
}

function isNamedLikeImage(name: string): boolean {
  return promisedFormat(name) !== null || namedAsRaw(name) || name.toLowerCase().endsWith('.vmdk')
}

/** A link that leads to itself leads nowhere either. */
async function leadsNowhere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return false
  } catch (error) {
    return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')
  }
}
