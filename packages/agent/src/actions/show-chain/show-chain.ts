import { readChainTree } from '@varve/engine/dependents/chain-tree'
import { showChain as action } from '@varve/operations/actions/show-chain'
import { nativeAdapter } from '../native.ts'

/** Reads a chain, and the references of the images around it. */
export const showChain = nativeAdapter('show-chain', {
  calls: 'open(2) and pread(2) of the headers of the chain and of the images in its folders',

  async run({ image, folders }, { ports: { roots }, signal }) {
    return action.outcome.parse(await readChainTree(image, { roots, folders, signal }))
  },
})
