import { expect, test } from 'vitest'
import type { ImageFacts } from './image-facts.ts'
import { keptIdentity } from './kept-identity.ts'

const uuid = '5fa21a55-f394-aa4d-9958-1951a67d5540'
const disk = '79992ECC-E79E-7C41-A2CD-4A3FA18795FB'

const facts = (some: Partial<ImageFacts> & Pick<ImageFacts, 'format'>) => ({
  identity: { kind: 'uuid', uuid } as const,
  content: undefined,
  details: {},
  ...some,
})

test.each([
  [
    facts({ format: 'vhd', content: { kind: 'time', ms: 1600000000000 } }),
    { disk: uuid, content: '1600000000000' },
  ],
  [facts({ format: 'vhd' }), { disk: uuid }],
  [facts({ format: 'vdi', content: { kind: 'uuid', uuid: disk } }), { disk: uuid, content: disk }],
  [facts({ format: 'vhdx', details: { virtualDiskId: disk } }), { disk, content: uuid }],
  [facts({ format: 'vmdk', identity: { kind: 'content-id', cid: '1234abcd' } }), { content: '1234abcd' }],
  [facts({ format: 'vmdk', identity: { kind: 'none' } }), null],
  [facts({ format: 'qcow2', identity: { kind: 'none' } }), null],
])('%o', (image, kept) => {
  expect(keptIdentity(image, true)).toEqual(kept)
  const another = keptIdentity(image, false)
  expect(another).toEqual(kept === null ? null : 'disk' in kept ? { disk: kept.disk } : {})
})
