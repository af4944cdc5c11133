/** The engine's port for this system: one answer for the agent, the engine and the command. */
export { askSystemBy, findWriters } from '@varve/engine/in-use/find-writers'
export { isOwn } from '@varve/engine/in-use/writers'
