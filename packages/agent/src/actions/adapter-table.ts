import type { AdapterTable } from './adapter.ts'
import { putBack } from './put-back/put-back.ts'
import { replaceImage } from './replace-image/replace-image.ts'
import { restoreImage } from './restore-image/restore-image.ts'
import { setAside } from './set-aside/set-aside.ts'

/** What Varve does alike on every system; a new action is its folder and one line here. */
export const adapterTable = {
  'put-back': putBack,
  'replace-image': replaceImage,
  'restore-image': restoreImage,
  'set-aside': setAside,
} as const satisfies AdapterTable
