import { powershellWord } from '@varve/operations/plans/shown'

/** A parameter of a cmdlet; `true`: a switch that is there, `false`: one that is not. */
type Value = string | number | boolean

/** A cmdlet as it is shown; the test of each script finds the same one called. */
export function cmdlet(name: string, parameters: Readonly<Record<string, Value>>): string {
  const words = Object.entries(parameters).flatMap(([key, value]) =>
    value === false ? [] : value === true ? [`-${key}`] : [`-${key} ${powershellWord(String(value))}`],
  )
  return [name, ...words].join(' ')
}
