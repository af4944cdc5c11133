import { readdir } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { folderAround, machineFolders } from './machine-folders.ts'

vi.mock('node:fs/promises', () => ({ readdir: vi.fn(), stat: vi.fn() }))

const looking = { in: ['/c/Documents'], named: [], ending: /\.utm$/iu, product: 'UTM' }
const failing = (code: string) => Object.assign(new Error(code), { code })

test.each(['EPERM', 'EACCES'])('%s of another app’s folder says what to allow', async (code) => {
  vi.mocked(readdir).mockRejectedValueOnce(failing(code))
  const { folders, unread } = await machineFolders({ ...looking, named: ['/v/a.utm/Data/x.qcow2'] })
  expect(folders).toEqual(['/v/a.utm'])
  expect(unread).toEqual([
    {
      what: 'the machines of UTM in /c/Documents',
      reason: 'macOS does not let this program read the data of another app.',
      remedy: expect.stringContaining('Full Disk Access'),
    },
  ])
})

test('a product that is not here is nothing to tell', async () => {
  vi.mocked(readdir).mockRejectedValueOnce(failing('ENOENT'))
  expect(await machineFolders(looking)).toEqual({ folders: [], unread: [] })
})

test.each([
  ['/v/a.utm/Data/x.qcow2', '/v/a.utm'],
  ['/v/a.utm', '/v/a.utm'],
  ['/v/a.utm/b.utm/c', '/v/a.utm/b.utm'],
  ['/v/a/x.qcow2', null],
  ['/', null],
])('%s lies in %s', (path, folder) => {
  expect(folderAround(path, looking.ending)).toBe(folder)
})
