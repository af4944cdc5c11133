import { chunkSize, zeroLeaf } from '@varve/core/digest/disk-digest'
import { expect, test } from 'vitest'
import { nodeHashing } from './hashing.ts'

test('the leaf of a chunk of zeros that the digest knows is what hashing gives', () => {
  expect(Buffer.from(zeroLeaf(nodeHashing, chunkSize))).toEqual(nodeHashing.blake3(new Uint8Array(chunkSize)))
})
