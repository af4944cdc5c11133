import { expect, test } from 'vitest'
import { isServiceFault, serviceFault } from './service-fault.ts'

test.each([
  [5, 'no-rights', 'Run as administrator'],
  [0x8007_0005 | 0, 'no-rights', 'Run as administrator'],
  [0x8007_0005, 'no-rights', 'Run as administrator'],
  [1073, 'exists', 'install again'],
  [1060, 'absent', 'varve-agent service install'],
  [1072, 'leaving', 'services.msc'],
  [1053, 'no-answer', 'Get-WinEvent'],
  [1063, 'not-started-by-system', 'varve-agent service start'],
  [1297, 'privilege', 'as an administrator'],
  [87, 'other', 'net helpmsg'],
] as const)('the code %i is %s', (code, why, remedy) => {
  const error = serviceFault('varve-agent', 'start it', code)
  expect(error.details.why).toBe(why)
  expect(error.remedy).toContain(remedy)
  expect(isServiceFault(error, why)).toBe(true)
})
