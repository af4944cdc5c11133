import { expect, test } from 'vitest'
import { inUseProblem, useError } from './use-problems.ts'

const path = 'C:\\ext4.vhdx'

test.each([
  ['Debian', 'End what WSL runs with: wsl --shutdown'],
  ['docker-desktop', 'Quit Docker Desktop, then end what WSL runs with: wsl --shutdown'],
])('the disk of the distribution %s is freed by its own word', (name, remedy) => {
  const uses = [{ by: 'distribution', name }] as const
  expect(useError({ path, uses })).toMatchObject({
    code: 'in-use',
    details: { by: `the WSL distribution ${name}`, how: 'writes' },
    remedy: `${remedy}, then start again.`,
  })
  expect(inUseProblem(path, uses).remedy).toBe(`${remedy} before it is read as a whole.`)
})
