import { openStaging } from '@varve/engine/staging/staging'
import { withTarget } from '../inside-roots.ts'
import { forgetStagedProof } from '../kept-proofs.ts'
import { nativeAdapter } from '../native.ts'

/** Removes a staged image that was not published. */
export const discardStaged = nativeAdapter('discard-staged', {
  calls: 'unlink(2) of the hidden file, or of the hidden folder with what is in it',

  async run(image, { ports }) {
    await withTarget(ports, image.target, async (target) => openStaging({ ...image, target }).discard())
    await forgetStagedProof(ports, image)
    return {}
  },
})
