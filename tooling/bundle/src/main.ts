import { bundleProgram } from './bundle-program.ts'
import { programs } from './programs.ts'

for (const program of programs()) await bundleProgram(program)
