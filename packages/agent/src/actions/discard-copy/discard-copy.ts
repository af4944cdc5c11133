import { discardCopy as discard } from '@varve/engine/moving/copy-files'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

export const discardCopy = nativeAdapter('discard-copy', {
  calls: 'unlink(2), rmdir(2)',
  async run({ target, staging }, { ports }) {
    await assertTarget(ports, target)
    await discard(target, staging)
    return {}
  },
})
