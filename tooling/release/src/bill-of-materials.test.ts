import { expect, test } from 'vitest'
import { billOfMaterials } from './bill-of-materials.ts'

const release = { version: '1.0.0', target: 'linux-x64', seconds: 1_700_000_000 }
const zod = { name: 'zod', version: '4.0.0', licence: 'MIT', sha512: 'aa' }
const scoped = { name: '@a/b', version: '1.0.0', licence: '(MIT OR CC0-1.0)', sha512: 'bb' }

test('a bill has each component with its address, sum and licence, whatever their order', () => {
  const text = billOfMaterials(release, [zod, scoped])
  expect(text).toBe(billOfMaterials(release, [scoped, zod]))
  expect(JSON.parse(text)).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { timestamp: '2023-11-14T22:13:20Z' },
    components: [
      { purl: 'pkg:npm/%40a/b@1.0.0', licenses: [{ expression: '(MIT OR CC0-1.0)' }] },
      {
        purl: 'pkg:npm/zod@4.0.0',
        hashes: [{ alg: 'SHA-512', content: 'aa' }],
        licenses: [{ license: { id: 'MIT' } }],
      },
    ],
    dependencies: [
      { ref: 'varve@1.0.0-linux-x64', dependsOn: ['pkg:npm/%40a/b@1.0.0', 'pkg:npm/zod@4.0.0'] },
    ],
  })
  const serial = /urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/u
  expect(serial.exec(text)?.[0]).not.toBe(serial.exec(billOfMaterials(release, [zod]))?.[0])
  expect(text).toMatch(serial)
})
