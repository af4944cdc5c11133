import { expect, test } from 'vitest'
import { agentsToVersions } from './agents-to-versions.ts'

const host = (name: string, agentVersion: string) => ({ name, agentVersion, nodeVersion: '24.1.0' })

test('versions, the most common first; few hosts are named, many are counted', () => {
  const many = Array.from({ length: 198 }, (_, index) => host(`h${index}`, '0.1.0'))
  expect(agentsToVersions([host('old-a', '0.0.9'), ...many, host('old-b', '0.0.9')])).toEqual([
    { version: '0.1.0, Node 24.1.0', where: '198 hosts' },
    { version: '0.0.9, Node 24.1.0', where: 'old-a, old-b' },
  ])
  expect(agentsToVersions([])).toEqual([])
})
