/** Rows as text, in columns. Not every row has something to say in each. */
export function table(rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap(Object.keys))]
  const lines = [names, ...rows.map((row) => names.map((name) => String((row as Record<string, unknown>)[name] ?? '')))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
