import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { mergeFragments, parseFragment } from './fragments.ts'
import { readFragments, takeFragments } from './main.ts'

const changelog = `# Changelog

## Unreleased

- The house.

### Operations

- Create.

### About images

- Names.

## 0.1.0

### Older

- First.
`

test('fragments go to the ends of their sections', async () => {
  await using place = await tempPlace()
  const changes = place.file('docs/changes')
  await mkdir(changes, { recursive: true })
  await writeFile(place.file('CHANGELOG.md'), changelog)
  await writeFile(join(changes, 'README.md'), '# Not a fragment\n')
  await writeFile(join(changes, 'b.md'), '### Operations\n\n- Second,\n  in two lines.\n')
  await writeFile(join(changes, 'a.md'), '### Operations\n\n- First.\n')
  await writeFile(join(changes, 'c.md'), '### About images\n\n- Third.\n')
  expect(await takeFragments(place.path)).toEqual(['a.md', 'b.md', 'c.md'])
  expect(await readFile(place.file('CHANGELOG.md'), 'utf8')).toBe(
    changelog
      .replace('- Create.\n', '- Create.\n- First.\n- Second,\n  in two lines.\n')
      .replace('- Names.\n', '- Names.\n- Third.\n'),
  )
  expect(await readdir(changes)).toEqual(['README.md'])
})

test.each([
  ['no section', '- First.\n', 'begins with the section'],
  ['no list', '### Operations\n', 'is a list of what changed'],
  ['prose', '### Operations\n\nFirst.\n', 'is a list of what changed, not "First."'],
])('%s is refused', (_, text, message) => {
  expect(() => parseFragment('x.md', text)).toThrow(message)
})

test.each(['Elsewhere', 'Older'])('a section %s is refused', (section) => {
  expect(() => mergeFragments(changelog, [{ section, items: ['- x'] }])).toThrow(
    'the changelog has no section',
  )
})

test('the fragments of this checkout are good', async () => {
  const root = resolve(import.meta.dirname, '../../..')
  const fragments = await readFragments(join(root, 'docs/changes'))
  const merged = mergeFragments(await readFile(join(root, 'CHANGELOG.md'), 'utf8'), fragments)
  for (const { items } of fragments) expect(merged).toContain(items.join('\n'))
})
