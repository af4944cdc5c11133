import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandFlags, serviceFlags } from '@varve/bundle/node-flags'
import { root } from '@varve/bundle/programs'
import { expect, test } from 'vitest'
import { launchers } from './launchers.ts'
import { findTarget } from './targets.ts'
import type { TreeEntry } from './tree.ts'

function textOf(entries: readonly TreeEntry[], path: string): string {
  const found = entries.find((entry) => entry.path === path)
  if (found?.kind !== 'file') throw new Error(`there is no file ${path}`)
  return Buffer.from(found.bytes).toString()
}

test.each(['linux-x64', 'windows-x64'])(
  'on %s the command has room for what is young, services have not',
  (name) => {
    const ending = name.startsWith('windows') ? '.cmd' : ''
    const made = launchers(findTarget(name))
    expect(textOf(made, `bin/varve${ending}`)).toContain(commandFlags.join(' '))
    for (const service of ['varve-agent', 'varve-controller']) {
      const text = textOf(made, `bin/${service}${ending}`)
      expect(text).toContain(serviceFlags.join(' '))
      expect(text).not.toContain(commandFlags.at(-1))
    }
  },
)

test('the command of a checkout is started as that of a release', async () => {
  const script = await readFile(join(root, 'varve'), 'utf8')
  for (const flag of commandFlags) expect(script).toContain(flag)
})
