import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { changeMac, readMac, type StandInDisk } from './mac-state.ts'
import { failWith, hangIfTold, type Called } from './stand-in-words.ts'

export interface AttachWish {
  readonly image: string
  readonly isReadOnly: boolean
  readonly isRaw: boolean
  readonly hasPassphrase: boolean
  readonly shadow: string | null
  /** What the tool knows. */
  readonly knows: (format: string) => boolean
}

/** What `hdiutil attach` and `diskutil image attach` have in common. */
export async function attachAs(called: Called, wish: AttachWish): Promise<StandInDisk> {
  const { image, isReadOnly, isRaw, hasPassphrase, shadow, knows } = wish
  const now = readMac(called.path)
  if (!existsSync(image)) failWith(called, 2, now)
  const real = realpathSync(image)
  // An image that is attached gives the disk that it is.
  const known = now.disks.find((disk) => disk.image === real)
  if (known) return known
  // The engine is loaded where an image is looked at: the other calls are many.
  const { addDisk, seeImage } = await import('./seen-image.ts')
  const seen = await seeImage(image, isRaw).catch(() => null)
  if (seen === null || !knows(seen.format) || (seen.format === 'raw' && !isRaw)) failWith(called, 1, now)
  if (seen.isEncrypted) {
    const given = hasPassphrase ? readFileSync(0, 'utf8') : ''
    if (given !== now.passphrases[image]) failWith(called, 80, now)
  }
  if (now.licences.includes(image)) failWith(called, 1, now)
  if (shadow !== null) writeFileSync(shadow, 'shadow')
  const isWriteable = shadow !== null || (!isReadOnly && seen.format !== 'udif')
  const disk = changeMac(called.path, (state) => addDisk(state, seen, { image, isWriteable, shadow }))
  await hangIfTold(called, 'attach')
  return disk
}
