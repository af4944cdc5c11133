import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '@varve/bundle/programs'
import { expect, test } from 'vitest'

test('the list of what needs root has every action of Linux hosts, and no other', async () => {
  const text = await readFile(join(root, 'docs/root.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('|'))
  const named = rows.flatMap((row) =>
    [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/gu)].map(([, name]) => name),
  )
  const entries = await readdir(join(root, 'packages/agent-linux/src/actions'), { withFileTypes: true })
  const actions = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
  expect(new Set(named).size).toBe(named.length)
  expect(new Set(named)).toEqual(new Set(actions.map(({ name }) => name)))
})

test('the agent’s service keeps the capabilities that the list names, and no other', async () => {
  const [text, unit] = await Promise.all(
    ['docs/root.md', 'tooling/release/files/systemd/varve-agent.service'].map(
      async (path) => await readFile(join(root, path), 'utf8'),
    ),
  )
  const inText = (where = '') => [...new Set(where.match(/CAP_[A-Z_]+/gu))].toSorted()
  const kept = (unit ?? '').split('\n').filter((line) => line.startsWith('CapabilityBoundingSet='))
  expect(inText(kept.join('\n'))).toEqual(inText(text))
})
