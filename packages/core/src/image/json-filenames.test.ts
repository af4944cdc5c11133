import { expect, test } from 'vitest'
import { jsonFilenames } from './json-filenames.ts'

test.each([
  ['json:{"driver":"qcow2","file":{"driver":"file","filename":"base.qcow2"}}', ['base.qcow2']],
  ['json:{"driver":"qcow2","file.driver":"file","file.filename":"/vms/a b.qcow2"}', ['/vms/a b.qcow2']],
  ['json:{"file":{"driver":"quorum","children":[{"filename":"a"},{"filename":"b"}]}}', ['a', 'b']],
  ['json:{"filename":7,"filenames":"x","a":{"b.filename":null}}', []],
  ['json:{"filename":"a"', []],
  ['json:', []],
  ['{"filename":"a"}', []],
  ['base.qcow2', []],
])('%s', (reference, names) => {
  expect(jsonFilenames(reference)).toEqual(names)
})

test('what is deep or long ends', () => {
  const deep = `json:${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
  expect(jsonFilenames(deep)).toEqual([])
  expect(jsonFilenames(`json:{"filename":"${'x'.repeat(70_000)}"}`)).toEqual([])
  const many = `json:[${Array.from({ length: 1000 }, () => '{"filename":"a"}').join(',')}]`
  expect(jsonFilenames(many)).toHaveLength(64)
})
