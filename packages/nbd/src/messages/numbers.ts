/** Magic numbers of the NBD protocol (specification: "Magic numbers" of each message). */
export const magics = {
  server: 0x4e42_444d_4147_4943n,
  option: 0x4948_4156_454f_5054n,
  oldStyle: 0x0000_4202_8186_1253n,
  optionReply: 0x0003_e889_0455_65a9n,
  request: 0x2560_9513,
  simpleReply: 0x6744_6698,
  structuredReply: 0x668e_33ef,
} as const

/** Flags of the greeting and of the client's answer (specification: "Handshake flags"). */
export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const

/** Options that a client may ask for (specification: "Option types"). */
export const optionTypes = {
  'export-name': 1,
  abort: 2,
  list: 3,
  starttls: 5,
  info: 6,
  go: 7,
  'structured-reply': 8,
  'list-meta-context': 9,
  'set-meta-context': 10,
} as const
export type OptionName = keyof typeof optionTypes

/** Answers to an option (specification: "Option reply types"). */
export const optionReplies = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  errUnsup: 0x8000_0001,
  errPolicy: 0x8000_0002,
  errInvalid: 0x8000_0003,
  errPlatform: 0x8000_0004,
  errTlsReqd: 0x8000_0005,
  errUnknown: 0x8000_0006,
  errShutdown: 0x8000_0007,
  errBlockSizeReqd: 0x8000_0008,
  errTooBig: 0x8000_0009,
} as const

/** Option replies from here on are errors. */
export const firstOptionError = 0x8000_0000

/** Kinds of information about an export (specification: "NBD_REP_INFO"). */
export const infoTypes = { export: 0, name: 1, description: 2, blockSize: 3 } as const

/** What an export can do (specification: "Transmission flags"). */
export const transmissionFlags = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
} as const

/** Requests of the transmission phase (specification: "Request types"). */
export const commands = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  'write-zeroes': 6,
  'block-status': 7,
} as const
export type CommandName = keyof typeof commands

/** Flags of a request (specification: "Command flags"). */
export const commandFlags = { fua: 1 << 0, dontFragment: 1 << 2, reqOne: 1 << 3 } as const

/** Chunks of a structured reply (specification: "Structured reply types"). */
export const chunkTypes = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: 0x8001,
  errorOffset: 0x8002,
} as const

/** Chunks from here on are errors. */
export const firstErrorChunk = 0x8000

/** Flag of a chunk: the last one of its reply. */
export const chunkDone = 1

/** Flags of a block in the context `base:allocation` (specification: "Metadata contexts"). */
export const allocationFlags = { hole: 1, zero: 2 } as const

/** The metadata context that tells holes from data. */
export const allocationContext = 'base:allocation'

/** Sizes in bytes that this implementation accepts from a peer or promises to it. */
export const limits = {
  /** One option or option reply; the specification's strings are at most 4096 bytes. */
  option: 64 * 1024,
  string: 4096,
  /** One read or write. */
  payload: 32 * 1024 * 1024,
} as const
