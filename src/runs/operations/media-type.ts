/** What a file is handed out as, by its suffix. */
import { extname } from 'node:path'

const mediaTypes: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.har': 'application/json',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.log': 'text/plain; charset=utf-8',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webm': 'video/webm',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
}

const pages = new Set(['.htm', '.html', '.svg'])

export function mediaTypeOf(path: string): string {
  return mediaTypes[extname(path).toLowerCase()] ?? 'application/octet-stream'
}

/** Whether a browser would run what is in it. */
export function isPage(path: string): boolean {
  return pages.has(extname(path).toLowerCase())
}
