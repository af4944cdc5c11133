const hour = 3600

/** How often a library may be proven again, in seconds. */
export const shortestEvery = hour
export const longestEvery = 365 * 24 * hour
