/** Makes an instance as large as one that carries something. */
export const note = 'x'.repeat(200)
