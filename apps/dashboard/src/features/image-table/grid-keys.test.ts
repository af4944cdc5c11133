import { expect, test } from 'vitest'
import { keyToAction } from './grid-keys.ts'

const pressed = (key: string, change: object = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...change,
})

test.each([
  ['j', {}, { do: 'move', by: 1, extends: false }],
  ['ArrowUp', {}, { do: 'move', by: -1, extends: false }],
  ['J', { shiftKey: true }, { do: 'move', by: 1, extends: true }],
  ['ArrowDown', { shiftKey: true }, { do: 'move', by: 1, extends: true }],
  ['PageUp', {}, { do: 'move', by: -20, extends: false }],
  ['End', {}, { do: 'end', at: 'last' }],
  [' ', {}, { do: 'toggle' }],
  ['Enter', {}, { do: 'open' }],
  ['Escape', {}, { do: 'clear' }],
  ['a', { ctrlKey: true }, { do: 'select-all' }],
  ['A', { metaKey: true }, { do: 'select-all' }],
  ['a', {}, null],
  ['j', { ctrlKey: true }, null],
  ['j', { altKey: true }, null],
  ['x', {}, null],
])('%s %j', (key, change, action) => {
  expect(keyToAction(pressed(key, change), 20)).toEqual(action)
})
