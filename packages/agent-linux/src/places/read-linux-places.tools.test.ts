import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { scriptedTools } from '../testing/scripted-tools.ts'
import { listGroups } from '../tools/vgs/list-groups.ts'
import { readLinuxPlaces } from './read-linux-places.ts'

const none = ['lvm', 'zfs', 'zpool', 'btrfs']

test.skipIf(process.platform !== 'linux')('a library is told with its filesystem and its room', async () => {
  await using place = await tempPlace()
  const { folders, ...others } = await readLinuxPlaces(scriptedTools([], none), { folders: [place.path] })
  expect(others).toEqual({ groups: [], zpools: [], btrfs: [], unread: [] })
  expect(folders).toMatchObject([{ path: place.path, readOnly: false }])
  expect(folders[0]?.place.free).toBeGreaterThan(0)
})

test.skipIf(process.platform !== 'linux')(
  'what cannot be read is told with its reason, and the others are read',
  async () => {
    const failing = { tool: 'lvm', args: listGroups().args, exitCode: 5, stderr: '  Permission denied\n' }
    const tools = scriptedTools([failing], ['zpool', 'btrfs'])
    const { unread, folders } = await readLinuxPlaces(tools, { folders: null })
    expect(unread).toMatchObject([
      { what: 'lvm', reason: expect.stringContaining('Permission denied') as string },
    ])
    expect(folders.length).toBeGreaterThan(0)
  },
)

test.skipIf(process.platform !== 'linux')('a folder that is gone is left out', async () => {
  const { folders } = await readLinuxPlaces(scriptedTools([], none), { folders: ['/nothing/here'] })
  expect(folders).toEqual([])
})
