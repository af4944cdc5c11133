import { expect, test } from 'vitest'
import { hasMappedName, mappedLuks, mappedVolume } from './mapped-names.ts'

test('volumes whose names differ in a hyphen only are told apart', () => {
  const names = [
    mappedVolume('id', { group: 'a-b', name: 'c' }),
    mappedVolume('id', { group: 'a', name: 'b-c' }),
    mappedVolume('id', { group: 'luks', name: '2' }),
    mappedLuks('id', 2),
    mappedLuks('id', null),
  ]
  expect(names).toEqual([
    '/dev/mapper/varve-id-a--b-c',
    '/dev/mapper/varve-id-a-b--c',
    '/dev/mapper/varve-id-luks-2',
    '/dev/mapper/varve-id-luks2',
    '/dev/mapper/varve-id-luks',
  ])
})

test('a name that the device mapper would not take is none', () => {
  expect(hasMappedName({ group: 'vg', name: 'root' })).toBe(true)
  expect(hasMappedName({ group: 'g'.repeat(60), name: 'v'.repeat(60) })).toBe(false)
})
