import type { Command } from 'commander'

/** The name and operands of a command, as its definition has them. */
export function usageOf(command: Command): string {
  const operands = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`
    return one.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...operands].join(' ')
}
